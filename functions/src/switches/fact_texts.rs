//! The text that a switch writes where an application reads one fact of the copy.

use aws_config::SdkConfig;
use serde_json::Value;

use super::directories::{self, Directories};
use super::facts::Facts;
use crate::domain::descriptor::{Fact, Switch};
use crate::domain::restore::item::RestoreItem;
use crate::error::Result;

/// Reads facts as texts.
pub struct FactTexts {
    facts: Facts,
    directories: Directories,
}

impl FactTexts {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            facts: Facts::from_config(aws),
            directories: Directories::from_config(aws),
        }
    }

    /// The new value of a switch; `old` is the previous one, whose directory is looked for in the copy.
    ///
    /// # Errors
    /// As [`Facts::read`] and [`Directories::find`].
    pub async fn new_value(&self, switch: &Switch, fact: Fact, item: &RestoreItem, old: &str) -> Result<String> {
        if fact == Fact::Directory {
            return self.directories.find(switch, "", item, directories::named(old)).await;
        }
        Ok(match self.facts.read(fact, item).await? {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }
}
