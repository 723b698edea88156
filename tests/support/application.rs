//! An application that uses a deployment's resources, and so has to be switched when they are restored: its secret contains the
//! cluster's host, as does a DNS record and a file of an instance; a parameter and a function's variable name a table, and an ECS service
//! mounts the file system, and reads the secret when its tasks start, as do the instances of an Auto Scaling group when they start.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

use crate::aws::{Aws, element, text};
use crate::clusters::USER;
use crate::dataset::Dataset;
use crate::dns::Record;
use crate::groups;
use crate::instances;
use crate::lab::Lab;
use crate::wait::until;

/// How the application finds the cluster after a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finds {
    /// By the host in its secret.
    Secret,
    /// By a host name that does not change: the copy gets the cluster's name and endpoint.
    Name,
}

/// The application of one deployment.
pub struct Application {
    /// ECS cluster, and service in it; Auto Scaling group.
    pub name: String,
    pub secret: String,
    /// Parameter that names the table.
    pub parameter: String,
    /// The table that it names at first.
    pub table: String,
    /// Leads to the cluster.
    pub record: Record,
    /// The directory of an instance that has the cluster's host in a file.
    instance: PathBuf,
    finds: Finds,
    aws: Aws,
}

/// The function's variable that names the table.
pub const VARIABLE: &str = "ROOMS_TABLE";

/// The function's code: a zip file with an empty shell script, as base64.
const CODE: &str = "UEsDBBQAAAAAAAAAIQAdnfsECgAAAAoAAAAJAAAAYm9vdHN0cmFwIyEvYmluL3NoClBLAQIUAxQAAAAAAAAAIQAdnfsECgAAAAoAAAAJAAAAAAAAAAAAAACAAQAAAABib290c3RyYXBQSwUGAAAAAAEAAQA3AAAAMQAAAAAA";

/// What the instance does with the host.
const CONFIGURE: &str = "printf %s \"$DATABASE_HOST\" > host";

/// Where the service's task definition mounts the file system at first.
pub const ROOT_DIRECTORY: &str = "/storage";

/// The fields of a task definition with which its next revision is registered.
const REGISTERED: [&str; 9] = [
    "family",
    "networkMode",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "taskRoleArn",
    "executionRoleArn",
    "containerDefinitions",
    "volumes",
];

impl Application {
    /// Creates it for the deployment's resources, and waits until its service is stable.
    pub async fn create(lab: &Lab, dataset: &Dataset, finds: Finds) -> Result<Self> {
        let (name, aws) = (format!("{}-app", dataset.name), lab.aws()?);
        let described = aws
            .rds("DescribeDBClusters", &[("DBClusterIdentifier", &dataset.cluster)])
            .await?;
        let application = Self {
            record: Record::create(&aws, &dataset.name, &element(&described, "Endpoint")?).await?,
            instance: instances::create(lab, &name)?,
            name,
            secret: dataset.secret.clone(),
            parameter: format!("{}/table", dataset.parameter_path),
            table: dataset.tables[0].clone(),
            finds,
            aws,
        };
        application.lead_secret(dataset).await?;
        let named = json!({ "Name": application.parameter, "Type": "String", "Value": application.table });
        application.aws.json("ssm", "AmazonSSM.PutParameter", named).await?;
        let role = application.role().await?;
        application.create_service(&dataset.file_system, &role).await?;
        application.create_function(&role).await?;
        groups::create(&application.aws, &application.name).await?;
        Ok(application)
    }

    /// The switches for the deployment's descriptor.
    pub fn cut_over(&self) -> Value {
        let rename = json!({ "name": "cluster-name", "kind": "rename", "resource": "database" });
        let others = [
            json!({
                "name": "database-secret", "kind": "secret", "resource": "database", "secret": self.secret,
                "values": { "host": "host", "port": "port" },
            }),
            json!({
                "name": "rooms-table", "kind": "parameter", "resource": "tables", "table": self.table,
                "parameter": self.parameter,
            }),
            json!({
                "name": "api", "kind": "lambda_environment", "resource": "tables", "table": self.table,
                "function": self.name, "variable": VARIABLE,
            }),
            json!({
                "name": "web", "kind": "ecs_service", "resource": "storage", "cluster": self.name, "service": self.name,
            }),
            json!({
                "name": "web-restart", "kind": "ecs_restart", "resource": "database", "cluster": self.name,
                "service": self.name,
            }),
            json!({
                "name": "database-record", "kind": "route53_record", "resource": "database",
                "hosted_zone": self.record.zone, "record": self.record.name,
            }),
            json!({
                "name": "instance", "kind": "ssm_command", "resource": "database", "tags": { "role": self.name },
                "commands": [CONFIGURE, "test -s host"], "undo": [CONFIGURE], "values": { "DATABASE_HOST": "host" },
            }),
            json!({ "name": "instances", "kind": "instance_refresh", "resource": "database", "group": self.name }),
        ];
        let first = (self.finds == Finds::Name).then_some(rename);
        first.into_iter().chain(others).collect()
    }

