//! Injected faults: which call or job fails, and how.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::service::Call;

/// How a call or a job fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The service's throttling error; the call has no effect.
    Throttle,
    /// HTTP 500; the call has no effect.
    #[serde(rename = "error_500")]
    Error500,
    /// HTTP 503; the call has no effect.
    #[serde(rename = "error_503")]
    Error503,
    /// The connection is closed before the call has an effect.
    CutBefore,
    /// The call takes effect, then the connection is closed without a response.
    CutAfter,
    /// The service's access-denied error; the call has no effect.
    AccessDenied,
    /// The response comes after `milliseconds` of real time.
    Slow,
    /// The client's process is killed before the call has an effect.
    KillCallerBefore,
    /// The call takes effect, then the client's process is killed.
    KillCallerAfter,
    /// The job that the call starts ends FAILED.
    JobFailed,
    /// The job never leaves CREATED and ends EXPIRED.
    JobExpired,
    /// The job ends PARTIAL.
    JobPartial,
    /// The job ends ABORTED.
    JobAborted,
    /// The job ends COMPLETED with a message category other than SUCCESS.
    JobCompletedWithIssues,
    /// The job runs forever.
    JobStuck,
    /// The job ends COMPLETED, with nothing in it.
    JobZeroBytes,
    /// A recovery point's deletion responds as if it had succeeded, and keeps the point, EXPIRED.
    DeleteIgnored,
    /// The response has no tags: they are eventually consistent.
    WithoutTags,
    /// The call does not find its resource, which is eventually consistent.
    NotFoundYet,
    /// RDS has no capacity for the instance or the cluster, or ECS for the task; the call has no effect.
    NoCapacity,
}

impl FaultKind {
    /// Whether the front door applies it to a call; the services apply the others.
    #[must_use]
    pub fn is_for_calls(self) -> bool {
        !self.is_for_jobs() && self != Self::DeleteIgnored
    }

    /// Whether it applies to the job that a call starts.
    #[must_use]
    pub fn is_for_jobs(self) -> bool {
        matches!(
            self,
            Self::JobFailed
                | Self::JobExpired
                | Self::JobPartial
                | Self::JobAborted
                | Self::JobCompletedWithIssues
                | Self::JobStuck
                | Self::JobZeroBytes
        )
    }

    /// Whether it is about eventual consistency, so that calls are counted for each resource.
    #[must_use]
    pub fn is_late(self) -> bool {
        matches!(self, Self::WithoutTags | Self::NotFoundYet)
    }

    /// Its name in the control API and the ledger.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

/// A rule: which calls it matches, which of those it hits, and what happens to them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Signing name of the service; any if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Name of the operation; any if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// A part of the resource or of an identifying parameter; any if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// App name of the caller; any if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// From which matching call on, 1-based, counted from the rule's registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// With which probability, 0 to 1, drawn from `seed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Seed of the draws; the same seed gives the same draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How often at most; once for `nth`, else without limit. For eventual consistency, so often for each resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What happens.
    pub kind: Option<FaultKind>,
    /// How slow, for `slow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
}

/// A rule in force.
#[derive(Clone, Debug, Serialize)]
struct ActiveRule {
    id: u64,
    #[serde(flatten)]
    rule: Rule,
    hits: u64,
    seen: u64,
    #[serde(skip)]
    draws: u64,
    /// How often each resource was outdated.
    #[serde(skip)]
    late: BTreeMap<String, u64>,
}

/// A fault that hits a call now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InjectedFault {
    /// What happens.
    pub kind: FaultKind,
    /// How slow, for `slow`.
    pub milliseconds: u64,
}

/// The rules in force.
#[derive(Default)]
pub struct Faults(Mutex<(u64, Vec<ActiveRule>)>);

