//! What feeds and serves an application: EventBridge rules, an ECS service that is scaled by itself, an instance, a state machine, a
//! server, and a stack with a mode. Hooks bring it to rest; a test reads whether it is, and whether it is again as it was.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::aws::{Aws, element, text};
use crate::chat::{Chat, TOKEN};
use crate::instances;
use crate::lab::Lab;
use crate::wait::until;

/// The surroundings of one deployment.
pub struct Surroundings {
    /// ECS cluster, service in it, and role of the instance.
    pub name: String,
    aws: Aws,
    /// The instance's directory.
    node: PathBuf,
    pub chat: Chat,
}

/// Tasks of the service.
const TASKS: i64 = 2;

/// A state machine that hooks may execute, of one state; returns its ARN.
pub async fn create_machine(aws: &Aws, name: &str, state: Value) -> Result<String> {
    create_machine_of(aws, name, json!({ "StartAt": "Work", "States": { "Work": state } })).await
}

/// The same, of any definition.
pub async fn create_machine_of(aws: &Aws, name: &str, definition: Value) -> Result<String> {
    let request = json!({
        "name": format!("holdfast-hook-{name}"), "definition": definition.to_string(),
        "roleArn": "arn:aws:iam::000000000000:role/hook", "type": "STANDARD",
    });
    let created = aws
        .json("states", "AWSStepFunctions.CreateStateMachine", request)
        .await?;
    Ok(text(&created, "/stateMachineArn")?.to_owned())
}

impl Surroundings {
    /// Creates them, and waits until the service is stable.
    pub async fn create(lab: &Lab, name: &str) -> Result<Self> {
        let surroundings = Self {
            name: name.to_owned(),
            aws: lab.aws()?,
            node: instances::create(lab, name)?,
            chat: Chat::start().await?,
        };
        for (rule, state) in [("ingest", "ENABLED"), ("unused", "DISABLED")] {
            let request =
                json!({ "Name": format!("{name}-{rule}"), "ScheduleExpression": "rate(1 day)", "State": state });
            surroundings.aws.json("events", "AWSEvents.PutRule", request).await?;
        }
        surroundings.create_secret().await?;
        surroundings.create_stack().await?;
        let wait = json!({ "Type": "Wait", "Seconds": 1, "End": true });
        create_machine(&surroundings.aws, name, wait).await?;
        surroundings.create_service().await?;
        Ok(surroundings)
    }

    /// Hooks that bring all of it to rest, each kind once.
    pub fn hooks(&self) -> Value {
        let name = &self.name;
        json!([
            {
                "name": "ingest", "kind": "event_source", "rules": [format!("{name}-ingest"), format!("{name}-unused")],
            },
            {
                "name": "maintenance", "kind": "ssm_command", "tags": {"role": name},
                "commands": ["set -e", "test ! -e broken", "echo on >> maintenance"],
                "undo": ["set -e", "echo off >> maintenance", "tail -n 1 maintenance | grep -qx off"],
            },
            { "name": "web", "kind": "ecs_scale", "cluster": name, "service": name },
            {
                "name": "sessions", "kind": "step_function",
                "state_machine": format!("arn:aws:states:us-east-1:000000000000:stateMachine:holdfast-hook-{name}"),
            },
            self.chat_hook(),
        ])
    }

    /// The server's maintenance.
    pub fn chat_hook(&self) -> Value {
        let url = self.chat.url("maintenance");
        let poll = |enabled: bool| json!({ "url": url, "success": { "pointer": "/enabled", "equals": [enabled] } });
        json!({
            "name": "chat", "kind": "http", "method": "PUT", "url": url, "headers": self.authorization(),
            "body": { "enabled": true }, "poll": poll(true),
            "undo": { "method": "PUT", "url": url, "body": { "enabled": false }, "poll": poll(false) },
        })
    }

    /// The building of the server's index.
    pub fn index_hook(&self) -> Value {
        let success = json!({ "pointer": "/status", "equals": ["SUCCEEDED"] });
        json!({
            "name": "search", "kind": "http", "url": self.chat.url("index"), "headers": self.authorization(),
            "expected_status": [202], "poll": { "url": self.chat.url("tasks/${response:/task}"), "success": success },
        })
    }

    fn authorization(&self) -> Value {
        json!({ "Authorization": format!("Bearer ${{secret:hooks/{}:token}}", self.name) })
    }

    /// The same, and the stack's mode, whose change takes longer.
    pub fn hooks_with_stack(&self) -> Value {
        let mut hooks = self.hooks();
        let all = hooks.as_array_mut().into_iter();
        all.for_each(|hooks| hooks.push(self.hook_of_stack()));
        hooks
    }

    /// The hook that changes the stack's mode.
    pub fn hook_of_stack(&self) -> Value {
        json!({
            "name": "mode", "kind": "stack_parameter", "stack": self.stack(), "parameter": "Mode", "value": "offline",
        })
    }

    fn stack(&self) -> String {
        format!("hooks-{}", self.name)
    }

    /// Makes the instance refuse maintenance.
    pub fn break_instance(&self) -> Result<()> {
        Ok(std::fs::write(self.node.join("broken"), "")?)
    }

    /// The maintenance of the instance, in order: `on` and `off`.
    pub fn maintenance(&self) -> Vec<String> {
        let told = std::fs::read_to_string(self.node.join("maintenance")).unwrap_or_default();
        told.lines().map(str::to_owned).collect()
    }

