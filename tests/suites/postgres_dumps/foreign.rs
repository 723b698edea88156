//! A restore beside others that use the same name: it drops what it created itself, and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use holdfast_tests::postgres::{PostgresServer, Tls, clients};
use holdfast_tests::wait::until;
use holdfast_transfer::error::{Result as Outcome, TransferError};
use holdfast_transfer::postgres::{DumpRequest, Manifest, RestoreRequest, Server, dump, find_dump, restore};
use holdfast_transfer::store::{DirectoryStore, ObjectState, Sink, Source, Store, StoredObject};
use libtest_mimic::Trial;

use super::bucket::labels;
use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.alone("postgres_dumps::a_restore_drops_only_what_it_created", || {
            Box::pin(others_databases())
        }),
        stages.alone("postgres_dumps::a_table_truncated_while_the_dump_begins", || {
            Box::pin(truncated_tables())
        }),
        stages.alone("postgres_dumps::a_connection_cut_after_the_creation", || {
            Box::pin(cut_after_creation())
        }),
    ]
}

/// A store that executes statements in a database when an archive is begun, or opened.
struct Replacing {
    inner: DirectoryStore,
    server: Server,
    database: &'static str,
    when_begun: Vec<String>,
    when_opened: Vec<String>,
    /// Whether the archive cannot be opened then.
    fails: bool,
}

