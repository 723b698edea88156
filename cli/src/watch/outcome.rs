//! How a watched backup ended, and what to do next.

use aws_sdk_sfn::types::ExecutionStatus;
use holdfast::domain::message::console_link;
use holdfast::domain::set::{BackupSet, PointStatus, SetStatus};
use jiff::Timestamp;

use super::snapshot::RunSnapshot;
use crate::failure::{Failure, Result};
use crate::format;
use crate::table::listed;

/// The closing lines for a sealed set.
///
/// # Errors
/// `NotDone`, with each reason, when the set is not sealed or the execution failed nevertheless.
pub fn of(look: &RunSnapshot, now: Timestamp) -> Result<String> {
    let sealed = look.set.as_ref().filter(|set| set.status == SetStatus::Sealed);
    match sealed {
        Some(set) if look.status == ExecutionStatus::Succeeded => Ok(good(look, set, now)),
        Some(set) => Err(Failure::NotDone(format!(
            "{}But its execution ended as {}{}.\nSee it in the console:  {}",
            good(look, set, now),
            look.status.as_str(),
            look.cause
                .as_ref()
                .map(|cause| format!(":\n{}", listed(cause).trim_end()))
                .unwrap_or_default(),
            console_link(&look.execution)
        ))),
        None => Err(Failure::NotDone(bad(look, now))),
    }
}

fn good(look: &RunSnapshot, set: &BackupSet, now: Timestamp) -> String {
    let available = look
        .points
        .iter()
        .filter(|point| point.status == PointStatus::Available)
        .count();
    let size = look.points.iter().filter_map(|point| point.size_bytes).sum();
    let mut text = format!(
        "Set {} is sealed: {available} of {} recovery points, {}",
        set.id,
        set.resources.len().max(look.points.len()),
        format::bytes(size)
    );
    if let Some(skew) = set.skew_seconds {
        text.push_str(&format!(", skew {}", format::skew(skew)));
    }
    text.push_str(&format!(
        ", took {}.\n",
        format::span(look.started_at, look.stopped_at.unwrap_or(now))
    ));
    for probe in set.probes.iter().filter(|probe| probe.failure.is_some()) {
        text.push_str(&format!("Probe {} could not be counted.\n", probe.name));
    }
    for warning in look.run.iter().flat_map(|run| &run.warnings) {
        let warning = format!("Warning: {}: {}: {}", warning.subject, warning.error, warning.message);
        text.push_str(listed(&warning).trim_start());
    }
    text.push_str(&ended(look, now));
    text.push_str(&format!(
        "See it: holdfast show{} {} {}\n",
        look.stack_option, look.deployment, set.id
    ));
    text
}

fn ended(look: &RunSnapshot, now: Timestamp) -> String {
    look.stopped_at.map(|at| format::ended(at, now)).unwrap_or_default()
}

fn bad(look: &RunSnapshot, now: Timestamp) -> String {
    let what = match look.status {
        ExecutionStatus::Aborted => "was aborted",
        ExecutionStatus::TimedOut => "timed out",
        _ => "failed",
    };
    let mut text = format!("The backup of {} {what}; no set was sealed.\n", look.deployment);
    let reasons = look.set.iter().flat_map(|set| &set.reasons).collect::<Vec<_>>();
    for reason in &reasons {
        text.push_str(&listed(&format!(
            "{}: {}: {}",
            reason.subject, reason.error, reason.message
        )));
    }
    if let (true, Some(cause)) = (reasons.is_empty(), &look.cause) {
        text.push_str(&listed(cause));
    }
    text.push_str(&ended(look, now));
    text.push_str(&format!("See it in the console:  {}\n", console_link(&look.execution)));
    let option = &look.stack_option;
    let again = format!("holdfast backup{option} {} --watch", look.deployment);
    match &look.set {
        Some(set) => text.push_str(&format!(
            "What it backed up: holdfast show{option} {} {}\nThen: {again}",
            look.deployment, set.id
        )),
        None => text.push_str(&format!("When that is corrected: {again}")),
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use holdfast::domain::set::Reason;

    use super::*;
    use crate::testing::at;
    use crate::testing::watch::look;

    #[test]
    fn a_sealed_set_ends_well() {
        let mut look = look(SetStatus::Sealed, ExecutionStatus::Succeeded);
        look.points[0].size_bytes = Some(1_572_864);
        let text = of(&look, at("2025-01-31T23:30:00Z")).unwrap();
        assert_eq!(
            text,
            "Set hubs-1 is sealed: 1 of 2 recovery points, 1.5 MiB, took 12 min.\nEnded 2025-01-31 23:12:00Z, 18 min ago.\n\
             See it: holdfast show --stack hf hubs hubs-1\n"
        );
    }

    #[test]
    fn a_failed_set_ends_with_exit_code_1_and_its_reasons() {
        let mut look = look(SetStatus::Failed, ExecutionStatus::Failed);
        let reason = Reason {
            subject: "storage".into(),
            error: "JobFailed".into(),
            message: "ended EXPIRED".into(),
        };
        look.set.as_mut().unwrap().reasons = vec![reason];
        let failure = of(&look, at("2025-01-31T23:30:00Z")).unwrap_err();
        assert_eq!(failure.code(), 1);
        let text = failure.to_string();
        for part in [
            "failed; no set",
            "  storage: JobFailed: ended EXPIRED\n",
            "console.aws.amazon.com",
            "holdfast backup --stack hf hubs --watch",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn a_run_that_could_not_start_tells_the_executions_cause() {
        let mut look = look(SetStatus::Failed, ExecutionStatus::Aborted);
        look.set = None;
        look.cause = Some("DeploymentBusy: another run holds it".into());
        let text = of(&look, at("2025-01-31T23:30:00Z")).unwrap_err().to_string();
        assert!(
            text.contains("was aborted") && text.contains("  DeploymentBusy: another run holds it\n"),
            "{text}"
        );
    }

    #[test]
    fn a_sealed_set_whose_execution_failed_is_not_done() {
        let look = look(SetStatus::Sealed, ExecutionStatus::Failed);
        let failure = of(&look, at("2025-01-31T23:30:00Z")).unwrap_err();
        assert!(
            failure.code() == 1 && failure.to_string().contains("ended as FAILED"),
            "{failure}"
        );
    }
}
