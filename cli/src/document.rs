//! Reading descriptors: YAML or JSON, several documents per file, faults with their position in the text.

use std::io::Read;

use serde_json::Value;

/// One document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// File name, and the document's number if the file has several: a fault's message begins with it.
    pub origin: String,
    pub value: Value,
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// The faults, each one line that begins with the file's name.
pub fn read(path: &str) -> Result<Vec<Document>, Vec<String>> {
    let mut text = String::new();
    let read = match path {
        "-" => std::io::stdin().lock().read_to_string(&mut text).map(|_| ()),
        _ => std::fs::read_to_string(path).map(|content| text = content),
    };
    let origin = if path == "-" { "standard input" } else { path };
    match read {
        Ok(()) => parse(origin, &text),
        Err(error) => Err(vec![format!("{origin}: cannot be read: {error}")]),
    }
}

/// The documents of a text. JSON is YAML, so one parser reads both; a duplicate key in a mapping is a fault.
pub fn parse(origin: &str, text: &str) -> Result<Vec<Document>, Vec<String>> {
    // `no`, `on` and `off` are strings, not booleans; the descriptor reports it where it expects a boolean.
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    match serde_saphyr::from_multiple_with_options::<Value>(text, options) {
        Err(error) => Err(vec![fault(origin, &error)]),
        Ok(values) => {
            let values = values.into_iter().filter(|value| !value.is_null()).collect::<Vec<_>>();
            if values.is_empty() {
                return Err(vec![format!(
                    "{origin}: holds no document; expected one descriptor or several"
                )]);
            }
            let many = values.len() > 1;
            let name = |n: usize| {
                if many {
                    format!("{origin} (document {})", n + 1)
                } else {
                    origin.to_owned()
                }
            };
            Ok(values
                .into_iter()
                .enumerate()
                .map(|(n, value)| Document { origin: name(n), value })
                .collect())
        }
    }
}

