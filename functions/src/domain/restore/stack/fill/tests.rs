#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::domain::resource::{RecoveryPoint, Resource};

const ALL: [&str; 6] = [
    "DomainName",
    "RestoreStackName",
    "RestoreDbSnapshotIdentifier",
    "RestoreAppDbSecretArn",
    "RestoreBackupVaultName",
    "RestoreRecoveryPointArn",
];

fn point(name: &str, target: serde_json::Value, recovery_point: serde_json::Value) -> Point {
    let resource = Resource {
        name: name.to_owned(),
        target: serde_json::from_value(target).unwrap(),
        deadline_seconds: 60,
    };
    Point {
        status: PointStatus::Available,
        recovery_point: Some(serde_json::from_value::<RecoveryPoint>(recovery_point).unwrap()),
        ..Point::begun("hubs-1", resource)
    }
}

fn snapshot(name: &str) -> Point {
    point(
        name,
        json!({"kind": "aurora", "cluster": "hubs-db"}),
        json!({"type": "cluster_snapshot", "id": format!("hf-{name}"), "arn": "arn:aws:rds:eu-west-1:1:cluster-snapshot:x"}),
    )
}

fn points() -> Vec<Point> {
    let files = json!({"type": "backup_recovery_point", "arn": "arn:aws:backup:eu-west-1:1:recovery-point:p", "vault": "v", "job": "j"});
    let seen = |name: &str| json!({"type": "versions", "versions": [{"name": name, "version": "1"}], "seen_at": "2026-11-20T02:15:00Z"});
    vec![
        snapshot("database"),
        point("storage", json!({"kind": "efs", "file_system": "fs-01234567"}), files),
        point(
            "login",
            json!({"kind": "secret", "secret": "hubs"}),
            seen("arn:aws:secretsmanager:eu-west-1:1:secret:hubs"),
        ),
        point(
            "keys",
            json!({"kind": "parameters", "path": "/keymaster/hubs"}),
            seen("/keymaster/hubs/phoenix-key"),
        ),
    ]
}

fn fill(declared: &[&str], points: &[Point], stack: Option<&DeploymentStack>) -> Result<Vec<(String, String)>, String> {
    let filling = Filling {
        declared,
        set: "hubs-1",
        points,
        old: "hubs-prod",
    };
    let filled = filling
        .fill(stack)
        .map_err(|faults| faults.iter().map(|fault| format!("{fault}\n")).collect::<String>())?;
    Ok(filled.into_iter().map(|filled| (filled.name, filled.value)).collect())
}

fn named(parameters: &[(&str, Option<&str>, StackValue)]) -> DeploymentStack {
    let parameter = |(name, resource, value): &(&str, Option<&str>, StackValue)| {
        let resource = resource.map(str::to_owned);
        (
            (*name).to_owned(),
            RestoreParameter {
                resource,
                value: *value,
            },
        )
    };
    DeploymentStack {
        name: "hubs-prod".to_owned(),
        restore_parameters: parameters.iter().map(parameter).collect(),
    }
}

#[test]
fn the_parameters_of_hubs_are_filled_without_being_named() {
    let filled = fill(&ALL, &points(), None).unwrap();
    let expected = [
        ("RestoreStackName", "hubs-prod"),
        ("RestoreDbSnapshotIdentifier", "hf-database"),
        (
            "RestoreAppDbSecretArn",
            "arn:aws:secretsmanager:eu-west-1:1:secret:hubs",
        ),
        ("RestoreBackupVaultName", "v"),
        ("RestoreRecoveryPointArn", "arn:aws:backup:eu-west-1:1:recovery-point:p"),
    ];
    assert_eq!(
        filled,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    // A template without files.
    assert_eq!(fill(&ALL[..4], &points(), None).unwrap().len(), 3);
}

#[test]
fn what_could_be_of_two_resources_has_to_be_named() {
    let mut points = points();
    points.push(snapshot("second"));
    let said = fill(&ALL, &points, None).unwrap_err();
    assert!(
        said.contains("RestoreDbSnapshotIdentifier: (missing), and 2 resources of set hubs-1 have a snapshot,"),
        "{said}"
    );
    let stack = named(&[
        ("RestoreDbSnapshotIdentifier", Some("second"), StackValue::Snapshot),
        ("RestoreStackName", None, StackValue::Stack),
    ]);
    let filled = fill(&ALL, &points, Some(&stack)).unwrap();
    assert_eq!(filled[0].1, "hf-second");
    assert_eq!((filled[1].1.as_str(), filled.len()), ("hubs-prod", 2));
}

#[test]
fn what_the_set_or_the_template_lacks_is_a_fault() {
    let mut points = points();
    points[0].status = PointStatus::Failed;
    let said = fill(&ALL, &points, None).unwrap_err();
    assert!(
        said.contains("and 0 resources of set hubs-1 have a snapshot,"),
        "{said}"
    );
    let stack = named(&[
        ("Snapshot", Some("database"), StackValue::Snapshot),
        ("DomainName", Some("gone"), StackValue::Vault),
    ]);
    let said = fill(&ALL, &points, Some(&stack)).unwrap_err();
    assert!(
        said.contains("DomainName.resource: gone, of which set hubs-1 has no vault,"),
        "{said}"
    );
    assert!(said.contains("Snapshot, which the template does not have,"), "{said}");
    let said = fill(&["Size"], &points, None).unwrap_err();
    assert!(
        said.contains("it has none of Hubs'") && said.contains("only Size"),
        "{said}"
    );
}

#[test]
fn a_set_of_another_region_is_refused() {
    let points = points();
    let filling = Filling {
        declared: &ALL,
        set: "hubs-1",
        points: &points,
        old: "hubs-prod",
    };
    let filled = filling.fill(None).unwrap();
    assert_eq!(check_region(&filled, "eu-west-1"), []);
    let faults = check_region(&filled, "us-east-1");
    // The snapshot, and both values of the recovery point.
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(
        faults[0]
            .to_string()
            .contains("create the stack in eu-west-1 (--region eu-west-1)"),
        "{}",
        faults[0]
    );
}
