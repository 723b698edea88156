//! Leftovers as text for an operator at night, and as JSON for machines.

use std::fmt::Write;

use holdfast::domain::kinds::upkeep::{MonthlyCost, dollars_words};
use holdfast::domain::message::add_command_options;
use holdfast::domain::usage::RestoredCopy;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::findings::{Findings, Removal, ReplacedVerdict};
use super::verdict::{CopyState, RestoreVerdict, Verdict};
use crate::format;
use crate::table::{Table, listed};

/// Everything that was found, and what to do next. Writing to a string cannot fail.
pub fn text(deployment: &str, found: &Findings, option: &str, now: Timestamp, dry_run: bool) -> String {
    if found.restores.is_empty() && found.replaced.is_empty() {
        return format!("Nothing is left of earlier restores of {deployment}.\n");
    }
    let mut text = String::new();
    for of in &found.restores {
        let _ = writeln!(text, "{}", restore(of, option, now));
    }
    if !found.replaced.is_empty() {
        text.push_str("Replaced by a cut-over. It is yours to remove; Holdfast never does:\n");
        found.replaced.iter().for_each(|old| text.push_str(&replaced(old)));
        text.push('\n');
    }
    text.push_str("Costs are estimates at list prices of us-east-1, without requests and I/O.\n");
    let removable: Vec<&RestoreVerdict> = found.restores.iter().filter(|of| of.is_removable()).collect();
    text.push_str(&match (removable.as_slice(), dry_run) {
        ([], _) => "Nothing can be removed now.\n".to_owned(),
        (some, true) => format!(
            "{}. To remove: holdfast tidy{option} {deployment}\n",
            what_is_saved(some)
        ),
        (some, false) => format!("{}.\n", what_is_saved(some)),
    });
    text
}

/// The question before anything is removed.
pub fn question(deployment: &str, removable: &[&RestoreVerdict]) -> String {
    let mut listed = String::new();
    for of in removable {
        for copy in there(of) {
            let _ = writeln!(listed, "  {copy} (restore {})", of.left.restore);
        }
    }
    let what = match listed.is_empty() {
        true => "Nothing of it exists any more; its removal is recorded.\n".to_owned(),
        false => format!("This permanently removes:\n{listed}"),
    };
    format!("{what}Type the deployment's name ({deployment}) to continue: ")
}

fn there(of: &RestoreVerdict) -> impl Iterator<Item = &RestoredCopy> {
    let copies = of.left.copies.iter().zip(&of.states);
    copies
        .filter(|(_, state)| **state != CopyState::Gone)
        .map(|(left, _)| &left.copy)
}

fn what_is_saved(removable: &[&RestoreVerdict]) -> String {
    let copies: usize = removable.iter().map(|of| there(of).count()).sum();
    let there = removable
        .iter()
        .flat_map(|of| of.left.copies.iter().zip(&of.states))
        .filter(|(_, state)| **state != CopyState::Gone);
    let costs: Vec<&MonthlyCost> = there.map(|(left, _)| &left.cost).collect();
    let dollars: f64 = costs.iter().filter_map(|cost| cost.dollars).sum();
    let least = costs.iter().any(|cost| !cost.without.is_empty());
    let copies = match copies {
        1 => "1 copy".to_owned(),
        number => format!("{number} copies"),
    };
    let least = if least { "at least " } else { "" };
    match dollars < 0.005 {
        true => format!("{copies} can be removed"),
        false => format!(
            "{copies} can be removed, which saves {least}{} a month",
            dollars_words(dollars)
        ),
    }
}