fn fault(origin: &str, error: &serde_saphyr::Error) -> String {
    let error = error.without_snippet();
    let said = match error {
        // The parser's own message is for its caller.
        serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key {key} is in the mapping twice")
        }
        other => crate::table::one_line(&other.to_string()),
    };
    match error.location() {
        Some(at) => {
            let (line, column) = (at.line(), at.column());
            let said = said
                .strip_suffix(&format!(" at line {line}, column {column}"))
                .unwrap_or(&said);
            format!("{origin}:{line}:{column}: {said}")
        }
        None => format!("{origin}: {said}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::{Path, PathBuf};

    use serde_json::json;

    use super::*;

    /// README and the documents, by path.
    fn documents() -> Vec<(PathBuf, String)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folders = ["docs", "docs/systems"].map(|folder| std::fs::read_dir(root.join(folder)).unwrap());
        let pages = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
        let pages = pages.chain([root.join("README.md")]);
        pages
            .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
            .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
            .collect()
    }

    #[test]
    fn every_documented_descriptor_is_accepted() {
        let mut accepted = 0;
        for (path, text) in documents() {
            for block in text.split("```yaml\n").skip(1) {
                let (yaml, _) = block.split_once("```").unwrap();
                let name = path.display().to_string();
                let documents = parse(&name, yaml).unwrap();
                let read = holdfast::domain::descriptor::Descriptor::parse(&documents[0].value);
                assert!(read.is_ok(), "{name}: {read:?}");
                accepted += 1;
            }
        }
        assert!(accepted >= 3, "{accepted}");
    }

    #[test]
    fn every_example_is_accepted_and_has_its_page() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let examples = std::fs::read_dir(root.join("examples")).unwrap();
        let examples: Vec<PathBuf> = examples.map(|entry| entry.unwrap().path()).collect();
        for path in &examples {
            let documents = read(&path.display().to_string()).unwrap();
            let descriptor = holdfast::domain::descriptor::Descriptor::parse(&documents[0].value);
            assert!(descriptor.is_ok(), "{}: {descriptor:?}", path.display());
            let page = root
                .join("docs/systems")
                .join(path.with_extension("md").file_name().unwrap());
            assert!(page.exists(), "{}", page.display());
        }
        assert_eq!(examples.len(), 5);
    }

    /// The fragment by which a heading is linked to.
    fn anchor(heading: &str) -> String {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text
            .chars()
            .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    }

    #[test]
    fn every_link_between_documents_leads_somewhere() {
        for (path, text) in documents() {
            for link in text.split("](").skip(1) {
                let (target, _) = link.split_once(')').unwrap();
                if target.starts_with("https://") {
                    continue;
                }
                let (file, heading) = target.split_once('#').unwrap_or((target, ""));
                let leads_to = match file {
                    "" => path.clone(),
                    file => path.parent().unwrap().join(file),
                };
                assert!(leads_to.exists(), "{}: {target}", path.display());
                if !heading.is_empty() {
                    let page = std::fs::read_to_string(leads_to).unwrap();
                    let mut headings = page.lines().filter(|line| line.starts_with('#')).map(anchor);
                    assert!(headings.any(|anchor| anchor == heading), "{}: {target}", path.display());
                }
            }
        }
    }

    #[test]
    fn yaml_and_json_give_the_same_value() {
        let yaml = "deployment: hubs\nresources:\n  login: { kind: secret, secret: hubs/login }\nkeep: { last: 3 }\n";
        let expected = json!({
            "deployment": "hubs",
            "resources": { "login": { "kind": "secret", "secret": "hubs/login" } },
            "keep": { "last": 3 }
        });
        for text in [
            yaml.to_owned(),
            expected.to_string(),
            serde_json::to_string_pretty(&expected).unwrap(),
        ] {
            let documents = parse("a.yaml", &text).unwrap();
            assert_eq!(
                documents,
                [Document {
                    origin: "a.yaml".into(),
                    value: expected.clone()
                }]
            );
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_a_fault_with_its_line_and_column() {
        let faults = parse("a.yaml", "deployment: hubs\nenabled: true\nenabled: false\n").unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0].starts_with("a.yaml:3:1: ") && faults[0].contains("enabled"),
            "{}",
            faults[0]
        );
        let faults = parse("a.json", "{\"deployment\": \"a\",\n \"deployment\": \"b\"}").unwrap_err();
        assert!(faults[0].starts_with("a.json:2:2: "), "{}", faults[0]);
    }

    #[test]
    fn broken_text_is_a_fault_with_its_line_and_column() {
        for text in [
            "deployment: [hubs\nresources: {}\n",
            "a: b: c\n",
            "deployment: \"hubs\n",
            "{\"deployment\": \"hubs",
        ] {
            let faults = parse("a.yaml", text).unwrap_err();
            let place = faults[0].strip_prefix("a.yaml:").unwrap();
            let (line, rest) = place.split_once(':').unwrap();
            let (column, _) = rest.split_once(':').unwrap();
            assert!(
                line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok(),
                "{}",
                faults[0]
            );
        }
    }

    #[test]
    fn a_name_that_yaml_1_1_takes_for_a_boolean_stays_a_name() {
        let documents = parse("a.yaml", "deployment: no\nenabled: false\n").unwrap();
        assert_eq!(documents[0].value, json!({ "deployment": "no", "enabled": false }));
    }

    #[test]
    fn several_documents_are_told_apart() {
        let documents = parse("a.yaml", "deployment: a\n---\ndeployment: b\n---\n").unwrap();
        let origins = documents.iter().map(|d| d.origin.as_str()).collect::<Vec<_>>();
        assert_eq!(origins, ["a.yaml (document 1)", "a.yaml (document 2)"]);
    }

    #[test]
    fn an_empty_file_is_a_fault() {
        for text in ["", "# nothing\n", "---\n"] {
            assert!(
                parse("a.yaml", text).unwrap_err()[0].contains("holds no document"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_text_that_grows_by_aliases_is_refused() {
        let mut text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, of) in ["b", "c", "d", "e", "f", "g", "h", "i"]
            .iter()
            .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
        {
            text.push_str(&format!(
                "{name}: &{name} [*{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}]\n"
            ));
        }
        assert_eq!(parse("a.yaml", &text).unwrap_err().len(), 1);
    }
}
