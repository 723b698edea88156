//! What no listing shows and a person has to decide: questions, and what to write for an answer.

use holdfast::domain::kinds::{self, Counting};
use holdfast::domain::resource::Target;

use super::draft::{DescriptorDraft, DraftEntry, Mapping};
use super::flow::flow;

/// A question about a draft.
pub struct Decision {
    pub question: String,
    /// Lines of a descriptor to complete; what is in capitals is to be filled in. May be empty.
    pub lines: Vec<String>,
}

/// The questions that a draft leaves open, in the order of a descriptor's fields.
pub fn of(draft: &DescriptorDraft) -> Vec<Decision> {
    [directories(draft), probes(draft), hooks(draft), switches(draft)]
        .into_iter()
        .flatten()
        .collect()
}

fn directories(draft: &DescriptorDraft) -> Option<Decision> {
    let mounted = |target: &Target| kinds::stateful(target).is_some_and(|kind| kind.is_mounted());
    let names = names_of(draft, mounted);
    (!names.is_empty()).then(|| Decision {
        question: format!(
            "Which directories of {} are in use? Those of access points, and of services in cut_over, are known. What others mount, such \
             as instances, is named in `roots: [/DIRECTORY]`.",
            names.join(", ")
        ),
        lines: Vec::new(),
    })
}

fn probes(draft: &DescriptorDraft) -> Option<Decision> {
    let probes: Vec<String> = draft.resources.iter().filter_map(probe).collect();
    if probes.is_empty() {
        return None;
    }
    let is_secret = |target: &Target| matches!(target, Target::Secret { .. });
    let login = match names_of(draft, is_secret).as_slice() {
        _ if !draft.resources.iter().any(|entry| has_logins(&entry.target)) => String::new(),
        [] => " No secret was found that could be the login of a database: name one.".to_owned(),
        some => format!(
            " Which secret is the login of which database was not looked up, since no secret is read: found were {}.",
            some.join(", ")
        ),
    };
    let question = format!("Which counts prove a restore? Take something that does not shrink by itself.{login}");
    let lines = ["probes:".to_owned()].into_iter().chain(probes).collect();
    Some(Decision { question, lines })
}

/// A probe of a resource, in which it is called like the resource.
fn probe(entry: &DraftEntry) -> Option<String> {
    let kind = kinds::stateful(&entry.target)?;
    let mut fields: Mapping = vec![("resource", entry.name.clone())];
    match kind.counting()? {
        Counting::Items if kind.is_pattern(&entry.target) => fields.push(("table", "TABLE".to_owned())),
        Counting::Items => {}
        Counting::Rows => {
            fields.push(("sql", "select count(*) from TABLE".to_owned()));
            // One database's own login counts in it.
            if kind.own_login(&entry.target).is_none() {
                fields.push(("secret", "SECRET".to_owned()));
                fields.push(("database", "DATABASE".to_owned()));
            }
        }
    }
    Some(format!("  {}: {}", entry.name, flow(&fields)))
}

fn hooks(draft: &DescriptorDraft) -> Option<Decision> {
    let asked = "Does the application have to rest while it is backed up? Without `hooks`, it is backed up as it runs (docs/hooks.md).";
    let why = draft.hooks.iter().map(|hook| hook.why.clone());
    let question = [asked.to_owned()].into_iter().chain(why).collect::<Vec<_>>().join(" ");
    let hooks = draft.hooks.iter().map(|hook| format!("    - {}", flow(&hook.fields)));
    let lines = match draft.hooks.is_empty() {
        true => Vec::new(),
        false => ["hooks:", "  quiesce:"]
            .map(str::to_owned)
            .into_iter()
            .chain(hooks)
            .collect(),
    };
    Some(Decision { question, lines })
}

