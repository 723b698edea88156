#![allow(clippy::unwrap_used)]

mod as_of;
mod matched;
mod refused;
mod without_catalog;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;

use super::dependents::DependentLookup;
use super::*;
use crate::catalog::Catalog;
use crate::domain::descriptor::Switch;
use crate::domain::reference::Reference;
use crate::domain::resource::{RecoveryPoint, Target, Version};
use crate::domain::restore::RestoreStatus;
use crate::domain::restore::dependents::record::Record;
use crate::domain::restore::dependents::selection::Selection;
use crate::domain::restore::plan::Source;
use crate::domain::restore::remark::Remark;
use crate::domain::restore::set_selection::RecoveryWindow;
use crate::domain::restore::switch_progress::SwitchProgress;
use crate::domain::set::{BackupSet, Point, PointStatus, Purpose, SetStatus};
use crate::error::Fault;
use crate::hooks::Hooks;
use crate::kinds::Preflight;
use crate::switches::{SwitchDriver, Switches};
use crate::testing::memory::Memory;
use crate::testing::{
    EXECUTION, RecordedHooks, RecordedKind, Recoverable, RunningExecutions, catalog, document, kinds, later, now,
    resource, started_at,
};

const RESTORE: &str = "arn:aws:states:us-east-1:000000000000:execution:holdfast-restore:by-hand";

/// Nothing in the Region refers to a resource.
struct NoDependents;

#[async_trait]
impl DependentLookup for NoDependents {
    async fn alarms(&self) -> Result<Vec<dependents::Alarm>> {
        Ok(Vec::new())
    }

    async fn mappings(&self) -> Result<Vec<dependents::EventSourceMapping>> {
        Ok(Vec::new())
    }

    async fn selections(&self) -> Result<dependents::PartialList<Selection>> {
        Ok(dependents::PartialList {
            found: Vec::new(),
            whole: true,
        })
    }

    async fn records(&self, _: &[&str]) -> Result<dependents::PartialList<Record>> {
        Ok(dependents::PartialList {
            found: Vec::new(),
            whole: true,
        })
    }
}

/// Has a preflight fault for a switch called `wrong`, and does nothing else.
struct Refusing;

