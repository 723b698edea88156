//! A draft as YAML, with comments.

use serde_json::Value;

use super::decisions;
use super::draft::{DescriptorDraft, DraftEntry, PendingEntry};
use super::flow::{flow, scalar};
use crate::table::one_line;

/// The descriptor's text. `source` says where it was found.
pub fn write(draft: &DescriptorDraft, source: &str) -> String {
    let mut text = format!("# Found {}. Review it, then: holdfast apply FILE\n", one_line(source));
    text.push_str(&format!("deployment: {}\n", scalar(&draft.deployment)));
    if let Some(covers) = &draft.covers {
        text.push_str(&format!("covers:\n  prefix: {}\n", scalar(&covers.prefix)));
    }
    text.push_str("resources:\n");
    draft.resources.iter().for_each(|entry| add_entry(&mut text, entry));
    draft.pending.iter().for_each(|entry| add_pending(&mut text, entry));
    if !draft.cut_over.is_empty() {
        text.push_str("cut_over:\n");
    }
    for switch in &draft.cut_over {
        text.push_str(&format!("  - {}\n", flow(switch)));
    }
    if let Some(stack) = &draft.stack {
        text.push_str("# Of which `holdfast restore-stack` creates a new one.\n");
        text.push_str(&format!("stack:\n  name: {}\n", scalar(stack)));
    }
    let decisions = decisions::of(draft);
    if !decisions.is_empty() {
        text.push_str("\n# To decide:\n");
    }
    for decision in decisions {
        text.push_str(&format!("#   {}\n", one_line(&decision.question)));
        decision
            .lines
            .iter()
            .for_each(|line| text.push_str(&format!("# {line}\n")));
    }
    section(&mut text, "Before you apply it:", &draft.notes);
    section(&mut text, "Found, and not protected:", &draft.unprotected);
    text
}

fn add_entry(text: &mut String, entry: &DraftEntry) {
    for comment in &entry.comments {
        text.push_str(&format!("  # {}\n", one_line(comment)));
    }
    text.push_str(&format!(
        "  {}:\n    kind: {}\n",
        scalar(&entry.name),
        entry.target.kind()
    ));
    let fields = serde_json::to_value(&entry.target).unwrap_or_default();
    for (field, value) in fields.as_object().into_iter().flatten() {
        match value {
            Value::String(value) if field != "kind" => text.push_str(&format!("    {field}: {}\n", scalar(value))),
            Value::Number(value) => text.push_str(&format!("    {field}: {value}\n")),
            _ => {}
        }
    }
    if let Some(address) = &entry.address {
        text.push_str(&format!("    {}: {}\n", address.field(), scalar(address.text())));
    }
}

fn add_pending(text: &mut String, entry: &PendingEntry) {
    for comment in &entry.comments {
        text.push_str(&format!("  # {}\n", one_line(comment)));
    }
    text.push_str(&format!("  # {}:\n", scalar(&entry.name)));
    for (field, value) in &entry.fields {
        // The only number among them.
        let value = match *field {
            "port" => value.clone(),
            _ => scalar(value),
        };
        text.push_str(&format!("  #   {field}: {value}\n"));
    }
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        text.push_str(&format!("\n# {title}\n"));
        for line in lines {
            text.push_str(&format!("#   {}\n", one_line(line)));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use holdfast::domain::descriptor::Covers;
    use holdfast::domain::resource::Target;

    use super::*;
    use crate::discover::SourceAddress;

    fn draft(target: Target) -> DescriptorDraft {
        DescriptorDraft {
            deployment: "hubs".into(),
            resources: vec![DraftEntry {
                name: "login".into(),
                target,
                address: None,
                comments: vec!["a\n  b: [".into()],
            }],
            unprotected: vec!["two\nlines: [".into()],
            notes: vec!["note".into()],
            ..DescriptorDraft::default()
        }
    }

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
            let mut draft = draft(Target::Secret { secret: value.into() });
            draft.covers = Covers::of("1e5");
            draft.cut_over = vec![vec![("name", value.to_owned()), ("kind", "a, b}".to_owned())]];
            draft.resources[0].address = Some(SourceAddress::Terraform(value.to_owned()));
            let documents = crate::document::parse("x", &write(&draft, "in\nstack")).unwrap();
            let document = &documents[0].value;
            assert_eq!(document["covers"]["prefix"], "1e5");
            assert_eq!(document["resources"]["login"]["secret"], value);
            assert_eq!(document["resources"]["login"]["terraform"], value);
            assert_eq!(document["cut_over"][0]["name"], value);
            assert_eq!(document["cut_over"][0]["kind"], "a, b}");
            assert_eq!(documents.len(), 1);
        }
    }

    #[test]
    fn a_number_stays_one_and_what_is_pending_is_a_comment() {
        let postgres = Target::Postgres {
            database: "ledger".into(),
            host: "db.internal".into(),
            port: 5433,
            login_secret: "ledger/db".into(),
            maintenance_database: None,
            jobs: None,
            run_in: None,
        };
        let mut draft = draft(postgres);
        draft.pending.push(PendingEntry {
            name: "other".into(),
            fields: vec![("kind", "postgres".into()), ("database", "DATABASE\n".into())],
            comments: vec!["name its\ndatabase".into()],
        });
        let text = write(&draft, "x");
        assert!(
            text.contains("  # name its database\n  # other:\n  #   kind: postgres\n"),
            "{text}"
        );
        let documents = crate::document::parse("x", &text).unwrap();
        let resources = &documents[0].value["resources"];
        assert_eq!(resources["login"]["port"], 5433);
        assert_eq!(resources.as_object().unwrap().len(), 1);
    }
}
