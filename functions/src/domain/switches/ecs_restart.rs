//! `ecs_restart`: an ECS service starts its tasks again, so that they read what the switches before it wrote.

use serde_json::Value;

use super::profile::{LoginSource, SwitchProfile};
use crate::domain::descriptor::reader::{Faults, Object, quoted};
use crate::domain::descriptor::{Fact, SwitchAction, formats};
use crate::domain::kinds::Stateful;

pub struct EcsRestart;

/// Cluster and service.
fn of(action: &SwitchAction) -> Option<(&str, &str)> {
    match action {
        SwitchAction::EcsRestart { cluster, service } => Some((cluster, service)),
        _ => None,
    }
}

impl SwitchProfile for EcsRestart {
    fn name(&self) -> &'static str {
        "ecs_restart"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["table", "cluster", "service"]
    }

    fn read(
        &self,
        faults: &mut Faults,
        object: &Object<'_>,
        _: Option<&dyn Stateful>,
        _: &[(&'static str, Fact)],
    ) -> Option<SwitchAction> {
        let cluster = object.text(faults, "cluster", &formats::ECS);
        let service = object.text(faults, "service", &formats::ECS);
        let (cluster, service) = cluster.zip(service)?;
        Some(SwitchAction::EcsRestart { cluster, service })
    }

    fn words(&self, action: &SwitchAction) -> String {
        let (cluster, service) = of(action).unwrap_or_default();
        format!("tasks of ECS service {service} in cluster {cluster}")
    }

    fn effect(&self, action: &SwitchAction, copy: &str, _: Option<&dyn Stateful>) -> String {
        let (cluster, service) = of(action).unwrap_or_default();
        format!(
            "service {service} of ECS cluster {cluster} starts its tasks again, which then read what leads to {copy}"
        )
    }

    fn subject(&self, action: &SwitchAction) -> Option<String> {
        of(action).map(|(cluster, service)| format!("{cluster}/{service}"))
    }

    /// A service may be restarted for several resources, each of which may be restored alone.
    fn conflict(
        &self,
        action: &SwitchAction,
        earlier: &SwitchAction,
        same_resource: bool,
    ) -> Option<(&'static str, String)> {
        let (named, other) = (of(action)?, of(earlier)?);
        (same_resource && named == other).then(|| ("service", quoted(named.1)))
    }

    fn values(&self, _: &SwitchAction) -> Vec<Fact> {
        Vec::new()
    }

    fn references(&self, _: &SwitchAction) -> Vec<Fact> {
        Vec::new()
    }

    fn follows(&self) -> bool {
        true
    }

    fn login(&self, _: &SwitchAction) -> LoginSource {
        LoginSource::None
    }

    fn state(&self, recorded: &Value) -> Option<String> {
        match recorded["deployment"].as_str() {
            Some(deployment) => Some(format!("deployment {deployment}")),
            None if recorded["desired_count"] == 0 => Some("no deployment, since its desired count was 0".to_owned()),
            None => None,
        }
    }

    /// Which deployment's tasks read what.
    fn change(&self, _: &Value, after: &Value, returned: bool) -> String {
        let since = self
            .state(after)
            .unwrap_or_else(|| "a deployment that is not known".to_owned());
        match returned {
            true => format!("started again by {since}, after the others were switched back"),
            false => format!("started again by {since}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_says_which_deployment_started_the_tasks() {
        let said = |after: Value, returned| EcsRestart.change(&Value::Null, &after, returned);
        assert_eq!(
            said(json!({"deployment": "ecs-svc/2"}), false),
            "started again by deployment ecs-svc/2"
        );
        assert!(said(json!({"deployment": "ecs-svc/3"}), true).contains("after the others were switched back"));
        assert!(said(json!({"desired_count": 0}), false).contains("desired count was 0"));
        assert!(said(Value::Null, false).contains("not known"));
    }
}
