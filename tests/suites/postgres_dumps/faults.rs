//! A dump that fails leaves no object and no upload, and a restore that fails no database.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::types::{
    DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode, ObjectLockRule,
};
use holdfast_tests::postgres::{PostgresServer, Tls, clients};
use holdfast_tests::s3;
use holdfast_transfer::error::TransferError;
use holdfast_transfer::postgres::{
    Depth, DumpRequest, Manifest, Probe, RestoreRequest, Server, delete_dump, dump, find_dump, restore, verify,
};
use holdfast_transfer::s3::S3Store;
use holdfast_transfer::store::{DirectoryStore, Store};
use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tokio::sync::Semaphore;

use super::bucket::{BUCKET, Bucket, labels};
use super::stores::{After, Interrupted};
use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.alone("postgres_dumps::faults_of_the_server", || Box::pin(of_the_server())),
        stages.alone("postgres_dumps::faults_of_s3", || Box::pin(of_s3())),
        stages.alone("postgres_dumps::versions_and_locks_of_a_bucket", || {
            Box::pin(of_versions())
        }),
        stages.alone("postgres_dumps::attempts_at_once", || Box::pin(of_attempts_at_once())),
        stages.alone("postgres_dumps::faults_of_archives", || Box::pin(of_archives())),
    ]
}

/// Random rows, of which 30 MB are left after compression: more than all buffers between the server and S3.
const ROWS: &str = "CREATE TABLE large AS SELECT n, (SELECT string_agg(md5(random()::text || n || m), '') FROM generate_series(1, 30) m) AS \
    text FROM generate_series(1, 60000) n";

async fn loaded(database: &str) -> Result<PostgresServer> {
    let server = PostgresServer::start(17, Tls::Listener).await?;
    server
        .execute("postgres", &format!("CREATE DATABASE {database}"))
        .await?;
    server.execute(database, ROWS).await?;
    Ok(server)
}

async fn attempt(server: &Server, database: &str, store: &dyn Store) -> Result<Result<Manifest, TransferError>> {
    let labels = labels("night");
    let request = DumpRequest {
        server,
        database,
        probes: &[Probe {
            name: "rows".to_owned(),
            sql: "SELECT count(*) FROM large".to_owned(),
            timeout_seconds: 30,
        }],
        labels: &labels,
        jobs: 1,
    };
    Ok(dump(&clients().await?, &request, store).await)
}

/// The process of a client program, by the database that it is to connect to.
fn find_program(program: &str, database: &str) -> Result<Pid> {
    let wanted = format!("PGDATABASE={database}");
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        if name.trim() == program
            && environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == wanted.as_bytes())
        {
            return Ok(Pid::from_raw(id));
        }
    }
    anyhow::bail!("no {program} of {database} runs")
}

async fn of_the_server() -> Result<()> {
    let bucket = Bucket::create().await?;
    let mut server = loaded("cut_off").await?;
    let store = bucket.store("night");

    let refused = attempt(&server.distrusted()?, "cut_off", &store).await?;
    let error = refused.err().context("a wrong certificate was accepted")?;
    ensure!(
        error.name() == "Unavailable" && error.to_string().contains("certificate"),
        "{error}"
    );
    let mut wrong = server.server();
    wrong.password = "a wrong one".to_owned();
    let error = attempt(&wrong, "cut_off", &store)
        .await?
        .err()
        .context("a wrong password")?;
    ensure!(
        error.name() == "AccessDenied" && !error.to_string().contains("a wrong one"),
        "{error}"
    );
    s3::ensure_empty(&bucket.client, BUCKET).await?;

    for cut in [false, true] {
        let (reached, resume) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let store = Interrupted {
            inner: bucket.store("night"),
            after: After::Pause(reached.clone(), resume.clone()),
        };
        let admin = server.server();
        let running = attempt(&admin, "cut_off", &store);
        let interrupt = async {
            reached.acquire().await?.forget();
            if cut {
                server.cut().await;
            } else {
                kill(find_program("pg_dump", "cut_off")?, Signal::SIGKILL)?;
            }
            resume.add_permits(1);
            anyhow::Ok(())
        };
        let (result, interrupted) = tokio::join!(running, interrupt);
        interrupted?;
        let error = result?.err().context("an interrupted dump succeeded")?;
        let expected = if cut { "Unavailable" } else { "JobFailed" };
        ensure!(error.name() == expected, "{error}");
        ensure!(!error.to_string().contains("horse"), "a password: {error}");
        s3::ensure_empty(&bucket.client, BUCKET).await?;
    }
    Ok(())
}