fn restore(of: &RestoreVerdict, option: &str, now: Timestamp) -> String {
    let verdict = match &of.verdict {
        Verdict::Removable => "can be removed",
        Verdict::Gone => "can be removed from the list, nothing of it exists any more",
        Verdict::Stay(_) => "STAYS",
    };
    let mut text = format!("Restore {}: {verdict}\n", of.left.restore);
    let mut table = Table::new([">AGE", ">SIZE", "COST", "STATE", "OF", "COPY"]);
    for (left, state) in of.left.copies.iter().zip(&of.states) {
        table.row([
            format::span(left.created_at, now),
            left.size_bytes.map(format::bytes).unwrap_or_default(),
            left.cost.words(),
            state_words(state).to_owned(),
            left.resource.clone(),
            left.copy.to_string(),
        ]);
    }
    for line in table.lines() {
        let _ = writeln!(text, "  {line}");
    }
    if let Verdict::Stay(reasons) = &of.verdict {
        for reason in reasons {
            text.push_str(&listed(&format!("because {}", add_command_options(reason, option))));
        }
    }
    for line in &of.unchecked {
        text.push_str(&listed(&format!("not checked here: {line}")));
    }
    text
}

fn state_words(state: &CopyState) -> &'static str {
    match state {
        CopyState::Exists => "exists",
        CopyState::Gone => "gone",
        CopyState::Foreign => "NOT THE RESTORE'S",
        CopyState::Unknown(_) => "not known",
    }
}

fn replaced(old: &ReplacedVerdict) -> String {
    let ReplacedVerdict {
        replaced,
        users,
        notes,
        unchecked,
    } = old;
    let mut text = format!(
        "  {}, replaced by restore {}, cost {}\n",
        replaced.what,
        replaced.restore,
        replaced.cost.words()
    );
    for line in notes.iter().chain(unchecked) {
        let _ = writeln!(text, "    not checked here: {}", crate::table::one_line(line));
    }
    if !unchecked.is_empty() && users.is_empty() {
        text.push_str("    whether it is in use is not known: its command is shown once everything could be checked\n");
    }
    if old.is_free() {
        text.push_str("    first make sure that nothing else uses it, and that you need not switch back; then:\n");
        for command in replaced.commands() {
            let _ = writeln!(text, "    {command}");
        }
    }
    for user in users {
        let _ = writeln!(text, "    STILL IN USE: {}", crate::table::one_line(user));
    }
    text
}

/// The same for machines.
pub fn json(found: &Findings, removed: &[Removal]) -> Value {
    let copies = |of: &RestoreVerdict| -> Value {
        let copies = of.left.copies.iter().zip(&of.states);
        let copies = copies.map(|(left, state)| {
            json!({
                "resource": left.resource,
                "copy": left.copy.to_string(),
                "created_at": left.created_at,
                "size_bytes": left.size_bytes,
                "cost_a_month": left.cost,
                "state": state,
            })
        });
        copies.collect()
    };
    let restores = found.restores.iter().map(|of| {
        json!({
            "restore": of.left.restore,
            "status": of.left.status,
            "verdict": of.verdict,
            "removable": of.is_removable(),
            "not_checked": of.unchecked,
            "copies": copies(of),
        })
    });
    let replaced = found.replaced.iter().map(|old| {
        json!({
            "what": old.replaced.what.to_string(),
            "restore": old.replaced.restore,
            "cost_a_month": old.replaced.cost,
            "users": old.users,
            "not_checked": old.notes.iter().chain(&old.unchecked).collect::<Vec<_>>(),
            "commands": if old.is_free() { old.replaced.commands() } else { Vec::new() },
        })
    });
    json!({
        "prices": "list price, us-east-1",
        "restores": restores.collect::<Value>(),
        "replaced": replaced.collect::<Value>(),
        "removals": removed.iter().map(Removal::json).collect::<Value>(),
    })
}

#[cfg(test)]
mod tests {
    use holdfast::domain::resource::Target;
    use holdfast::domain::restore::leftovers::{Obstacle, Replaced};
    use holdfast::domain::restore::removable::Removable;

    use super::super::verdict::verdict;
    use super::*;
    use crate::testing::at;
    use crate::testing::leftovers::restored;

