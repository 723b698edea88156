//! Restores a dump into a new database: checked before anything is created, streamed from the store, and dropped again if it fails.

use std::process::Stdio;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::task::JoinSet;

use super::arguments::of_restore;
use super::clients::{Client, Clients};
use super::manifest::{Archive, Manifest, Part};
use super::prerequisites;
use super::programs::{Access, Program, ensure_password};
use super::server::{Server, Session};
use super::target::{self, Found, Mark};
use super::verify::ensure_hash;
use crate::error::{Result, TransferError};
use crate::store::{Source, Store};

/// What to restore, and where.
pub struct RestoreRequest<'a> {
    pub server: &'a Server,
    pub manifest: &'a Manifest,
    /// The name of the new database.
    pub database: &'a str,
    /// The restore's id, by which a second attempt recognizes what the first created.
    pub restore: &'a str,
    /// Who owns the database; by default the owner of the dumped one.
    pub owner: Option<&'a str>,
    /// How many `pg_restore`s with rows, and how many builds of indexes, run at once.
    pub jobs: usize,
}

/// Checks all that can be checked before anything is created: the password, the client, the name, the roles, the extensions.
///
/// # Errors
/// `InvalidInput` with what does not fit; `Conflict` if the name is taken by something else.
pub async fn check(clients: &Clients, request: &RestoreRequest<'_>) -> Result<()> {
    prepare(clients, request).await.map(drop)
}

/// Restores the dump. If this restore has been completed, nothing is done; what it left unfinished is dropped first.
///
/// Dropping the future ends the programs; the next attempt drops the unfinished database. Of two attempts at once, the later one drops
/// what the earlier one is filling, which then fails and drops nothing.
///
/// # Errors
/// As [`check`]; `VerificationFailed` if an archive is not what was written; `Conflict` if another attempt of this restore took the
/// database; those of the server and the store. The database that this attempt created is dropped, and nothing else.
pub async fn restore(clients: &Clients, request: &RestoreRequest<'_>, store: &dyn Store) -> Result<()> {
    let Prepared {
        session,
        client,
        owner,
        found,
    } = prepare(clients, request).await?;
    let (name, facts, mark) = (request.database, &request.manifest.database, Mark(request.restore));
    match found {
        Found::Finished(_) => return Ok(()),
        Found::Unfinished(id) => target::drop_marked(&session, name, id, &mark).await?,
        Found::Nothing => {}
    }
    let id = target::create(&session, name, &owner, facts, &mark).await?;
    let filled = fill(&client, request, store).await;
    // The restore took long: the first session may have been cut meanwhile.
    let session = match request.server.connect(&request.server.maintenance_database).await {
        Ok(session) => session,
        Err(error) => return filled.and(Err(error)),
    };
    let finished = match filled {
        Ok(()) => target::finish(&session, name, id, facts, &mark).await,
        failed => failed,
    };
    let Err(error) = finished else { return Ok(()) };
    // If the connection was cut in the last statement, another one is needed to look.
    let Ok(session) = request.server.connect(&request.server.maintenance_database).await else {
        return Err(error);
    };
    match target::look(&session, name, &mark).await {
        Ok(Found::Finished(found)) if found == id => return Ok(()),
        Ok(Found::Unfinished(found)) if found == id => {
            if let Err(left) = target::drop_marked(&session, name, id, &mark).await {
                tracing::warn!(%left, database = name, "an unfinished database remains until the next attempt");
            }
        }
        found => tracing::warn!(
            ?found,
            database = name,
            "a failed restore drops nothing: the database is not its own"
        ),
    }
    Err(error)
}

/// Collects the statistics that the planner needs: a dump has none.
///
/// # Errors
/// Those of the server.
pub async fn analyze(server: &Server, database: &str) -> Result<()> {
    let session = server.connect(database).await?;
    session.allow_long_transactions().await?;
    session.execute("analyzing", "ANALYZE").await
}

struct Prepared {
    session: Session,
    client: Client,
    owner: String,
    found: Found,
}

async fn prepare(clients: &Clients, request: &RestoreRequest<'_>) -> Result<Prepared> {
    ensure_password(request.server)?;
    let session = request.server.connect(&request.server.maintenance_database).await?;
    let client = clients.for_restore(request.manifest.client_major, session.version().await?)?;
    let facts = &request.manifest.database;
    let owner = request.owner.unwrap_or(&facts.owner).to_owned();
    let found = target::look(&session, request.database, &Mark(request.restore)).await?;
    prerequisites::ensure(&session, facts, &owner).await?;
    Ok(Prepared {
        session,
        client: client.clone(),
        owner,
        found,
    })
}

