//! Figures, each with its target, and the verdicts that decide the bench's exit code.

use std::fmt;

use anyhow::Error;
use holdfast_tests::report::causes;

/// The target of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
}

/// One measured figure, and its target if it has one: in a row, some figures only explain the others.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    value: f64,
    decimals: usize,
    target: Option<Target>,
}

impl Figure {
    /// A figure that explains the others in its row.
    pub fn plain(value: f64, decimals: usize) -> Self {
        Self {
            value,
            decimals,
            target: None,
        }
    }

    pub fn at_most(value: f64, decimals: usize, most: f64) -> Self {
        Self {
            target: Some(Target::AtMost(most)),
            ..Self::plain(value, decimals)
        }
    }

    pub fn at_least(value: f64, decimals: usize, least: f64) -> Self {
        Self {
            target: Some(Target::AtLeast(least)),
            ..Self::plain(value, decimals)
        }
    }

    /// Whether it meets its target; a figure that could not be computed meets none.
    fn meets(&self) -> bool {
        match self.target {
            None => true,
            Some(Target::AtMost(most)) => self.value <= most,
            Some(Target::AtLeast(least)) => self.value >= least,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.decimals;
        write!(f, "{:.decimals$}", self.value)?;
        match self.target {
            None => Ok(()),
            Some(Target::AtMost(most)) => write!(f, " ≤ {most:.decimals$}"),
            Some(Target::AtLeast(least)) => write!(f, " ≥ {least:.decimals$}"),
        }
    }
}

/// Prints tables row by row, and counts the rows whose figures all meet their targets, and the others.
#[derive(Debug, Default)]
pub struct Report {
    columns: Vec<&'static str>,
    met: usize,
    missed: usize,
}

/// Width of a row's name, and the least of a column.
const NAME: usize = 42;
const COLUMN: usize = 14;

impl Report {
    /// Begins a table.
    pub fn table(&mut self, title: &str, columns: &[&'static str]) {
        columns.clone_into(&mut self.columns);
        let heads: String = columns
            .iter()
            .map(|column| format!(" {column:>width$}", width = width(column)))
            .collect();
        println!("\n{title}\n{:<NAME$}{heads}", "");
    }

    /// A row with a figure for each column.
    pub fn row(&mut self, name: &str, figures: &[Figure]) {
        self.row_with_note(name, figures, "");
    }

    /// A row with a note.
    pub fn row_with_note(&mut self, name: &str, figures: &[Figure], note: &str) {
        let cells: String = figures
            .iter()
            .zip(&self.columns)
            .map(|(figure, column)| format!(" {:>width$}", figure.to_string(), width = width(column)))
            .collect();
        let missed: Vec<&str> = figures
            .iter()
            .zip(&self.columns)
            .filter(|(figure, _)| !figure.meets())
            .map(|(_, column)| *column)
            .collect();
        let judged = figures.iter().any(|figure| figure.target.is_some());
        let verdict = if !judged {
            "no target".to_owned()
        } else if missed.is_empty() {
            self.met += 1;
            "met".to_owned()
        } else {
            self.missed += 1;
            format!("MISSED: {}", missed.join(", "))
        };
        let note = if note.is_empty() {
            String::new()
        } else {
            format!("  ({note})")
        };
        println!("{name:<NAME$}{cells}  {verdict}{note}");
    }

    /// A row that could not be measured: it is missed, and the rest continues.
    pub fn broken(&mut self, name: &str, error: &Error) {
        self.missed += 1;
        println!("{name:<NAME$} MISSED: {}", causes(error).replace('\n', "\n  "));
    }

    /// Prints the last line; returns whether every row is met, and there was one.
    pub fn finish(self) -> bool {
        println!("\n{}", self.last_line());
        self.missed == 0 && self.met > 0
    }

    pub fn last_line(&self) -> String {
        format!("bench: {} met, {} MISSED", self.met, self.missed)
    }
}

fn width(column: &str) -> usize {
    column.chars().count().max(COLUMN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_stands_beside_its_target() {
        assert_eq!(Figure::at_most(1.847, 2, 2.0).to_string(), "1.85 ≤ 2.00");
        assert_eq!(Figure::at_least(1.0, 0, 1.0).to_string(), "1 ≥ 1");
        assert_eq!(Figure::plain(11.24, 1).to_string(), "11.2");
    }

    #[test]
    fn what_could_not_be_computed_meets_no_target() {
        assert!(!Figure::at_most(f64::NAN, 0, 1.0).meets());
        assert!(!Figure::at_least(f64::NAN, 0, 1.0).meets());
    }

    #[test]
    fn one_missed_row_is_a_bench_that_failed() {
        let mut report = Report::default();
        report.table("starts", &["times bare", "peak MiB"]);
        report.row("notify", &[Figure::at_most(1.5, 2, 2.0), Figure::at_most(9.0, 1, 10.0)]);
        assert_eq!(report.last_line(), "bench: 1 met, 0 MISSED");
        report.row(
            "resume",
            &[Figure::at_most(1.5, 2, 2.0), Figure::at_most(10.5, 1, 10.0)],
        );
        assert_eq!(report.last_line(), "bench: 1 met, 1 MISSED");
        assert!(!report.finish());
    }

    #[test]
    fn a_row_that_could_not_be_measured_is_missed_and_nothing_measured_is_a_failure() {
        let mut report = Report::default();
        report.table("starts", &["times bare"]);
        report.row("notify", &[Figure::at_most(1.5, 2, 2.0)]);
        report.broken("resume", &Error::msg("it ended before it answered"));
        assert!(!report.finish());
        assert!(!Report::default().finish());
    }

    #[test]
    fn all_rows_met_is_a_bench_that_succeeded() {
        let mut report = Report::default();
        report.table("a night", &["state transitions"]);
        report.row("a night", &[Figure::at_most(60.0, 0, 60.0)]);
        assert!(report.finish());
    }
}
