//! A server that responds like AWS, and the command configured for it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

/// A call to the server.
#[derive(Debug, Clone)]
pub struct Call {
    /// Such as `DescribeStacks`, or `AWSStepFunctions.StartExecution`; of a REST service, the method and the path.
    pub action: String,
    /// The access key with which it was signed.
    pub key: String,
    pub body: String,
}

/// HTTP status and body of a response.
pub type Answer = (u16, String);

pub struct Server {
    address: String,
    calls: Arc<Mutex<Vec<Call>>>,
    /// Config and credentials files.
    files: tempfile::TempDir,
}

impl Server {
    /// Responds to each call by its action.
    pub fn start(answer: impl Fn(&Call) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(&mut stream.unwrap(), &recorded, &answer);
            }
        });
        let files = tempfile::tempdir().unwrap();
        Self { address, calls, files }
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The command without this machine's own AWS configuration: `config` is its only file.
    pub fn command(&self, arguments: &str, config: &str) -> Command {
        let file = self.files.path().join("config");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
        command
            .args(arguments.split_whitespace())
            .env_clear()
            .env("HOME", self.files.path())
            .env("AWS_CONFIG_FILE", file)
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", "eu-west-1");
        command
    }
}

/// What the command wrote to standard error.
pub fn stderr_of(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn serve(stream: &mut TcpStream, recorded: &Mutex<Vec<Call>>, answer: &impl Fn(&Call) -> Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = reader.by_ref().lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    let headers: BTreeMap<String, String> = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect();
    let of = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let mut body = vec![0; of("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let form = body.split('&').find_map(|field| field.strip_prefix("Action="));
    let call = Call {
        action: match (form, of("x-amz-target")) {
            (Some(form), _) => form.to_owned(),
            (None, target) if target.is_empty() => request.trim_end_matches(" HTTP/1.1").to_owned(),
            (None, target) => target,
        },
        key: of("authorization")
            .split("Credential=")
            .nth(1)
            .and_then(|rest| rest.split('/').next())
            .unwrap_or_default()
            .to_owned(),
        body,
    };
    let (status, body) = answer(&call);
    recorded.lock().unwrap().push(call);
    let length = body.len();
    let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    // The client may have disconnected.
    let _ = stream.write_all(answer.as_bytes());
}

/// CloudFormation's response if there is no such stack.
pub fn no_stack() -> Answer {
    let said = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id holdfast does not \
                exist</Message></Error><RequestId>r</RequestId></ErrorResponse>";
    (400, said.to_owned())
}

/// CloudFormation's response about Holdfast's own stack.
pub fn stack() -> Answer {
    let machine = |name: &str| format!("arn:aws:states:eu-west-1:123456789012:stateMachine:holdfast-{name}");
    let outputs = [
        ("CatalogTable", "holdfast-catalog".to_owned()),
        ("BackupStateMachineArn", machine("backup")),
        ("RestoreStateMachineArn", machine("restore")),
        ("UndoRestoreStateMachineArn", machine("undo-restore")),
        ("UndoCutOverStateMachineArn", machine("undo-cut-over")),
        ("TransferStateMachineArn", machine("transfer")),
        ("ArchiveBucket", "holdfast-archive".to_owned()),
        ("BackupVaultName", "holdfast".to_owned()),
        (
            "OnCallTopicArn",
            "arn:aws:sns:eu-west-1:123456789012:holdfast-on-call".to_owned(),
        ),
        ("BackupRoleArn", "arn:aws:iam::123456789012:role/backup".to_owned()),
    ];
    let members: String = outputs
        .iter()
        .map(|(key, value)| format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"))
        .collect();
    let stack = format!(
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>holdfast</StackName><StackId>arn:s</StackId>\
         <StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{members}</Outputs></member></Stacks></DescribeStacksResult>\
         </DescribeStacksResponse>"
    );
    (200, stack)
}

/// The descriptor of `hubs`, as stored in the catalog.
pub fn descriptor() -> String {
    let rooms = r#"{"M": {"kind": {"S": "dynamodb"}, "table": {"S": "hubs-rooms"}}}"#;
    let document = format!(r#"{{"M": {{"deployment": {{"S": "hubs"}}, "resources": {{"M": {{"rooms": {rooms}}}}}}}}}"#);
    format!(r#"{{"Item": {{"pk": {{"S": "DEPLOYMENT#hubs"}}, "sk": {{"S": "DESCRIPTOR"}}, "document": {document}}}}}"#)
}
