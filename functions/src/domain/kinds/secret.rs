//! Secrets of Secrets Manager: guarded, never read.

use std::borrow::Cow;

use super::guard;
use super::profile::{Profile, Stateful};
use crate::domain::descriptor::reader::{Faults, Object};
use crate::domain::descriptor::{StackValue, formats};
use crate::domain::resource::{RecoveryPoint, Target};
use crate::domain::restore::plan::Source;

pub struct Secret;

impl Profile for Secret {
    fn name(&self) -> &'static str {
        "secret"
    }

    fn noun(&self) -> &'static str {
        "secret"
    }

    fn fields(&self) -> &'static [&'static str] {
        &["secret"]
    }

    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<Target> {
        let secret = object.text(faults, "secret", &formats::SECRET)?;
        Some(Target::Secret { secret })
    }

    fn identity<'a>(&self, target: &'a Target) -> Cow<'a, str> {
        Cow::Borrowed(name(target.identifier()))
    }

    fn source(&self, point: &RecoveryPoint) -> Option<Source> {
        guard::source(point)
    }

    fn point_words(&self, point: &RecoveryPoint) -> String {
        guard::point_words(point)
    }

    fn stack_values(&self) -> &'static [StackValue] {
        &[StackValue::Secret]
    }

    fn stack_value<'a>(&self, point: &'a RecoveryPoint, value: StackValue) -> Option<&'a str> {
        match (point, value) {
            (RecoveryPoint::Versions { versions, .. }, StackValue::Secret) => Some(&versions.first()?.name),
            _ => None,
        }
    }

    fn source_words(&self, source: &Source) -> String {
        guard::source_words(source, self.noun())
    }

    fn stateful(&self) -> Option<&'static dyn Stateful> {
        None
    }
}

/// The name in a secret's ARN, without the hyphen and six characters that Secrets Manager adds.
pub fn name(secret: &str) -> &str {
    let Some((_, name)) = secret
        .starts_with("arn:")
        .then(|| secret.split_once(":secret:"))
        .flatten()
    else {
        return secret;
    };
    match name.rsplit_once('-') {
        Some((name, suffix)) if suffix.len() == 6 => name,
        _ => name,
    }
}
