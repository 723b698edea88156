//! The permissions that calls need: actions and their resource ARNs, by the Service Authorization Reference.

mod need;
mod rds;
mod s3;

use serde_json::Value;

pub use need::Need;
use need::{HERE, need};

/// Calls of AWS Backup without a resource in IAM.
const ON_NOTHING: [&str; 8] = [
    "DescribeBackupJob",
    "DescribeRestoreJob",
    "GetRestoreJobMetadata",
    "ListBackupJobs",
    "ListBackupPlans",
    "ListRecoveryPointsByResource",
    "ListRestoreJobs",
    "StopBackupJob",
];

/// The permissions on a restored table that DynamoDB needs besides the restore itself.
const FILLING: [&str; 7] = [
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "UpdateItem",
];

/// The permissions that a call of the ledger needed. `iam:PassRole` is left out: it depends on a condition that
/// MiniStack's simulation does not support.
pub fn needs(call: &Value) -> Vec<Need> {
    let field = |name: &str| call[name].as_str().unwrap_or_default();
    let parameter = |name: &str| call["request"][name].as_str().unwrap_or_default();
    let (service, action) = (field("service"), field("action"));
    let one = |resource: String| {
        vec![Need {
            action: format!("{service}:{action}"),
            resource,
        }]
    };
    match (service, action) {
        ("rds", _) => rds::needs(call),
        ("backup", "StartBackupJob") => vec![
            Need {
                action: "backup:StartBackupJob".to_owned(),
                resource: format!("arn:aws:backup:{HERE}:backup-vault:{}", parameter("BackupVaultName")),
            },
            Need {
                action: "backup:TagResource".to_owned(),
                resource: format!("arn:aws:backup:{HERE}:recovery-point:any"),
            },
        ],
        ("backup", "GetBackupSelection" | "ListBackupSelections") => {
            one(format!("arn:aws:backup:{HERE}:backup-plan:any"))
        }
        ("route53", "ListHostedZones") => one("*".to_owned()),
        ("route53", "GetChange") => one("arn:aws:route53:::change/any".to_owned()),
        ("route53", _) => one("arn:aws:route53:::hostedzone/any".to_owned()),
        ("backup", action) if ON_NOTHING.contains(&action) => one("*".to_owned()),
        ("elasticfilesystem", "CreateAccessPoint") => vec![
            need("elasticfilesystem:CreateAccessPoint", file_system(call)),
            need("elasticfilesystem:TagResource", access_point("any")),
        ],
        ("elasticfilesystem", "DeleteAccessPoint") => one(access_point(parameter("AccessPointId"))),
        ("elasticfilesystem", "TagResource") if parameter("ResourceId").starts_with("fsap-") => {
            one(access_point(parameter("ResourceId")))
        }
        ("elasticfilesystem", _) => one(file_system(call)),
        ("dynamodb", "DescribeLimits" | "ListBackups" | "ListTables") => one("*".to_owned()),
        ("dynamodb", "RestoreTableFromBackup" | "RestoreTableToPointInTime") => {
            let target = table(parameter("TargetTableName"));
            let source = ["BackupArn", "SourceTableArn", "SourceTableName"].map(parameter);
            let source = source.into_iter().find(|named| !named.is_empty()).unwrap_or_default();
            let mut needs = one(table(source));
            needs.push(need(&format!("dynamodb:{action}"), target.clone()));
            needs.extend(FILLING.map(|action| need(&format!("dynamodb:{action}"), target.clone())));
            needs
        }
        ("dynamodb", _) => one(table(field("resource"))),
        (
            "application-autoscaling",
            "DescribeScalableTargets" | "DescribeScalingPolicies" | "DescribeScheduledActions",
        ) => one("*".to_owned()),
        // Only AWS knows the id in its ARN.
        ("application-autoscaling", _) => one(format!("arn:aws:application-autoscaling:{HERE}:scalable-target/any")),
        ("autoscaling", "StartInstanceRefresh") => one(format!(
            "arn:aws:autoscaling:{HERE}:autoScalingGroup:any:autoScalingGroupName/{}",
            parameter("AutoScalingGroupName")
        )),
        ("autoscaling", _) => one("*".to_owned()),
        ("ecs", "DescribeTaskDefinition" | "ListClusters" | "ListServices" | "ListTaskDefinitions" | "ListTasks") => {
            one("*".to_owned())
        }
        ("ecs", "DescribeTasks") => one(format!("arn:aws:ecs:{HERE}:task/any/any")),
        ("cloudformation", _) => one(format!(
            "arn:aws:cloudformation:{HERE}:stack/{}/any",
            parameter("StackName")
        )),
        ("events", "DescribeRule" | "DisableRule" | "EnableRule") => one(rule(call)),
        // The signing name differs from the name in IAM.
        ("monitoring", "DescribeAlarms") => vec![need(
            "cloudwatch:DescribeAlarms",
            format!("arn:aws:cloudwatch:{HERE}:alarm:any"),
        )],
        ("monitoring", _) => vec![need(&format!("cloudwatch:{action}"), "*".to_owned())],
        ("tagging", _) => vec![need(&format!("tag:{action}"), "*".to_owned())],
        ("ecs", "RegisterTaskDefinition") => vec![
            need("ecs:RegisterTaskDefinition", revision()),
            need("ecs:TagResource", revision()),
        ],
        // The ledger does not record the service.
        ("ecs", _) => one(format!("arn:aws:ecs:{HERE}:service/any/any")),
        ("s3", _) => s3::needs(call, field("resource").trim_matches('/')),
        ("ssm", "DescribeParameters") => one("*".to_owned()),
        ("ssm", _) => one(format!(
            "arn:aws:ssm:{HERE}:parameter/{}",
            parameter("Name").trim_start_matches('/')
        )),
        ("secretsmanager", _) => one(secret(parameter("SecretId"))),
        ("kms", _) => one(key(field("resource"))),
        ("lambda", "ListEventSourceMappings") => one("*".to_owned()),
        ("lambda", "GetEventSourceMapping" | "UpdateEventSourceMapping") => one(format!(
            "arn:aws:lambda:{HERE}:event-source-mapping:{}",
            field("resource")
        )),
        ("lambda", "GetFunctionConfiguration" | "ListAliases" | "PublishVersion" | "UpdateFunctionConfiguration") => {
            one(function(parameter("FunctionName")))
        }
        ("lambda", "Invoke") => vec![Need {
            action: "lambda:InvokeFunction".to_owned(),
            resource: function(field("resource")),
        }],
        _ => one(field("resource").to_owned()),
    }
}

