//! The list of kinds, one line each.

use jiff::Timestamp;
use serde_json::Value;

use super::database::Database;
use super::profile::{DestinationFacts, Profile, Stateful};
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::plan::{PlannedResource, Source};

/// One line per kind: its module and type, and its targets.
macro_rules! kinds {
    ($($module:ident::$kind:ident: $target:pat,)*) => {
        /// All kinds, in the order in which people see them.
        pub static ALL: &[&dyn Profile] = &[$(&super::$module::$kind),*];

        /// The kind of a target.
        pub fn of(target: &Target) -> &'static dyn Profile {
            match target {
                $($target => &super::$module::$kind,)*
            }
        }

        /// Of each kind, resources in a descriptor, and the documents that it refuses: `<kind>/wrong.txt`.
        #[cfg(test)]
        pub const EXAMPLES: &[&str] = &[$(include_str!(concat!(stringify!($module), "/wrong.txt"))),*];
    };
}

kinds! {
    aurora::Aurora: Target::Aurora { .. },
    efs::Efs: Target::Efs { .. },
    dynamodb::DynamoDb: Target::DynamoDb { .. } | Target::DynamodbPrefix { .. },
    postgres::Postgres: Target::Postgres { .. },
    secret::Secret: Target::Secret { .. },
    parameters::Parameters: Target::Parameters { .. },
}

impl Target {
    /// The name of the kind in a descriptor.
    pub fn kind(&self) -> &'static str {
        of(self).name()
    }
}

/// The kind of a target, if it is backed up and restored; `None` for a guard.
pub fn stateful(target: &Target) -> Option<&'static dyn Stateful> {
    of(target).stateful()
}

/// Whether a target is only compared.
pub fn is_guard(target: &Target) -> bool {
    stateful(target).is_none()
}

/// Whether a target is a pattern that matches the names of resources.
pub fn is_pattern(target: &Target) -> bool {
    stateful(target).is_some_and(|kind| kind.is_pattern(target))
}

/// How closely a target matches a name: exactly, or by the length of its pattern; `None` if it does not match.
pub fn closeness(target: &Target, name: &str) -> Option<usize> {
    stateful(target)?.patterns()?.closeness(target, name)
}

/// A resource that a pattern matches, as a target; `None` if the kind has no patterns.
pub fn member_target(pattern: &Target, name: &str) -> Option<Target> {
    Some(stateful(pattern)?.patterns()?.target(pattern, name))
}

/// For each kind with patterns, that of all resources whose names begin with a prefix.
pub fn patterns_of(prefix: &str) -> Vec<Target> {
    let patterns = ALL.iter().filter_map(|kind| kind.stateful()?.patterns());
    patterns.map(|pattern| pattern.of_prefix(prefix)).collect()
}

/// The name of a resource that a pattern can match; `None` for a pattern, and for a kind without.
pub fn member_name(target: &Target) -> Option<&str> {
    stateful(target)?.patterns()?.name(target)
}

/// The copy of an item as a server that clients log in to.
pub fn database(item: &RestoreItem) -> Option<Database<'_>> {
    stateful(&item.planned.resource.target)?.database(item)
}

/// The file system of an item's copy, and its directory there if known.
pub fn directory(item: &RestoreItem) -> Option<(&str, Option<&str>)> {
    stateful(&item.planned.resource.target)?.directory(item.created.as_ref()?)
}

/// Whether the application must stay quiesced until the target's backup job ends.
pub fn is_read_while_backed_up(target: &Target) -> bool {
    stateful(target).is_some_and(Stateful::is_read_while_backed_up)
}

/// A continuous backup of a target as of a moment; any other source has a fixed moment and is returned unchanged.
pub fn as_of(target: &Target, source: Source, moment: Timestamp) -> Source {
    match stateful(target) {
        Some(kind) => kind.as_of(source, moment),
        None => source,
    }
}

/// What is known about the copy of a planned restore before it is created; `None` if nothing is created.
pub fn destination(planned: &PlannedResource) -> Option<DestinationFacts<'_>> {
    stateful(&planned.resource.target)?.destination(&planned.destination)
}

/// The planned name of a copy in AWS; empty if nothing is created.
pub fn planned_name(planned: &PlannedResource) -> &str {
    destination(planned).map_or("", |destination| destination.name)
}

/// Whether the copy gets the name of its resource, which is gone: whatever uses that name uses the copy.
pub fn has_own_name(planned: &PlannedResource) -> bool {
    destination(planned).is_some_and(|destination| {
        // A directory has the name of its file system.
        destination.is_resource && destination.name == planned.resource.target.identifier()
    })
}

/// The identifier in AWS of what was created; `None` if it is not a resource of its own, or has no identifier yet.
pub fn copy_identifier(item: &RestoreItem) -> Option<&str> {
    stateful(&item.planned.resource.target)?.copy_identifier(item.created.as_ref()?)
}

/// Whether data of a target expires by itself, according to the captured configuration.
pub fn data_expires(target: &Target, configuration: &Value) -> bool {
    stateful(target).is_some_and(|kind| kind.data_expires(configuration))
}

/// Whether two targets are the same thing.
pub fn is_same(one: &Target, other: &Target) -> bool {
    let identity = |target| of(target).identity(target);
    one.kind() == other.kind() && one.field() == other.field() && identity(one) == identity(other)
}

/// The names of the kinds for which a condition holds.
pub fn names(condition: impl Fn(&dyn Profile) -> bool) -> Vec<&'static str> {
    let matching = ALL.iter().filter(|kind| condition(**kind));
    matching.map(|kind| kind.name()).collect()
}

/// Names as a list of alternatives: `aurora, efs or dynamodb`.
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
    use crate::testing::wrong::check_resources;

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
    fn wrong_resources_are_told_exactly_what_is_wrong() {
        EXAMPLES.iter().for_each(|cases| check_resources(cases));
    }

    #[test]
    fn a_target_is_of_the_kind_that_it_names() {
        let targets = [
            Target::Aurora { cluster: "db".into() },
            Target::DynamodbPrefix {
                prefix: "hubs-".into(),
                archive: None,
            },
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
