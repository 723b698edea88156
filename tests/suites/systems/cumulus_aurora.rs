//! Cumulus with Aurora PostgreSQL, deployed with Terraform: `docs/systems/cumulus-aurora.md`.

mod database;
mod deployment;
mod terraform;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::dataset::{USER, log_in};
use holdfast_tests::wait::until;
use jiff::Timestamp;
use libtest_mimic::Trial;
use serde_json::json;

use self::database::{DATABASE, granules};
use self::deployment::{Cumulus, GRANULES};
use self::terraform::{imports, state_file};
use super::system::{PATIENCE, checks};
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test_at_present(
            "systems::cumulus_aurora::what_was_deleted_comes_back_in_a_cluster_that_terraform_imports",
            |stage| Box::pin(restored(stage)),
        ),
        stages.test_at_present("systems::cumulus_aurora::a_moment_is_restored_to_the_second", |stage| {
            Box::pin(as_of(stage))
        }),
        stages.test_at_present(
            "systems::cumulus_aurora::a_failure_in_the_middle_opens_the_database_and_ingest_again",
            |stage| Box::pin(failing(stage)),
        ),
    ]
}

async fn restored(stage: &Stage) -> Result<()> {
    let cumulus = Cumulus::up(stage, "cumulus-sql").await?;
    let (system, database) = (&cumulus.system, &cumulus.database);
    cumulus.sealed().await?;
    let before = cumulus.ensure_up().await?;
    let (old, state) = (database.place().await?, state_file(&cumulus)?);
    let time = stage.lab.now().await?;
    let delete = "delete from granules where id > 1";
    database.as_application().await?.batch_execute(delete).await?;

    system.inbox.take().await?;
    let mut restore = system.begin(&[
        "restore",
        &system.name,
        "--before",
        &time,
        "--cut-over",
        "ask",
        "--watch",
        "--yes",
    ]);
    let (record, _) = restore.until(system.asked()).await?;
    // The copy has the state of the backup, in which the application's password is accepted, and its role not let in.
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    let same = checks(&record, "same");
    let login = same.iter().find(|check| check["name"] == login_check(&cumulus));
    let login = login.with_context(|| format!("{same:#?}"))?;
    ensure!(text(login, "/detail")?.contains("hook access opens it"), "{login:#}");
    for name in ["probe granules", "probe executions"] {
        ensure!(same.iter().any(|check| check["name"] == name), "{same:#?}");
    }
    cumulus.ensure_halted().await?;
    ensure!(database.place().await? == old);
    system.approve(&record).await?;
    let output = restore.end().await?;
    let mail = system.mail().await?;
    ensure!(output.status.success(), "{output:?}: {}", mail.body);

    let made = system.made(&record, "database").await?;
    let copy = text(&made, "/cluster")?;
    ensure!(database.place().await?.0 == text(&made, "/host")?);
    ensure!(cumulus.ensure_up().await? == before && before.len() == GRANULES);
    ensure!(!database.lets_in((&old.0, old.1)).await?, "the old cluster is open");
    let settings = cumulus.described(copy).await?;
    ensure!(
        settings == cumulus.described(&cumulus.dataset.cluster).await?,
        "{settings:?}"
    );
    let id = text(&record, "/id")?;
    let blocks = system.done(&["infrastructure", id, "--terraform"]).await?;
    imports(&cumulus, copy, &state, &blocks).await?;

    // The night after: what is closed and opened is the copy.
    cumulus.sealed().await?;
    ensure!(cumulus.ensure_up().await? == before);
    let copy = database.place().await?;

    // The hooks close the copy, and open the old database, to which the secret leads when they resume.
    system.done(&["undo-cut-over", id]).await?;
    ensure!(database.place().await? == old);
    let left = cumulus.ensure_up().await.context("after the undo")?;
    ensure!(left == before[..1], "with what the incident left");
    ensure!(!database.lets_in((&copy.0, copy.1)).await?, "the copy is open");
    Ok(())
}

