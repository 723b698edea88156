#![allow(clippy::unwrap_used)]

mod advance;
mod compare;
mod configure;
mod preflight;
mod undo;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::domain::resource::Target;
use crate::domain::restore::item::{CreatedResource, RestoreItem, RestoreProgress, UndoProgress};
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::kinds::{Preflight, Restore};
use crate::testing::conformance::RestoreAnswers;
use crate::testing::replay::{Exchange, answers, refuses};
use crate::testing::samples::{resource, restoring, run};

const ARN: &str = "arn:aws:backup:eu-west-1:111122223333:recovery-point:1";
const SOURCE: &str = "fs-01234567";
const NEW: &str = "fs-0new";
const TOKEN: &str = "token-of-the-new";
const DIRECTORY: &str = "aws-backup-restore_2026-11-20T02-15-03-123Z";

const START: &str = "PUT /restore-jobs";
const JOB: &str = "GET /restore-jobs/job-1";
const JOBS: &str = "GET /restore-jobs";
const METADATA: &str = "GET /restore-jobs/job-1/metadata";
const POINT: &str =
    "GET /backup-vaults/vault/recovery-points/arn%3Aaws%3Abackup%3Aeu-west-1%3A111122223333%3Arecovery-point%3A1";
const FILES: &str = "GET /2015-02-01/file-systems";
const INVOKE: &str = "POST /2015-03-31/functions/holdfast-efs-fs-01234567/invocations";
const INVOKE_NEW: &str = "POST /2015-03-31/functions/holdfast-efs-fs-0new/invocations";

/// Planned into a directory.
fn item() -> RestoreItem {
    let storage = resource(Target::Efs {
        file_system: SOURCE.into(),
        vault: None,
        role: None,
    });
    let source = Source::RecoveryPoint {
        arn: ARN.into(),
        vault: "vault".into(),
    };
    let destination = Destination::Directory {
        file_system: SOURCE.into(),
    };
    RestoreItem {
        configuration: captured(),
        ..restoring(storage, source, destination)
    }
}

/// Planned into a new file system.
fn into_new() -> RestoreItem {
    let mut item = item();
    item.planned.destination = Destination::FileSystem { token: TOKEN.into() };
    item
}

fn with(item: RestoreItem, created: CreatedResource) -> RestoreItem {
    RestoreItem {
        created: Some(created),
        ..item
    }
}

fn in_directory(directory: Option<&str>) -> CreatedResource {
    CreatedResource::Directory {
        file_system: SOURCE.into(),
        job: "job-1".into(),
        directory: directory.map(str::to_owned),
    }
}

fn in_new(file_system: Option<&str>, directory: Option<&str>) -> CreatedResource {
    CreatedResource::FileSystem {
        file_system: file_system.map(str::to_owned),
        job: "job-1".into(),
        directory: directory.map(str::to_owned),
    }
}

/// EFS's responses, with every attribute that a restore has to put back at a value other than its default.
fn captured() -> Value {
    json!({
        "FileSystem": {
            "FileSystemId": SOURCE, "FileSystemArn": arn(SOURCE), "CreationToken": "hubs", "CreationTime": 1.7e9,
            "OwnerId": "111122223333", "LifeCycleState": "available", "Name": "hubs-storage", "NumberOfMountTargets": 1,
            "SizeInBytes": {"Value": 6144}, "Encrypted": true, "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k",
            "PerformanceMode": "generalPurpose", "ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 20.0,
            "FileSystemProtection": {"ReplicationOverwriteProtection": "DISABLED"},
            "Tags": [{"Key": "Name", "Value": "hubs-storage"}, {"Key": "holdfast:restore", "Value": "earlier"},
                     {"Key": "aws:cloudformation:stack-name", "Value": "hubs"}],
        },
        "MountTargets": [{
            "MountTargetId": "fsmt-1", "FileSystemId": SOURCE, "SubnetId": "subnet-1", "LifeCycleState": "available",
            "IpAddress": "10.0.0.5", "NetworkInterfaceId": "eni-1", "AvailabilityZoneName": "eu-west-1a",
            "SecurityGroups": ["sg-2", "sg-1"],
        }],
        "AccessPoints": [{
            "AccessPointId": "fsap-1", "AccessPointArn": "arn:ap", "ClientToken": "c", "FileSystemId": SOURCE,
            "LifeCycleState": "available", "OwnerId": "111122223333", "Tags": [{"Key": "team", "Value": "hubs"}],
            "PosixUser": {"Uid": 1000, "Gid": 1001, "SecondaryGids": [5]},
            "RootDirectory": {"Path": "/storage", "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1001, "Permissions": "750"}},
        }],
        "Policy": format!(r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"elasticfilesystem:ClientMount","Resource":"{}","Condition":{{"StringEquals":{{"ap":"fsap-1"}}}}}}]}}"#, arn(SOURCE)),
        "LifecyclePolicies": [{"TransitionToIA": "AFTER_30_DAYS"}, {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"}],
        "BackupPolicy": {"Status": "ENABLED"},
    })
}