#[async_trait]
impl SwitchDriver for Refusing {
    async fn preflight(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Vec<Fault>> {
        let fault = Fault {
            path: format!("cut_over.{}.secret", switch.name),
            value: "a secret that is gone".into(),
            allowed: "one that is there".into(),
        };
        Ok((switch.name == "wrong").then_some(fault).into_iter().collect())
    }

    async fn reference(&self, switch: &Switch, _: &Target) -> Result<Reference> {
        panic!("planning a restore reads no reference: {switch:?}")
    }

    async fn observe(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Value> {
        panic!("planning switches nothing: {switch:?}")
    }

    async fn apply(&self, _: &Run, switch: &Switch, _: &RestoreItem, _: &Value, _: &Value) -> Result<SwitchProgress> {
        panic!("planning switches nothing: {switch:?}")
    }

    async fn revert(
        &self,
        _: &Run,
        switch: &Switch,
        _: &RestoreItem,
        _: &Value,
        _: &Value,
        _: &Value,
    ) -> Result<SwitchProgress> {
        panic!("planning switches nothing: {switch:?}")
    }
}

/// A deployment with every kind, and a switch for its cluster.
fn all_kinds() -> Value {
    let mut document = document("hubs-prod", &["offline"]);
    document["resources"] = json!({
        "database": {"kind": "aurora", "cluster": "hubs-db"},
        "files": {"kind": "efs", "file_system": "fs-01234567"},
        "rooms": {"kind": "dynamodb", "table": "hubs-rooms"},
        "login": {"kind": "secret", "secret": "hubs/login"},
    });
    document["restore_deadline"] = json!("12h");
    document["cut_over"] = json!([
        {"name": "login", "resource": "database", "kind": "secret", "secret": "hubs/login"},
    ]);
    document
}

fn target(name: &str) -> Resource {
    let target = match name {
        "files" => Target::Efs {
            file_system: "fs-01234567".into(),
            vault: None,
            role: None,
        },
        "login" => Target::Secret {
            secret: "hubs/login".into(),
        },
        name => return resource(name),
    };
    Resource {
        name: name.into(),
        target,
        deadline_seconds: 60,
    }
}

fn source(point: &RecoveryPoint) -> Source {
    let found = crate::domain::kinds::ALL.iter().find_map(|kind| kind.source(point));
    found.unwrap()
}

fn recovery_point(set: &str, name: &str) -> RecoveryPoint {
    let here = "us-east-1:000000000000";
    match name {
        "database" => RecoveryPoint::ClusterSnapshot {
            id: format!("hf-{set}"),
            arn: format!("arn:aws:rds:{here}:cluster-snapshot:hf-{set}"),
        },
        "files" => RecoveryPoint::BackupRecoveryPoint {
            arn: format!("arn:aws:backup:{here}:recovery-point:{set}"),
            vault: "vault".into(),
            job: "job".into(),
        },
        "login" => RecoveryPoint::Versions {
            versions: vec![Version {
                name: "hubs/login".into(),
                version: "1".into(),
            }],
            seen_at: now(),
        },
        _ => RecoveryPoint::TableBackup {
            arn: format!("arn:aws:dynamodb:{here}:table/hubs-rooms/backup/{set}"),
            name: format!("hf-{set}"),
            archive: None,
        },
    }
}

fn point(set: &str, name: &str, captured_at: Timestamp) -> Point {
    Point {
        set: set.into(),
        resource: target(name),
        status: PointStatus::Available,
        recovery_point: Some(recovery_point(set, name)),
        configuration: json!({"captured": name}),
        started_at: Some(captured_at),
        captured_at: Some(captured_at),
        finished_at: Some(captured_at),
        size_bytes: Some(4096),
        percent: None,
        looked_at: None,
        sample: None,
        probes: Vec::new(),
        failure: None,
    }
}

const RESOURCES: [&str; 4] = ["database", "files", "login", "rooms"];

/// A set captured the given number of hours ago.
async fn seal(catalog: &Catalog, hours: i64) -> String {
    let captured = later(-3600 * hours);
    let id = format!("hubs-prod-{}-aaaa", captured.strftime("%Y%m%d-%H%M%S"));
    let mut set = BackupSet {
        id: id.clone(),
        deployment: "hubs-prod".into(),
        status: SetStatus::Running,
        execution: format!("execution-{hours}"),
        started_at: captured,
        ended_at: Some(captured),
        resources: RESOURCES.map(str::to_owned).into(),
        captured_from: Some(captured),
        captured_to: Some(captured),
        skew_seconds: Some(0.0),
        quiesced_seconds: Some(1.0),
        quiesced_throughout: None,
        probes: Vec::new(),
        reasons: Vec::new(),
    };
    catalog.begin_set(&set).await.unwrap();
    for name in RESOURCES {
        catalog
            .put_point("hubs-prod", &point(&id, name, captured))
            .await
            .unwrap();
    }
    set.status = SetStatus::Sealed;
    catalog.close_set(&set).await.unwrap();
    id
}

struct World {
    needs: Needs,
    kind: Arc<RecordedKind>,
    executions: Arc<RunningExecutions>,
    memory: Arc<Memory>,
    /// Ids of the sets of yesterday, two days ago, three days ago.
    sets: Vec<String>,
}

async fn world(document: Value, account: Recoverable) -> World {
    let (catalog, memory) = catalog();
    catalog
        .put_descriptor(&Descriptor::parse(&document).unwrap())
        .await
        .unwrap();
    let mut sets = Vec::new();
    for hours in [24, 48, 72] {
        sets.push(seal(&catalog, hours).await);
    }
    let kind = Arc::new(RecordedKind::default());
    kind.recovering(account);
    let executions = Arc::new(RunningExecutions::default());
    World {
        needs: Needs {
            catalog,
            kinds: kinds(&kind),
            switches: Switches::all(Arc::new(Refusing)),
            executions: executions.clone(),
            hooks: Hooks::all(RecordedHooks::all_well()),
            dependents: Arc::new(NoDependents),
        },
        kind,
        executions,
        memory,
        sets,
    }
}

fn input(request: Value) -> Input {
    Input {
        request,
        execution: RESTORE.into(),
        started_at: started_at(),
        now: now(),
    }
}

async fn record(needs: &Needs, run: &Run) -> RestoreRecord {
    needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap()
}

async fn planned(request: Value) -> (World, Output, RestoreRecord) {
    let world = world(all_kinds(), Recoverable::default()).await;
    let output = handle(&world.needs, input(request)).await.unwrap();
    let record = record(&world.needs, &output.run).await;
    (world, output, record)
}

fn names_of(resources: &[Resource]) -> Vec<&str> {
    resources.iter().map(|resource| resource.name.as_str()).collect()
}

#[tokio::test]
async fn the_newest_sealed_set_is_planned_beside_what_is_there_and_recorded_before_anything_is_made() {
    let (world, output, record) = planned(json!({"deployment": "hubs-prod"})).await;
    assert_eq!(
        (record.status, record.execution.as_str()),
        (RestoreStatus::Planned, RESTORE)
    );
    assert_eq!(record.plan.set.as_ref(), Some(&world.sets[0]));
    assert!(record.plan.at_rest && output.has_hooks);
    assert_eq!(names_of(&output.resources), ["database", "files", "rooms"]);
    assert_eq!(names_of(&output.compared), RESOURCES);
    let destination: Vec<Value> = record
        .plan
        .resources
        .iter()
        .map(|planned| json!(planned.destination))
        .collect();
    assert_eq!(
        json!(destination),
        json!([
            {"into": "cluster", "cluster": "hubs-db-r20261120-021500-e0da"},
            {"into": "directory", "file_system": "fs-01234567"},
            {"into": "nothing"},
            {"into": "table", "table": "hubs-rooms-r20261120-021500-e0da"},
        ])
    );
    let items = world.needs.catalog.items("hubs-prod", &output.run.id).await.unwrap();
    for item in &items {
        let planned = &item.planned;
        assert_eq!(planned.resource.deadline_seconds, 12 * 3600, "the restore's deadline");
        assert_eq!(
            planned.source,
            source(&recovery_point(&world.sets[0], &planned.resource.name))
        );
        assert_eq!(item.configuration, json!({"captured": planned.resource.name}));
        let lost = (planned.resource.name != "login").then_some(24 * 3600);
        assert_eq!(planned.loss_seconds, lost, "{}", planned.resource.name);
    }
    let lease = world.needs.catalog.lease("hubs-prod").await.unwrap().unwrap();
    assert_eq!(lease.execution, RESTORE);
    let run = world
        .needs
        .catalog
        .run("hubs-prod", &output.run.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(run.purpose, Purpose::Restore);
}

#[tokio::test]
async fn planning_twice_plans_the_same() {
    let world = world(all_kinds(), Recoverable::default()).await;
    let first = handle(&world.needs, input(json!({"deployment": "hubs-prod"})))
        .await
        .unwrap();
    let before = world.memory.items();
    let second = handle(&world.needs, input(json!({"deployment": "hubs-prod"})))
        .await
        .unwrap();
    assert_eq!(first, second);
    assert_eq!(world.memory.items(), before);
}

#[tokio::test]
async fn a_dry_run_is_recorded_and_takes_no_lease() {
    let (world, output, record) = planned(json!({"deployment": "hubs-prod", "dry_run": true})).await;
    assert!(output.dry_run && record.plan.dry_run);
    assert_eq!(world.needs.catalog.lease("hubs-prod").await.unwrap(), None);
    assert!(!world.kind.calls().iter().any(|call| call.starts_with("advance")));
}

#[tokio::test]
async fn the_request_says_what_is_chosen_and_how_it_is_called() {
    let request = json!({
        "deployment": "hubs-prod", "before": "2026-11-18T12:00:00Z", "only": ["database", "files"], "suffix": "incident",
        "names": {"database": "hubs-db-new"}, "into": {"files": "file_system"}, "on_failure": "keep", "approval": "required",
        "safety_backup": true,
    });
    let (world, output, record) = planned(request).await;
    assert_eq!(record.plan.set.as_ref(), Some(&world.sets[1]), "the newest from before");
    let destination: Vec<&Destination> = record
        .plan
        .resources
        .iter()
        .map(|planned| &planned.destination)
        .collect();
    assert!(matches!(destination[0], Destination::Cluster { cluster } if cluster == "hubs-db-new"));
    assert!(matches!(destination[1], Destination::FileSystem { token } if token.len() == 64));
    assert!(output.approval && output.safety_backup && output.on_failure == OnFailure::Keep);
    assert!(
        record.plan.not_covered.iter().any(|words| words.starts_with("rooms: ")),
        "{:?}",
        record.plan
    );
    assert!(
        record
            .plan
            .remarks
            .iter()
            .any(|remark| remark.text.contains("passed over")),
        "{:?}",
        record.plan
    );
}

#[tokio::test]
async fn a_file_system_that_is_gone_is_restored_into_a_new_one() {
    let account = Recoverable {
        gone: BTreeSet::from(["fs-01234567"]),
        ..Recoverable::default()
    };
    let world = world(all_kinds(), account).await;
    let output = handle(&world.needs, input(json!({"deployment": "hubs-prod"})))
        .await
        .unwrap();
    let record = record(&world.needs, &output.run).await;
    assert!(matches!(
        record.plan.resources[1].destination,
        Destination::FileSystem { .. }
    ));
}

#[tokio::test]
async fn a_disabled_deployment_can_be_restored() {
    let mut document = all_kinds();
    document["enabled"] = json!(false);
    let world = world(document, Recoverable::default()).await;
    handle(&world.needs, input(json!({"deployment": "hubs-prod"})))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_the_preflight_of_a_kind_finds_is_in_the_plan() {
    let world = world(all_kinds(), Recoverable::default()).await;
    world.kind.set_preflight(
        "database",
        Ok(Preflight {
            remarks: vec!["the engine is upgraded to 16.4".into()],
            creates: vec!["parameter group hubs-pg".into()],
            security_groups: vec!["sg-2".into(), "sg-1".into()],
            ..Preflight::default()
        }),
    );
    world.kind.set_preflight(
        "files",
        Ok(Preflight {
            security_groups: vec!["sg-1".into()],
            ..Preflight::default()
        }),
    );
    let catalog = &world.needs.catalog;
    for (restore, seconds) in [("a", 100), ("b", 300), ("c", 200)] {
        catalog
            .add_timing("hubs-prod", "restore#rooms", restore, seconds)
            .await
            .unwrap();
    }
    let output = handle(&world.needs, input(json!({"deployment": "hubs-prod"})))
        .await
        .unwrap();
    assert_eq!(output.security_groups, ["sg-1", "sg-2"]);
    let plan = record(&world.needs, &output.run).await.plan;
    assert_eq!(plan.resources[0].creates, ["parameter group hubs-pg"]);
    assert!(
        plan.remarks
            .contains(&Remark::of("database", "the engine is upgraded to 16.4")),
        "{:?}",
        plan.remarks
    );
    assert_eq!(
        (plan.resources[3].usual_seconds, plan.expected_seconds),
        (Some(200), Some(200))
    );
}

/// Only captured instances are created again with the requested CA certificate.
#[tokio::test]
async fn a_certificate_authority_is_given_where_instances_were_captured_and_else_said_not_to_be() {
    let request = json!({"deployment": "hubs-prod", "ca_certificates": {"database": "rds-ca-rsa2048-g1"}});
    for (instances, said) in [
        (
            json!(null),
            "database: rds-ca-rsa2048-g1 IS NOT GIVEN: the instances of its source were not captured",
        ),
        (
            json!([]),
            "database: every instance of the copy gets rds-ca-rsa2048-g1, as requested",
        ),
    ] {
        let world = world(all_kinds(), Recoverable::default()).await;
        let mut captured = point(&world.sets[0], "database", later(-3600 * 24));
        captured.configuration["DBInstances"] = instances;
        world
            .needs
            .catalog
            .finalize_point("hubs-prod", &captured)
            .await
            .unwrap();
        let output = handle(&world.needs, input(request.clone())).await.unwrap();
        let remarks = record(&world.needs, &output.run).await.plan.remarks;
        assert!(
            remarks.iter().any(|remark| remark.to_string().starts_with(said)),
            "{said} in {remarks:?}"
        );
        let about = remarks
            .iter()
            .filter(|remark| remark.text.contains("rds-ca-rsa2048-g1"));
        assert_eq!(about.count(), 1, "{remarks:?}");
    }
}

#[tokio::test]
async fn without_anything_to_switch_nothing_is_brought_to_rest() {
    let mut document = all_kinds();
    document["cut_over"] = json!([]);
    let without = world(document, Recoverable::default()).await;
    let output = handle(&without.needs, input(json!({"deployment": "hubs-prod"})))
        .await
        .unwrap();
    assert_eq!((output.cut_over, output.has_hooks), (CutOverMode::No, false));
    let plan = record(&without.needs, &output.run).await.plan;
    assert!(
        plan.remarks
            .iter()
            .any(|remark| remark.text.starts_with("nothing is switched")),
        "{:?}",
        plan.remarks
    );
    let unswitched = planned(json!({"deployment": "hubs-prod", "cut_over": "no"})).await.1;
    assert_eq!((unswitched.cut_over, unswitched.has_hooks), (CutOverMode::No, false));
}

#[tokio::test]
async fn what_the_descriptor_switches_is_said_in_the_plan() {
    let (_, output, record) = planned(json!({"deployment": "hubs-prod"})).await;
    assert_eq!((output.cut_over, output.has_hooks), (CutOverMode::Yes, true));
    assert_eq!(
        record.plan.switches,
        ["host and port of secret hubs/login lead to cluster hubs-db-r20261120-021500-e0da"]
    );
    let (_, output, record) = planned(json!({"deployment": "hubs-prod", "only": ["rooms"]})).await;
    assert_eq!(output.cut_over, CutOverMode::No, "the switch's resource is left out");
    assert!(record.plan.switches.is_empty());
    let approved = planned(json!({"deployment": "hubs-prod", "cut_over": "ask"})).await.1;
    assert_eq!(approved.cut_over, CutOverMode::Ask);
}
