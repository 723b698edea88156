//! `archive` of a table in a descriptor: `true`, or a mapping.

use serde_json::Value;

use crate::domain::descriptor::reader::{Faults, Object, shown};
use crate::domain::table_archive::{ArchiveMethod, TableArchive};

const RULE: &str = "true, false, or a mapping with method, rate or both, such as {rate: 500}";
/// More read units a second than any table has by default (40,000; Service Quotas, "DynamoDB").
const MOST_RATE: u64 = 1_000_000;

/// The archive that is wanted; `None` without one, and for a fault.
pub fn read(faults: &mut Faults, object: &Object<'_>) -> Option<TableArchive> {
    let path = object.path("archive");
    let value = match object.get("archive")? {
        Value::Bool(wanted) => return wanted.then(TableArchive::default),
        value => value,
    };
    let fields = Object::open(faults, &path, value, RULE)?;
    fields.only(faults, &["method", "rate"]);
    let method = fields.get("method").and_then(|method| match method.as_str() {
        Some("scan") => Some(ArchiveMethod::Scan),
        Some("export") => Some(ArchiveMethod::Export),
        _ => {
            let rule = "scan or export; without it, the table's size and its point-in-time recovery decide";
            faults.add(fields.path("method"), shown(method), rule);
            None
        }
    });
    let rate = fields.get("rate").and_then(|rate| {
        if method == Some(ArchiveMethod::Export) {
            let rule = "nothing with the method export, which consumes no read units";
            faults.add(fields.path("rate"), shown(rate), rule);
            return None;
        }
        let units = rate.as_u64().filter(|units| (1..=MOST_RATE).contains(units));
        if units.is_none() {
            let rule = format!("read units a second: a whole number from 1 to {MOST_RATE}");
            faults.add(fields.path("rate"), shown(rate), rule);
        }
        units.and_then(|units| u32::try_from(units).ok())
    });
    Some(TableArchive { method, rate })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::domain::descriptor::Descriptor;
    use crate::domain::resource::{RecoveryPoint, Target};

    fn target(resource: &Value) -> Target {
        let document = json!({"deployment": "hubs", "resources": {"rooms": resource}});
        let descriptor = Descriptor::parse(&document).unwrap();
        // As it is stored, it is read again.
        let again = Descriptor::parse(&serde_json::to_value(&descriptor).unwrap()).unwrap();
        assert_eq!(again.resources, descriptor.resources);
        descriptor.resources["rooms"].target.clone()
    }

    fn archive(value: &Value) -> Option<TableArchive> {
        match target(&json!({"kind": "dynamodb", "table": "hubs-rooms", "archive": value})) {
            Target::DynamoDb { archive, .. } => archive,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_archive_is_wanted_or_not_with_a_method_and_a_rate() {
        assert_eq!(archive(&json!(false)), None);
        assert_eq!(archive(&json!(true)), Some(TableArchive::default()));
        assert_eq!(archive(&json!({})), Some(TableArchive::default()));
        let both = TableArchive {
            method: Some(ArchiveMethod::Scan),
            rate: Some(500),
        };
        assert_eq!(archive(&json!({"method": "scan", "rate": 500})), Some(both));
    }

    #[test]
    fn the_tables_of_a_prefix_are_archived_as_it_says() {
        let prefix = target(&json!({"kind": "dynamodb", "prefix": "hubs-", "archive": {"rate": 5}}));
        let table = crate::domain::kinds::member_target(&prefix, "hubs-rooms");
        let archive = Some(TableArchive {
            method: None,
            rate: Some(5),
        });
        assert_eq!(
            table,
            Some(Target::DynamoDb {
                table: "hubs-rooms".into(),
                archive
            })
        );
    }

    #[test]
    fn what_was_stored_before_archives_is_read_and_stays_as_it_was() {
        let target = json!({"kind": "dynamodb", "table": "rooms"});
        let point = json!({"type": "table_backup", "arn": "arn:a", "name": "hf-a"});
        let read: Target = serde_json::from_value(target.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), target);
        let read: RecoveryPoint = serde_json::from_value(point.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), point);
    }
}
