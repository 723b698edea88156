//! Requests that are refused, with all faults at once, before the lease is taken or anything is created.

use super::*;
use crate::domain::restore::dependents::Dependent;

fn fault(path: &str) -> Fault {
    Fault {
        path: path.into(),
        value: "what is there".into(),
        allowed: "something else".into(),
    }
}

async fn faults(world: &World, request: Value) -> Vec<Fault> {
    let Error::InvalidInput(faults) = handle(&world.needs, input(request)).await.unwrap_err() else {
        panic!("not InvalidInput")
    };
    assert_eq!(world.needs.catalog.lease("hubs-prod").await.unwrap(), None);
    assert!(world.needs.catalog.restores("hubs-prod").await.unwrap().is_empty());
    faults
}

fn paths(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.path.as_str()).collect()
}

#[tokio::test]
async fn the_faults_of_the_request_of_all_resources_and_of_all_switches_come_at_once() {
    let mut document = all_kinds();
    document["cut_over"][0]["name"] = json!("wrong");
    let world = world(document, Recoverable::default()).await;
    for name in ["database", "rooms"] {
        let preflight = Preflight {
            faults: vec![fault(&format!("resources.{name}.table"))],
            ..Preflight::default()
        };
        world.kind.set_preflight(name, Ok(preflight));
    }
    let denied = Error::AccessDenied("describing the recovery point".into());
    world.kind.set_preflight("files", Err(denied));
    let request = json!({"deployment": "hubs-prod", "except": ["nobody"], "safety_backup": true});
    let faults = faults(&world, request).await;
    assert_eq!(
        paths(&faults),
        [
            "except[0]",
            "resources.database.table",
            "resources.files",
            "resources.rooms.table",
            "cut_over.wrong.secret",
        ]
    );
    assert!(
        faults[2]
            .to_string()
            .contains("AccessDenied: describing the recovery point"),
        "{}",
        faults[2]
    );
}

#[tokio::test]
async fn what_passes_by_itself_is_no_fault() {
    let world = world(all_kinds(), Recoverable::default()).await;
    world
        .kind
        .set_preflight("rooms", Err(Error::Throttled("slower".into())));
    let request = json!({"deployment": "hubs-prod"});
    assert_eq!(
        handle(&world.needs, input(request.clone())).await.unwrap_err().name(),
        "Throttled"
    );
    handle(&world.needs, input(request)).await.unwrap();
}

#[tokio::test]
async fn a_time_to_come_a_set_of_nobody_and_a_deployment_of_nobody_are_refused() {
    let world = world(all_kinds(), Recoverable::default()).await;
    let late = faults(
        &world,
        json!({"deployment": "hubs-prod", "before": "2027-01-01T00:00:00Z"}),
    )
    .await;
    assert_eq!(paths(&late), ["before"]);
    let early = faults(
        &world,
        json!({"deployment": "hubs-prod", "before": "2026-01-01T00:00:00Z"}),
    )
    .await;
    assert_eq!(paths(&early), ["before"]);
    let none = faults(
        &world,
        json!({"deployment": "hubs-prod", "set": "hubs-prod-20250101-000000-aaaa"}),
    )
    .await;
    assert_eq!(paths(&none), ["set"]);
    let unknown = handle(&world.needs, input(json!({"deployment": "shop"})))
        .await
        .unwrap_err();
    assert_eq!(unknown.name(), "NotFound");
}

#[tokio::test]
async fn a_cut_over_of_nothing_is_refused() {
    let mut document = all_kinds();
    document["cut_over"] = json!([]);
    let world = world(document, Recoverable::default()).await;
    for word in ["yes", "ask"] {
        let faults = faults(&world, json!({"deployment": "hubs-prod", "cut_over": word})).await;
        assert_eq!(paths(&faults), ["cut_over"]);
        assert!(faults[0].allowed.contains("apply the descriptor"), "{}", faults[0]);
    }
}

/// Before this check, such a restore was planned and approved, and then always failed.
#[tokio::test]
async fn a_switch_to_a_file_system_that_is_not_there_yet_is_refused() {
    let mut document = all_kinds();
    let switches = document["cut_over"].as_array_mut().unwrap();
    switches
        .push(json!({"name": "web", "kind": "ecs_service", "resource": "files", "cluster": "hubs", "service": "web"}));
    let world = world(document, Recoverable::default()).await;
    let into = json!({"deployment": "hubs-prod", "into": {"files": "file_system"}});
    let faults = faults(&world, into.clone()).await;
    assert_eq!(paths(&faults), ["cut_over.web.resource"]);
    for part in ["\"directory\"", "`except`: [\"files\"]", "efs-access.yaml"] {
        assert!(faults[0].allowed.contains(part), "{}", faults[0]);
    }
    let mut beside = into;
    beside["cut_over"] = json!("no");
    handle(&world.needs, input(beside)).await.unwrap();
}

#[tokio::test]
async fn a_safety_backup_of_what_is_gone_is_refused() {
    let account = Recoverable {
        gone: BTreeSet::from(["hubs-db", "hubs-rooms"]),
        ..Recoverable::default()
    };
    let world = world(all_kinds(), account).await;
    let faults = faults(&world, json!({"deployment": "hubs-prod", "safety_backup": true})).await;
    assert_eq!(paths(&faults), ["safety_backup", "safety_backup"]);
    assert!(
        faults[0].allowed.contains("hubs-db") && faults[1].allowed.contains("hubs-rooms"),
        "{faults:?}"
    );
}

