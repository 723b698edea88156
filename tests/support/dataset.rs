//! A Hubs-like deployment with data: a cluster with users, a file system, tables, a secret and parameters.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow};
use reqwest::Method;
use serde_json::{Value, json};

use crate::aws::{Aws, element, text};
use crate::clusters::{DATABASE, create_cluster};
pub use crate::clusters::{USER, add_instance, await_cluster, await_instance, connect, endpoint, log_in};
use crate::lab::Lab;
use crate::ledger::{self, Ledger};
use crate::wait::until;

/// The size of a dataset.
#[derive(Debug, Clone)]
pub struct Sizes {
    pub users: u32,
    /// Small files; there is also one large file.
    pub files: u32,
    pub large_file_bytes: usize,
    /// Items in each table, one entry per table.
    pub items: Vec<u32>,
    /// Accounts in a Postgres database that is dumped; none has no such database.
    pub accounts: Option<u32>,
}

impl Sizes {
    /// The dataset of `make demo`.
    pub fn demo() -> Self {
        Self {
            users: 562,
            files: 300,
            large_file_bytes: 64 << 20,
            items: vec![4_000, 120, 12],
            accounts: Some(562),
        }
    }

    /// Just enough to distinguish two states of the data.
    pub fn small() -> Self {
        Self {
            users: 5,
            files: 3,
            large_file_bytes: 4096,
            items: vec![4],
            accounts: None,
        }
    }

    /// The same, with a Postgres database that is dumped.
    pub fn with_accounts(self, accounts: u32) -> Self {
        Self {
            accounts: Some(accounts),
            ..self
        }
    }
}

/// A deployment's resources in a lab.
pub struct Dataset {
    pub name: String,
    pub cluster: String,
    pub file_system: String,
    pub tables: Vec<String>,
    pub secret: String,
    pub parameter_path: String,
    /// The database that is dumped.
    pub ledger: Option<Ledger>,
    /// The password of the database's administrator; must never appear anywhere.
    pub password: String,
    aws: Aws,
    directory: PathBuf,
}

impl Dataset {
    /// Creates everything that belongs to deployment `name` and fills it.
    pub async fn create(lab: &Lab, name: &str, sizes: &Sizes) -> Result<Self> {
        Self::create_as(lab, name, sizes, &[]).await
    }

