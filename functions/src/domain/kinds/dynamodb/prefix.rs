//! All tables whose names begin with a prefix.

use serde_json::Value;

use super::DynamoDb;
use crate::domain::descriptor::formats;
use crate::domain::descriptor::reader::{Faults, Object, shown};
use crate::domain::kinds::pattern::Pattern;
use crate::domain::resource::Target;

impl Pattern for DynamoDb {
    fn of_prefix(&self, prefix: &str) -> Target {
        Target::DynamodbPrefix {
            prefix: prefix.to_owned(),
            archive: None,
        }
    }

    fn is_pattern(&self, target: &Target) -> bool {
        matches!(target, Target::DynamodbPrefix { .. })
    }

    fn target(&self, pattern: &Target, name: &str) -> Target {
        let archive = match pattern {
            Target::DynamodbPrefix { archive, .. } | Target::DynamoDb { archive, .. } => archive.clone(),
            _ => None,
        };
        Target::DynamoDb {
            table: name.to_owned(),
            archive,
        }
    }

    fn name<'a>(&self, target: &'a Target) -> Option<&'a str> {
        match target {
            Target::DynamoDb { table, .. } => Some(table),
            _ => None,
        }
    }

    fn closeness(&self, target: &Target, name: &str) -> Option<usize> {
        match target {
            Target::DynamoDb { table, .. } => (table == name).then_some(usize::MAX),
            Target::DynamodbPrefix { prefix, .. } => name.starts_with(prefix.as_str()).then_some(prefix.len()),
            _ => None,
        }
    }

    fn member(&self, faults: &mut Faults, object: &Object<'_>, target: &Target) -> Option<Option<String>> {
        let given = object.get("table");
        let named = given.and_then(Value::as_str);
        let mut refuse = |rule: String| {
            faults.add(object.path("table"), given.map_or("(missing)".to_owned(), shown), rule);
            None
        };
        match target {
            Target::DynamodbPrefix { prefix, .. } => match named {
                Some(table) if (formats::TABLE.accepts)(table) && table.starts_with(prefix.as_str()) => {
                    Some(Some(table.to_owned()))
                }
                _ => refuse(format!("the name of a table that begins with {prefix}")),
            },
            own if given.is_some() && named != Some(own.identifier()) => {
                refuse(format!("{}, the resource's own table, or nothing", own.identifier()))
            }
            _ => Some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_is_closest_and_a_tables_own_name_closer() {
        let prefix = |prefix: &str| Target::DynamodbPrefix {
            prefix: prefix.into(),
            archive: None,
        };
        let rooms = Target::DynamoDb {
            table: "hubs-rooms".into(),
            archive: None,
        };
        let of = |target: &Target| DynamoDb.closeness(target, "hubs-rooms");
        assert!(of(&rooms) > of(&prefix("hubs-")) && of(&prefix("hubs-")) > of(&prefix("hu")));
        assert_eq!(of(&prefix("shop-")), None);
        assert_eq!(
            of(&Target::Aurora {
                cluster: "hubs-rooms".into()
            }),
            None
        );
    }
}
