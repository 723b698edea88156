//! Parameters of Parameter Store below a path: guarded, never read.

use super::profile::{Profile, Stateful};
use crate::domain::descriptor::formats;
use crate::domain::descriptor::reader::{Faults, Object};
use crate::domain::resource::Target;

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

    fn stateful(&self) -> Option<&'static dyn Stateful> {
        None
    }
}
