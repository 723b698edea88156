//! `secret`: keys of a Secrets Manager secret. A new version gets the changed keys, then the label `AWSCURRENT` moves to it, and
//! back: a move names the version that the label leaves, so that what somebody rotated meanwhile is never covered up.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::update_secret_version_stage::UpdateSecretVersionStageError;
use serde_json::{Value, json};

use super::directories::{self, Directories};
use super::facts::{self, Facts};
use super::places::Places;
use super::switch::{Switch, fault, wrong_action};
use crate::aws::lazy::Lazy;
use crate::aws::{code, failure};
use crate::domain::descriptor::{CutOver, CutOverAction, Fact};
use crate::domain::job::Run;
use crate::domain::lead::{self, Lead};
use crate::domain::mounted::roots::Mount;
use crate::domain::names;
use crate::domain::resource::Target;
use crate::domain::restore::item::Item;
use crate::domain::restore::switching::Switching;
use crate::domain::usage::services::names_directory;
use crate::error::{Error, Fault, Result};

mod document;
mod labels;
#[cfg(test)]
mod tests;

/// The staging label of the version that an application gets.
const CURRENT: &str = "AWSCURRENT";
/// The staging label of the version that a rotation prepares: a copy of the whole current one, with another password.
const PENDING: &str = "AWSPENDING";

pub struct Secret {
    secrets: Lazy<Client>,
    facts: Facts,
    places: Places,
    directories: Directories,
}

