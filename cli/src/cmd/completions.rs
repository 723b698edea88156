//! `holdfast completions`: shell completions.

use clap::Command;

use crate::failure::Result;
use crate::output;

/// Write a shell's completions
///
/// For bash: holdfast completions bash > ~/.local/share/bash-completion/completions/holdfast
/// For zsh, into a directory of $fpath: holdfast completions zsh > _holdfast
/// For fish: holdfast completions fish > ~/.config/fish/completions/holdfast.fish
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Completions {
    /// Writes the script; `command` is the whole command line.
    pub fn run(&self, mut command: Command) -> Result<()> {
        output::text(&script(&mut command, self.shell))
    }
}

fn script(command: &mut Command, shell: Shell) -> String {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "holdfast", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn every_shell_completes_commands_and_options() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(&mut Cli::command(), shell);
            for word in ["undo-cut-over", "dry-run", "profile"] {
                assert!(script.contains(word), "{shell:?} {word}");
            }
        }
    }
}
