//! The parameters of a new stack: filled from the set, given by the operator, or as the old stack has them.

use std::collections::BTreeMap;

use super::fill::FilledParameter;
use crate::domain::nearest::nearest;
use crate::error::Fault;

/// A parameter as the template declares it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredParameter {
    pub name: String,
    /// Whether the template has a default for it.
    pub has_default: bool,
    /// Whether CloudFormation hides its value (`NoEcho`).
    pub no_echo: bool,
}

/// Where the value of a parameter is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Set,
    /// `--param`.
    Given,
    OldStack,
}

/// A parameter of the new stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewParameter {
    pub name: String,
    /// `None` if nobody but the operator knows it.
    pub value: Option<String>,
    pub origin: Origin,
    /// Never printed.
    pub is_hidden: bool,
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewParameters {
    /// In the order of the template.
    pub all: Vec<NewParameter>,
    /// Parameters of the old stack that the template does not have.
    pub left_out: Vec<String>,
}

/// Chooses a value for each parameter of the template. One that neither the old stack nor the operator has gets the template's default.
///
/// # Errors
/// A fault for each given parameter that the template does not have, or that is filled from the set.
pub fn choose(
    declared: &[DeclaredParameter],
    filled: &[FilledParameter],
    given: &BTreeMap<String, String>,
    old: &BTreeMap<String, String>,
) -> Result<NewParameters, Vec<Fault>> {
    let faults: Vec<Fault> = given
        .keys()
        .filter_map(|name| refused(name, declared, filled))
        .collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    let choose = |declared: &DeclaredParameter| {
        let DeclaredParameter { name, no_echo, .. } = declared;
        let of_set = filled
            .iter()
            .find(|filled| filled.name == *name)
            .map(|filled| &filled.value);
        let of_old = old.get(name);
        let (value, origin) = match (of_set, given.get(name), of_old) {
            (Some(value), _, _) => (Some(value), Origin::Set),
            (None, Some(value), _) => (Some(value), Origin::Given),
            (None, None, Some(value)) => (Some(value).filter(|value| !is_masked(value)), Origin::OldStack),
            (None, None, None) if declared.has_default => return None,
            (None, None, None) => (None, Origin::Given),
        };
        Some(NewParameter {
            name: name.clone(),
            value: value.cloned(),
            origin,
            is_hidden: *no_echo || of_old.is_some_and(|value| is_masked(value)),
        })
    };
    let is_declared = |name: &str| declared.iter().any(|declared| declared.name == name);
    Ok(NewParameters {
        all: declared.iter().filter_map(choose).collect(),
        left_out: old.keys().filter(|name| !is_declared(name)).cloned().collect(),
    })
}

impl NewParameters {
    /// A fault for each parameter whose value only the operator knows.
    pub fn missing(&self) -> Vec<Fault> {
        let missing = self.all.iter().filter(|parameter| parameter.value.is_none());
        let fault = |parameter: &NewParameter| Fault {
            path: format!("--param {}", parameter.name),
            value: "(missing)".to_owned(),
            allowed: match parameter.is_hidden {
                true => format!(
                    "its value, {}=VALUE: CloudFormation hides it (NoEcho), so it cannot be read from the old stack",
                    parameter.name
                ),
                false => format!(
                    "its value, {}=VALUE: the template has no default for it, and the old stack no value",
                    parameter.name
                ),
            },
        };
        missing.map(fault).collect()
    }

    /// Names of the parameters whose values in an existing stack differ; a hidden one cannot be compared, and one that only comes from
    /// the old stack may have changed there since.
    pub fn differing(&self, existing: &BTreeMap<String, String>) -> Vec<&str> {
        let differs = |parameter: &&NewParameter| {
            let there = existing.get(&parameter.name);
            let is_chosen = parameter.origin != Origin::OldStack && !parameter.is_hidden;
            is_chosen && there.is_some_and(|value| !is_masked(value)) && there != parameter.value.as_ref()
        };
        self.all
            .iter()
            .filter(differs)
            .map(|parameter| parameter.name.as_str())
            .collect()
    }
}

/// CloudFormation shows a parameter with NoEcho as asterisks.
fn is_masked(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte == b'*')
}