impl Faults {
    /// Registers a rule and returns its id.
    ///
    /// # Errors
    /// A message with the field that is missing or out of range.
    pub fn add(&self, rule: Rule) -> Result<u64, String> {
        if rule.kind.is_none() {
            return Err("fault: `kind` is missing".to_owned());
        }
        if rule.nth == Some(0) {
            return Err("fault: `nth` is 0, the first matching call is 1".to_owned());
        }
        if rule.nth.is_some() && rule.probability.is_some() {
            return Err("fault: either `nth` or `probability`, not both".to_owned());
        }
        if rule.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
            return Err("fault: `probability` must be from 0 to 1".to_owned());
        }
        if rule.kind == Some(FaultKind::Slow) && rule.milliseconds.is_none() {
            return Err("fault: `slow` needs `milliseconds`".to_owned());
        }
        let mut guard = self.lock();
        guard.0 += 1;
        let id = guard.0;
        let draws = rule.seed.unwrap_or(0);
        guard.1.push(ActiveRule {
            id,
            rule,
            hits: 0,
            seen: 0,
            draws,
            late: BTreeMap::new(),
        });
        Ok(id)
    }

    /// All rules with how many calls they matched (`seen`) and hit (`hits`), as JSON.
    #[must_use]
    pub fn list(&self) -> serde_json::Value {
        serde_json::to_value(&self.lock().1).unwrap_or_default()
    }

    /// Removes one rule; false when there is none with this id.
    pub fn remove(&self, id: u64) -> bool {
        let mut guard = self.lock();
        let before = guard.1.len();
        guard.1.retain(|active| active.id != id);
        guard.1.len() < before
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.lock().1.clear();
    }

    /// The fault that hits this call at the front door, if any.
    #[must_use]
    pub fn for_call(&self, call: &Call) -> Option<InjectedFault> {
        self.draw(call, FaultKind::is_for_calls)
    }

    /// The fault that hits the job which this call starts, if any. Call this once per started job.
    #[must_use]
    pub fn for_job(&self, call: &Call) -> Option<FaultKind> {
        self.draw(call, FaultKind::is_for_jobs).map(|hit| hit.kind)
    }

    /// Whether a fault of exactly this kind hits the call.
    #[must_use]
    pub fn fires(&self, call: &Call, kind: FaultKind) -> bool {
        self.draw(call, |other| other == kind).is_some()
    }

    /// Every matching rule counts the call; the first that fires decides.
    fn draw(&self, call: &Call, wanted: impl Fn(FaultKind) -> bool) -> Option<InjectedFault> {
        let mut decided = None;
        for active in &mut self.lock().1 {
            let Some(kind) = active.rule.kind.filter(|kind| wanted(*kind)) else {
                continue;
            };
            if !matches(&active.rule, call) {
                continue;
            }
            active.seen += 1;
            if decided.is_none() && fires(active, call) {
                active.hits += 1;
                if kind.is_late() {
                    *active.late.entry(call.resource.clone()).or_default() += 1;
                }
                let milliseconds = active.rule.milliseconds.unwrap_or(0);
                decided = Some(InjectedFault { kind, milliseconds });
            }
        }
        decided
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, Vec<ActiveRule>)> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

fn matches(rule: &Rule, call: &Call) -> bool {
    let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
    let about =
        |part: &str| call.resource.contains(part) || call.identifiers.values().any(|value| value.contains(part));
    same(&rule.service, &call.service)
        && same(&rule.action, &call.action)
        && same(&rule.caller, &call.caller)
        && rule.resource.as_deref().is_none_or(about)
}

/// Whether a rule that has just counted a call hits it.
fn fires(active: &mut ActiveRule, call: &Call) -> bool {
    let late = active.rule.kind.is_some_and(FaultKind::is_late);
    let hits = if late {
        active.late.get(&call.resource).copied().unwrap_or(0)
    } else {
        active.hits
    };
    let limit = active.rule.times.or(active.rule.nth.map(|_| 1));
    let chosen = match (active.rule.nth, active.rule.probability) {
        (Some(nth), _) => active.seen >= nth,
        (None, Some(probability)) => draw(&mut active.draws) < probability,
        (None, None) => true,
    };
    chosen && limit.is_none_or(|limit| hits < limit)
}

/// The next number from 0 to 1 of the sequence that `state` is in (SplitMix64).
#[allow(clippy::cast_precision_loss)]
fn draw(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests;
