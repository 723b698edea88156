//! Hooks as values: what quiesces an application around a run, resumes it, and follows a restore.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::duration;
use crate::domain::resource::Target;

/// For how long an application is quiesced at most during a backup by default, in seconds.
pub const DEFAULT_MAX_QUIESCED_SECONDS: u64 = 15 * 60;

/// The hooks of a deployment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HookLists {
    /// In the order in which they quiesce.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quiesce: Vec<Hook>,
    /// In the order in which they resume. If empty, the quiesce hooks are undone in reverse order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resume: Vec<Hook>,
    /// In the order in which they run after a restore, when the application has resumed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after_restore: Vec<Hook>,
    /// Seconds for which a backup may keep the application quiesced.
    #[serde(rename = "max_quiesced", serialize_with = "duration::serialize")]
    pub max_quiesced_seconds: u64,
}

impl Default for HookLists {
    fn default() -> Self {
        Self {
            quiesce: Vec::new(),
            resume: Vec::new(),
            after_restore: Vec::new(),
            max_quiesced_seconds: DEFAULT_MAX_QUIESCED_SECONDS,
        }
    }
}

impl Hook {
    /// Whether a run continues without it if it fails.
    pub fn continues(&self) -> bool {
        self.on_failure == OnHookFailure::Continue
    }
}

impl HookLists {
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Whether a hook acts on a resource, which a cut-over replaces.
    pub fn has_places(&self) -> bool {
        self.all().any(|hook| hook.place.is_some())
    }

    /// Lets each hook act where today's hook of the same name does: a cut-over changes which database a resource is.
    pub fn follow(&mut self, today: &HookLists) {
        for hook in self.all_mut() {
            let same = today.all().find(|other| other.name == hook.name);
            let now = same.and_then(|other| other.place.clone());
            if let (Some(place), Some(now)) = (&mut hook.place, now)
                && place.resource == now.resource
            {
                *place = now;
            }
        }
    }

    /// Every hook, whenever it runs.
    pub fn all(&self) -> impl Iterator<Item = &Hook> {
        self.quiesce.iter().chain(&self.resume).chain(&self.after_restore)
    }

    /// As [`HookLists::all`].
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Hook> {
        let quiesce = self.quiesce.iter_mut();
        quiesce.chain(&mut self.resume).chain(&mut self.after_restore)
    }
}

/// What happens to a run whose hook failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnHookFailure {
    /// The run fails.
    #[default]
    Stop,
    /// The run continues, with a warning.
    Continue,
}

/// An action around a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hook {
    pub name: String,
    #[serde(flatten)]
    pub action: HookAction,
    /// Seconds within which it has to end, and likewise its undo.
    #[serde(rename = "timeout", serialize_with = "duration::serialize")]
    pub timeout_seconds: u64,
    /// How often it is begun again after it failed.
    pub retries: u32,
    pub on_failure: OnHookFailure,
    /// Where it acts, if that is a resource of the descriptor; not a part of the document, which has it already.
    #[serde(skip)]
    pub place: Option<HookPlace>,
}

/// The database on which a hook acts, as its descriptor names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookPlace {
    /// The resource's name.
    pub resource: String,
    pub target: Target,
    pub database: String,
    /// The secret with the login that acts.
    pub secret: String,
    /// The secrets of Holdfast's other logins to the resource.
    pub others: Vec<String>,
}

/// What a hook acts on, by kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(Deserialize))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HookAction {
    Lambda(Lambda),
    StepFunction(StepFunction),
    EcsScale(EcsScale),
    EventSource(EventSource),
    SsmCommand(SsmCommand),
    StackParameter(StackParameter),
    Http(Box<Http>),
    Sql(Sql),
}

/// A function, by name or ARN, with or without a version or alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(Deserialize))]
pub struct Lambda {
    pub function: String,
}

/// A standard state machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(Deserialize))]
pub struct StepFunction {
    /// Its ARN.
    pub state_machine: String,
    /// Handed to every execution as `input`, beside `action`, `deployment`, `set` and `hook`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
}

/// A service, by the names of its cluster and of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(Deserialize))]
pub struct EcsScale {
    pub cluster: String,
    pub service: String,
}

/// Rules of one event bus, and mappings; at least one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(Deserialize))]
pub struct EventSource {
    /// Names of the rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The rules' event bus; the account's default one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_bus: Option<String>,
    /// UUIDs of the mappings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mappings: Vec<String>,
}

/// What runs where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SsmCommand {
    /// Ids of managed nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<String>,
    /// In place of `instances`: every managed node with all of these tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Lines of one shell script.
    pub commands: Vec<String>,
    /// Lines of the script that undoes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<String>,
}

impl SsmCommand {
    /// Where it runs, for a person.
    pub fn target(&self) -> String {
        match self.instances.as_slice() {
            [] => {
                let tags: Vec<String> = self.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("the instances with the tags {}", tags.join(", "))
            }
            instances => instances.join(", "),
        }
    }
}

/// A stack, its parameter, and the value while the application is at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(Deserialize))]
pub struct StackParameter {
    pub stack: String,
    pub parameter: String,
    pub value: String,
}

/// A request to a server, and the one that undoes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Http {
    #[serde(flatten)]
    pub request: HttpRequest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<HttpRequest>,
}

impl Http {
    /// The hook's request, or its undo.
    pub fn request(&self, undo: bool) -> Option<&HttpRequest> {
        match undo {
            true => self.undo.as_ref(),
            false => Some(&self.request),
        }
    }

    /// The headers of a request: its own, or by default the hook's.
    pub fn headers<'a>(&'a self, request: &'a HttpRequest) -> Option<&'a BTreeMap<String, String>> {
        request.headers.as_ref().or(self.request.headers.as_ref())
    }

    /// The headers with which a request's end is polled: its own, or by default those of the request.
    pub fn poll_headers<'a>(
        &'a self,
        request: &'a HttpRequest,
        poll: &'a HttpPoll,
    ) -> Option<&'a BTreeMap<String, String>> {
        poll.headers.as_ref().or_else(|| self.headers(request))
    }
}

/// Texts in it may hold `${secret:NAME:KEY}` (see `domain/hooks/http/placeholders.rs`), except for the URL.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct HttpRequest {
    pub method: String,
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
    /// A text, or a mapping or list that is sent as JSON; null for none.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub body: Value,
    /// The statuses that mean success; any of 200 to 299 if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected_status: Vec<u16>,
    /// How the end of its work is seen; without it, it has ended with its response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<HttpPoll>,
}

/// A URL that is read until its response shows success or failure.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct HttpPoll {
    /// May hold `${response:/POINTER}`, a value from the response to the request.
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
    pub success: HttpCondition,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<HttpCondition>,
}

/// What a response has to have, all of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct HttpCondition {
    /// One of these statuses; any if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<u16>,
    /// A JSON Pointer into the body, and the values that may be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<Value>,
}

/// A resource's database, and what is done there: either it is closed, or statements are executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Sql {
    pub resource: String,
    /// The resource's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The secret with the login that acts; the resource's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Only Holdfast's own logins and `except` may connect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub close: bool,
    /// Roles of administrators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// Executed in one transaction.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<String>,
    /// The statements that undo them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<String>,
}
