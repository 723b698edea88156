//! Kinds of which a target may be a pattern.

use crate::domain::descriptor::reader::{Faults, Object};
use crate::domain::resource::Target;

/// A kind of which a target may be a pattern that matches the names of resources, each of which is backed up and restored by itself.
pub trait Pattern: Sync {
    /// The pattern of all resources whose names begin with a prefix.
    fn of_prefix(&self, prefix: &str) -> Target;

    /// Whether a target is a pattern.
    fn is_pattern(&self, target: &Target) -> bool;

    /// The resource of this name as a target, with the settings of the pattern that matched it.
    fn target(&self, pattern: &Target, name: &str) -> Target;

    /// The name of one resource; `None` for a pattern, and for another kind.
    fn name<'a>(&self, target: &'a Target) -> Option<&'a str>;

    /// How closely a target matches a name: exactly, or by the length of its pattern; `None` if it does not match.
    fn closeness(&self, target: &Target, name: &str) -> Option<usize>;

    /// The resource of a pattern that a probe or switch names: `Some(None)` if there is none to name, `None` only if there is a fault.
    fn member(&self, faults: &mut Faults, object: &Object<'_>, target: &Target) -> Option<Option<String>>;
}