fn switches(draft: &DescriptorDraft) -> Option<Decision> {
    let is_switched = |name: &String| {
        let mut fields = draft.cut_over.iter().flatten();
        fields.any(|(field, value)| *field == "resource" && value == name)
    };
    let restored = draft.resources.iter().filter(|entry| !kinds::is_guard(&entry.target));
    let without: Vec<&DraftEntry> = restored.filter(|entry| !is_switched(&entry.name)).collect();
    if without.is_empty() {
        return None;
    }
    let names: Vec<&str> = without.iter().map(|entry| entry.name.as_str()).collect();
    let question = format!(
        "What makes the application use a restored copy of {}? Without a switch in `cut_over`, a restore leaves the copy beside the live \
         resource (docs/descriptor.md, Switches).",
        names.join(", ")
    );
    let switches = without.iter().filter(|entry| has_logins(&entry.target)).map(|entry| {
        let fields: Mapping = vec![
            ("name", entry.name.clone()),
            ("kind", "secret".to_owned()),
            ("resource", entry.name.clone()),
            ("secret", "SECRET".to_owned()),
        ];
        format!("  - {}", flow(&fields))
    });
    let switches: Vec<String> = switches.collect();
    // A list that is there already is only added to.
    let head = (draft.cut_over.is_empty() && !switches.is_empty()).then(|| "cut_over:".to_owned());
    let lines = head.into_iter().chain(switches).collect();
    Some(Decision { question, lines })
}

fn has_logins(target: &Target) -> bool {
    kinds::stateful(target).is_some_and(|kind| kind.has_logins())
}

fn names_of(draft: &DescriptorDraft, fits: impl Fn(&Target) -> bool) -> Vec<&str> {
    let fitting = draft.resources.iter().filter(|entry| fits(&entry.target));
    fitting.map(|entry| entry.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use holdfast::domain::descriptor::Descriptor;

    use super::*;
    use crate::discover::compose::{VaultAndRole, compose};
    use crate::discover::draft::SuggestedHook;
    use crate::discover::{Finding, FoundResource, yaml};

    fn draft() -> DescriptorDraft {
        let found = |target, hint| Finding::new(FoundResource::protected(target, hint), "found");
        let table = |table: &str| Target::DynamoDb {
            table: table.into(),
            archive: None,
        };
        let findings = vec![
            found(Target::Aurora { cluster: "hubs".into() }, "database"),
            found(table("hubs-rooms"), "rooms"),
            found(
                Target::Efs {
                    file_system: "fs-0123456789abcdef0".into(),
                    vault: None,
                    role: None,
                },
                "storage",
            ),
            found(
                Target::Secret {
                    secret: "hubs/db".into(),
                },
                "login",
            ),
        ];
        let mut draft = compose("hubs", findings, &VaultAndRole::default());
        draft.hooks.push(SuggestedHook {
            why: "It writes to files.".into(),
            fields: vec![
                ("name", "web".into()),
                ("kind", "ecs_scale".into()),
                ("cluster", "hubs".into()),
                ("service", "web".into()),
            ],
        });
        draft
    }

    #[test]
    fn every_answer_is_a_descriptor_that_is_accepted() {
        let draft = draft();
        let answers = of(&draft).into_iter().flat_map(|decision| decision.lines);
        let text = format!(
            "{}\n{}\n",
            yaml::write(&draft, "x"),
            answers.collect::<Vec<_>>().join("\n")
        );
        let documents = crate::document::parse("x", &text).unwrap();
        let descriptor = Descriptor::parse(&documents[0].value).unwrap();
        assert_eq!(descriptor.probes.keys().collect::<Vec<_>>(), ["database", "rooms"]);
        assert_eq!(descriptor.hooks.quiesce.len(), 1);
        assert_eq!(descriptor.cut_over.len(), 1);
    }

    #[test]
    fn a_login_is_asked_for_and_its_candidates_are_named() {
        let mut draft = draft();
        let asked = |draft: &DescriptorDraft| {
            let asked = of(draft).into_iter().map(|decision| decision.question);
            asked.collect::<Vec<_>>().join("\n")
        };
        assert!(asked(&draft).contains("found were login."), "{}", asked(&draft));
        draft.resources.retain(|entry| entry.name != "login");
        assert!(asked(&draft).contains("No secret was found"), "{}", asked(&draft));
        draft.resources.retain(|entry| entry.name != "database");
        assert!(!asked(&draft).contains("login"), "{}", asked(&draft));
    }

    #[test]
    fn a_switch_is_asked_for_only_where_there_is_none() {
        let mut draft = draft();
        draft.resources.retain(|entry| entry.name == "storage");
        draft.cut_over = vec![vec![("name", "web".to_owned()), ("resource", "storage".to_owned())]];
        assert!(
            of(&draft)
                .iter()
                .all(|decision| !decision.question.contains("cut_over`, a restore"))
        );
        draft.cut_over.clear();
        assert!(
            of(&draft)
                .iter()
                .any(|decision| decision.question.contains("copy of storage?"))
        );
    }
}
