//! A deployment `hubs` with one set, its stack `hubs-prod`, and AWS around them.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value, json};

use crate::support::{Answer, Call, Server, no_stack, stack, stderr_of};

const KEYS: &str = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n";
pub const SET: &str = "hubs-20261120-021500-630a";
pub const OLD: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/hubs-prod/0a1b";
const NEW: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/hubs-new/2c3d";
pub const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hubs/database-AbCdEf";
pub const POINT: &str = "arn:aws:backup:eu-west-1:123456789012:recovery-point:p";
const RESTORE_PARAMETERS: [&str; 5] = [
    "RestoreStackName",
    "RestoreDbSnapshotIdentifier",
    "RestoreAppDbSecretArn",
    "RestoreBackupVaultName",
    "RestoreRecoveryPointArn",
];

/// What is in AWS.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Status of the set.
    pub set: &'static str,
    /// Region of its snapshot.
    pub region: &'static str,
    /// Status of the old stack; `None` if it is gone.
    pub old: Option<&'static str>,
    pub template_bytes: usize,
    pub has_restore_parameters: bool,
    /// Status of a stack that has the new name before the command runs, and whether it was created from the set.
    pub existing: Option<&'static str>,
    pub existing_is_ours: bool,
    /// Status of the new stack, once it was created.
    pub creation: &'static str,
    /// CloudFormation says that the new stack exists when it is created.
    pub creation_exists: bool,
    pub secret_is_scheduled: bool,
    pub secret_is_gone: bool,
    /// Status of the snapshot, and of the recovery point.
    pub snapshot: Option<&'static str>,
    pub point: &'static str,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            set: "sealed",
            region: "eu-west-1",
            old: Some("UPDATE_COMPLETE"),
            template_bytes: 200,
            has_restore_parameters: true,
            existing: None,
            existing_is_ours: true,
            creation: "CREATE_COMPLETE",
            creation_exists: false,
            secret_is_scheduled: false,
            secret_is_gone: false,
            snapshot: Some("available"),
            point: "COMPLETED",
        }
    }
}

/// How the command ended.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub calls: Vec<Call>,
}

impl Ended {
    pub fn call(&self, action: &str) -> Option<&Call> {
        self.calls.iter().find(|call| call.action == action)
    }
}

impl Call {
    /// The value of a field, of a parameter or of a tag.
    pub fn value(&self, name: &str) -> Option<String> {
        let fields = || self.body.split('&').filter_map(|pair| pair.split_once('='));
        let named = fields().find(|(key, value)| key.ends_with("Key") && unescaped(value) == name);
        let key = named.map_or(name.to_owned(), |(key, _)| {
            format!("{}Value", key.strip_suffix("Key").unwrap_or(key))
        });
        fields()
            .find(|(field, _)| *field == key)
            .map(|(_, value)| unescaped(value))
    }
}

fn unescaped(value: &str) -> String {
    let mut parts = value.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push(char::from(u8::from_str_radix(&part[..2], 16).unwrap()));
        text.push_str(&part[2..]);
    }
    text
}

pub fn run(scene: &Scene, line: &str) -> Ended {
    let (scene, was_created) = (scene.clone(), AtomicBool::new(false));
    let server = Server::start(move |call| answer(&scene, &was_created, call));
    let output = server.command(line, KEYS).output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout.clone()).unwrap(),
        stderr: stderr_of(&output),
        calls: server.calls(),
    }
}

