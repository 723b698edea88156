//! What belongs to a deployment by its name, and is in no descriptor, so that no set has it.

use std::collections::BTreeSet;

use super::{Covers, Descriptor};
use crate::domain::kinds;
use crate::domain::resource::Target;
use crate::domain::set::Reason;

/// The stable name of the warning.
const IN_NO_SET: &str = "InNoSet";
/// How many resources a warning names.
const MOST_NAMED: usize = 20;

/// What explains that a resource is in no set of the deployment.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub descriptors: &'a [Descriptor],
    /// Names of the copies that restores created.
    pub copies: &'a BTreeSet<String>,
    /// What cut-overs replaced.
    pub replaced: &'a [Target],
}

/// Of what was found, what is covered, and which nothing known explains.
pub fn uncovered(covers: &Covers, found: &[Target], known: &Known<'_>) -> Vec<Target> {
    let is_known = |target: &Target| {
        known.descriptors.iter().any(|descriptor| descriptor.has(target))
            || known.copies.contains(target.identifier())
            || known.replaced.iter().any(|old| kinds::is_same(old, target))
    };
    let found = found.iter().filter(|target| covers.has(target.identifier()));
    found.filter(|target| !is_known(target)).cloned().collect()
}

/// The warning of it; `None` if there is nothing.
pub fn warning(covers: &Covers, uncovered: &[Target]) -> Option<Reason> {
    let named = |target: &Target| format!("{} {}", kinds::of(target).noun(), target.identifier());
    let prefix = &covers.prefix;
    Some(reason(match uncovered {
        [] => return None,
        [one] => format!(
            "{} begins with {prefix} and is in no descriptor, so it is in no set",
            named(one)
        ),
        all => {
            let listed: Vec<String> = all.iter().take(MOST_NAMED).map(named).collect();
            let more = match all.len() - listed.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "{} resources begin with {prefix} and are in no descriptor, so they are in no set: {}{more}",
                all.len(),
                listed.join(", ")
            )
        }
    }))
}

/// The warning that it could not be determined.
pub fn unknown(covers: &Covers, why: &str) -> Reason {
    reason(format!(
        "what begins with {} and is in no descriptor, and so in no set, is not known: {why}",
        covers.prefix
    ))
}

fn reason(message: String) -> Reason {
    Reason {
        subject: "covers".to_owned(),
        error: IN_NO_SET.to_owned(),
        message,
    }
}

/// What a run's warnings say of this.
pub fn told(warnings: &[Reason]) -> Vec<String> {
    let own = warnings.iter().filter(|warning| warning.error == IN_NO_SET);
    own.map(|warning| warning.message.clone()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn descriptor(deployment: &str, resources: serde_json::Value) -> Descriptor {
        Descriptor::parse(&json!({ "deployment": deployment, "resources": resources })).unwrap()
    }

    fn tables(names: &[&str]) -> Vec<Target> {
        let table = |name: &&str| kinds::member_target(&kinds::patterns_of("hubs-")[0], name).unwrap();
        names.iter().map(table).collect()
    }

    /// What is uncovered of these tables.
    fn of(found: &[&str], copies: &[&str], replaced: &[&str]) -> Vec<String> {
        let descriptors = [
            descriptor("hubs", json!({"rooms": {"kind": "dynamodb", "table": "hubs-rooms"}})),
            descriptor("logs", json!({"logs": {"kind": "dynamodb", "prefix": "hubs-log-"}})),
        ];
        let known = Known {
            descriptors: &descriptors,
            copies: &copies.iter().map(|name| (*name).to_owned()).collect(),
            replaced: &tables(replaced),
        };
        let found = uncovered(&Covers::of("hubs-").unwrap(), &tables(found), &known);
        found.iter().map(|target| target.identifier().to_owned()).collect()
    }

    #[test]
    fn a_table_is_in_no_set_if_no_descriptor_has_it() {
        let found = ["hubs-rooms", "hubs-new", "hubs-log-a", "hubsters", "shop-users"];
        assert_eq!(of(&found, &[], &[]), ["hubs-new"]);
    }

    #[test]
    fn a_copy_and_what_a_cut_over_replaced_are_told_elsewhere() {
        let found = ["hubs-rooms", "hubs-old", "hubs-copy"];
        assert_eq!(of(&found, &["hubs-copy"], &["hubs-old"]), Vec::<String>::new());
        assert_eq!(of(&found, &[], &[]), ["hubs-old", "hubs-copy"]);
    }

    #[test]
    fn a_warning_names_what_it_is_about_and_counts_the_rest() {
        let covers = Covers::of("hubs-").unwrap();
        assert_eq!(warning(&covers, &[]), None);
        let one = warning(&covers, &tables(&["hubs-new"])).unwrap();
        let words = "table hubs-new begins with hubs- and is in no descriptor, so it is in no set";
        assert_eq!(told(&[one]), [words]);
        let names: Vec<String> = (0..22).map(|nth| format!("hubs-{nth}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let many = warning(&covers, &tables(&names)).unwrap().message;
        assert!(many.starts_with("22 resources begin with hubs-"), "{many}");
        assert!(many.ends_with("table hubs-19 and 2 more"), "{many}");
    }

    #[test]
    fn what_is_not_known_is_told_too_and_another_warning_is_not() {
        let unknown = unknown(&Covers::of("hubs-").unwrap(), "no answer");
        let other = Reason {
            error: "CopiesLeftOut".to_owned(),
            ..unknown.clone()
        };
        let told = told(&[other, unknown]);
        assert!(
            told.len() == 1 && told[0].ends_with("is not known: no answer"),
            "{told:?}"
        );
    }
}
