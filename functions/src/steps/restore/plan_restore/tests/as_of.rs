//! A restore to one point in time.

use super::*;
use crate::domain::restore::retained_backups::ContinuousBackup;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const MOMENT: &str = "2026-11-19T20:00:00Z";

fn continuous() -> Recoverable {
    let window = RecoveryWindow {
        earliest: at("2026-11-13T00:00:00Z"),
        latest: at("2026-11-20T02:20:00Z"),
    };
    let cluster = Source::ClusterAt {
        cluster: "hubs-db".into(),
        resource_id: None,
        at: None,
    };
    let table = Source::TableAt {
        table: "hubs-rooms".into(),
        at: window.latest,
    };
    let of = |source| ContinuousBackup { window, source };
    Recoverable {
        continuous: BTreeMap::from([("hubs-db", of(cluster)), ("hubs-rooms", of(table))]),
        ..Recoverable::default()
    }
}

#[tokio::test]
async fn what_has_a_continuous_backup_comes_to_the_moment_and_the_rest_as_near_before_it_as_there_is() {
    let world = world(all_kinds(), continuous()).await;
    let output = handle(&world.needs, input(json!({"deployment": "hubs-prod", "at": MOMENT})))
        .await
        .unwrap();
    let plan = record(&world.needs, &output.run).await.plan;
    assert_eq!((plan.at, plan.at_rest), (Some(at(MOMENT)), false));
    let [database, files, login, rooms] = &plan.resources[..] else {
        panic!("{plan:?}")
    };
    assert_eq!(
        database.source,
        Source::ClusterAt {
            cluster: "hubs-db".into(),
            resource_id: None,
            at: Some(at(MOMENT))
        }
    );
    assert_eq!(
        rooms.source,
        Source::TableAt {
            table: "hubs-rooms".into(),
            at: at(MOMENT)
        }
    );
    assert_eq!(files.source, source(&recovery_point(&world.sets[0], "files")));
    assert_eq!(files.holds, Some(later(-24 * 3600)));
    assert!(matches!(login.source, Source::Versions { .. }));
    assert_eq!(database.holds, Some(at(MOMENT)));
    let said: Vec<String> = plan.remarks.iter().map(ToString::to_string).collect();
    let said = said.join("\n");
    assert!(
        said.contains("files: it is restored") && said.contains("apart"),
        "{said}"
    );
}

#[tokio::test]
async fn what_has_no_continuous_backup_comes_from_the_set_before_the_moment() {
    let world = world(all_kinds(), continuous()).await;
    let request = json!({"deployment": "hubs-prod", "at": "2026-11-18T12:00:00Z"});
    let output = handle(&world.needs, input(request)).await.unwrap();
    let plan = record(&world.needs, &output.run).await.plan;
    assert_eq!(
        plan.resources[1].source,
        source(&recovery_point(&world.sets[1], "files"))
    );
}

#[tokio::test]
async fn a_moment_outside_a_window_is_refused_by_the_window() {
    let mut account = continuous();
    let rooms = account.continuous.get_mut("hubs-rooms").unwrap();
    rooms.window.earliest = at("2026-11-20T01:00:00Z");
    let world = world(all_kinds(), account).await;
    let error = handle(&world.needs, input(json!({"deployment": "hubs-prod", "at": MOMENT})))
        .await
        .unwrap_err();
    let Error::InvalidInput(faults) = &error else {
        panic!("{error}")
    };
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].path, "at");
    for words in ["2026-11-20T01:00:00Z", "2026-11-20T02:20:00Z", "rooms"] {
        assert!(faults[0].allowed.contains(words), "{words} in {}", faults[0]);
    }
    assert_eq!(world.needs.catalog.lease("hubs-prod").await.unwrap(), None);
}

#[tokio::test]
async fn a_deleted_cluster_comes_back_by_its_retained_backup() {
    let mut account = continuous();
    account.continuous.remove("hubs-rooms");
    account.continuous.get_mut("hubs-db").unwrap().source = Source::ClusterAt {
        cluster: "hubs-db".into(),
        resource_id: Some("cluster-ABC".into()),
        at: None,
    };
    let world = world(all_kinds(), account).await;
    let output = handle(&world.needs, input(json!({"deployment": "hubs-prod", "at": MOMENT})))
        .await
        .unwrap();
    let plan = record(&world.needs, &output.run).await.plan;
    assert!(
        matches!(&plan.resources[0].source, Source::ClusterAt { resource_id: Some(id), .. } if id == "cluster-ABC"),
        "{plan:?}"
    );
    assert_eq!(
        plan.resources[3].source,
        source(&recovery_point(&world.sets[0], "rooms")),
        "a table without point-in-time recovery"
    );
}