fn answer(scene: &Scene, was_created: &AtomicBool, call: &Call) -> Answer {
    let is_about = |stack: &str| {
        call.body
            .split('&')
            .any(|field| unescaped(field) == format!("StackName={stack}"))
    };
    match call.action.as_str() {
        "DescribeStacks" if is_about("holdfast") => stack(),
        "DescribeStacks" if is_about("hubs-prod") || is_about(OLD) => match scene.old {
            Some("DELETE_COMPLETE") if is_about("hubs-prod") => no_stack(),
            Some(status) => old_stack(scene, status),
            None => no_stack(),
        },
        "DescribeStacks" => match (was_created.load(Ordering::SeqCst), scene.existing) {
            (true, _) => new_stack(scene, scene.creation),
            (false, Some(status)) => new_stack(scene, status),
            (false, None) => no_stack(),
        },
        "GetTemplate" => result(
            "GetTemplate",
            &format!("<TemplateBody>{}</TemplateBody>", "t".repeat(scene.template_bytes)),
        ),
        "GetTemplateSummary" => summary(scene),
        "CreateStack" => {
            was_created.store(true, Ordering::SeqCst);
            match scene.creation_exists {
                true => refused("AlreadyExistsException", "Stack [hubs-new] already exists"),
                false => result("CreateStack", &format!("<StackId>{NEW}</StackId>")),
            }
        }
        "DescribeStackEvents" => events(),
        "DynamoDB_20120810.GetItem" if call.body.contains("DESCRIPTOR") => (200, item(&descriptor())),
        "DynamoDB_20120810.Query" if call.body.contains("#POINT#") => (200, items(&points(scene))),
        "DynamoDB_20120810.Query" => (200, items(&[set(scene)])),
        "DescribeDBClusterSnapshots" => match scene.snapshot {
            Some(status) => result(
                "DescribeDBClusterSnapshots",
                &format!(
                    "<DBClusterSnapshots><DBClusterSnapshot><Status>{status}</Status></DBClusterSnapshot></DBClusterSnapshots>"
                ),
            ),
            None => (404, error("DBClusterSnapshotNotFoundFault", "gone")),
        },
        "secretsmanager.DescribeSecret" => secret(scene),
        path if path.starts_with("GET /backup-vaults/hubs-vault/recovery-points/") => (
            200,
            json!({ "RecoveryPointArn": POINT, "Status": scene.point }).to_string(),
        ),
        other => panic!("not expected: {other} {}", call.body),
    }
}

fn secret(scene: &Scene) -> Answer {
    if scene.secret_is_gone {
        let gone = json!({ "__type": "ResourceNotFoundException", "Message": "gone" });
        return (400, gone.to_string());
    }
    let mut described =
        json!({ "ARN": SECRET, "Name": "hubs/database", "VersionIdsToStages": { "v-1": ["AWSCURRENT"] } });
    if scene.secret_is_scheduled {
        described["DeletedDate"] = json!(1.79e9);
    }
    (200, described.to_string())
}

fn result(action: &str, xml: &str) -> Answer {
    (
        200,
        format!("<{action}Response><{action}Result>{xml}</{action}Result></{action}Response>"),
    )
}

fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId>\
         </ErrorResponse>"
    )
}

fn refused(code: &str, message: &str) -> Answer {
    (400, error(code, message))
}

fn stack_answer(name: &str, id: &str, status: &str, more: &str) -> Answer {
    let stack =
        format!("<StackName>{name}</StackName><StackId>{id}</StackId><StackStatus>{status}</StackStatus>{more}");
    result("DescribeStacks", &format!("<Stacks><member>{stack}</member></Stacks>"))
}

fn list(name: &str, pairs: &[(&str, &str)], keys: [&str; 2]) -> String {
    let [key, value] = keys;
    let members: String = pairs
        .iter()
        .map(|(name, of)| format!("<member><{key}>{name}</{key}><{value}>{of}</{value}></member>"))
        .collect();
    format!("<{name}>{members}</{name}>")
}

fn old_stack(scene: &Scene, status: &str) -> Answer {
    let mut parameters = vec![("DomainName", "hub.example"), ("AdminKey", "****")];
    parameters.extend(
        RESTORE_PARAMETERS
            .iter()
            .filter(|_| scene.has_restore_parameters)
            .map(|name| (*name, "")),
    );
    let parameters = list("Parameters", &parameters, ["ParameterKey", "ParameterValue"]);
    let tags = list("Tags", &[("team", "hubs"), ("aws:x", "y")], ["Key", "Value"]);
    let capabilities = "<Capabilities><member>CAPABILITY_NAMED_IAM</member></Capabilities>";
    stack_answer("hubs-prod", OLD, status, &format!("{parameters}{tags}{capabilities}"))
}

/// With the values that the command gives, if it is its own.
fn new_stack(scene: &Scene, status: &str) -> Answer {
    let values = [
        ("DomainName", "hub.example"),
        ("AdminKey", "****"),
        ("RestoreStackName", "hubs-prod"),
        ("RestoreDbSnapshotIdentifier", "hf-snapshot"),
        ("RestoreAppDbSecretArn", SECRET),
        ("RestoreBackupVaultName", "hubs-vault"),
        ("RestoreRecoveryPointArn", POINT),
    ];
    let parameters = list("Parameters", &values, ["ParameterKey", "ParameterValue"]);
    let from = match scene.existing_is_ours && (scene.existing.is_none() || status == "CREATE_COMPLETE") {
        true => SET,
        false => "hubs-20260101-021500-0000",
    };
    let tags = list("Tags", &[("holdfast:restored-from", from)], ["Key", "Value"]);
    let outputs = list(
        "Outputs",
        &[("AddressForRootDomain", "d.example")],
        ["OutputKey", "OutputValue"],
    );
    stack_answer("hubs-new", NEW, status, &format!("{parameters}{tags}{outputs}"))
}

