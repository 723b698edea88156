//! Settings of a file system that a restore loses: policy, lifecycle, automatic backups, replication.

use serde_json::{Value, json};

use super::refusals::{bad_request, required};
use super::state::Efs;
use crate::rest::{Refusal, Reply, Request};
use crate::service::Answer;

impl Efs {
    pub(super) fn put_policy(&self, request: &Request) -> Reply {
        let policy = required(request, "Policy")?;
        let valid = serde_json::from_str::<Value>(&policy)
            .is_ok_and(|policy| policy["Statement"].is_array() || policy["Statement"].is_object());
        if !valid {
            let message = "The policy is not a JSON document with statements";
            return Err(Refusal::new(400, "InvalidPolicyException", message));
        }
        let now = self.world.clock.now();
        let mut state = self.state();
        let fs = state.file_system(request)?;
        fs.must_be_available(now)?;
        fs.policy = Some(policy.clone());
        Ok(Answer::json(&json!({"FileSystemId": fs.id, "Policy": policy})))
    }

    pub(super) fn describe_policy(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let fs = state.file_system(request)?;
        let policy = fs.policy.as_ref().ok_or_else(|| {
            let message = format!("File system '{}' has no policy", fs.id);
            Refusal::new(404, "PolicyNotFound", message)
        })?;
        Ok(Answer::json(&json!({"FileSystemId": fs.id, "Policy": policy})))
    }

    pub(super) fn delete_policy(&self, request: &Request) -> Reply {
        let mut state = self.state();
        state.file_system(request)?.policy = None;
        Ok(Answer::empty(200))
    }

    pub(super) fn put_lifecycle(&self, request: &Request) -> Reply {
        let policies = request.body["LifecyclePolicies"].as_array().cloned();
        let policies = policies.ok_or_else(|| bad_request("LifecyclePolicies is missing"))?;
        let now = self.world.clock.now();
        let mut state = self.state();
        let fs = state.file_system(request)?;
        fs.must_be_available(now)?;
        fs.lifecycle = policies;
        Ok(Answer::json(&json!({"LifecyclePolicies": fs.lifecycle})))
    }

    pub(super) fn describe_lifecycle(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let fs = state.file_system(request)?;
        Ok(Answer::json(&json!({"LifecyclePolicies": fs.lifecycle})))
    }

    pub(super) fn put_backup_policy(&self, request: &Request) -> Reply {
        let status = match request.body["BackupPolicy"]["Status"].as_str() {
            Some("ENABLED") => "ENABLED",
            Some("DISABLED") => "DISABLED",
            _ => {
                let message = "BackupPolicy.Status must be ENABLED or DISABLED";
                return Err(Refusal::new(400, "ValidationException", message));
            }
        };
        let now = self.world.clock.now();
        let mut state = self.state();
        let fs = state.file_system(request)?;
        fs.must_be_available(now)?;
        fs.backup_policy = status;
        Ok(Answer::json(&json!({"BackupPolicy": {"Status": status}})))
    }

    pub(super) fn describe_backup_policy(&self, request: &Request) -> Reply {
        let mut state = self.state();
        let fs = state.file_system(request)?;
        Ok(Answer::json(&json!({"BackupPolicy": {"Status": fs.backup_policy}})))
    }

    /// The lab's file systems are never replicated.
    pub(super) fn describe_replications(&self, request: &Request) -> Reply {
        if request.text("FileSystemId").is_none() {
            return Ok(Answer::json(&json!({"Replications": []})));
        }
        let mut state = self.state();
        let fs = state.file_system(request)?;
        let message = format!("File system '{}' has no replication configuration", fs.id);
        Err(Refusal::new(404, "ReplicationNotFound", message))
    }
}