fn arn(file_system: &str) -> String {
    format!("arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/{file_system}")
}

fn seconds(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_second()
}

/// A job that was created at 02:15:01; the replayed AWS's clock is at 02:16:40.
fn job(state: &str, more: Value) -> Exchange {
    let mut answer = json!({"RestoreJobId": "job-1", "Status": state, "CreationDate": seconds("2026-11-20T02:15:01Z")});
    for (name, value) in more.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answers(JOB, answer.to_string())
}

/// A job that restored into a file system and ended at 02:16:30.
fn completed(file_system: &str) -> Exchange {
    job(
        "COMPLETED",
        json!({"CompletionDate": seconds("2026-11-20T02:16:30Z"), "CreatedResourceArn": arn(file_system)}),
    )
}

fn jobs(jobs: Value) -> Exchange {
    answers(JOBS, json!({ "RestoreJobs": jobs }).to_string())
}

/// A job in a list.
fn listed(id: &str, status: &str, from: &str, more: Value) -> Value {
    let mut job = json!({
        "RestoreJobId": id, "Status": status, "CreationDate": seconds(from), "RecoveryPointArn": ARN,
        "SourceResourceArn": arn(SOURCE), "IsParent": false,
    });
    for (name, value) in more.as_object().unwrap() {
        job[name] = value.clone();
    }
    job
}

/// The listing of the function that mounts the file system.
fn directories(action: &str, names: &[&str]) -> Exchange {
    use crate::domain::efs_access::{ListedDirectory, Listing, directory};
    let directories = names.iter().map(|name| {
        let (of, made_at) = directory::read(name).unwrap();
        ListedDirectory {
            name: (*name).to_owned(),
            of,
            made_at,
            files: 3,
            bytes: 30,
            complete: true,
        }
    });
    let listing = Listing {
        directories: directories.collect(),
    };
    answers(action, serde_json::to_string(&listing).unwrap())
}

fn no_function(action: &str) -> Exchange {
    refuses(action, 404, "ResourceNotFoundException")
}

fn file_system(configuration: &Value) -> Exchange {
    answers(FILES, json!({"FileSystems": [configuration["FileSystem"]]}).to_string())
}

fn no_file_system() -> Exchange {
    refuses(FILES, 404, "FileSystemNotFound")
}

/// The new file system as AWS Backup creates it.
fn bare() -> Value {
    json!({
        "FileSystem": {
            "FileSystemId": NEW, "FileSystemArn": arn(NEW), "CreationToken": TOKEN, "CreationTime": 1.8e9,
            "OwnerId": "111122223333", "LifeCycleState": "available", "NumberOfMountTargets": 0, "SizeInBytes": {"Value": 6},
            "Encrypted": true, "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k", "PerformanceMode": "generalPurpose",
            "ThroughputMode": "bursting", "FileSystemProtection": {"ReplicationOverwriteProtection": "ENABLED"}, "Tags": [],
        },
        "BackupPolicy": {"Status": "DISABLED"},
    })
}

