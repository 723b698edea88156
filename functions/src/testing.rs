//! What the tests share: builders of records, a replayed AWS, a catalog in memory, and doubles that record their calls.

#![allow(clippy::unwrap_used)]

pub mod backups;
pub mod conformance;
pub mod executions;
pub mod generated;
pub mod hooks;
pub mod inbox;
pub mod logins;
pub mod members;
pub mod memory;
pub mod replay;
pub mod restored;
pub mod restores;
pub mod runs;
pub mod samples;
pub mod switchboard;
pub mod switches;
pub mod wrong;

pub use backups::{Discoverable, RecordedKind, Recoverable, finished, kinds, table_backup};
pub use executions::{Running, RunningExecutions};
pub use hooks::RecordedHooks;
pub use inbox::Inbox;
pub use restores::made;
pub use runs::{
    EXECUTION, catalog, descriptor, document, later, now, planned, record, resource, run, running_set, started_at,
};
