//! Prints failures. Often only the end of a long log is visible: so no backtrace, which would hide the causes.

use std::process::ExitCode;

use anyhow::{Error, Result};

/// What failed and why, the outermost first, one cause per line.
pub fn causes(error: &Error) -> String {
    let lines: Vec<String> = error.chain().map(ToString::to_string).collect();
    lines.join("\ncaused by: ")
}

/// The exit of a program; a failure is printed to standard error.
pub fn end(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nfailed: {}", causes(&error));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_its_causes_and_nothing_else() {
        let error = Error::msg("connection refused")
            .context("DescribeExecution")
            .context("the run");
        assert_eq!(
            causes(&error),
            "the run\ncaused by: DescribeExecution\ncaused by: connection refused"
        );
    }
}
