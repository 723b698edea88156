//! Whether a new stack can be created under a name, and how its creation is going.

use std::collections::BTreeMap;

use super::parameters::NewParameters;
use crate::domain::descriptor::formats;
use crate::error::Fault;

/// The tag of a new stack: the set that it was created from. CloudFormation also gives it to the stack's resources, so it is none of
/// the keys by which Holdfast recognizes copies and backups.
pub const TAG_RESTORED_FROM: &str = "holdfast:restored-from";

/// A stack that already has the name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExistingStack {
    /// Its ARN: commands with it can reach no stack of another account or Region.
    pub id: String,
    /// Such as `CREATE_COMPLETE`.
    pub status: String,
    pub parameters: BTreeMap<String, String>,
    /// The value of its tag [`TAG_RESTORED_FROM`].
    pub restored_from: Option<String>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Create,
    /// An earlier run of the same command created it.
    Follow,
}

/// How far a creation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    InProgress,
    Created,
    Failed,
}

/// # Errors
/// A fault for what cannot be the name of a stack.
pub fn ensure_name(path: &str, name: &str) -> Result<(), Fault> {
    match (formats::STACK.accepts)(name) {
        true => Ok(()),
        false => Err(Fault {
            path: path.to_owned(),
            value: format!("{name:?}"),
            allowed: formats::STACK.rule.to_owned(),
        }),
    }
}

/// Whether the stack can be created, or was created before. `old` is the old stack, if it still exists: once it is deleted, its name
/// is free.
///
/// # Errors
/// Why not, and what to do, as text.
pub fn decide(
    name: &str,
    old: Option<&str>,
    set: &str,
    chosen: &NewParameters,
    existing: Option<&ExistingStack>,
) -> Result<Decision, String> {
    if old == Some(name) {
        return Err(format!(
            "it is the existing stack. An update with the restore parameters does not restore it: it replaces the database and \
             breaks the stack. Give the name of a new stack (--into STACK); stack {name} stays as it is"
        ));
    }
    let Some(existing) = existing else {
        return Ok(Decision::Create);
    };
    let differing = chosen.differing(&existing.parameters);
    match (existing.restored_from.as_deref(), phase(&existing.status)) {
        (Some(from), Phase::InProgress | Phase::Created) if from == set && differing.is_empty() => Ok(Decision::Follow),
        (Some(from), Phase::InProgress | Phase::Created) if from == set => Err(format!(
            "it exists, created from the same set, but with other values of {}. Give another name, or the same values",
            differing.join(", ")
        )),
        _ => Err(taken(&existing.id, &existing.status)),
    }
}

/// Why a stack in this status keeps its name from being used.
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html> ("Stack status codes").
fn taken(id: &str, status: &str) -> String {
    let delete = format!("aws cloudformation delete-stack --stack-name {id}");
    match status {
        "CREATE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" => format!(
            "a stack of this name is {status}: its creation failed. See why (aws cloudformation describe-stack-events --stack-name \
             {id}), then delete it ({delete}), or give another name"
        ),
        "DELETE_FAILED" => format!(
            "a stack of this name is {status}: some of its resources could not be deleted. Look which (aws cloudformation \
             describe-stack-resources --stack-name {id}) and delete it again ({delete}), or give another name"
        ),
        "DELETE_IN_PROGRESS" | "ROLLBACK_IN_PROGRESS" => {
            format!("a stack of this name is {status}. Wait until that has ended, or give another name")
        }
        "REVIEW_IN_PROGRESS" => format!(
            "a stack of this name is {status}: it is empty, with a change set that was never executed. Delete it ({delete}), or give \
             another name"
        ),
        _ => format!(
            "a stack of this name exists ({status}), and no existing stack is updated. Give the name of a new one (--into STACK)"
        ),
    }
}

/// What the status of a stack means for its creation. An update that came later does not change that it was created.
pub fn phase(status: &str) -> Phase {
    match status {
        "CREATE_IN_PROGRESS" => Phase::InProgress,
        "CREATE_COMPLETE" => Phase::Created,
        _ if status.starts_with("UPDATE_") => Phase::Created,
        _ => Phase::Failed,
    }
}

/// An event of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackEvent {
    /// Logical id of the resource.
    pub resource: String,
    /// Such as `AWS::RDS::DBCluster`.
    pub kind: String,
    /// Empty for a resource that was never created.
    pub physical: String,
    pub status: String,
    pub reason: String,
}

impl StackEvent {
    /// As text.
    pub fn words(&self) -> String {
        format!("{} ({}): {}: {}", self.resource, self.kind, self.status, self.reason)
    }
}

