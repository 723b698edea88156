//! The ledger: every call that reached the lab, its caller, and its response.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;
use serde::Serialize;

use crate::faults::FaultKind;
use crate::service::{Answer, Call};

/// One call.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Number in order of completion, from 1, never used twice.
    pub seq: u64,
    /// When the call came in, on the lab's clock.
    pub time: Timestamp,
    /// App name of the client.
    pub caller: String,
    /// Signing name of the service.
    pub service: String,
    /// Name of the operation.
    pub action: String,
    /// The call's resource.
    pub resource: String,
    /// HTTP status of the answer; if the connection was cut, what the client would have received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// AWS error code of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The injected fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Parameters that are identifiers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub request: BTreeMap<String, String>,
}

/// The calls so far.
#[derive(Default)]
pub struct Ledger(Mutex<(u64, Vec<Entry>)>);

impl Ledger {
    /// Records a call; `answer` is none if it had no effect.
    pub fn write(&self, time: Timestamp, call: &Call, fault: Option<FaultKind>, answer: Option<&Answer>) {
        let mut guard = self.0.lock().unwrap_or_else(|e| e.into_inner());
        guard.0 += 1;
        let seq = guard.0;
        guard.1.push(Entry {
            seq,
            time,
            caller: call.caller.clone(),
            service: call.service.clone(),
            action: call.action.clone(),
            resource: call.resource.clone(),
            status: answer.map(|answer| answer.status),
            error: answer.and_then(|answer| answer.error_code.clone()),
            fault: fault.map(FaultKind::name),
            request: call.identifiers.clone(),
        });
    }

    /// The calls after number `seq`, in order.
    #[must_use]
    pub fn since(&self, seq: u64) -> Vec<Entry> {
        let guard = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let from = guard.1.partition_point(|entry| entry.seq <= seq);
        guard.1[from..].to_vec()
    }

    /// Number of the newest call; 0 before the first.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).0
    }

    /// Removes the calls; the numbers continue.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).1.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::call::tests::call;
    use crate::service::Protocol;

    #[test]
    fn numbers_go_on_and_since_leaves_out_what_was_seen() {
        let ledger = Ledger::default();
        let now = Timestamp::now();
        for resource in ["a", "b", "c"] {
            ledger.write(now, &call("backup", "StartBackupJob", resource), None, None);
        }
        let seen: Vec<String> = ledger.since(1).into_iter().map(|entry| entry.resource).collect();
        assert_eq!(seen, ["b", "c"]);
        ledger.clear();
        assert!(ledger.since(0).is_empty());
        ledger.write(now, &call("backup", "StartBackupJob", "d"), None, None);
        assert_eq!(ledger.since(0)[0].seq, 4);
        assert_eq!(ledger.since(3).len(), 1);
        assert!(ledger.since(99).is_empty());
        assert_eq!(ledger.position(), 4);
    }

    #[test]
    fn an_entry_says_what_the_client_got_and_what_was_injected() {
        let ledger = Ledger::default();
        let answer = Answer::error(Protocol::Json, 400, "ThrottlingException", "slow down");
        let call = call("dynamodb", "CreateBackup", "users");
        ledger.write(Timestamp::now(), &call, Some(FaultKind::Throttle), Some(&answer));
        let entry = serde_json::to_value(&ledger.since(0)[0]).unwrap();
        assert_eq!(entry["status"], 400);
        assert_eq!(entry["error"], "ThrottlingException");
        assert_eq!(entry["fault"], "throttle");
        assert_eq!(entry["caller"], "-");
    }
}
