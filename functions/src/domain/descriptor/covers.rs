//! `covers` of a descriptor: which names belong to the deployment, whether or not the descriptor has the resources.

use serde::Serialize;

use super::formats;
use super::reader::{Faults, Object};

const RULE: &str = "a mapping with the field prefix, such as {prefix: hubs-prod-}";

/// What belongs to a deployment by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Covers {
    /// What the names begin with, as a whole word.
    pub prefix: String,
}

impl Covers {
    /// `None` for a prefix that no descriptor may have.
    pub fn of(prefix: &str) -> Option<Self> {
        (formats::COVERED.accepts)(prefix).then(|| Self {
            prefix: prefix.to_owned(),
        })
    }

    pub fn has(&self, name: &str) -> bool {
        has_prefix(name, &self.prefix)
    }
}

pub(super) fn read(faults: &mut Faults, document: &Object<'_>) -> Option<Covers> {
    let object = Object::open(faults, "covers", document.get("covers")?, RULE)?;
    object.only(faults, &["prefix"]);
    let prefix = object.text(faults, "prefix", &formats::COVERED)?;
    Some(Covers { prefix })
}

/// Whether a name has a prefix as a whole word: `hubs-db` has `hubs` and `hubs-`, `hubsters` has neither.
pub fn has_prefix(name: &str, prefix: &str) -> bool {
    let rest = name.trim_start_matches('/').strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || prefix.ends_with(is_separator) || rest.starts_with(is_separator))
}

/// Whether a word of a name ends before this character.
pub fn is_separator(c: char) -> bool {
    !c.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_whole_word() {
        for (name, prefix, has) in [
            ("hubs-db", "hubs", true),
            ("hubs", "hubs", true),
            ("/hubs/key", "hubs", true),
            ("hubsters", "hubs", false),
            ("x-hubs", "hubs", false),
            ("hubs-rooms", "hubs-", true),
            ("hubs_rooms", "hubs-", false),
        ] {
            assert_eq!(has_prefix(name, prefix), has, "{name} {prefix}");
        }
    }

    #[test]
    fn what_no_descriptor_may_have_covers_nothing() {
        assert_eq!(Covers::of("hubs-").map(|covers| covers.has("hubs-rooms")), Some(true));
        for prefix in ["", "hu", "/hubs", "hubs prod"] {
            assert_eq!(Covers::of(prefix), None, "{prefix}");
        }
    }
}
