//! What the operator should know about a restore, and which resource it concerns.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Serialized as a plain string if it concerns no resource, as in records from before this field existed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredRemark", into = "StoredRemark")]
pub struct Remark {
    /// Name of the resource.
    pub resource: Option<String>,
    /// Without the resource's name.
    pub text: String,
}

impl Remark {
    /// A remark about one resource.
    pub fn of(resource: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            resource: Some(resource.into()),
            text: text.into(),
        }
    }
}

/// A remark about the restore as a whole.
impl From<String> for Remark {
    fn from(text: String) -> Self {
        Self { resource: None, text }
    }
}

/// A remark about the restore as a whole.
impl From<&str> for Remark {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.resource {
            Some(resource) => write!(f, "{resource}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// As stored in a record.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredRemark {
    Text(String),
    Named { resource: String, text: String },
}

impl From<StoredRemark> for Remark {
    fn from(stored: StoredRemark) -> Self {
        match stored {
            StoredRemark::Text(text) => text.into(),
            StoredRemark::Named { resource, text } => Remark::of(resource, text),
        }
    }
}

impl From<Remark> for StoredRemark {
    fn from(Remark { resource, text }: Remark) -> Self {
        match resource {
            Some(resource) => StoredRemark::Named { resource, text },
            None => StoredRemark::Text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_remark_is_written_with_its_resource_and_read_without_one_too() {
        let of_database = json!({"resource": "database", "text": "the engine is upgraded"});
        for (stored, remark, text) in [
            (
                of_database,
                Remark::of("database", "the engine is upgraded"),
                "database: the engine is upgraded",
            ),
            (
                json!("files: as before"),
                Remark::from("files: as before"),
                "files: as before",
            ),
        ] {
            assert_eq!(serde_json::from_value::<Remark>(stored.clone()).unwrap(), remark);
            assert_eq!(serde_json::to_value(&remark).unwrap(), stored);
            assert_eq!(remark.to_string(), text);
        }
        assert!(serde_json::from_value::<Remark>(Value::Null).is_err());
    }
}
