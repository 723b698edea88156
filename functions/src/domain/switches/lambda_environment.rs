//! `lambda_environment`: an environment variable of a Lambda function, whose value becomes a fact of the copy.

use serde_json::Value;

use super::profile::{LoginSource, SwitchProfile, text, version};
use crate::domain::descriptor::facts::fact;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat, quoted};
use crate::domain::descriptor::{Fact, SwitchAction};
use crate::domain::kinds::Stateful;

pub struct LambdaEnvironment;

/// Only the function itself: the variables of a published version cannot be changed.
const FUNCTION: TextFormat = TextFormat {
    rule: "the name of a Lambda function, such as hubs-api: 1 to 64 letters, digits, hyphens and underscores, without a version or \
           alias; not an ARN",
    accepts: |text| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=64).contains(&text.len()) && text.bytes().all(plain)
    },
    hidden: false,
};

/// Source: `EnvironmentVariableName` in <https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html>.
const VARIABLE: TextFormat = TextFormat {
    rule: "the name of an environment variable: 2 or more letters, digits and underscores, beginning with a letter",
    accepts: |text| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        (2..=255).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(plain)
    },
    hidden: false,
};

/// The function, its variable and the fact that it holds.
fn of(action: &SwitchAction) -> Option<(&str, &str, Fact)> {
    match action {
        SwitchAction::LambdaEnvironment {
            function,
            variable,
            value,
        } => Some((function, variable, *value)),
        _ => None,
    }
}

impl SwitchProfile for LambdaEnvironment {
    fn name(&self) -> &'static str {
        "lambda_environment"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["table", "function", "variable", "value"]
    }

    fn read(
        &self,
        faults: &mut Faults,
        object: &Object<'_>,
        kind: Option<&dyn Stateful>,
        facts: &[(&'static str, Fact)],
    ) -> Option<SwitchAction> {
        let function = object.text(faults, "function", &FUNCTION);
        let variable = object.text(faults, "variable", &VARIABLE);
        let value = match object.get("value") {
            Some(value) => fact(faults, object.path("value"), value, facts),
            None => facts.first().filter(|_| kind.is_some()).map(|(_, fact)| *fact),
        };
        let ((function, variable), value) = function.zip(variable).zip(value)?;
        Some(SwitchAction::LambdaEnvironment {
            function,
            variable,
            value,
        })
    }

    fn words(&self, action: &SwitchAction) -> String {
        let (function, variable) = of(action)
            .map(|(function, variable, _)| (function, variable))
            .unwrap_or_default();
        format!("variable {variable} of Lambda function {function}")
    }

    fn effect(&self, action: &SwitchAction, copy: &str, _: Option<&dyn Stateful>) -> String {
        format!("{} leads to {copy}", self.words(action))
    }

    fn subject(&self, action: &SwitchAction) -> Option<String> {
        of(action).map(|(function, variable, _)| format!("{function}/{variable}"))
    }

    fn conflict(&self, action: &SwitchAction, earlier: &SwitchAction, _: bool) -> Option<(&'static str, String)> {
        let ((function, variable, _), (other, of_other, _)) = (of(action)?, of(earlier)?);
        ((function, variable) == (other, of_other))
            .then(|| ("variable", format!("{} of the same function", quoted(variable))))
    }

    fn values(&self, action: &SwitchAction) -> Vec<Fact> {
        of(action).map(|(_, _, fact)| fact).into_iter().collect()
    }

    fn references(&self, action: &SwitchAction) -> Vec<Fact> {
        self.values(action)
    }

    fn login(&self, action: &SwitchAction) -> LoginSource {
        match of(action) {
            Some((_, _, Fact::MasterSecret)) => LoginSource::MasterSecret,
            _ => LoginSource::None,
        }
    }

    fn state(&self, recorded: &Value) -> Option<String> {
        let value = &recorded["value"];
        match value.is_null() {
            true => version(recorded).map(|version| format!("that of {version} of the function")),
            false => Some(text(value)),
        }
    }

    /// Once it is switched back, both recorded states are the version.
    fn change(&self, before: &Value, after: &Value, returned: bool) -> String {
        let known = |recorded| self.state(recorded).unwrap_or_else(|| "not known".to_owned());
        match returned {
            true => format!("has {} again", known(before)),
            false => format!("was {}, the copy's is {}", known(before), known(after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_names_the_version_that_has_the_old_value() {
        let (before, after) = (json!({"version": "3"}), json!({"value": "hubs-rooms-r1"}));
        let change = |after: &Value, returned| LambdaEnvironment.change(&before, after, returned);
        assert_eq!(
            change(&after, false),
            "was that of version 3 of the function, the copy's is hubs-rooms-r1"
        );
        assert_eq!(change(&before, true), "has that of version 3 of the function again");
        assert_eq!(
            change(&Value::Null, false),
            "was that of version 3 of the function, the copy's is not known"
        );
    }
}