fn refused(name: &str, declared: &[DeclaredParameter], filled: &[FilledParameter]) -> Option<Fault> {
    let path = format!("--param {name}");
    if let Some(filled) = filled.iter().find(|filled| filled.name == name) {
        return Some(Fault {
            path,
            // The value is not shown: it may be of another parameter, and secret.
            value: "a value".to_owned(),
            allowed: format!("none: it is filled from the set, with {}", filled.value),
        });
    }
    let names = || declared.iter().map(|declared| declared.name.as_str());
    if names().any(|declared| declared == name) {
        return None;
    }
    let guess = nearest(name, names())
        .map(|name| format!("; did you mean {name}?"))
        .unwrap_or_default();
    let all: Vec<&str> = names().collect();
    Some(Fault {
        path,
        value: "a parameter that the template does not have".to_owned(),
        allowed: format!("one of its parameters: {}{guess}", all.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn declared(name: &str, has_default: bool, no_echo: bool) -> DeclaredParameter {
        DeclaredParameter {
            name: name.to_owned(),
            has_default,
            no_echo,
        }
    }

    fn template() -> Vec<DeclaredParameter> {
        vec![
            declared("DomainName", false, false),
            declared("Password", true, true),
            declared("Snapshot", false, false),
            declared("New", false, false),
            declared("Size", true, false),
        ]
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn old() -> BTreeMap<String, String> {
        map(&[
            ("DomainName", "hub.example"),
            ("Password", "****"),
            ("Snapshot", ""),
            ("Removed", "1"),
        ])
    }

    fn chosen(given: &[(&str, &str)]) -> Result<NewParameters, Vec<Fault>> {
        let filled = [FilledParameter {
            name: "Snapshot".to_owned(),
            value: "hf-1".to_owned(),
            point: None,
        }];
        choose(&template(), &filled, &map(given), &old())
    }

    #[test]
    fn the_set_comes_before_what_is_given_and_that_before_the_old_stack() {
        let chosen = chosen(&[("Password", "hunter2"), ("New", "x")]).unwrap();
        let values: Vec<_> = chosen
            .all
            .iter()
            .map(|of| (of.name.as_str(), of.value.as_deref(), of.origin))
            .collect();
        assert_eq!(
            values,
            [
                ("DomainName", Some("hub.example"), Origin::OldStack),
                ("Password", Some("hunter2"), Origin::Given),
                ("Snapshot", Some("hf-1"), Origin::Set),
                ("New", Some("x"), Origin::Given),
            ],
            "Size has the template's default"
        );
        assert_eq!(chosen.left_out, ["Removed"]);
        assert_eq!(chosen.missing(), []);
        assert!(chosen.all[1].is_hidden && !chosen.all[0].is_hidden);
    }

    #[test]
    fn what_only_the_operator_knows_is_asked_for_by_name() {
        let faults = chosen(&[]).unwrap().missing();
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            said[0].starts_with("--param Password: (missing)") && said[0].contains("NoEcho"),
            "{}",
            said[0]
        );
        assert!(
            said[1].starts_with("--param New: (missing)") && said[1].contains("no default"),
            "{}",
            said[1]
        );
    }

    #[test]
    fn a_parameter_that_is_not_the_operators_is_refused_without_its_value() {
        let said = chosen(&[("Snapshot", "hunter2")]).unwrap_err()[0].to_string();
        assert!(
            said.contains("filled from the set, with hf-1") && !said.contains("hunter2"),
            "{said}"
        );
        let said = chosen(&[("DomainNam", "hunter2")]).unwrap_err()[0].to_string();
        assert!(
            said.contains("did you mean DomainName?") && !said.contains("hunter2"),
            "{said}"
        );
    }

    #[test]
    fn a_stack_with_other_values_is_another_one() {
        let chosen = chosen(&[("Password", "hunter2"), ("New", "x")]).unwrap();
        let mut existing = map(&[
            ("DomainName", "hub.example"),
            ("Password", "****"),
            ("Snapshot", "hf-1"),
            ("New", "x"),
        ]);
        assert_eq!(chosen.differing(&existing), Vec::<&str>::new());
        existing.insert("Snapshot".to_owned(), "hf-0".to_owned());
        assert_eq!(chosen.differing(&existing), ["Snapshot"]);
    }
}
