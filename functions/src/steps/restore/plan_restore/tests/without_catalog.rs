//! Restoring what AWS retained of a deployment, whatever its sets hold.

use super::*;
use crate::domain::restore::retained_backups::{RetainedBackup, RetainedBackups};

fn backup(source: Source, hours: i64) -> RetainedBackup {
    RetainedBackup {
        source,
        captured_at: later(-3600 * hours),
        size_bytes: Some(7),
    }
}

fn of_table(arn: &str, hours: i64) -> RetainedBackup {
    backup(Source::TableBackup { arn: arn.into() }, hours)
}

fn found<const N: usize>(each: [(&str, std::result::Result<RetainedBackup, &str>); N]) -> RetainedBackups {
    let each = each.map(|(identifier, backup)| (identifier.to_owned(), backup.map_err(str::to_owned)));
    RetainedBackups::Found(each.into())
}

fn without_set() -> Value {
    let mut document = all_kinds();
    document["cut_over"] = json!([]);
    document
}

async fn retained(
    document: Value,
    kept: BTreeMap<&'static str, RetainedBackups>,
) -> Result<(Output, Plan, Vec<RestoreItem>)> {
    let account = Recoverable {
        kept,
        ..Recoverable::default()
    };
    let world = world(document, account).await;
    let request = json!({"deployment": "hubs-prod", "source": "retained"});
    let output = handle(&world.needs, input(request)).await?;
    let items = world.needs.catalog.items("hubs-prod", &output.run.id).await.unwrap();
    let plan = record(&world.needs, &output.run).await.plan;
    Ok((output, plan, items))
}

#[tokio::test]
async fn each_resource_comes_from_what_was_kept_of_it_and_what_nobody_keeps_is_not_covered() {
    let cluster = Source::ClusterAt {
        cluster: "hubs-db".into(),
        resource_id: Some("cluster-ABC".into()),
        at: None,
    };
    let kept = BTreeMap::from([
        ("hubs-db", found([("hubs-db", Ok(backup(cluster.clone(), 1)))])),
        ("hubs-rooms", found([("hubs-rooms", Ok(of_table("arn:new", 3)))])),
    ]);
    let (output, plan, items) = retained(without_set(), kept).await.unwrap();
    assert_eq!((&plan.set, plan.at_rest), (&None, false));
    assert_eq!(names_of(&output.resources), ["database", "rooms"]);
    assert_eq!(plan.resources[0].source, cluster);
    assert_eq!(plan.resources[0].holds, Some(later(-3600)));
    assert_eq!(plan.resources[1].source, Source::TableBackup { arn: "arn:new".into() });
    // The data is AWS's, the settings are those of the newest set.
    let captured: Vec<_> = items.iter().map(|item| &item.configuration["captured"]).collect();
    assert_eq!(captured, ["database", "rooms"]);
    assert!(says(
        &plan,
        "the settings are those of set hubs-prod-",
        "database, rooms"
    ));
    assert!(!says(&plan, "the configuration is unknown", ""));
    assert!(
        plan.not_covered.iter().any(|words| words.starts_with("files: ")),
        "{:?}",
        plan.not_covered
    );
}

#[tokio::test]
async fn what_aws_kept_nothing_of_is_named_with_what_it_would_take() {
    let kept = BTreeMap::from([
        ("hubs-db", found([("hubs-db", Err("a snapshot"))])),
        ("hubs-rooms", found([("hubs-rooms", Err("a SYSTEM backup"))])),
    ]);
    let Err(Error::InvalidInput(faults)) = retained(without_set(), kept).await else {
        panic!("not InvalidInput")
    };
    let reported: Vec<_> = faults
        .iter()
        .map(|fault| (fault.path.as_str(), fault.allowed.split('.').next().unwrap_or_default()))
        .collect();
    assert_eq!(
        reported,
        [
            ("resources.database", "a snapshot"),
            ("resources.rooms", "a SYSTEM backup")
        ]
    );
}

/// Whether a remark begins and ends like this.
fn says(plan: &Plan, begins: &str, ends: &str) -> bool {
    let remarks = plan.remarks.iter().map(|remark| remark.text.as_str());
    remarks
        .into_iter()
        .any(|remark| remark.starts_with(begins) && remark.ends_with(ends))
}

fn with_prefix() -> Value {
    let mut document = without_set();
    document["resources"] = json!({"tables": {"kind": "dynamodb", "prefix": "hubs-"}});
    document
}

#[tokio::test]
async fn a_pattern_is_restored_as_what_was_kept_under_it() {
    let kept = found([
        ("hubs-rooms", Ok(of_table("arn:rooms", 3))),
        ("hubs-users", Ok(of_table("arn:users", 3))),
    ]);
    let (output, plan, items) = retained(with_prefix(), BTreeMap::from([("hubs-", kept)]))
        .await
        .unwrap();
    assert_eq!(names_of(&output.resources), ["tables.hubs-rooms", "tables.hubs-users"]);
    // The sets have the one as a resource of another name, and the other not at all.
    let unknown: Vec<bool> = items.iter().map(|item| item.configuration.is_null()).collect();
    assert_eq!(unknown, [false, true]);
    assert!(says(&plan, "the settings are those of set", ": tables.hubs-rooms"));
    assert!(says(&plan, "the configuration is unknown", ": tables.hubs-users"));
}

#[tokio::test]
async fn a_pattern_under_which_nothing_was_kept_is_named() {
    let kept = BTreeMap::from([("hubs-", found([]))]);
    let Err(Error::InvalidInput(faults)) = retained(with_prefix(), kept).await else {
        panic!("not InvalidInput")
    };
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].path, "resources.tables");
    assert!(faults[0].allowed.contains("begins with hubs-"), "{}", faults[0].allowed);
}
