//! Which switches of a descriptor a restore applies, and the order in which they are switched back.

use super::item::RestoreItem;
use super::plan::Destination;
use super::switch_progress::SwitchRecord;
use crate::domain::descriptor::Switch;
use crate::domain::{kinds, switches};

/// The switches that a restore with these items applies, in the descriptor's order, and those that it leaves as they are. One that
/// only makes the application read what others wrote is applied where there is something new to read: another switch of the same
/// resource, or a copy that has the resource's own name.
pub fn applied(cut_over: &[Switch], items: &[RestoreItem]) -> (Vec<Switch>, Vec<Switch>) {
    let item_of = |switch: &Switch| {
        let name = switch.item_name();
        let mut made = items
            .iter()
            .filter(|item| item.planned.destination != Destination::Nothing);
        made.find(|item| item.planned.resource.name == name)
    };
    let leads = |switch: &Switch| !switches::of(&switch.action).follows();
    let is_led_to = |name: &str| cut_over.iter().any(|other| leads(other) && other.item_name() == name);
    let applies = |switch: &Switch| {
        item_of(switch).is_some_and(|item| {
            let name = &item.planned.resource.name;
            leads(switch) || is_led_to(name) || kinds::has_own_name(&item.planned)
        })
    };
    cut_over.iter().cloned().partition(applies)
}

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
    fn a_restart_is_applied_where_there_is_something_new_to_read() {
        let switch = |name: &str, action: Value| switched(name, action).switch;
        let of_rooms = |mut action: Value, name: &str| {
            action["resource"] = json!("rooms");
            action["name"] = json!(name);
            serde_json::from_value::<Switch>(action).unwrap()
        };
        let restart = of_rooms(
            json!({"kind": "ecs_restart", "cluster": "hubs", "service": "web"}),
            "web",
        );
        let parameter = of_rooms(
            json!({"kind": "parameter", "parameter": "/rooms", "value": "table"}),
            "rooms",
        );
        let elsewhere = switch("db", json!({"kind": "parameter", "parameter": "/db", "value": "host"}));
        let own_name = |name: &str| {
            let mut item = crate::testing::switches::table();
            item.planned.destination = serde_json::from_value(json!({"into": "table", "table": name})).unwrap();
            item
        };
        let names = |cut_over: &[Switch], item: RestoreItem| {
            let (applied, left) = applied(cut_over, &[item]);
            assert_eq!(applied.len() + left.len(), cut_over.len());
            applied.into_iter().map(|switch| switch.name).collect::<Vec<_>>()
        };
        let beside = crate::testing::switches::table;
        assert_eq!(
            names(&[restart.clone(), elsewhere.clone()], beside()),
            Vec::<String>::new()
        );
        assert_eq!(names(&[parameter, restart.clone()], beside()), ["rooms", "web"]);
        assert_eq!(names(&[restart], own_name("hubs-rooms")), ["web"]);
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
