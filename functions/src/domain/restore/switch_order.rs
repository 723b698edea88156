//! The order in which the switches of a restore are switched back.

use super::switch_progress::SwitchRecord;
use crate::domain::switches;

/// The last one first; then, in the order in which they were applied, those that make the application read what the others wrote:
/// a restart before its secret is switched back would read the copy's again.
pub fn to_switch_back(switched: &[SwitchRecord]) -> Vec<&SwitchRecord> {
    let (following, own): (Vec<&SwitchRecord>, Vec<&SwitchRecord>) =
        switched.iter().partition(|record| follows(record));
    own.into_iter().rev().chain(following).collect()
}

/// Whether this switch only makes the application read what others wrote.
pub fn follows(switched: &SwitchRecord) -> bool {
    switches::of(&switched.switch.action).follows()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    fn switched(name: &str, mut action: Value) -> SwitchRecord {
        action["name"] = json!(name);
        action["resource"] = json!("database");
        serde_json::from_value(json!({"switch": action, "state": "done", "before": null})).unwrap()
    }

    fn restart(name: &str) -> SwitchRecord {
        switched(name, json!({"kind": "ecs_restart", "cluster": "hubs", "service": name}))
    }

    fn parameter(name: &str) -> SwitchRecord {
        switched(name, json!({"kind": "parameter", "parameter": name, "value": "host"}))
    }

    fn names(switched: &[SwitchRecord]) -> Vec<&str> {
        let order = to_switch_back(switched).into_iter();
        order.map(|record| record.switch.name.as_str()).collect()
    }

    #[test]
    fn restarts_come_after_all_that_they_make_the_application_read() {
        let all = [
            parameter("one"),
            restart("api"),
            parameter("two"),
            restart("web"),
            parameter("three"),
        ];
        assert_eq!(names(&all), ["three", "two", "one", "api", "web"]);
    }

    #[test]
    fn without_restarts_the_last_one_is_first() {
        assert_eq!(names(&[parameter("one"), parameter("two")]), ["two", "one"]);
        assert_eq!(names(&[]), Vec::<&str>::new());
    }
}
