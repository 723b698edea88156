//! Parses a request: its service and operation, its caller, its resource.

use std::collections::BTreeMap;

use axum::body::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::Value;

use crate::service::{Call, Protocol};

/// Lines of `signing-name METHOD /path/{label} Operation`.
const ROUTES: &str = include_str!("routes.txt");

/// Parameters that name a call's resource, the most specific first.
const ABOUT: &[&str] = &[
    "recoveryPointArn",
    "RecoveryPointArn",
    "TargetDBClusterSnapshotIdentifier",
    "DBClusterSnapshotIdentifier",
    "DBInstanceIdentifier",
    "DBClusterIdentifier",
    "DBClusterParameterGroupName",
    "DBParameterGroupName",
    "DBSubnetGroupName",
    "ResourceName",
    "ResourceArn",
    "resourceArn",
    "ResourceARN",
    "BackupArn",
    "TargetTableName",
    "TableName",
    "backupJobId",
    "BackupJobId",
    "RestoreJobId",
    "restoreJobId",
    "copyJobId",
    "CopyJobId",
    "backupVaultName",
    "BackupVaultName",
    "FileSystemId",
    "executionArn",
    "stateMachineArn",
    "TopicArn",
    "SecretId",
    "KeyId",
    "FunctionName",
    "StackName",
    "Name",
    "Path",
];

impl Call {
    /// Parses a request: nothing in it is required; what is missing becomes `-`.
    #[must_use]
    pub fn read(method: Method, path: String, query: String, headers: HeaderMap, body: Bytes) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let scope = credential_scope(text("authorization"), &query);
        let target = text("x-amz-target").to_owned();
        let content_type = text("content-type").to_owned();
        let caller = caller(&[text("x-amz-user-agent"), text("user-agent")]);
        let mut service = scope.unwrap_or_else(|| unsigned_service(&target));
        let mut identifiers = BTreeMap::new();
        let (protocol, action) = if !target.is_empty() {
            identify_json(&body, &mut identifiers);
            (Protocol::Json, target.rsplit('.').next().unwrap_or("-").to_owned())
        } else if service == "s3" {
            (Protocol::RestXml, s3_action(&method, &path, &query))
        } else if let Some((action, labels)) = route(&service, &method, &path) {
            identify_json(&body, &mut identifiers);
            identifiers.extend(labels);
            identifiers.extend(pairs(&query).filter(|(name, _)| identifies(name)));
            (Protocol::RestJson, action)
        } else {
            let form = content_type.starts_with("application/x-www-form-urlencoded");
            let fields = if form {
                String::from_utf8_lossy(&body).into_owned()
            } else {
                query.clone()
            };
            let fields: BTreeMap<String, String> = pairs(&fields).collect();
            match fields.get("Action") {
                Some(action) => {
                    let action = action.clone();
                    identifiers.extend(fields.into_iter().filter(|(name, _)| identifies(name)));
                    (Protocol::Query, action)
                }
                None => (Protocol::RestJson, format!("{method} {path}")),
            }
        };
        if service.is_empty() {
            "-".clone_into(&mut service);
        }
        identifiers.retain(|_, value| !value.is_empty() && value.len() <= 256);
        let resource = ABOUT
            .iter()
            .find_map(|name| identifiers.get(*name))
            .or_else(|| identifiers.values().next())
            .cloned()
            .unwrap_or_else(|| if service == "s3" { decode(&path) } else { String::new() });
        if service == "s3" {
            // Not what the call is about, but another permission than that for the current version.
            identifiers.extend(pairs(&query).filter(|(name, _)| name == "versionId"));
        }
        Self {
            method,
            path,
            query,
            headers,
            body,
            service,
            action,
            caller,
            resource,
            identifiers,
            protocol,
        }
    }

    /// The fields of an AWS Query call, from the body's form or the query string.
    #[must_use]
    pub fn form(&self) -> BTreeMap<String, String> {
        let mut fields: BTreeMap<String, String> = pairs(&self.query).collect();
        fields.extend(pairs(&String::from_utf8_lossy(&self.body)));
        fields
    }

    /// The parameters in the query string, in order; a name may be repeated.
    #[must_use]
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        pairs(&self.query).collect()
    }

    /// The body as JSON; an empty body is an empty object.
    ///
    /// # Errors
    /// If the body is not JSON.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&self.body)
    }

    /// The labels of a REST call's path, decoded, by name.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        route(&self.service, &self.method, &self.path)
            .map(|(_, labels)| labels)
            .unwrap_or_default()
    }
}

/// The AWS error code of a response, `-` if it has none.
#[must_use]
pub fn error_code(headers: &HeaderMap, body: &[u8]) -> String {
    let bare = |code: &str| {
        let code = code.split(':').next().unwrap_or(code);
        code.rsplit('#').next().unwrap_or(code).to_owned()
    };
    if let Some(code) = headers.get("x-amzn-errortype").and_then(|code| code.to_str().ok()) {
        return bare(code);
    }
    if let Ok(json) = serde_json::from_slice::<Value>(body) {
        let code = ["__type", "code", "Code"].iter().find_map(|name| json[*name].as_str());
        return code.map_or_else(|| "-".to_owned(), bare);
    }
    let text = String::from_utf8_lossy(body);
    let code = text
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"));
    code.map_or_else(|| "-".to_owned(), |(code, _)| bare(code))
}

