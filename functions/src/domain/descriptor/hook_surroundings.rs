//! The parts of a descriptor to which its hooks refer.

use std::collections::BTreeMap;

use super::{Probe, Switch};
use crate::domain::resource::Target;

/// What else of a descriptor a hook can refer to.
pub struct HookSurroundings<'a> {
    /// Each resource by name; `None` for one that could not be read.
    pub resources: BTreeMap<&'a str, Option<&'a Target>>,
    pub probes: &'a BTreeMap<String, Probe>,
    pub cut_over: &'a [Switch],
}
