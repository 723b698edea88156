//! The interface between the front door and the services: a [`Call`] in, an [`Answer`] out.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use axum::body::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

/// Tags by ARN.
pub type Tagged = Vec<(String, BTreeMap<String, String>)>;

/// The future of a service's method, boxed so that services can be kept in one list.
pub type BoxedFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The wire format of a call, which decides the format of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// AWS Query: a form in, XML out (RDS, SNS, IAM, STS, CloudFormation).
    Query,
    /// AWS JSON 1.0 or 1.1: `X-Amz-Target` names the action (DynamoDB, Step Functions, SSM, ...).
    Json,
    /// Resources in the path, JSON in the body (AWS Backup, EFS, Lambda, Scheduler).
    RestJson,
    /// Resources in the path, XML in the body (S3).
    RestXml,
}

/// One request of an AWS client, as far as the lab parses it.
#[derive(Clone, Debug)]
pub struct Call {
    /// HTTP method.
    pub method: Method,
    /// Path as sent, still percent-encoded, without the query.
    pub path: String,
    /// Query string as sent, without the question mark; empty if there is none.
    pub query: String,
    /// All request headers, unchanged.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// Signing name of the service from the SigV4 credential scope: `rds`, `backup`, `elasticfilesystem`, ...
    pub service: String,
    /// Name of the operation: `StartBackupJob`.
    pub action: String,
    /// Name of the caller: the SDK's app name, else `-`.
    pub caller: String,
    /// The call's resource (an ARN, an identifier, a path), empty if it names none.
    pub resource: String,
    /// Parameters that are identifiers, by name, never a secret's value; for the ledger and for matching faults.
    pub identifiers: BTreeMap<String, String>,
    /// Wire format.
    pub protocol: Protocol,
}

/// The response to the client.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers besides the content type and length.
    pub headers: Vec<(String, String)>,
    /// Content type; empty if the headers contain it already.
    pub content_type: String,
    /// The whole body.
    pub body: Bytes,
    /// The AWS error code if this is an error, for the ledger.
    pub error_code: Option<String>,
}

impl Answer {
    /// A JSON body with status 200, as REST services return it.
    #[must_use]
    pub fn json(value: &Value) -> Self {
        Self {
            status: 200,
            headers: vec![request_id_header()],
            content_type: "application/json".to_owned(),
            body: Bytes::from(value.to_string()),
            error_code: None,
        }
    }

    /// An XML body with status 200, as Query services return it.
    #[must_use]
    pub fn xml(body: String) -> Self {
        Self {
            status: 200,
            headers: vec![request_id_header()],
            content_type: "text/xml".to_owned(),
            body: Bytes::from(body),
            error_code: None,
        }
    }

    /// An empty body with the given status.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: vec![request_id_header()],
            content_type: String::new(),
            body: Bytes::new(),
            error_code: None,
        }
    }

    /// An error in the wire format of `protocol`, so that SDKs classify it as they do AWS's own.
    #[must_use]
    pub fn error(protocol: Protocol, status: u16, code: &str, message: &str) -> Self {
        Self::error_with(protocol, status, code, message, &[])
    }

    /// Like [`Answer::error`], with further members of the error's shape (JSON protocols only).
    #[must_use]
    pub fn error_with(protocol: Protocol, status: u16, code: &str, message: &str, members: &[(&str, Value)]) -> Self {
        let id = crate::ids::uuid();
        let mut headers = vec![("x-amzn-requestid".to_owned(), id.clone())];
        let (content_type, body) = match protocol {
            Protocol::Query => ("text/xml", query_error(code, message, status, &id)),
            Protocol::RestXml => (
                "application/xml",
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{}</Code><Message>{}</Message><RequestId>{id}</RequestId></Error>",
                    xml_escape(code),
                    xml_escape(message)
                ),
            ),
            Protocol::Json | Protocol::RestJson => {
                let mut body = json!({"__type": code, "message": message});
                if protocol == Protocol::RestJson {
                    headers.push(("x-amzn-errortype".to_owned(), code.to_owned()));
                    // The REST services' shapes spell it with a capital; botocore accepts both.
                    body = json!({"Code": code, "Message": message, "message": message});
                }
                for (name, value) in members {
                    body[*name] = value.clone();
                }
                ("application/json", body.to_string())
            }
        };
        Self {
            status,
            headers,
            content_type: content_type.to_owned(),
            body: Bytes::from(body),
            error_code: Some(code.to_owned()),
        }
    }
}

/// A part of AWS that the lab implements itself.
pub trait Service: Send + Sync {
    /// Handles the call, or returns `None` if it is not this service's: then it is passed to MiniStack.
    fn answer<'a>(&'a self, call: &'a Call) -> BoxedFuture<'a, Option<Answer>>;

    /// A page of the control API under `/_lab/<name>` by this service, such as the places of data on disk.
    fn page(&self, _name: &str) -> Option<Value> {
        None
    }

    /// The tags of the service's resources, for the Resource Groups Tagging API.
    fn tagged(&self) -> Tagged {
        Vec::new()
    }

    /// Removes the service's resources that take up memory: servers and their data.
    fn clear(&self) -> BoxedFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Ends what the service started: servers, listeners, jobs.
    fn stop(&self) -> BoxedFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// `text` with the five characters that XML reserves replaced by their entities.
#[must_use]
pub fn xml_escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

fn query_error(code: &str, message: &str, status: u16, id: &str) -> String {
    let fault = if status >= 500 { "Receiver" } else { "Sender" };
    format!(
        "<ErrorResponse><Error><Type>{fault}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>",
        xml_escape(code),
        xml_escape(message)
    )
}

fn request_id_header() -> (String, String) {
    ("x-amzn-requestid".to_owned(), crate::ids::uuid())
}
