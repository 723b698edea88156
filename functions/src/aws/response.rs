//! The responses of JSON services, kept verbatim: captured configuration has AWS's own attribute names, including attributes that
//! this SDK version does not know.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use jiff::Timestamp;
use serde_json::Value;

use super::timestamp;

/// Keeps the last response of the call to which it is added as an interceptor.
#[derive(Clone, Default)]
pub struct LastResponse(Arc<Mutex<StoredResponse>>);

#[derive(Default)]
struct StoredResponse {
    body: Value,
    at: Option<Timestamp>,
}

impl LastResponse {
    /// One attribute of the response; `Null` if it has none.
    pub fn take(&self, attribute: &str) -> Value {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.body.get_mut(attribute).map(Value::take).unwrap_or_default()
    }

    /// The whole response.
    pub fn take_all(&self) -> Value {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).body.take()
    }

    /// When AWS responded, by AWS's clock, to the second.
    pub fn at(&self) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).at
    }
}

impl fmt::Debug for LastResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

impl Intercept for LastResponse {
    fn name(&self) -> &'static str {
        "Answer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        // A body that is not JSON has already failed the call.
        let body = response
            .body()
            .bytes()
            .and_then(|bytes| serde_json::from_slice(bytes).ok())
            .unwrap_or_default();
        let at = response
            .headers()
            .get("date")
            .and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = StoredResponse {
            body,
            at: at.as_ref().and_then(timestamp),
        };
        Ok(())
    }
}

/// `attributes` without those that are `Null`, empty lists or empty objects.
pub fn present<const N: usize>(attributes: [(&str, Value); N]) -> Value {
    attributes
        .into_iter()
        .filter(|(_, value)| is_present(value))
        .map(|(name, value)| (name.to_owned(), value))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A response with one more attribute, if that is present.
pub fn with(mut answer: Value, name: &str, value: Value) -> Value {
    if let Value::Object(members) = &mut answer
        && is_present(&value)
    {
        members.insert(name.to_owned(), value);
    }
    answer
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}
