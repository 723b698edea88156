//! Collects the checks of a comparison.

use crate::domain::restore::verdict::{Check, Finding};

/// Checks, named after the resource.
pub struct Checks {
    pub resource: String,
    pub all: Vec<Check>,
}

impl Checks {
    pub fn add(&mut self, what: &str, finding: Finding, detail: impl Into<String>) {
        self.all.push(Check {
            name: format!("{}: {what}", self.resource),
            finding,
            detail: detail.into(),
        });
    }
}
