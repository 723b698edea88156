pub mod command;
mod differences;
mod tidy;

use libtest_mimic::Trial;

use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let mut tests = tidy::tests(stages);
    tests.extend(differences::tests(stages));
    tests
}
