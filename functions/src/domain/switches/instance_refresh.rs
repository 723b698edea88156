//! `instance_refresh`: the instances of an EC2 Auto Scaling group are replaced, so that the new ones read, when they start, what the
//! switches before it wrote.

use serde_json::Value;

use super::profile::{LoginSource, SwitchProfile};
use crate::domain::descriptor::reader::{Faults, Object, quoted};
use crate::domain::descriptor::{Fact, SwitchAction, formats};
use crate::domain::kinds::Stateful;

pub struct InstanceRefresh;

/// The group.
fn of(action: &SwitchAction) -> Option<&str> {
    match action {
        SwitchAction::InstanceRefresh { group } => Some(group),
        _ => None,
    }
}

impl SwitchProfile for InstanceRefresh {
    fn name(&self) -> &'static str {
        "instance_refresh"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["table", "group"]
    }

    fn read(
        &self,
        faults: &mut Faults,
        object: &Object<'_>,
        _: Option<&dyn Stateful>,
        _: &[(&'static str, Fact)],
    ) -> Option<SwitchAction> {
        let group = object.text(faults, "group", &formats::AUTO_SCALING_GROUP)?;
        Some(SwitchAction::InstanceRefresh { group })
    }

    fn words(&self, action: &SwitchAction) -> String {
        format!("instances of Auto Scaling group {}", of(action).unwrap_or_default())
    }

    fn effect(&self, action: &SwitchAction, copy: &str, _: Option<&dyn Stateful>) -> String {
        format!(
            "the instances of Auto Scaling group {} are replaced by new ones, which read what leads to {copy} when they start",
            of(action).unwrap_or_default()
        )
    }

    fn subject(&self, action: &SwitchAction) -> Option<String> {
        of(action).map(str::to_owned)
    }

    /// A group may be refreshed for several resources, each of which may be restored alone.
    fn conflict(
        &self,
        action: &SwitchAction,
        earlier: &SwitchAction,
        same_resource: bool,
    ) -> Option<(&'static str, String)> {
        let (named, other) = (of(action)?, of(earlier)?);
        (same_resource && named == other).then(|| ("group", quoted(named)))
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
        match recorded["refresh"].as_str() {
            Some(refresh) => Some(format!("instance refresh {refresh}")),
            None if recorded["desired_capacity"] == 0 => {
                Some("no instance refresh, since its desired capacity was 0".to_owned())
            }
            None => None,
        }
    }

    /// Which refresh launched the instances that read what.
    fn change(&self, _: &Value, after: &Value, returned: bool) -> String {
        let by = self
            .state(after)
            .unwrap_or_else(|| "an instance refresh that is not known".to_owned());
        match returned {
            true => format!("replaced again by {by}, after the others were switched back"),
            false => format!("replaced by {by}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_says_which_refresh_replaced_the_instances() {
        let said = |after: Value, returned| InstanceRefresh.change(&Value::Null, &after, returned);
        assert_eq!(
            said(json!({"refresh": "r-1"}), false),
            "replaced by instance refresh r-1"
        );
        assert!(said(json!({"refresh": "r-2"}), true).contains("after the others were switched back"));
        assert!(said(json!({"desired_capacity": 0}), false).contains("desired capacity was 0"));
        assert!(said(Value::Null, false).contains("not known"));
    }
}
