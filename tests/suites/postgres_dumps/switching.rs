//! The switch by rename: in one step, for everybody, and back.

use anyhow::{Result, ensure};
use holdfast_tests::postgres::{PostgresServer, Tls};
use holdfast_transfer::postgres::{SwitchState, apply_switch, observe_switch, plan_switch, revert_switch};
use libtest_mimic::Trial;

use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![stages.alone("postgres_dumps::a_switch_by_rename_and_back", || Box::pin(switch()))]
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

async fn limits(server: &PostgresServer) -> Result<Vec<String>> {
    let query = "SELECT concat_ws(' ', datname, datconnlimit, shobj_description(oid, 'pg_database')) FROM pg_database \
        WHERE datname LIKE 'app%' ORDER BY 1";
    server.column("postgres", query).await
}
