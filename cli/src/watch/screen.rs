//! The output of a watch: a table that is kept up to date, one line per change, or one JSON document per line.

use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use serde_json::json;

use super::outcome;
use super::snapshot::RunSnapshot;
use super::view::{Row, View};
use crate::failure::Result;
use crate::table::{Table, one_line};
use crate::{format, output};

/// The form of the output.
enum DisplayMode {
    /// On a terminal: lines of text, which indicatif redraws.
    Live {
        all: MultiProgress,
        lines: Vec<ProgressBar>,
    },
    Lines,
    Json,
}

pub struct Screen {
    form: DisplayMode,
    /// What was shown last.
    before: Option<View>,
    noted: String,
}

impl Screen {
    pub fn new(json: bool) -> Self {
        let form = match json {
            true => DisplayMode::Json,
            false if std::io::stdout().is_terminal() => DisplayMode::Live {
                all: MultiProgress::with_draw_target(ProgressDrawTarget::stdout()),
                lines: Vec::new(),
            },
            false => DisplayMode::Lines,
        };
        Screen {
            form,
            before: None,
            noted: String::new(),
        }
    }

    pub fn show(&mut self, view: &View) -> Result<()> {
        match &mut self.form {
            DisplayMode::Live { all, lines } => redraw(all, lines, &live(view)),
            DisplayMode::Lines => changes(self.before.as_ref(), view)
                .iter()
                .try_for_each(|line| output::text(line))?,
            DisplayMode::Json => changed(self.before.as_ref(), view, Row::differs)
                .into_iter()
                .try_for_each(|row| output::json_line(&json!({ "at": view.at, "set": view.set, "progress": row })))?,
        }
        self.before = Some(view.clone());
        Ok(())
    }

    /// A message that is no progress, shown once while it stays the same.
    pub fn note(&mut self, message: &str) {
        if self.noted != message {
            match &self.form {
                DisplayMode::Live { all, .. } => all.suspend(|| eprintln!("{message}")),
                DisplayMode::Lines | DisplayMode::Json => eprintln!("{message}"),
            }
            self.noted = message.to_owned();
        }
    }

    /// The result of the run, which is the command's own.
    pub fn end(&mut self, look: &RunSnapshot, now: Timestamp) -> Result<()> {
        if let DisplayMode::Live { lines, .. } = &self.form {
            lines.iter().for_each(ProgressBar::abandon);
        }
        let outcome = outcome::of(look, now);
        match self.form {
            DisplayMode::Json => output::json_line(&json!({
                "at": now,
                "execution": look.execution,
                "status": look.status.as_str(),
                "cause": look.cause,
                "set": look.set,
                "points": look.points,
                "run": look.run,
            }))?,
            _ => output::text(outcome.as_deref().unwrap_or_default())?,
        }
        outcome.map(|_| ())
    }
}

/// The resources with a change, as `differs` defines it.
fn changed<'a>(before: Option<&View>, view: &'a View, differs: impl Fn(&Row, &Row) -> bool) -> Vec<&'a Row> {
    let known = |row: &Row| {
        before?
            .rows
            .iter()
            .find(|known| known.resource == row.resource)
            .cloned()
    };
    view.rows
        .iter()
        .filter(|row| known(row).is_none_or(|known| differs(row, &known)))
        .collect()
}

/// The lines for what has changed: the phase, then each resource.
fn changes(before: Option<&View>, view: &View) -> Vec<String> {
    let time = format::time_of_day(view.at);
    let mut lines = Vec::new();
    if before.is_none_or(|before| before.phase != view.phase) {
        lines.push(format!("{time} {}: {}\n", view.set, view.phase));
    }
    let rows = changed(before, view, Row::differs_for_a_reader).into_iter();
    lines.extend(rows.filter(|row| row.is_worth_a_line()).map(|row| {
        let target = row
            .target
            .as_ref()
            .map(|target| format!(" ({target})"))
            .unwrap_or_default();
        let percent = row.percent.map(|percent| format!(", {percent} %")).unwrap_or_default();
        let remark = row.remark();
        let remark = if remark.is_empty() {
            remark
        } else {
            format!(", {}", one_line(&remark))
        };
        format!(
            "{time} {}{target}: {}{percent}{remark}\n",
            row.resource,
            row.state.word()
        )
    }));
    lines
}