impl Replacing {
    async fn execute(&self, statements: &[String]) -> Outcome<()> {
        let session = self.server.connect(self.database).await?;
        for statement in statements {
            session.execute("replacing", statement).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Replacing {
    fn address(&self) -> String {
        self.inner.address()
    }

    async fn create(&self, name: &str, metadata: &BTreeMap<String, String>, estimate: u64) -> Outcome<Box<dyn Sink>> {
        self.execute(&self.when_begun).await?;
        self.inner.create(name, metadata, estimate).await
    }

    async fn open(&self, name: &str, version: Option<&str>) -> Outcome<Box<dyn Source>> {
        self.execute(&self.when_opened).await?;
        match self.fails {
            true => Err(TransferError::Unavailable("no archive".to_owned())),
            false => self.inner.open(name, version).await,
        }
    }

    async fn state(&self, name: &str, version: Option<&str>) -> Outcome<Option<ObjectState>> {
        self.inner.state(name, version).await
    }

    async fn tag(&self, object: &StoredObject, tags: &BTreeMap<String, String>) -> Outcome<()> {
        self.inner.tag(object, tags).await
    }

    async fn remove(&self, objects: &[StoredObject]) -> Outcome<()> {
        self.inner.remove(objects).await
    }

    async fn remove_others(&self, keep: &[&str]) -> Outcome<()> {
        self.inner.remove_others(keep).await
    }
}

/// A server with a database, and its dump.
async fn dumped(store: &DirectoryStore) -> Result<(PostgresServer, Manifest)> {
    let server = PostgresServer::start(17, Tls::Listener).await?;
    server.execute("postgres", "CREATE DATABASE app").await?;
    server.execute("app", "CREATE TABLE users AS SELECT 1 AS id").await?;
    let manifest = dump_app(&server, 1, store).await??;
    Ok((server, manifest))
}

async fn dump_app(server: &PostgresServer, jobs: usize, store: &dyn Store) -> Result<Outcome<Manifest>> {
    let request = DumpRequest {
        server: &server.server(),
        database: "app",
        probes: &[],
        labels: &labels("night"),
        jobs,
    };
    Ok(dump(&clients().await?, &request, store).await)
}

fn into_copy<'a>(server: &'a Server, manifest: &'a Manifest) -> RestoreRequest<'a> {
    RestoreRequest {
        server,
        manifest,
        database: "copy",
        restore: "restore-1",
        owner: None,
        jobs: 1,
    }
}

/// Between the snapshot and the locks of `pg_dump`, a table is truncated and filled again: it is empty in the snapshot, so that a dump
/// would have none of its rows.
async fn truncated_tables() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let store = DirectoryStore::new(directory.path());
    let server = PostgresServer::start(17, Tls::Listener).await?;
    server.execute("postgres", "CREATE DATABASE app").await?;
    for table in ["users", "rooms"] {
        let create =
            format!("CREATE TABLE {table} AS SELECT n AS id, repeat('x', 500) AS text FROM generate_series(1, 4000) n");
        server.execute("app", &create).await?;
    }
    for jobs in [1, 2] {
        let reloading = Replacing {
            inner: store.clone(),
            server: server.server(),
            database: "app",
            when_begun: vec![
                "BEGIN; TRUNCATE users; INSERT INTO users SELECT generate_series(1, 562), ''; COMMIT".to_owned(),
            ],
            when_opened: Vec::new(),
            fails: false,
        };
        let error = dump_app(&server, jobs, &reloading).await?.err();
        let error = error.context("a dump without a table's rows was accepted")?;
        ensure!(
            error.name() == "Unavailable" && error.to_string().contains("public.users"),
            "{error}"
        );
        ensure!(find_dump(&store).await?.is_none(), "there is a dump");
        let taken = dump_app(&server, jobs, &store).await??;
        ensure!(
            (taken.archives.len() > 1) == (jobs > 1),
            "{} archives of {jobs} jobs",
            taken.archives.len()
        );
        store.remove_others(&[]).await?;
        let refill = "TRUNCATE users; INSERT INTO users SELECT * FROM rooms";
        server.execute("app", refill).await?;
    }
    Ok(())
}

/// The answer to `CREATE DATABASE` is lost: the next attempt knows the database that it finds, and another restore does not.
async fn cut_after_creation() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let store = DirectoryStore::new(directory.path());
    let clients = clients().await?;
    let (server, manifest) = dumped(&store).await?;
    let admin = server.server();
    let request = into_copy(&admin, &manifest);
    let session = admin.connect("postgres").await?;
    // Comments can be read, and not be written.
    let hold = "BEGIN; LOCK TABLE pg_shdescription IN EXCLUSIVE MODE";
    session.execute("holding up the comment", hold).await?;
    let cut = until("the comment waits", Duration::from_secs(20), || async {
        let query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'COMMENT ON%'";
        Ok((server.column("postgres", query).await? == ["t"]).then_some(()))
    });
    let (first, cut) = tokio::join!(restore(&clients, &request, &store), cut);
    cut?;
    ensure!(first.is_err(), "the connection was not cut");
    session.execute("holding up the comment", "ROLLBACK").await?;
    let other = RestoreRequest {
        restore: "restore-2",
        ..into_copy(&admin, &manifest)
    };
    let error = restore(&clients, &other, &store).await.err();
    let error = error.context("another restore took the database")?;
    ensure!(error.name() == "Conflict", "{error}");
    restore(&clients, &request, &store).await?;
    let limit = "SELECT datconnlimit FROM pg_database WHERE datname = 'copy'";
    ensure!(server.column("postgres", limit).await? == ["-1"], "the mark remains");
    ensure!(server.column("copy", "SELECT id FROM users").await? == ["1"], "no rows");
    Ok(())
}

async fn others_databases() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let store = DirectoryStore::new(directory.path());
    let clients = clients().await?;
    let (server, manifest) = dumped(&store).await?;
    let admin = server.server();
    let request = into_copy(&admin, &manifest);
    for comment in [
        "'holdfast restore restore-1'",
        "'holdfast restore restore-1: unfinished'",
        "'holdfast restore another'",
        "NULL",
    ] {
        for fails in [true, false] {
            let replacing = Replacing {
                inner: store.clone(),
                server: admin.clone(),
                database: "postgres",
                when_begun: Vec::new(),
                when_opened: vec![
                    "DROP DATABASE copy WITH (FORCE)".to_owned(),
                    "CREATE DATABASE copy".to_owned(),
                    format!("COMMENT ON DATABASE copy IS {comment}"),
                ],
                fails,
            };
            let error = restore(&clients, &request, &replacing).await.err();
            let error = error.with_context(|| format!("{comment}: another's database was taken for the copy"))?;
            let expected = if fails { "Unavailable" } else { "Conflict" };
            ensure!(error.name() == expected, "{comment}: {error}");
            let query = "SELECT coalesce(quote_literal(shobj_description(oid, 'pg_database')), 'NULL') FROM pg_database \
                WHERE datname = 'copy'";
            let left = server.column("postgres", query).await?;
            ensure!(left == [comment], "{comment}: {left:?}");
            server.execute("postgres", "DROP DATABASE copy").await?;
        }
    }
    // Another session creates a database of this name at the same time, by renaming one.
    server.execute("postgres", "CREATE DATABASE spare").await?;
    let session = admin.connect("postgres").await?;
    session
        .execute("renaming", "BEGIN; ALTER DATABASE spare RENAME TO copy")
        .await?;
    let commit = async {
        until("the restore waits", Duration::from_secs(20), || async {
            let query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE DATABASE%'";
            Ok((server.column("postgres", query).await? == ["1"]).then_some(()))
        })
        .await?;
        anyhow::Ok(session.execute("renaming", "COMMIT").await?)
    };
    let (restored, committed) = tokio::join!(restore(&clients, &request, &store), commit);
    committed?;
    let error = restored.err().context("two databases of one name")?;
    ensure!(
        error.name() == "Conflict" && error.to_string().contains("23505"),
        "{error}"
    );
    let left = server
        .column("postgres", "SELECT datname FROM pg_database WHERE datname = 'copy'")
        .await?;
    ensure!(left == ["copy"], "another's database was dropped");
    Ok(())
}
