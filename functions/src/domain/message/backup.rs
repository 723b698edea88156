//! The messages of one run of `backup`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::advice::next_step;
use super::facts::{self, LISTED};
use super::{Event, Message, Severity, console_link, words};
use crate::domain::duration::in_words;
use crate::domain::set::{BackupSet, Point, Reason, RunRecord, SetStatus};

/// All that is known of a run when on-call is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Backup<'a> {
    /// `None` where the execution's input names no deployment.
    pub deployment: Option<&'a str>,
    /// ARN of the execution.
    pub execution: &'a str,
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// `None` where planning did not come so far.
    pub run: Option<&'a RunRecord>,
    /// The run's own set; `None` where planning did not come so far.
    pub set: Option<&'a BackupSet>,
    pub points: &'a [Point],
    /// The deployment's newest sealed set, which may be the run's own.
    pub newest_sealed: Option<&'a BackupSet>,
    /// The error that took the machine from its way.
    pub failure: Option<&'a Reason>,
}

/// How an execution ended that never reached its own Notify.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// The execution's status: `ABORTED`, `TIMED_OUT`, `FAILED`.
    pub status: &'a str,
    /// Step Functions' words, where it has any.
    pub cause: Option<&'a str>,
    /// Whether the clean-up gave the deployment's lease back.
    pub lease_released: bool,
}

/// The message of a run that reached Notify: sealed, failed, or not started.
pub fn backup(backup: &Backup<'_>) -> Message {
    match backup.set {
        Some(set) if set.status == SetStatus::Sealed => sealed(backup, set),
        Some(_) => failed(backup),
        None => not_started(backup),
    }
}

fn sealed(backup: &Backup<'_>, set: &BackupSet) -> Message {
    let name = backup.name();
    let warnings = backup.warnings();
    let (available, planned) = facts::tally(backup.set, backup.points);
    let quiesced = facts::left_quiesced(backup.run);
    let severity = match (quiesced, warnings.is_empty()) {
        (Some(_), _) => Severity::Critical,
        (None, false) => Severity::Warning,
        (None, true) => Severity::Info,
    };
    let took = in_words(facts::seconds_since(
        set.started_at,
        set.ended_at.unwrap_or(backup.now),
    ));
    let skew = set
        .skew_seconds
        .map(|skew| format!("Between the first and the last capture lie {skew} s (skew)."));
    let rest = set
        .quiesced_seconds
        .map(|seconds| format!("The application was at rest for {seconds} s."));
    let happened = [
        Some(format!(
            "Set {} is sealed: {available} of {planned} recovery points, after {took}.",
            set.id
        )),
        Some(facts::points(backup.points)),
        facts::probes(&set.probes),
        skew,
        rest,
        (!warnings.is_empty()).then(|| format!("But look at this:\n{}", facts::reasons(&warnings))),
    ];
    let means = format!(
        "{name} can be restored as it was at {}.",
        words::time(facts::holds(set))
    );
    let mut steps = backup.steps(&warnings);
    if steps.is_empty() {
        steps.push("Nothing.".to_owned());
    }
    steps.push(format!(
        "To look at the set: holdfast show {name} {}",
        set.id
    ));
    let but = match (quiesced, warnings.len()) {
        (Some(_), _) => ", BUT THE APPLICATION IS STILL AT REST".to_owned(),
        (None, 0) => String::new(),
        (None, number) => format!(", with {}", words::count(number, "warning")),
    };
    let subject =
        format!("Holdfast: {name} backed up, {available} of {planned} recovery points sealed{but}");
    let happened = happened
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n");
    backup.message(
        Event::BackupSealed,
        severity,
        &subject,
        &happened,
        &means,
        &steps,
        &warnings,
    )
}