/// The table's lines.
fn live(view: &View) -> Vec<String> {
    let mut lines = vec![format!("{}: {}, {}", view.set, view.phase, view.times)];
    if !view.rows.is_empty() {
        let mut table = Table::new(["RESOURCE", "STATE", ">%", ">TIME", "REMARK"]);
        for row in &view.rows {
            table.row([
                row.resource.clone(),
                row.state.word().to_owned(),
                row.percent.map(|percent| percent.to_string()).unwrap_or_default(),
                row.elapsed_seconds
                    .map(|seconds| format::duration(seconds as f64))
                    .unwrap_or_default(),
                row.remark(),
            ]);
        }
        lines.extend(table.lines());
    }
    lines
}

fn redraw(all: &MultiProgress, lines: &mut Vec<ProgressBar>, texts: &[String]) {
    for (at, text) in texts.iter().enumerate() {
        if lines.len() <= at {
            let plain = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
            lines.push(all.add(ProgressBar::new_spinner().with_style(plain)));
        }
        // Each message that is set redraws everything.
        if lines[at].message() != *text {
            lines[at].set_message(text.clone());
        }
    }
    lines.iter().skip(texts.len()).for_each(|line| line.set_message(""));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;
    use crate::watch::view::ResourceState;

    fn row(state: ResourceState, percent: Option<u8>, next: Option<u64>) -> Row {
        Row {
            resource: "database".into(),
            target: Some("aurora hubs-db".into()),
            state,
            percent,
            elapsed_seconds: Some(72),
            note: "usually 10 min".into(),
            next_look_seconds: next,
        }
    }

    fn view(rows: Vec<Row>) -> View {
        let at = at("2025-01-31T23:05:09Z");
        View {
            at,
            set: "hubs-1".into(),
            phase: "backing up",
            times: "1 min 12 s".into(),
            rows,
        }
    }

    #[test]
    fn a_line_is_printed_for_each_change_and_for_no_other_tick() {
        let first = view(vec![row(ResourceState::InProgress, Some(10), Some(12))]);
        assert_eq!(
            changes(None, &first),
            [
                "23:05:09Z hubs-1: backing up\n",
                "23:05:09Z database (aurora hubs-db): in progress, 10 %, usually 10 min, next poll in 12 s\n"
            ]
        );
        let later = view(vec![row(ResourceState::InProgress, Some(10), Some(11))]);
        assert!(changes(Some(&first), &later).is_empty());
        let more = view(vec![row(ResourceState::InProgress, Some(24), Some(11))]);
        assert!(changes(Some(&later), &more).is_empty(), "a reader gets quarters");
        assert_eq!(
            changed(Some(&later), &more, Row::differs).len(),
            1,
            "a machine of each percent"
        );
        let quarter = view(vec![row(ResourceState::InProgress, Some(42), Some(11))]);
        assert_eq!(changes(Some(&more), &quarter).len(), 1);
    }

    #[test]
    fn a_start_is_told_where_it_has_to_wait() {
        let mut starting = row(ResourceState::Starting, None, None);
        starting.note = String::new();
        assert_eq!(
            changes(None, &view(vec![starting.clone()])),
            ["23:05:09Z hubs-1: backing up\n"]
        );
        starting.note = "waits: the cluster is being modified".into();
        assert_eq!(changes(None, &view(vec![starting])).len(), 2);
    }

    #[test]
    fn the_live_table_has_the_times() {
        let lines = live(&view(vec![row(ResourceState::InProgress, Some(42), Some(0))]));
        assert_eq!(
            lines,
            [
                "hubs-1: backing up, 1 min 12 s",
                "RESOURCE  STATE         %        TIME  REMARK",
                "database  in progress  42  1 min 12 s  usually 10 min, being polled",
            ]
        );
    }
}
