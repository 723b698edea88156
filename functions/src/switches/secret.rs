//! `secret`: keys of a Secrets Manager secret. A new version gets the changed keys, then the label `AWSCURRENT` moves to it, and
//! back: a move names the version that the label leaves, so that a concurrent rotation is never overwritten.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::{Value, json};

use super::directories::{self, Directories};
use super::facts::{self, Facts};
use super::references::ReferenceReader;
use super::switch::{SwitchDriver, fault, wrong_action};
use crate::domain::descriptor::{Fact, Switch, SwitchAction};
use crate::domain::efs_access::roots::Mount;
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::reference::{self, Reference};
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::SwitchProgress;
use crate::domain::usage::services::names_directory;
use crate::error::{Error, Fault, Result};

mod document;
mod labels;
#[cfg(test)]
mod tests;
mod versions;

use self::versions::{CURRENT, PENDING, Versions, current, end_rotation, rotating, without_current};

pub struct Secret {
    versions: Versions,
    facts: Facts,
    places: ReferenceReader,
    directories: Directories,
}

impl Secret {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            versions: Versions::from_config(aws),
            facts: Facts::from_config(aws),
            places: ReferenceReader::from_config(aws),
            directories: Directories::from_config(aws),
        }
    }

    /// The directory in the copy for a key with the value `text`.
    async fn directory(&self, switch: &Switch, key: &str, item: &RestoreItem, text: &str) -> Result<Value> {
        let old = document::text_of(text, key).unwrap_or_default();
        let found = self.directories.find(switch, key, item, directories::named(&old)).await;
        found.map(Value::from)
    }

    async fn faults(&self, switch: &Switch, secret: &str) -> Result<Vec<Fault>> {
        let wanted = |value: &str, allowed: &str| Ok(vec![fault(switch, "secret", value, allowed)]);
        let described = match self.versions.describe(secret).await {
            Ok(described) => described,
            Err(Error::NotFound(_)) => return wanted(secret, "a secret that exists in this account and Region"),
            Err(error) => return Err(error),
        };
        if described.deleted_date().is_some() {
            return wanted(
                &format!("{secret}, scheduled for deletion"),
                "a secret that stays: restore it with aws secretsmanager restore-secret",
            );
        }
        if let Some(service) = described.owning_service() {
            return wanted(
                &format!("{secret}, which belongs to {service}"),
                "a secret of the application's own: only its owning service can write this one",
            );
        }
        let Some(version) = current(&described) else {
            return wanted(
                &format!("{secret}, without {CURRENT}"),
                "a secret that has a current version",
            );
        };
        if let Some(pending) = rotating(&described) {
            return wanted(
                &format!(
                    "{secret}, of which version {pending} is {PENDING}: a rotation is in progress, or was interrupted"
                ),
                &format!(
                    "a secret without a rotation in progress: wait until it has ended, or end it with `{}`",
                    end_rotation(secret, pending)
                ),
            );
        }
        match self.versions.value(secret, &version).await {
            Ok(text) => Ok(document::faults(switch, &text, values(switch)?.1)),
            Err(Error::InvalidInput(faults)) => Ok(faults),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl SwitchDriver for Secret {
    async fn preflight(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>> {
        let (secret, values) = values(switch)?;
        let mut faults = self.faults(switch, secret).await?;
        let lacking = values
            .iter()
            .filter_map(|(key, fact)| facts::check(switch, &format!("values.{key}"), *fact, item));
        faults.extend(lacking);
        Ok(faults)
    }

    async fn reference(&self, switch: &Switch, target: &Target) -> Result<Reference> {
        let (secret, values) = values(switch)?;
        let unknown = |why: &str| Ok(Reference::Unknown(format!("secret {secret} {why}")));
        let version = match self.versions.describe(secret).await {
            Ok(described) => current(&described),
            Err(Error::NotFound(_)) => return unknown("does not exist"),
            Err(error) => return Err(error),
        };
        let Some(version) = version else {
            return unknown("has no current version");
        };
        let text = match self.versions.value(secret, &version).await {
            Ok(text) => text,
            Err(Error::InvalidInput(_)) => return unknown("holds a binary value"),
            Err(error) => return Err(error),
        };
        let mut references = Vec::new();
        for (key, fact) in values {
            references.push(match document::text_of(&text, key) {
                Some(value) => self.places.reference(*fact, &value, target).await?,
                None => Reference::Unknown(format!("secret {secret} has no text under {key}")),
            });
        }
        Ok(reference::combine(references))
    }

    /// A secret's value is not stored with a backup.
    async fn mounts(&self, switch: &Switch, _: &str) -> Result<Vec<Mount>> {
        let (secret, values) = values(switch)?;
        if directories_in(values).next().is_none() {
            return Ok(Vec::new());
        }
        Err(Error::NotFound(format!(
            "looking for the directory in use: secret {secret} names it, and secrets are not read. Name it in the resource's \
             `roots`"
        )))
    }

    async fn ready(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<()> {
        let (secret, values) = values(switch)?;
        if directories_in(values).next().is_none() {
            return Ok(());
        }
        let text = self
            .versions
            .value(secret, &self.versions.current(secret).await?)
            .await?;
        for key in directories_in(values) {
            self.directory(switch, key, item, &text).await?;
        }
        Ok(())
    }

    async fn holds_directory(&self, switch: &Switch, directory: &str) -> Result<bool> {
        let (secret, values) = values(switch)?;
        let version = match self.versions.describe(secret).await {
            Ok(described) => current(&described),
            Err(Error::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        let held = match version {
            Some(version) => self.versions.content(secret, &version).await?,
            None => None,
        };
        let told = values.iter().filter(|(_, fact)| **fact == Fact::Directory);
        let mut found = told.filter_map(|(key, _)| held.as_ref()?.get(key)?.as_str());
        Ok(found.any(|value| names_directory(value, directory)))
    }

    async fn observe(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Value> {
        let version = self.versions.current(values(switch)?.0).await?;
        Ok(json!({ "version": version }))
    }

    async fn apply(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        _: &Value,
    ) -> Result<SwitchProgress> {
        let (secret, values) = values(switch)?;
        let (before, ours) = (version(before), new_version_id(switch, item));
        let described = self.versions.describe(secret).await?;
        let current = current(&described).ok_or_else(|| without_current(secret))?;
        if current == ours {
            return Ok(done(&ours));
        }
        if current != before {
            return Err(rotated(secret, before));
        }
        if let Some(pending) = rotating(&described) {
            return Err(Error::Conflict(format!(
                "switching secret {secret}: version {pending} is {PENDING}, so a rotation is in progress, or was interrupted. \
                 Once it ends it makes that version the current one, which has the values from before, and the application \
                 would use the old resource again. Wait until it has ended, or end it with `{}`; then cut over again with a \
                 new restore",
                end_rotation(secret, pending)
            )));
        }
        let mut facts = Vec::new();
        for (key, fact) in values.iter().filter(|(_, fact)| **fact != Fact::Directory) {
            facts.push((key.as_str(), self.facts.read(*fact, item).await?));
        }
        let text = self.versions.value(secret, before).await?;
        for key in directories_in(values) {
            facts.push((key.as_str(), self.directory(switch, key, item, &text).await?));
        }
        let Some(text) = document::replaced(switch, &text, &facts)? else {
            return Ok(done(before));
        };
        self.versions
            .keep(secret, &described, &labels::before(run, switch, item), before)
            .await?;
        let label = labels::after(run, switch, item);
        self.versions.put(secret, &ours, text, label).await?;
        if self.versions.promote(secret, before, &ours).await? || self.versions.current(secret).await? == ours {
            return Ok(done(&ours));
        }
        Err(rotated(secret, before))
    }

    async fn revert(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        after: &Value,
        _: &Value,
    ) -> Result<SwitchProgress> {
        let (secret, _) = values(switch)?;
        let ours = new_version_id(switch, item);
        let (before, after) = (version(before), after["version"].as_str().unwrap_or(&ours));
        if after == before {
            return Ok(done(before));
        }
        let current = self.versions.current(secret).await?;
        if current == before {
            return Ok(done(before));
        }
        let mut ours = current == after;
        if !ours {
            // Another version with the same content counts as the same: a value may be put again.
            let held = self.versions.content(secret, &current).await?;
            if held.is_some() && held == self.versions.content(secret, before).await? {
                return Ok(done(&current));
            }
            ours = held.is_some() && held == self.versions.content(secret, after).await?;
        }
        if ours
            && (self.versions.promote(secret, &current, before).await?
                || self.versions.current(secret).await? == before)
        {
            self.versions
                .unlabel(secret, &labels::before(run, switch, item), before)
                .await?;
            self.versions
                .unlabel(secret, &labels::after(run, switch, item), after)
                .await?;
            return Ok(done(before));
        }
        Err(Error::Conflict(format!(
            "switching secret {secret} back: its current version does not hold what this restore put there; somebody changed \
             it. It stays as it is: if a later restore did, switch that one back first; else put what it should hold (version \
             {before} has the previous values)"
        )))
    }
}

/// The keys that contain a directory.
fn directories_in(values: &BTreeMap<String, Fact>) -> impl Iterator<Item = &String> {
    values
        .iter()
        .filter(|(_, fact)| **fact == Fact::Directory)
        .map(|(key, _)| key)
}

fn values(switch: &Switch) -> Result<(&str, &BTreeMap<String, Fact>)> {
    match &switch.action {
        SwitchAction::Secret { secret, values } => Ok((secret, values)),
        _ => Err(wrong_action("secret", switch)),
    }
}

/// The version id of this restore's version: Secrets Manager accepts 32 to 64 characters.
fn new_version_id(switch: &Switch, item: &RestoreItem) -> String {
    names::token(&item.restore, &switch.name, "switch secret")
}

fn version(recorded: &Value) -> &str {
    recorded["version"].as_str().unwrap_or_default()
}

fn done(version: &str) -> SwitchProgress {
    SwitchProgress::Done(json!({ "version": version }))
}

fn rotated(secret: &str, before: &str) -> Error {
    Error::Conflict(format!(
        "switching secret {secret}: version {before} is not the current one any more; somebody changed the secret meanwhile. \
         It stays as it is: wait until a rotation has ended, then cut over again with a new restore, or write the copy's \
         values into it by hand"
    ))
}
