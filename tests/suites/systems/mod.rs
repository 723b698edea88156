//! The systems that have a page in `docs/systems/`, end to end: each with its own descriptor from `examples/`.

mod cumulus_aurora;
mod cumulus_tables;
mod hubs;
mod rocket_chat;
mod sportfin;
mod system;
mod terraform;

use libtest_mimic::Trial;

use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let mut tests = hubs::tests(stages);
    tests.extend(rocket_chat::tests(stages));
    tests.extend(cumulus_tables::tests(stages));
    tests.extend(cumulus_aurora::tests(stages));
    tests.extend(sportfin::tests(stages));
    tests
}
