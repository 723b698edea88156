//! What must hold after any run, good or bad.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::{elements, escape};
use holdfast_tests::dataset::Dataset;
use holdfast_tests::executions::Ended;
use holdfast_tests::inbox::{Inbox, InboxMessage};
use holdfast_tests::records::Records;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(60);

/// A deployment under test, with on-call's inbox and backups of other people.
pub struct Subject<'a> {
    pub stage: &'a Stage,
    pub dataset: Dataset,
    pub records: Records,
    pub inbox: Inbox,
    foreign: Foreign,
}

/// Backups of the same resources that Holdfast did not create.
struct Foreign {
    snapshot: String,
    table_backup: String,
    recovery_point: String,
}

impl<'a> Subject<'a> {
    /// Creates the data, applies the descriptor (changed by `adapt`) and creates backups that are not Holdfast's.
    pub async fn create(
        stage: &'a Stage,
        name: &str,
        sizes: &holdfast_tests::dataset::Sizes,
        adapt: impl FnOnce(&mut Value),
    ) -> Result<Self> {
        let dataset = Dataset::create(&stage.lab, name, sizes).await?;
        Self::over(stage, dataset, adapt).await
    }

    /// The same for existing data.
    pub async fn over(stage: &'a Stage, dataset: Dataset, adapt: impl FnOnce(&mut Value)) -> Result<Self> {
        let name = &dataset.name;
        let records = Records::of(&stage.aws, &stage.stack)?;
        let mut descriptor = dataset.descriptor();
        adapt(&mut descriptor);
        records.apply(&descriptor).await?;
        let inbox = stage.stack.inbox(&stage.aws, &format!("inbox-{name}")).await?;
        let foreign = Foreign::plant(stage, &dataset).await?;
        Ok(Self {
            stage,
            dataset,
            records,
            inbox,
            foreign,
        })
    }

    /// Runs a backup and checks all that must hold; returns how it ended, its set and on-call's messages.
    pub async fn back_up(&self) -> Result<(Ended, Option<Value>, InboxMessage)> {
        self.inbox.take().await?;
        let mark = self.stage.lab.ledger_position().await?;
        let ended = self.stage.back_up(&self.dataset.name).await?;
        let (set, mail) = self.check(&ended, mark).await?;
        Ok((ended, set, mail))
    }

    /// Checks what must hold after an execution that ended, since entry `mark` of the ledger.
    pub async fn check(&self, ended: &Ended, mark: u64) -> Result<(Option<Value>, InboxMessage)> {
        let name = &self.dataset.name;
        let mail = self
            .inbox
            .about(name, PATIENCE)
            .await
            .with_context(|| format!("{ended:?}"))?;
        holdfast_tests::wait::until("the lease is given back", PATIENCE, || async {
            Ok((!self.records.leased(name).await?).then_some(()))
        })
        .await?;
        let set = self
            .records
            .sets(name)
            .await?
            .into_iter()
            .find(|set| set["execution"] == ended.arn.as_str());
        let sealed = set.as_ref().is_some_and(|set| set["status"] == "sealed");
        let severity = mail
            .attributes
            .pointer("/severity/Value")
            .and_then(Value::as_str)
            .unwrap_or_default();
        ensure!(
            sealed == (ended.status == "SUCCEEDED"),
            "{ended:?} but the set is {set:?}"
        );
        ensure!(
            sealed == (severity != "critical"),
            "{severity} mail about {set:?}: {}",
            mail.body
        );
        if let Some(set) = &set {
            let id = set["id"].as_str().context("a set without id")?;
            let planned = set["resources"].to_string();
            for (resource, count) in self.recovery_points(id).await? {
                // A table of a prefix is planned as a resource of its own.
                if !planned.contains(&resource) {
                    continue;
                }
                ensure!(
                    count == 1 || (count == 0 && !sealed),
                    "{count} recovery points of {resource} in {id} (sealed: {sealed})"
                );
            }
        }
        self.writes_are_ours(mark).await?;
        self.foreign.still_there(self.stage).await?;
        Ok((set, mail))
    }

