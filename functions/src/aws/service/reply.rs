//! What a service returns: a reply, or a refusal with AWS's code and message.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use jiff::Timestamp;
use serde_json::Value;

use crate::aws::timestamp;

/// A successful response.
#[derive(Clone, Default)]
pub struct Reply {
    /// The unmodified body.
    pub bytes: Vec<u8>,
    /// The parsed body of a JSON service.
    pub body: Value,
    /// When AWS responded, by AWS's clock, to the second.
    pub at: Option<Timestamp>,
    /// Lambda's description of how an invoked function failed.
    pub function_error: Option<String>,
}

impl Reply {
    /// A member of the body; `Null` if it has none.
    pub fn take(&mut self, member: &str) -> Value {
        self.body.get_mut(member).map(Value::take).unwrap_or_default()
    }

    /// The token of the next page; `Null` after the last page, for which some services return an empty one.
    pub fn take_token(&mut self, member: &str) -> Value {
        match self.take(member) {
            Value::String(token) if token.is_empty() => Value::Null,
            token => token,
        }
    }

    /// The elements of a list member; none if the member is missing.
    pub fn take_list(&mut self, member: &str) -> Vec<Value> {
        match self.take(member) {
            Value::Array(elements) => elements,
            _ => Vec::new(),
        }
    }
}

/// Shows no body, which may contain a secret.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({} bytes)", self.bytes.len())
    }
}

/// AWS's error response.
#[derive(Debug)]
pub struct Refusal {
    metadata: ErrorMetadata,
}

impl Refusal {
    /// A successful response that cannot be read. It has no code, so `aws::failure` treats it as a lost response.
    fn unread() -> Self {
        let metadata = ErrorMetadata::builder().message("the response is not JSON").build();
        Self { metadata }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.metadata.code().unwrap_or("no error code");
        write!(f, "{code}: {}", self.metadata.message().unwrap_or("no message"))
    }
}

impl std::error::Error for Refusal {}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.metadata
    }
}

/// Reads a whole response; a successful one of a JSON service has to be JSON.
pub fn read(response: &HttpResponse, is_json: bool) -> Result<Reply, OrchestratorError<Refusal>> {
    let bytes = response.body().bytes().unwrap_or_default();
    if !response.status().is_success() {
        return Err(OrchestratorError::operation(refusal(response, bytes)));
    }
    let header = |name: &str| response.headers().get(name);
    let body = if is_json && !bytes.is_empty() {
        // The call may have worked: a response that cannot be read counts as lost, and the SDK does not retry it. The body is never
        // shown.
        without_nulls(serde_json::from_slice(bytes).map_err(|_| OrchestratorError::operation(Refusal::unread()))?)
    } else {
        Value::Null
    };
    let at = header("date").and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
    Ok(Reply {
        bytes: bytes.to_vec(),
        body,
        at: at.as_ref().and_then(timestamp),
        function_error: header("x-amz-function-error").map(str::to_owned),
    })
}

/// Removes members that are `null`, as the SDK's clients do.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(elements) => elements.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// The code from the header or from the body, in JSON or XML, without the namespace before it and the URL after it.
fn refusal(response: &HttpResponse, bytes: &[u8]) -> Refusal {
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    let field = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| body.get(name).and_then(Value::as_str))
            .map(str::to_owned)
    };
    let code = response
        .headers()
        .get("x-amzn-errortype")
        .map(str::to_owned)
        .or_else(|| field(&["__type", "code", "Code"]))
        .or_else(|| element(&text, "Code"))
        .or_else(|| bare(&text));
    let message = field(&["message", "Message", "errorMessage"]).or_else(|| element(&text, "Message"));
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = code {
        let code = code.split(':').next().unwrap_or_default();
        metadata = metadata.code(code.rsplit('#').next().unwrap_or_default());
    }
    if let Some(message) = message {
        metadata = metadata.message(message);
    }
    Refusal {
        metadata: metadata.build(),
    }
}

/// Route 53 returns this error, other than all others, also as a document of this name, without a code.
///
/// Source: `parseInvalidChangeBatchRestXmlErrorResponse` in AWS's SDK for Kotlin, which reads both forms.
fn bare(xml: &str) -> Option<String> {
    const NAME: &str = "InvalidChangeBatch";
    let document = roxmltree::Document::parse(xml).ok()?;
    (document.root_element().tag_name().name() == NAME).then(|| NAME.to_owned())
}

/// The text of the first element with a name.
fn element(xml: &str, name: &str) -> Option<String> {
    let document = roxmltree::Document::parse(xml).ok()?;
    let found = document.descendants().find(|node| node.tag_name().name() == name)?;
    found.text().map(str::to_owned)
}
