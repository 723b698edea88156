//! Takes a dump: every archive and the probes in one exported snapshot, streamed into the store; the objects are made to exist only
//! when all archives are complete, and the manifest last.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::archive::{self, Written};
use super::arguments;
use super::attempt::{self, Attempt};
use super::clients::{Client, Clients};
use super::facts::{self, Shown};
use super::manifest::{self, Archive, Manifest, Part};
use super::programs::{Access, ensure_password};
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

/// Takes the dump into a folder of its own. If the folder has a complete dump with the same labels, that is the result, also if another
/// attempt completes it meanwhile. What attempts that were killed left is removed once there is a complete dump.
///
/// Dropping the future ends the programs and discards the uploads.
///
/// # Errors
/// `InvalidInput` if the server is newer than every client, or the password cannot be given to one; `Conflict` if the folder has another dump; `VerificationFailed` if the dump
/// is not complete; those of the server and the store. Nothing of a failed dump remains.
pub async fn dump(clients: &Clients, request: &DumpRequest<'_>, store: &dyn Store) -> Result<Manifest> {
    ensure_password(request.server)?;
    let complete = match manifest::find(store).await? {
        Some(existing) => adopt(existing, request, store)?,
        None => match take(clients, request, store).await {
            Ok(taken) => taken,
            Err(error) => match manifest::find(store).await {
                Ok(Some(existing)) => adopt(existing, request, store)?,
                _ => return Err(error),
            },
        },
    };
    attempt::remove_others(store, &complete).await;
    Ok(complete)
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

    let mut attempt = Attempt::new(store, request.labels, describe, attempt::name_of(&snapshot));
    let (server, captured_at) = (snapshot.server, snapshot.captured_at);
    let stored = match write_all(&access, client, &snapshot, &shown, request.jobs, &attempt).await {
        Ok(mut written) => {
            let stored = store_all(snapshot, &shown, &mut written, globals, &mut attempt).await;
            for (_, left) in written {
                archive::discard(left.sink).await;
            }
            stored
        }
        Err(error) => Err(error),
    };
    let (archives, globals, globals_unread, seconds) = match stored {
        Ok(stored) => stored,
        Err(error) => {
            attempt.withdraw().await;
            return Err(error);
        }
    };
    let manifest = Manifest {
        form: Manifest::FORM,
        labels: request.labels.clone(),
        captured_at,
        server,
        seconds,
        client: client.version.clone(),
        client_major: client.major,
        tables: shown.tables.len(),
        database: shown.database,
        probes: probes.counted,
        probes_failed: probes.failed,
        archives,
        globals,
        globals_unread,
    };
    attempt.seal(&manifest).await?;
    Ok(manifest)
}

/// The archives, the roles, why those could not be read, and the seconds that the snapshot was open.
type Stored = (Vec<Archive>, Option<StoredObject>, Option<String>, u64);

/// Makes the objects exist, once everything is known to be in them. What is left in `written` after an error is to be discarded.
async fn store_all(
    snapshot: Snapshot,
    shown: &Shown,
    written: &mut VecDeque<(Part, Written)>,
    globals: std::result::Result<Vec<u8>, String>,
    attempt: &mut Attempt<'_>,
) -> Result<Stored> {
    let seconds = snapshot.end().await?;
    let contents: Vec<_> = written.iter().map(|(_, written)| written.contents.clone()).collect();
    toc::ensure_all_tables(&shown.tables, &shown.database.encoding, &contents)?;
    let mut archives = Vec::new();
    while let Some((part, Written { sink, contents })) = written.pop_front() {
        archives.push(Archive {
            part,
            object: attempt.finish(sink).await?,
            tables: contents.tables.len(),
            entries: contents.entries,
        });
    }
    match globals {
        Ok(text) => Ok((archives, Some(attempt.put("globals.sql", text).await?), None, seconds)),
        Err(why) => Ok((archives, None, Some(why), seconds)),
    }
}

/// Runs all jobs at once; when all have locked their tables, checks that these still are the snapshot's. The first failure ends the
/// others, and returns when all are discarded.
async fn write_all(
    access: &Arc<Access>,
    client: &Client,
    snapshot: &Snapshot,
    shown: &Shown,
    most_jobs: usize,
    attempt: &Attempt<'_>,
) -> Result<VecDeque<(Part, Written)>> {
    let jobs = arguments::jobs(tables::divide(&shown.tables, shown.large_objects, most_jobs));
    let estimate = shown.database.size / u64::try_from(jobs.len()).unwrap_or(1).max(1);
    let mut sinks = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let kind = match job.part {
            Part::Whole => "whole.dump".to_owned(),
            Part::Schema => "schema.dump".to_owned(),
            Part::Data => format!("data-{index}.dump"),
        };
        sinks.push(attempt.create(&kind, estimate).await?);
    }
    let (stop, stopped) = watch::channel(false);
    let begun = Arc::new(Semaphore::new(0));
    let all = u32::try_from(sinks.len()).unwrap_or(u32::MAX);
    let mut running = JoinSet::new();
    for (index, (job, sink)) in jobs.iter().zip(sinks).enumerate() {
        let writing = archive::write(
            access.clone(),
            client.clone(),
            shown.database.name.clone(),
            arguments::of_dump(job, &snapshot.id, client.compression),
            sink,
            begun.clone(),
            stopped.clone(),
        );
        let part = job.part;
        running.spawn(async move { (index, part, writing.await) });
    }
    let check = async {
        let _ = begun.acquire_many(all).await;
        facts::ensure_not_replaced(snapshot.session()).await
    };
    let (written, failed) = gather(running, check, &stop).await;
    let Some(error) = failed else {
        return Ok(written.into_values().collect());
    };
    for (_, left) in written.into_values() {
        archive::discard(left.sink).await;
    }
    Err(error)
}

type Ended = (usize, Part, Result<Written>);

/// Waits for all jobs and for a check that ends once all have begun; the first failure stops the jobs.
async fn gather(
    mut running: JoinSet<Ended>,
    check: impl Future<Output = Result<()>>,
    stop: &watch::Sender<bool>,
) -> (BTreeMap<usize, (Part, Written)>, Option<TransferError>) {
    let (mut written, mut failed) = (BTreeMap::new(), None);
    let (mut check, mut checked) = (pin!(check), false);
    loop {
        let error = tokio::select! {
            result = &mut check, if !checked => {
                checked = true;
                result.err()
            }
            ended = running.join_next() => match ended {
                Some(Ok((index, part, Ok(archive)))) => {
                    written.insert(index, (part, archive));
                    None
                }
                Some(Ok((_, _, Err(error)))) => Some(error),
                Some(Err(error)) => Some(TransferError::JobFailed(format!("a job of the dump: {error}"))),
                None => break,
            },
        };
        if let Some(error) = error {
            failed.get_or_insert(error);
            let _ = stop.send(true);
        }
    }
    // A small dump may end before the check began; without a failure, all jobs have begun.
    if failed.is_none() && !checked {
        failed = check.await.err();
    }
    (written, failed)
}
