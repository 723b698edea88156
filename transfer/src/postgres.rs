//! Logical dumps of Postgres databases, by `pg_dump` and `pg_restore` themselves.
//!
//! # For whoever connects the kind
//!
//! | step | call |
//! |---|---|
//! | plan a backup | [`Clients::find`] (the layer is in `/opt`), [`describe`], [`decide_placement`] |
//! | dump | [`dump`] into an [`S3Store`](crate::s3::S3Store) whose prefix is the set's and resource's own; it returns the [`Manifest`] |
//! | before sealing | [`verify()`] with [`Depth::Stored`] |
//! | choose a dump | [`newest_before`], from `captured_at` of the manifests |
//! | plan a restore | [`read_dump`], [`beside`] for the copy's name, [`check_restore`], [`check_switch`] |
//! | restore | [`restore`], [`analyze`], then [`count_probes`] and [`differences`] |
//! | cut over, undo it | [`plan_switch`], [`apply_switch`], [`revert_switch`]; [`observe_switch`] says which is the case |
//! | undo a restore | [`drop_restored`] |
//! | bring an application to rest | [`check_closing`], [`observe_access`], [`close_database`], [`open_database`]; [`Session::transact`] |
//! | prune | [`delete_dump`] |
//!
//! Each may run twice, also at once: then one dump is complete, and both return it. A future that is dropped ends its programs and
//! uploads. Nothing here reads a clock, a secret or an environment variable. The runtime should have two threads where the machine
//! has two cores: TLS, hashing and the programs then run beside each other.
//!
//! # What a dump consists of
//!
//! With one job, `….whole.dump`: an archive in `pg_dump`'s custom format. With more, `….schema.dump` (sections `pre-data` and `post-data`)
//! and `….data-<n>.dump` (section `data`), each by a `pg_dump` of its own in the same exported snapshot, with the tables divided by size. The
//! directory format, in which `pg_dump` itself has jobs, would need the disk for all of the dump, since its files have no names before
//! they are written; archives of sections are streamed, and restored without a file but the definitions' own. By hand:
//! `aws s3 cp s3://…/….whole.dump - | pg_restore --dbname=…`, or `pg_restore --section=pre-data` from the definitions, every
//! `….data-<n>.dump`, then `--section=post-data`.
//!
//! `….globals.sql` has the server's roles, without passwords. `manifest.json` is written last: without it, there is no dump. It names the
//! objects, whose names begin with the snapshot's time and id, so that no two attempts ever write or remove the same one.
//!
//! Sequences are not transactional: a dump has their values of when `pg_dump` read them, at least those of the snapshot.

mod archive;
mod arguments;
mod attempt;
mod bridge;
mod clients;
mod closing;
mod describe;
mod dump;
mod facts;
mod globals;
mod handshake;
mod manifest;
mod metadata;
mod names;
mod placement;
mod prerequisites;
mod programs;
mod removal;
mod restore;
mod selection;
mod server;
mod snapshot;
mod switch;
mod tables;
mod target;
mod toc;
mod verify;
mod version;

pub use clients::{Client, Clients, Compression};
pub use closing::{Access, KeptRoles, check_closing, close as close_database, observe_access, open as open_database};
pub use describe::{Description, describe};
pub use dump::{DumpRequest, dump};
pub use manifest::{
    Archive, DatabaseFacts, Grant, MANIFEST, Manifest, Part, Setting, find as find_dump, read as read_dump,
};
pub use names::beside;
pub use placement::{PastRun, Placement, Work, decide as decide_placement};
pub use removal::{Dropped, delete_dump, drop_restored};
pub use restore::{RestoreRequest, analyze, check as check_restore, restore};
pub use selection::{DumpSummary, newest_before};
pub use server::{Server, Session};
pub use snapshot::{Counts, Probe, count_in as count_probes, differences};
pub use switch::{
    SwitchPlan, SwitchState, apply as apply_switch, check as check_switch, observe as observe_switch,
    plan as plan_switch, revert as revert_switch,
};
pub use verify::{Depth, verify};
pub use version::ServerVersion;
