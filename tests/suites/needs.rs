//! What IAM asks for when a call is made: actions and the ARNs they are asked for, by the Service Authorization Reference.

use serde_json::Value;

/// One permission.
pub struct Need {
    pub action: String,
    pub resource: String,
}

const HERE: &str = "us-east-1:000000000000";

/// The permissions that a call of the ledger took. `iam:PassRole` is left out: it hangs on a condition that
/// MiniStack's simulation does not know.
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
    let rds = |kind: &str, id: &str| {
        if id.starts_with("arn:") {
            id.to_owned()
        } else {
            format!("arn:aws:rds:{HERE}:{kind}:{id}")
        }
    };
    match (service, action) {
        ("rds", "CreateDBClusterSnapshot") => {
            let snapshot = rds("cluster-snapshot", parameter("DBClusterSnapshotIdentifier"));
            vec![
                Need {
                    action: "rds:CreateDBClusterSnapshot".to_owned(),
                    resource: rds("cluster", parameter("DBClusterIdentifier")),
                },
                Need {
                    action: "rds:CreateDBClusterSnapshot".to_owned(),
                    resource: snapshot.clone(),
                },
                Need {
                    action: "rds:AddTagsToResource".to_owned(),
                    resource: snapshot,
                },
            ]
        }
        ("rds", "DeleteDBClusterSnapshot" | "DescribeDBClusterSnapshots") => {
            one(rds("cluster-snapshot", parameter("DBClusterSnapshotIdentifier")))
        }
        ("rds", "DescribeDBClusters" | "DescribeDBClusterEndpoints") => {
            one(rds("cluster", parameter("DBClusterIdentifier")))
        }
        ("rds", "DescribeDBClusterParameters" | "DescribeDBClusterParameterGroups") => {
            one(rds("cluster-pg", parameter("DBClusterParameterGroupName")))
        }
        ("rds", "DescribeDBParameters" | "DescribeDBParameterGroups") => {
            one(rds("pg", parameter("DBParameterGroupName")))
        }
        ("rds", "DescribeDBSubnetGroups") => one(rds("subgrp", parameter("DBSubnetGroupName"))),
        ("rds", "DescribeDBInstances") => one(rds("db", "any")),
        ("rds", _) => one(field("resource").to_owned()),
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
        ("backup", "DescribeBackupJob" | "StopBackupJob" | "ListBackupJobs" | "ListRecoveryPointsByResource") => {
            one("*".to_owned())
        }
        ("elasticfilesystem", _) => one(file_system(call)),
        ("dynamodb", "ListBackups" | "ListTables") => one("*".to_owned()),
        ("dynamodb", _) => one(table(field("resource"))),
        ("application-autoscaling", _) | ("ssm", "DescribeParameters") => one("*".to_owned()),
        ("secretsmanager", _) => one(secret(parameter("SecretId"))),
        ("kms", _) => one(key(field("resource"))),
        ("lambda", "Invoke") => vec![Need {
            action: "lambda:InvokeFunction".to_owned(),
            resource: function(field("resource")),
        }],
        _ => one(field("resource").to_owned()),
    }
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