impl Secret {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            secrets: Lazy::new(aws, Client::new),
            facts: Facts::from_config(aws),
            places: Places::from_config(aws),
            directories: Directories::from_config(aws),
        }
    }

    async fn describe(&self, secret: &str) -> Result<DescribeSecretOutput> {
        let described = self.secrets.describe_secret().secret_id(secret).send().await;
        described.map_err(|error| failure("describing secret", secret, error))
    }

    /// The version that applications get; its value is not read.
    async fn current(&self, secret: &str) -> Result<String> {
        let described = self.describe(secret).await?;
        current(&described).ok_or_else(|| without_current(secret))
    }

    /// A version's value: text that holds a JSON object.
    async fn value(&self, secret: &str, version: &str) -> Result<String> {
        let read = self
            .secrets
            .get_secret_value()
            .secret_id(secret)
            .version_id(version)
            .send()
            .await
            .map_err(|error| failure("reading secret", secret, error))?;
        read.secret_string.ok_or_else(|| {
            Error::invalid(
                format!("secret {secret}"),
                "a binary value",
                "the text of a JSON object, to switch keys of it",
            )
        })
    }

    /// What a version holds, to be compared; `None` where it is gone, or holds no JSON object.
    async fn content(&self, secret: &str, version: &str) -> Result<Option<Value>> {
        match self.value(secret, version).await {
            Ok(text) => Ok(serde_json::from_str(&text).ok().filter(Value::is_object)),
            Err(Error::NotFound(_) | Error::InvalidInput(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Moves the current label, if it still is where it was seen. Answers whether it was.
    async fn promote(&self, secret: &str, from: &str, to: &str) -> Result<bool> {
        let moved = self
            .secrets
            .update_secret_version_stage()
            .secret_id(secret)
            .version_stage(CURRENT)
            .remove_from_version_id(from)
            .move_to_version_id(to)
            .send()
            .await;
        match moved {
            Ok(_) => Ok(true),
            Err(error) if is_elsewhere(error.as_service_error()) => Ok(false),
            Err(error) => Err(failure("moving the current version of secret", secret, error)),
        }
    }

    /// Labels the version that is to be found again, and takes the labels of the oldest restores away to make room.
    async fn keep(&self, secret: &str, described: &DescribeSecretOutput, label: &str, version: &str) -> Result<()> {
        if labels::version_of(described, label) == Some(version) {
            return Ok(());
        }
        for (old, of) in labels::superfluous(described) {
            self.unlabel(secret, &old, &of).await?;
        }
        let call = self.secrets.update_secret_version_stage().secret_id(secret);
        let call = call.version_stage(label).move_to_version_id(version);
        call.send()
            .await
            .map(drop)
            .map_err(|error| failure("labelling the present version of secret", secret, error))
    }

    /// Takes a label from a version; one that is not there any more is as good.
    async fn unlabel(&self, secret: &str, label: &str, version: &str) -> Result<()> {
        let call = self.secrets.update_secret_version_stage().secret_id(secret);
        match call.version_stage(label).remove_from_version_id(version).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if is_elsewhere(error.as_service_error()) || code(&error) == Some("ResourceNotFoundException") =>
            {
                Ok(())
            }
            Err(error) => Err(failure("taking a label from a version of secret", secret, error)),
        }
    }

    /// Where in the copy the directory lies that a key of the value `text` names.
    async fn directory(&self, switch: &CutOver, key: &str, item: &Item, text: &str) -> Result<Value> {
        let old = document::text_of(text, key).unwrap_or_default();
        let found = self.directories.find(switch, key, item, directories::named(&old)).await;
        found.map(Value::from)
    }

    async fn faults(&self, switch: &CutOver, secret: &str) -> Result<Vec<Fault>> {
        let wanted = |value: &str, allowed: &str| Ok(vec![fault(switch, "secret", value, allowed)]);
        let described = match self.describe(secret).await {
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
                "a secret of the application's own: AWS lets nobody else write this one",
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
                    "{secret}, of which version {pending} is {PENDING}: a rotation is under way, or was broken off"
                ),
                &format!(
                    "a secret that no rotation leads back: wait until it has ended, or end it with `{}`",
                    end_rotation(secret, pending)
                ),
            );
        }
        match self.value(secret, &version).await {
            Ok(text) => Ok(document::faults(switch, &text, values(switch)?.1)),
            Err(Error::InvalidInput(faults)) => Ok(faults),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Switch for Secret {
    async fn preflight(&self, _: &Run, switch: &CutOver, item: &Item) -> Result<Vec<Fault>> {
        let (secret, values) = values(switch)?;
        let mut faults = self.faults(switch, secret).await?;
        let lacking = values
            .iter()
            .filter_map(|(key, fact)| facts::check(switch, &format!("values.{key}"), *fact, item));
        faults.extend(lacking);
        Ok(faults)
    }

    async fn lead(&self, switch: &CutOver, target: &Target) -> Result<Lead> {
        let (secret, values) = values(switch)?;
        let unknown = |why: &str| Ok(Lead::Unknown(format!("secret {secret} {why}")));
        let version = match self.describe(secret).await {
            Ok(described) => current(&described),
            Err(Error::NotFound(_)) => return unknown("does not exist"),
            Err(error) => return Err(error),
        };
        let Some(version) = version else {
            return unknown("has no current version");
        };
        let text = match self.value(secret, &version).await {
            Ok(text) => text,
            Err(Error::InvalidInput(_)) => return unknown("holds a binary value"),
            Err(error) => return Err(error),
        };
        let mut leads = Vec::new();
        for (key, fact) in values {
            leads.push(match document::text_of(&text, key) {
                Some(value) => self.places.lead(*fact, &value, target).await?,
                None => Lead::Unknown(format!("secret {secret} has no text under {key}")),
            });
        }
        Ok(lead::together(leads))
    }

    /// What a secret holds is not kept with a backup.
    async fn mounts(&self, switch: &CutOver, _: &str) -> Result<Vec<Mount>> {
        let (secret, values) = values(switch)?;
        if directories_in(values).next().is_none() {
            return Ok(Vec::new());
        }
        Err(Error::NotFound(format!(
            "looking for the directory in use: secret {secret} names it, which is not read. Name it in the resource's `roots`"
        )))
    }

    async fn ready(&self, _: &Run, switch: &CutOver, item: &Item) -> Result<()> {
        let (secret, values) = values(switch)?;
        if directories_in(values).next().is_none() {
            return Ok(());
        }
        let text = self.value(secret, &self.current(secret).await?).await?;
        for key in directories_in(values) {
            self.directory(switch, key, item, &text).await?;
        }
        Ok(())
    }

    async fn holds_directory(&self, switch: &CutOver, directory: &str) -> Result<bool> {
        let (secret, values) = values(switch)?;
        let version = match self.describe(secret).await {
            Ok(described) => current(&described),
            Err(Error::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        let held = match version {
            Some(version) => self.content(secret, &version).await?,
            None => None,
        };
        let told = values.iter().filter(|(_, fact)| **fact == Fact::Directory);
        let mut found = told.filter_map(|(key, _)| held.as_ref()?.get(key)?.as_str());
        Ok(found.any(|value| names_directory(value, directory)))
    }

    async fn observe(&self, _: &Run, switch: &CutOver, _: &Item) -> Result<Value> {
        let version = self.current(values(switch)?.0).await?;
        Ok(json!({ "version": version }))
    }

    async fn apply(&self, run: &Run, switch: &CutOver, item: &Item, before: &Value, _: &Value) -> Result<Switching> {
        let (secret, values) = values(switch)?;
        let (before, ours) = (version(before), ours(switch, item));
        let described = self.describe(secret).await?;
        let current = current(&described).ok_or_else(|| without_current(secret))?;
        if current == ours {
            return Ok(done(&ours));
        }
        if current != before {
            return Err(rotated(secret, before));
        }
        if let Some(pending) = rotating(&described) {
            return Err(Error::Conflict(format!(
                "switching secret {secret}: version {pending} is {PENDING}, so a rotation is under way, or was broken off. Once \
                 it ends it makes that version the current one, which holds what the secret held before, and the application \
                 would be led back. Wait until it has ended, or end it with `{}`; then cut over again with a new restore",
                end_rotation(secret, pending)
            )));
        }
        let mut facts = Vec::new();
        for (key, fact) in values.iter().filter(|(_, fact)| **fact != Fact::Directory) {
            facts.push((key.as_str(), self.facts.read(*fact, item).await?));
        }
        let text = self.value(secret, before).await?;
        for key in directories_in(values) {
            facts.push((key.as_str(), self.directory(switch, key, item, &text).await?));
        }
        let Some(text) = document::replaced(switch, &text, &facts)? else {
            return Ok(done(before));
        };
        self.keep(secret, &described, &labels::before(run, switch, item), before)
            .await?;
        self.secrets
            .put_secret_value()
            .secret_id(secret)
            .client_request_token(&ours)
            .secret_string(text)
            .version_stages(labels::after(run, switch, item))
            .send()
            .await
            .map_err(|error| failure("writing a new version of secret", secret, error))?;
        if self.promote(secret, before, &ours).await? || self.current(secret).await? == ours {
            return Ok(done(&ours));
        }
        Err(rotated(secret, before))
    }

    async fn revert(
        &self,
        run: &Run,
        switch: &CutOver,
        item: &Item,
        before: &Value,
        after: &Value,
    ) -> Result<Switching> {
        let (secret, _) = values(switch)?;
        let ours = ours(switch, item);
        let (before, after) = (version(before), after["version"].as_str().unwrap_or(&ours));
        if after == before {
            return Ok(done(before));
        }
        let current = self.current(secret).await?;
        if current == before {
            return Ok(done(before));
        }
        let mut ours = current == after;
        if !ours {
            // Another version with the same content is as good: a value may be put again.
            let held = self.content(secret, &current).await?;
            if held.is_some() && held == self.content(secret, before).await? {
                return Ok(done(&current));
            }
            ours = held.is_some() && held == self.content(secret, after).await?;
        }
        if ours && (self.promote(secret, &current, before).await? || self.current(secret).await? == before) {
            self.unlabel(secret, &labels::before(run, switch, item), before).await?;
            self.unlabel(secret, &labels::after(run, switch, item), after).await?;
            return Ok(done(before));
        }
        Err(Error::Conflict(format!(
            "switching secret {secret} back: its current version does not hold what this restore put there; somebody changed \
             it. It stays as it is: if a later restore did, take that one back first; else put what it should hold (version \
             {before} has the values of before)"
        )))
    }
}

/// The keys that hold a directory.
fn directories_in(values: &BTreeMap<String, Fact>) -> impl Iterator<Item = &String> {
    values
        .iter()
        .filter(|(_, fact)| **fact == Fact::Directory)
        .map(|(key, _)| key)
}

fn values(switch: &CutOver) -> Result<(&str, &BTreeMap<String, Fact>)> {
    match &switch.action {
        CutOverAction::Secret { secret, values } => Ok((secret, values)),
        _ => Err(wrong_action("secret", switch)),
    }
}

/// The version id that this restore gives its version: Secrets Manager takes 32 to 64 characters.
fn ours(switch: &CutOver, item: &Item) -> String {
    names::token(&item.restore, &switch.name, "switch secret")
}

fn version(recorded: &Value) -> &str {
    recorded["version"].as_str().unwrap_or_default()
}

fn done(version: &str) -> Switching {
    Switching::Done(json!({ "version": version }))
}

fn current(described: &DescribeSecretOutput) -> Option<String> {
    let versions = described.version_ids_to_stages()?;
    let current = |(_, labels): &(&String, &Vec<String>)| labels.iter().any(|label| label == CURRENT);
    versions.iter().find(current).map(|(id, _)| id.clone())
}

fn without_current(secret: &str) -> Error {
    Error::NotFound(format!(
        "looking up the current version of secret {secret}: none has the label {CURRENT}. Give it to one with aws secretsmanager \
         update-secret-version-stage"
    ))
}

/// Whether a label was not on the version from which it was to be taken.
fn is_elsewhere(error: Option<&UpdateSecretVersionStageError>) -> bool {
    error.is_some_and(UpdateSecretVersionStageError::is_invalid_parameter_exception)
}

/// The version that a rotation is about to make the current one. While the label is on another version than the current one, a
/// rotation counts as under way (Secrets Manager API Reference, `RotateSecret`).
fn rotating(described: &DescribeSecretOutput) -> Option<&str> {
    let pending = labels::version_of(described, PENDING)?;
    (labels::version_of(described, CURRENT) != Some(pending)).then_some(pending)
}

/// The command that takes a rotation its version, for a person.
fn end_rotation(secret: &str, pending: &str) -> String {
    format!(
        "aws secretsmanager update-secret-version-stage --secret-id {secret} --version-stage {PENDING} --remove-from-version-id \
         {pending}"
    )
}

fn rotated(secret: &str, before: &str) -> Error {
    Error::Conflict(format!(
        "switching secret {secret}: version {before} is not the current one any more; somebody changed the secret meanwhile. \
         It stays as it is: wait until a rotation has ended, then cut over again with a new restore, or write the copy's \
         values into it by hand"
    ))
}
