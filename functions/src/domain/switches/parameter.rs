//! `parameter`: a Systems Manager parameter, whose value becomes a fact of the copy.

use serde_json::Value;

use super::profile::{LoginSource, SwitchProfile, version};
use crate::domain::descriptor::facts::fact;
use crate::domain::descriptor::reader::{Faults, Object, quoted};
use crate::domain::descriptor::{Fact, SwitchAction, formats};
use crate::domain::kinds::Stateful;

pub struct Parameter;

/// The parameter and the fact that it holds.
fn of(action: &SwitchAction) -> Option<(&str, Fact)> {
    match action {
        SwitchAction::Parameter { parameter, value } => Some((parameter, *value)),
        _ => None,
    }
}

fn named(action: &SwitchAction) -> &str {
    of(action).map(|(parameter, _)| parameter).unwrap_or_default()
}

impl SwitchProfile for Parameter {
    fn name(&self) -> &'static str {
        "parameter"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["table", "parameter", "value"]
    }

    fn read(
        &self,
        faults: &mut Faults,
        object: &Object<'_>,
        kind: Option<&dyn Stateful>,
        facts: &[(&'static str, Fact)],
    ) -> Option<SwitchAction> {
        let parameter = object.text(faults, "parameter", &formats::PARAMETER);
        let value = match object.get("value") {
            Some(value) => fact(faults, object.path("value"), value, facts),
            None => facts.first().filter(|_| kind.is_some()).map(|(_, fact)| *fact),
        };
        let (parameter, value) = parameter.zip(value)?;
        Some(SwitchAction::Parameter { parameter, value })
    }

    fn words(&self, action: &SwitchAction) -> String {
        format!("parameter {}", named(action))
    }

    fn effect(&self, action: &SwitchAction, copy: &str, _: Option<&dyn Stateful>) -> String {
        format!("parameter {} leads to {copy}", named(action))
    }

    fn subject(&self, action: &SwitchAction) -> Option<String> {
        of(action).map(|(parameter, _)| parameter.to_owned())
    }

    fn conflict(&self, action: &SwitchAction, earlier: &SwitchAction, _: bool) -> Option<(&'static str, String)> {
        let ((parameter, _), (other, _)) = (of(action)?, of(earlier)?);
        (parameter == other).then(|| ("parameter", quoted(parameter)))
    }

    fn values(&self, action: &SwitchAction) -> Vec<Fact> {
        of(action).map(|(_, fact)| fact).into_iter().collect()
    }

    fn references(&self, action: &SwitchAction) -> Vec<Fact> {
        self.values(action)
    }

    fn login(&self, action: &SwitchAction) -> LoginSource {
        match of(action) {
            Some((_, Fact::MasterSecret)) => LoginSource::MasterSecret,
            _ => LoginSource::None,
        }
    }

    fn state(&self, recorded: &Value) -> Option<String> {
        version(recorded)
    }
}
