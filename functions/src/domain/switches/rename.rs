//! `rename`: the old cluster or database gets a side name, the copy its name.

use serde_json::Value;

use super::profile::{LoginSource, SwitchProfile, text};
use crate::domain::descriptor::reader::{Faults, Object};
use crate::domain::descriptor::{Fact, SwitchAction};
use crate::domain::kinds::Stateful;

pub struct Rename;

impl SwitchProfile for Rename {
    fn name(&self) -> &'static str {
        "rename"
    }

    fn fields(&self) -> &'static [&'static str] {
        &[]
    }

    fn read(
        &self,
        _: &mut Faults,
        _: &Object<'_>,
        _: Option<&dyn Stateful>,
        _: &[(&'static str, Fact)],
    ) -> Option<SwitchAction> {
        Some(SwitchAction::Rename)
    }

    fn words(&self, _: &SwitchAction) -> String {
        "the resource's name".to_owned()
    }

    fn effect(&self, _: &SwitchAction, copy: &str, _: Option<&dyn Stateful>) -> String {
        format!("{copy} takes the name of its source, which gets a side name")
    }

    fn subject(&self, _: &SwitchAction) -> Option<String> {
        None
    }

    fn conflict(
        &self,
        _: &SwitchAction,
        earlier: &SwitchAction,
        same_resource: bool,
    ) -> Option<(&'static str, String)> {
        let twice = match earlier {
            SwitchAction::RdsProxy { .. } => "a rename of a cluster behind a proxy that is switched",
            SwitchAction::Rename => "a second rename",
            _ => return None,
        };
        same_resource.then(|| ("resource", twice.to_owned()))
    }

    fn values(&self, _: &SwitchAction) -> Vec<Fact> {
        Vec::new()
    }

    fn references(&self, _: &SwitchAction) -> Vec<Fact> {
        Vec::new()
    }

    fn login(&self, _: &SwitchAction) -> LoginSource {
        LoginSource::None
    }

    fn state(&self, recorded: &Value) -> Option<String> {
        let (noun, name) = named(recorded)?;
        Some(format!("{noun} {name}"))
    }

    /// Which name leads where: the same before and after it was switched back.
    fn change(&self, before: &Value, _: &Value, _: bool) -> String {
        let (noun, name) = named(before).unwrap_or(("resource", "(not recorded)"));
        let (side, copy) = (text(&before["side"]), text(&before["copy"]));
        match before["old"].is_null() {
            true => format!("the copy, {copy}, becomes {name}; no other {noun} had that name"),
            false => format!("the copy, {copy}, becomes {name}; what was {name} becomes {side}"),
        }
    }
}

/// What a recorded state is of, and the name that applications use.
fn named(recorded: &Value) -> Option<(&'static str, &str)> {
    let nouns = ["cluster", "database"].into_iter();
    nouns
        .into_iter()
        .find_map(|noun| Some((noun, recorded[noun].as_str()?)))
}
