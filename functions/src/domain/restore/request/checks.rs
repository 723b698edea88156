//! Checks of a request that need the current time and the deployment's resources.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{RequestedMoment, RestoreRequest, is_or_contains};
use crate::domain::descriptor::Descriptor;
use crate::domain::descriptor::reader::{Faults, bare, quoted};
use crate::domain::kinds::{self, Profile, any_of};
use crate::domain::nearest::nearest;
use crate::domain::resource::Resource;
use crate::domain::restore::matching::MatchedResource;
use crate::error::Fault;

impl RestoreRequest {
    /// The request with the set's resource names replaced by today's: `holdfast show` lists a set by its own names.
    pub fn called_today(&self, resources: &[MatchedResource], today: &Descriptor) -> Self {
        let known = |name: &str| {
            today.resources.contains_key(name) || resources.iter().any(|of| is_or_contains(name, &of.name))
        };
        let each = |name: &String| -> Vec<String> {
            let in_set = resources.iter().filter(|of| is_or_contains(name, &of.resource.name));
            let today: Vec<String> = in_set.map(|of| of.name.clone()).collect();
            match known(name) || today.is_empty() {
                true => vec![name.clone()],
                false => today,
            }
        };
        let one = |name: &String| match &each(name)[..] {
            [one] => one.clone(),
            _ => name.clone(),
        };
        Self {
            only: self.only.iter().flat_map(each).collect(),
            except: self.except.iter().flat_map(each).collect(),
            names: self
                .names
                .iter()
                .map(|(name, copy)| (one(name), copy.clone()))
                .collect(),
            into: self.into.iter().map(|(name, place)| (one(name), *place)).collect(),
            instance_classes: self
                .instance_classes
                .iter()
                .map(|(name, class)| (one(name), class.clone()))
                .collect(),
            ca_certificates: self
                .ca_certificates
                .iter()
                .map(|(name, authority)| (one(name), authority.clone()))
                .collect(),
            ..self.clone()
        }
    }

    /// Faults of `before` and `at` that are in the future.
    pub fn check_times(&self, now: Timestamp) -> Vec<Fault> {
        let (field, time) = match &self.wanted {
            RequestedMoment::Before(time) => ("before", *time),
            RequestedMoment::At(time) => ("at", *time),
            RequestedMoment::Newest | RequestedMoment::Set(_) => return Vec::new(),
        };
        let mut faults = Faults::default();
        if time > now {
            let now = now.strftime("%Y-%m-%dT%H:%M:%SZ");
            faults.add(
                field,
                quoted(&time.to_string()),
                format!("a time that has passed: it is {now}"),
            );
        }
        faults.finish()
    }

    /// Faults of `only`, `except`, `names`, `into`, `instance_classes` and `ca_certificates`: resources that do not exist, are not
    /// restored, or do not support the option; names that AWS or the plan would refuse. `resources` are those of the set (or of the
    /// descriptor), with the tables of each prefix.
    pub fn check_names(&self, resources: &[Resource]) -> Vec<Fault> {
        let mut faults = Faults::default();
        for (field, names) in [("only", &self.only), ("except", &self.except)] {
            for (index, name) in names.iter().enumerate() {
                if !resources.iter().any(|resource| is_or_contains(name, &resource.name)) {
                    unknown(&mut faults, format!("{field}[{index}]"), name, resources);
                }
            }
        }
        let restores = |resource: &Resource| !kinds::is_guard(&resource.target);
        let any = resources
            .iter()
            .any(|resource| self.covers(&resource.name) && restores(resource));
        if !resources.is_empty() && !any {
            let (field, names) = match self.only.is_empty() {
                true => ("except", &self.except),
                false => ("only", &self.only),
            };
            let rule = "at least one resource to restore; secrets and parameters are only compared";
            faults.add(field, quoted(&names.join(", ")), rule);
        }
        let mut taken: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for (name, copy) in &self.names {
            let path = format!("names.{}", bare(name));
            let Some(resource) = self.restored(&mut faults, &path, name, resources) else {
                continue;
            };
            if let Some(rule) = refused(resource, copy) {
                faults.add(&path, quoted(copy), rule);
            } else if let Some(other) = taken.insert((resource.target.kind(), copy), name) {
                let rule = format!("a name that no other copy has; {} has this one", bare(other));
                faults.add(&path, quoted(copy), rule);
            }
        }
        let options: [(&str, Vec<&String>); 3] = [
            ("into", self.into.keys().collect()),
            ("instance_classes", self.instance_classes.keys().collect()),
            ("ca_certificates", self.ca_certificates.keys().collect()),
        ];
        for (option, names) in options {
            let takes = |kind: &dyn Profile| kind.stateful().is_some_and(|kind| kind.options().contains(&option));
            for name in names {
                let path = format!("{option}.{}", bare(name));
                if let Some(resource) = self.restored(&mut faults, &path, name, resources)
                    && !takes(kinds::of(&resource.target))
                {
                    let (wanted, kind) = (any_of(&kinds::names(takes)), resource.target.kind());
                    let rule = format!("a resource of kind {wanted}; {} is of kind {kind}", bare(name));
                    faults.add(&path, quoted(name), rule);
                }
            }
        }
        faults.finish()
    }

    /// The resource of this name, if the request restores it.
    fn restored<'a>(
        &self,
        faults: &mut Faults,
        path: &str,
        name: &str,
        resources: &'a [Resource],
    ) -> Option<&'a Resource> {
        let found = resources.iter().find(|resource| resource.name == name);
        match found {
            None => {
                unknown(faults, path.to_owned(), name, resources);
                None
            }
            Some(_) if !self.covers(name) => {
                faults.add(path, quoted(name), "a resource that only and except do not leave out");
                None
            }
            found => found,
        }
    }
}

fn unknown(faults: &mut Faults, path: String, name: &str, resources: &[Resource]) {
    let names = || resources.iter().map(|resource| resource.name.as_str());
    let guess = nearest(name, names())
        .map(|name| format!("; did you mean {}?", bare(name)))
        .unwrap_or_default();
    let mut listed: Vec<String> = names().map(bare).take(20).collect();
    if resources.len() > listed.len() {
        listed.push(format!("… ({} in all)", resources.len()));
    }
    let rule = format!("one of the resources {}{guess}", listed.join(", "));
    faults.add(path, quoted(name), rule);
}

/// The rule that this name for a copy of the resource breaks.
fn refused(resource: &Resource, copy: &str) -> Option<String> {
    let Some(kind) = kinds::stateful(&resource.target) else {
        return Some("no name: secrets and parameters are compared, not restored".to_owned());
    };
    let format = match kind.copy_name() {
        Ok(format) => format,
        Err(why) => return Some(why.to_owned()),
    };
    // Its own name is free once the resource is gone: whether a name is taken is a question to AWS.
    (!(format.accepts)(copy)).then(|| format.rule.to_owned())
}
