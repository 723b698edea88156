//! Takes a dump: every archive and the probes in one exported snapshot, streamed into the store; the objects are made to exist only
//! when all archives are complete, and the manifest last.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::archive::{self, Written};
use super::arguments::{self, DumpJob};
use super::clients::{Client, Clients};
use super::facts::{self, Shown};
use super::manifest::{self, Archive, MANIFEST, Manifest, Part};
use super::programs::Access;
use super::server::Server;
use super::snapshot::{Probe, Snapshot};
use super::{globals, metadata, tables, toc};
use crate::error::{Result, TransferError};
use crate::store::{Store, StoredObject};

/// What to dump.
pub struct DumpRequest<'a> {
    pub server: &'a Server,
    pub database: &'a str,
    pub probes: &'a [Probe],
    /// Whose dump it is, for metadata, tags and the manifest: `deployment`, `set`, `resource`. At most eight, with S3's characters for tags.
    pub labels: &'a BTreeMap<String, String>,
    /// How many `pg_dump`s with rows run at once; 1 makes one archive. A Lambda function with less than two cores gains nothing by more.
    pub jobs: usize,
}

/// Takes the dump into a folder of its own. If the folder has a complete dump with the same labels, that is the result; what an earlier
/// attempt left unfinished is removed first.
///
/// Dropping the future ends the programs and discards the uploads.
///
/// # Errors
/// `InvalidInput` if the server is newer than every client; `Conflict` if the folder has another dump; `VerificationFailed` if the dump
/// is not complete; those of the server and the store. Nothing of a failed dump remains.
pub async fn dump(clients: &Clients, request: &DumpRequest<'_>, store: &dyn Store) -> Result<Manifest> {
    if let Some(existing) = manifest::find(store).await? {
        return adopt(existing, request, store);
    }
    store.clear().await?;
    let taken = take(clients, request, store).await;
    if taken.is_err()
        && let Err(left) = store.clear().await
    {
        tracing::warn!(%left, "what a failed dump left is removed by the next attempt");
    }
    taken
}

fn adopt(existing: Manifest, request: &DumpRequest<'_>, store: &dyn Store) -> Result<Manifest> {
    if &existing.labels == request.labels && existing.database.name == request.database {
        return Ok(existing);
    }
    Err(TransferError::Conflict(format!(
        "{} has a dump of database {} with the labels {:?}: choose another folder",
        store.address(),
        existing.database.name,
        existing.labels
    )))
}

async fn take(clients: &Clients, request: &DumpRequest<'_>, store: &dyn Store) -> Result<Manifest> {
    let snapshot = Snapshot::take(request.server, request.database).await?;
    let client = clients.for_dump(snapshot.server)?;
    let shown = facts::read(snapshot.session()).await?;
    let probes = snapshot.count(request.probes).await?;
    let access = Arc::new(Access::prepare(request.server)?);
    let globals = globals::read(&access, client, &request.server.maintenance_database).await?;
    let describe = metadata::before(
        request.labels,
        request.database,
        snapshot.server,
        &client.version,
        snapshot.captured_at,
        &probes.counted,
    );

    let shares = tables::divide(&shown.tables, shown.large_objects, request.jobs);
    let jobs = arguments::jobs(shares);
    let written = write_all(&access, client, &snapshot.id, &shown, &jobs, &describe, store).await?;
    let (server, captured_at) = (snapshot.server, snapshot.captured_at);
    snapshot.end().await?;
    let contents: Vec<_> = written.iter().map(|(_, written)| written.contents.clone()).collect();
    toc::ensure_all_tables(shown.tables.len(), &contents)?;

    let mut archives = Vec::new();
    for (part, Written { sink, contents }) in written {
        let object = sink.finish().await?;
        store.tag(&object, &metadata::after(request.labels, &object)).await?;
        archives.push(Archive {
            part,
            object,
            tables: contents.tables,
            entries: contents.entries,
        });
    }
    let (globals, globals_unread) = match globals {
        Ok(text) => (
            Some(put(store, "globals.sql", text, request.labels, &describe).await?),
            None,
        ),
        Err(why) => (None, Some(why)),
    };
    let manifest = Manifest {
        form: Manifest::FORM,
        labels: request.labels.clone(),
        captured_at,
        server,
        client: client.version.clone(),
        client_major: client.major,
        database: shown.database,
        tables: shown.tables.len(),
        probes: probes.counted,
        probes_failed: probes.failed,
        archives,
        globals,
        globals_unread,
    };
    put(store, MANIFEST, manifest.to_json()?, request.labels, &describe).await?;
    Ok(manifest)
}

/// Runs all jobs at once. The first failure ends the others.
async fn write_all(
    access: &Arc<Access>,
    client: &Client,
    snapshot: &str,
    shown: &Shown,
    jobs: &[DumpJob<'_>],
    describe: &BTreeMap<String, String>,
    store: &dyn Store,
) -> Result<Vec<(Part, Written)>> {
    let estimate = shown.database.size / u64::try_from(jobs.len()).unwrap_or(1).max(1);
    let mut running = JoinSet::new();
    for (index, job) in jobs.iter().enumerate() {
        let name = match job.part {
            Part::Whole => "whole.dump".to_owned(),
            Part::Schema => "schema.dump".to_owned(),
            Part::Data => format!("data-{index}.dump"),
        };
        let sink = store.create(&name, describe, estimate).await?;
        let arguments = arguments::of_dump(job, snapshot, client.compression);
        let writing = archive::write(
            access.clone(),
            client.clone(),
            shown.database.name.clone(),
            arguments,
            sink,
        );
        let part = job.part;
        running.spawn(async move { (index, part, writing.await) });
    }
    let mut written = BTreeMap::new();
    while let Some(ended) = running.join_next().await {
        let (index, part, result) =
            ended.map_err(|error| TransferError::JobFailed(format!("a job of the dump: {error}")))?;
        written.insert(index, (part, result?));
    }
    Ok(written.into_values().collect())
}

async fn put(
    store: &dyn Store,
    name: &str,
    text: Vec<u8>,
    labels: &BTreeMap<String, String>,
    describe: &BTreeMap<String, String>,
) -> Result<StoredObject> {
    let mut sink = store.create(name, describe, text.len() as u64).await?;
    sink.write(Bytes::from(text)).await?;
    let object = sink.finish().await?;
    store.tag(&object, &metadata::after(labels, &object)).await?;
    Ok(object)
}