/// The name of the check of the application's login.
fn login_check(cumulus: &Cumulus<'_>) -> String {
    format!("database: login with secret {}", cumulus.database.secret)
}

/// As close as possible to, but before, the time to which the DynamoDB tables are restored.
async fn as_of(stage: &Stage) -> Result<()> {
    let cumulus = Cumulus::up(stage, "cumulus-moment").await?;
    let system = &cumulus.system;
    cumulus.sealed().await?;
    cumulus.write(101).await?;
    let by_then = cumulus.ensure_up().await?;
    let at = Timestamp::from_second(cumulus.now().await?.as_second() + 1)?;
    until("that second has passed", PATIENCE, || async {
        Ok((cumulus.now().await? > at).then_some(()))
    })
    .await?;
    let (mut id, later) = (200, &cumulus);
    until("the moment can be restored", PATIENCE, || {
        id += 1;
        let written = later.write(id);
        async move {
            written.await?;
            Ok((later.now().await?.duration_since(at).as_secs() >= 3).then_some(()))
        }
    })
    .await?;

    let fields = json!({ "at": at.to_string(), "cut_over": "no" });
    let (ended, record, mail) = system.restore(fields).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}: {}", mail.body);
    ensure!(checks(&record, "different").is_empty(), "{record:#}");
    let made = system.made(&record, "database").await?;
    let port = u16::try_from(made["port"].as_u64().context("no port")?)?;
    let copy = log_in(text(&made, "/host")?, port, DATABASE, (USER, &cumulus.dataset.password)).await?;
    let found = granules(&copy).await?;
    ensure!(found == by_then, "as of {at}: {found:?}");
    ensure!(cumulus.ensure_up().await?.len() > found.len(), "nothing was halted");
    Ok(())
}

async fn failing(stage: &Stage) -> Result<()> {
    let cumulus = Cumulus::up(stage, "cumulus-fails").await?;
    let (system, database) = (&cumulus.system, &cumulus.database);
    cumulus.drain.fail(true);
    let (ended, mail) = system.back_up().await?;
    cumulus.drain.fail(false);
    ensure!(ended.status == "FAILED", "{ended:?}");
    system
        .ensure_on_call_knows(&mail, &["DrainFailed: a workflow does not end", "drain"])
        .await?;
    cumulus.ensure_up().await?;

    // While the database is closed.
    let fault = json!({
        "caller": "holdfast-snapshot-cluster", "service": "rds", "action": "CreateDBClusterSnapshot", "kind": "access_denied",
    });
    let fault = stage.lab.inject(fault).await?;
    let (ended, _) = system.back_up().await?;
    ensure!(
        ended.status == "FAILED" && stage.lab.hits(fault).await? > 0,
        "{ended:?}"
    );
    stage.lab.heal().await?;
    cumulus.ensure_up().await?;

    cumulus.sealed().await?;
    cumulus.write(101).await?;
    let (live, place) = (cumulus.ensure_up().await?, database.place().await?);
    let fault = json!({
        "caller": "holdfast-cut-over", "service": "secretsmanager", "action": "UpdateSecretVersionStage", "kind": "access_denied",
    });
    let fault = stage.lab.inject(fault).await?;
    system.inbox.take().await?;
    let mut restore = system.begin(&["restore", &system.name, "--cut-over", "ask", "--watch", "--yes"]);
    let (asked, _) = restore.until(system.asked()).await?;
    cumulus.ensure_halted().await?;
    system.approve(&asked).await?;
    let output = restore.end().await?;
    ensure!(stage.lab.hits(fault).await? > 0, "nothing failed");
    stage.lab.heal().await?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    let record = system.newest_restore().await?;
    ensure!(record["status"] == "switched_back", "{record:#}");
    let mail = system.mail().await?;
    system
        .ensure_on_call_knows(&mail, &["AccessDenied", &database.secret])
        .await?;
    ensure!(database.place().await? == place);
    ensure!(cumulus.ensure_up().await? == live);
    Ok(())
}
