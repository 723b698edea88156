//! The location of a backup: one in another Region or account than the execution's own cannot be restored here.

use crate::domain::set::Point;
use crate::error::Fault;

/// Region and account of an ARN.
fn place(arn: &str) -> Option<(&str, &str)> {
    match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, _, region, account, ..] if !region.is_empty() && !account.is_empty() => Some((region, account)),
        _ => None,
    }
}

/// The fault of a set's point that is in another Region or account. A guard has no ARN, and so no location.
pub fn elsewhere(set: &str, point: &Point, execution: &str) -> Option<Fault> {
    let arn = point.recovery_point.as_ref()?.arn()?;
    let (location, own) = (place(arn)?, place(execution)?);
    (location != own).then(|| Fault {
        path: format!("resources.{}", point.resource.name),
        value: format!("backup {arn} of set {set}, which is in {} of account {},", location.0, location.1),
        allowed: format!(
            "a backup in {} of account {}, where this stack is: restore with the stack of {}, or choose a set that was made \
             here; `holdfast sets {}` lists them",
            own.0,
            own.1,
            location.0,
            set.rsplitn(4, '-').last().unwrap_or(set)
        ),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::resource::RecoveryPoint;
    use crate::domain::set::PointStatus;
    use crate::testing::{EXECUTION, resource};

    fn point(arn: &str) -> Point {
        Point {
            set: "hubs-prod-20261119-021500-aaaa".into(),
            resource: resource("rooms"),
            status: PointStatus::Available,
            recovery_point: Some(RecoveryPoint::TableBackup {
                arn: arn.into(),
                name: "backup".into(),
                archive: None,
            }),
            configuration: serde_json::Value::Null,
            started_at: None,
            captured_at: None,
            finished_at: None,
            size_bytes: None,
            percent: None,
            looked_at: None,
            sample: None,
            probes: Vec::new(),
            failure: None,
        }
    }

    #[test]
    fn a_backup_of_another_region_or_account_is_elsewhere() {
        let of = |arn: &str| elsewhere("hubs-prod-20261119-021500-aaaa", &point(arn), EXECUTION);
        assert_eq!(of("arn:aws:dynamodb:us-east-1:000000000000:table/rooms/backup/1"), None);
        for other in ["eu-west-1:000000000000", "us-east-1:111122223333"] {
            let fault = of(&format!("arn:aws:dynamodb:{other}:table/rooms/backup/1")).unwrap();
            assert_eq!(fault.path, "resources.rooms");
            assert!(fault.allowed.contains("`holdfast sets hubs-prod`"), "{fault}");
        }
    }
}
