//! The list of kinds of hooks, one line each.

use super::profile::HookProfile;
use super::{ecs_scale, event_source, http, lambda, sql, ssm_command, stack_parameter, step_function};
use crate::domain::descriptor::HookAction;

macro_rules! hooks {
    ($($kind:path: $action:pat,)*) => {
        /// Each of them, in the order in which they are listed to people.
        pub static ALL: &[&dyn HookProfile] = &[$(&$kind),*];

        /// The kind of an action.
        pub fn of(action: &HookAction) -> &'static dyn HookProfile {
            match action {
                $($action => &$kind,)*
            }
        }
    };
}

hooks! {
    lambda::Kind: HookAction::Lambda(_),
    step_function::Kind: HookAction::StepFunction(_),
    ecs_scale::Kind: HookAction::EcsScale(_),
    event_source::Kind: HookAction::EventSource(_),
    ssm_command::Kind: HookAction::SsmCommand(_),
    stack_parameter::Kind: HookAction::StackParameter(_),
    http::Kind: HookAction::Http(_),
    sql::Kind: HookAction::Sql(_),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    /// Serde's error lists the variants of the type; each must be listed, or a descriptor could not use it.
    #[test]
    fn every_kind_of_hook_can_be_written() {
        let error = serde_json::from_value::<HookAction>(json!({"kind": ""})).unwrap_err();
        let error = error.to_string();
        let (_, kinds) = error.split_once("expected ").unwrap();
        let kinds: Vec<&str> = kinds.split('`').skip(1).step_by(2).collect();
        let listed: Vec<&str> = ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(kinds, listed, "{error}");
    }
}
