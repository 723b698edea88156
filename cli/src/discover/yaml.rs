//! A draft as YAML, with comments.

use serde_json::Value;

use super::DescriptorDraft;
use crate::table::one_line;

/// The descriptor's text. `source` says where it was found.
pub fn write(draft: &DescriptorDraft, source: &str) -> String {
    let mut text = format!("# Found {}. Review it, then: holdfast apply FILE\n", one_line(source));
    text.push_str(&format!("deployment: {}\n", scalar(&draft.deployment)));
    if let Some(covers) = &draft.covers {
        text.push_str(&format!("covers:\n  prefix: {}\n", scalar(&covers.prefix)));
    }
    text.push_str("resources:\n");
    for entry in &draft.resources {
        text.push_str(&format!("  {}:", scalar(&entry.name)));
        if let Some(comment) = &entry.comment {
            text.push_str(&format!("  # {}", one_line(comment)));
        }
        text.push_str(&format!("\n    kind: {}\n", entry.target.kind()));
        let fields = serde_json::to_value(&entry.target).unwrap_or_default();
        for (field, value) in fields.as_object().into_iter().flatten() {
            if let (true, Value::String(value)) = (field != "kind", value) {
                text.push_str(&format!("    {field}: {}\n", scalar(value)));
            }
        }
    }
    section(&mut text, "Before you apply it:", &draft.notes);
    section(&mut text, "Found, but not supported:", &draft.unprotected);
    text
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        text.push_str(&format!("\n# {title}\n"));
        for line in lines {
            text.push_str(&format!("#   {}\n", one_line(line)));
        }
    }
}

/// A string, quoted (as JSON, which is YAML) if a parser might read it as something else.
fn scalar(value: &str) -> String {
    let plain = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c))
        && !value.ends_with(':')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&value.to_ascii_lowercase().as_str());
    if plain {
        value.to_owned()
    } else {
        Value::String(value.to_owned()).to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use holdfast::domain::descriptor::Covers;
    use holdfast::domain::resource::Target;

    use super::*;
    use crate::discover::DraftEntry;

    #[test]
    fn every_string_is_read_back_as_it_was() {
        for value in [
            "hubs-db",
            "true",
            "No",
            "1e5",
            "a: b",
            "#x",
            "é\"\\",
            "/hubs/prod",
            "-",
            "",
            "arn:aws:x:y:1:z/é",
        ] {
            let draft = DescriptorDraft {
                deployment: "hubs".into(),
                covers: Covers::of("1e5"),
                resources: vec![DraftEntry {
                    name: "login".into(),
                    target: Target::Secret { secret: value.into() },
                    comment: None,
                }],
                unprotected: vec!["two\nlines: [".into()],
                notes: vec!["note".into()],
            };
            let documents = crate::document::parse("x", &write(&draft, "in\nstack")).unwrap();
            assert_eq!(documents[0].value["resources"]["login"]["secret"], value);
            assert_eq!(documents[0].value["covers"]["prefix"], "1e5");
            assert_eq!(documents.len(), 1);
        }
    }
}
