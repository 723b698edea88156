//! Closing a database to its application, and opening it again, as a login that is no superuser.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::postgres::{PostgresServer, Tls};
use holdfast_tests::wait::until;
use holdfast_transfer::error::TransferError;
use holdfast_transfer::postgres::{
    Access, KeptRoles, Server, Session, check_closing, close_database, observe_access, open_database,
};
use libtest_mimic::Trial;

use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let mut tests: Vec<Trial> = [16, 17, 18]
        .into_iter()
        .map(|major| {
            let name = format!("postgres_dumps::a_database_is_closed_and_opened_by_version_{major}");
            stages.alone(&name, move || Box::pin(closed(major)))
        })
        .collect();
    tests.push(stages.alone(
        "postgres_dumps::what_cannot_be_closed_is_refused_before_anything_changes",
        || Box::pin(refused()),
    ));
    tests.push(
        stages.alone("postgres_dumps::statements_of_a_hook_are_one_transaction", || {
            Box::pin(statements())
        }),
    );
    tests
}

const PATIENCE: Duration = Duration::from_secs(20);

/// A server on which `owner` looks after `app`, as the master user of a cluster does.
async fn server(major: u32) -> Result<PostgresServer> {
    let server = PostgresServer::start(major, Tls::Listener).await?;
    for statement in [
        "CREATE ROLE owner LOGIN PASSWORD 'owner' CREATEDB IN ROLE pg_signal_backend",
        "CREATE ROLE app LOGIN PASSWORD 'app'",
        "CREATE ROLE worker LOGIN PASSWORD 'worker'",
        "CREATE ROLE probes LOGIN PASSWORD 'probes'",
        "CREATE ROLE \"D B A\" LOGIN PASSWORD 'D B A'",
        "CREATE DATABASE app OWNER owner",
        "CREATE DATABASE other",
    ] {
        server.execute("postgres", statement).await?;
    }
    Ok(server)
}

fn as_role(server: &PostgresServer, role: &str) -> Server {
    let mut login = server.server();
    (login.user, login.password) = (role.to_owned(), role.to_owned());
    login
}

fn kept() -> KeptRoles {
    KeptRoles {
        logins: vec!["probes".to_owned()],
        administrators: vec!["D B A".to_owned()],
    }
}

async fn observed(owner: &Server) -> Result<Access> {
    observe_access(owner, "app", &kept()).await?.context("no such database")
}

async fn acl(server: &PostgresServer) -> Result<Vec<String>> {
    let query = "SELECT unnest(coalesce(datacl, acldefault('d', datdba)))::text FROM pg_database WHERE datname = 'app' ORDER BY 1";
    server.column("postgres", query).await
}

async fn lives(session: &Session) -> bool {
    session.execute("looking", "SELECT 1").await.is_ok()
}

/// Closes it as a hook does: until no session is left.
async fn close(owner: &Server, before: &Access) -> Result<()> {
    until("all sessions have ended", PATIENCE, || async {
        let left = close_database(owner, "app", &kept(), before).await?;
        Ok(left.is_empty().then_some(()))
    })
    .await
}

async fn closed(major: u32) -> Result<()> {
    let server = server(major).await?;
    let login = |role: &str| as_role(&server, role);
    let owner = login("owner");
    for grants in [
        "",
        "GRANT CONNECT ON DATABASE app TO app, \"D B A\"; REVOKE CONNECT ON DATABASE app FROM PUBLIC",
    ] {
        if !grants.is_empty() {
            server.execute("postgres", grants).await?;
        }
        let open = acl(&server).await?;
        check_closing(&owner, "app", &kept()).await?;
        let before = observed(&owner).await?;
        ensure!(before.kept == ["D B A", "owner", "probes"], "{before:?}");
        let application = login("app").connect("app").await?;
        let elsewhere = login("app").connect("other").await?;
        let administrator = login("D B A").connect("app").await?;
        ensure!(acl(&server).await? == open, "looking changed something");

        close(&owner, &before).await?;
        close(&owner, &before).await?;
        ensure!(!lives(&application).await, "a session of the application lives");
        ensure!(
            lives(&elsewhere).await && lives(&administrator).await,
            "another session was ended"
        );
        for role in ["app", "worker"] {
            let refused = login(role).connect("app").await.err().context("it is let in")?;
            ensure!(
                refused.name() == "AccessDenied" && refused.to_string().contains("42501"),
                "{refused}"
            );
        }
        for role in ["owner", "probes", "D B A"] {
            login(role).connect("app").await?;
        }
        // What somebody grants to another role meanwhile stays, and is not overlooked by a call that closes again.
        server
            .execute("postgres", "GRANT CONNECT ON DATABASE app TO worker")
            .await?;
        let changed = close_database(&owner, "app", &kept(), &before).await;
        ensure!(
            matches!(&changed, Err(TransferError::Conflict(text)) if text.contains("worker")),
            "{changed:?}"
        );

        open_database(&owner, "app", &before).await?;
        open_database(&owner, "app", &before).await?;
        login("app").connect("app").await?;
        login("worker").connect("app").await?;
        server
            .execute("postgres", "REVOKE CONNECT ON DATABASE app FROM worker")
            .await?;
        ensure!(acl(&server).await? == open, "{:?}, not {open:?}", acl(&server).await?);
    }

    // A role that was dropped meanwhile is none to open it to.
    server
        .execute("postgres", "GRANT CONNECT ON DATABASE app TO worker")
        .await?;
    let before = observed(&owner).await?;
    close(&owner, &before).await?;
    server.execute("postgres", "DROP ROLE worker").await?;
    open_database(&owner, "app", &before).await?;
    login("app").connect("app").await?;

    // What is gone is not closed, and opened by nobody.
    server.execute("postgres", "DROP DATABASE app WITH (FORCE)").await?;
    ensure!(observe_access(&owner, "app", &kept()).await?.is_none());
    check_closing(&owner, "app", &kept()).await?;
    ensure!(close_database(&owner, "app", &kept(), &before).await?.is_empty());
    let gone = open_database(&owner, "app", &before).await;
    ensure!(matches!(gone, Err(TransferError::NotFound(_))), "{gone:?}");
    Ok(())
}

