//! Captures the configuration of a file system, as EFS describes it: AWS Backup only contains its files.

use aws_sdk_efs::Client;
use serde_json::Value;

use crate::aws::response::{LastResponse, present};
use crate::aws::{code, failure, offered};
use crate::error::Result;
use crate::kinds::optional::Optional;

/// Captures a file system, its mount targets with their security groups, its access points, policies and replication.
///
/// # Errors
/// `NotFound` for a missing file system.
pub async fn capture(efs: &Client, file_system: &str, mut optional: Optional) -> Result<Value> {
    let answer = LastResponse::default();
    efs.describe_file_systems()
        .file_system_id(file_system)
        .customize()
        .interceptor(answer.clone())
        .send()
        .await
        .map_err(|error| failure("describing file system", file_system, error))?;
    // Includes its tags.
    let described = answer
        .take("FileSystems")
        .get_mut(0)
        .map(Value::take)
        .unwrap_or_default();
    let mount_targets = mount_targets(efs, file_system).await?;
    let access_points = access_points(efs, file_system).await?;
    let policy = policy(efs, file_system).await?;
    let lifecycle_policies = lifecycle_policies(efs, file_system).await?;
    let backup_policy = optional.required("BackupPolicy", backup_policy(efs, file_system).await)?;
    let replications = async || replications(efs, file_system).await;
    let replications = optional.dispensable("Replications", replications).await?;
    Ok(optional.record_in(present([
        ("FileSystem", described),
        ("MountTargets", mount_targets.into()),
        ("AccessPoints", access_points.into()),
        ("Policy", policy),
        ("LifecyclePolicies", lifecycle_policies),
        ("BackupPolicy", backup_policy),
        ("Replications", replications),
    ])))
}

async fn mount_targets(efs: &Client, file_system: &str) -> Result<Vec<Value>> {
    let mut targets = Vec::new();
    let mut marker = None;
    loop {
        let answer = LastResponse::default();
        let page = efs
            .describe_mount_targets()
            .file_system_id(file_system)
            .set_marker(marker)
            .customize()
            .interceptor(answer.clone())
            .send()
            .await
            .map_err(|error| failure("describing the mount targets of file system", file_system, error))?;
        let described = answer.take("MountTargets");
        for (target, described) in page
            .mount_targets()
            .iter()
            .zip(described.as_array().into_iter().flatten())
        {
            let mut described = described.clone();
            described["SecurityGroups"] = security_groups(efs, target.mount_target_id()).await?.into();
            targets.push(described);
        }
        marker = page.next_marker;
        if marker.is_none() {
            return Ok(targets);
        }
    }
}

async fn security_groups(efs: &Client, mount_target: &str) -> Result<Vec<String>> {
    efs.describe_mount_target_security_groups()
        .mount_target_id(mount_target)
        .send()
        .await
        .map(|groups| groups.security_groups)
        .map_err(|error| failure("describing the security groups of mount target", mount_target, error))
}

async fn access_points(efs: &Client, file_system: &str) -> Result<Vec<Value>> {
    let mut points = Vec::new();
    let mut token = None;
    loop {
        let answer = LastResponse::default();
        let page = efs
            .describe_access_points()
            .file_system_id(file_system)
            .set_next_token(token)
            .customize()
            .interceptor(answer.clone())
            .send()
            .await
            .map_err(|error| failure("describing the access points of file system", file_system, error))?;
        if let Value::Array(described) = answer.take("AccessPoints") {
            points.extend(described);
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(points);
        }
    }
}

/// The resource policy, as the JSON text that EFS accepts.
async fn policy(efs: &Client, file_system: &str) -> Result<Value> {
    match efs
        .describe_file_system_policy()
        .file_system_id(file_system)
        .send()
        .await
    {
        Ok(found) => Ok(found.policy.map(Value::from).unwrap_or_default()),
        Err(error) if code(&error) == Some("PolicyNotFound") => Ok(Value::Null),
        Err(error) => Err(failure("describing the policy of file system", file_system, error)),
    }
}

async fn lifecycle_policies(efs: &Client, file_system: &str) -> Result<Value> {
    let answer = LastResponse::default();
    efs.describe_lifecycle_configuration()
        .file_system_id(file_system)
        .customize()
        .interceptor(answer.clone())
        .send()
        .await
        .map(|_| answer.take("LifecyclePolicies"))
        .map_err(|error| {
            failure(
                "describing the lifecycle configuration of file system",
                file_system,
                error,
            )
        })
}

/// EFS's error for these two in a Region without AWS Backup (its model: "the Backup service is not available").
const WITHOUT_BACKUP: &str = "ValidationException";

async fn backup_policy(efs: &Client, file_system: &str) -> Result<Option<Value>> {
    let answer = LastResponse::default();
    let found = efs
        .describe_backup_policy()
        .file_system_id(file_system)
        .customize()
        .interceptor(answer.clone())
        .send()
        .await;
    match offered(found) {
        Ok(found) => Ok(found.map(|_| answer.take("BackupPolicy"))),
        Err(error) if code(&error) == Some("PolicyNotFound") => Ok(Some(Value::Null)),
        Err(error) if code(&error) == Some(WITHOUT_BACKUP) => Ok(None),
        Err(error) => Err(failure(
            "describing the backup policy of file system",
            file_system,
            error,
        )),
    }
}

async fn replications(efs: &Client, file_system: &str) -> Result<Option<Value>> {
    let answer = LastResponse::default();
    let found = efs
        .describe_replication_configurations()
        .file_system_id(file_system)
        .customize()
        .interceptor(answer.clone())
        .send()
        .await;
    match offered(found) {
        Ok(found) => Ok(found.map(|_| answer.take("Replications"))),
        Err(error) if code(&error) == Some("ReplicationNotFound") => Ok(Some(Value::Null)),
        Err(error) if code(&error) == Some(WITHOUT_BACKUP) => Ok(None),
        Err(error) => Err(failure("describing the replication of file system", file_system, error)),
    }
}
