//! A message as Amazon Q Developer in chat applications (AWS Chatbot) posts it to a channel. It silently drops anything that is
//! neither in this schema nor an event of an AWS service.
//!
//! Source: "Custom notifications using Amazon Q Developer in chat applications", Event schema, of its Administrator Guide.

use serde_json::{Value, json};

use super::Message;

/// Characters of the description: Slack accepts 3,000 in a block of text.
const DESCRIPTION: usize = 2_800;
/// Number of steps, and the characters of each.
const STEPS: usize = 5;
const STEP: usize = 350;

/// The beginning of the text, and the first steps.
pub fn chat(message: &Message) -> Value {
    let steps = message.json["next_steps"].as_array().into_iter().flatten();
    let steps: Vec<String> = steps
        .filter_map(|step| Some(cut(step.as_str()?, STEP)))
        .take(STEPS)
        .collect();
    let deployment = message.json["deployment"].as_str();
    let keywords = [
        Some(message.severity.as_str()),
        Some(message.event.as_str()),
        deployment,
    ];
    json!({
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": message.subject,
            "description": cut(&message.text, DESCRIPTION),
            "nextSteps": steps,
            "keywords": keywords.into_iter().flatten().collect::<Vec<_>>(),
        },
    })
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{} ... (cut)", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::{Event, Severity};

    /// Fails at 8e363f8: a channel got JSON of another schema, which was dropped.
    #[test]
    fn a_channel_gets_what_its_schema_has_room_for() {
        let message = Message {
            subject: "Holdfast: BACKUP OF hubs FAILED".into(),
            text: "ä".repeat(5_000),
            json: json!({"deployment": "hubs", "next_steps": vec!["x".repeat(400); 9]}),
            event: Event::BackupFailed,
            severity: Severity::Critical,
        };
        let posted = chat(&message);
        assert_eq!(
            (&posted["version"], &posted["source"]),
            (&json!("1.0"), &json!("custom"))
        );
        let content = &posted["content"];
        assert_eq!(content["title"], message.subject);
        let description = content["description"].as_str().unwrap_or_default();
        assert!(description.chars().count() < 3_000 && description.ends_with("(cut)"));
        assert_eq!(content["nextSteps"].as_array().map(Vec::len), Some(STEPS));
        assert_eq!(content["keywords"], json!(["critical", "backup_failed", "hubs"]));
        assert!(
            posted.to_string().len() < 16 * 1024,
            "it is published in addition to what SNS has room for"
        );
        let short = Message {
            text: "whole".into(),
            json: json!({}),
            ..message
        };
        assert_eq!(chat(&short)["content"]["description"], "whole");
        assert_eq!(
            chat(&short)["content"]["keywords"],
            json!(["critical", "backup_failed"])
        );
    }
}
