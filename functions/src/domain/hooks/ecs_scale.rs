//! `ecs_scale`: an ECS service, scaled to no task, and back to exactly what it was.

use serde_json::Value;

use super::profile::HookProfile;
use crate::domain::descriptor::reader::{Faults, Object};
use crate::domain::descriptor::{EcsScale, HookAction, formats};

pub struct Kind;

impl HookProfile for Kind {
    fn name(&self) -> &'static str {
        "ecs_scale"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["cluster", "service"]
    }

    fn is_polled(&self) -> bool {
        true
    }

    fn is_command(&self) -> bool {
        false
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<HookAction> {
        let cluster = object.text(faults, "cluster", &formats::ECS);
        let service = object.text(faults, "service", &formats::ECS);
        Some(HookAction::EcsScale(EcsScale {
            cluster: cluster?,
            service: service?,
        }))
    }

    fn before_rest(&self, _: &HookAction, earlier: &Value, mut seen: Value) -> Value {
        let is_suspended = seen["suspended"]
            .as_object()
            .is_some_and(|state| state.values().all(|suspended| suspended == true));
        for (field, at_rest) in [
            ("desired_count", seen["desired_count"] == 0),
            ("suspended", is_suspended),
        ] {
            if at_rest && !earlier[field].is_null() {
                seen[field] = earlier[field].clone();
            }
        }
        seen
    }

    fn undo_by_hand(&self, action: &HookAction, before: &Value) -> String {
        let HookAction::EcsScale(EcsScale { cluster, service }) = action else {
            return String::new();
        };
        let count = match before["desired_count"].as_i64() {
            Some(count) => format!("to {count}"),
            None => "to what it was".to_owned(),
        };
        let scaling = match before["suspended"].is_object() {
            true => ", and end the suspension of its auto scaling",
            false => "",
        };
        format!("set the desired count of service {service} in cluster {cluster} {count}{scaling}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_still_at_rest_was_as_the_earlier_run_found_it() {
        let action = HookAction::EcsScale(EcsScale {
            cluster: "hubs".to_owned(),
            service: "web".to_owned(),
        });
        let before = |earlier: Value, seen: Value| Kind.before_rest(&action, &earlier, seen);
        let (free, held) = (json!({"in": false, "out": false}), json!({"in": true, "out": true}));
        let earlier = json!({"desired_count": 3, "suspended": free});
        let at_rest = json!({"desired_count": 0, "suspended": held});
        assert_eq!(before(earlier.clone(), at_rest.clone()), earlier);
        let by_hand = json!({"desired_count": 2, "suspended": held});
        assert_eq!(
            before(earlier, by_hand),
            json!({"desired_count": 2, "suspended": free}),
            "a person has set the count, and not ended the suspension"
        );
        let unscaled = json!({"desired_count": 3, "suspended": null});
        assert_eq!(
            before(unscaled, at_rest),
            json!({"desired_count": 3, "suspended": held})
        );
    }
}
