//! Connections to a database, with a login that is read at the moment of use.

pub mod connection;
pub mod credentials;
pub mod tls;
