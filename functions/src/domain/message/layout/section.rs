//! What stands behind a message, of which a page shows as much as it has room for.

use super::lines::{rows, wrapped};
use crate::domain::message::command_options;

/// Some of what stands behind a message, under a title: as many of its entries as the page has room for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    title: String,
    entries: Vec<String>,
    /// Whether entries are wrapped behind a dash, or stay as they are.
    dashed: bool,
}

impl Section {
    /// One entry behind a dash each.
    pub fn list(title: impl Into<String>, entries: impl IntoIterator<Item = String>) -> Self {
        Self {
            title: title.into(),
            entries: entries.into_iter().collect(),
            dashed: true,
        }
    }

    /// Lines that stay as they are.
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

    /// The same, with commands of ours in the place that is meant.
    pub fn with_options(mut self, place: &str) -> Self {
        for entry in &mut self.entries {
            *entry = command_options::add_in_text(entry, place);
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

/// A section in lines.
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

    /// Lines of its part, and of the blank one before it.
    pub(super) fn cost(&self, entries: usize) -> usize {
        1 + self.part(entries).iter().map(|line| rows(line)).sum::<usize>()
    }
}
