//! The command as it is run: its environment, exit code, output, and calls to AWS.
#![allow(clippy::unwrap_used)]

/// Wrong arguments are refused before AWS is called.
mod arguments;
/// Which credentials are used, and where something is changed.
mod credentials;
/// Discovery asks AWS, and writes a descriptor.
mod discovering;
/// An error is one line, with what to do.
mod refusals;
/// A set is restored into a new stack; what would harm or mislead is refused before anything is created.
mod stack_restore;
/// A server that responds like AWS, and the command configured for it.
mod support;
/// Watching a run, and stopping to watch it.
mod watching;
