//! Dumps of Postgres databases in the lab's S3, from real servers of three majors.

/// What the tests share.
mod bucket;
/// Closing a database to its application, and opening it again.
mod closing;
/// Connections that are cut at a statement.
mod cutting;
/// What retention leaves in the archive.
mod expiry;
/// Connections that are cut, parts that fail, programs that are killed.
mod faults;
/// Databases of others with the name of a copy.
mod foreign;
/// Dump, restore, compare.
mod round_trips;
/// A deployment that is one database.
pub mod shop;
/// A Postgres shop, through the machines: nightly dumps, an incident, and the dump from before it.
mod sportfin;
/// Executions that are stopped during a dump or a restore.
mod stopped;
/// Stores that behave as a test needs.
mod stores;
/// Renaming databases, and back.
mod switching;
/// Dumps and restores in tasks of ECS.
mod tasks;
/// Every call of a dump's and a restore's functions failing in every way; every step twice.
mod trials;

use libtest_mimic::Trial;

use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let mut tests = round_trips::tests(stages);
    tests.extend(faults::tests(stages));
    tests.extend(foreign::tests(stages));
    tests.extend(switching::tests(stages));
    tests.extend(closing::tests(stages));
    tests.extend(sportfin::tests(stages));
    tests.extend(stopped::tests(stages));
    tests.extend(expiry::tests(stages));
    tests.extend(tasks::tests(stages));
    tests.extend(trials::tests(stages));
    tests
}
