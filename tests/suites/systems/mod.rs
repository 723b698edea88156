mod hubs;

use libtest_mimic::Trial;

use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    hubs::tests(stages)
}
