//! `secret`: keys of a Secrets Manager secret.

use std::collections::BTreeMap;

use serde_json::Value;

use super::profile::{LoginSource, SwitchProfile, version};
use crate::domain::descriptor::facts::values;
use crate::domain::descriptor::reader::{Faults, Object, quoted};
use crate::domain::descriptor::{Fact, SwitchAction, formats};
use crate::domain::kinds::Stateful;
use crate::domain::kinds::secret::name;

pub struct Secret;

/// The secret and its keys.
fn of(action: &SwitchAction) -> Option<(&str, &BTreeMap<String, Fact>)> {
    match action {
        SwitchAction::Secret { secret, values } => Some((secret, values)),
        _ => None,
    }
}

fn keys(action: &SwitchAction, between: &str) -> String {
    let keys = of(action).into_iter().flat_map(|(_, values)| values.keys());
    keys.map(String::as_str).collect::<Vec<_>>().join(between)
}

impl SwitchProfile for Secret {
    fn name(&self) -> &'static str {
        "secret"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["table", "secret", "values"]
    }

    fn read(
        &self,
        faults: &mut Faults,
        object: &Object<'_>,
        kind: Option<&dyn Stateful>,
        facts: &[(&'static str, Fact)],
    ) -> Option<SwitchAction> {
        let secret = object.text(faults, "secret", &formats::SECRET);
        let values = values(faults, object, facts, kind.is_some());
        let (secret, values) = secret.zip(values)?;
        Some(SwitchAction::Secret { secret, values })
    }

    fn words(&self, action: &SwitchAction) -> String {
        let secret = of(action).map(|(secret, _)| secret).unwrap_or_default();
        format!("secret {secret} ({})", keys(action, ", "))
    }

    fn effect(&self, action: &SwitchAction, copy: &str, _: Option<&dyn Stateful>) -> String {
        let secret = of(action).map(|(secret, _)| secret).unwrap_or_default();
        format!("{} of secret {secret} lead to {copy}", keys(action, " and "))
    }

    fn subject(&self, action: &SwitchAction) -> Option<String> {
        of(action).map(|(secret, _)| name(secret).to_owned())
    }

    fn normalized(&self, action: &SwitchAction) -> SwitchAction {
        match of(action) {
            Some((secret, values)) => SwitchAction::Secret {
                secret: name(secret).to_owned(),
                values: values.clone(),
            },
            None => action.clone(),
        }
    }

    fn conflict(&self, action: &SwitchAction, earlier: &SwitchAction, _: bool) -> Option<(&'static str, String)> {
        let ((secret, values), (other, others)) = (of(action)?, of(earlier)?);
        let key = values.keys().find(|key| others.contains_key(*key))?;
        (secret == other).then(|| ("values", format!("{} of the same secret", quoted(key))))
    }

    fn values(&self, action: &SwitchAction) -> Vec<Fact> {
        let values = of(action).into_iter().flat_map(|(_, values)| values.values());
        values.copied().collect()
    }

    fn references(&self, action: &SwitchAction) -> Vec<Fact> {
        self.values(action)
    }

    fn login(&self, action: &SwitchAction) -> LoginSource {
        match of(action) {
            Some((_, values)) if values.values().any(|fact| *fact == Fact::MasterSecret) => LoginSource::MasterSecret,
            Some((secret, values)) => LoginSource::Secret {
                secret: secret.to_owned(),
                values: values.clone(),
            },
            None => LoginSource::None,
        }
    }

    fn state(&self, recorded: &Value) -> Option<String> {
        version(recorded)
    }
}