    /// The same, for a cluster that is created with additional parameters.
    pub async fn create_as(lab: &Lab, name: &str, sizes: &Sizes, settings: &[(&'static str, String)]) -> Result<Self> {
        let aws = lab.aws()?;
        let password = format!("pw-{name}-Vv7QxSecret");
        let cluster = format!("{name}-db");
        let parameter_path = format!("/{name}");
        let tables = table_names(name, sizes.items.len());
        let (_, (file_system, directory), secret, (), (), ledger) = tokio::try_join!(
            fill_cluster(&aws, &cluster, &password, settings, sizes),
            fill_file_system(lab, &aws, name, sizes),
            create_secret(&aws, name, &password),
            create_parameters(&aws, &parameter_path, &password),
            fill_tables(&aws, &tables, sizes),
            Ledger::create_if(&aws, name, &password, sizes.accounts),
        )?;
        Ok(Self {
            name: name.to_owned(),
            cluster,
            file_system,
            tables,
            secret,
            parameter_path,
            ledger,
            password,
            aws,
            directory,
        })
    }

    /// Its descriptor, with a probe on each database and table.
    pub fn descriptor(&self) -> Value {
        let mut descriptor = json!({
            "deployment": self.name,
            "resources": {
                "database": { "kind": "aurora", "cluster": self.cluster },
                "storage": { "kind": "efs", "file_system": self.file_system },
                "tables": { "kind": "dynamodb", "prefix": format!("{}-", self.name) },
                "login": { "kind": "secret", "secret": self.secret },
                "settings": { "kind": "parameters", "path": self.parameter_path },
            },
            "probes": {
                "users": { "resource": "database", "sql": "select count(*) from users", "secret": self.secret, "database": DATABASE },
                "rooms": { "resource": "tables", "table": self.tables[0] },
            },
            "keep": { "last": 3 },
        });
        if let Some(ledger) = &self.ledger {
            descriptor["resources"]["ledger"] = json!({
                "kind": "postgres", "database": ledger::DATABASE, "host": ledger.host, "port": ledger.port,
                "login_secret": self.secret,
            });
            descriptor["probes"]["accounts"] = json!({ "resource": "ledger", "sql": "select count(*) from accounts" });
        }
        descriptor
    }

    /// Runs SQL in the live database.
    pub async fn execute(&self, sql: &str) -> Result<()> {
        self.execute_in(&self.cluster, sql).await
    }

    /// Runs SQL in a copy of the database.
    pub async fn execute_in(&self, cluster: &str, sql: &str) -> Result<()> {
        execute_in(&self.aws, cluster, &self.password, sql).await
    }

    /// Deletes a cluster's instances but the writer, and waits until they are deleted; returns how many there were.
    pub async fn remove_readers(&self, cluster: &str) -> Result<usize> {
        let readers = readers_of(&self.aws, cluster).await?;
        for reader in &readers {
            let delete = [("DBInstanceIdentifier", reader.as_str())];
            self.aws.rds("DeleteDBInstance", &delete).await?;
        }
        until("the readers are gone", Duration::from_secs(60), || async {
            Ok(readers_of(&self.aws, cluster).await?.is_empty().then_some(()))
        })
        .await?;
        Ok(readers.len())
    }

    /// All rows of `users` in `cluster`, as text.
    pub async fn users(&self, cluster: &str) -> Result<Vec<String>> {
        let client = connect(&self.aws, cluster, &self.password).await?;
        let rows = client
            .query("select id || ':' || name from users order by id", &[])
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// The live file system's directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

fn table_names(deployment: &str, count: usize) -> Vec<String> {
    let kinds = ["rooms", "scenes", "avatars"]
        .into_iter()
        .chain(std::iter::repeat("more"));
    kinds.take(count).map(|kind| format!("{deployment}-{kind}")).collect()
}

async fn execute_in(aws: &Aws, cluster: &str, password: &str, sql: &str) -> Result<()> {
    let client = connect(aws, cluster, password).await?;
    client.batch_execute(sql).await?;
    Ok(())
}

async fn fill_cluster(
    aws: &Aws,
    cluster: &str,
    password: &str,
    settings: &[(&'static str, String)],
    sizes: &Sizes,
) -> Result<()> {
    create_cluster(aws, cluster, password, settings).await?;
    let sql = format!(
        "create table users (id int primary key, name text not null);
         create table hubs (id int primary key, owner int references users);
         create table scenes (id int primary key, body jsonb);
         insert into users select n, 'user-' || n from generate_series(1, {users}) n;
         insert into hubs select n, n from generate_series(1, {users}) n;
         insert into scenes select n, jsonb_build_object('n', n) from generate_series(1, 40) n;",
        users = sizes.users
    );
    execute_in(aws, cluster, password, &sql).await
}

/// The file system's id, and where the lab keeps its files.
async fn fill_file_system(lab: &Lab, aws: &Aws, name: &str, sizes: &Sizes) -> Result<(String, PathBuf)> {
    let file_system = create_file_system(aws, name).await?;
    let directories = lab.control(Method::GET, "efs", None).await?;
    let directory = directories[&file_system]
        .as_str()
        .ok_or_else(|| anyhow!("no directory of {file_system} in {directories}"))?;
    let directory = PathBuf::from(directory);
    let (place, sizes) = (directory.clone(), sizes.clone());
    tokio::task::spawn_blocking(move || write_files(&place, &sizes)).await??;
    Ok((file_system, directory))
}

async fn fill_tables(aws: &Aws, tables: &[String], sizes: &Sizes) -> Result<()> {
    for (table, count) in tables.iter().zip(&sizes.items) {
        create_table(aws, table).await?;
        scale(aws, table).await?;
        put_items(aws, table, *count).await?;
    }
    Ok(())
}

/// The readers of a cluster.
async fn readers_of(aws: &Aws, cluster: &str) -> Result<Vec<String>> {
    let xml = aws
        .rds("DescribeDBClusters", &[("DBClusterIdentifier", cluster)])
        .await?;
    let document = roxmltree::Document::parse(&xml)?;
    let members = document
        .descendants()
        .filter(|node| node.tag_name().name() == "DBClusterMember");
    let field = |member: roxmltree::Node<'_, '_>, name: &str| {
        let found = member.children().find(|node| node.tag_name().name() == name);
        found.and_then(|node| node.text()).unwrap_or_default().to_owned()
    };
    Ok(members
        .filter(|member| field(*member, "IsClusterWriter") == "false")
        .map(|member| field(member, "DBInstanceIdentifier"))
        .collect())
}

async fn create_file_system(aws: &Aws, name: &str) -> Result<String> {
    let request = json!({ "CreationToken": name, "Encrypted": true, "Tags": [{ "Key": "Name", "Value": format!("{name}-storage") }] });
    let created = aws
        .rest(
            "elasticfilesystem",
            Method::POST,
            "/2015-02-01/file-systems",
            Some(request),
        )
        .await?;
    let id = text(&created, "/FileSystemId")?.to_owned();
    await_file_system(aws, &id).await?;
    let subnets = aws.query("ec2", "2016-11-15", "DescribeSubnets", &[]).await?;
    let target = json!({ "FileSystemId": id, "SubnetId": element(&subnets, "subnetId")? });
    aws.rest(
        "elasticfilesystem",
        Method::POST,
        "/2015-02-01/mount-targets",
        Some(target),
    )
    .await?;
    Ok(id)
}

/// Waits until a file system is available.
pub async fn await_file_system(aws: &Aws, id: &str) -> Result<()> {
    until(
        &format!("file system {id} is available"),
        Duration::from_secs(60),
        || async {
            let path = format!("/2015-02-01/file-systems?FileSystemId={id}");
            let answer = aws.rest("elasticfilesystem", Method::GET, &path, None).await?;
            Ok((text(&answer, "/FileSystems/0/LifeCycleState")? == "available").then_some(()))
        },
    )
    .await
}

/// A secret encrypted with a key of its own.
async fn create_secret(aws: &Aws, name: &str, password: &str) -> Result<String> {
    let key = aws
        .json("kms", "TrentService.CreateKey", json!({ "Description": name }))
        .await?;
    let value = json!({ "username": USER, "password": password }).to_string();
    let request = json!({
        "Name": format!("{name}/database"), "SecretString": value, "KmsKeyId": text(&key, "/KeyMetadata/Arn")?,
    });
    let created = aws
        .json("secretsmanager", "secretsmanager.CreateSecret", request)
        .await?;
    Ok(text(&created, "/ARN")?.to_owned())
}

async fn create_parameters(aws: &Aws, path: &str, password: &str) -> Result<()> {
    for (name, kind, value) in [
        ("host", "String", "hubs.example.org"),
        ("guardian-key", "SecureString", password),
    ] {
        let request = json!({ "Name": format!("{path}/{name}"), "Type": kind, "Value": value });
        aws.json("ssm", "AmazonSSM.PutParameter", request).await?;
    }
    Ok(())
}

/// Creates a table with required settings only.
pub async fn create_table(aws: &Aws, table: &str) -> Result<()> {
    let request = json!({
        "TableName": table,
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "BillingMode": "PAY_PER_REQUEST",
    });
    aws.json("dynamodb", "DynamoDB_20120810.CreateTable", request)
        .await
        .map(drop)
}

/// Enables auto scaling of a table's read capacity: a setting that AWS's restore of a table loses.
async fn scale(aws: &Aws, table: &str) -> Result<()> {
    let mut target = json!({
        "ServiceNamespace": "dynamodb", "ResourceId": format!("table/{table}"),
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    });
    let mut policy = target.clone();
    target["MinCapacity"] = json!(1);
    target["MaxCapacity"] = json!(10);
    aws.json(
        "application-autoscaling",
        "AnyScaleFrontendService.RegisterScalableTarget",
        target,
    )
    .await?;
    policy["PolicyName"] = json!("reads");
    policy["PolicyType"] = json!("TargetTrackingScaling");
    policy["TargetTrackingScalingPolicyConfiguration"] = json!({
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": { "PredefinedMetricType": "DynamoDBReadCapacityUtilization" },
    });
    aws.json(
        "application-autoscaling",
        "AnyScaleFrontendService.PutScalingPolicy",
        policy,
    )
    .await
    .map(drop)
}

/// Puts items `item-1` to `item-<count>`.
pub async fn put_items(aws: &Aws, table: &str, count: u32) -> Result<()> {
    let put = |n: u32| {
        let item = json!({ "id": { "S": format!("item-{n}") }, "value": { "N": n.to_string() }, "flag": { "BOOL": n.is_multiple_of(2) } });
        json!({ "PutRequest": { "Item": item } })
    };
    write_items(aws, table, (1..=count).map(put).collect()).await
}

/// Deletes items by their ids.
pub async fn delete_items(aws: &Aws, table: &str, ids: impl Iterator<Item = &String>) -> Result<()> {
    let delete = |id: &String| json!({ "DeleteRequest": { "Key": { "id": { "S": id } } } });
    write_items(aws, table, ids.map(delete).collect()).await
}

/// As many per call as DynamoDB accepts.
async fn write_items(aws: &Aws, table: &str, requests: Vec<Value>) -> Result<()> {
    for batch in requests.chunks(25) {
        let batch = json!({ "RequestItems": { table: batch } });
        aws.json("dynamodb", "DynamoDB_20120810.BatchWriteItem", batch).await?;
    }
    Ok(())
}

fn write_files(directory: &Path, sizes: &Sizes) -> Result<()> {
    for n in 0..sizes.files {
        let folder = directory.join("storage").join(format!("{:02}", n % 16));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(
            folder.join(format!("file {n} ä.bin")),
            bytes(n, 100 + (n as usize * 37) % 5000),
        )?;
    }
    std::fs::write(directory.join("large.bin"), bytes(9, sizes.large_file_bytes))?;
    Ok(())
}

/// `length` incompressible bytes, different for each seed.
fn bytes(seed: u32, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}
