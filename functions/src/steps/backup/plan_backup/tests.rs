#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::domain::probe::Endpoint;
use crate::domain::reference::Reference;
use crate::domain::set::{Reason, SetStatus};
use crate::kinds::BackupQuota;
use crate::runs::closing::RunEnd;
use crate::testing::switchboard::Switchboard;
use crate::testing::{
    Discoverable, EXECUTION, RecordedHooks, RecordedKind, RunningExecutions, catalog, document, kinds, now, run,
    started_at,
};

/// An account with some tables, clusters and running executions.
#[derive(Default)]
struct Account {
    tables: Vec<&'static str>,
    many: Vec<String>,
    copies: Vec<&'static str>,
    clusters: Vec<&'static str>,
    running: Mutex<Vec<String>>,
    /// Manual cluster snapshots, and their quota.
    snapshots: Option<(u64, u64)>,
}

impl Account {
    fn kinds(&self) -> Kinds {
        let kind = RecordedKind::default();
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let endpoint = |cluster: &&'static str| {
            let host = format!("{cluster}.local");
            (*cluster, Endpoint { host, port: 5432 })
        };
        let mut names: BTreeSet<String> = owned(&self.tables);
        names.extend(self.many.clone());
        kind.discovering(Discoverable {
            names,
            copies: owned(&self.copies),
            endpoints: self.clusters.iter().map(endpoint).collect(),
            quota: self.snapshots.map(|(used, most)| BackupQuota { used, most }),
        });
        kinds(&Arc::new(kind))
    }

    fn executions(&self) -> Arc<dyn Executions> {
        let executions = RunningExecutions::default();
        for running in self.running.lock().unwrap().iter() {
            executions.begin(running);
        }
        Arc::new(executions)
    }
}

async fn needs(document: Value, account: Account) -> Needs {
    switched_by(Switchboard::new(), document, account).await
}

async fn switched_by(board: Arc<Switchboard>, document: Value, account: Account) -> Needs {
    let (catalog, _) = catalog();
    catalog
        .put_descriptor(&Descriptor::parse(&document).unwrap())
        .await
        .unwrap();
    Needs {
        catalog,
        kinds: account.kinds(),
        executions: account.executions(),
        switches: Switches::all(board),
        hooks: Hooks::all(RecordedHooks::all_well()),
    }
}

fn input(execution: &str) -> Input {
    Input {
        request: json!({"deployment": "hubs-prod"}),
        execution: execution.into(),
        started_at: started_at(),
        now: now(),
    }
}

#[tokio::test]
async fn planning_twice_gives_one_run_one_lease_and_one_set() {
    let needs = needs(document("hubs-prod", &["offline"]), Account::default()).await;
    let first = handle(&needs, input(EXECUTION)).await.unwrap();
    assert_eq!(handle(&needs, input(EXECUTION)).await.unwrap(), first);
    assert!(first.has_hooks);
    let sets = needs.catalog.sets("hubs-prod").await.unwrap();
    assert_eq!(sets.len(), 1);
    assert_eq!(
        (sets[0].status, sets[0].id.as_str()),
        (SetStatus::Running, first.run.id.as_str())
    );
    assert_eq!(sets[0].resources, ["database", "rooms"]);
    assert_eq!(needs.catalog.runs("hubs-prod").await.unwrap().len(), 1);
}

/// The default `keep` of three deployments fills a Region's 100.
#[tokio::test]
async fn snapshots_that_run_out_are_told_while_there_is_a_week_left() {
    for (used, warning) in [
        (40, None),
        (92, None),
        (94, Some("room for 6 more nights")),
        (100, Some("no room")),
    ] {
        let account = Account {
            snapshots: Some((used, 100)),
            ..Account::default()
        };
        let needs = needs(document("hubs-prod", &[]), account).await;
        let run = handle(&needs, input(EXECUTION)).await.unwrap().run;
        let warnings = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap().warnings;
        let found = warnings.iter().find(|warning| warning.error == "SnapshotsRunOut");
        match warning {
            None => assert_eq!(found, None, "{used}"),
            Some(words) => assert!(found.unwrap().message.contains(words), "{used}: {warnings:?}"),
        }
    }
}