async fn of_s3() -> Result<()> {
    let bucket = Bucket::create().await?;
    let server = loaded("app").await?;
    let admin = server.server();
    let store = bucket.store("night");
    // The parts of one attempt all fail: nothing remains.
    let rule = json!({ "service": "s3", "action": "UploadPart", "kind": "access_denied" });
    bucket.lab.inject(rule).await?;
    let error = attempt(&admin, "app", &store)
        .await?
        .err()
        .context("no part was stored")?;
    ensure!(error.name() == "AccessDenied", "{error}");
    bucket.lab.heal().await?;
    s3::ensure_empty(&bucket.client, BUCKET).await?;

    // A dump whose process is killed leaves its upload to the next attempt; here, the future is dropped.
    let (reached, resume) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let paused = Interrupted {
        inner: bucket.store("night"),
        after: After::Pause(reached.clone(), resume),
    };
    tokio::select! {
        ended = attempt(&admin, "app", &paused) => anyhow::bail!("it did not pause: {:?}", ended?.err()),
        reached = reached.acquire() => reached?.forget(),
    }
    let left = bucket
        .client
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("sportfin/database/night/whole.dump");
    left.send().await?;
    let garbage = bucket
        .client
        .put_object()
        .bucket(BUCKET)
        .key("sportfin/database/night/schema.dump");
    garbage.body(b"half".to_vec().into()).send().await?;
    ensure!(find_dump(&store).await?.is_none(), "half a dump was taken for one");

    // One part fails once, one response is lost, and so is the response of the completion.
    for (action, kind) in [
        ("UploadPart", "error_500"),
        ("UploadPart", "cut_after"),
        ("CompleteMultipartUpload", "cut_after"),
    ] {
        bucket
            .lab
            .inject(json!({ "service": "s3", "action": action, "kind": kind, "nth": 1 }))
            .await?;
    }
    let manifest = attempt(&admin, "app", &store).await??;
    bucket.lab.heal().await?;
    ensure!(
        manifest.archives[0].object.size > 8 << 20,
        "a single part: {manifest:?}"
    );
    verify(&clients().await?, &manifest, &store, Depth::Whole).await?;
    let keys = s3::keys(&bucket.client, BUCKET).await?;
    ensure!(keys == keys_of(&manifest), "{keys:?}");
    let uploads = bucket.client.list_multipart_uploads().bucket(BUCKET).send().await?;
    ensure!(uploads.uploads().is_empty(), "{:?}", uploads.uploads());
    Ok(())
}

/// The keys of a complete dump, in S3's order.
fn keys_of(manifest: &Manifest) -> Vec<String> {
    let objects = manifest.objects();
    let names = objects
        .iter()
        .map(|object| object.name.as_str())
        .chain(["manifest.json"]);
    let mut keys: Vec<String> = names.map(|name| format!("sportfin/database/night/{name}")).collect();
    keys.sort();
    keys
}

/// A second attempt runs while the first one is still writing: it fails, or it completes the dump. The first one loses nothing by its
/// failure, and removes nothing of its dump.
async fn of_attempts_at_once() -> Result<()> {
    let bucket = Bucket::create().await?;
    let server = loaded("app").await?;
    let admin = server.server();
    for fails in [true, false] {
        let store = bucket.store("night");
        let (reached, resume) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let paused = Interrupted {
            inner: bucket.store("night"),
            after: After::Pause(reached.clone(), resume.clone()),
        };
        let full = Interrupted {
            inner: bucket.store("night"),
            after: After::Full,
        };
        let second = async {
            reached.acquire().await?.forget();
            let ended = match fails {
                true => attempt(&admin, "app", &full).await?,
                false => attempt(&admin, "app", &store).await?,
            };
            resume.add_permits(1);
            anyhow::Ok(ended)
        };
        let (first, second) = tokio::join!(attempt(&admin, "app", &paused), second);
        let (first, second) = (first??, second?);
        ensure!(second.is_err() == fails, "{second:?}");
        ensure!(fails || second? == first, "two attempts returned different dumps");
        verify(&clients().await?, &first, &store, Depth::Whole).await?;
        let keys = s3::keys(&bucket.client, BUCKET).await?;
        ensure!(keys == keys_of(&first), "{keys:?}");
        let uploads = bucket.client.list_multipart_uploads().bucket(BUCKET).send().await?;
        ensure!(uploads.uploads().is_empty(), "{:?}", uploads.uploads());
        delete_dump(&first, &store).await?;
    }
    s3::ensure_empty(&bucket.client, BUCKET).await
}

