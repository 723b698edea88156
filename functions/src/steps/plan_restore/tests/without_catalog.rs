//! What AWS kept of a deployment whose sets are lost.

use super::*;

fn backup(id: &str, hours: i64) -> Backup {
    Backup {
        id: id.into(),
        arn: format!("arn:{id}"),
        captured_at: later(-3600 * hours),
        size_bytes: Some(7),
    }
}

fn lost() -> Account {
    Account {
        gone: BTreeSet::from(["hubs-db", "hubs-rooms"]),
        system: vec![
            ("hubs-rooms".into(), backup("old", 30)),
            ("hubs-rooms".into(), backup("new", 3)),
            ("hubs-rooms-2".into(), backup("other", 1)),
        ],
        snapshots: vec![backup("snap-old", 50), backup("snap-new", 20)],
        ..Account::default()
    }
}

fn without_set() -> Value {
    let mut document = all_kinds();
    document["cut_over"] = json!([]);
    document
}

#[tokio::test]
async fn deleted_tables_come_from_their_system_backups_and_clusters_from_what_was_retained() {
    let mut account = lost();
    let window = Window {
        earliest: later(-7 * 24 * 3600),
        latest: later(-3600),
    };
    let retained = ClusterBackup {
        resource_id: Some("cluster-ABC".into()),
        window,
    };
    account.clusters.insert("hubs-db", retained);
    let world = world(without_set(), account).await;
    let output = handle(
        &world.needs,
        input(json!({"deployment": "hubs-prod", "source": "retained"})),
    )
    .await
    .unwrap();
    let plan = record(&world.needs, &output.run).await.plan;
    assert_eq!((plan.set, plan.at_rest), (None, false));
    assert_eq!(names_of(&output.resources), ["database", "rooms"]);
    assert_eq!(
        plan.resources[0].source,
        Source::ClusterAt {
            cluster: "hubs-db".into(),
            resource_id: Some("cluster-ABC".into()),
            at: None
        }
    );
    assert_eq!(plan.resources[0].holds, Some(window.latest));
    assert_eq!(plan.resources[1].source, Source::TableBackup { arn: "arn:new".into() });
    let items = world.needs.catalog.items("hubs-prod", &output.run.id).await.unwrap();
    assert!(items.iter().all(|item| item.configuration.is_null()));
    assert!(
        plan.not_covered.iter().any(|words| words.starts_with("files: ")),
        "{:?}",
        plan.not_covered
    );
}

#[tokio::test]
async fn of_a_cluster_without_a_retained_backup_the_newest_snapshot_of_ours_is_taken() {
    let world = world(without_set(), lost()).await;
    let request =
        json!({"deployment": "hubs-prod", "source": "retained", "at": "2026-11-18T12:00:00Z", "only": ["database"]});
    let output = handle(&world.needs, input(request)).await.unwrap();
    let plan = record(&world.needs, &output.run).await.plan;
    assert!(
        matches!(&plan.resources[0].source, Source::ClusterSnapshot { id, .. } if id == "snap-old"),
        "{plan:?}"
    );
}

#[tokio::test]
async fn what_aws_kept_nothing_of_is_named() {
    let account = Account {
        gone: BTreeSet::from(["hubs-db", "hubs-rooms"]),
        ..Account::default()
    };
    let world = world(without_set(), account).await;
    let request = json!({"deployment": "hubs-prod", "source": "retained"});
    let Error::InvalidInput(faults) = handle(&world.needs, input(request)).await.unwrap_err() else {
        panic!("not InvalidInput")
    };
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["resources.database", "resources.rooms"]);
}

#[tokio::test]
async fn the_tables_of_a_prefix_are_those_that_were_kept() {
    let mut document = without_set();
    document["resources"] = json!({"tables": {"kind": "dynamodb", "prefix": "hubs-"}});
    let world = world(document, lost()).await;
    let request = json!({"deployment": "hubs-prod", "source": "retained", "except": ["tables.hubs-rooms-2"]});
    let output = handle(&world.needs, input(request)).await.unwrap();
    assert_eq!(names_of(&output.resources), ["tables.hubs-rooms"]);
}

#[tokio::test]
async fn a_table_that_is_still_there_comes_from_its_own_recovery() {
    let window = Window {
        earliest: later(-7 * 24 * 3600),
        latest: later(-300),
    };
    let account = Account {
        tables: BTreeMap::from([("hubs-rooms", window)]),
        ..Account::default()
    };
    let world = world(without_set(), account).await;
    let request = json!({"deployment": "hubs-prod", "source": "retained", "only": ["rooms"]});
    let output = handle(&world.needs, input(request)).await.unwrap();
    let plan = record(&world.needs, &output.run).await.plan;
    let source = Source::TableAt {
        table: "hubs-rooms".into(),
        at: window.latest,
    };
    assert_eq!(plan.resources[0].source, source);
}
