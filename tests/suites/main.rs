//! End-to-end suites: the real template, state machines and binaries in labs with real data.
//!
//! `cargo test --release -p holdfast-tests --test suites -- NAME` runs those whose names contain NAME.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

/// A backup seals a set that holds exactly the data of its moment.
mod backup;
/// What must hold after any run, good or bad.
mod checks;
/// Jobs that fail or never end, aborted executions, killed functions, wrong requests.
mod failures;
/// No password is ever written down.
mod leaks;
/// The schedule backs up every deployment; a broken one stops nobody.
mod nightly;
/// Nights pass, and exactly what the policy keeps is there.
mod retention;
/// Labs with the stack in them, lent to one test at a time.
mod stage;
/// Every step twice; every AWS call of every function failing in every way.
mod trials;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(stage::LABS);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stages = stage::Stages::new(runtime.handle().clone());
    let mut tests: Vec<Trial> = Vec::new();
    tests.extend(backup::tests(&stages));
    tests.extend(nightly::tests(&stages));
    tests.extend(failures::tests(&stages));
    tests.extend(retention::tests(&stages));
    tests.extend(leaks::tests(&stages));
    tests.extend(trials::tests(&stages));
    let conclusion = libtest_mimic::run(&arguments, tests);
    stages.stop();
    conclusion.exit();
}
