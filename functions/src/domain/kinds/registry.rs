//! The list of kinds, one line each.

use jiff::Timestamp;
use serde_json::Value;

use super::profile::{Profile, Stateful};
use super::{aurora, dynamodb, efs, parameters, secret};
use crate::domain::resource::Target;
use crate::domain::restore::plan::Source;

macro_rules! kinds {
    ($($kind:path: $target:pat,)*) => {
        /// Each of them, in the order in which they are listed to people.
        pub static ALL: &[&dyn Profile] = &[$(&$kind),*];

        /// The kind of a target.
        pub fn of(target: &Target) -> &'static dyn Profile {
            match target {
                $($target => &$kind,)*
            }
        }
    };
}

kinds! {
    aurora::Aurora: Target::Aurora { .. },
    efs::Efs: Target::Efs { .. },
    dynamodb::DynamoDb: Target::DynamoDb { .. } | Target::DynamodbPrefix { .. },
    secret::Secret: Target::Secret { .. },
    parameters::Parameters: Target::Parameters { .. },
}

impl Target {
    /// The name of the kind, as it stands in a descriptor.
    pub fn kind(&self) -> &'static str {
        of(self).name()
    }
}

/// The kind of a target that is backed up and restored; `None` for a guard.
pub fn stateful(target: &Target) -> Option<&'static dyn Stateful> {
    of(target).stateful()
}

/// Whether a target is compared and no more.
pub fn is_guard(target: &Target) -> bool {
    stateful(target).is_none()
}

/// Whether a target finds resources by their names.
pub fn is_pattern(target: &Target) -> bool {
    stateful(target).is_some_and(|kind| kind.is_pattern(target))
}

/// Whether the application has to stay at rest until the job of a target's backup ends.
pub fn is_read_while_backed_up(target: &Target) -> bool {
    stateful(target).is_some_and(Stateful::is_read_while_backed_up)
}

/// A continuous backup of a target as of a moment; of any other source the moment is fixed.
pub fn as_of(target: &Target, source: Source, moment: Timestamp) -> Source {
    match stateful(target) {
        Some(kind) => kind.as_of(source, moment),
        None => source,
    }
}

/// Whether data of a target goes by itself, by what was captured of it.
pub fn data_expires(target: &Target, configuration: &Value) -> bool {
    stateful(target).is_some_and(|kind| kind.data_expires(configuration))
}

/// Whether two targets are one thing.
pub fn is_same(one: &Target, other: &Target) -> bool {
    let identity = |target| of(target).identity(target);
    one.kind() == other.kind() && one.field() == other.field() && identity(one) == identity(other)
}

/// The names of the kinds of which something holds.
pub fn names(which: impl Fn(&dyn Profile) -> bool) -> Vec<&'static str> {
    let those = ALL.iter().filter(|kind| which(**kind));
    those.map(|kind| kind.name()).collect()
}

/// Names as a list of which any one will do: `aurora, efs or dynamodb`.
pub fn any_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_name_and_fields_of_its_own() {
        let names: BTreeSet<&str> = ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), ALL.len());
        let mut fields = BTreeSet::new();
        for field in ALL.iter().flat_map(|kind| kind.fields()) {
            assert!(fields.insert(*field), "{field} is a field of two kinds");
        }
    }

    #[test]
    fn a_target_is_of_the_kind_that_it_names() {
        let targets = [
            Target::Aurora { cluster: "db".into() },
            Target::DynamodbPrefix { prefix: "hubs-".into() },
            Target::Secret {
                secret: "hubs/db".into(),
            },
        ];
        for target in &targets {
            let kind = of(target);
            assert_eq!(kind.name(), target.kind());
            assert!(kind.fields().contains(&target.field()), "{target:?}");
        }
        assert!(is_guard(&targets[2]) && !is_guard(&targets[0]));
        assert!(is_pattern(&targets[1]) && !is_pattern(&targets[0]));
    }

    #[test]
    fn names_are_listed_as_a_choice() {
        assert_eq!(any_of(&["aurora", "efs", "dynamodb"]), "aurora, efs or dynamodb");
        assert_eq!(any_of(&["aurora"]), "aurora");
    }
}
