//! `holdfast show`: one set, or one restore, in full.

mod hooks;

use std::fmt::Write;

use holdfast::domain::kinds;
use holdfast::domain::message::{console_link, full_details};
use holdfast::domain::set::{BackupSet, Point, PointStatus, RunRecord};
use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::format;
use crate::global::Global;
use crate::output;
use crate::stack::Stack;
use crate::table::{Table, listed};

/// Show one set or one restore in full
///
/// Of a set: points, sizes, capture times, durations, probes, hooks, skew, reasons. Of a restore: its plan, its copies, what was
/// compared, what was switched, what remains, its hooks. With --json also each resource's captured configuration, which AWS does not restore.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The deployment
    #[arg(value_name = "NAME")]
    deployment: String,
    /// The id of a set, from `holdfast sets`, or of a restore, from `holdfast restores`
    #[arg(value_name = "SET or RUN")]
    id: String,
}

/// A set and its records.
#[derive(Debug, Serialize)]
struct SetDetails {
    set: BackupSet,
    points: Vec<Point>,
    run: Option<RunRecord>,
}

impl Show {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let Some(set) = stack.catalog.set(&self.deployment, &self.id).await? else {
            return self.restore(&stack, global).await;
        };
        let points = stack.catalog.points(&self.deployment, &self.id).await?;
        let run = stack.catalog.run(&self.deployment, &self.id).await?;
        let whole = SetDetails { set, points, run };
        if global.json {
            output::json(&whole)
        } else {
            output::text(&text(&whole))
        }
    }

    async fn restore(&self, stack: &Stack, global: &Global) -> Result<()> {
        let (name, id) = (&self.deployment, &self.id);
        let Some(mut record) = stack.catalog.restore(name, id).await? else {
            return Err(Failure::NotFound(format!(
                "showing {id} of deployment {name}: the catalog has no such set and no such restore. `holdfast sets{option} {name}` \
                 and `holdfast restores{option} {name}` list what exists.",
                option = stack.option
            )));
        };
        let items = stack.catalog.items(name, id).await?;
        let run = stack.catalog.run(name, id).await?;
        if global.json {
            // Whoever has a question's token can answer it.
            record.question = None;
            return output::json(&serde_json::json!({ "restore": record, "items": items, "run": run }));
        }
        output::text(&format!(
            "{}{}",
            full_details(&record, &items),
            hooks::hooks(run.as_ref())
        ))
    }
}

/// Writing to a string cannot fail.
fn text(whole: &SetDetails) -> String {
    let mut text = head(&whole.set);
    let _ = write!(text, "\n{}", points(&whole.points));
    let archives: Vec<String> = whole.points.iter().filter_map(archive).collect();
    if !archives.is_empty() {
        text.push_str("\nArchives, for people and other programs:\n");
        archives.iter().for_each(|line| text.push_str(&listed(line)));
    }
    if !whole.set.probes.is_empty() {
        let _ = write!(text, "\n{}", probes(&whole.set));
    }
    text.push_str(&hooks::hooks(whole.run.as_ref()));
    let warnings = whole.run.iter().flat_map(|run| &run.warnings);
    for (title, reasons) in [
        ("Why it failed", whole.set.reasons.iter().collect()),
        ("Warnings", warnings.collect::<Vec<_>>()),
    ] {
        if !reasons.is_empty() {
            let _ = writeln!(text, "\n{title}:");
        }
        for reason in reasons {
            text.push_str(&listed(&format!(
                "{}: {}: {}",
                reason.subject, reason.error, reason.message
            )));
        }
    }
    text
}

fn head(set: &BackupSet) -> String {
    let mut text = format!("Set {} is {}.\n", set.id, format::status(set.status));
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<10}{value}");
    };
    let took = set
        .ended_at
        .map(|ended| format!(", took {}", format::span(set.started_at, ended)));
    line(
        "started",
        format!("{}{}", format::moment(set.started_at), took.unwrap_or_default()),
    );
    if let (Some(from), Some(to)) = (set.captured_from, set.captured_to) {
        let skew = set
            .skew_seconds
            .map(|skew| format!(", skew {}", format::skew(skew)))
            .unwrap_or_default();
        line(
            "captured",
            format!("{} to {}{skew}", format::moment(from), format::moment(to)),
        );
    }
    if let Some(seconds) = set.quiesced_seconds {
        let but = match set.quiesced_throughout {
            Some(false) => ", but not until the last backup of it had ended",
            _ => "",
        };
        line("quiesced", format!("for {}{but}", format::duration(seconds)));
    }
    line("execution", set.execution.clone());
    line("console", console_link(&set.execution));
    text
}

fn points(points: &[Point]) -> String {
    if points.is_empty() {
        return "No recovery points.\n".to_owned();
    }
    let mut table = Table::new([
        "RESOURCE",
        "KIND",
        "STATUS",
        ">SIZE",
        "CAPTURED",
        ">TOOK",
        "RECOVERY POINT",
    ]);
    for point in points {
        let took = point
            .started_at
            .zip(point.finished_at)
            .map(|(from, to)| format::span(from, to));
        let kind = kinds::of(&point.resource.target);
        let reference = point.recovery_point.as_ref().map(|of| kind.point_words(of));
        table.row([
            point.resource.name.clone(),
            kind.name().to_owned(),
            status(point),
            point.size_bytes.map(format::bytes).unwrap_or_default(),
            point.captured_at.map(format::moment).unwrap_or_default(),
            took.unwrap_or_default(),
            reference.unwrap_or_default(),
        ]);
    }
    table.to_string()
}

