//! `parameter`: a Systems Manager parameter, whose value becomes a fact of the copy. Parameter Store keeps the versions, so only
//! the number of the previous one is recorded.

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::{Value, json};

use super::directories;
use super::fact_texts::FactTexts;
use super::facts;
use super::references::ReferenceReader;
use super::switch::{SwitchDriver, fault, wrong_action};
use crate::aws::lazy::Lazy;
use crate::aws::service::{Client, SSM};
use crate::aws::{code, failure};
use crate::domain::descriptor::{Fact, Switch, SwitchAction};
use crate::domain::efs_access::roots::Mount;
use crate::domain::job::Run;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::SwitchProgress;
use crate::domain::usage::services::names_directory;
use crate::error::{Error, Fault, Result};

#[cfg(test)]
mod tests;

pub struct Parameter {
    ssm: Lazy<Client>,
    texts: FactTexts,
    places: ReferenceReader,
}

/// One version of a parameter.
struct Version {
    number: i64,
    kind: String,
    value: String,
}

impl Parameter {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            ssm: Lazy::new(aws, |aws| Client::new(aws, SSM)),
            texts: FactTexts::from_config(aws),
            places: ReferenceReader::from_config(aws),
        }
    }

    /// The current version, or with `name:version` an earlier one; `None` if there is none.
    async fn get(&self, name: &str) -> Result<Option<Version>> {
        let input = json!({ "Name": name, "WithDecryption": true });
        match self.ssm.call("GetParameter", input).await {
            Ok(read) => {
                let text = |field: &str| read.body["Parameter"][field].as_str().map(str::to_owned);
                Ok(read.body["Parameter"]["Version"].as_i64().map(|number| Version {
                    number,
                    kind: text("Type").unwrap_or_else(|| "String".to_owned()),
                    value: text("Value").unwrap_or_default(),
                }))
            }
            Err(error) if matches!(code(&error), Some("ParameterNotFound" | "ParameterVersionNotFound")) => Ok(None),
            Err(error) => Err(failure("reading parameter", name, error)),
        }
    }

    async fn current(&self, name: &str) -> Result<Version> {
        self.get(name).await?.ok_or_else(|| {
            Error::NotFound(format!(
                "reading parameter {name}: there is none of this name. Create it again, or take the switch out of the descriptor"
            ))
        })
    }

    /// Whether a version had this value; a version that Parameter Store has discarded counts as different.
    async fn had_value(&self, name: &str, version: i64, value: &str) -> Result<bool> {
        let found = self.get(&format!("{name}:{version}")).await?;
        Ok(found.is_some_and(|found| found.value == value))
    }

    /// What a new version does not inherit: its key, tier, pattern and policies.
    async fn metadata(&self, name: &str) -> Result<Value> {
        let named = json!([{ "Key": "Name", "Option": "Equals", "Values": [name] }]);
        let mut token = Value::Null;
        loop {
            let input = json!({ "ParameterFilters": named, "NextToken": token });
            let mut page = self
                .ssm
                .call("DescribeParameters", input)
                .await
                .map_err(|error| failure("describing parameter", name, error))?;
            if let Some(found) = page.take_list("Parameters").into_iter().next() {
                return Ok(found);
            }
            token = page.take_token("NextToken");
            if token.is_null() {
                return Err(Error::NotFound(format!(
                    "describing parameter {name}: there is none of this name. Create it again"
                )));
            }
        }
    }

    /// Writes the version that follows `after`, and checks that it does.
    async fn put(&self, name: &str, value: &str, after: i64) -> Result<i64> {
        let described = self.metadata(name).await?;
        let policies: Vec<Value> = described["Policies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|policy| serde_json::from_str(policy["PolicyText"].as_str()?).ok())
            .collect();
        let kept = |field: &str| described[field].as_str().filter(|text| !text.is_empty());
        let input = json!({
            "Name": name,
            "Value": value,
            "Overwrite": true,
            "Type": kept("Type"),
            "KeyId": kept("KeyId"),
            "Tier": kept("Tier").filter(|tier| *tier == "Advanced"),
            "DataType": kept("DataType"),
            "Description": kept("Description"),
            "AllowedPattern": kept("AllowedPattern"),
            "Policies": (!policies.is_empty()).then(|| Value::Array(policies).to_string()),
        });
        // A retry of a write whose response was lost would create another version: the next call checks first.
        let written = self.ssm.clone().without_retries().call("PutParameter", input).await;
        let written = written.map_err(|error| failure("writing parameter", name, error))?;
        let version = written.body["Version"].as_i64().unwrap_or_default();
        if version != after + 1 {
            return Err(Error::Conflict(format!(
                "switching parameter {name}: someone wrote it at the same time, as version {}. Check its history, and \
                 write what it should hold",
                version - 1
            )));
        }
        Ok(version)
    }
}