/// Another deployment's invalid descriptor fails no backup and hides no warning: the forecast only warns.
#[tokio::test]
async fn a_faulty_descriptor_of_another_deployment_fails_no_forecast() {
    let account = Account {
        snapshots: Some((100, 100)),
        ..Account::default()
    };
    let (catalog, memory) = catalog();
    let needs = Needs {
        catalog,
        ..needs(document("hubs-prod", &[]), account).await
    };
    let own = Descriptor::parse(&document("hubs-prod", &[])).unwrap();
    needs.catalog.put_descriptor(&own).await.unwrap();
    let other = Descriptor::parse(&document("shop", &[])).unwrap();
    needs.catalog.put_descriptor(&other).await.unwrap();
    memory.spoil(|key| key.pk.contains("shop"));
    assert!(needs.catalog.descriptor("shop").await.is_err());
    let run = handle(&needs, input(EXECUTION)).await.unwrap().run;
    let warnings = needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap().warnings;
    assert!(
        warnings.iter().any(|warning| warning.error == "SnapshotsRunOut"),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn a_deployment_with_a_running_execution_is_busy_and_says_by_whom() {
    let account = Account::default();
    account.running.lock().unwrap().push(EXECUTION.into());
    let needs = needs(document("hubs-prod", &[]), account).await;
    handle(&needs, input(EXECUTION)).await.unwrap();
    let second = EXECUTION.replace("20261120-021500", "by-hand");
    let error = handle(&needs, input(&second)).await.unwrap_err();
    assert_eq!(error.name(), "DeploymentBusy");
    assert!(error.to_string().contains(EXECUTION), "{error}");
    assert_eq!(needs.catalog.sets("hubs-prod").await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_lease_of_an_execution_that_is_gone_is_taken_over() {
    let needs = needs(document("hubs-prod", &[]), Account::default()).await;
    handle(&needs, input(EXECUTION)).await.unwrap();
    let second = EXECUTION.replace("20261120-021500", "by-hand");
    handle(&needs, input(&second)).await.unwrap();
    assert_eq!(
        needs.catalog.lease("hubs-prod").await.unwrap().unwrap().execution,
        second
    );
}

#[tokio::test]
async fn a_prefix_becomes_its_tables_and_one_without_tables_stays_to_fail_alone() {
    let mut document = document("hubs-prod", &[]);
    document["resources"] = json!({
        "tables": {"kind": "dynamodb", "prefix": "hubs-", "deadline": "1h"},
        "others": {"kind": "dynamodb", "prefix": "none-"},
    });
    let account = Account {
        tables: vec!["hubs-rooms", "hubs-users", "shop-users"],
        ..Account::default()
    };
    let output = handle(&needs(document, account).await, input(EXECUTION)).await.unwrap();
    let planned = serde_json::to_value(&output.resources).unwrap();
    assert_eq!(
        planned,
        json!([
            {"name": "others", "kind": "dynamodb_prefix", "prefix": "none-", "deadline_seconds": 21600},
            {"name": "tables.hubs-rooms", "kind": "dynamodb", "table": "hubs-rooms", "deadline_seconds": 3600},
            {"name": "tables.hubs-users", "kind": "dynamodb", "table": "hubs-users", "deadline_seconds": 3600},
        ])
    );
}

#[tokio::test]
async fn copies_of_restores_are_left_out_unless_a_switch_or_a_probe_names_them() {
    let mut document = document("hubs-prod", &[]);
    document["resources"] = json!({"tables": {"kind": "dynamodb", "prefix": "hubs-"}});
    document["probes"] = json!({"users": {"resource": "tables", "table": "hubs-users-r1"}});
    let account = || Account {
        tables: vec![
            "hubs-rooms",
            "hubs-rooms-r1",
            "hubs-rooms-r2",
            "hubs-users",
            "hubs-users-r1",
        ],
        copies: vec!["hubs-rooms-r1", "hubs-rooms-r2", "hubs-users-r1", "shop-r1"],
        ..Account::default()
    };
    let needs = needs(document, account()).await;
    let output = handle(&needs, input(EXECUTION)).await.unwrap();
    let planned: Vec<_> = output.resources.iter().map(|table| table.target.identifier()).collect();
    assert_eq!(planned, ["hubs-rooms", "hubs-users", "hubs-users-r1"]);
    let run = needs.catalog.run("hubs-prod", &output.run.id).await.unwrap().unwrap();
    let [warning] = &run.warnings[..] else {
        panic!("{:?}", run.warnings)
    };
    assert_eq!(
        (warning.subject.as_str(), warning.error.as_str()),
        ("tables", "CopiesLeftOut")
    );
    assert!(
        warning.message.ends_with("hubs-rooms-r1, hubs-rooms-r2"),
        "{}",
        warning.message
    );
}

/// A deployment that covers `hubs-`, beside another one whose descriptor may be unreadable; and what its plan warns of.
async fn covering(account: Account, unreadable: bool) -> Vec<Reason> {
    let mut document = document("hubs-prod", &[]);
    document["covers"] = json!({"prefix": "hubs-"});
    let shop = json!({"deployment": "shop", "resources": {"likes": {"kind": "dynamodb", "table": "hubs-likes"}}});
    let (catalog, memory) = catalog();
    for document in [&document, &shop] {
        let descriptor = Descriptor::parse(document).unwrap();
        catalog.put_descriptor(&descriptor).await.unwrap();
    }
    if unreadable {
        memory.spoil(|key| key.pk.contains("shop"));
    }
    let needs = Needs {
        catalog,
        ..needs(document, account).await
    };
    let run = handle(&needs, input(EXECUTION)).await.unwrap().run;
    needs.catalog.run("hubs-prod", &run.id).await.unwrap().unwrap().warnings
}

#[tokio::test]
async fn a_table_that_is_named_like_the_deployments_and_in_no_descriptor_is_told() {
    let account = Account {
        tables: vec!["hubs-rooms", "hubs-likes", "hubs-new", "hubs-rooms-r1", "shop-users"],
        copies: vec!["hubs-rooms-r1"],
        ..Account::default()
    };
    let warnings = covering(account, false).await;
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    assert_eq!(
        (warning.subject.as_str(), warning.error.as_str()),
        ("covers", "InNoSet")
    );
    assert!(
        warning.message.starts_with("table hubs-new begins with hubs-"),
        "{}",
        warning.message
    );
}

/// Another deployment's descriptor may have the table: without it no table is accused, and no backup fails.
#[tokio::test]
async fn what_another_descriptor_may_have_is_not_known_without_it() {
    let account = Account {
        tables: vec!["hubs-rooms", "hubs-new"],
        ..Account::default()
    };
    let warnings = covering(account, true).await;
    assert!(
        warnings.len() == 1 && warnings[0].message.contains("is not known: "),
        "{warnings:?}"
    );
    assert!(!warnings[0].message.contains("hubs-new"), "{warnings:?}");
}

#[tokio::test]
async fn nothing_is_told_where_descriptors_have_all_that_is_covered() {
    let account = Account {
        tables: vec!["hubs-rooms", "hubs-likes"],
        ..Account::default()
    };
    assert_eq!(covering(account, false).await, []);
}

#[tokio::test]
async fn probes_know_where_to_count_or_why_they_cannot() {
    let mut document = document("hubs-prod", &[]);
    document["resources"]["old"] = json!({"kind": "aurora", "cluster": "gone"});
    let sql = |resource: &str| json!({"resource": resource, "sql": "select count(*) from users", "secret": "login", "database": "polycosm"});
    document["probes"] = json!({"users": sql("database"), "lost": sql("old"), "rooms": {"resource": "rooms"}});
    let account = Account {
        clusters: vec!["hubs-db"],
        ..Account::default()
    };
    let output = handle(&needs(document, account).await, input(EXECUTION)).await.unwrap();
    let planned = serde_json::to_value(&output.probes).unwrap();
    assert_eq!(
        planned[0]["failure"],
        json!({"error": "NotFound", "cause": "no cluster gone"})
    );
    assert_eq!(
        planned[1],
        json!({"name": "rooms", "kind": "items", "table": "hubs-rooms"})
    );
    assert_eq!(planned[2]["kind"], "sql");
    assert_eq!(planned[2]["endpoint"], json!({"host": "hubs-db.local", "port": 5432}));
}

#[tokio::test]
async fn what_cannot_be_planned_leaves_no_set_and_no_lease() {
    let mut disabled = document("hubs-prod", &[]);
    disabled["enabled"] = json!(false);
    let needs = needs(disabled, Account::default()).await;
    assert_eq!(
        handle(&needs, input(EXECUTION)).await.unwrap_err().name(),
        "InvalidInput"
    );
    let unknown = Input {
        request: json!({"deployment": "nobody"}),
        ..input(EXECUTION)
    };
    let error = handle(&needs, unknown).await.unwrap_err();
    assert_eq!(error.name(), "NotFound");
    assert!(error.to_string().contains("holdfast apply"), "{error}");
    let wrong = Input {
        request: json!({"deploymnt": "hubs-prod", "force": true}),
        ..input(EXECUTION)
    };
    let Error::InvalidInput(faults) = handle(&needs, wrong).await.unwrap_err() else {
        panic!("not InvalidInput")
    };
    assert!(faults.len() >= 3, "every fault at once: {faults:?}");
    assert_eq!(needs.catalog.lease("hubs-prod").await.unwrap(), None);
    assert!(needs.catalog.sets("hubs-prod").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_run_that_has_ended_is_not_planned_again() {
    let needs = needs(document("hubs-prod", &[]), Account::default()).await;
    let run = run();
    needs
        .catalog
        .record_ended_run(&run, crate::domain::set::Purpose::Backup, now())
        .await
        .unwrap();
    let error = handle(&needs, input(EXECUTION)).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("holdfast backup hubs-prod"), "{error}");
    assert_eq!(needs.catalog.lease("hubs-prod").await.unwrap(), None);
    assert!(needs.catalog.sets("hubs-prod").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_run_that_ends_while_it_is_planned_leaves_no_lease_and_no_running_set() {
    // In turn, the clean-up runs after each write: the run's record, the lease, the set.
    for nth in 1..=3 {
        let (catalog, memory) = catalog();
        let descriptor = Descriptor::parse(&document("hubs-prod", &[])).unwrap();
        catalog.put_descriptor(&descriptor).await.unwrap();
        let needs = Needs {
            catalog,
            kinds: Account::default().kinds(),
            executions: Account::default().executions(),
            switches: Switches::all(Switchboard::new()),
            hooks: Hooks::all(RecordedHooks::all_well()),
        };
        memory.meanwhile(nth, |items| {
            items.retain(|key, _| key.sk != "LEASE");
            for (key, item) in items {
                if key.sk.starts_with("RUN#") {
                    item.insert("ended_at".into(), json!(now()));
                } else if key.sk.starts_with("SET#") {
                    item.insert("status".into(), json!(SetStatus::Failed));
                }
            }
        });
        let error = handle(&needs, input(EXECUTION)).await.unwrap_err();
        assert_eq!(error.name(), "Conflict", "{nth}: {error}");
        assert_eq!(needs.catalog.lease("hubs-prod").await.unwrap(), None, "{nth}");
        let sets = needs.catalog.sets("hubs-prod").await.unwrap();
        assert!(
            sets.iter().all(|set| set.status == SetStatus::Failed),
            "{nth}: {sets:?}"
        );
    }
}

#[tokio::test]
async fn more_tables_than_a_run_carries_are_refused_before_anything_is_taken() {
    let mut document = document("hubs-prod", &[]);
    document["resources"]["tables"] = json!({"kind": "dynamodb", "prefix": "many-"});
    let names: Vec<String> = (0..199).map(|number| format!("many-{number}")).collect();
    let account = |most: usize| Account {
        many: names[..most].to_vec(),
        ..Account::default()
    };
    let most = handle(&needs(document.clone(), account(198)).await, input(EXECUTION)).await;
    assert_eq!(most.unwrap().resources.len(), 200);
    let needs = needs(document, account(199)).await;
    let Error::InvalidInput(faults) = handle(&needs, input(EXECUTION)).await.unwrap_err() else {
        panic!("not InvalidInput")
    };
    assert_eq!((faults.len(), faults[0].path.as_str()), (1, "resources.tables.prefix"));
    assert!(
        faults[0].value.contains("199") && faults[0].allowed.contains("200"),
        "{faults:?}"
    );
    assert_eq!(needs.catalog.lease("hubs-prod").await.unwrap(), None);
    assert!(needs.catalog.sets("hubs-prod").await.unwrap().is_empty());
}

fn safety(holder: &str) -> Input {
    Input {
        request: json!({"deployment": "hubs-prod", "on_behalf_of": holder}),
        ..input(&EXECUTION.replace("20261120-021500", "safety"))
    }
}

#[tokio::test]
async fn a_safety_backup_runs_under_the_lease_of_the_restore_that_asks_for_it_and_leaves_it_there() {
    let account = Account::default();
    account.running.lock().unwrap().push(EXECUTION.into());
    let mut disabled = document("hubs-prod", &[]);
    disabled["enabled"] = json!(false);
    let needs = needs(disabled, account).await;
    let restore = run();
    needs
        .catalog
        .acquire_lease(&restore, |_| async { Ok(true) })
        .await
        .unwrap();
    let output = handle(&needs, safety(EXECUTION)).await.unwrap();
    assert_eq!(handle(&needs, safety(EXECUTION)).await.unwrap(), output);
    assert_ne!(output.run.id, restore.id, "two runs that began in one second");
    let recorded = needs.catalog.run("hubs-prod", &output.run.id).await.unwrap().unwrap();
    assert_eq!(recorded.purpose, Purpose::SafetyBackup);
    let end = RunEnd {
        reasons: vec![Reason {
            subject: "EndRun".into(),
            error: "VerificationFailed".into(),
            message: "over".into(),
        }],
        failed: false,
    };
    closing::end(&needs.catalog, &output.run, end, now()).await.unwrap();
    let lease = needs.catalog.lease("hubs-prod").await.unwrap().unwrap();
    assert_eq!(lease.execution, EXECUTION, "the restore still holds it");
}

#[tokio::test]
async fn a_backup_on_behalf_of_nobody_is_refused() {
    // No execution has the lease; another one has it; the one that has it is not running.
    let other = EXECUTION.replace("20261120-021500", "by-hand");
    for (held_by, running, words) in [
        (None, true, "nobody holds"),
        (Some(other.as_str()), true, other.as_str()),
        (Some(EXECUTION), false, "not running any more"),
    ] {
        let account = Account::default();
        if running {
            account.running.lock().unwrap().push(EXECUTION.into());
        }
        let needs = needs(document("hubs-prod", &[]), account).await;
        if let Some(execution) = held_by {
            let holder = Run {
                execution: execution.into(),
                ..run()
            };
            needs
                .catalog
                .acquire_lease(&holder, |_| async { Ok(true) })
                .await
                .unwrap();
        }
        let error = handle(&needs, safety(EXECUTION)).await.unwrap_err();
        assert_eq!(error.name(), "InvalidInput");
        assert!(error.to_string().contains(words), "{words} in {error}");
        assert!(needs.catalog.sets("hubs-prod").await.unwrap().is_empty());
        let lease = needs.catalog.lease("hubs-prod").await.unwrap();
        assert_eq!(lease.map(|lease| lease.execution).as_deref(), held_by);
    }
}

#[tokio::test]
async fn an_id_that_another_execution_has_is_refused() {
    let needs = needs(document("hubs-prod", &[]), Account::default()).await;
    let descriptor = needs.catalog.descriptor("hubs-prod").await.unwrap();
    let mut other = crate::testing::record(&run());
    other.execution = EXECUTION.replace("20261120-021500", "by-hand");
    needs.catalog.put_run(&other, &descriptor).await.unwrap();
    let error = handle(&needs, input(EXECUTION)).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains(&other.execution), "{error}");
    assert!(needs.catalog.sets("hubs-prod").await.unwrap().is_empty());
}

fn switched() -> Value {
    let mut document = document("hubs-prod", &[]);
    document["cut_over"] = json!([
        {"name": "login", "resource": "database", "kind": "parameter", "parameter": "/hubs/db", "value": "host"},
        {"name": "rooms", "resource": "rooms", "kind": "parameter", "parameter": "/hubs/rooms"},
    ]);
    document
}

/// Fails at 8e363f8: resources that nothing used any more were backed up and sealed.
#[tokio::test]
async fn what_the_application_does_not_use_is_not_backed_up() {
    let board = Switchboard::new();
    board.leading("login", Reference::Elsewhere("cluster hubs-db-r1".into()));
    board.leading("rooms", Reference::Elsewhere("another table".into()));
    let needs = switched_by(board, switched(), Account::default()).await;
    let error = handle(&needs, input(EXECUTION)).await.unwrap_err();
    let message = error.to_string();
    assert_eq!(error.name(), "InvalidInput");
    for part in [
        "resources.database.cluster",
        "the application uses cluster hubs-db-r1, to which switch login leads, is not allowed",
        "resources.rooms.table",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(needs.catalog.sets("hubs-prod").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_told_of_a_switch_is_a_warning() {
    let board = Switchboard::new();
    board.leading("login", Reference::Unknown("an alias".into()));
    let needs = switched_by(board, switched(), Account::default()).await;
    let planned = handle(&needs, input(EXECUTION)).await.unwrap();
    let run = needs.catalog.run("hubs-prod", &planned.run.id).await.unwrap().unwrap();
    let warned: Vec<&str> = run.warnings.iter().map(|warning| warning.subject.as_str()).collect();
    assert_eq!(warned, ["switch login"]);
    assert!(run.warnings[0].message.contains("an alias"));
}

#[tokio::test]
async fn a_hook_that_does_not_exist_is_found_before_anything_is_touched() {
    let mut needs = needs(document("hubs-prod", &["offline", "drain"]), Account::default()).await;
    let hooks = RecordedHooks::missing("drain");
    needs.hooks = Hooks::all(hooks.clone());
    let error = handle(&needs, input(EXECUTION)).await.unwrap_err();
    assert_eq!(error.name(), "InvalidInput");
    for part in ["hooks.drain.function", "does not exist"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(hooks.calls().is_empty());
    assert_eq!(needs.catalog.lease("hubs-prod").await.unwrap(), None);
    assert_eq!(needs.catalog.sets("hubs-prod").await.unwrap(), []);
}
