//! Conditions and assignments in DynamoDB's expression syntax.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use super::store::{Condition, Item};
use crate::error::{Error, Result};

/// Names and values that an expression refers to by placeholder, since DynamoDB reserves words such as `status`.
#[derive(Debug, Default, PartialEq)]
pub struct Placeholders {
    pub names: HashMap<String, String>,
    pub values: HashMap<String, AttributeValue>,
}

impl Placeholders {
    /// `None` for a condition that always holds.
    pub fn condition(&mut self, condition: &Condition) -> Result<Option<String>> {
        Ok(match condition {
            Condition::Always => None,
            Condition::Absent(name) => Some(format!("attribute_not_exists({})", self.name(name))),
            Condition::Present(name) => Some(format!("attribute_exists({})", self.name(name))),
            Condition::Equals(name, value) => Some(format!("{} = {}", self.name(name), self.value(value)?)),
            Condition::All(parts) => self.joined(parts, " AND ")?,
            Condition::Any(parts) => self.joined(parts, " OR ")?,
        })
    }

    /// `SET a = :a, b = :b`.
    pub fn assignments(&mut self, set: &Item) -> Result<String> {
        let parts = set
            .iter()
            .map(|(name, value)| Ok(format!("{} = {}", self.name(name), self.value(value)?)))
            .collect::<Result<Vec<_>>>()?;
        Ok(format!("SET {}", parts.join(", ")))
    }

    pub fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    pub fn value(&mut self, value: &Value) -> Result<String> {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), attribute(value)?);
        Ok(placeholder)
    }

    fn joined(&mut self, parts: &[Condition], with: &str) -> Result<Option<String>> {
        let parts = parts
            .iter()
            .filter_map(|part| self.condition(part).transpose())
            .collect::<Result<Vec<_>>>()?;
        Ok((!parts.is_empty()).then(|| format!("({})", parts.join(with))))
    }
}

/// Converts a value to a native attribute.
pub fn attribute(value: &Value) -> Result<AttributeValue> {
    serde_dynamo::to_attribute_value(value).map_err(|error| {
        Error::VerificationFailed(format!(
            "writing to the catalog: the value cannot be a DynamoDB attribute: {error}"
        ))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_names_every_attribute_by_placeholder() {
        let mut placeholders = Placeholders::default();
        let condition = Condition::Any(vec![
            Condition::Absent("pk"),
            Condition::All(vec![
                Condition::Equals("status", json!("running")),
                Condition::Present("execution"),
            ]),
        ]);
        assert_eq!(
            placeholders.condition(&condition).unwrap().unwrap(),
            "(attribute_not_exists(#pk) OR (#status = :v0 AND attribute_exists(#execution)))"
        );
        assert_eq!(placeholders.names["#status"], "status");
        assert_eq!(placeholders.values[":v0"], AttributeValue::S("running".into()));
    }

    #[test]
    fn assignments_and_a_condition_share_their_placeholders() {
        let mut placeholders = Placeholders::default();
        let set = json!({"percent": 12.5, "status": "failed"})
            .as_object()
            .unwrap()
            .clone();
        assert_eq!(
            placeholders.assignments(&set).unwrap(),
            "SET #percent = :v0, #status = :v1"
        );
        let condition = Condition::Equals("status", json!("in_progress"));
        assert_eq!(placeholders.condition(&condition).unwrap().unwrap(), "#status = :v2");
        assert_eq!(placeholders.condition(&Condition::Always).unwrap(), None);
    }
}
