//! A small AWS client that signs requests, for setup and checks in tests: any service, without an SDK crate for each.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, bail};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::{Client, Method};
use serde_json::Value;

/// A client of one endpoint, as the administrator of the account.
#[derive(Clone)]
pub struct Aws {
    endpoint: String,
    http: Client,
    credentials: Credentials,
}

/// An error that AWS returned: `code` is AWS's own.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    pub code: String,
    pub body: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.body)
    }
}

impl std::error::Error for Refused {}

impl Aws {
    pub fn new(endpoint: &str, access_key: &str, secret_key: &str) -> Result<Self> {
        Ok(Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            http: Client::builder().timeout(Duration::from_secs(120)).build()?,
            credentials: Credentials::new(access_key, secret_key, None, None, "tests"),
        })
    }

    /// One call of a JSON-protocol service: `json("dynamodb", "DynamoDB_20120810.ListTables", json!({}))`.
    pub async fn json(&self, service: &str, target: &str, body: Value) -> Result<Value> {
        let version = if matches!(service, "dynamodb" | "states" | "sqs") {
            "1.0"
        } else {
            "1.1"
        };
        let content_type = format!("application/x-amz-json-{version}");
        let headers = [("content-type", content_type.as_str()), ("x-amz-target", target)];
        let answer = self
            .send(service, Method::POST, "/", &headers, body.to_string())
            .await
            .with_context(|| target.to_owned())?;
        if answer.is_empty() {
            Ok(Value::Null)
        } else {
            Ok(serde_json::from_str(&answer)?)
        }
    }

    /// One call of a query-protocol service (RDS, SNS, IAM, CloudFormation); returns the XML.
    pub async fn query(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String> {
        let mut form = vec![("Action", action), ("Version", version)];
        form.extend_from_slice(parameters);
        let body = form
            .iter()
            .map(|(key, value)| format!("{}={}", escape(key), escape(value)))
            .collect::<Vec<_>>()
            .join("&");
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        self.send(service, Method::POST, "/", &headers, body)
            .await
            .with_context(|| action.to_owned())
    }

    /// One call of RDS.
    pub async fn rds(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        self.query("rds", "2014-10-31", action, parameters).await
    }

    /// One call of a REST service (EFS, AWS Backup, Lambda).
    pub async fn rest(&self, service: &str, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let text = body.map(|body| body.to_string()).unwrap_or_default();
        let answer = self
            .send(
                service,
                method.clone(),
                path,
                &[("content-type", "application/json")],
                text,
            )
            .await
            .with_context(|| format!("{method} {path}"))?;
        if answer.is_empty() {
            Ok(Value::Null)
        } else {
            Ok(serde_json::from_str(&answer)?)
        }
    }

    /// One call of a REST service that speaks XML (Route 53); returns the XML.
    pub async fn rest_xml(&self, service: &str, method: Method, path: &str, body: String) -> Result<String> {
        let headers = [("content-type", "application/xml")];
        let answer = self.send(service, method.clone(), path, &headers, body).await;
        answer.with_context(|| format!("{method} {path}"))
    }

    async fn send(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<String> {
        let url = format!("{}{path}", self.endpoint);
        let mut request = http::Request::builder().method(method.as_str()).uri(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body)?;
        self.sign(service, &mut request, headers)?;
        let (parts, body) = request.into_parts();
        let answer = self
            .http
            .request(method, &url)
            .headers(parts.headers)
            .body(body)
            .send()
            .await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        if (200..300).contains(&status) {
            return Ok(text);
        }
        Err(Refused {
            status,
            code: error_code(&text),
            body: text,
        }
        .into())
    }

    fn sign(&self, service: &str, request: &mut http::Request<String>, headers: &[(&str, &str)]) -> Result<()> {
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let uri = request.uri().to_string();
        let body = request.body().clone();
        let signable = SignableRequest::new(
            request.method().as_str(),
            &uri,
            headers.iter().copied(),
            SignableBody::Bytes(body.as_bytes()),
        )?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }
}

/// AWS's error code when `result` was refused with one; `None` when it succeeded.
///
/// # Errors
/// If it failed in any other way.
pub fn refusal<T>(result: Result<T>) -> Result<Option<String>> {
    match result {
        Ok(_) => Ok(None),
        Err(error) => match error.downcast_ref::<Refused>() {
            Some(refused) => Ok(Some(refused.code.clone())),
            None => Err(error),
        },
    }
}

/// Text of the first element `name` in an XML answer.
pub fn element(xml: &str, name: &str) -> Result<String> {
    let document = roxmltree::Document::parse(xml)?;
    let node = document.descendants().find(|node| node.tag_name().name() == name);
    node.and_then(|node| node.text())
        .map(str::to_owned)
        .ok_or_else(|| anyhow!("no <{name}> in {xml}"))
}

/// Texts of all elements `name` in an XML answer, in order.
pub fn elements(xml: &str, name: &str) -> Result<Vec<String>> {
    let document = roxmltree::Document::parse(xml)?;
    Ok(document
        .descendants()
        .filter(|node| node.tag_name().name() == name)
        .filter_map(|node| node.text())
        .map(str::to_owned)
        .collect())
}

fn error_code(body: &str) -> String {
    if let Ok(value) = serde_json::from_str::<Value>(body) {
        let code = value
            .get("__type")
            .or_else(|| value.get("code"))
            .or_else(|| value.get("Code"))
            .and_then(Value::as_str)
            .unwrap_or_default();
        return code.rsplit('#').next().unwrap_or_default().to_owned();
    }
    element(body, "Code").unwrap_or_default()
}

/// Form encoding of one key or value.
pub fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => (byte as char).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// A JSON string field that must exist.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    match value.pointer(pointer).and_then(Value::as_str) {
        Some(text) => Ok(text),
        None => bail!("no string at {pointer} in {value}"),
    }
}
