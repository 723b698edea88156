//! A deployment whose resources are all deleted, and then a catalog that is lost too.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::{elements, refusal, text};
use holdfast_tests::data::Data;
use holdfast_tests::lab::program;
use holdfast_tests::readback::{files_below, items};
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::restore::backed_up;
use crate::stage::{Stage, Stages};

const PATIENCE: Duration = Duration::from_secs(60);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test("lost::a_deleted_deployment_comes_back_from_its_set", |stage| {
            Box::pin(by_set(stage))
        }),
        stages.test("lost::what_aws_retains_is_newer_than_the_set", |stage| {
            Box::pin(retained(stage))
        }),
        stages.test("lost::without_its_catalog_too_it_comes_back_from_tags", |stage| {
            Box::pin(by_tags(stage))
        }),
    ]
}

async fn by_set(stage: &Stage) -> Result<()> {
    let lost = Lost::up(stage, "lost-set").await?;
    let made = lost.restored(json!({})).await?;
    made.holds(&lost.sealed)?;
    ensure!(
        made.record["plan"]["set"].is_string() && made.record["verification"]["outcome"] == "unproven",
        "nobody mounts a new file system yet: {:#}",
        made.record
    );
    made.nothing_differs()
}

async fn retained(stage: &Stage) -> Result<()> {
    let lost = Lost::up(stage, "lost-kept").await?;
    let made = lost.restored(json!({ "source": "retained" })).await?;
    ensure!(
        made.files.is_none(),
        "AWS retains no backup of a deleted file system by itself"
    );
    ensure!(
        (made.users.as_ref(), &made.tables) == (Some(&lost.last.users), &lost.last.tables),
        "{made:?}"
    );
    ensure!(made.record["plan"]["set"].is_null(), "{:#}", made.record);
    let not_covered = made.record["plan"]["not_covered"].to_string();
    ensure!(
        not_covered.contains("storage") && not_covered.contains("login"),
        "{not_covered}"
    );
    made.nothing_differs()
}

async fn by_tags(stage: &Stage) -> Result<()> {
    let lost = Lost::up(stage, "lost-all").await?;
    let (subject, name) = (&lost.subject, lost.subject.dataset.name.as_str());
    let set = subject.records.newest_set(name).await?.context("no set")?;
    let set = text(&set, "/id")?;
    let points = subject.records.items(name, &format!("SET#{set}#POINT#")).await?;
    subject.records.lose().await?;
    subject.records.apply(&subject.dataset.descriptor()).await?;
    let refused = subject.restore(json!({})).await?;
    ensure!(
        refused.status == "FAILED" && refused.cause.contains("no sealed set"),
        "{refused:?}"
    );

    let found = rebuild(subject).await?;
    ensure!(
        found.len() == 1 && found[0]["set"] == set && found[0]["outcome"] == "sealed",
        "{found:#?}"
    );
    let recovery_points = |point: &&Value| {
        !point["recovery_point"]["type"]
            .as_str()
            .unwrap_or_default()
            .contains("versions")
    };
    ensure!(
        found[0]["recovery_points"] == points.iter().filter(recovery_points).count(),
        "{found:#?} {points:#?}"
    );
    let again = rebuild(subject).await?;
    ensure!(again.len() == 1 && again[0]["outcome"] == "known", "{again:#?}");

    let made = lost.restored(json!({ "set": set })).await?;
    made.holds(&lost.sealed)?;
    ensure!(
        made.record["verification"]["outcome"] == "unproven",
        "the configuration is no longer known: {:#}",
        made.record
    );
    Ok(())
}

/// Runs `holdfast rebuild-catalog`; returns its result for each set.
async fn rebuild(subject: &Subject<'_>) -> Result<Vec<Value>> {
    let output = tokio::process::Command::new(program("holdfast"))
        .args(["rebuild-catalog", &subject.dataset.name, "--json"])
        .envs(&subject.stage.stack.environment)
        .output()
        .await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A deployment that was backed up, written to, and deleted.
struct Lost<'a> {
    subject: Subject<'a>,
    /// The data in the set.
    sealed: Data,
    /// The last data before the deletion.
    last: Data,
}

/// What a restore created, and its record.
#[derive(Debug)]
struct Restored {
    users: Option<Vec<String>>,
    files: Option<BTreeMap<String, String>>,
    tables: BTreeMap<String, BTreeMap<String, Value>>,
    record: Value,
}

impl Restored {
    fn holds(&self, data: &Data) -> Result<()> {
        ensure!(self.users.as_ref() == Some(&data.users), "{self:#?}");
        ensure!(self.files.as_ref() == Some(&data.files), "{self:#?}");
        ensure!(self.tables == data.tables, "{self:#?}");
        Ok(())
    }

    fn nothing_differs(&self) -> Result<()> {
        let checks = self.record.pointer("/verification/checks").and_then(Value::as_array);
        let checks = checks.context("no checks")?;
        ensure!(!checks.is_empty(), "{:#}", self.record);
        let different: Vec<&Value> = checks.iter().filter(|check| check["finding"] == "different").collect();
        ensure!(different.is_empty(), "{different:#?}");
        Ok(())
    }
}

