//! Parameters of Parameter Store below a path: guarded, never read.

use super::guard;
use super::profile::{Profile, Stateful};
use crate::domain::descriptor::formats;
use crate::domain::descriptor::reader::{Faults, Object};
use crate::domain::resource::{RecoveryPoint, Target};
use crate::domain::restore::plan::Source;

pub struct Parameters;

impl Profile for Parameters {
    fn name(&self) -> &'static str {
        "parameters"
    }

    fn noun(&self) -> &'static str {
        "parameter"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["path"]
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<Target> {
        let path = object.text(faults, "path", &formats::PARAMETERS)?;
        Some(Target::Parameters { path })
    }

    fn source(&self, point: &RecoveryPoint) -> Option<Source> {
        guard::source(point)
    }

    fn point_words(&self, point: &RecoveryPoint) -> String {
        guard::point_words(point)
    }

    fn source_words(&self, source: &Source) -> String {
        guard::source_words(source, self.noun())
    }

    fn stateful(&self) -> Option<&'static dyn Stateful> {
        None
    }
}
