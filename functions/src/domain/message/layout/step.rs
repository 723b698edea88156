//! What to do next.

use super::lines::{WIDTH, wrapped};
use crate::domain::message::command_options;

/// What to do, and the command for it, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    pub words: String,
    /// In one line, to paste.
    pub command: Option<String>,
}

impl NextStep {
    pub fn say(words: impl Into<String>) -> Self {
        let words = words.into();
        Self { words, command: None }
    }

    pub fn run(words: impl Into<String>, command: impl Into<String>) -> Self {
        let (words, command) = (words.into(), Some(command.into()));
        Self { words, command }
    }

    /// The steps with a last one added: merged into a single step that has no command of its own, if that is the only one.
    pub fn finally(mut steps: Vec<NextStep>, last: NextStep) -> Vec<NextStep> {
        match steps.as_mut_slice() {
            [one] if one.command.is_none() => {
                let mut then = last.words.chars();
                let first = then.next().map(|first| first.to_ascii_lowercase());
                one.words.push_str(" Then ");
                one.words.extend(first.into_iter().chain(then));
                one.command = last.command;
            }
            _ => steps.push(last),
        }
        steps
    }

    /// The same, with options (`--stack`, `--region`) added to `holdfast` commands.
    pub fn with_options(&self, options: &str) -> Self {
        Self {
            words: command_options::add_in_text(&self.words, options),
            command: self
                .command
                .as_ref()
                .map(|command| command_options::add(command, options)),
        }
    }

    /// In one line, for machines.
    pub fn line(&self) -> String {
        match &self.command {
            Some(command) => format!("{}: {command}", self.words),
            None => self.words.clone(),
        }
    }

    pub(super) fn lines(&self, first: &str) -> Vec<String> {
        let other = " ".repeat(first.len());
        let Some(command) = &self.command else {
            return wrapped(&self.words, first, &other);
        };
        let line = format!("{first}{}: {command}", self.words);
        if line.chars().count() <= WIDTH {
            return vec![line];
        }
        let mut lines = wrapped(&format!("{}:", self.words), first, &other);
        lines.push(format!("{other}{command}"));
        lines
    }
}
