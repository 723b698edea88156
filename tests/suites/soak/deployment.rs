//! A deployment in the lab with an application that uses it, and what operators and the application do to it by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::application::{Application, Finds, ROOT_DIRECTORY};
use holdfast_tests::aws::{Aws, element, elements, refusal, text};
use holdfast_tests::dataset::{Dataset, Sizes, await_cluster, connect};
use holdfast_tests::inbox::Inbox;
use holdfast_tests::readback::each_file;
use holdfast_tests::records::Records;
use holdfast_tests::soak::model::{Content, DescribedResource, Need, Place};
use holdfast_tests::wait::until;
use serde_json::{Value, json};

use super::names::{Names, kind_of};
use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(60);

/// The deployment of one sequence.
pub struct Deployment<'a> {
    pub stage: &'a Stage,
    pub dataset: Dataset,
    pub application: Application,
    pub records: Records,
    pub inbox: Inbox,
    pub names: Names,
    /// Passwords of the database's administrator, by number.
    pub passwords: BTreeMap<usize, String>,
    /// The parameter that names the table of the notes.
    notes: String,
}

impl<'a> Deployment<'a> {
    /// Creates the deployment with these contents.
    pub async fn create(stage: &'a Stage, name: &str, contents: &BTreeMap<Need, Content>) -> Result<Self> {
        let sizes = Sizes {
            users: 1,
            files: 1,
            large_file_bytes: 256,
            items: vec![0, 0],
            accounts: None,
        };
        let dataset = Dataset::create(&stage.lab, name, &sizes).await?;
        deploy_efs_access(&stage.lab, &dataset.file_system).await?;
        let application = Application::create(&stage.lab, &dataset, Finds::Secret).await?;
        let notes = format!("{}/notes-table", dataset.parameter_path);
        let named = json!({ "Name": notes, "Type": "String", "Value": dataset.tables[1] });
        stage.aws.json("ssm", "AmazonSSM.PutParameter", named).await?;
        let mut names = Names::default();
        names.put(Place::First(Need::Rows), &dataset.cluster);
        names.put(Place::First(Need::Items), &dataset.tables[0]);
        names.put(Place::First(Need::Notes), &dataset.tables[1]);
        names.put(Place::First(Need::Files), ROOT_DIRECTORY.trim_start_matches('/'));
        let deployment = Self {
            stage,
            records: Records::of(&stage.aws, &stage.stack)?,
            inbox: stage.stack.inbox(&stage.aws, &format!("inbox-{name}")).await?,
            passwords: BTreeMap::from([(0, dataset.password.clone())]),
            dataset,
            application,
            names,
            notes,
        };
        let mounted = deployment.mounted().await?;
        for (need, content) in contents {
            let there = deployment.content(Place::First(*need), None, &mounted).await?;
            deployment.write(Place::First(*need), &there, content).await?;
        }
        Ok(deployment)
    }

    fn aws(&self) -> &Aws {
        &self.stage.aws
    }

    fn name(&self, place: Place) -> Result<&str> {
        self.names.of(place).with_context(|| format!("{place} has no name"))
    }

    /// The descriptor with these resources.
    pub fn descriptor(&self, described: &BTreeMap<Need, DescribedResource>) -> Result<Value> {
        let mut resources = json!({
            "login": { "kind": "secret", "secret": self.dataset.secret },
            "settings": { "kind": "parameters", "path": self.dataset.parameter_path },
        });
        let (mut probes, mut switches) = (json!({}), Vec::new());
        for (need, DescribedResource { name, place }) in described {
            let target = match need {
                Need::Files => self.dataset.file_system.as_str(),
                _ => self.name(*place)?,
            };
            let field = match need {
                Need::Rows => "cluster",
                Need::Items | Need::Notes => "table",
                Need::Files => "file_system",
            };
            resources[name] = json!({ "kind": kind_of(*need), field: target });
            match need {
                Need::Rows => {
                    probes["users"] = json!({
                        "resource": name, "sql": "select count(*) from users", "secret": self.dataset.secret,
                        "database": "polycosm",
                    });
                }
                Need::Items | Need::Notes => probes[need.to_string()] = json!({ "resource": name }),
                Need::Files => {}
            }
            let switch = format!("{need}-switch");
            switches.push(match need {
                Need::Rows => json!({
                    "name": switch, "kind": "secret", "resource": name, "secret": self.dataset.secret,
                    "values": { "host": "host", "port": "port" },
                }),
                Need::Items | Need::Notes => json!({
                    "name": switch, "kind": "parameter", "resource": name, "parameter": self.parameter(*need),
                }),
                Need::Files => json!({
                    "name": switch, "kind": "ecs_service", "resource": name, "cluster": self.application.name,
                    "service": self.application.name,
                }),
            });
        }
        Ok(json!({
            "deployment": self.dataset.name, "resources": resources, "probes": probes, "cut_over": switches,
            "keep": { "last": 30 },
        }))
    }