/// The new file system once everything is put back.
fn whole() -> Value {
    let mut new = captured();
    let [deployment, restore, thing] = names::restore_tags("hubs-prod", &run().id, "thing");
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    new["FileSystem"]["FileSystemId"] = json!(NEW);
    new["FileSystem"]["FileSystemArn"] = json!(arn(NEW));
    new["FileSystem"]["CreationToken"] = json!(TOKEN);
    new["FileSystem"]["Tags"] = json!([
        tag("Name", "hubs-storage"),
        tag(deployment.0, &deployment.1),
        tag(restore.0, &restore.1),
        tag(thing.0, &thing.1)
    ]);
    new["MountTargets"][0]["MountTargetId"] = json!("fsmt-9");
    new["MountTargets"][0]["IpAddress"] = json!("10.0.0.6");
    new["MountTargets"][0]["SecurityGroups"] = json!(["sg-1", "sg-2"]);
    let point = &mut new["AccessPoints"][0];
    point["AccessPointId"] = json!("fsap-9");
    point["ClientToken"] = json!(names::token(&run().id, "thing", "access point fsap-1"));
    point["RootDirectory"]["Path"] = json!(format!("/{DIRECTORY}/storage"));
    let policy = new["Policy"]
        .as_str()
        .unwrap()
        .replace(SOURCE, NEW)
        .replace("fsap-1", "fsap-9");
    new["Policy"] = json!(policy);
    new
}

/// The responses for a capture of this configuration.
fn looks(configuration: &Value) -> Vec<Exchange> {
    let id = configuration["FileSystem"]["FileSystemId"].as_str().unwrap();
    let list = |name: &str| configuration[name].as_array().cloned().unwrap_or_default();
    let of = |what: &str| format!("{FILES}/{id}/{what}");
    let mut script = vec![
        file_system(configuration),
        answers(
            "GET /2015-02-01/mount-targets",
            json!({"MountTargets": list("MountTargets")}).to_string(),
        ),
    ];
    for target in list("MountTargets") {
        let path = format!(
            "GET /2015-02-01/mount-targets/{}/security-groups",
            target["MountTargetId"].as_str().unwrap()
        );
        script.push(answers(
            &path,
            json!({"SecurityGroups": target["SecurityGroups"]}).to_string(),
        ));
    }
    let points = json!({"AccessPoints": list("AccessPoints")});
    script.push(answers("GET /2015-02-01/access-points", points.to_string()));
    script.push(match configuration["Policy"].as_str() {
        Some(policy) => answers(&of("policy"), json!({ "Policy": policy }).to_string()),
        None => refuses(&of("policy"), 404, "PolicyNotFound"),
    });
    let lifecycle = json!({"LifecyclePolicies": list("LifecyclePolicies")});
    script.push(answers(&of("lifecycle-configuration"), lifecycle.to_string()));
    let backup = json!({"BackupPolicy": configuration["BackupPolicy"]});
    script.push(answers(&of("backup-policy"), backup.to_string()));
    let replications = "GET /2015-02-01/file-systems/replication-configurations";
    script.push(refuses(replications, 404, "ReplicationNotFound"));
    script
}

/// Responses for the conformance suite, for a restore into a directory.
pub fn conformance() -> RestoreAnswers {
    let item = compare::sampled(item(), 5);
    RestoreAnswers {
        kind: |aws| std::sync::Arc::new(Efs::from_config(aws, &defaults())),
        run: run(),
        item: item.clone(),
        preflight: || preflight::good().into(),
        // AWS Backup chooses a directory's name.
        preflight_taken: None,
        begin: || vec![advance::started(), job("RUNNING", json!({}))],
        create: Some(START),
        // AWS Backup returns the same job for the same token.
        in_progress: || vec![advance::started(), job("RUNNING", json!({}))],
        later_looks: || {
            let look = |names: &[&str]| vec![completed(SOURCE), directories(INVOKE, names), jobs(json!([]))];
            vec![vec![job("RUNNING", json!({}))], look(&[]), look(&[DIRECTORY])]
        },
        conflict: Some(|| {
            let other = json!({"RecoveryPointArn": "arn:other"});
            vec![advance::started(), job("RUNNING", other)]
        }),
        created: with(item, in_directory(Some(&format!("/{DIRECTORY}")))),
        compare: || compare::compared(Vec::new()),
        compare_different: (|| compare::compared(vec![compare::missing("/a")]), "file /a"),
        sample: || vec![directories(INVOKE, &[]), advance::counted(1, &["/a"])],
        undo_nothing: || vec![jobs(json!([]))],
        undo: || vec![completed(SOURCE), undo::removed(true)],
        remove: Some(INVOKE),
        undo_again: || vec![completed(SOURCE), undo::removed(true)],
        undo_foreign: None,
    }
}
