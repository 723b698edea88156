//! File systems are restored through the kind itself: files, directories and new file systems in a lab.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use aws_types::region::Region;
use holdfast::domain::job::{Progress, Run};
use holdfast::domain::resource::{RecoveryPoint, Resource, Target};
use holdfast::domain::restore::item::{CreatedResource, RestoreItem, RestoreProgress, UndoProgress};
use holdfast::domain::restore::plan::{Destination, PlannedResource, Source};
use holdfast::domain::restore::verdict::{Check, Finding};
use holdfast::kinds::Restore;
use holdfast::kinds::{Backup, Defaults, Efs};
use holdfast::transfers::TransferSettings;
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::aws::{Aws, element, text};
use holdfast_tests::lab::{Lab, Options};
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.alone("efs::a_directory_is_restored_compared_and_undone", || {
            Box::pin(directory())
        }),
        stages.alone("efs::a_new_file_system_gets_every_captured_setting_back", || {
            Box::pin(new_file_system())
        }),
        stages.alone("efs::a_failed_restore_leaves_nothing_after_its_undo", || {
            Box::pin(failed())
        }),
    ]
}

const LIMIT: Duration = Duration::from_secs(60);

/// A file system of a lab, backed up.
struct BackedUpFileSystem {
    lab: Lab,
    aws: Aws,
    kind: Efs,
    id: String,
    place: PathBuf,
    item: RestoreItem,
}

fn run() -> Run {
    Run {
        deployment: "hubs".into(),
        id: "hubs-20261120-021500-abcd".into(),
        execution: "arn:aws:states:us-east-1:000000000000:execution:holdfast-restore:x".into(),
        started_at: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

fn files(place: &Path) -> Result<()> {
    for n in 0..60 {
        let folder = place.join(format!("storage/{:02}", n % 7));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("file {n} ä.bin")), format!("content of {n}"))?;
    }
    Ok(())
}

