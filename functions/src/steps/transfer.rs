//! The steps of the program `transfers`: those that move data or read the archive, with the clients that this takes.

pub mod archive_access;
pub mod database_access;
pub mod export_table;
pub mod load_dump;
pub mod write_dump;
