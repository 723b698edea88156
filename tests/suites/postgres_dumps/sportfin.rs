//! The rehearsal of a Postgres shop, through the machines: nightly dumps, all users deleted, the newest dump from before the incident
//! restored and switched to, and 562 users again.

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::ledger::DATABASE;
use libtest_mimic::Trial;
use serde_json::json;

use super::shop::{ledger, sealed, shop};
use crate::stage::{Stage, Stages};

const USERS: u32 = 562;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test(
            "postgres_dumps::sportfin::what_the_incident_deleted_is_restored_from_the_dump_before_it",
            |stage| Box::pin(rehearsal(stage)),
        ),
        stages.test(
            "postgres_dumps::sportfin::a_restored_database_is_handed_over_under_a_name",
            |stage| Box::pin(handed_over(stage)),
        ),
    ]
}

/// AWS's clock is ahead of the server's, by which the dump from after the incident is from before it.
async fn rehearsal(stage: &Stage) -> Result<()> {
    stage.lab.advance_clock(3_600).await?;
    let subject = shop(stage, "sportfin", USERS, |_| ()).await?;
    let ledger = ledger(&subject)?;
    let before = ledger.accounts(DATABASE).await?;
    ensure!(before.len() == USERS as usize);
    let good = sealed(&subject).await?;
    ensure!(good["probes"][0]["count"] == USERS, "counted in the dump: {good:#}");
    let time = stage.lab.now().await?;
    ledger
        .execute(DATABASE, "delete from entries; delete from accounts")
        .await?;
    // The nightly dumps continue.
    let late = sealed(&subject).await?;
    ensure!(late["probes"][0]["count"] == 0, "{late:#}");

    let ended = subject.restore(json!({ "before": time, "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    let id = text(&record, "/id")?;
    ensure!(record["plan"]["set"] == good["id"], "{record:#}");
    ensure!(record["verification"]["outcome"] == "verified", "{record:#}");
    ensure!(ledger.accounts(DATABASE).await? == before, "all users again");
    let databases = ledger.databases().await?;
    let side = databases.iter().find(|name| name.starts_with("ledger_before_"));
    let side = side.with_context(|| format!("the old database is kept: {databases:?}"))?;

    // The night after the cut-over dumps what is in use now, under the same name.
    let after = sealed(&subject).await?;
    ensure!(after["probes"][0]["count"] == USERS, "{after:#}");

    let back = subject.undo("UndoCutOverStateMachineArn", id).await?;
    ensure!(back.status == "SUCCEEDED", "{back:?}");
    ensure!(ledger.accounts(DATABASE).await?.is_empty(), "the old database again");
    ensure!(!ledger.databases().await?.contains(side));
    let gone = subject.undo("UndoRestoreStateMachineArn", id).await?;
    ensure!(gone.status == "SUCCEEDED", "{gone:?}");
    ensure!(ledger.databases().await? == [DATABASE], "nothing else is left");

    // A second restore of the same set, which nothing of the first prevents.
    let again = subject.restore(json!({ "set": good["id"], "cut_over": "yes" })).await?;
    ensure!(
        again.status == "SUCCEEDED",
        "{again:?}\n{:#}",
        subject.newest_restore().await?
    );
    ensure!(ledger.accounts(DATABASE).await? == before);
    Ok(())
}

async fn handed_over(stage: &Stage) -> Result<()> {
    let subject = shop(stage, "handover", USERS, |_| ()).await?;
    let ledger = ledger(&subject)?;
    let before = ledger.accounts(DATABASE).await?;
    sealed(&subject).await?;
    ledger.execute(DATABASE, "delete from entries").await?;
    let fields = json!({ "names": { "ledger": "ledger_for_audit" }, "cut_over": "no" });
    let ended = subject.restore(fields.clone()).await?;
    ensure!(
        ended.status == "SUCCEEDED",
        "{ended:?}\n{:#}",
        subject.newest_restore().await?
    );
    ensure!(ledger.accounts("ledger_for_audit").await? == before);
    ensure!(
        ledger.accounts(DATABASE).await? != before,
        "the live database is not changed"
    );
    // The name is taken now, which is said before anything is touched.
    let refused = subject.restore(fields).await?;
    ensure!(refused.status == "FAILED", "{refused:?}");
    ensure!(refused.cause.contains("ledger_for_audit"), "{refused:?}");
    ensure!(ledger.accounts("ledger_for_audit").await? == before);
    Ok(())
}
