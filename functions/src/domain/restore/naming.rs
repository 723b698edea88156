//! What the copy of a resource is called, and where it goes.

use crate::domain::names;
use crate::domain::restore::request::{RequestedDestination, RestoreRequest};

/// As far as the operator said, and else by the run.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// What is added to the name of the source.
    pub suffix: &'a str,
    /// The name that the operator gave to the copy.
    pub given: Option<&'a str>,
    /// Where the operator wants a file system.
    pub into: Option<RequestedDestination>,
}

impl Naming<'_> {
    /// The copy's name, in at most as many characters as AWS takes.
    pub fn of_copy(&self, source: &str, longest: usize) -> String {
        match self.given {
            Some(given) => given.to_owned(),
            None => names::copy_of(source, self.suffix, longest),
        }
    }
}

/// What the operator wants of the copy instead of what was captured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overrides<'a> {
    /// The class of every instance.
    pub instance_class: Option<&'a str>,
    /// The certificate authority of every instance.
    pub ca_certificate: Option<&'a str>,
}

impl<'a> Overrides<'a> {
    /// What a request says of the copy of one resource.
    pub fn of(request: &'a RestoreRequest, resource: &str) -> Self {
        Self {
            instance_class: request.instance_classes.get(resource).map(String::as_str),
            ca_certificate: request.ca_certificates.get(resource).map(String::as_str),
        }
    }
}
