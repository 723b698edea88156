//! What fills the restore parameters of a template: values from the recovery points of one set.

use std::collections::BTreeMap;

use crate::domain::descriptor::{DeploymentStack, RestoreParameter, StackValue};
use crate::domain::kinds;
use crate::domain::set::{Point, PointStatus};
use crate::error::Fault;

/// The restore parameters of Hubs, by whose names they are recognized in a template.
/// Source: <https://github.com/Hubs-Foundation/hubs-ops/blob/master/cloudformation/stack.yaml> ("Restore from Backup").
pub const HUBS: [(&str, StackValue); 5] = [
    ("RestoreStackName", StackValue::Stack),
    ("RestoreDbSnapshotIdentifier", StackValue::Snapshot),
    ("RestoreAppDbSecretArn", StackValue::Secret),
    ("RestoreBackupVaultName", StackValue::Vault),
    ("RestoreRecoveryPointArn", StackValue::RecoveryPoint),
];

/// A parameter, and what it is filled with.
#[derive(Debug, Clone, PartialEq)]
pub struct FilledParameter {
    pub name: String,
    pub value: String,
    /// The point whose recovery point the value is of; `None` for the name of the old stack.
    pub point: Option<Point>,
}

/// Where a template and its points come from.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// Names of the template's parameters.
    pub declared: &'a [&'a str],
    /// The set's id, and its points.
    pub set: &'a str,
    pub points: &'a [Point],
    /// Name of the old stack.
    pub old: &'a str,
}

impl Filling<'_> {
    /// Fills the parameters that the descriptor names; if it names none, those of Hubs that the template has.
    ///
    /// # Errors
    /// A fault for each parameter that cannot be filled, and if there is none to fill.
    pub fn fill(&self, stack: Option<&DeploymentStack>) -> Result<Vec<FilledParameter>, Vec<Fault>> {
        let named = stack
            .map(|stack| &stack.restore_parameters)
            .filter(|named| !named.is_empty());
        let filled: Vec<Result<FilledParameter, Fault>> = match named {
            Some(named) => self.named(named),
            None => self.hubs(),
        };
        if filled.is_empty() {
            return Err(vec![Fault {
                path: "stack.restore_parameters".to_owned(),
                value: "(missing)".to_owned(),
                allowed: format!(
                    "the parameters of the template that are filled from a set: it has none of Hubs' ({}), only {}. Name them in \
                     the descriptor, or create the stack by hand",
                    HUBS.map(|(name, _)| name).join(", "),
                    self.declared.join(", ")
                ),
            }]);
        }
        let (filled, faults): (Vec<_>, Vec<_>) = filled.into_iter().partition(Result::is_ok);
        match faults.is_empty() {
            true => Ok(filled.into_iter().flatten().collect()),
            false => Err(faults.into_iter().filter_map(Result::err).collect()),
        }
    }

    fn named(&self, named: &BTreeMap<String, RestoreParameter>) -> Vec<Result<FilledParameter, Fault>> {
        let fill = |(name, parameter): (&String, &RestoreParameter)| {
            if !self.declared.contains(&name.as_str()) {
                return Err(Fault {
                    path: format!("stack.restore_parameters.{name}"),
                    value: format!("{name}, which the template does not have,"),
                    allowed: format!("one of its parameters: {}", self.declared.join(", ")),
                });
            }
            let Some(resource) = &parameter.resource else {
                return Ok(self.stack(name));
            };
            let point = self.points.iter().find(|point| point.resource.name == *resource);
            point
                .and_then(|point| filled(name, point, parameter.value))
                .ok_or_else(|| Fault {
                    path: format!("stack.restore_parameters.{name}.resource"),
                    value: format!(
                        "{resource}, of which set {} has no {},",
                        self.set,
                        parameter.value.name()
                    ),
                    allowed: format!("a resource of the set: {}", self.resources()),
                })
        };
        named.iter().map(fill).collect()
    }

    /// Each from the only point of the set that has the value.
    fn hubs(&self) -> Vec<Result<FilledParameter, Fault>> {
        let declared = HUBS.iter().filter(|(name, _)| self.declared.contains(name));
        let fill = |(name, value): &(&str, StackValue)| {
            if *value == StackValue::Stack {
                return Ok(self.stack(name));
            }
            let mut found: Vec<FilledParameter> = self
                .points
                .iter()
                .filter_map(|point| filled(name, point, *value))
                .collect();
            if let (1, Some(only)) = (found.len(), found.pop()) {
                return Ok(only);
            }
            let count = self
                .points
                .iter()
                .filter(|point| filled(name, point, *value).is_some())
                .count();
            Err(Fault {
                path: format!("stack.restore_parameters.{name}"),
                value: format!(
                    "(missing), and {count} resources of set {} have a {},",
                    self.set,
                    value.name()
                ),
                allowed: format!(
                    "which resource it is filled from, such as {{ resource: NAME, value: {} }}, of {}; with it, name the others",
                    value.name(),
                    self.resources()
                ),
            })
        };
        declared.map(fill).collect()
    }

    fn stack(&self, name: &str) -> FilledParameter {
        FilledParameter {
            name: name.to_owned(),
            value: self.old.to_owned(),
            point: None,
        }
    }

    fn resources(&self) -> String {
        let names: Vec<&str> = self.points.iter().map(|point| point.resource.name.as_str()).collect();
        names.join(", ")
    }
}

/// A value of a finished recovery point.
fn filled(name: &str, point: &Point, value: StackValue) -> Option<FilledParameter> {
    let recovery_point = point
        .recovery_point
        .as_ref()
        .filter(|_| point.status == PointStatus::Available)?;
    let value = kinds::of(&point.resource.target).stack_value(recovery_point, value)?;
    Some(FilledParameter {
        name: name.to_owned(),
        value: value.to_owned(),
        point: Some(point.clone()),
    })
}

/// Faults for recovery points of another Region, from which no stack of this one can be created.
pub fn check_region(filled: &[FilledParameter], region: &str) -> Vec<Fault> {
    let of_point = |filled: &FilledParameter| {
        let point = filled.point.as_ref()?;
        let arn = point.recovery_point.as_ref()?.arn()?;
        let theirs = arn
            .split(':')
            .nth(3)
            .filter(|theirs| !theirs.is_empty() && *theirs != region)?;
        Some(Fault {
            path: filled.name.clone(),
            value: format!("{}, which is in {theirs},", filled.value),
            allowed: format!("a recovery point in {region}: create the stack in {theirs} (--region {theirs})"),
        })
    };
    filled.iter().filter_map(of_point).collect()
}

#[cfg(test)]
mod tests;
