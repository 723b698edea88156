//! `holdfast restores`: a deployment's restores, the newest first.

use holdfast::domain::restore::{RestoreRecord, RestoreStatus};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::failure::Result;
use crate::global::Global;
use crate::stack::Stack;
use crate::table::Table;
use crate::{clock, format, output, question};

/// List a deployment's restores: what was restored, whether it was verified, what uses it now
#[derive(Debug, clap::Args)]
pub struct Restores {
    /// The deployment
    #[arg(value_name = "NAME")]
    deployment: String,
}

impl Restores {
    pub async fn run(&self, global: &Global) -> Result<()> {
        let stack = Stack::open(global).await?;
        let mut restores = stack.catalog.restores(&self.deployment).await?;
        if restores.is_empty() {
            stack.catalog.descriptor(&self.deployment).await?;
        }
        restores.reverse();
        match global.json {
            true => output::json(&restores.iter().map(shown).collect::<Vec<_>>()),
            false => output::text(&text(&self.deployment, &restores, &stack.option, clock::now())),
        }
    }
}

/// Whoever has a question's token can answer it.
fn shown(record: &RestoreRecord) -> Value {
    let mut shown = json!(record);
    if let Some(question) = shown.get_mut("question").and_then(Value::as_object_mut) {
        question.remove("token");
    }
    shown
}

fn text(deployment: &str, restores: &[RestoreRecord], option: &str, now: Timestamp) -> String {
    if restores.is_empty() {
        return format!("No restores yet. See what one would do: holdfast restore{option} {deployment} --dry-run\n");
    }
    let mut table = Table::new([
        "RESTORE",
        "STARTED",
        "STATUS",
        "VERIFIED",
        "OF",
        ">RESOURCES",
        "LEFT OVER",
    ]);
    for record in restores {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().replace('_', " ");
        let of = match (record.plan.at, &record.plan.set) {
            (Some(at), _) => format::moment(at),
            (None, Some(set)) => set.clone(),
            (None, None) => "what AWS retained".to_owned(),
        };
        table.row([
            record.id.clone(),
            format::moment(record.started_at),
            if question::open_question_text(record, option, now).is_some() {
                "waits for an answer".to_owned()
            } else if record.plan.dry_run {
                "dry run".to_owned()
            } else if record.status == RestoreStatus::CutOver && !record.live().is_empty() {
                "cut over in part".to_owned()
            } else {
                word(json!(record.status))
            },
            record
                .verification
                .as_ref()
                .map(|found| word(json!(found.outcome)))
                .unwrap_or_default(),
            of,
            record.plan.resources.len().to_string(),
            record
                .left
                .iter()
                .map(|reason| reason.subject.clone())
                .collect::<Vec<_>>()
                .join(", "),
        ]);
    }
    let asked = restores.iter().filter_map(|record| {
        let asked = question::open_question_text(record, option, now)?;
        Some(format!("\n{} waits: {asked}\n", record.id))
    });
    table.lines().join("\n") + "\n" + &asked.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{asking, at};

    #[test]
    fn a_restore_that_waits_for_an_answer_says_so_and_how_to_answer() {
        let asks = [asking("cut_over")];
        let told = text("hubs", &asks, "", at("2025-02-01T03:00:00Z"));
        assert!(told.contains("  waits for an answer  "), "{told}");
        assert!(
            told.contains("\nhubs-20250131-230000-cd34 waits: may the application be switched? holdfast approve "),
            "{told}"
        );
        let later = text("hubs", &asks, "", at("2025-02-02T03:00:00Z"));
        assert!(!later.contains("waits"), "{later}");
    }

    #[test]
    fn the_key_to_an_answer_is_never_shown() {
        let shown = shown(&asking("plan"));
        assert_eq!(shown["question"]["about"], "plan");
        assert!(!shown.to_string().contains("a-key"), "{shown}");
    }
}