fn summary(scene: &Scene) -> Answer {
    let mut names = vec!["DomainName", "AdminKey"];
    names.extend(RESTORE_PARAMETERS.iter().filter(|_| scene.has_restore_parameters));
    let members: String = names
        .iter()
        .map(|name| {
            let hidden = *name == "AdminKey";
            format!("<member><ParameterKey>{name}</ParameterKey><NoEcho>{hidden}</NoEcho></member>")
        })
        .collect();
    let transforms = "<DeclaredTransforms><member>AWS::Serverless-2016-10-31</member></DeclaredTransforms>";
    result(
        "GetTemplateSummary",
        &format!("<Parameters>{members}</Parameters>{transforms}"),
    )
}

fn events() -> Answer {
    let event = |resource: &str, kind: &str, physical: &str, reason: &str| {
        format!(
            "<member><LogicalResourceId>{resource}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId>\
             <ResourceType>{kind}</ResourceType><ResourceStatus>CREATE_FAILED</ResourceStatus>\
             <ResourceStatusReason>{reason}</ResourceStatusReason></member>"
        )
    };
    let newest_first = [
        event(
            "hubs-new",
            "AWS::CloudFormation::Stack",
            NEW,
            "The following resource(s) failed to create",
        ),
        event("Vpc", "AWS::EC2::VPC", "", "Resource creation cancelled"),
        event("StorageEFS", "Custom::EFS", "", "Restore job failed."),
        event("AppDb", "AWS::RDS::DBCluster", "", "no such engine version"),
    ];
    result(
        "DescribeStackEvents",
        &format!("<StackEvents>{}</StackEvents>", newest_first.concat()),
    )
}

fn resources() -> Value {
    json!({
        "database": { "kind": "aurora", "cluster": "hubs-db" },
        "storage": { "kind": "efs", "file_system": "fs-0123456789abcdef0", "vault": "hubs-vault" },
        "login": { "kind": "secret", "secret": "hubs/database" },
    })
}

fn descriptor() -> Value {
    json!({
        "pk": "DEPLOYMENT#hubs", "sk": "DESCRIPTOR",
        "document": { "deployment": "hubs", "resources": resources(), "stack": { "name": "hubs-prod" } },
    })
}

fn set(scene: &Scene) -> Value {
    json!({
        "pk": "DEPLOYMENT#hubs", "sk": format!("SET#{SET}"), "id": SET, "deployment": "hubs", "status": scene.set,
        "execution": "arn:aws:states:eu-west-1:123456789012:execution:holdfast-backup:x", "started_at": "2026-11-20T02:15:00Z",
        "captured_to": "2026-11-20T02:20:00Z", "resources": ["database", "storage", "login"],
    })
}

fn points(scene: &Scene) -> Vec<Value> {
    let snapshot = format!("arn:aws:rds:{}:123456789012:cluster-snapshot:hf-snapshot", scene.region);
    let versions = json!([{ "name": SECRET, "version": "v-1" }]);
    let recovery_points = json!({
        "database": { "type": "cluster_snapshot", "id": "hf-snapshot", "arn": snapshot },
        "storage": { "type": "backup_recovery_point", "arn": POINT, "vault": "hubs-vault", "job": "" },
        "login": { "type": "versions", "versions": versions, "seen_at": "2026-11-20T02:15:00Z" },
    });
    let point = |(name, target): (&String, &Value)| {
        let mut resource = target.clone();
        resource["name"] = json!(name);
        resource["deadline_seconds"] = json!(21_600);
        json!({
            "pk": "DEPLOYMENT#hubs", "sk": format!("SET#{SET}#POINT#{name}"), "set": SET, "status": "available",
            "resource": resource, "recovery_point": recovery_points[name],
        })
    };
    resources().as_object().unwrap().iter().map(point).collect()
}

fn item(value: &Value) -> String {
    json!({ "Item": attributes(value) }).to_string()
}

fn items(values: &[Value]) -> String {
    let all: Vec<Value> = values.iter().map(attributes).collect();
    json!({ "Items": all, "Count": all.len() }).to_string()
}

/// The members of an object as DynamoDB's JSON has them.
fn attributes(value: &Value) -> Value {
    let members: Map<String, Value> = value
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect();
    members.into()
}

fn attribute(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({ "S": text }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::Bool(flag) => json!({ "BOOL": flag }),
        Value::Null => json!({ "NULL": true }),
        Value::Array(all) => json!({ "L": all.iter().map(attribute).collect::<Vec<_>>() }),
        Value::Object(_) => json!({ "M": attributes(value) }),
    }
}
