//! A restore's question to on-call, and how to answer it.

use holdfast::domain::restore::{About, RestoreRecord};
use jiff::Timestamp;

use crate::format;

/// The restore's open question, with the commands that answer it.
pub fn open_question_text(record: &RestoreRecord, option: &str, now: Timestamp) -> Option<String> {
    let question = record.question.as_ref().filter(|question| question.until > now)?;
    let (asked, which) = match question.about {
        About::Plan => ("may the plan be carried out?", ""),
        About::CutOver => ("may the application be switched?", " --cut-over"),
    };
    let (id, until) = (&record.id, format::moment(question.until));
    Some(format!(
        "{asked} holdfast approve{option} {id}{which}, or holdfast reject{option} {id}; no answer by {until} means no"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{asking, at};

    #[test]
    fn a_question_comes_with_the_commands_that_answer_it_until_silence_has() {
        let now = at("2025-02-01T03:00:00Z");
        let plan = open_question_text(&asking("plan"), " --stack hf", now).unwrap();
        let id = "hubs-20250131-230000-cd34";
        assert!(
            plan.contains(&format!(
                "holdfast approve --stack hf {id}, or holdfast reject --stack hf {id};"
            )),
            "{plan}"
        );
        assert!(plan.ends_with("no answer by 2025-02-01 04:00:00Z means no"), "{plan}");
        let cut_over = open_question_text(&asking("cut_over"), "", now).unwrap();
        assert!(
            cut_over.contains(&format!("holdfast approve {id} --cut-over,")),
            "{cut_over}"
        );
        assert_eq!(
            open_question_text(&asking("plan"), "", at("2025-02-01T04:00:00Z")),
            None
        );
    }
}
