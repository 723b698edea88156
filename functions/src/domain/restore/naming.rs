//! The name of a resource's copy, its destination, and the settings that the operator overrides.

use crate::domain::names;
use crate::domain::restore::request::{RequestedDestination, RestoreRequest};

/// The operator's choices for a copy's name and destination, with the run's suffix as the default.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// The suffix that is added to the name of the source.
    pub suffix: &'a str,
    /// The name that the operator gave to the copy.
    pub given: Option<&'a str>,
    /// The destination that the operator chose for a file system.
    pub into: Option<RequestedDestination>,
}

impl Naming<'_> {
    /// The copy's name, within the length that AWS allows.
    pub fn of_copy(&self, source: &str, longest: usize) -> String {
        match self.given {
            Some(given) => given.to_owned(),
            None => names::copy_of(source, self.suffix, longest),
        }
    }
}

/// The operator's settings for the copy instead of the captured ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overrides<'a> {
    /// The instance class of every instance.
    pub instance_class: Option<&'a str>,
    /// The certificate authority of every instance.
    pub ca_certificate: Option<&'a str>,
}

impl<'a> Overrides<'a> {
    /// The overrides of a request for the copy of one resource.
    pub fn of(request: &'a RestoreRequest, resource: &str) -> Self {
        Self {
            instance_class: request.instance_classes.get(resource).map(String::as_str),
            ca_certificate: request.ca_certificates.get(resource).map(String::as_str),
        }
    }
}
