//! End-to-end suites: the real template, state machines and binaries in labs with real data.
//!
//! `cargo test --profile lab --workspace --test suites -- NAME` runs those whose names contain NAME.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

/// A restore asks before it creates anything, and before it switches; no answer means no.
mod approvals;
/// Every captured attribute of every kind is restored.
mod attributes;
/// A backup seals a set with exactly the data as of its capture.
mod backup;
/// A broken copy is reported by name.
mod broken;
/// What must hold after any run, good or bad.
mod checks;
/// The expectations of a restore.
mod copies;
/// The directories in use of a file system, restored again and again.
mod directories;
/// A file system's files and settings are restored, in a directory or in a new file system.
mod efs;
/// Jobs that fail or never end, aborted executions, killed functions, wrong requests.
mod failures;
/// The application is quiesced and resumed, also after failures in between.
mod hooks;
/// What is backed up is what is in use, also after a cut-over.
mod in_use;
/// Runs wait for what AWS shows late.
mod late;
/// No password is ever written down.
mod leaks;
/// What restores left is listed, and removed only if nothing uses it; what has come or gone is named.
mod leftovers;
/// Records that grow with the user's data stay within AWS's limits.
mod limits;
/// An application can log in to what it is switched to.
mod logins;
/// A deployment is deleted, and its catalog lost: both are restored.
mod lost;
/// A set that is older than the descriptor by which it is restored.
mod matching;
/// The permissions that calls need.
mod needs;
/// The schedule backs up every deployment; a broken one stops no other.
mod nightly;
/// What was committed by a moment is restored, and nothing later.
mod point_in_time;
/// Postgres databases are dumped to S3 and restored, from real servers of three majors.
mod postgres_dumps;
/// A plan refuses what would fail later.
mod preconditions;
/// Least privilege, from the ledgers of all suites.
mod privileges;
/// A restore recovers lost data in copies, cuts over, and switches back.
mod restore;
/// Restores that fail, are stopped or die, and leave nothing.
mod restore_failures;
/// The generic trials, over the whole restore.
mod restore_trials;
/// Nights pass, and exactly the sets that the policy keeps remain.
mod retention;
/// Generated sequences of what operators and applications do.
mod soak;
/// Labs with the stack in them, lent to one test at a time.
mod stage;
/// The systems that have a page, each with its descriptor from `examples/`.
mod systems;
/// Archives of tables in S3, from a backup to an import.
mod table_archives;
/// A table that was exported and imported is the same; what was interrupted continues, or is no export.
mod table_files;
/// Every step twice; every AWS call of every function failing in every way.
mod trials;
/// What a restore created is kept while it is in use.
mod unused;

use libtest_mimic::{Arguments, Trial};

/// Tests that take minutes start first: otherwise one or two labs run alone at the end.
const LONGEST: [&str; 6] = [
    "restore_trials::every_call_failed_beyond",
    "restore_trials::every_call_cut_off_after_its_effect_beyond",
    "restore_trials::every_call",
    "postgres_dumps::trials::every_call",
    "trials::every_call",
    "nightly::",
];

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(stage::LABS);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stages = stage::Stages::new(runtime.handle().clone());
    let mut tests: Vec<Trial> = Vec::new();
    tests.extend(backup::tests(&stages));
    tests.extend(nightly::tests(&stages));
    tests.extend(failures::tests(&stages));
    tests.extend(hooks::tests(&stages));
    tests.extend(retention::tests(&stages));
    tests.extend(leaks::tests(&stages));
    tests.extend(late::tests(&stages));
    tests.extend(logins::tests(&stages));
    tests.extend(restore::tests(&stages));
    tests.extend(in_use::tests(&stages));
    tests.extend(limits::tests(&stages));
    tests.extend(matching::tests(&stages));
    tests.extend(unused::tests(&stages));
    tests.extend(point_in_time::tests(&stages));
    tests.extend(leftovers::tests(&stages));
    tests.extend(lost::tests(&stages));
    tests.extend(approvals::tests(&stages));
    tests.extend(directories::tests(&stages));
    tests.extend(efs::tests(&stages));
    tests.extend(systems::tests(&stages));
    tests.extend(table_archives::tests(&stages));
    tests.extend(table_files::tests(&stages));
    tests.extend(trials::tests(&stages));
    tests.extend(restore_trials::tests(&stages));
    tests.extend(restore_failures::tests(&stages));
    tests.extend(preconditions::tests(&stages));
    tests.extend(broken::tests(&stages));
    tests.extend(attributes::tests(&stages));
    tests.extend(postgres_dumps::tests(&stages));
    tests.extend(soak::tests(&stages));
    tests.sort_by_key(|test| {
        let long = LONGEST.iter().position(|name| test.name().starts_with(name));
        long.unwrap_or(LONGEST.len())
    });
    let suites = libtest_mimic::run(&arguments, tests);
    // The permissions are compared with all calls, so this runs after all suites above.
    let complete = suites.num_filtered_out == 0 && suites.num_failed == 0;
    let privileges = libtest_mimic::run(&arguments, privileges::tests(&stages, complete));
    stages.stop();
    if suites.has_failed() {
        suites.exit()
    } else {
        privileges.exit()
    }
}
