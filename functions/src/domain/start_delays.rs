//! When the step of each resource starts, so that all of them together stay below AWS's request rates.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::kinds::{self, Stateful};
use super::resource::Resource;

/// A resource with its start delay (`turn`), in seconds.
#[derive(Serialize)]
struct DelayedResource<'a> {
    #[serde(flatten)]
    resource: &'a Resource,
    turn: u64,
}

/// Serializes the resources of a plan for the machine, with their start delays.
pub fn with_start_delays<S: Serializer>(resources: &[Resource], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        resources
            .iter()
            .zip(start_delays(resources))
            .map(|(resource, turn)| DelayedResource { resource, turn }),
    )
}

/// Delays resources of a kind for which AWS limits the request rate; all others start at once.
fn start_delays(resources: &[Resource]) -> impl Iterator<Item = u64> {
    let mut started: BTreeMap<&str, u64> = BTreeMap::new();
    resources
        .iter()
        .map(move |resource| {
            let per_second = kinds::stateful(&resource.target).and_then(Stateful::starts_per_second)?;
            let started = started.entry(resource.target.kind()).or_default();
            *started += 1;
            (*started - 1).checked_div(per_second)
        })
        .map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::resource::Target;

    #[derive(Serialize)]
    struct Plan {
        #[serde(serialize_with = "with_start_delays")]
        resources: Vec<Resource>,
    }

    fn resource(target: Target) -> Resource {
        Resource {
            name: "one".into(),
            target,
            deadline_seconds: 60,
        }
    }

    /// Fails at 8e363f8: forty tables started at once.
    #[test]
    fn a_hundred_tables_start_four_a_second_and_nothing_else_waits() {
        let mut resources = vec![
            resource(Target::DynamoDb {
                table: "t".into(),
                archive: None
            });
            100
        ];
        resources.insert(50, resource(Target::Aurora { cluster: "c".into() }));
        let plan = serde_json::to_value(Plan { resources }).unwrap();
        let delayed = plan["resources"].as_array().unwrap();
        assert_eq!(
            (&delayed[50]["turn"], &delayed[50]["cluster"]),
            (&0.into(), &"c".into())
        );
        for second in 0..25 {
            let at_once = delayed
                .iter()
                .filter(|one| one["kind"] == "dynamodb" && one["turn"] == second);
            assert_eq!(at_once.count(), 4, "{second}");
        }
        let read: Resource = serde_json::from_value(delayed[0].clone()).unwrap();
        assert_eq!(
            read,
            resource(Target::DynamoDb {
                table: "t".into(),
                archive: None
            })
        );
    }
}