/// Fills the new database: from the one archive of all; or first the definitions, then all rows, then indexes and constraints.
async fn fill(client: &Client, request: &RestoreRequest<'_>, store: &dyn Store) -> Result<()> {
    let access = Arc::new(Access::prepare(request.server)?);
    let archives = &request.manifest.archives;
    let of = |part: Part| archives.iter().filter(move |archive| archive.part == part);
    for archive in of(Part::Whole) {
        pipe(&access, client, request.database, None, archive, store)
            .await?
            .await?;
    }
    let mut schema = None;
    for archive in of(Part::Schema) {
        let file = fetch(&access, archive, store).await?;
        run(&access, client, request, "pre-data", &file).await?;
        schema = Some(file);
    }
    let mut running = JoinSet::new();
    for archive in of(Part::Data) {
        if running.len() >= request.jobs.max(1) {
            ended(running.join_next().await)?;
        }
        running.spawn(pipe(&access, client, request.database, Some("data"), archive, store).await?);
    }
    while !running.is_empty() {
        ended(running.join_next().await)?;
    }
    match schema {
        Some(file) => run(&access, client, request, "post-data", &file).await,
        None => Ok(()),
    }
}

fn ended(job: Option<Result<Result<()>, tokio::task::JoinError>>) -> Result<()> {
    match job {
        Some(job) => job.map_err(|error| TransferError::JobFailed(format!("a job of the restore: {error}")))?,
        None => Ok(()),
    }
}

/// Opens an archive and starts `pg_restore` for it; the result feeds it to its end.
async fn pipe(
    access: &Arc<Access>,
    client: &Client,
    database: &str,
    section: Option<&str>,
    archive: &Archive,
    store: &dyn Store,
) -> Result<impl Future<Output = Result<()>> + Send + use<>> {
    let object = archive.object.clone();
    let address = format!("{}{}", store.address(), object.name);
    let mut source = store.open(&object.name, object.version.as_deref()).await?;
    let mut command = access.command(client, "pg_restore", database);
    command.args(of_restore(database, section, 1, None));
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut program = Program::start("pg_restore", command)?;
    let input = program.input()?;
    let access = access.clone();
    Ok(async move {
        let hash = feed(source.as_mut(), input).await?;
        let ended = program.wait().await?;
        if !ended.succeeded() {
            return Err(access.explain(ended));
        }
        ensure_hash(&object, hash, &address)
    })
}

/// Passes the archive on, and hashes all of it: `pg_restore` may end before it, with or without success.
async fn feed(source: &mut dyn Source, input: ChildStdin) -> Result<Sha256> {
    let mut input = Some(input);
    let mut hash = Sha256::new();
    while let Some(bytes) = source.next().await? {
        hash.update(&bytes);
        if let Some(open) = &mut input
            && open.write_all(&bytes).await.is_err()
        {
            input = None;
        }
    }
    Ok(hash)
}

/// Brings a small archive into the private directory, for runs that need a file.
async fn fetch(access: &Access, archive: &Archive, store: &dyn Store) -> Result<String> {
    let object = &archive.object;
    let path = access.directory().join(&object.name);
    let failed = |error: std::io::Error| {
        TransferError::JobFailed(format!("writing {}: {error}. Check its free space", path.display()))
    };
    let mut file = tokio::fs::File::create(&path).await.map_err(failed)?;
    let mut source = store.open(&object.name, object.version.as_deref()).await?;
    let mut hash = Sha256::new();
    while let Some(bytes) = source.next().await? {
        hash.update(&bytes);
        file.write_all(&bytes).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    ensure_hash(object, hash, &format!("{}{}", store.address(), object.name))?;
    Ok(path.display().to_string())
}

/// Runs `pg_restore` for one section of an archive in a file, with parallel jobs where they help.
async fn run(access: &Access, client: &Client, request: &RestoreRequest<'_>, section: &str, file: &str) -> Result<()> {
    let jobs = if section == "post-data" { request.jobs } else { 1 };
    let mut command = access.command(client, "pg_restore", request.database);
    command.args(of_restore(request.database, Some(section), jobs, Some(file)));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let ended = Program::start("pg_restore", command)?.wait().await?;
    if ended.succeeded() {
        Ok(())
    } else {
        Err(access.explain(ended))
    }
}