fn configuration(lab: &Lab) -> SdkConfig {
    let key = Credentials::new("test", "test", None, None, "lab");
    SdkConfig::builder()
        .behavior_version(aws_smithy_runtime_api::client::behavior_version::BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&lab.endpoint)
        .credentials_provider(SharedCredentialsProvider::new(key))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

impl BackedUpFileSystem {
    /// A file system with files and every setting that a restore has to put back, and a backup.
    async fn up() -> Result<Self> {
        let lab = Lab::start(&Options::default()).await?;
        let aws = lab.aws()?;
        let id = create(&aws).await?;
        let directories = lab.control(Method::GET, "efs", None).await?;
        let place = PathBuf::from(directories[&id].as_str().context("no directory")?);
        files(&place)?;
        set_up(&aws, &id).await?;
        aws.rest("backup", Method::PUT, "/backup-vaults/vault", Some(json!({})))
            .await?;
        let kind = Efs::from_config(
            &configuration(&lab),
            &Defaults {
                vault: "vault".into(),
                role: "arn:aws:iam::000000000000:role/backup".into(),
                transfers: TransferSettings {
                    machine: "arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-transfer".into(),
                    bucket: "archive".into(),
                },
            },
        );
        let resource = Resource {
            name: "storage".into(),
            target: Target::Efs {
                file_system: id.clone(),
                vault: None,
                role: None,
            },
            deadline_seconds: 3600,
        };
        let configuration = kind.capture(&resource).await?;
        deploy_efs_access(&lab, &id).await?;
        let sample = kind.sample(&resource, &configuration).await?;
        ensure!(sample.is_some(), "a function mounts it");
        let started = kind.back_up(&run(), &resource).await?;
        until("the backup has ended", LIMIT, || async {
            Ok(match kind.poll(&resource, &started.recovery_point).await? {
                Progress::Succeeded(_) => Some(()),
                Progress::InProgress { .. } => None,
                Progress::Failed { reason } | Progress::Blocked { reason } => bail!("{reason}"),
            })
        })
        .await?;
        let RecoveryPoint::BackupRecoveryPoint { arn, vault, .. } = started.recovery_point else {
            bail!("another kind's recovery point")
        };
        let planned = PlannedResource {
            resource,
            source: Source::RecoveryPoint { arn, vault },
            destination: Destination::Directory {
                file_system: id.clone(),
            },
            holds: None,
            loss_seconds: None,
            size_bytes: None,
            usual_seconds: None,
            creates: Vec::new(),
        };
        let item = RestoreItem {
            configuration,
            sample,
            ..RestoreItem::planned(run().id, planned)
        };
        Ok(Self {
            lab,
            aws,
            kind,
            id,
            place,
            item,
        })
    }

    /// Advances to the end, with each call twice, and returns what was created.
    async fn restore(&mut self) -> Result<RestoreProgress> {
        let begun = std::time::Instant::now();
        loop {
            self.kind.advance(&run(), &self.item).await?;
            let advanced = self.kind.advance(&run(), &self.item).await?;
            match &advanced {
                RestoreProgress::InProgress { made, .. } | RestoreProgress::LacksCapacity { made, .. } => {
                    self.item.created.clone_from(made)
                }
                RestoreProgress::Restored { made, .. } | RestoreProgress::Requested { made, .. } => {
                    self.item.created = Some(made.clone())
                }
                RestoreProgress::Failed { .. } => {}
            }
            if !matches!(
                advanced,
                RestoreProgress::InProgress { .. } | RestoreProgress::Requested { .. }
            ) {
                return Ok(advanced);
            }
            ensure!(begun.elapsed() < LIMIT, "{advanced:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn undo(&self) -> Result<()> {
        until("all is undone", LIMIT, || async {
            Ok(match self.kind.undo(&run(), &self.item).await? {
                UndoProgress::Gone => Some(()),
                UndoProgress::Underway(_) => None,
                UndoProgress::Remains(why) => bail!("{why}"),
            })
        })
        .await
    }

    async fn checks(&self) -> Result<Vec<Check>> {
        Ok(self.kind.compare(&run(), &self.item, true).await?)
    }

    /// Names at the root of the file system.
    fn root(&self) -> Result<BTreeSet<String>> {
        let names = std::fs::read_dir(&self.place)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }
}

async fn create(aws: &Aws) -> Result<String> {
    let request = json!({ "CreationToken": "hubs", "Encrypted": true, "ThroughputMode": "elastic", "Tags": [
        { "Key": "Name", "Value": "hubs-storage" }, { "Key": "team", "Value": "hubs" }] });
    let made = aws
        .rest(
            "elasticfilesystem",
            Method::POST,
            "/2015-02-01/file-systems",
            Some(request),
        )
        .await?;
    let id = text(&made, "/FileSystemId")?.to_owned();
    available(aws, &id).await?;
    Ok(id)
}

async fn available(aws: &Aws, id: &str) -> Result<()> {
    until("the file system is available", LIMIT, || async {
        let path = format!("/2015-02-01/file-systems?FileSystemId={id}");
        let answer = aws.rest("elasticfilesystem", Method::GET, &path, None).await?;
        Ok((text(&answer, "/FileSystems/0/LifeCycleState")? == "available").then_some(()))
    })
    .await
}

/// Sets every setting of a file system to another value than the default.
async fn set_up(aws: &Aws, id: &str) -> Result<()> {
    let put = |what: &str, body: Value| {
        let path = format!("/2015-02-01/file-systems/{id}{what}");
        async move { aws.rest("elasticfilesystem", Method::PUT, &path, Some(body)).await }
    };
    put("/lifecycle-configuration", json!({ "LifecyclePolicies": [{ "TransitionToIA": "AFTER_7_DAYS" }, { "TransitionToArchive": "AFTER_90_DAYS" }] })).await?;
    put("/backup-policy", json!({ "BackupPolicy": { "Status": "ENABLED" } })).await?;
    put("/protection", json!({ "ReplicationOverwriteProtection": "DISABLED" })).await?;
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*",
        "Action": "elasticfilesystem:ClientMount", "Resource": format!("arn:aws:elasticfilesystem:us-east-1:000000000000:file-system/{id}") }] });
    put("/policy", json!({ "Policy": policy.to_string() })).await?;
    let subnets = aws.query("ec2", "2016-11-15", "DescribeSubnets", &[]).await?;
    let target = json!({ "FileSystemId": id, "SubnetId": element(&subnets, "subnetId")?, "SecurityGroups": ["sg-0b000000", "sg-0a000000"] });
    let point = json!({ "ClientToken": "storage", "FileSystemId": id, "PosixUser": { "Uid": 1000, "Gid": 1001 },
        "RootDirectory": { "Path": "/storage" }, "Tags": [{ "Key": "for", "Value": "rooms" }] });
    for (path, body) in [
        ("/2015-02-01/mount-targets", target),
        ("/2015-02-01/access-points", point),
    ] {
        aws.rest("elasticfilesystem", Method::POST, path, Some(body)).await?;
    }
    put(
        "",
        json!({ "ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 20 }),
    )
    .await?;
    available(aws, id).await
}

fn good(checks: &[Check]) -> Result<()> {
    let all_same = checks.iter().all(|check| check.finding == Finding::Same);
    ensure!(all_same && !checks.is_empty(), "{checks:#?}");
    Ok(())
}

async fn directory() -> Result<()> {
    let mut backed = BackedUpFileSystem::up().await?;
    let before = backed.root()?;
    let preflight = backed.kind.preflight(&run(), &backed.item).await?;
    ensure!(preflight.faults.is_empty(), "{:?}", preflight.faults);
    // The incident.
    std::fs::write(backed.place.join("storage/00/file 7 ä.bin"), "overwritten")?;
    std::fs::remove_dir_all(backed.place.join("storage/01"))?;
    let advanced = backed.restore().await?;
    let RestoreProgress::Restored {
        made: CreatedResource::Directory {
            directory: Some(directory),
            ..
        },
        ..
    } = &advanced
    else {
        bail!("{advanced:?}")
    };
    let restored = backed.place.join(directory.trim_start_matches('/'));
    ensure!(std::fs::read_to_string(restored.join("storage/00/file 7 ä.bin"))? == "content of 7");
    good(&backed.checks().await?)?;
    // Ways to break it, by name.
    std::fs::write(restored.join("storage/02/file 2 ä.bin"), "content of")?;
    std::fs::remove_file(restored.join("storage/03/file 3 ä.bin"))?;
    let sampled = serde_json::to_string(&backed.item.sample)?;
    let checks = backed.checks().await?;
    for (file, n) in [("/storage/02/file 2 ä.bin", 2), ("/storage/03/file 3 ä.bin", 3)] {
        let named = checks
            .iter()
            .any(|check| check.name == format!("storage: file {file}") && check.finding == Finding::Different);
        ensure!(named || !sampled.contains(&format!("file {n} ä")), "{checks:#?}");
    }
    let count = checks
        .iter()
        .find(|check| check.name == "storage: files")
        .context("no count")?;
    ensure!(
        count.finding == Finding::Different && count.detail.contains("are 59"),
        "{count:?}"
    );
    // What was created but not recorded is found.
    backed.item.created = None;
    backed.undo().await?;
    ensure!(backed.root()? == before, "{:?}", backed.root()?);
    ensure!(std::fs::read_to_string(backed.place.join("storage/00/file 7 ä.bin"))? == "overwritten");
    backed.undo().await
}

async fn new_file_system() -> Result<()> {
    let mut backed = BackedUpFileSystem::up().await?;
    backed.item.planned.destination = Destination::FileSystem {
        token: "token-of-the-new".into(),
    };
    let preflight = backed.kind.preflight(&run(), &backed.item).await?;
    ensure!(preflight.faults.is_empty(), "{:?}", preflight.faults);
    ensure!(
        preflight.security_groups == ["sg-0a000000", "sg-0b000000"],
        "{preflight:?}"
    );
    // Until a function mounts the new file system, its directory is not known.
    let advanced = backed.restore().await?;
    let RestoreProgress::Restored {
        made:
            CreatedResource::FileSystem {
                file_system: Some(new),
                directory: None,
                ..
            },
        remarks,
    } = advanced
    else {
        bail!("{advanced:?}")
    };
    ensure!(
        remarks
            .iter()
            .any(|remark| remark.contains(&format!("FileSystemId={new}"))),
        "{remarks:?}"
    );
    let checks = backed.checks().await?;
    ensure!(
        checks.iter().all(|check| check.finding != Finding::Different),
        "{checks:#?}"
    );
    deploy_efs_access(&backed.lab, &new).await?;
    let advanced = backed.restore().await?;
    ensure!(
        matches!(&advanced, RestoreProgress::Restored { made: CreatedResource::FileSystem { directory: Some(_), .. }, remarks } if remarks.is_empty()),
        "{advanced:?}"
    );
    good(&backed.checks().await?)?;
    // Each setting differs from a new file system's.
    let path = format!("/2015-02-01/file-systems?FileSystemId={new}");
    let described = backed.aws.rest("elasticfilesystem", Method::GET, &path, None).await?;
    for (pointer, value) in [
        ("/FileSystems/0/ThroughputMode", json!("provisioned")),
        ("/FileSystems/0/ProvisionedThroughputInMibps", json!(20.0)),
        ("/FileSystems/0/Encrypted", json!(true)),
        ("/FileSystems/0/Name", json!("hubs-storage")),
        ("/FileSystems/0/NumberOfMountTargets", json!(1)),
        (
            "/FileSystems/0/FileSystemProtection/ReplicationOverwriteProtection",
            json!("DISABLED"),
        ),
    ] {
        ensure!(described.pointer(pointer) == Some(&value), "{pointer} in {described}");
    }
    // And each that is removed is reported.
    let of = |what: &str| format!("/2015-02-01/file-systems/{new}{what}");
    for (method, path, body, name) in [
        (Method::DELETE, of("/policy"), None, "Policy"),
        (
            Method::PUT,
            of("/lifecycle-configuration"),
            Some(json!({ "LifecyclePolicies": [] })),
            "LifecyclePolicies",
        ),
        (
            Method::PUT,
            of("/backup-policy"),
            Some(json!({ "BackupPolicy": { "Status": "DISABLED" } })),
            "BackupPolicy",
        ),
        (
            Method::PUT,
            of("/protection"),
            Some(json!({ "ReplicationOverwriteProtection": "ENABLED" })),
            "FileSystem.FileSystemProtection",
        ),
        (
            Method::DELETE,
            format!("/2015-02-01/resource-tags/{new}?tagKeys=team"),
            None,
            "FileSystem.Tags.team",
        ),
    ] {
        backed.aws.rest("elasticfilesystem", method, &path, body).await?;
        let checks = backed.checks().await?;
        let missed =
            |check: &Check| check.finding == Finding::Different && check.name.starts_with(&format!("storage: {name}"));
        ensure!(checks.iter().any(missed), "{name}: {checks:#?}");
    }
    backed.undo().await?;
    let gone = backed.lab.control(Method::GET, "efs", None).await?;
    ensure!(gone.get(&new).is_none() && gone.get(&backed.id).is_some(), "{gone}");
    backed.undo().await
}

async fn failed() -> Result<()> {
    let mut backed = BackedUpFileSystem::up().await?;
    let before = backed.root()?;
    backed
        .lab
        .inject(json!({ "service": "backup", "action": "StartRestoreJob", "kind": "job_failed", "times": 1 }))
        .await?;
    let advanced = backed.restore().await?;
    ensure!(
        matches!(&advanced, RestoreProgress::Failed { reason } if reason.contains("elasticfilesystem:Restore")),
        "{advanced:?}"
    );
    let left: Vec<_> = backed.root()?.difference(&before).cloned().collect();
    ensure!(
        left.len() == 1 && left[0].starts_with("aws-backup-failed-restore_"),
        "{left:?}"
    );
    let preflight = backed.kind.preflight(&run(), &backed.item).await?;
    ensure!(
        preflight.remarks.iter().any(|remark| remark.contains(&left[0])),
        "{preflight:?}"
    );
    backed.undo().await?;
    ensure!(backed.root()? == before, "{:?}", backed.root()?);
    Ok(())
}
