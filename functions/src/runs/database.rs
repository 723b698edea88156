//! Connections to a database, with a login read when it is needed.

pub mod connection;
pub mod credentials;
pub mod tls;
