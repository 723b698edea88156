//! AWS as a script, for tests: every request has to be the next one of the script, and gets the response written there, in the wire
//! format of its service.

#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_rds::config::retry::RetryConfig;
use aws_sdk_rds::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

/// One request and its result.
#[derive(Clone)]
pub struct Exchange {
    /// `DescribeDBClusters`, or method and path of a REST service.
    action: String,
    /// `None`: the connection is cut before a response arrives.
    answer: Option<Answer>,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Exchange {
    /// `DescribeDBClusters`, or method and path of a REST service.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The same, with the response lost.
    pub fn lost(mut self) -> Self {
        self.answer = None;
        self
    }

    /// The same, with another HTTP status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.answer.as_mut().unwrap().status = status;
        self
    }

    /// The same, with one more header in the response.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        let answer = self.answer.as_mut().unwrap();
        answer.headers.push((name, value.into()));
        self
    }
}

/// AWS responds successfully.
pub fn answers(action: &str, body: impl Into<String>) -> Exchange {
    Exchange {
        action: action.into(),
        answer: Some(Answer {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
        }),
    }
}

/// AWS responds with an error code.
pub fn refuses(action: &str, status: u16, code: &str) -> Exchange {
    let xml = action.contains("DB");
    let body = if xml {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>words</Message></Error></ErrorResponse>"
        )
    } else {
        format!(r#"{{"__type":"com.amazonaws#{code}","message":"words","Message":"words"}}"#)
    };
    Exchange {
        action: action.into(),
        answer: Some(Answer {
            status,
            headers: vec![("x-amzn-errortype", code.into())],
            body,
        }),
    }
}

/// AWS's response is lost.
pub fn cut(action: &str) -> Exchange {
    Exchange {
        action: action.into(),
        answer: None,
    }
}

/// A response of the query protocol.
pub fn xml(action: &str, result: &str) -> Exchange {
    answers(
        action,
        format!(
            "<{action}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
        ),
    )
}

/// A request: the action, and the whole body.
#[derive(Debug, Clone)]
pub struct Asked {
    pub action: String,
    pub body: String,
    /// What follows the question mark of a REST service's path; empty without one.
    pub query: String,
    headers: Vec<(String, String)>,
}

impl Asked {
    /// A header of the request; empty where it has none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body of a JSON service's request.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// A field of a request of the query protocol.
    pub fn field(&self, name: &str) -> Option<String> {
        let mut fields = self.body.split('&').filter_map(|pair| pair.split_once('='));
        fields.find(|(key, _)| *key == name).map(|(_, value)| unescaped(value))
    }
}

/// Decodes `+` and `%20`.
fn unescaped(value: &str) -> String {
    let value = value.replace('+', " ");
    let mut parts = value.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

#[derive(Clone)]
pub struct Replay(Arc<Mutex<(VecDeque<Exchange>, Vec<Asked>)>>);

impl Replay {
    pub fn new(script: impl IntoIterator<Item = Exchange>) -> Self {
        Self(Arc::new(Mutex::new((script.into_iter().collect(), Vec::new()))))
    }

    pub fn config(&self) -> SdkConfig {
        self.config_with(RetryConfig::disabled())
    }

    pub fn config_with(&self, retry: RetryConfig) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .endpoint_url("http://replay.invalid")
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "id", "key", None, None, "test",
            )))
            .retry_config(retry)
            .http_client(self.clone())
            .build()
    }

    /// All requests, once the whole script has been played.
    pub fn played(&self) -> Vec<Asked> {
        let played = self.0.lock().unwrap();
        let left: Vec<_> = played.0.iter().map(|exchange| &exchange.action).collect();
        assert!(left.is_empty(), "never asked: {left:?}");
        played.1.clone()
    }
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replay")
    }
}

impl HttpClient for Replay {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = asked(&request);
        let mut played = self.0.lock().unwrap();
        let next = played.0.pop_front();
        played.1.push(asked.clone());
        drop(played);
        let Some(exchange) = next else {
            panic!("asked beyond the script: {asked:?}")
        };
        assert_eq!(asked.action, exchange.action, "{}", asked.body);
        HttpConnectorFuture::ready(match exchange.answer {
            None => Err(ConnectorError::io("connection reset by peer".into())),
            Some(answer) => {
                let status = answer.status.try_into().unwrap();
                let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
                response.headers_mut().insert("date", "Fri, 20 Nov 2026 02:16:40 GMT");
                for (name, value) in answer.headers {
                    response.headers_mut().insert(name, value);
                }
                Ok(response)
            }
        })
    }
}

fn asked(request: &HttpRequest) -> Asked {
    let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|target| target.split('.').nth(1));
    let query = body.strip_prefix("Action=").and_then(|rest| rest.split('&').next());
    let path = request.uri().trim_start_matches("http://replay.invalid");
    let (path, after) = path.split_once('?').unwrap_or((path, ""));
    let action = target
        .or(query)
        .map_or_else(|| format!("{} {path}", request.method()), str::to_owned);
    let headers = request.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Asked {
        action,
        body,
        query: after.to_owned(),
        headers,
    }
}
