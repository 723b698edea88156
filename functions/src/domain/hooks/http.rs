//! `http`: a request to a server of the deployment, whose end is polled, and another request that undoes it.

pub mod addresses;
pub mod placeholders;
pub mod polling;
mod reading;
pub mod url;

use serde_json::Value;

use self::url::Url;
use super::profile::HookProfile;
use crate::domain::descriptor::reader::{Faults, Object};
use crate::domain::descriptor::{HookAction, HttpRequest};

pub struct Kind;

impl HookProfile for Kind {
    fn name(&self) -> &'static str {
        "http"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["method", "url", "headers", "body", "expected_status", "poll", "undo"]
    }

    fn is_polled(&self) -> bool {
        true
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<HookAction> {
        reading::http(faults, object).map(Box::new).map(HookAction::Http)
    }

    fn has_undo(&self, action: &HookAction) -> bool {
        matches!(action, HookAction::Http(http) if http.undo.is_some())
    }

    fn undo_by_hand(&self, action: &HookAction, _: &Value) -> String {
        let HookAction::Http(http) = action else {
            return String::new();
        };
        let request = http.undo.as_ref().unwrap_or(&http.request);
        format!(
            "send {} with the headers and body that the descriptor gives it, or do what it does",
            target(request)
        )
    }
}

/// A request for a person: `PUT https://chat.example.org/api/v1/maintenance`.
pub fn target(request: &HttpRequest) -> String {
    let url = Url::parse(&request.url).map(|url| url.without_query());
    format!("{} {}", request.method, url.unwrap_or_default())
}
