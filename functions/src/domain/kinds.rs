//! What is known about each kind without asking AWS, one file per kind. Code that is independent of the kind calls these functions.

pub mod aurora;
mod database;
pub mod dynamodb;
pub mod efs;
mod guard;
mod parameters;
mod pattern;
pub mod postgres;
mod prices;
mod profile;
mod registry;
pub mod safeguard;
pub mod secret;
pub mod shapes;
pub mod upkeep;

pub use database::{Database, IamLogins};
pub use pattern::Pattern;
pub use profile::{Counting, DestinationFacts, Metric, Profile, Stateful, SwitchObstacle, Use};
#[cfg(test)]
pub use registry::EXAMPLES;
pub use registry::{
    ALL, any_of, as_of, closeness, copy_identifier, data_expires, database, destination, directory, has_own_name,
    is_guard, is_pattern, is_read_while_backed_up, is_same, member_name, member_target, names, of, patterns_of,
    planned_name, stateful,
};
pub use safeguard::Safeguard;