async fn refused() -> Result<()> {
    let server = server(17).await?;
    let owner = as_role(&server, "owner");
    let open = acl(&server).await?;
    let before = observed(&owner).await?;

    let stranger = as_role(&server, "worker");
    let denied = check_closing(&stranger, "app", &kept()).await;
    ensure!(
        matches!(&denied, Err(TransferError::AccessDenied(text)) if text.contains("worker may not revoke")),
        "{denied:?}"
    );
    let nobody = KeptRoles {
        administrators: vec!["nobody".to_owned()],
        ..kept()
    };
    let unknown = check_closing(&owner, "app", &nobody).await;
    ensure!(
        matches!(&unknown, Err(TransferError::NotFound(text)) if text.contains("nobody")),
        "{unknown:?}"
    );

    server.execute("postgres", "GRANT probes TO app").await?;
    let member = check_closing(&owner, "app", &kept()).await;
    ensure!(
        matches!(&member, Err(TransferError::Conflict(text)) if text.contains("app could still")),
        "{member:?}"
    );
    server.execute("postgres", "REVOKE probes FROM app").await?;

    server
        .execute("postgres", "GRANT CONNECT ON DATABASE app TO app WITH GRANT OPTION")
        .await?;
    let option = check_closing(&owner, "app", &kept()).await;
    ensure!(
        matches!(&option, Err(TransferError::Conflict(text)) if text.contains("grant option")),
        "{option:?}"
    );
    server
        .execute("postgres", "REVOKE CONNECT ON DATABASE app FROM app")
        .await?;
    ensure!(acl(&server).await? == open);

    // An application that is a superuser, or has Holdfast's own login, stays connected, which is no rest.
    for role in ["admin", "probes"] {
        let mut login = server.server();
        if role != "admin" {
            login = as_role(&server, role);
        }
        let client = login.connect("app").await?;
        client.execute("naming", "SET application_name = 'web'").await?;
        let stays = close_database(&owner, "app", &kept(), &before).await;
        ensure!(
            matches!(&stays, Err(TransferError::JobFailed(text)) if text.contains(role)),
            "{role}: {stays:?}"
        );
        drop(client);
        until("its session has ended", PATIENCE, || async {
            let query = "SELECT pid FROM pg_stat_activity WHERE datname = 'app'";
            Ok(server.column("postgres", query).await?.is_empty().then_some(()))
        })
        .await?;
        close(&owner, &before).await?;
        open_database(&owner, "app", &before).await?;
    }

    // Sessions that the login may not end.
    server
        .execute("postgres", "REVOKE pg_signal_backend FROM owner")
        .await?;
    let application = as_role(&server, "app").connect("app").await?;
    let denied = close_database(&owner, "app", &kept(), &before).await;
    ensure!(
        matches!(&denied, Err(TransferError::AccessDenied(text)) if text.contains("pg_signal_backend")),
        "{denied:?}"
    );
    ensure!(lives(&application).await);
    open_database(&owner, "app", &before).await?;
    ensure!(acl(&server).await? == open, "{:?}", acl(&server).await?);
    Ok(())
}

async fn statements() -> Result<()> {
    let server = server(17).await?;
    server
        .execute(
            "app",
            "CREATE TABLE jobs (id int, paused bool); INSERT INTO jobs VALUES (1, false); GRANT ALL ON jobs TO app",
        )
        .await?;
    let session = as_role(&server, "app").connect("app").await?;
    let all = |statements: &[&str]| statements.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let paused = || server.column("app", "SELECT paused FROM jobs");
    session
        .transact(
            "executing SQL",
            &all(&["UPDATE jobs SET paused = true", "SELECT count(*) FROM jobs"]),
            5,
        )
        .await?;
    ensure!(paused().await? == ["t"]);
    for wrong in [
        "UPDATE no_such_table SET paused = false",
        "UPDATE jobs SET id = 2; UPDATE jobs SET id = 3",
        "SELECT pg_sleep(9)",
        "VACUUM jobs",
    ] {
        let session = as_role(&server, "app").connect("app").await?;
        let failed = session
            .transact("executing SQL", &all(&["UPDATE jobs SET paused = false", wrong]), 1)
            .await;
        let error = failed.err().context("it succeeded")?;
        ensure!(error.to_string().contains("(statement 2)"), "{error}");
        drop(session);
        ensure!(paused().await? == ["t"], "{wrong}: what came before it stayed");
    }
    Ok(())
}
