//! The switch by rename: in one step, for everybody, and back.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::postgres::{PostgresServer, Tls};
use holdfast_tests::wait::until;
use holdfast_transfer::error::TransferError;
use holdfast_transfer::postgres::{
    Server, SwitchPlan, SwitchState, apply_switch, observe_switch, plan_switch, revert_switch,
};
use libtest_mimic::Trial;

use super::cutting::{Cut, CuttingSocket, Statement};
use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.alone("postgres_dumps::a_switch_by_rename_and_back", || Box::pin(switch())),
        stages.alone("postgres_dumps::a_switch_while_autovacuum_runs", || {
            Box::pin(beside_autovacuum())
        }),
        stages.alone("postgres_dumps::a_switch_that_is_cut_off_at_each_statement", || {
            Box::pin(cut_off())
        }),
    ]
}

async fn switch() -> Result<()> {
    let server = PostgresServer::start(17, Tls::Own).await?;
    for statement in [
        "CREATE ROLE app LOGIN PASSWORD 'app'",
        "CREATE DATABASE app OWNER app CONNECTION LIMIT 7",
        "CREATE DATABASE app_copy OWNER app",
        "COMMENT ON DATABASE app IS 'live'",
    ] {
        server.execute("postgres", statement).await?;
    }
    server
        .execute(
            "app",
            "CREATE TABLE which AS SELECT 'old' AS name; GRANT SELECT ON which TO app",
        )
        .await?;
    server
        .execute(
            "app_copy",
            "CREATE TABLE which AS SELECT 'new' AS name; GRANT SELECT ON which TO app",
        )
        .await?;
    let admin = server.server();
    let mut login = server.server();
    login.user = "app".to_owned();
    login.password = "app".to_owned();
    // Sessions that would block a rename.
    let session = login.connect("app").await?;
    let other = login.connect("app_copy").await?;

    let plan = plan_switch(&admin, "app", "app_copy", "app_before").await?;
    ensure!(observe_switch(&admin, &plan).await? == SwitchState::Before);
    apply_switch(&admin, &plan).await?;
    apply_switch(&admin, &plan).await?;
    ensure!(observe_switch(&admin, &plan).await? == SwitchState::After);
    ensure!(
        session.execute("looking", "SELECT 1").await.is_err(),
        "a session of the old database lives"
    );
    ensure!(
        other.execute("looking", "SELECT 1").await.is_err(),
        "a session of the copy lives"
    );
    let which = login
        .connect("app")
        .await?
        .column("looking", "SELECT name FROM public.which")
        .await?;
    ensure!(which == ["new"], "{which:?}");
    ensure!(
        login.connect("app_before").await.is_err(),
        "the old database is still in use"
    );
    ensure!(server.column("app_before", "SELECT name FROM which").await? == ["old"]);
    ensure!(
        limits(&server).await? == ["app 7 live", "app_before 0 live"],
        "{:?}",
        limits(&server).await?
    );
    // A second copy cannot have the old one's place.
    let taken = plan_switch(&admin, "app", "postgres", "app_before").await;
    ensure!(
        taken.is_err_and(|error| error.name() == "Conflict"),
        "the side name was taken twice"
    );

    let session = login.connect("app").await?;
    revert_switch(&admin, &plan).await?;
    revert_switch(&admin, &plan).await?;
    ensure!(
        session.execute("looking", "SELECT 1").await.is_err(),
        "a session of the copy lives"
    );
    ensure!(observe_switch(&admin, &plan).await? == SwitchState::Before);
    ensure!(
        limits(&server).await? == ["app 7 live", "app_copy -1"],
        "{:?}",
        limits(&server).await?
    );
    let which = login
        .connect("app")
        .await?
        .column("looking", "SELECT name FROM public.which")
        .await?;
    ensure!(which == ["old"], "{which:?}");

    // Another database of the copy's name is not switched to.
    server.execute("postgres", "DROP DATABASE app_copy").await?;
    server.execute("postgres", "CREATE DATABASE app_copy").await?;
    let other = apply_switch(&admin, &plan).await;
    ensure!(
        other.is_err_and(|error| error.name() == "Conflict"),
        "another database was switched to"
    );
    // A login that does not own both is refused by the plan.
    let refused = plan_switch(&login, "app", "app_copy", "app_before").await;
    ensure!(
        refused.is_err_and(|error| error.name() == "AccessDenied"),
        "a login that may not rename was accepted"
    );
    Ok(())
}

