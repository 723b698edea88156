//! Generated sequences of what operators and applications do: by seed, against a model, with invariants after each step.

pub mod effects;
pub mod generate;
pub mod invariants;
pub mod model;
pub mod names;
pub mod outcomes;
pub mod steps;
