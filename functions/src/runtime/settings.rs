//! A function's settings, from its environment.

use crate::error::{Error, Result};

/// A setting of the function, from its environment.
///
/// # Errors
/// `InvalidInput`, which names it, when it is missing or empty.
pub fn setting(name: &str) -> Result<String> {
    optional_setting(name).ok_or_else(|| {
        Error::invalid(
            format!("environment.{name}"),
            "(missing)",
            "a value: it comes from the stack's template; deploy the stack again",
        )
    })
}

/// A setting that may be missing; an empty one is missing.
pub fn optional_setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
