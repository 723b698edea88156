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