#[tokio::test]
async fn two_copies_of_one_name_are_refused() {
    let mut document = all_kinds();
    document["resources"]["other"] = json!({"kind": "dynamodb", "table": "hubs"});
    let world = world(document, Recoverable::default()).await;
    let set = &world.sets[0];
    let mut other = point(set, "rooms", later(-24 * 3600));
    other.resource.name = "other".into();
    other.resource.target = Target::DynamoDb {
        table: "hubs".into(),
        archive: None,
    };
    world.needs.catalog.put_point("hubs-prod", &other).await.unwrap();
    let request = json!({"deployment": "hubs-prod", "suffix": "r1", "names": {"other": "hubs-rooms-r1"}});
    let faults = faults(&world, request).await;
    assert_eq!(paths(&faults), ["names.rooms"]);
}

#[tokio::test]
async fn a_set_of_another_region_is_refused() {
    let world = world(all_kinds(), Recoverable::default()).await;
    let there = Input {
        execution: RESTORE.replace("us-east-1", "eu-west-1"),
        ..input(json!({"deployment": "hubs-prod"}))
    };
    let Error::InvalidInput(faults) = handle(&world.needs, there).await.unwrap_err() else {
        panic!("not InvalidInput")
    };
    assert_eq!(
        paths(&faults),
        ["resources.database", "resources.files", "resources.rooms"]
    );
}

#[tokio::test]
async fn more_than_the_history_of_an_execution_holds_is_refused() {
    let mut document = all_kinds();
    document["resources"]["tables"] = json!({"kind": "dynamodb", "prefix": "many-"});
    let world = world(document, Recoverable::default()).await;
    for number in 0..190 {
        let mut table = point(&world.sets[0], "rooms", later(-24 * 3600));
        table.resource.name = format!("tables.many-{number}");
        table.resource.target = Target::DynamoDb {
            table: format!("many-{number}"),
            archive: None,
        };
        world.needs.catalog.put_point("hubs-prod", &table).await.unwrap();
    }
    let refused = faults(&world, json!({"deployment": "hubs-prod"})).await;
    assert_eq!(paths(&refused), ["only"]);
    assert!(refused[0].allowed.contains("several executions"), "{}", refused[0]);
    handle(
        &world.needs,
        input(json!({"deployment": "hubs-prod", "only": ["rooms"]})),
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_deployment_with_a_running_execution_is_busy_once_the_plan_is_sound() {
    let world = world(all_kinds(), Recoverable::default()).await;
    world.executions.begin(EXECUTION);
    let backup = crate::testing::run();
    world
        .needs
        .catalog
        .acquire_lease(&backup, |_| async { Ok(true) })
        .await
        .unwrap();
    let error = handle(&world.needs, input(json!({"deployment": "hubs-prod"})))
        .await
        .unwrap_err();
    assert_eq!(error.name(), "DeploymentBusy");
    assert!(error.to_string().contains(EXECUTION), "{error}");
    assert!(world.needs.catalog.restores("hubs-prod").await.unwrap().is_empty());
    let dry = json!({"deployment": "hubs-prod", "dry_run": true});
    handle(&world.needs, input(dry)).await.unwrap();
}

#[tokio::test]
async fn a_run_that_has_ended_is_not_planned_again() {
    let world = world(all_kinds(), Recoverable::default()).await;
    let run = Run {
        id: names::set_id("hubs-prod", started_at(), RESTORE),
        deployment: "hubs-prod".into(),
        execution: RESTORE.into(),
        started_at: started_at(),
    };
    world
        .needs
        .catalog
        .record_ended_run(&run, Purpose::Restore, now())
        .await
        .unwrap();
    let error = handle(&world.needs, input(json!({"deployment": "hubs-prod"})))
        .await
        .unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert_eq!(world.needs.catalog.lease("hubs-prod").await.unwrap(), None);
}

#[tokio::test]
async fn a_run_that_ends_while_it_is_planned_leaves_no_lease() {
    // In turn, the clean-up runs after each write: the run's record, the lease, four items, the restore.
    for nth in 1..=7 {
        let world = world(all_kinds(), Recoverable::default()).await;
        world.memory.meanwhile(nth, |items| {
            items.retain(|key, _| key.sk != "LEASE");
            for (key, item) in items {
                if key.sk.starts_with("RUN#") {
                    item.insert("ended_at".into(), json!(now()));
                }
            }
        });
        let error = handle(&world.needs, input(json!({"deployment": "hubs-prod"})))
            .await
            .unwrap_err();
        assert_eq!(error.name(), "Conflict", "{nth}: {error}");
        assert_eq!(world.needs.catalog.lease("hubs-prod").await.unwrap(), None, "{nth}");
    }
}

/// Clients of the proxy would stay with the old cluster.
#[tokio::test]
async fn a_proxy_in_front_of_a_cluster_that_is_switched_is_refused() {
    let world = world(all_kinds(), Recoverable::default()).await;
    let proxy = "pool".to_owned();
    world.kind.depending("hubs-db", vec![Dependent::Proxy { proxy }]);
    let found = faults(&world, json!({"deployment": "hubs-prod"})).await;
    assert_eq!(paths(&found), ["cut_over of database"]);
    let beside = json!({"deployment": "hubs-prod", "cut_over": "no"});
    handle(&world.needs, input(beside)).await.unwrap();
}
