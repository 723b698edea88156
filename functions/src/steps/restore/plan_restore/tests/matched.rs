//! A descriptor that changed since the set was made.

use super::*;
use crate::domain::restore::matching::{GapKind, ProbeComparability};
use crate::domain::set::ProbeResult;

fn counted(name: &str) -> ProbeResult {
    ProbeResult {
        name: name.into(),
        count: Some(4),
        failure: None,
    }
}

/// The deployment as of the newest set, which counted its rooms.
fn before() -> Value {
    let mut document = all_kinds();
    document["probes"] = json!({"rooms": {"resource": "rooms", "table": "hubs-rooms"}});
    document
}

/// Plans a restore of the newest set, which was made with one descriptor, with another.
async fn planned_since(before: &Value, today: Value, request: Value) -> (Output, RestoreRecord) {
    let world = world(today, Recoverable::default()).await;
    let catalog = &world.needs.catalog;
    let newest = &world.sets[0];
    let run = RunRecord::begun(
        &Run {
            id: newest.clone(),
            deployment: "hubs-prod".into(),
            execution: "execution-24".into(),
            started_at: later(-24 * 3600),
        },
        Purpose::Backup,
    );
    let descriptor = Descriptor::parse(before).unwrap();
    catalog.put_run(&run, &descriptor).await.unwrap();
    let set = catalog.set("hubs-prod", newest).await.unwrap().unwrap();
    catalog.expire_set("hubs-prod", newest).await.unwrap();
    catalog.delete_set("hubs-prod", newest).await.unwrap();
    let probes = descriptor.probes.keys().map(|name| counted(name)).collect();
    catalog.adopt_set(&BackupSet { probes, ..set }, &[]).await.unwrap();
    let output = handle(&world.needs, input(request)).await.unwrap();
    let record = record(&world.needs, &output.run).await;
    (output, record)
}

fn gaps(record: &RestoreRecord) -> Vec<String> {
    let gaps = record.plan.matching.gaps.iter();
    gaps.map(|gap| gap.subject()).collect()
}

#[tokio::test]
async fn a_renamed_resource_is_restored_counted_and_switched_under_its_new_name() {
    let mut today = before();
    today["resources"]["items"] = today["resources"].as_object_mut().unwrap().remove("rooms").unwrap();
    today["resources"]["db"] = today["resources"].as_object_mut().unwrap().remove("database").unwrap();
    today["probes"]["rooms"]["resource"] = json!("items");
    today["cut_over"][0]["resource"] = json!("db");
    let (output, record) = planned_since(&before(), today, json!({"deployment": "hubs-prod"})).await;
    assert_eq!(names_of(&output.resources), ["db", "files", "items"]);
    assert_eq!(gaps(&record), Vec::<String>::new());
    assert_eq!(record.plan.matching.probes[0].standing, ProbeComparability::Same);
    assert_eq!(record.plan.switches.len(), 1, "{:?}", record.plan);
    let said = |words: &str| {
        record
            .plan
            .remarks
            .iter()
            .any(|remark| remark.to_string().contains(words))
    };
    assert!(
        said("db: the set calls aurora hubs-db database"),
        "{:?}",
        record.plan.remarks
    );
    // No switch concerns the files and the table: the plan lists them as still in use.
    assert_eq!(record.plan.matching.live, ["files", "items"]);
}

#[tokio::test]
async fn the_names_of_the_set_can_be_asked_for() {
    let mut today = before();
    today["resources"]["db"] = today["resources"].as_object_mut().unwrap().remove("database").unwrap();
    today["cut_over"][0]["resource"] = json!("db");
    let request = json!({"deployment": "hubs-prod", "only": ["database"], "names": {"database": "hubs-db-new"}});
    let (output, record) = planned_since(&before(), today, request).await;
    assert_eq!(names_of(&output.resources), ["db"]);
    let destination = &record.plan.resources[0].destination;
    assert!(
        matches!(destination, Destination::Cluster { cluster } if cluster == "hubs-db-new"),
        "{destination:?}"
    );
    assert_eq!(gaps(&record), Vec::<String>::new());
    let why = "probe rooms: the request leaves rooms out".to_owned();
    assert!(record.plan.not_covered.contains(&why), "{:?}", record.plan.not_covered);
}

#[tokio::test]
async fn what_was_removed_or_added_since_is_a_gap_in_the_plan() {
    let mut today = before();
    today["resources"].as_object_mut().unwrap().remove("files");
    today["resources"]["cache"] = json!({"kind": "dynamodb", "table": "hubs-cache"});
    today["probes"] = json!({"cached": {"resource": "cache"}});
    today["cut_over"] = json!([{
        "name": "table", "resource": "rooms", "kind": "parameter", "parameter": "/hubs/table",
    }]);
    let (output, record) = planned_since(&before(), today.clone(), json!({"deployment": "hubs-prod"})).await;
    let expected = [
        "resource files",
        "resource cache",
        "probe rooms",
        "probe cached",
        "switch login",
        "switch table",
    ];
    assert_eq!(gaps(&record), expected);
    assert!(
        expected.iter().all(|subject| output.text.contains(subject)),
        "{}",
        output.text
    );
    assert_eq!(record.plan.matching.live, ["database", "files", "cache"]);
    // With no cut-over, changed switches do not affect what is proven.
    let request = json!({"deployment": "hubs-prod", "cut_over": "no"});
    let (_, record) = planned_since(&before(), today, request).await;
    assert!(
        record.plan.matching.gaps.iter().all(|gap| gap.of != GapKind::Switch),
        "{:?}",
        record.plan
    );
}

#[tokio::test]
async fn a_set_whose_descriptor_is_not_known_proves_nothing_of_its_probes_and_switches() {
    let (_, _, record) = planned(json!({"deployment": "hubs-prod"})).await;
    assert_eq!(gaps(&record), ["descriptor of the backup"]);
}
