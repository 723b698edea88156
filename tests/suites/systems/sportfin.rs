//! Sportfin: a Postgres database in Dokku on an instance, which commands bring into maintenance and out of it.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::dataset::{Dataset, Sizes};
use holdfast_tests::instances;
use holdfast_tests::ledger::{DATABASE, Ledger};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::system::{System, checks};
use crate::stage::{Stage, Stages};

const USERS: u32 = 562;
/// As the plugin `maintenance` of Dokku answers; its commands are in a file. With `stuck`, it does not end maintenance.
const DOKKU: &str = r#"#!/bin/sh
case "$1" in
maintenance:enable) echo on >> maintenance ;;
maintenance:disable) test ! -e stuck && echo off >> maintenance ;;
maintenance:report) if tail -n 1 maintenance | grep -qx on; then echo true; else echo false; fi ;;
*) exit 64 ;;
esac
"#;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test_at_present(
            "systems::sportfin::the_newest_dump_from_before_an_incident_comes_back_in_maintenance",
            |stage| Box::pin(incident(stage)),
        ),
        stages.test_at_present(
            "systems::sportfin::a_failure_in_the_middle_ends_maintenance_or_says_how",
            |stage| Box::pin(failing(stage)),
        ),
    ]
}

/// The deployment, in a lab.
struct Sportfin<'a> {
    system: System<'a>,
    dataset: Dataset,
    node: PathBuf,
}

impl<'a> Sportfin<'a> {
    async fn up(stage: &'a Stage, name: &str) -> Result<Self> {
        let dataset = Dataset::create(&stage.lab, name, &Sizes::small().with_accounts(USERS)).await?;
        let node = stage.lab.directory().join("nodes").join(instances::id(name));
        let programs = node.join("bin");
        std::fs::create_dir_all(&programs)?;
        let tags = json!({ "dokku": name, "HoldfastHooks": "allowed" });
        std::fs::write(node.join("tags.json"), tags.to_string())?;
        std::fs::write(programs.join("dokku"), DOKKU)?;
        std::fs::set_permissions(programs.join("dokku"), std::fs::Permissions::from_mode(0o755))?;
        let ledger = dataset.ledger.as_ref().context("no database")?;
        let names = [
            ("deployment: sportfin", format!("deployment: {name}")),
            ("database: sportfin", format!("database: {DATABASE}")),
            (
                "host: db.sportfin.internal",
                format!("host: {}\n    port: {}", ledger.host, ledger.port),
            ),
            ("sportfin/database", dataset.secret.clone()),
            ("from users", "from accounts".to_owned()),
            ("dokku: sportfin", format!("dokku: {name}")),
        ];
        let system = System::apply(stage, name, "sportfin.yaml", &names).await?;
        Ok(Self { system, dataset, node })
    }

    fn ledger(&self) -> Result<&Ledger> {
        self.dataset.ledger.as_ref().context("no database")
    }

    async fn users(&self) -> Result<usize> {
        Ok(self.ledger()?.accounts(DATABASE).await?.len())
    }

    async fn delete_users(&self) -> Result<()> {
        let all = "delete from entries; delete from accounts";
        self.ledger()?.execute(DATABASE, all).await
    }

    /// The commands of maintenance on the instance, in order.
    fn maintenance(&self) -> Vec<String> {
        let told = std::fs::read_to_string(self.node.join("maintenance")).unwrap_or_default();
        told.lines().map(str::to_owned).collect()
    }

    /// Checks that maintenance was on and ended in this many runs.
    fn ensure_maintained(&self, runs: usize) -> Result<()> {
        let told = self.maintenance();
        ensure!(told == ["on", "off"].repeat(runs), "{told:?}");
        Ok(())
    }

    async fn newest_run(&self) -> Result<Value> {
        let mut runs = self.system.records.items(&self.system.name, "RUN#").await?;
        runs.sort_by_key(|run| run["started_at"].as_str().map(str::to_owned));
        runs.pop().context("no run")
    }
}

async fn incident(stage: &Stage) -> Result<()> {
    let sportfin = Sportfin::up(stage, "sportfin-present").await?;
    let system = &sportfin.system;
    let good = system.sealed().await?;
    ensure!(
        good["quiesced_throughout"] == true && good["probes"][0]["count"] == USERS,
        "{good:#}"
    );
    sportfin.ensure_maintained(1)?;
    let time = stage.lab.now().await?;
    sportfin.delete_users().await?;
    // The nightly dumps continue.
    let late = system.sealed().await?;
    ensure!(late["probes"][0]["count"] == 0, "{late:#}");

    let (ended, restore, mail) = system.restore(json!({ "before": time, "cut_over": "yes" })).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}: {}", mail.body);
    ensure!(restore["plan"]["set"] == good["id"], "{restore:#}");
    ensure!(checks(&restore, "different").is_empty(), "{restore:#}");
    ensure!(sportfin.users().await? == USERS as usize);
    sportfin.ensure_maintained(3)?;
    let run = sportfin.newest_run().await?;
    let hook = &run["hooks"][0];
    ensure!(
        hook["name"] == "maintenance" && hook["undone_at"].is_string() && run["resumed_at"].is_string(),
        "{run:#}"
    );

    let id = text(&restore, "/id")?;
    system.done(&["undo-cut-over", id]).await?;
    ensure!(sportfin.users().await? == 0, "the database of the incident again");
    let after = system.sealed().await?;
    ensure!(
        after["probes"][0]["count"] == 0,
        "the next night has what is in use: {after:#}"
    );
    ensure!(sportfin.maintenance().last().is_some_and(|told| told == "off"));
    Ok(())
}

async fn failing(stage: &Stage) -> Result<()> {
    let sportfin = Sportfin::up(stage, "sportfin-late").await?;
    let system = &sportfin.system;
    system.sealed().await?;
    sportfin.delete_users().await?;

    // The dump cannot be read: nothing is switched, and maintenance ends.
    let fault = json!({ "caller": "holdfast-load-dump", "action": "GetObject", "kind": "access_denied" });
    let fault = stage.lab.inject(fault).await?;
    let (ended, restore, mail) = system.restore(json!({ "cut_over": "yes" })).await?;
    ensure!(stage.lab.hits(fault).await? > 0, "nothing failed");
    stage.lab.heal().await?;
    ensure!(ended.status == "FAILED", "{ended:?}");
    ensure!(restore["status"] == "undone", "{restore:#}");
    system.ensure_on_call_knows(&mail, &["AccessDenied"]).await?;
    ensure!(sportfin.users().await? == 0, "nothing is switched");
    ensure!(sportfin.ledger()?.databases().await? == [DATABASE], "no copy is left");
    sportfin.ensure_maintained(2)?;

    // Maintenance cannot be ended: the message to on-call says how to do it by hand.
    std::fs::write(sportfin.node.join("stuck"), "")?;
    let (ended, mail) = system.back_up().await?;
    ensure!(sportfin.maintenance().last().is_some_and(|told| told == "on"));
    let by_hand = ["dokku maintenance:disable sportfin", "by hand"];
    system
        .ensure_on_call_knows(&mail, &by_hand)
        .await
        .with_context(|| format!("{ended:?}"))?;

    // The next run takes maintenance for no normal state, and ends it.
    std::fs::remove_file(sportfin.node.join("stuck"))?;
    let (ended, mail) = system.back_up().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}: {}", mail.body);
    ensure!(sportfin.maintenance().last().is_some_and(|told| told == "off"));
    Ok(())
}
