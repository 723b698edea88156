//! `holdfast diff`: what has come or gone since the descriptor was applied.

mod differences;
mod lookup;
mod named;

use serde_json::json;

use self::differences::{Difference, differences};
use self::lookup::Lookup;
use crate::failure::{Failure, Result};
use crate::global::Global;
use crate::output;
use crate::stack::Stack;
use crate::table::listed;

/// Compare a deployment's descriptor with what exists: what has come, what has gone, what no set has
///
/// Exit code 0 if nothing differs, 1 if something does or could not be compared. Changes nothing.
#[derive(Debug, clap::Args)]
pub struct Diff {
    /// The deployment
    #[arg(value_name = "NAME")]
    deployment: String,
}

/// What was compared.
struct Comparison {
    differences: Vec<Difference>,
    /// What could not be compared, as text.
    unchecked: Vec<String>,
    /// What to know, and is no difference.
    notes: Vec<String>,
}

impl Diff {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let name = &self.deployment;
        let descriptor = stack.catalog.descriptor(name).await?;
        let lookup = Lookup::of(&stack, &descriptor).await?;
        let compared = Comparison {
            differences: differences(&descriptor, &lookup.now),
            unchecked: lookup.unchecked,
            notes: lookup.notes,
        };
        match global.json {
            true => output::json(&json!({
                "deployment": name,
                "differences": compared.differences,
                "not_compared": compared.unchecked,
                "notes": compared.notes,
            }))?,
            false => output::text(&compared.text(name, &stack.option))?,
        }
        compared.outcome(name)
    }
}

impl Comparison {
    fn text(&self, deployment: &str, option: &str) -> String {
        let mut text = String::new();
        for difference in &self.differences {
            let next = holdfast::domain::message::add_command_options(&difference.next, option);
            text.push_str(&listed(&format!("{}\n{next}", difference.what)).replacen("  ", "", 1));
        }
        for (title, lines) in [("Could not be compared", &self.unchecked), ("To know", &self.notes)] {
            if !lines.is_empty() {
                text.push_str(&format!("{title}:\n"));
            }
            lines.iter().for_each(|line| text.push_str(&listed(line)));
        }
        if self.differences.is_empty() && self.unchecked.is_empty() {
            text.push_str(&format!("Nothing differs from the descriptor of {deployment}.\n"));
        }
        text
    }

    /// # Errors
    /// `NotDone` if something differs, or could not be compared.
    fn outcome(&self, deployment: &str) -> Result<()> {
        let count = crate::format::count;
        match (self.differences.len(), self.unchecked.len()) {
            (0, 0) => Ok(()),
            (0, some) => Err(Failure::NotDone(format!(
                "{deployment}: {} could not be done",
                count(some, "comparison")
            ))),
            (some, _) => Err(Failure::NotDone(format!("{deployment}: {}", count(some, "difference")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(differences: &[&str], unchecked: &[&str]) -> Comparison {
        let difference = |what: &&str| Difference {
            kind: differences::Kind::Gone,
            what: (*what).to_owned(),
            next: "Restore it: `holdfast restore hubs`".to_owned(),
        };
        Comparison {
            differences: differences.iter().map(difference).collect(),
            unchecked: unchecked.iter().map(|line| (*line).to_owned()).collect(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn the_exit_code_says_whether_something_differs() {
        assert_eq!(compared(&[], &[]).outcome("hubs"), Ok(()));
        for some in [compared(&["a"], &[]), compared(&[], &["b"])] {
            assert!(some.outcome("hubs").is_err_and(|failure| failure.code() == 1));
        }
    }

    #[test]
    fn each_difference_says_what_to_do() {
        let text = compared(&["database: cluster hubs-db is gone"], &[]).text("hubs", " --stack hf");
        assert_eq!(
            text,
            "database: cluster hubs-db is gone\n    Restore it: `holdfast restore hubs --stack hf`\n"
        );
        assert_eq!(
            compared(&[], &[]).text("hubs", ""),
            "Nothing differs from the descriptor of hubs.\n"
        );
        let unknown = compared(&[], &["tables: not allowed"]).text("hubs", "");
        assert_eq!(unknown, "Could not be compared:\n  tables: not allowed\n");
    }
}
