//! DescribeDBClusterSnapshotAttributes and ModifyDBClusterSnapshotAttribute: the accounts that a snapshot is shared with.

use crate::rds::catalogue;
use crate::rds::fault::{Fault, Result};
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::snapshot::{Phase, Snapshot};
use crate::rds::xml::Xml;

/// Maximum number of accounts that a snapshot may be shared with.
const MOST_ACCOUNTS: usize = 20;

/// DescribeDBClusterSnapshotAttributes.
pub fn describe(plane: &Plane, query: &Query) -> Result<Xml> {
    let state = plane.state();
    Ok(result(state.snapshot(query.required("DBClusterSnapshotIdentifier")?)?))
}

/// ModifyDBClusterSnapshotAttribute, with the attribute `restore`.
pub fn modify(plane: &Plane, query: &Query) -> Result<Xml> {
    let name = query.required("AttributeName")?;
    if name != "restore" {
        return Err(Fault::value(format!("Invalid snapshot attribute: {name}")));
    }
    let mut state = plane.state();
    let default_key = state.default_key.clone();
    let snapshot = state.snapshot_mut(query.required("DBClusterSnapshotIdentifier")?)?;
    let refused = |why: &str| Err(Fault::new("InvalidDBClusterSnapshotStateFault", why));
    if !matches!(snapshot.phase, Phase::Available) {
        return refused("The snapshot is not in available state.");
    }
    let added = query.list("ValuesToAdd");
    if !added.is_empty() && snapshot.settings.kms_key.as_deref() == Some(default_key.as_str()) {
        return refused("Snapshots encrypted with the default aws/rds key can't be shared.");
    }
    let account = |value: &String| value == "all" || value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit());
    if let Some(wrong) = added.iter().find(|value| !account(value)) {
        return Err(Fault::value(format!("Invalid AWS account: {wrong}")));
    }
    let removed = query.list("ValuesToRemove");
    let mut shared = snapshot.shared_with.clone();
    shared.extend(added);
    shared.retain(|account| !removed.contains(account));
    if shared.len() > MOST_ACCOUNTS {
        let message = format!(
            "A snapshot of {} can be shared with at most {MOST_ACCOUNTS} accounts.",
            catalogue::ENGINE
        );
        return Err(Fault::new("SharedSnapshotQuotaExceeded", message));
    }
    snapshot.shared_with = shared;
    Ok(result(snapshot))
}

fn result(snapshot: &Snapshot) -> Xml {
    let mut xml = Xml::new();
    xml.element("DBClusterSnapshotAttributesResult", |xml| {
        xml.text("DBClusterSnapshotIdentifier", &snapshot.id);
        xml.elements(
            "DBClusterSnapshotAttributes",
            "DBClusterSnapshotAttribute",
            ["restore"],
            |xml, name| {
                xml.text("AttributeName", name);
                xml.texts("AttributeValues", "AttributeValue", &snapshot.shared_with);
            },
        );
    });
    xml
}
