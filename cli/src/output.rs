//! Standard output. A reader that stops reading (`holdfast sets hubs | head -1`) is no error.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use crate::failure::{Failure, Result};

/// Writes text as it is.
pub fn text(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::NotDone(format!("writing to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes one JSON document over several lines.
pub fn json(value: &impl Serialize) -> Result<()> {
    text(&format!(
        "{}\n",
        serde_json::to_string_pretty(value).map_err(unwritable)?
    ))
}

/// Writes one JSON document in one line.
pub fn json_line(value: &impl Serialize) -> Result<()> {
    text(&format!("{}\n", serde_json::to_string(value).map_err(unwritable)?))
}

fn unwritable(error: serde_json::Error) -> Failure {
    Failure::NotDone(format!("writing JSON: {error}"))
}
