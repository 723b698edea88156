//! The command as it is started: its environment, its exit code, what it says, and what it asks of AWS.
#![allow(clippy::unwrap_used)]

/// Wrong arguments are refused before anything is asked of AWS.
mod arguments;
/// Whose credentials are used, and where something is changed.
mod credentials;
/// What cannot be done is one line, with what to do.
mod refusals;
/// A server that answers as AWS would, and the command pointed at it.
mod support;
/// Watching a run, and ceasing to.
mod watching;