#[async_trait]
impl SwitchDriver for Parameter {
    async fn preflight(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>> {
        let (name, fact) = of(switch)?;
        let lacking = facts::check(switch, "value", fact, item);
        let mut faults = match self.get(name).await? {
            Some(found) if found.kind == "StringList" => {
                let value = format!("{name}, a StringList,");
                vec![fault(
                    switch,
                    "parameter",
                    value,
                    "a parameter of type String or SecureString",
                )]
            }
            Some(_) => Vec::new(),
            None => vec![fault(
                switch,
                "parameter",
                name,
                "a parameter that exists in this account and Region",
            )],
        };
        faults.extend(lacking);
        Ok(faults)
    }

    async fn reference(&self, switch: &Switch, target: &Target) -> Result<Reference> {
        let (name, fact) = of(switch)?;
        match self.get(name).await? {
            Some(found) => self.places.reference(fact, &found.value, target).await,
            None => Ok(Reference::Unknown(format!("there is no parameter {name}"))),
        }
    }

    async fn mounts(&self, switch: &Switch, _: &str) -> Result<Vec<Mount>> {
        let (name, fact) = of(switch)?;
        if fact != Fact::Directory {
            return Ok(Vec::new());
        }
        let current = self.current(name).await?;
        Ok(vec![Mount {
            switch: switch.name.clone(),
            by: format!("parameter {name}"),
            volume: String::new(),
            root: Some(directories::named(&current.value).to_owned()),
            access_point: None,
        }])
    }

    async fn ready(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<()> {
        let (name, fact) = of(switch)?;
        let current = self.current(name).await?;
        self.texts.new_value(switch, fact, item, &current.value).await.map(drop)
    }

    async fn holds_directory(&self, switch: &Switch, directory: &str) -> Result<bool> {
        let found = self.get(of(switch)?.0).await?;
        Ok(found.is_some_and(|found| names_directory(&found.value, directory)))
    }

    async fn observe(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Value> {
        let found = self.current(of(switch)?.0).await?;
        Ok(json!({ "version": found.number }))
    }

    async fn apply(
        &self,
        _: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        _: &Value,
    ) -> Result<SwitchProgress> {
        let (name, fact) = of(switch)?;
        let before = before["version"].as_i64().unwrap_or_default();
        let current = self.current(name).await?;
        let old = match (fact, current.number == before) {
            (Fact::Directory, false) => self.get(&format!("{name}:{before}")).await?.map(|old| old.value),
            _ => None,
        };
        let wanted = self
            .texts
            .new_value(switch, fact, item, old.as_deref().unwrap_or(&current.value))
            .await?;
        if current.value == wanted {
            return Ok(done(current.number));
        }
        if current.number != before && !self.had_value(name, before, &current.value).await? {
            return Err(Error::Conflict(format!(
                "switching parameter {name}: it is at version {}, no longer at {before}; somebody wrote it meanwhile. It stays \
                 as it is: see who writes it, then cut over again with a new restore, or write the copy's value by hand",
                current.number
            )));
        }
        Ok(done(self.put(name, &wanted, current.number).await?))
    }

    async fn revert(
        &self,
        _: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        after: &Value,
        _: &Value,
    ) -> Result<SwitchProgress> {
        let (name, fact) = of(switch)?;
        let before = before["version"].as_i64().unwrap_or_default();
        let current = self.current(name).await?;
        if current.number == before || after["version"].as_i64() == Some(before) {
            return Ok(done(before));
        }
        let Some(old) = self.get(&format!("{name}:{before}")).await? else {
            return Err(Error::NotFound(format!(
                "switching parameter {name} back: Parameter Store no longer has version {before}; it keeps a hundred. Write \
                 what it should hold"
            )));
        };
        if current.value == old.value {
            return Ok(done(current.number));
        }
        // A later restore that was switched back wrote this restore's value again: it is identified by its value, not by its
        // number.
        let ours = match after["version"].as_i64() {
            Some(after) => current.number == after || self.had_value(name, after, &current.value).await?,
            None => current.value == self.texts.new_value(switch, fact, item, &old.value).await?,
        };
        if !ours {
            return Err(Error::Conflict(format!(
                "switching parameter {name} back: version {} has another value than this restore wrote. It stays as it is: \
                 if a later restore wrote it, switch that one back first; else write what it should hold (version {before} \
                 has the previous value)",
                current.number
            )));
        }
        Ok(done(self.put(name, &old.value, current.number).await?))
    }
}

fn of(switch: &Switch) -> Result<(&str, Fact)> {
    match &switch.action {
        SwitchAction::Parameter { parameter, value } => Ok((parameter, *value)),
        _ => Err(wrong_action("parameter", switch)),
    }
}

fn done(version: i64) -> SwitchProgress {
    SwitchProgress::Done(json!({ "version": version }))
}