fn failed(backup: &Backup<'_>) -> Message {
    let name = backup.name();
    let reasons = backup.reasons();
    let (available, planned) = facts::tally(backup.set, backup.points);
    let why = match reasons.as_slice() {
        [] => "for a reason that was not recorded".to_owned(),
        [one] => format!("{}: {}", one.subject, one.error),
        [one, others @ ..] => format!("{}: {} and {} more", one.subject, one.error, others.len()),
    };
    let id = backup.set.map_or("", |set| set.id.as_str());
    let warnings = backup.warnings();
    let happened = [
        Some(format!(
            "The backup of {name} failed. Set {id} is not sealed: {available} of {planned} recovery points are there."
        )),
        Some(facts::reasons(&reasons)),
        (!backup.points.is_empty())
            .then(|| format!("Its recovery points:\n{}", facts::points(backup.points))),
        (!warnings.is_empty()).then(|| format!("Besides:\n{}", facts::reasons(&warnings))),
    ];
    let means = facts::newest_sealed(name, backup.newest_sealed, backup.now);
    let mut steps = backup.steps(&reasons.iter().chain(&warnings).cloned().collect::<Vec<_>>());
    steps.push(format!("Back up again: holdfast backup {name} --watch"));
    let happened = happened
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    let subject = format!("Holdfast: BACKUP OF {name} FAILED ({why})");
    backup.message(
        Event::BackupFailed,
        Severity::Critical,
        &subject,
        &happened,
        &means,
        &steps,
        &reasons,
    )
}

fn not_started(backup: &Backup<'_>) -> Message {
    let name = backup.name();
    let reasons = backup.reasons();
    let error = reasons
        .first()
        .map_or("no reason recorded", |reason| reason.error.as_str());
    let busy = error == "DeploymentBusy";
    let severity = if busy {
        Severity::Warning
    } else {
        Severity::Critical
    };
    let happened = format!(
        "The backup of {name} was not started; nothing was touched.\n{}",
        facts::reasons(&reasons)
    );
    let mut steps = backup.steps(&reasons);
    match backup.deployment {
        Some(name) if !busy => steps.push(format!("Back up again: holdfast backup {name} --watch")),
        Some(_) => {}
        None => steps.push("See which deployments there are: holdfast deployments".to_owned()),
    }
    let means = match backup.deployment {
        Some(name) => facts::newest_sealed(name, backup.newest_sealed, backup.now),
        None => "No deployment was backed up by this execution.".to_owned(),
    };
    let subject = format!("Holdfast: backup of {name} NOT STARTED ({error})");
    backup.message(
        Event::BackupNotStarted,
        severity,
        &subject,
        &happened,
        &means,
        &steps,
        &reasons,
    )
}

/// The message of the clean-up after an execution that never reached its own Notify.
pub fn ended(backup: &Backup<'_>, ended: &Ended<'_>) -> Message {
    let name = backup.name();
    let how = match ended.status {
        "ABORTED" => "was aborted, in the console or by a command",
        "TIMED_OUT" => "ran out of its time",
        _ => "broke off",
    };
    let sealed = backup
        .set
        .is_some_and(|set| set.status == SetStatus::Sealed);
    let reasons = backup.reasons();
    let resumed = backup
        .run
        .and_then(|run| run.resumed_at.filter(|_| run.quiesced_at.is_some()));
    let happened = [
        Some(format!(
            "The backup of {name} {how} before it could report."
        )),
        ended
            .cause
            .map(|cause| format!("Step Functions says: {}", words::line(cause))),
        (!reasons.is_empty()).then(|| facts::reasons(&reasons)),
        (!backup.points.is_empty())
            .then(|| format!("Its recovery points:\n{}", facts::points(backup.points))),
        resumed.map(|at| format!("The application was brought back at {}.", words::time(at))),
        ended
            .lease_released
            .then(|| "The deployment is free for another run.".to_owned()),
    ];
    let means = match (sealed, backup.set) {
        (true, Some(set)) => format!(
            "Its set {} had been sealed before, and can be restored.",
            set.id
        ),
        _ => format!(
            "Its set is not sealed. Jobs that AWS had begun end by themselves; what they made goes with the failed set. {}",
            facts::newest_sealed(name, backup.newest_sealed, backup.now)
        ),
    };
    let mut steps = backup.steps(&reasons);
    if !sealed {
        steps.push(format!(
            "Unless it was stopped on purpose, back up again: holdfast backup {name} --watch"
        ));
    }
    let happened = happened
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n");
    let status = words::name(ended.status);
    let subject = format!("Holdfast: backup of {name} {how} ({status})");
    let severity = if sealed && facts::left_quiesced(backup.run).is_none() {
        Severity::Warning
    } else {
        Severity::Critical
    };
    let mut message = backup.message(
        Event::BackupEnded,
        severity,
        &subject,
        &happened,
        &means,
        &steps,
        &reasons,
    );
    message.json["execution_status"] = status.into();
    message
}