    /// How many recovery points AWS holds of each resource for one set.
    pub async fn recovery_points(&self, set: &str) -> Result<BTreeMap<String, usize>> {
        let aws = &self.stage.aws;
        let mine = format!("hf-{set}-");
        let count = |names: &[String]| names.iter().filter(|name| name.starts_with(&mine)).count();
        let snapshots = aws
            .rds(
                "DescribeDBClusterSnapshots",
                &[("DBClusterIdentifier", &self.dataset.cluster)],
            )
            .await?;
        let mut counts = BTreeMap::from([(
            "database".to_owned(),
            count(&elements(&snapshots, "DBClusterSnapshotIdentifier")?),
        )]);
        for table in &self.dataset.tables {
            let answer = aws
                .json(
                    "dynamodb",
                    "DynamoDB_20120810.ListBackups",
                    json!({ "TableName": table }),
                )
                .await?;
            let names: Vec<String> = answer["BackupSummaries"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|backup| backup["BackupName"].as_str().map(str::to_owned))
                .collect();
            counts.insert(table.clone(), count(&names));
        }
        let mut files = 0;
        for arn in recovery_points_of(self.stage, &self.dataset.file_system).await? {
            let tags = aws
                .rest("backup", Method::GET, &format!("/tags/{}", escape(&arn)), None)
                .await?;
            files += usize::from(tags["Tags"]["holdfast:set"] == set);
        }
        counts.insert("storage".to_owned(), files);
        if self.dataset.ledger.is_some() {
            counts.insert("ledger".to_owned(), self.dumps_of(set).await?);
        }
        Ok(counts)
    }

    /// How many complete dumps the archive has of one set.
    async fn dumps_of(&self, set: &str) -> Result<usize> {
        let client = holdfast_tests::s3::client(&self.stage.lab);
        let listed = client
            .list_objects_v2()
            .bucket(self.stage.stack.output("ArchiveBucket")?);
        let listed = listed.prefix(format!("dumps/{}/", self.dataset.name)).send().await?;
        let manifest = format!("/{set}/manifest.json");
        let keys = listed.contents().iter().filter_map(|object| object.key());
        Ok(keys.filter(|key| key.ends_with(&manifest)).count())
    }

    /// No function wrote to anything but the catalog, its topic, and backups with our names.
    async fn writes_are_ours(&self, mark: u64) -> Result<()> {
        let catalog = self.stage.stack.output("CatalogTable")?;
        for call in self.stage.lab.ledger(mark).await? {
            let field = |name: &str| call[name].as_str().unwrap_or_default();
            let (action, resource) = (field("action"), field("resource"));
            let reads = ["Describe", "List", "Get", "Query", "Scan", "BatchGet"];
            if !field("caller").starts_with("holdfast-") || reads.iter().any(|read| action.starts_with(read)) {
                continue;
            }
            let ours = match (field("service"), action) {
                ("dynamodb", "CreateBackup") => self
                    .dataset
                    .tables
                    .iter()
                    .any(|table| resource.contains(table.as_str())),
                ("dynamodb", "DeleteBackup") => {
                    !self.foreign.table_backup.contains(resource) && resource.contains("/backup/")
                }
                // What the descriptor of such a deployment asks for.
                ("dynamodb", "UpdateContinuousBackups" | "UpdateTable") if self.dataset.name.starts_with("guarded") => {
                    field("caller") == "holdfast-back-up-table" && resource.contains(&self.dataset.name)
                }
                ("dynamodb", _) => resource.contains(catalog),
                ("rds", "CreateDBClusterSnapshot" | "DeleteDBClusterSnapshot" | "AddTagsToResource") => {
                    call.to_string().contains("hf-")
                }
                ("backup", "StartBackupJob" | "StopBackupJob" | "DeleteRecoveryPoint" | "TagResource") => {
                    !call.to_string().contains(&self.foreign.recovery_point)
                }
                // A dump is a job of the stack's own, which writes below the deployment's folder.
                ("states", "StartExecution" | "StopExecution") => {
                    call.to_string().contains("-transfer") || call.to_string().contains("holdfast-hook-")
                }
                ("s3", _) => call.to_string().contains(&format!("dumps/{}/", self.dataset.name)),
                ("sns", "Publish") | ("lambda", "Invoke") => true,
                // What a test's hooks do to the surroundings of its deployment.
                ("events" | "ecs" | "application-autoscaling" | "ssm" | "cloudformation", _) => {
                    let hooks = ["holdfast-quiesce", "holdfast-resume", "holdfast-clean-up"];
                    hooks.contains(&field("caller"))
                }
                _ => false,
            };
            ensure!(ours, "a write that is not allowed: {call}");
        }
        Ok(())
    }
}

