//! Which of a cluster's settings differ from the captured ones, and which of them RDS only accepts together.

use serde_json::{Value, json};

use super::captured::{members, number, text, texts};
use crate::kinds::part;

/// The settings that ModifyDBCluster changes, by the names under which they are described.
pub const SETTINGS: &[&str] = &[
    "AutoMinorVersionUpgrade",
    "BackupRetentionPeriod",
    "CopyTagsToSnapshot",
    "DBClusterParameterGroup",
    "DatabaseInsightsMode",
    "EnabledCloudwatchLogsExports",
    "IAMDatabaseAuthenticationEnabled",
    "LocalWriteForwardingStatus",
    "MasterUserSecret",
    "PerformanceInsightsEnabled",
    "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod",
    "Port",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "VpcSecurityGroups",
];

/// The API Reference has these for Multi-AZ clusters only. Aurora may accept one, accept it without showing it, or refuse it: it is
/// requested once, and nothing waits for it.
pub const PERHAPS: &[&str] = &["CertificateDetails", "MonitoringInterval", "MonitoringRoleArn"];

/// Settings that have a call of their own.
pub const ROLES: &str = "AssociatedRoles";
pub const DATA_API: &str = "HttpEndpointEnabled";
pub const PROTECTION: &str = "DeletionProtection";

/// Settings that RDS only accepts together.
const TOGETHER: &[&[&str]] = &[
    &["MonitoringInterval", "MonitoringRoleArn"],
    &[
        "DatabaseInsightsMode",
        "PerformanceInsightsEnabled",
        "PerformanceInsightsKMSKeyId",
        "PerformanceInsightsRetentionPeriod",
    ],
];

/// The captured roles that the copy lacks.
pub fn missing_roles<'a>(captured: &'a Value, now: &'a Value) -> impl Iterator<Item = &'a Value> {
    members(captured, ROLES).filter(|role| {
        let same = |other: &Value| {
            let mut names = ["RoleArn", "FeatureName"].iter();
            names.all(|name| text(other, name) == text(role, name))
        };
        !members(now, ROLES).any(same)
    })
}

/// The settings that are not as captured, with those that RDS only accepts together with them.
pub fn changed(captured: &Value, now: &Value, settings: &[&'static str]) -> Vec<&'static str> {
    let off = |name: &str, value: Value| setting(captured, name) == Some(value);
    let moot = |name: &str| match name {
        "MonitoringRoleArn" => off("MonitoringInterval", json!(0)),
        "PerformanceInsightsKMSKeyId" | "PerformanceInsightsRetentionPeriod" => {
            setting(captured, "PerformanceInsightsEnabled") != Some(json!(true))
        }
        _ => false,
    };
    let differs =
        |name: &str| !part(captured, name).is_null() && !moot(name) && setting(captured, name) != setting(now, name);
    let together = |name: &str| {
        let others = TOGETHER.iter().find(|names| names.contains(&name));
        others.is_some_and(|names| names.iter().any(|name| differs(name)))
    };
    let settings = settings.iter().copied();
    settings
        .filter(|name| differs(name) || together(name) && !part(captured, name).is_null() && !moot(name))
        .collect()
}

/// Groups of settings that can only be requested together.
pub fn request_groups(settings: &[&'static str]) -> Vec<Vec<&'static str>> {
    let mut groups: Vec<Vec<&'static str>> = Vec::new();
    for setting in settings {
        let with = TOGETHER.iter().find(|together| together.contains(setting));
        let group = with.and_then(|with| {
            groups
                .iter_mut()
                .find(|group| group.iter().any(|other| with.contains(other)))
        });
        match group {
            Some(group) => group.push(setting),
            None => groups.push(vec![setting]),
        }
    }
    groups
}

/// A setting in a form that can be compared: RDS omits a setting that is off, or describes it with a value of its own.
fn setting(of: &Value, name: &str) -> Option<Value> {
    let value = part(of, name);
    Some(match name {
        "AutoMinorVersionUpgrade"
        | "CopyTagsToSnapshot"
        | "IAMDatabaseAuthenticationEnabled"
        | "PerformanceInsightsEnabled" => json!(value.as_bool().unwrap_or(false)),
        "VpcSecurityGroups" => {
            let ids = members(of, name).filter_map(|group| text(group, "VpcSecurityGroupId"));
            json!(texts(&ids.collect()))
        }
        "EnabledCloudwatchLogsExports" => json!(texts(value)),
        "LocalWriteForwardingStatus" => json!(is_forwarding(of)),
        // Its ARN differs; what counts is that it exists.
        "MasterUserSecret" => json!(value.is_object()),
        "CertificateDetails" => json!(text(value, "CAIdentifier")),
        "DatabaseInsightsMode" => json!(text(of, name).unwrap_or_else(|| "standard".to_owned())),
        "MonitoringInterval" => json!(number(of, name).unwrap_or(0)),
        "PreferredBackupWindow" | "PreferredMaintenanceWindow" => json!(text(of, name)?.to_lowercase()),
        _ if value.is_null() => return None,
        _ => value.clone(),
    })
}

pub fn is_forwarding(of: &Value) -> bool {
    text(of, "LocalWriteForwardingStatus").is_some_and(|status| status.starts_with("enabl") || status == "requested")
}
