//! Settings that contain none of a resource's data. A Region may not offer one, and a backup goes on without a setting that
//! AWS does not describe for now.

use serde_json::{Map, Value, json};

use crate::error::{Class, Result};

/// The fields of a captured configuration that name what is not in it: field by field why AWS did not tell it; and what the Region
/// does not offer.
const NOT_CAPTURED: &str = "NotCaptured";
const NOT_OFFERED: &str = "NotOffered";

/// What a capture left out.
pub struct Optional {
    leaves_out: bool,
    not_captured: Map<String, Value>,
    not_offered: Vec<String>,
}

impl Optional {
    /// For a backup, which leaves out what it does not need.
    pub fn at_backup() -> Self {
        Self::new(true)
    }

    /// For a copy, which is looked at again.
    pub fn of_copy() -> Self {
        Self::new(false)
    }

    fn new(leaves_out: bool) -> Self {
        Self {
            leaves_out,
            not_captured: Map::new(),
            not_offered: Vec::new(),
        }
    }

    /// A setting that a restore puts back; null where the Region does not offer it. `looked` is `None` there.
    ///
    /// # Errors
    /// AWS's, since without it the copy would be another.
    pub fn needed(&mut self, field: &str, looked: Result<Option<Value>>) -> Result<Value> {
        let found = looked?;
        if found.is_none() {
            self.not_offered.push(field.to_owned());
        }
        Ok(found.unwrap_or_default())
    }

    /// The Region does not offer these, so that there is nothing of them.
    pub fn lacks(&mut self, fields: &[&str]) {
        self.not_offered.extend(fields.iter().map(|&field| field.to_owned()));
    }

    /// What watches the resource or listens to it: null also where AWS does not tell it at the second try.
    pub async fn beside<F>(&mut self, field: &str, look: impl Fn() -> F) -> Result<Value>
    where
        F: Future<Output = Result<Option<Value>>>,
    {
        let looked = match look().await {
            Err(error) if self.leaves_out && error.class() != Class::Final => look().await,
            looked => looked,
        };
        match looked {
            Err(error) if self.leaves_out => {
                self.not_captured.insert(field.to_owned(), error.to_string().into());
                Ok(Value::Null)
            }
            looked => self.needed(field, looked),
        }
    }

    /// Writes down what was left out.
    pub fn noted(self, mut configuration: Value) -> Value {
        if !self.not_captured.is_empty() {
            configuration[NOT_CAPTURED] = self.not_captured.into();
        }
        if !self.not_offered.is_empty() {
            configuration[NOT_OFFERED] = json!(self.not_offered);
        }
        configuration
    }
}

/// The fields that were not captured, and why.
pub fn not_captured(configuration: &Value) -> Vec<(String, String)> {
    let fields = configuration.get(NOT_CAPTURED).and_then(Value::as_object);
    let fields = fields.into_iter().flatten();
    fields
        .map(|(field, why)| (field.clone(), why.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// A configuration without those fields, and without the notes on them.
pub fn without(configuration: &Value, fields: &[(String, String)]) -> Value {
    let mut left = configuration.clone();
    if let Some(members) = left.as_object_mut() {
        members.retain(|name, _| name != NOT_CAPTURED && name != NOT_OFFERED);
        members.retain(|name, _| !fields.iter().any(|(field, _)| field == name));
    }
    left
}

/// What an operator should know of a restore from this configuration.
pub fn remarks(configuration: &Value) -> Vec<String> {
    let not_captured = not_captured(configuration);
    let untold = not_captured.iter().map(|(field, why)| {
        format!(
            "{field} could not be captured at backup, so the copy gets none: see whether the source has any ({why})"
        )
    });
    let offered = configuration.get(NOT_OFFERED).and_then(Value::as_array);
    let unoffered = offered.into_iter().flatten().filter_map(Value::as_str);
    let unoffered = unoffered.map(|field| format!("{field} was not captured: the Region did not offer it"));
    untold.chain(unoffered).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::cell::Cell;

    use super::*;
    use crate::error::Error;

    /// Fails at 8e363f8: the backup failed with what only watches the table.
    #[tokio::test]
    async fn a_backup_does_without_what_aws_does_not_tell_and_a_copy_does_not() {
        let asked = Cell::new(0);
        let refused = async || {
            asked.set(asked.get() + 1);
            Err(Error::Throttled("slower".into()))
        };
        let mut optional = Optional::at_backup();
        assert_eq!(optional.beside("Insights", refused).await.unwrap(), Value::Null);
        assert_eq!(asked.get(), 2);
        assert!(optional.needed("Tags", Err(Error::Throttled("slower".into()))).is_err());
        assert_eq!(optional.needed("Policy", Ok(None)).unwrap(), Value::Null);
        let captured = optional.noted(json!({"Table": {}}));
        assert_eq!(not_captured(&captured), [("Insights".to_owned(), "slower".to_owned())]);
        let remarks = remarks(&captured);
        assert!(
            remarks[0].contains("Insights could not be captured") && remarks[1].starts_with("Policy was not captured")
        );
        let there = json!({"Table": {}, "Insights": 1});
        assert_eq!(without(&there, &not_captured(&captured)), json!({"Table": {}}));
        assert_eq!(without(&captured, &[]), json!({"Table": {}}));

        asked.set(0);
        assert!(Optional::of_copy().beside("Insights", refused).await.is_err());
        assert_eq!(asked.get(), 1);
    }
}
