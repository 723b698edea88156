//! Shared by the REST services of the lab: parsing and refusing requests, and paging lists.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::service::{Answer, Call, Protocol};

/// Why a request is refused: a modelled error of the service.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    members: Vec<(&'static str, Value)>,
}

/// The result of an operation.
pub type Reply = Result<Answer, Refusal>;

impl Refusal {
    /// The error `code` of the service's model, with its HTTP status.
    #[must_use]
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            members: Vec::new(),
        }
    }

    /// A further member of the error's shape.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    /// The error as the client gets it.
    #[must_use]
    pub fn answer(mut self) -> Answer {
        // EFS's errors contain their code twice; clients of the others ignore it.
        self.members.push(("ErrorCode", json!(self.code)));
        Answer::error_with(Protocol::RestJson, self.status, self.code, &self.message, &self.members)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}

/// A request's parameters, from path, query or body.
pub struct Request {
    labels: BTreeMap<String, String>,
    query: Vec<(String, String)>,
    /// The body, an object.
    pub body: Value,
}

impl Request {
    /// Parses a call; none if its body is not a JSON object.
    #[must_use]
    pub fn read(call: &Call) -> Option<Self> {
        let body = call.json().ok().filter(Value::is_object)?;
        Some(Self {
            labels: call.labels(),
            query: call.query_pairs(),
            body,
        })
    }

    /// A text parameter of the path, the query or the body's top level, if it is present and not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let in_query = || {
            self.query
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        let in_body = || self.body[name].as_str().map(str::to_owned);
        let found = self.labels.get(name).cloned().or_else(in_query).or_else(in_body);
        found.filter(|text| !text.is_empty())
    }

    /// All values of a query parameter.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<String> {
        let values = self.query.iter().filter(|(key, _)| key == name);
        values.map(|(_, value)| value.clone()).collect()
    }

    /// A time in the query, as ISO 8601 or seconds since 1970.
    #[must_use]
    pub fn time(&self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let seconds = || text.parse::<f64>().ok().and_then(from_seconds);
        text.parse().ok().or_else(seconds)
    }

    /// A whole number, in the query or the body.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        let in_query = self.text(name).and_then(|text| text.parse().ok());
        in_query.or_else(|| self.body[name].as_i64())
    }

    /// One page of a list: `limit` items from the previous page's `token` on, and the next page's token.
    #[must_use]
    pub fn page<T>(&self, items: Vec<T>, limit: &str, token: &str) -> (Vec<T>, Value) {
        let from = self.text(token).and_then(|token| token.parse().ok()).unwrap_or(0);
        let size = self
            .number(limit)
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(1000)
            .max(1);
        let more = items.len() > from + size;
        let page = items.into_iter().skip(from).take(size).collect();
        (
            page,
            if more {
                json!((from + size).to_string())
            } else {
                Value::Null
            },
        )
    }
}

fn from_seconds(seconds: f64) -> Option<Timestamp> {
    #[allow(clippy::cast_possible_truncation)]
    Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
}

/// `value` without members that are null, recursively: AWS omits what is not set.
#[must_use]
pub fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::call::tests::call;

    #[test]
    fn pages_cover_a_list_once() {
        let mut seen = Vec::new();
        let mut token = Value::Null;
        loop {
            let mut list = call("backup", "ListBackupJobs", "");
            list.query = format!("maxResults=2&nextToken={}", token.as_str().unwrap_or(""));
            let request = Request::read(&list).unwrap();
            let (page, next) = request.page(vec![1, 2, 3, 4, 5], "maxResults", "nextToken");
            seen.extend(page);
            token = next;
            if token.is_null() {
                break;
            }
        }
        assert_eq!(seen, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn times_come_in_both_forms() {
        let mut list = call("backup", "ListBackupJobs", "");
        list.query = "createdAfter=2026-11-20T08%3A00%3A00Z&createdBefore=1795161600".to_owned();
        let request = Request::read(&list).unwrap();
        assert_eq!(request.time("createdAfter").unwrap().as_second(), 1_795_161_600);
        assert_eq!(request.time("createdAfter"), request.time("createdBefore"));
    }

    #[test]
    fn a_refusal_bears_its_code_where_every_client_looks() {
        let answer = Refusal::new(409, "FileSystemAlreadyExists", "it exists")
            .with("FileSystemId", "fs-1")
            .answer();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["FileSystemId"], "fs-1");
        assert_eq!(body["ErrorCode"], "FileSystemAlreadyExists");
        assert_eq!(answer.error_code.as_deref(), Some("FileSystemAlreadyExists"));
    }
}
