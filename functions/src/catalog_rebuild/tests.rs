#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::domain::names;
use crate::domain::resource::{RecoveryPoint, Target};
use crate::testing::{RecordedKind, catalog, document, kinds, later};

const SET: &str = "hubs-prod-20261120-021500-630a";

fn snapshot(sealed: Option<usize>) -> TaggedPoint {
    TaggedPoint {
        deployment: "hubs-prod".into(),
        set: SET.into(),
        resource: Some("database".into()),
        target: Target::Aurora {
            cluster: "hubs-db".into(),
        },
        recovery_point: RecoveryPoint::ClusterSnapshot {
            id: "snap".into(),
            arn: "arn:snap".into(),
        },
        captured_at: later(-10),
        size_bytes: Some(7),
        sealed,
    }
}

fn table(resource: &str, table: &str) -> TaggedPoint {
    TaggedPoint {
        resource: None,
        target: Target::DynamoDb {
            table: table.into(),
            archive: None,
        },
        recovery_point: RecoveryPoint::TableBackup {
            arn: format!("arn:{table}"),
            name: names::recovery_point(SET, resource),
            archive: None,
        },
        captured_at: later(0),
        sealed: None,
        ..snapshot(None)
    }
}

async fn lost(found: Vec<TaggedPoint>) -> (Catalog, Kinds, Arc<RecordedKind>) {
    let (catalog, _) = catalog();
    let mut document = document("hubs-prod", &[]);
    document["resources"]["tables"] = json!({"kind": "dynamodb", "prefix": "many-"});
    catalog
        .put_descriptor(&Descriptor::parse(&document).unwrap())
        .await
        .unwrap();
    let kind = Arc::new(RecordedKind::default());
    kind.showing(found);
    let kinds = kinds(&kind);
    (catalog, kinds, kind)
}

#[tokio::test]
async fn a_sealed_set_is_found_again_by_the_tags_of_its_recovery_points() {
    let tagged = vec![
        snapshot(Some(3)),
        table("rooms", "hubs-rooms"),
        table("tables.many-1", "many-1"),
    ];
    let (catalog, kinds, _) = lost(tagged).await;
    let rebuilt = rebuild(&catalog, &kinds, None).await.unwrap();
    assert_eq!(rebuilt.len(), 1);
    let whole = RebuildOutcome::Sealed {
        without_configuration: Vec::new(),
    };
    assert_eq!(rebuilt[0].outcome, whole);
    let set = catalog.set("hubs-prod", SET).await.unwrap().unwrap();
    assert_eq!(set.status, SetStatus::Sealed);
    assert_eq!(set.started_at, "2026-11-20T02:15:00Z".parse().unwrap());
    assert_eq!((set.captured_to, set.skew_seconds), (Some(later(0)), Some(10.0)));
    assert_eq!(set.resources, ["database", "rooms", "tables.many-1"]);
    let points = catalog.points("hubs-prod", SET).await.unwrap();
    assert_eq!(points.len(), 3);
    for point in points {
        assert_eq!(point.configuration, json!({"captured": point.resource.name}));
        assert_eq!(point.status, PointStatus::Available);
    }
    let again = rebuild(&catalog, &kinds, None).await.unwrap();
    assert_eq!(again[0].outcome, RebuildOutcome::AlreadyRecorded);
}

#[tokio::test]
async fn a_source_that_is_gone_has_no_configuration_and_a_failure_that_passes_is_no_such_thing() {
    let (catalog, kinds, kind) = lost(vec![snapshot(Some(1))]).await;
    kind.failing_to_capture(Error::Throttled("slower".into()));
    assert_eq!(rebuild(&catalog, &kinds, None).await.unwrap_err().name(), "Throttled");
    assert!(catalog.sets("hubs-prod").await.unwrap().is_empty());
    kind.failing_to_capture(Error::NotFound("no cluster hubs-db".into()));
    let rebuilt = rebuild(&catalog, &kinds, None).await.unwrap();
    let without = RebuildOutcome::Sealed {
        without_configuration: vec!["database".into()],
    };
    assert_eq!(rebuilt[0].outcome, without);
    let points = catalog.points("hubs-prod", SET).await.unwrap();
    assert!(points[0].configuration.is_null());
}

#[tokio::test]
async fn a_set_that_is_not_whole_or_not_proven_is_reported_and_not_offered() {
    for (tagged, words) in [
        (vec![snapshot(Some(2))], "1 of its 2 recovery points"),
        (vec![table("rooms", "hubs-rooms")], "nothing shows that it was sealed"),
        (
            vec![snapshot(None), table("rooms", "hubs-rooms")],
            "nothing shows that it was sealed",
        ),
    ] {
        let (catalog, kinds, _) = lost(tagged).await;
        let rebuilt = rebuild(&catalog, &kinds, None).await.unwrap();
        assert!(
            matches!(&rebuilt[0].outcome, RebuildOutcome::Skipped(why) if why.contains(words)),
            "{rebuilt:?}"
        );
        assert!(catalog.sets("hubs-prod").await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_deployment_that_nobody_registered_is_rebuilt_under_its_tables_names() {
    let (catalog, _) = catalog();
    let kind = Arc::new(RecordedKind::default());
    kind.showing(vec![snapshot(Some(2)), table("rooms", "hubs-rooms")]);
    rebuild(&catalog, &kinds(&kind), None).await.unwrap();
    let set = catalog.set("hubs-prod", SET).await.unwrap().unwrap();
    assert_eq!(set.resources, ["database", "hubs-rooms"]);
}