/// In a bucket with versions, what is deleted is gone; what is locked stays, complete.
async fn of_versions() -> Result<()> {
    let bucket = Bucket::create().await?;
    let server = PostgresServer::start(17, Tls::Listener).await?;
    let rows = "CREATE TABLE large AS SELECT generate_series(1, 562) AS n";
    server.execute("postgres", rows).await?;
    let admin = server.server();
    for locked in [false, true] {
        let name = if locked { "locked" } else { "versions" };
        let create = bucket.client.create_bucket().bucket(name);
        create.object_lock_enabled_for_bucket(true).send().await?;
        if locked {
            let retention = DefaultRetention::builder()
                .mode(ObjectLockRetentionMode::Compliance)
                .days(1)
                .build();
            let rule = ObjectLockRule::builder().default_retention(retention).build();
            let lock = ObjectLockConfiguration::builder()
                .object_lock_enabled(ObjectLockEnabled::Enabled)
                .rule(rule)
                .build();
            let call = bucket.client.put_object_lock_configuration().bucket(name);
            call.object_lock_configuration(lock).send().await?;
        }
        let store = S3Store::new(bucket.client.clone(), name, "night");
        let manifest = attempt(&admin, "postgres", &store).await??;
        ensure!(
            manifest.objects().iter().all(|object| object.version.is_some()),
            "{manifest:?}"
        );
        let deleted = delete_dump(&manifest, &store).await;
        let versions = bucket.client.list_object_versions().bucket(name).send().await?;
        if locked {
            let error = deleted.err().context("a locked dump was deleted")?;
            ensure!(error.name() == "AccessDenied", "{error}");
            ensure!(
                versions.versions().len() == 3 && versions.delete_markers().is_empty(),
                "{versions:?}"
            );
            verify(&clients().await?, &manifest, &store, Depth::Whole).await?;
        } else {
            deleted?;
            ensure!(
                versions.versions().is_empty() && versions.delete_markers().is_empty(),
                "{versions:?}"
            );
        }
    }
    Ok(())
}

/// Archives that are truncated or changed after they were written, and a full disk.
async fn of_archives() -> Result<()> {
    let server = loaded("app").await?;
    let admin = server.server();
    let clients = clients().await?;
    let directory = tempfile::tempdir()?;
    let store = DirectoryStore::new(directory.path());
    let full = Interrupted {
        inner: store.clone(),
        after: After::Full,
    };
    let error = attempt(&admin, "app", &full)
        .await?
        .err()
        .context("a full disk went unnoticed")?;
    ensure!(error.to_string().contains("No space left"), "{error}");
    ensure!(
        std::fs::read_dir(directory.path())?.next().is_none(),
        "something is left"
    );

    let manifest = attempt(&admin, "app", &store).await??;
    let file = directory.path().join(&manifest.archives[0].object.name);
    let whole = std::fs::read(&file)?;
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [
        Vec::new(),
        whole[..1000].to_vec(),
        whole[..whole.len() - 100_000].to_vec(),
        flipped,
    ] {
        std::fs::write(&file, &damaged)?;
        for depth in [Depth::Stored, Depth::Whole] {
            let error = verify(&clients, &manifest, &store, depth).await.err();
            let error = error.with_context(|| format!("{} bytes were taken for the dump", damaged.len()))?;
            ensure!(error.name() == "VerificationFailed", "{error}");
        }
        let request = RestoreRequest {
            server: &admin,
            manifest: &manifest,
            database: "app_restored",
            restore: "restore-1",
            owner: None,
            jobs: 1,
        };
        let error = restore(&clients, &request, &store).await.err();
        error.with_context(|| format!("{} bytes were restored", damaged.len()))?;
        let left = "SELECT datname FROM pg_database WHERE datname = 'app_restored'";
        ensure!(
            server.column("postgres", left).await?.is_empty(),
            "an unfinished database is left"
        );
    }
    std::fs::remove_file(directory.path().join("manifest.json"))?;
    ensure!(find_dump(&store).await?.is_none());
    Ok(())
}
