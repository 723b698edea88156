//! The details of a message, of which a page shows as many as it has room for.

use super::lines::{rows, wrapped};
use crate::domain::message::command_options;

/// Some details of a message, under a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    title: String,
    entries: Vec<String>,
    /// Whether each entry gets a dash and is wrapped, or is left unchanged.
    dashed: bool,
}

impl Section {
    /// Entries with a dash each.
    pub fn list(title: impl Into<String>, entries: impl IntoIterator<Item = String>) -> Self {
        Self {
            title: title.into(),
            entries: entries.into_iter().collect(),
            dashed: true,
        }
    }

    /// Lines that are left unchanged.
    pub fn rows(title: impl Into<String>, text: &str) -> Self {
        Self {
            title: title.into(),
            entries: text.lines().map(str::to_owned).collect(),
            dashed: false,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The same, with options (`--stack`, `--region`) added to `holdfast` commands.
    pub fn with_options(mut self, options: &str) -> Self {
        for entry in &mut self.entries {
            *entry = command_options::add_in_text(entry, options);
        }
        self
    }

    /// All of it.
    pub fn whole(&self) -> Vec<String> {
        self.laid_out().part(self.entries.len())
    }

    pub(super) fn laid_out(&self) -> SectionLines<'_> {
        let lines = |entry: &String| match self.dashed {
            true => wrapped(entry, "  - ", "    "),
            false => vec![entry.clone()],
        };
        SectionLines {
            title: &self.title,
            entries: self.entries.iter().map(lines).collect(),
        }
    }
}

/// A section as lines.
pub(super) struct SectionLines<'a> {
    title: &'a str,
    pub(super) entries: Vec<Vec<String>>,
}

impl SectionLines<'_> {
    pub(super) fn part(&self, entries: usize) -> Vec<String> {
        let mut lines = vec![format!("{}:", self.title)];
        lines.extend(self.entries[..entries].iter().flatten().cloned());
        match self.entries.len() - entries {
            0 => {}
            more => lines.push(format!("  ... and {more} more")),
        }
        lines
    }

    /// Rows of its first entries, with the title and the blank line before it.
    pub(super) fn cost(&self, entries: usize) -> usize {
        1 + self.part(entries).iter().map(|line| rows(line)).sum::<usize>()
    }
}