    /// The deployment's descriptor with the switches.
    pub fn descriptor(&self, dataset: &Dataset) -> Value {
        let mut descriptor = dataset.descriptor();
        descriptor["cut_over"] = self.cut_over();
        if dataset.ledger.is_some() {
            let rename = json!({ "name": "ledger-name", "kind": "rename", "resource": "ledger" });
            descriptor["cut_over"]
                .as_array_mut()
                .into_iter()
                .for_each(|switches| switches.push(rename.clone()));
        }
        descriptor
    }

    /// Host and port in the secret.
    pub async fn endpoint(&self) -> Result<(String, u16)> {
        let value = self.secret_value().await?;
        let port = value["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        Ok((
            text(&value, "/host")?.to_owned(),
            port.context("no port in the secret")?,
        ))
    }

    /// The host that the instance was configured with; `None` before the first time.
    pub fn configured(&self) -> Option<String> {
        std::fs::read_to_string(self.instance.join("host")).ok()
    }

    /// The ids of the instances of its Auto Scaling group.
    pub async fn instances(&self) -> Result<BTreeSet<String>> {
        groups::instances(&self.aws, &self.name).await
    }

    /// The ids of the refreshes of its Auto Scaling group, the newest first.
    pub async fn refreshes(&self) -> Result<Vec<String>> {
        groups::refreshes(&self.aws, &self.name).await
    }

    /// The whole value of the secret.
    pub async fn secret_value(&self) -> Result<Value> {
        let request = json!({ "SecretId": self.secret });
        let read = self
            .aws
            .json("secretsmanager", "secretsmanager.GetSecretValue", request)
            .await?;
        Ok(serde_json::from_str(text(&read, "/SecretString")?)?)
    }

    /// The table that the parameter names now.
    pub async fn named_table(&self) -> Result<String> {
        let request = json!({ "Name": self.parameter, "WithDecryption": true });
        let read = self.aws.json("ssm", "AmazonSSM.GetParameter", request).await?;
        Ok(text(&read, "/Parameter/Value")?.to_owned())
    }

    /// The service, as ECS describes it.
    pub async fn service(&self) -> Result<Value> {
        let request = json!({ "cluster": self.name, "services": [self.name] });
        let mut found = self.ecs("DescribeServices", request).await?;
        Ok(found["services"][0].take())
    }

    /// Id of the deployment whose tasks run now.
    pub async fn deployment(&self) -> Result<String> {
        let service = self.service().await?;
        Ok(text(&service, "/deployments/0/id")?.to_owned())
    }

    /// The variables of the function now.
    pub async fn variables(&self) -> Result<Value> {
        let path = format!("/2015-03-31/functions/{}/configuration", self.name);
        let mut found = self.aws.rest("lambda", Method::GET, &path, None).await?;
        Ok(found["Environment"]["Variables"].take())
    }

    /// File system and directory that the service's task definition mounts now.
    pub async fn mounted(&self) -> Result<(String, String)> {
        let service = self.service().await?;
        let request = json!({ "taskDefinition": service["taskDefinition"] });
        let described = self.ecs("DescribeTaskDefinition", request).await?;
        let mount = &described["taskDefinition"]["volumes"][0]["efsVolumeConfiguration"];
        let (system, root) = (text(mount, "/fileSystemId")?, text(mount, "/rootDirectory")?);
        Ok((system.to_owned(), root.to_owned()))
    }

    /// Registers a changed revision of the service's task definition; returns its ARN.
    pub async fn revise(&self, change: impl FnOnce(&mut Value)) -> Result<String> {
        let service = self.service().await?;
        let request = json!({ "taskDefinition": service["taskDefinition"] });
        let mut known = self.ecs("DescribeTaskDefinition", request).await?["taskDefinition"].take();
        let mut revision = json!({});
        for member in REGISTERED {
            revision[member] = known[member].take();
        }
        change(&mut revision);
        let registered = self.ecs("RegisterTaskDefinition", revision).await?;
        Ok(text(&registered, "/taskDefinition/taskDefinitionArn")?.to_owned())
    }

    /// Updates the service to a revision.
    pub async fn deploy(&self, revision: &str) -> Result<()> {
        let request = json!({
            "cluster": self.name, "service": self.name, "taskDefinition": revision, "forceNewDeployment": true,
        });
        self.ecs("UpdateService", request).await.map(drop)
    }

    /// Gives the secret the host and the port of the cluster as it is.
    async fn lead_secret(&self, dataset: &Dataset) -> Result<()> {
        let asked = [("DBClusterIdentifier", dataset.cluster.as_str())];
        let xml = self.aws.rds("DescribeDBClusters", &asked).await?;
        let port: u16 = element(&xml, "Port")?.parse()?;
        let value = json!({
            "username": USER, "password": dataset.password, "host": element(&xml, "Endpoint")?, "port": port,
        });
        let request = json!({ "SecretId": self.secret, "SecretString": value.to_string() });
        self.aws
            .json("secretsmanager", "secretsmanager.PutSecretValue", request)
            .await
            .map(drop)
    }

    async fn create_service(&self, file_system: &str, role: &str) -> Result<()> {
        self.ecs("CreateCluster", json!({ "clusterName": self.name })).await?;
        let registered = self
            .ecs(
                "RegisterTaskDefinition",
                json!({
                    "family": self.name, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
                    "cpu": "256", "memory": "512", "taskRoleArn": role, "executionRoleArn": role,
                    "containerDefinitions": [{
                        "name": "web", "image": "public.ecr.aws/docker/library/nginx:1.29", "essential": true,
                        "environment": [{ "name": "STORAGE", "value": "/storage" }],
                        "mountPoints": [{ "sourceVolume": "storage", "containerPath": "/storage", "readOnly": false }],
                    }],
                    "volumes": [{ "name": "storage", "efsVolumeConfiguration": {
                        "fileSystemId": file_system, "rootDirectory": ROOT_DIRECTORY, "transitEncryption": "ENABLED",
                    } }],
                    "tags": [{ "key": "team", "value": "hubs" }],
                }),
            )
            .await?;
        let definition = text(&registered, "/taskDefinition/taskDefinitionArn")?;
        let request = json!({
            "cluster": self.name, "serviceName": self.name, "taskDefinition": definition, "desiredCount": 2,
            "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": true } },
        });
        self.ecs("CreateService", request).await?;
        until(
            &format!("service {} is stable", self.name),
            Duration::from_secs(60),
            || async {
                let service = self.service().await?;
                Ok((service["deployments"][0]["rolloutState"] == "COMPLETED").then_some(()))
            },
        )
        .await
    }

    /// The function, which nothing invokes: it only has variables.
    async fn create_function(&self, role: &str) -> Result<()> {
        let request = json!({
            "FunctionName": self.name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Role": role,
            "Code": { "ZipFile": CODE }, "Environment": { "Variables": { VARIABLE: self.table, "LOG_LEVEL": "info" } },
        });
        let functions = "/2015-03-31/functions";
        self.aws
            .rest("lambda", Method::POST, functions, Some(request))
            .await
            .map(drop)
    }

    /// The role of the service's tasks, which registering a revision passes.
    async fn role(&self) -> Result<String> {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "ecs-tasks.amazonaws.com" },
            }],
        });
        let parameters = [
            ("RoleName", self.name.as_str()),
            ("AssumeRolePolicyDocument", &trust.to_string()),
        ];
        let xml = self.aws.query("iam", "2010-05-08", "CreateRole", &parameters).await?;
        element(&xml, "Arn")
    }

    async fn ecs(&self, action: &str, request: Value) -> Result<Value> {
        let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
        self.aws.json("ecs", &target, request).await
    }
}