impl Foreign {
    async fn plant(stage: &Stage, dataset: &Dataset) -> Result<Self> {
        let snapshot = format!("{}-by-hand", dataset.cluster);
        stage
            .aws
            .rds(
                "CreateDBClusterSnapshot",
                &[
                    ("DBClusterIdentifier", &dataset.cluster),
                    ("DBClusterSnapshotIdentifier", &snapshot),
                ],
            )
            .await?;
        let request = json!({ "TableName": dataset.tables[0], "BackupName": "by-hand" });
        let backup = stage
            .aws
            .json("dynamodb", "DynamoDB_20120810.CreateBackup", request)
            .await?;
        let table_backup = backup
            .pointer("/BackupDetails/BackupArn")
            .and_then(Value::as_str)
            .context("no backup ARN")?
            .to_owned();
        let recovery_point = back_up_by_hand(stage, dataset).await?;
        holdfast_tests::dataset::await_cluster(&stage.aws, &dataset.cluster).await?;
        Ok(Self {
            snapshot,
            table_backup,
            recovery_point,
        })
    }

    async fn still_there(&self, stage: &Stage) -> Result<()> {
        stage
            .aws
            .rds(
                "DescribeDBClusterSnapshots",
                &[("DBClusterSnapshotIdentifier", &self.snapshot)],
            )
            .await?;
        stage
            .aws
            .json(
                "dynamodb",
                "DynamoDB_20120810.DescribeBackup",
                json!({ "BackupArn": self.table_backup }),
            )
            .await?;
        let vault = stage.stack.output("BackupVaultName")?;
        let path = format!(
            "/backup-vaults/{vault}/recovery-points/{}",
            escape(&self.recovery_point)
        );
        stage.aws.rest("backup", Method::GET, &path, None).await.map(drop)
    }
}

async fn back_up_by_hand(stage: &Stage, dataset: &Dataset) -> Result<String> {
    let request = json!({
        "BackupVaultName": stage.stack.output("BackupVaultName")?,
        "ResourceArn": file_system_arn(&dataset.file_system),
        "IamRoleArn": stage.stack.output("BackupRoleArn")?,
    });
    let started = stage
        .aws
        .rest("backup", Method::PUT, "/backup-jobs", Some(request))
        .await?;
    let job = started["BackupJobId"].as_str().context("no job")?.to_owned();
    holdfast_tests::wait::until("a backup by hand ends", PATIENCE, || async {
        let state = stage
            .aws
            .rest("backup", Method::GET, &format!("/backup-jobs/{job}"), None)
            .await?;
        Ok((state["State"] == "COMPLETED").then(|| state["RecoveryPointArn"].as_str().unwrap_or_default().to_owned()))
    })
    .await
}

async fn recovery_points_of(stage: &Stage, file_system: &str) -> Result<Vec<String>> {
    let path = format!("/resources/{}/recovery-points", escape(&file_system_arn(file_system)));
    let answer = stage.aws.rest("backup", Method::GET, &path, None).await?;
    let points = answer["RecoveryPoints"].as_array().cloned().unwrap_or_default();
    // One that is being deleted may no longer exist at the next call.
    Ok(points
        .iter()
        .filter(|point| point["Status"] != "DELETING")
        .filter_map(|point| point["RecoveryPointArn"].as_str().map(str::to_owned))
        .collect())
}

fn file_system_arn(id: &str) -> String {
    format!("arn:aws:elasticfilesystem:us-east-1:000000000000:file-system/{id}")
}
