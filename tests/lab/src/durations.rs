//! How long the lab's jobs take, per kind; can be changed while it runs.

use std::sync::RwLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Seconds per kind of job, of the lab's clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seconds {
    /// A cluster snapshot, from `creating` to `available`.
    pub cluster_snapshot: f64,
    /// A restored or new cluster, until `available`.
    pub cluster_restore: f64,
    /// A database instance, until `available`.
    pub instance_create: f64,
    /// An AWS Backup job.
    pub backup_job: f64,
    /// An AWS Backup restore job.
    pub restore_job: f64,
    /// An AWS Backup copy job, and a snapshot's copy.
    pub copy_job: f64,
    /// A deletion, from `deleting` to its end.
    pub delete: f64,
    /// A file system, mount target or access point, until `available`.
    pub file_system_create: f64,
    /// An on-demand backup of a table, from `CREATING` to `AVAILABLE`; MiniStack's.
    pub table_backup: f64,
    /// An export of a table to S3, from `IN_PROGRESS` to `COMPLETED`; MiniStack's. (AWS's take minutes.)
    pub table_export: f64,
    /// A restored table, from `CREATING` to `ACTIVE`; MiniStack's.
    pub table_restore: f64,
    /// An instance refresh of an Auto Scaling group, from `Pending` to `Successful`; MiniStack's.
    pub instance_refresh: f64,
    /// A task of an ECS service, until it runs.
    pub service_deployment: f64,
    /// A task that RunTask starts, until it runs.
    pub task_start: f64,
}

impl Default for Seconds {
    fn default() -> Self {
        Self {
            cluster_snapshot: 1.0,
            cluster_restore: 1.0,
            instance_create: 1.0,
            backup_job: 1.0,
            restore_job: 1.0,
            copy_job: 1.0,
            delete: 0.5,
            file_system_create: 0.2,
            // AWS's take seconds, for tables of any size.
            table_backup: 0.0,
            table_export: 1.0,
            table_restore: 1.0,
            instance_refresh: 0.5,
            service_deployment: 0.5,
            task_start: 0.2,
        }
    }
}

/// The durations in force.
#[derive(Default)]
pub struct Durations(RwLock<Seconds>);

impl Durations {
    /// All of them, in seconds.
    #[must_use]
    pub fn seconds(&self) -> Seconds {
        *self.0.read().unwrap_or_else(|e| e.into_inner())
    }

    /// One of them: `durations.of(|seconds| seconds.backup_job)`.
    #[must_use]
    pub fn of(&self, kind: impl Fn(&Seconds) -> f64) -> Duration {
        Duration::try_from_secs_f64(kind(&self.seconds())).unwrap_or_default()
    }

    /// Changes those that `change` (a JSON object) names; running jobs keep theirs.
    ///
    /// # Errors
    /// A message, if a name is unknown or a value is not a number from 0 to 1e9.
    pub fn change(&self, change: &serde_json::Value) -> Result<Seconds, String> {
        let mut current = self.0.write().unwrap_or_else(|e| e.into_inner());
        let mut merged = serde_json::to_value(*current).map_err(|e| e.to_string())?;
        let change = change
            .as_object()
            .ok_or("durations: an object of seconds by kind is expected")?;
        for (kind, seconds) in change {
            let valid = seconds.as_f64().is_some_and(|s| (0.0..=1e9).contains(&s));
            if !valid {
                return Err(format!(
                    "durations: {kind} is {seconds}, it must be a number of seconds from 0 to 1e9"
                ));
            }
            merged[kind] = seconds.clone();
        }
        *current = serde_json::from_value(merged).map_err(|e| format!("durations: {e}"))?;
        Ok(*current)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_touches_only_what_it_names() {
        let durations = Durations::default();
        durations.change(&json!({"backup_job": 30})).unwrap();
        assert_eq!(durations.of(|s| s.backup_job), Duration::from_secs(30));
        assert_eq!(durations.of(|s| s.copy_job), Duration::from_secs(1));
    }

    #[test]
    fn unknown_kinds_and_negative_seconds_are_refused() {
        let durations = Durations::default();
        assert!(durations.change(&json!({"coffee": 1})).unwrap_err().contains("coffee"));
        assert!(durations.change(&json!({"delete": -1})).unwrap_err().contains("delete"));
        assert_eq!(durations.seconds(), Seconds::default());
    }
}