/// The rules of the default event bus have no bus in their ARN.
fn rule(call: &Value) -> String {
    let given = |name: &str| call["request"][name].as_str();
    let bus = given("EventBusName").filter(|bus| *bus != "default");
    let bus = bus.map(|bus| format!("{bus}/")).unwrap_or_default();
    format!("arn:aws:events:{HERE}:rule/{bus}{}", given("Name").unwrap_or_default())
}

fn access_point(id: &str) -> String {
    format!("arn:aws:elasticfilesystem:{HERE}:access-point/{id}")
}

fn revision() -> String {
    format!("arn:aws:ecs:{HERE}:task-definition/any:1")
}

fn file_system(call: &Value) -> String {
    let about = call["request"]["FileSystemId"]
        .as_str()
        .or_else(|| call["resource"].as_str())
        .unwrap_or_default();
    if about.starts_with("arn:") {
        about.to_owned()
    } else {
        format!("arn:aws:elasticfilesystem:{HERE}:file-system/{about}")
    }
}

fn table(about: &str) -> String {
    if about.starts_with("arn:") {
        about.to_owned()
    } else {
        format!("arn:aws:dynamodb:{HERE}:table/{about}")
    }
}

fn secret(about: &str) -> String {
    if about.starts_with("arn:") {
        about.to_owned()
    } else {
        format!("arn:aws:secretsmanager:{HERE}:secret:{about}-AbCdEf")
    }
}

fn key(about: &str) -> String {
    if about.starts_with("arn:") {
        about.to_owned()
    } else {
        format!("arn:aws:kms:{HERE}:key/{about}")
    }
}

fn function(about: &str) -> String {
    if about.starts_with("arn:") {
        about.to_owned()
    } else {
        format!("arn:aws:lambda:{HERE}:function:{about}")
    }
}