/// The address of a finished point's archive.
fn archive(point: &Point) -> Option<String> {
    let recovery_point = point.recovery_point.as_ref()?;
    let address = kinds::of(&point.resource.target).archive(recovery_point)?;
    (point.status == PointStatus::Available).then(|| format!("{}: {address}", point.resource.name))
}

fn status(point: &Point) -> String {
    match (point.status, point.percent) {
        (PointStatus::InProgress, Some(percent)) => format!("{percent:.0} %"),
        (PointStatus::InProgress, None) => "in progress".to_owned(),
        (PointStatus::Available, _) => "available".to_owned(),
        (PointStatus::Failed, _) => "failed".to_owned(),
    }
}

fn probes(set: &BackupSet) -> String {
    let mut table = Table::new(["PROBE", ">COUNT", "FAILURE"]);
    for probe in &set.probes {
        table.row([
            probe.name.clone(),
            probe.count.map(|count| count.to_string()).unwrap_or_default(),
            probe
                .failure
                .as_ref()
                .map(|failure| format!("{}: {}", failure.error, failure.message()))
                .unwrap_or_default(),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use holdfast::domain::job::Failure;
    use holdfast::domain::resource::{RecoveryPoint, Target};
    use holdfast::domain::set::{ProbeResult, Reason, SetStatus};
    use holdfast::domain::table_archive::{StoredArchive, TableArchive};

    use super::*;
    use crate::testing::{at, point, run, set};

    fn whole() -> SetDetails {
        let mut set = set("hubs-1", SetStatus::Sealed, "2025-01-31T23:00:00Z");
        set.ended_at = Some(at("2025-01-31T23:12:03Z"));
        set.captured_from = Some(at("2025-01-31T23:00:05Z"));
        set.captured_to = Some(at("2025-01-31T23:00:08Z"));
        set.skew_seconds = Some(3.0);
        set.probes = vec![ProbeResult {
            name: "users".into(),
            count: Some(562),
            failure: None,
        }];
        let mut database = point("hubs-1", "database", PointStatus::Available, "2025-01-31T23:00:05Z");
        database.captured_at = database.started_at;
        database.finished_at = Some(at("2025-01-31T23:10:05Z"));
        database.size_bytes = Some(1_610_612_736);
        SetDetails {
            set,
            points: vec![database],
            run: None,
        }
    }

    #[test]
    fn a_sealed_set_shows_all_that_matters() {
        let text = text(&whole());
        let expected = "\
RESOURCE  KIND    STATUS        SIZE  CAPTURED                TOOK  RECOVERY POINT
database  aurora  available  1.5 GiB  2025-01-31 23:00:05Z  10 min  hf-hubs-1-0a1b2c

PROBE  COUNT  FAILURE
users    562  -
";
        assert!(
            text.starts_with("Set hubs-1 is sealed.\n  started   2025-01-31 23:00:00Z, took 12 min 3 s\n"),
            "{text}"
        );
        assert!(
            text.contains("  captured  2025-01-31 23:00:05Z to 2025-01-31 23:00:08Z, skew 3.0 s\n"),
            "{text}"
        );
        assert!(
            text.replace("  TOOK", " TOOK")
                .ends_with(&expected.replace("  TOOK", " TOOK")),
            "{text}"
        );
    }

    #[test]
    fn the_address_of_a_finished_archive_is_shown() {
        let mut whole = whole();
        let mut rooms = point("hubs-1", "rooms", PointStatus::Available, "2025-01-31T23:00:05Z");
        rooms.resource.target = Target::DynamoDb {
            table: "rooms".into(),
            archive: Some(TableArchive::default()),
        };
        rooms.recovery_point = Some(RecoveryPoint::TableBackup {
            arn: "arn:b".into(),
            name: "hf-hubs-1-0a1b2c".into(),
            archive: Some(StoredArchive {
                address: "s3://archive/tables/hubs/rooms/hubs-1/".into(),
                job: "arn:e".into(),
            }),
        });
        whole.points.push(rooms);
        let shown = text(&whole);
        let expected = "Archives, for people and other programs:\n  rooms: s3://archive/tables/hubs/rooms/hubs-1/\n";
        assert!(shown.contains(expected), "{shown}");
        whole.points[1].status = PointStatus::Failed;
        assert!(!text(&whole).contains("Archives"));
    }

    #[test]
    fn a_failed_set_shows_its_reasons_and_the_runs_warnings() {
        let mut whole = whole();
        let reason = |subject: &str, message: &str| Reason {
            subject: subject.into(),
            error: "JobFailed".into(),
            message: message.into(),
        };
        whole.set.status = SetStatus::Failed;
        whole.set.reasons = vec![reason("storage", "the job\nended EXPIRED")];
        whole.set.probes[0] = ProbeResult {
            name: "users".into(),
            count: None,
            failure: Some(Failure {
                error: "Unavailable".into(),
                cause: "{\"errorMessage\":\"no answer\"}".into(),
            }),
        };
        let mut record = run("hubs-1", "2025-01-31T23:00:00Z", None);
        record.warnings = vec![reason("Resume", "a hook failed")];
        whole.run = Some(record);
        let text = text(&whole);
        assert!(
            text.contains("\nWhy it failed:\n  storage: JobFailed: the job\n    ended EXPIRED\n"),
            "{text}"
        );
        assert!(
            text.contains("\nWarnings:\n  Resume: JobFailed: a hook failed\n"),
            "{text}"
        );
        assert!(text.contains("users      -  Unavailable: no answer\n"), "{text}");
    }

    #[test]
    fn configuration_is_shown_as_json_only() {
        let whole = whole();
        assert!(!text(&whole).contains("aurora-postgresql"));
        assert!(serde_json::to_string(&whole).is_ok_and(|json| json.contains("aurora-postgresql")));
    }
}