    fn found_of(obstacle: Option<Obstacle>, states: [CopyState; 2]) -> RestoreVerdict {
        let (left, states) = (restored(obstacle), states.to_vec());
        RestoreVerdict {
            verdict: verdict("hubs", &left, &states, &[]),
            left,
            states,
            unchecked: Vec::new(),
        }
    }

    fn shown(restores: Vec<RestoreVerdict>, replaced: Vec<ReplacedVerdict>, dry_run: bool) -> String {
        let found = Findings { restores, replaced };
        text("hubs", &found, " --stack hf", at("2025-02-12T23:00:00Z"), dry_run)
    }

    #[test]
    fn copies_are_shown_with_age_size_cost_and_what_to_do() {
        let text = shown(
            vec![found_of(None, [CopyState::Exists, CopyState::Exists])],
            Vec::new(),
            true,
        );
        let expected = "\
Restore hubs-20250131-230000-cd34: can be removed
  AGE   SIZE     COST                      STATE   OF        COPY
  12 d  100 GiB  about $200 a month        exists  database  cluster hubs-db-r1
  12 d  -        not known: its instances  exists  rooms     table hubs-rooms-r1
";
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed(&text).starts_with(&squeezed(expected)), "{text}");
        assert!(
            text.ends_with(
                "2 copies can be removed, which saves at least about $200 a month. To remove: holdfast tidy --stack hf hubs\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn what_stays_says_why_and_what_changes_that() {
        let text = shown(
            vec![found_of(
                Some(Obstacle::NoNewerSet),
                [CopyState::Exists, CopyState::Gone],
            )],
            Vec::new(),
            true,
        );
        assert!(text.contains("cd34: STAYS\n"), "{text}");
        assert!(
            text.contains(
                "because no set was sealed since they were created: `holdfast backup hubs --watch --stack hf`"
            ),
            "{text}"
        );
        assert!(text.ends_with("Nothing can be removed now.\n"), "{text}");
    }

    #[test]
    fn what_was_replaced_comes_with_its_command_unless_it_is_in_use() {
        let old = |users: &[&str]| ReplacedVerdict {
            replaced: Replaced {
                restore: "hubs-20250131-230000-cd34".into(),
                what: Removable::Resource(Target::DynamoDb {
                    table: "hubs-rooms".into(),
                    archive: None,
                }),
                cost: MonthlyCost::of([("its storage", Some(1.0))]),
            },
            users: users.iter().map(|user| (*user).to_owned()).collect(),
            notes: Vec::new(),
            unchecked: Vec::new(),
        };
        let text = shown(Vec::new(), vec![old(&[])], false);
        assert!(
            text.contains("table hubs-rooms, replaced by restore hubs-20250131-230000-cd34"),
            "{text}"
        );
        assert!(
            text.contains("    aws dynamodb delete-table --table-name hubs-rooms\n"),
            "{text}"
        );
        let mut unchecked = old(&[]);
        unchecked.unchecked.push("who mounts it: access denied".to_owned());
        let text = shown(Vec::new(), vec![unchecked], false);
        assert!(
            text.contains("is not known") && !text.contains("delete-table"),
            "{text}"
        );
        let used = shown(Vec::new(), vec![old(&["a service names it"])], false);
        assert!(
            used.contains("STILL IN USE: a service names it") && !used.contains("delete-table"),
            "{used}"
        );
    }

    #[test]
    fn without_leftovers_that_is_said() {
        assert_eq!(
            shown(Vec::new(), Vec::new(), false),
            "Nothing is left of earlier restores of hubs.\n"
        );
    }

    #[test]
    fn the_question_names_what_still_exists() {
        let of = found_of(None, [CopyState::Exists, CopyState::Gone]);
        let asked = question("hubs", &[&of]);
        assert!(
            asked.contains("  cluster hubs-db-r1 (restore hubs-20250131-230000-cd34)\n"),
            "{asked}"
        );
        assert!(
            !asked.contains("hubs-rooms-r1") && asked.ends_with("(hubs) to continue: "),
            "{asked}"
        );
    }
}