    /// Checks that all of it is as it was created.
    pub async fn ensure_back(&self) -> Result<()> {
        let name = &self.name;
        let states = [self.rule("ingest").await?, self.rule("unused").await?];
        ensure!(states == ["ENABLED", "DISABLED"], "the rules of {name} are {states:?}");
        let service = self.service().await?;
        let counts = [&service["desiredCount"], &service["runningCount"]];
        ensure!(counts == [&json!(TASKS); 2], "the service {name} has {counts:?}");
        let suspended = self.suspended().await?;
        ensure!(
            suspended.is_empty(),
            "the auto scaling of {name} is suspended: {suspended:?}"
        );
        let mode = self.mode().await?;
        ensure!(mode == "online", "the mode of {name} is {mode}");
        let told = self.maintenance();
        let last = told.last().map_or("off", String::as_str);
        ensure!(last == "off", "the instance of {name} is in maintenance: {told:?}");
        ensure!(!self.chat.is_in_maintenance(), "the server of {name} is in maintenance");
        Ok(())
    }

    /// Whether all of it is at rest.
    pub async fn is_at_rest(&self) -> Result<bool> {
        let service = self.service().await?;
        Ok(self.rule("ingest").await? == "DISABLED"
            && self.mode().await? == "offline"
            && service["runningCount"] == 0
            && self.chat.is_in_maintenance()
            && self.maintenance().last().is_some_and(|told| told == "on"))
    }

    /// What the stack last wrote into its parameter.
    async fn mode(&self) -> Result<String> {
        let request = json!({ "Name": format!("/{}/mode", self.name) });
        let found = self.aws.json("ssm", "AmazonSSM.GetParameter", request).await?;
        Ok(text(&found, "/Parameter/Value")?.to_owned())
    }

    async fn create_stack(&self) -> Result<()> {
        let template = json!({
            "Parameters": { "Mode": { "Type": "String", "Default": "online" } },
            "Resources": { "Shown": { "Type": "AWS::SSM::Parameter", "Properties": {
                "Name": format!("/{}/mode", self.name), "Type": "String", "Value": { "Ref": "Mode" },
            } } },
        });
        let (stack, template) = (self.stack(), template.to_string());
        let parameters = [
            ("StackName", stack.as_str()),
            ("TemplateBody", template.as_str()),
            ("RoleARN", "arn:aws:iam::000000000000:role/deploys"),
        ];
        self.aws
            .query("cloudformation", "2010-05-15", "CreateStack", &parameters)
            .await?;
        until("the stack is created", Duration::from_secs(60), || async {
            let named = [("StackName", stack.as_str())];
            let xml = self
                .aws
                .query("cloudformation", "2010-05-15", "DescribeStacks", &named)
                .await?;
            Ok((element(&xml, "StackStatus")? == "CREATE_COMPLETE").then_some(()))
        })
        .await
    }

    async fn rule(&self, rule: &str) -> Result<String> {
        let request = json!({ "Name": format!("{}-{rule}", self.name) });
        let found = self.aws.json("events", "AWSEvents.DescribeRule", request).await?;
        Ok(text(&found, "/State")?.to_owned())
    }

    async fn service(&self) -> Result<Value> {
        let request = json!({ "cluster": self.name, "services": [self.name] });
        let mut found = self.ecs("DescribeServices", request).await?;
        Ok(found["services"][0].take())
    }

    /// What of its auto scaling is suspended.
    async fn suspended(&self) -> Result<Vec<String>> {
        let request = json!({ "ServiceNamespace": "ecs", "ResourceIds": [format!("service/{0}/{0}", self.name)] });
        let target = "AnyScaleFrontendService.DescribeScalableTargets";
        let found = self.aws.json("application-autoscaling", target, request).await?;
        let state = found["ScalableTargets"][0]["SuspendedState"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let suspended = state.into_iter().filter(|(_, value)| value == true);
        Ok(suspended.map(|(member, _)| member).collect())
    }

    async fn create_secret(&self) -> Result<()> {
        let value = json!({ "token": TOKEN }).to_string();
        let request = json!({ "Name": format!("hooks/{}", self.name), "SecretString": value });
        let created = self.aws.json("secretsmanager", "secretsmanager.CreateSecret", request);
        created.await.map(drop)
    }

    async fn create_service(&self) -> Result<()> {
        let name = &self.name;
        self.ecs("CreateCluster", json!({ "clusterName": name })).await?;
        let container =
            json!({ "name": "web", "image": "public.ecr.aws/docker/library/nginx:1.29", "essential": true });
        let family = json!({
            "family": name, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
            "executionRoleArn": self.role().await?, "containerDefinitions": [container],
        });
        let registered = self.ecs("RegisterTaskDefinition", family).await?;
        let definition = text(&registered, "/taskDefinition/taskDefinitionArn")?;
        let request =
            json!({ "cluster": name, "serviceName": name, "taskDefinition": definition, "desiredCount": TASKS });
        self.ecs("CreateService", request).await?;
        let target = json!({
            "ServiceNamespace": "ecs", "ResourceId": format!("service/{name}/{name}"),
            "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 4,
        });
        let register = "AnyScaleFrontendService.RegisterScalableTarget";
        self.aws.json("application-autoscaling", register, target).await?;
        until(
            &format!("service {name} is stable"),
            Duration::from_secs(60),
            || async { Ok((self.service().await?["runningCount"] == TASKS).then_some(())) },
        )
        .await
    }

    async fn role(&self) -> Result<String> {
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "ecs-tasks.amazonaws.com" },
        }]});
        let role = format!("{}-tasks", self.name);
        let parameters = [
            ("RoleName", role.as_str()),
            ("AssumeRolePolicyDocument", &trust.to_string()),
        ];
        element(
            &self.aws.query("iam", "2010-05-08", "CreateRole", &parameters).await?,
            "Arn",
        )
    }

    async fn ecs(&self, action: &str, request: Value) -> Result<Value> {
        let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
        self.aws.json("ecs", &target, request).await
    }
}