impl Backup<'_> {
    fn name(&self) -> &str {
        self.deployment.unwrap_or("(no deployment)")
    }

    /// Why the set is not sealed: what the set says, and what took the machine from its way.
    fn reasons(&self) -> Vec<Reason> {
        let mut reasons = self.set.map(|set| set.reasons.clone()).unwrap_or_default();
        if let Some(failure) = self.failure
            && !reasons
                .iter()
                .any(|reason| reason.subject == failure.subject && reason.error == failure.error)
        {
            reasons.push(failure.clone());
        }
        reasons
    }

    /// What went wrong beside the set.
    fn warnings(&self) -> Vec<Reason> {
        let mut warnings = self.run.map(|run| run.warnings.clone()).unwrap_or_default();
        warnings.extend(
            self.set
                .map(|set| facts::probe_warnings(&set.probes))
                .unwrap_or_default(),
        );
        // A machine that left its way after sealing: pruning, or closing the run.
        if let (Some(set), Some(failure)) = (self.set, self.failure)
            && set.status == SetStatus::Sealed
            && !warnings.contains(failure)
        {
            warnings.push(failure.clone());
        }
        warnings
    }

    /// One step for each reason, each said once; first of all, an application that is still at rest.
    fn steps(&self, reasons: &[Reason]) -> Vec<String> {
        let mut steps = Vec::new();
        if let Some(at) = facts::left_quiesced(self.run) {
            steps.push(format!(
                "FIRST: {} was brought to rest at {} and was not brought back. Bring it back by hand, by what its hooks do to resume.",
                self.name(),
                words::time(at)
            ));
        }
        for reason in reasons {
            let step = next_step(
                &words::name(&reason.error),
                &words::name(&reason.subject),
                self.name(),
            );
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        steps.truncate(LISTED);
        steps
    }

    #[allow(clippy::too_many_arguments)]
    fn message(
        &self,
        event: Event,
        severity: Severity,
        subject: &str,
        happened: &str,
        means: &str,
        steps: &[String],
        reasons: &[Reason],
    ) -> Message {
        let subject = words::subject(subject);
        let link = console_link(self.execution);
        let numbered: Vec<String> = (1..)
            .zip(steps)
            .map(|(number, step)| format!("{number}. {step}"))
            .collect();
        let happened = words::part(happened, facts::HAPPENED);
        let text = format!(
            "{subject}\n\nWhat happened\n{happened}\n\nWhat it means\n{means}\n\nWhat to do next\n{}\n\nThe execution, begun {}:\n{link}\n",
            words::part(&numbered.join("\n"), facts::STEPS),
            words::time(self.started_at)
        );
        let (available, planned) = facts::tally(self.set, self.points);
        let set = self.set;
        let json = json!({
            "event": event,
            "severity": severity,
            "deployment": self.deployment,
            "execution": self.execution,
            "console": link,
            "started_at": self.started_at,
            "told_at": self.now,
            "set": set.map(|set| &set.id),
            "status": set.map(|set| set.status),
            "recovery_points": {"available": available, "planned": planned},
            "points": facts::points_json(self.points),
            "skew_seconds": set.and_then(|set| set.skew_seconds),
            "quiesced_seconds": set.and_then(|set| set.quiesced_seconds),
            "left_quiesced_at": facts::left_quiesced(self.run),
            "probes": set.map_or(Value::Null, |set| set.probes.iter().take(LISTED).map(|probe| json!({"name": words::name(&probe.name), "count": probe.count})).collect()),
            "reasons": facts::reasons_json(reasons),
            "newest_sealed": facts::newest_sealed_json(self.newest_sealed, self.now),
            "next_steps": steps,
        });
        let json = words::fit(
            json,
            &["points", "probes", "next_steps", "reasons"],
            facts::JSON,
        );
        Message {
            subject,
            text,
            json,
            event,
            severity,
        }
    }
}