impl<'a> Lost<'a> {
    async fn up(stage: &'a Stage, name: &str) -> Result<Self> {
        let (subject, application) = backed_up(stage, name).await?;
        let sealed = subject.data().await?;
        subject.recover_tables().await?;
        subject.dataset.execute("insert into users values (-7, 'late')").await?;
        let late = json!({ "TableName": subject.dataset.tables[0], "Item": { "id": { "S": "late" } } });
        stage.aws.json("dynamodb", "DynamoDB_20120810.PutItem", late).await?;
        let last = subject.data().await?;
        ensure!(sealed != last);
        stage
            .aws
            .json(
                "ecs",
                "AmazonEC2ContainerServiceV20141113.DeleteService",
                json!({ "cluster": application.name, "service": application.name, "force": true }),
            )
            .await?;
        let lost = Self { subject, sealed, last };
        lost.delete_cluster().await?;
        lost.delete_tables().await?;
        lost.delete_file_system().await?;
        Ok(lost)
    }

    /// Restores the deleted deployment, and reads the copies.
    async fn restored(&self, fields: Value) -> Result<Restored> {
        let mut fields = fields;
        fields["cut_over"] = json!("no");
        let ended = self.subject.restore(fields).await?;
        let record = self.subject.newest_restore().await?;
        ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
        ensure!(record["status"] == "restored", "{record:#}");
        let made = self.subject.made(text(&record, "/id")?).await?;
        let mut restored = Restored {
            users: None,
            files: None,
            tables: BTreeMap::new(),
            record,
        };
        for (name, made) in &made {
            if let Some(table) = made["table"].as_str() {
                let source = name.strip_prefix("tables.").unwrap_or(name);
                let items = items(&self.subject.stage.aws, table).await?;
                restored.tables.insert(source.to_owned(), items);
            } else if let Some(cluster) = made["cluster"].as_str() {
                restored.users = Some(self.subject.dataset.users(cluster).await?);
            } else if let Some(file_system) = made["file_system"].as_str() {
                restored.files = Some(files_below(&self.restored_files(file_system).await?)?);
            }
        }
        Ok(restored)
    }

    /// The directory into which AWS Backup restored, in a new file system.
    async fn restored_files(&self, file_system: &str) -> Result<PathBuf> {
        let directories = self.subject.stage.lab.control(Method::GET, "efs", None).await?;
        let place = PathBuf::from(text(&directories, &format!("/{file_system}"))?);
        let entries = std::fs::read_dir(&place)?.filter_map(Result::ok);
        let mut restored =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("aws-backup-restore_"));
        let restored = restored
            .next()
            .with_context(|| format!("nothing restored in {}", place.display()))?;
        Ok(restored.path())
    }

    /// Deletes the cluster and its instances; its automated backups are retained.
    async fn delete_cluster(&self) -> Result<()> {
        let (aws, cluster) = (&self.subject.stage.aws, self.subject.dataset.cluster.as_str());
        let xml = aws.rds("DescribeDBInstances", &[]).await?;
        let instances = elements(&xml, "DBInstanceIdentifier")?;
        for instance in instances.iter().filter(|name| name.starts_with(&format!("{cluster}-"))) {
            let parameters = [
                ("DBInstanceIdentifier", instance.as_str()),
                ("SkipFinalSnapshot", "true"),
            ];
            aws.rds("DeleteDBInstance", &parameters).await?;
        }
        let parameters = [
            ("DBClusterIdentifier", cluster),
            ("SkipFinalSnapshot", "true"),
            ("DeleteAutomatedBackups", "false"),
        ];
        aws.rds("DeleteDBCluster", &parameters).await?;
        until(&format!("cluster {cluster} is gone"), PATIENCE, || async {
            let asked = aws.rds("DescribeDBClusters", &[("DBClusterIdentifier", cluster)]).await;
            Ok(refusal(asked)?.map(drop))
        })
        .await
    }

    /// Deletes the tables; with point-in-time recovery, DynamoDB leaves a SYSTEM backup of each.
    async fn delete_tables(&self) -> Result<()> {
        for table in &self.subject.dataset.tables {
            let request = json!({ "TableName": table });
            let aws = &self.subject.stage.aws;
            aws.json(
                "dynamodb",
                "DynamoDB_20120810.UpdateTable",
                json!({ "TableName": table, "DeletionProtectionEnabled": false }),
            )
            .await?;
            aws.json("dynamodb", "DynamoDB_20120810.DeleteTable", request.clone())
                .await?;
            until(&format!("table {table} is gone"), PATIENCE, || async {
                let asked = aws
                    .json("dynamodb", "DynamoDB_20120810.DescribeTable", request.clone())
                    .await;
                Ok(refusal(asked)?.map(drop))
            })
            .await?;
        }
        Ok(())
    }

    /// Deletes the file system with its mount targets; its recovery points stay in the vault.
    async fn delete_file_system(&self) -> Result<()> {
        let (aws, id) = (&self.subject.stage.aws, self.subject.dataset.file_system.as_str());
        let call = async |method: Method, path: String| aws.rest("elasticfilesystem", method, &path, None).await;
        let targets = format!("/2015-02-01/mount-targets?FileSystemId={id}");
        let found = call(Method::GET, targets.clone()).await?;
        for target in found["MountTargets"].as_array().into_iter().flatten() {
            let path = format!("/2015-02-01/mount-targets/{}", text(target, "/MountTargetId")?);
            call(Method::DELETE, path).await?;
        }
        until(&format!("{id} has no mount targets"), PATIENCE, || async {
            let left = call(Method::GET, targets.clone()).await?;
            Ok((left["MountTargets"] == json!([])).then_some(()))
        })
        .await?;
        call(Method::DELETE, format!("/2015-02-01/file-systems/{id}")).await?;
        until(&format!("{id} is gone"), PATIENCE, || async {
            let asked = call(Method::GET, format!("/2015-02-01/file-systems?FileSystemId={id}")).await;
            Ok(refusal(asked)?.map(drop))
        })
        .await
    }
}
