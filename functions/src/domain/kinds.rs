//! What is known of each kind without asking AWS, a file a kind. Who does not know the kind asks here.

pub mod aurora;
pub mod dynamodb;
pub mod efs;
mod guard;
mod parameters;
mod profile;
mod registry;
pub mod secret;

pub use profile::{Counting, Metric, Profile, Stateful, Use};
pub use registry::{
    ALL, any_of, as_of, data_expires, is_guard, is_pattern, is_read_while_backed_up, is_same, names, of, stateful,
};
