//! Settings that contain none of a resource's data. A Region may not offer one, and a backup continues without a setting that AWS
//! cannot describe at the moment.

use serde_json::{Map, Value, json};

use crate::error::{Class, Result};

/// The field of a captured configuration that names what is missing from it: for each field why AWS did not return it; and what the
/// Region does not offer.
const NOT_CAPTURED: &str = "NotCaptured";
const NOT_OFFERED: &str = "NotOffered";

/// What a capture omitted.
pub struct Optional {
    leaves_out: bool,
    not_captured: Map<String, Value>,
    not_offered: Vec<String>,
}

impl Optional {
    /// For a backup, which omits what it does not need.
    pub fn at_backup() -> Self {
        Self::new(true)
    }

    /// For a copy, which is captured again later.
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

    /// A setting that a restore puts back; null if the Region does not offer it, for which `described` is `None`.
    ///
    /// # Errors
    /// AWS's error, since the copy would be different without the setting.
    pub fn required(&mut self, field: &str, described: Result<Option<Value>>) -> Result<Value> {
        let found = described?;
        if found.is_none() {
            self.not_offered.push(field.to_owned());
        }
        Ok(found.unwrap_or_default())
    }

    /// Records that the Region does not offer these fields.
    pub fn add_not_offered(&mut self, fields: &[&str]) {
        self.not_offered.extend(fields.iter().map(|&field| field.to_owned()));
    }

    /// A setting that monitors the resource or receives its changes: also null if AWS fails to return it twice.
    pub async fn dispensable<F>(&mut self, field: &str, describe: impl Fn() -> F) -> Result<Value>
    where
        F: Future<Output = Result<Option<Value>>>,
    {
        let described = match describe().await {
            Err(error) if self.leaves_out && error.class() != Class::Final => describe().await,
            described => described,
        };
        match described {
            Err(error) if self.leaves_out => {
                self.not_captured.insert(field.to_owned(), error.to_string().into());
                Ok(Value::Null)
            }
            described => self.required(field, described),
        }
    }

    /// Adds the record of what was omitted.
    pub fn record_in(self, mut configuration: Value) -> Value {
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

/// A configuration without those fields, and without the record of them.
pub fn without(configuration: &Value, fields: &[(String, String)]) -> Value {
    let mut left = configuration.clone();
    if let Some(members) = left.as_object_mut() {
        members.retain(|name, _| name != NOT_CAPTURED && name != NOT_OFFERED);
        members.retain(|name, _| !fields.iter().any(|(field, _)| field == name));
    }
    left
}

/// What an operator should know about a restore from this configuration.
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

    /// Fails at 8e363f8: the backup failed because of a setting that only monitors the table.
    #[tokio::test]
    async fn a_backup_does_without_what_aws_does_not_tell_and_a_copy_does_not() {
        let asked = Cell::new(0);
        let refused = async || {
            asked.set(asked.get() + 1);
            Err(Error::Throttled("slower".into()))
        };
        let mut optional = Optional::at_backup();
        assert_eq!(optional.dispensable("Insights", refused).await.unwrap(), Value::Null);
        assert_eq!(asked.get(), 2);
        assert!(
            optional
                .required("Tags", Err(Error::Throttled("slower".into())))
                .is_err()
        );
        assert_eq!(optional.required("Policy", Ok(None)).unwrap(), Value::Null);
        let captured = optional.record_in(json!({"Table": {}}));
        assert_eq!(not_captured(&captured), [("Insights".to_owned(), "slower".to_owned())]);
        let remarks = remarks(&captured);
        assert!(
            remarks[0].contains("Insights could not be captured") && remarks[1].starts_with("Policy was not captured")
        );
        let there = json!({"Table": {}, "Insights": 1});
        assert_eq!(without(&there, &not_captured(&captured)), json!({"Table": {}}));
        assert_eq!(without(&captured, &[]), json!({"Table": {}}));

        asked.set(0);
        assert!(Optional::of_copy().dispensable("Insights", refused).await.is_err());
        assert_eq!(asked.get(), 1);
    }
}