/// The events that say why a creation failed, the first failure first: without the stack's own, and without resources that were only
/// cancelled because others had failed. `newest_first` is the order in which CloudFormation lists them.
pub fn causes<'a>(stack: &str, newest_first: &'a [StackEvent]) -> Vec<&'a StackEvent> {
    let failed = newest_first
        .iter()
        .rev()
        .filter(|event| event.status == "CREATE_FAILED");
    failed
        .filter(|event| event.physical != stack && !event.reason.starts_with("Resource creation cancelled"))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::parameters::{NewParameter, Origin};
    use super::*;

    fn chosen() -> NewParameters {
        NewParameters {
            all: vec![NewParameter {
                name: "Snapshot".to_owned(),
                value: Some("hf-1".to_owned()),
                origin: Origin::Set,
                is_hidden: false,
            }],
            left_out: Vec::new(),
        }
    }

    fn existing(status: &str, from: Option<&str>, snapshot: &str) -> ExistingStack {
        ExistingStack {
            id: "arn:hubs-new".to_owned(),
            status: status.to_owned(),
            parameters: [("Snapshot".to_owned(), snapshot.to_owned())].into(),
            restored_from: from.map(str::to_owned),
        }
    }

    fn decided(name: &str, existing: Option<&ExistingStack>) -> Result<Decision, String> {
        decide(name, Some("hubs-prod"), "hubs-1", &chosen(), existing)
    }

    #[test]
    fn the_old_stack_is_never_updated() {
        let said = decided("hubs-prod", None).unwrap_err();
        assert!(
            said.contains("it is the existing stack") && said.contains("--into STACK"),
            "{said}"
        );
        let said = decided("hubs-prod", Some(&existing("UPDATE_COMPLETE", None, ""))).unwrap_err();
        assert!(said.contains("stack hubs-prod stays as it is"), "{said}");
        assert_eq!(decided("hubs-new", None), Ok(Decision::Create));
        // Once it is deleted, nothing is updated.
        assert_eq!(
            decide("hubs-prod", None, "hubs-1", &chosen(), None),
            Ok(Decision::Create)
        );
    }

    #[test]
    fn a_name_that_is_taken_is_refused_with_what_to_do_in_that_status() {
        for (status, words) in [
            ("CREATE_COMPLETE", "no existing stack is updated"),
            ("UPDATE_ROLLBACK_FAILED", "no existing stack is updated"),
            ("CREATE_IN_PROGRESS", "no existing stack is updated"),
            ("ROLLBACK_COMPLETE", "delete-stack --stack-name arn:hubs-new"),
            ("CREATE_FAILED", "describe-stack-events --stack-name arn:hubs-new"),
            ("DELETE_FAILED", "describe-stack-resources"),
            ("DELETE_IN_PROGRESS", "Wait until that has ended"),
            ("REVIEW_IN_PROGRESS", "never executed"),
        ] {
            let said = decided("hubs-new", Some(&existing(status, None, ""))).unwrap_err();
            assert!(said.contains(words) && said.contains(status), "{said}");
        }
    }

    #[test]
    fn the_same_command_follows_the_stack_that_it_created() {
        for status in ["CREATE_IN_PROGRESS", "CREATE_COMPLETE", "UPDATE_COMPLETE"] {
            let ours = existing(status, Some("hubs-1"), "hf-1");
            assert_eq!(decided("hubs-new", Some(&ours)), Ok(Decision::Follow), "{status}");
        }
        let other_set = existing("CREATE_COMPLETE", Some("hubs-0"), "hf-1");
        assert!(decided("hubs-new", Some(&other_set)).is_err());
        let other_value = existing("CREATE_COMPLETE", Some("hubs-1"), "hf-0");
        let said = decided("hubs-new", Some(&other_value)).unwrap_err();
        assert!(said.contains("other values of Snapshot"), "{said}");
        let failed = existing("CREATE_FAILED", Some("hubs-1"), "hf-1");
        assert!(
            decided("hubs-new", Some(&failed))
                .unwrap_err()
                .contains("its creation failed")
        );
    }

    #[test]
    fn the_first_failure_is_the_cause() {
        let event = |resource: &str, status: &str, reason: &str| StackEvent {
            resource: resource.to_owned(),
            physical: if resource == "hubs-new" { "arn:stack" } else { "" }.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            ..StackEvent::default()
        };
        let newest_first = [
            event(
                "hubs-new",
                "CREATE_FAILED",
                "The following resource(s) failed to create: [AppDb].",
            ),
            event("Vpc", "CREATE_FAILED", "Resource creation cancelled"),
            event("Files", "CREATE_FAILED", "Restore job failed."),
            event("AppDb", "CREATE_FAILED", "no such snapshot"),
            event("AppDb", "CREATE_IN_PROGRESS", ""),
        ];
        let found = causes("arn:stack", &newest_first);
        let of: Vec<&str> = found.iter().map(|event| event.resource.as_str()).collect();
        assert_eq!(of, ["AppDb", "Files"]);
    }

    #[test]
    fn every_status_but_two_ends_the_wait() {
        assert_eq!(phase("CREATE_IN_PROGRESS"), Phase::InProgress);
        for created in ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"] {
            assert_eq!(phase(created), Phase::Created, "{created}");
        }
        for failed in [
            "CREATE_FAILED",
            "ROLLBACK_IN_PROGRESS",
            "DELETE_IN_PROGRESS",
            "DELETE_COMPLETE",
            "",
        ] {
            assert_eq!(phase(failed), Phase::Failed, "{failed}");
        }
    }
}