/// `text` with percent escapes decoded.
#[must_use]
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Names and values of a query string or form, decoded.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let decode = |part: &str| decode(&part.replace('+', " "));
    text.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// The service in `Credential=<key>/<date>/<region>/<service>/aws4_request`, of the header or of a presigned query.
fn credential_scope(authorization: &str, query: &str) -> Option<String> {
    let credential = match authorization.split_once("Credential=") {
        Some((_, rest)) => rest.split([',', ' ']).next().map(str::to_owned),
        None => pairs(query)
            .find(|(name, _)| name == "X-Amz-Credential")
            .map(|(_, value)| value),
    }?;
    credential.split('/').nth_back(1).map(str::to_owned)
}

/// The service in an unsigned call's target.
fn unsigned_service(target: &str) -> String {
    match target.split(['_', '.']).next().unwrap_or("") {
        "DynamoDB" => "dynamodb".to_owned(),
        "AWSStepFunctions" => "states".to_owned(),
        "AWSSecurityTokenService" => "sts".to_owned(),
        other => other.to_lowercase(),
    }
}

/// `app/<name>` of a user agent; `-` if the client set none.
fn caller(user_agents: &[&str]) -> String {
    user_agents
        .iter()
        .flat_map(|agent| agent.split_ascii_whitespace())
        .find_map(|part| part.strip_prefix("app/"))
        .unwrap_or("-")
        .to_owned()
}

/// Whether a parameter of this name is an identifier, and can't be a secret.
fn identifies(name: &str) -> bool {
    const WHOLE: &[&str] = &[
        "Path",
        "IdempotencyToken",
        "CreationToken",
        "ClientToken",
        "name",
        "arn",
    ];
    const ENDS: &[&str] = &["Name", "Id", "Identifier", "Arn", "ARN"];
    // The values of a filter.
    let filters = name.starts_with("Filters.") && name.contains(".Values.");
    filters || WHOLE.contains(&name) || ENDS.iter().any(|end| name.ends_with(end))
}

fn identify_json(body: &[u8], identifiers: &mut BTreeMap<String, String>) {
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
        return;
    };
    for (name, value) in members {
        if let (true, Some(text)) = (identifies(&name), value.as_str()) {
            identifiers.insert(name, text.to_owned());
        }
    }
}

/// The operation of a REST call and the labels in its path; fixed path parts win over labels.
fn route(service: &str, method: &Method, path: &str) -> Option<(String, BTreeMap<String, String>)> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut best: Option<(usize, String, BTreeMap<String, String>)> = None;
    for line in ROUTES.lines() {
        let mut words = line.split(' ');
        if words.next() != Some(service) || words.next() != Some(method.as_str()) {
            continue;
        }
        let (Some(pattern), Some(action)) = (words.next(), words.next()) else {
            continue;
        };
        let Some(labels) = fit(pattern, &parts) else {
            continue;
        };
        if best.as_ref().is_none_or(|(fewest, ..)| labels.len() < *fewest) {
            best = Some((labels.len(), action.to_owned(), labels));
        }
    }
    best.map(|(_, action, labels)| (action, labels))
}

fn fit(pattern: &str, parts: &[&str]) -> Option<BTreeMap<String, String>> {
    let wanted: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    if wanted.len() != parts.len() {
        return None;
    }
    let mut labels = BTreeMap::new();
    for (wanted, part) in wanted.iter().zip(parts) {
        match wanted.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
            Some(_) if part.is_empty() => return None,
            Some(label) => {
                labels.insert(label.trim_end_matches('+').to_owned(), decode(part));
            }
            None if wanted == part => {}
            None => return None,
        }
    }
    Some(labels)
}

/// The S3 operation; common ones by their names in IAM and botocore.
fn s3_action(method: &Method, path: &str, query: &str) -> String {
    let object = path.trim_matches('/').contains('/');
    let part = pairs(query)
        .map(|(name, _)| name)
        .find(|name| !name.starts_with("X-Amz-") && !name.starts_with("x-id"));
    match (method.as_str(), object, part.as_deref()) {
        ("GET", true, None | Some("versionId")) => "GetObject".to_owned(),
        ("PUT", true, None) => "PutObject".to_owned(),
        ("PUT", true, Some("tagging")) => "PutObjectTagging".to_owned(),
        ("POST", true, Some("uploads")) => "CreateMultipartUpload".to_owned(),
        ("PUT", true, Some("partNumber" | "uploadId")) => "UploadPart".to_owned(),
        ("POST", true, Some("uploadId")) => "CompleteMultipartUpload".to_owned(),
        ("DELETE", true, Some("uploadId")) => "AbortMultipartUpload".to_owned(),
        ("GET", false, Some("uploads")) => "ListBucketMultipartUploads".to_owned(),
        ("HEAD", true, _) => "HeadObject".to_owned(),
        ("DELETE", true, None | Some("versionId")) => "DeleteObject".to_owned(),
        ("HEAD", false, _) => "HeadBucket".to_owned(),
        ("PUT", false, None) => "CreateBucket".to_owned(),
        ("DELETE", false, None) => "DeleteBucket".to_owned(),
        ("GET", false, Some("list-type" | "prefix" | "delimiter" | "max-keys")) => "ListObjects".to_owned(),
        (method, _, part) => format!("{method}?{}", part.unwrap_or("")),
    }
}

#[cfg(test)]
pub mod tests;
