//! The input of a `restore` execution.
