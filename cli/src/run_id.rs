//! Ids of runs: of a restore, and of a backup's set.

use crate::failure::{Failure, Result};

/// The deployment of a run, whose id begins with its name.
///
/// # Errors
/// `Wrong` if it is not a run's id.
pub fn deployment_of(run: &str) -> Result<String> {
    deployment(run).ok_or_else(|| {
        Failure::Wrong(format!(
            "{run} is not a restore's id. Expected one such as hubs-prod-20261120-021500-ab12: `holdfast restores NAME` lists them."
        ))
    })
}

/// The same, but `None` for anything else, such as an execution's name.
pub fn deployment(run: &str) -> Option<String> {
    let mut parts = run.rsplitn(4, '-');
    let (hash, time, day, name) = (parts.next(), parts.next(), parts.next(), parts.next());
    let digits = |part: Option<&str>, length| {
        part.is_some_and(|part| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let fits = digits(day, 8) && digits(time, 6) && hash.is_some_and(|hash| hash.len() == 4);
    name.filter(|name| fits && !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_runs_id_names_its_deployment() {
        assert_eq!(deployment_of("hubs-prod-20261120-021500-ab12").unwrap(), "hubs-prod");
        for wrong in [
            "hubs",
            "hubs-prod-20261120-021500",
            "arn:aws:states:x",
            "-20261120-021500-ab12",
            "20261120-021500-087-hubs-prod",
        ] {
            assert_eq!(deployment_of(wrong).unwrap_err().code(), 2, "{wrong}");
        }
    }
}
