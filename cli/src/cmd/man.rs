//! `holdfast man`: the manual: a page for `holdfast`, and one for each command.

use clap::Command;

use crate::failure::{Failure, Result};
use crate::output;

/// Write a page of the manual: holdfast man | man -l -
#[derive(Debug, clap::Args)]
pub struct Man {
    /// The page of this command, such as `restore` [default: the overview]
    #[arg(value_name = "COMMAND")]
    of: Option<String>,
}

impl Man {
    /// Writes the page; `command` is the whole command line.
    pub fn run(&self, command: Command) -> Result<()> {
        output::text(&page(command, self.of.as_deref())?)
    }
}

/// # Errors
/// `Wrong` if there is no such command.
fn page(mut command: Command, of: Option<&str>) -> Result<String> {
    command.build();
    if let Some(name) = of {
        let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        let expected = names.join(", ");
        command = command.find_subcommand(name).cloned().ok_or_else(|| {
            Failure::Wrong(format!(
                "writing the page of {name}: there is no such command; expected one of {expected}"
            ))
        })?;
    }
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(command).render(&mut page);
    written.map_err(|error| Failure::NotDone(format!("writing the manual: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    fn page(of: Option<&str>) -> Result<String> {
        super::page(Cli::command(), of)
    }

    #[test]
    fn there_is_a_page_of_every_command() {
        assert!(
            page(None).unwrap().contains("undo\\-cut\\-over"),
            "{}",
            page(None).unwrap()
        );
        for command in Cli::command().get_subcommands() {
            let page = page(Some(command.get_name())).unwrap();
            assert!(page.starts_with(".ie"), "{page}");
        }
        let restore = page(Some("restore")).unwrap();
        let at = |word: &str| restore.find(word).unwrap();
        assert!(at("dry\\-run") < at("profile"), "its own options come first: {restore}");
        assert_eq!(page(Some("nothing")).unwrap_err().code(), 2);
    }
}
