//! Turns names that AWS accepts into names that a descriptor accepts.

use std::collections::BTreeSet;

/// Longest name of a deployment or a resource.
const LONGEST: usize = 32;
/// The shortest common prefix that says something.
const SHORTEST_COMMON: usize = 3;

/// The name in lower case with single hyphens, beginning with a letter, at most 32 characters: `StorageEFS` becomes
/// `storage-efs`. `otherwise` if nothing is left.
pub fn kebab(name: &str, otherwise: &str) -> String {
    let characters = name.chars().collect::<Vec<_>>();
    let mut kebab = String::new();
    for (at, &c) in characters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(at + 1);
        if !c.is_ascii_alphanumeric() {
            kebab.push('-');
            continue;
        }
        // A word begins at an upper-case letter after a lower-case one, or before one at the end of an acronym.
        let hump = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if hump {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    let kebab = kebab.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let words = kebab
        .split('-')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    match cut(&words, LONGEST) {
        "" => otherwise.to_owned(),
        words => words.to_owned(),
    }
}

/// What at least two names have in common, up to a separator; `None` if that says nothing.
pub fn common<'a>(names: &[&'a str]) -> Option<&'a str> {
    let [first, others @ ..] = names else { return None };
    if others.is_empty() {
        return None;
    }
    let common = others.iter().fold(*first, |common, name| {
        let same = common.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        common.get(..same).unwrap_or_default()
    });
    let end = common.rfind(|c: char| !c.is_ascii_alphanumeric())?;
    Some(&common[..end]).filter(|common| common.len() >= SHORTEST_COMMON)
}

/// The name, or the name with the first number that makes it unique.
pub fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut candidate = name.to_owned();
    let mut number = 2;
    while !taken.insert(candidate.clone()) {
        let suffix = format!("-{number}");
        candidate = format!("{}{suffix}", cut(name, LONGEST - suffix.len()));
        number += 1;
    }
    candidate
}

/// At most `longest` characters of an ASCII name, without a hyphen at its end.
fn cut(name: &str, longest: usize) -> &str {
    name.get(..longest).unwrap_or(name).trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_names_become_names_of_a_descriptor() {
        let cases = [
            ("StorageEFS", "storage-efs"),
            ("AppDb", "app-db"),
            ("RDSCluster2Secret", "rds-cluster2-secret"),
            ("hubs-rooms", "hubs-rooms"),
            ("/hubs/prod/Perms_Key", "hubs-prod-perms-key"),
            ("42--", "thing"),
            ("7zip", "zip"),
            (
                "a-name-that-is-much-longer--than-thirty-two",
                "a-name-that-is-much-longer-than",
            ),
        ];
        for (from, to) in cases {
            assert_eq!(kebab(from, "thing"), to);
        }
    }

    #[test]
    fn names_have_in_common_what_ends_at_a_separator() {
        assert_eq!(common(&["hubs-live-db", "hubs-live-data"]), Some("hubs-live"));
        assert_eq!(common(&["hubsdb", "hubsrooms"]), None);
        assert_eq!(common(&["a-db", "a-rooms"]), None);
        assert_eq!(common(&["hubs-db"]), None);
        assert_eq!(common(&[]), None);
    }

    #[test]
    fn a_taken_name_gets_a_number_within_the_limit() {
        let mut taken = BTreeSet::new();
        let long = "a".repeat(32);
        assert_eq!(unique("rooms", &mut taken), "rooms");
        assert_eq!(unique("rooms", &mut taken), "rooms-2");
        assert_eq!(unique("rooms", &mut taken), "rooms-3");
        assert_eq!(unique(&long, &mut taken), long);
        assert_eq!(unique(&long, &mut taken), format!("{}-2", "a".repeat(30)));
    }
}
