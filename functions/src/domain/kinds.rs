//! What is known about each kind without asking AWS, one file per kind. Code that is independent of the kind calls these functions.

pub mod aurora;
pub mod dynamodb;
pub mod efs;
mod guard;
mod parameters;
mod profile;
mod registry;
pub mod secret;
pub mod shapes;

pub use profile::{Counting, DestinationFacts, Metric, Profile, Stateful, Use};
pub use registry::{
    ALL, any_of, as_of, copy_identifier, data_expires, destination, is_guard, is_pattern, is_read_while_backed_up,
    is_same, names, of, planned_name, stateful,
};