/// A copy that was just loaded is vacuumed, in a session that no login but a superuser's may end.
async fn beside_autovacuum() -> Result<()> {
    let server = PostgresServer::start(17, Tls::Listener).await?;
    for statement in [
        "CREATE ROLE app LOGIN PASSWORD 'app'",
        "CREATE ROLE operator LOGIN PASSWORD 'operator' CREATEDB IN ROLE app, pg_signal_backend",
        "CREATE DATABASE app OWNER app",
        "CREATE DATABASE app_copy OWNER app",
    ] {
        server.execute("postgres", statement).await?;
    }
    let login = |user: &str| {
        let mut login = server.server();
        (login.user, login.password) = (user.to_owned(), user.to_owned());
        login
    };
    let (app, operator) = (login("app"), login("operator"));
    server
        .execute(
            "app_copy",
            "CREATE TABLE loaded AS SELECT n, repeat('x', 500) AS text FROM generate_series(1, 20000) n; DELETE FROM loaded WHERE n % 2 = 0",
        )
        .await?;
    for setting in [
        "autovacuum_naptime = '1s'",
        "autovacuum_vacuum_cost_delay = '100ms'",
        "autovacuum_vacuum_cost_limit = 1",
        "autovacuum = on",
    ] {
        server
            .execute("postgres", &format!("ALTER SYSTEM SET {setting}"))
            .await?;
    }
    server.execute("postgres", "SELECT pg_reload_conf()").await?;
    until("autovacuum is in the copy", Duration::from_secs(60), || async {
        let query = "SELECT 1 FROM pg_stat_activity WHERE datname = 'app_copy' AND backend_type = 'autovacuum worker'";
        Ok((!server.column("postgres", query).await?.is_empty()).then_some(()))
    })
    .await?;
    let plan = plan_switch(&operator, "app", "app_copy", "app_before").await?;
    // A superuser's session, which the operator may not end, is named, and nothing is changed.
    let superuser = server.server().connect("app").await?;
    let error = apply_switch(&operator, &plan).await.err();
    let error = error.context("a database in use was renamed")?;
    ensure!(
        error.name() == "AccessDenied" && error.to_string().contains("database app is used by admin"),
        "{error}"
    );
    ensure!(observe_switch(&operator, &plan).await? == SwitchState::Before);
    drop(superuser);
    let session = app.connect("app").await?;
    apply_switch(&operator, &plan).await?;
    ensure!(observe_switch(&operator, &plan).await? == SwitchState::After);
    ensure!(session.execute("looking", "SELECT 1").await.is_err(), "a session lives");
    Ok(())
}

/// The connection is cut before and after each statement took effect. Applications always have a database with its own limit, and the
/// same command, or the other one, then ends as if nothing had happened.
async fn cut_off() -> Result<()> {
    let server = PostgresServer::start(17, Tls::Listener).await?;
    for statement in [
        "CREATE ROLE app LOGIN PASSWORD 'app'",
        "CREATE DATABASE app OWNER app CONNECTION LIMIT 7",
        "CREATE DATABASE app_copy OWNER app CONNECTION LIMIT 3",
        "COMMENT ON DATABASE app IS 'live'",
        "COMMENT ON DATABASE app_copy IS 'copy'",
    ] {
        server.execute("postgres", statement).await?;
    }
    let before = ["app 7 live", "app_copy 3 copy"];
    let after = ["app 7 live", "app_before 0 live"];
    let admin = server.server();
    let mut login = server.server();
    (login.user, login.password) = ("app".to_owned(), "app".to_owned());
    let plan = plan_switch(&admin, "app", "app_copy", "app_before").await?;
    let socket = CuttingSocket::take_place(server.home.path())?;
    let mut cuts = 0;
    for applies in [true, false] {
        for then_applies in [true, false] {
            for late in [true, false] {
                // A session that is not ended is waited for, for seconds: once is enough.
                let ending = (applies == then_applies).then_some(Statement::EndingSessions);
                for statement in ending.into_iter().chain((0..).map(Statement::Number)) {
                    let session = login.connect("app").await?;
                    socket.arm(Cut { statement, after: late });
                    let ended = switch_to(&admin, &plan, applies).await;
                    let was_cut = socket.disarm();
                    let place = format!("{applies} {then_applies} {late} {statement:?}: {ended:?}");
                    ensure!(was_cut || ended.is_ok(), "{place}");
                    drop(session);
                    let seen = limits(&server).await?;
                    ensure!(seen == before || seen == after, "{place}: {seen:?}");
                    ensure!(
                        login.connect("app").await.is_ok(),
                        "{place}: applications cannot connect"
                    );
                    ensure!(plan_limit(&admin, &seen).await? == 7, "{place}");
                    switch_to(&admin, &plan, then_applies).await?;
                    let seen = limits(&server).await?;
                    ensure!(seen == if then_applies { after } else { before }, "{place}: {seen:?}");
                    switch_to(&admin, &plan, !applies).await?;
                    cuts += usize::from(was_cut);
                    if !was_cut {
                        break;
                    }
                }
            }
        }
    }
    ensure!(cuts >= 16, "only {cuts} cuts");
    Ok(())
}

async fn switch_to(admin: &Server, plan: &SwitchPlan, applied: bool) -> Result<(), TransferError> {
    match applied {
        true => apply_switch(admin, plan).await,
        false => revert_switch(admin, plan).await,
    }
}

/// The limit that a plan which is made now would return to.
async fn plan_limit(admin: &Server, seen: &[String]) -> Result<i32> {
    let other = if seen.len() == 2 && seen[1].starts_with("app_copy") {
        "app_copy"
    } else {
        "app_before"
    };
    Ok(plan_switch(admin, "app", other, "app_later").await?.live_limit)
}

async fn limits(server: &PostgresServer) -> Result<Vec<String>> {
    let query = "SELECT concat_ws(' ', datname, datconnlimit, shobj_description(oid, 'pg_database')) FROM pg_database \
        WHERE datname LIKE 'app%' ORDER BY 1";
    server.column("postgres", query).await
}