    /// Deletes its clusters and their snapshots, without waiting: two hundred deployments do not fit into a machine's
    /// memory.
    pub async fn close(self) -> Result<()> {
        let aws = self.aws();
        for cluster in &self.there().await?["aurora"] {
            let of_it = [("DBClusterIdentifier", cluster.as_str())];
            let manual = [of_it[0], ("SnapshotType", "manual")];
            for snapshot in elements(
                &aws.rds("DescribeDBClusterSnapshots", &manual).await?,
                "DBClusterSnapshotIdentifier",
            )? {
                let named = [("DBClusterSnapshotIdentifier", snapshot.as_str())];
                aws.rds("DeleteDBClusterSnapshot", &named).await?;
            }
            for instance in elements(&aws.rds("DescribeDBClusters", &of_it).await?, "DBInstanceIdentifier")? {
                aws.rds("DeleteDBInstance", &[("DBInstanceIdentifier", &instance)])
                    .await?;
            }
            if element(&aws.rds("DescribeDBClusters", &of_it).await?, "DeletionProtection")? == "true" {
                let unprotected = [of_it[0], ("DeletionProtection", "false")];
                aws.rds("ModifyDBCluster", &unprotected).await?;
            }
            until(&format!("cluster {cluster} can be deleted"), PATIENCE, || async {
                let delete = [of_it[0], ("SkipFinalSnapshot", "true")];
                let refused = refusal(aws.rds("DeleteDBCluster", &delete).await)?;
                Ok(refused.is_none().then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    fn parameter(&self, need: Need) -> &str {
        match need {
            Need::Notes => &self.notes,
            _ => &self.application.parameter,
        }
    }

    /// Where the lab keeps the file system's files.
    pub fn root(&self) -> &Path {
        self.dataset.directory()
    }

    /// The value of a need's parameter.
    pub async fn parameter_value(&self, need: Need) -> Result<String> {
        let request = json!({ "Name": self.parameter(need), "WithDecryption": true });
        let read = self.aws().json("ssm", "AmazonSSM.GetParameter", request).await?;
        Ok(text(&read, "/Parameter/Value")?.to_owned())
    }

    /// The directory with the application's files in a place, below the root: the one that the service mounts, or, in a copy
    /// that is not mounted, the one that contains `expected`.
    pub fn directory(&self, place: Place, expected: Option<&Content>, mounted: &str) -> Result<PathBuf> {
        let name = self.name(place)?.to_owned();
        let is_it = mounted == name || mounted.starts_with(&format!("{name}/"));
        if is_it {
            return Ok(self.root().join(mounted));
        }
        let top = self.root().join(&name);
        if matches!(place, Place::First(_)) {
            return Ok(top);
        }
        let mut open = vec![top.clone()];
        while let Some(directory) = open.pop() {
            if Some(&files(&directory)?) == expected {
                return Ok(directory);
            }
            for entry in std::fs::read_dir(&directory)? {
                let path = entry?.path();
                if path.is_dir() {
                    open.push(path);
                }
            }
        }
        Ok(top.join(ROOT_DIRECTORY.trim_start_matches('/')))
    }

    /// The directory that the service mounts, below the root.
    pub async fn mounted(&self) -> Result<String> {
        let (_, mounted) = self.application.mounted().await?;
        Ok(mounted.trim_start_matches('/').to_owned())
    }

    /// The data in a place, if the service mounts this directory.
    pub async fn content(&self, place: Place, expected: Option<&Content>, mounted: &str) -> Result<Content> {
        match place.need() {
            Need::Rows => self.rows(self.name(place)?).await,
            Need::Items | Need::Notes => self.items(self.name(place)?).await,
            Need::Files => files(&self.directory(place, expected, mounted)?),
        }
    }

    async fn rows(&self, cluster: &str) -> Result<Content> {
        let (client, _) = self.connected(cluster).await?;
        let rows = client.query("select id::text, name from users", &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// A connection with the first password that works, the newest first, and the password's number.
    async fn connected(&self, cluster: &str) -> Result<(tokio_postgres::Client, usize)> {
        let mut last = None;
        for (number, password) in self.passwords.iter().rev() {
            match connect(self.aws(), cluster, password).await {
                Ok(client) => return Ok((client, *number)),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no passwords")?)
    }

    async fn items(&self, table: &str) -> Result<Content> {
        let items = holdfast_tests::readback::items(self.aws(), table).await?;
        let value = |item: &Value| item["value"]["S"].as_str().unwrap_or_default().to_owned();
        Ok(items.iter().map(|(id, item)| (id.clone(), value(item))).collect())
    }

    /// Changes the data in a place from `before` to `after`.
    pub async fn write(&self, place: Place, before: &Content, after: &Content) -> Result<()> {
        let gone: Vec<&String> = before.keys().filter(|key| !after.contains_key(*key)).collect();
        let put: Vec<(&String, &String)> = after
            .iter()
            .filter(|(key, value)| before.get(*key) != Some(value))
            .collect();
        match place.need() {
            Need::Rows => {
                let mut sql = "delete from hubs;".to_owned();
                for key in gone {
                    sql += &format!("delete from users where id = {key};");
                }
                for (key, value) in put {
                    sql += &format!(
                        "insert into users values ({key}, '{value}') on conflict (id) do update set name = excluded.name;"
                    );
                }
                let (client, _) = self.connected(self.name(place)?).await?;
                client.batch_execute(&sql).await?;
            }
            Need::Items | Need::Notes => {
                let table = self.name(place)?;
                for key in gone {
                    let request = json!({ "TableName": table, "Key": { "id": { "S": key } } });
                    self.aws()
                        .json("dynamodb", "DynamoDB_20120810.DeleteItem", request)
                        .await?;
                }
                for (key, value) in put {
                    let item = json!({ "id": { "S": key }, "value": { "S": value } });
                    let request = json!({ "TableName": table, "Item": item });
                    self.aws()
                        .json("dynamodb", "DynamoDB_20120810.PutItem", request)
                        .await?;
                }
            }
            Need::Files => {
                let directory = self.directory(place, Some(before), &self.mounted().await?)?;
                for key in gone {
                    std::fs::remove_file(directory.join(key))?;
                }
                for (key, value) in put {
                    let file = directory.join(key);
                    std::fs::create_dir_all(file.parent().context("no folder")?)?;
                    std::fs::write(file, value)?;
                }
            }
        }
        Ok(())
    }

    /// Changes the database's password, and then the secret's.
    pub async fn rotate(&mut self, cluster: Place, number: usize) -> Result<()> {
        let password = format!("pw-{}-rotated-{number}-Vv7Qx", self.dataset.name);
        let name = self.name(cluster)?.to_owned();
        let change = [
            ("DBClusterIdentifier", name.as_str()),
            ("MasterUserPassword", password.as_str()),
            ("ApplyImmediately", "true"),
        ];
        self.aws().rds("ModifyDBCluster", &change).await?;
        await_cluster(self.aws(), &name).await?;
        let mut value = self.application.secret_value().await?;
        value["password"] = json!(password);
        self.passwords.insert(number, password);
        self.put_secret(&value).await?;
        until("the new password is taken", PATIENCE, || async {
            Ok(self
                .connected(&name)
                .await
                .is_ok_and(|(_, found)| found == number)
                .then_some(()))
        })
        .await
    }

    async fn put_secret(&self, value: &Value) -> Result<()> {
        let request = json!({ "SecretId": self.dataset.secret, "SecretString": value.to_string() });
        self.aws()
            .json("secretsmanager", "secretsmanager.PutSecretValue", request)
            .await
            .map(drop)
    }

    async fn put_parameter(&self, need: Need, value: &str) -> Result<()> {
        let request = json!({ "Name": self.parameter(need), "Value": value, "Overwrite": true });
        self.aws()
            .json("ssm", "AmazonSSM.PutParameter", request)
            .await
            .map(drop)
    }

    /// Writes a need's reference again, unchanged.
    pub async fn touch(&self, need: Need) -> Result<()> {
        match need {
            Need::Rows => self.put_secret(&self.application.secret_value().await?).await,
            Need::Items | Need::Notes => self.put_parameter(need, &self.parameter_value(need).await?).await,
            Need::Files => {
                let service = self.application.service().await?;
                self.update_service(text(&service, "/taskDefinition")?).await
            }
        }
    }

    /// Switches the application to another place, as an operator does. Returns the number of a cluster's password.
    pub async fn lead(&self, place: Place, expected: Option<&Content>) -> Result<Option<usize>> {
        match place.need() {
            Need::Rows => {
                let cluster = self.name(place)?;
                let (_, number) = self.connected(cluster).await?;
                let asked = [("DBClusterIdentifier", cluster)];
                let xml = self.aws().rds("DescribeDBClusters", &asked).await?;
                let mut value = self.application.secret_value().await?;
                value["host"] = json!(element(&xml, "Endpoint")?);
                value["port"] = json!(element(&xml, "Port")?.parse::<u16>()?);
                value["password"] = json!(self.passwords[&number]);
                self.put_secret(&value).await?;
                Ok(Some(number))
            }
            need @ (Need::Items | Need::Notes) => {
                self.put_parameter(need, self.name(place)?).await?;
                Ok(None)
            }
            Need::Files => {
                let directory = self.directory(place, expected, &self.mounted().await?)?;
                let below = directory.strip_prefix(self.root())?;
                self.mount(&format!("/{}", below.to_string_lossy())).await?;
                Ok(None)
            }
        }
    }

    /// A new revision of the service's task definition that mounts another directory.
    async fn mount(&self, directory: &str) -> Result<()> {
        let mounting = |revision: &mut Value| {
            revision["volumes"][0]["efsVolumeConfiguration"]["rootDirectory"] = json!(directory);
        };
        self.update_service(&self.application.revise(mounting).await?).await
    }

    async fn update_service(&self, definition: &str) -> Result<()> {
        self.application.deploy(definition).await?;
        until("the service is stable", PATIENCE, || async {
            let service = self.application.service().await?;
            let deployments = service["deployments"].as_array().map_or(0, Vec::len);
            let stable = deployments == 1 && service["deployments"][0]["rolloutState"] == "COMPLETED";
            Ok(stable.then_some(()))
        })
        .await
    }

    /// Whether the secret's login works.
    pub async fn log_in(&self) -> Result<()> {
        let value = self.application.secret_value().await?;
        let port = value["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        let mut config = tokio_postgres::Config::new();
        config
            .host(text(&value, "/host")?)
            .port(port.context("no port")?)
            .user(text(&value, "/username")?)
            .password(text(&value, "/password")?)
            .dbname("polycosm")
            .connect_timeout(Duration::from_secs(10));
        let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let rows = client.query("select count(*) from users", &[]).await?;
        ensure!(rows.len() == 1, "no count");
        Ok(())
    }
}

/// Every file below a directory, with its text.
pub fn files(directory: &Path) -> Result<Content> {
    each_file(directory, |bytes| {
        String::from_utf8(bytes).unwrap_or_else(|error| format!("{} bytes", error.as_bytes().len()))
    })
}
