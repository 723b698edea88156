//! `parameter`: a Systems Manager parameter, whose value becomes a fact of the copy. Parameter Store keeps the versions, so only
//! the number of the one before is recorded.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::types::{ParameterMetadata, ParameterStringFilter, ParameterTier, ParameterType};
use serde_json::{Value, json};

use super::facts::Facts;
use super::{Switch, fault, wrong_action};
use crate::aws::failure;
use crate::domain::descriptor::{CutOver, CutOverAction, Fact};
use crate::domain::job::Run;
use crate::domain::restore::item::Item;
use crate::domain::restore::switching::Switching;
use crate::error::{Error, Fault, Result};

#[cfg(test)]
mod tests;

pub struct Parameter {
    ssm: Client,
    facts: Facts,
}

/// One version of a parameter.
struct Version {
    number: i64,
    kind: ParameterType,
    value: String,
}

impl Parameter {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            ssm: Client::new(aws),
            facts: Facts::from_config(aws),
        }
    }

    /// The current version, or with `name:version` an earlier one; `None` when there is none.
    async fn get(&self, name: &str) -> Result<Option<Version>> {
        let read = self.ssm.get_parameter().name(name).with_decryption(true).send().await;
        match read {
            Ok(read) => Ok(read.parameter.map(|parameter| Version {
                number: parameter.version,
                kind: parameter.r#type.unwrap_or(ParameterType::String),
                value: parameter.value.unwrap_or_default(),
            })),
            Err(error)
                if error.as_service_error().is_some_and(|error: &GetParameterError| {
                    error.is_parameter_not_found() || error.is_parameter_version_not_found()
                }) =>
            {
                Ok(None)
            }
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

    /// What a new version does not keep by itself: its key, tier, pattern and policies.
    async fn metadata(&self, name: &str) -> Result<ParameterMetadata> {
        let named = ParameterStringFilter::builder()
            .key("Name")
            .option("Equals")
            .values(name)
            .build()
            .map_err(|error| Error::invalid("parameter", name, format!("the name of a parameter ({error})")))?;
        let mut token = None;
        loop {
            let page = self
                .ssm
                .describe_parameters()
                .parameter_filters(named.clone())
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| failure("describing parameter", name, error))?;
            if let Some(found) = page.parameters.unwrap_or_default().into_iter().next() {
                return Ok(found);
            }
            token = page.next_token;
            if token.is_none() {
                return Err(Error::NotFound(format!(
                    "describing parameter {name}: there is none of this name. Create it again"
                )));
            }
        }
    }

    /// Writes the version that follows `after`, and sees that it does.
    async fn put(&self, name: &str, value: &str, after: i64) -> Result<i64> {
        let described = self.metadata(name).await?;
        let policies: Vec<Value> = described
            .policies()
            .iter()
            .filter_map(|policy| serde_json::from_str(policy.policy_text()?).ok())
            .collect();
        let advanced = described.tier() == Some(&ParameterTier::Advanced);
        // A second try of a write whose answer was lost would be a version more: the next call looks first.
        let once = aws_sdk_ssm::config::Builder::new().retry_config(RetryConfig::standard().with_max_attempts(1));
        let written = self
            .ssm
            .put_parameter()
            .name(name)
            .value(value)
            .overwrite(true)
            .set_type(described.r#type.clone())
            .set_key_id(described.key_id.clone().filter(|key| !key.is_empty()))
            .set_tier(advanced.then_some(ParameterTier::Advanced))
            .set_data_type(described.data_type.clone())
            .set_description(described.description.clone().filter(|text| !text.is_empty()))
            .set_allowed_pattern(described.allowed_pattern.clone().filter(|text| !text.is_empty()))
            .set_policies((!policies.is_empty()).then(|| Value::Array(policies).to_string()))
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(|error| failure("writing parameter", name, error))?;
        if written.version != after + 1 {
            return Err(Error::Conflict(format!(
                "switching parameter {name}: somebody wrote it at the same moment, as version {}. Look at its history, and \
                 write what it should hold",
                written.version - 1
            )));
        }
        Ok(written.version)
    }

    async fn wanted(&self, fact: Fact, item: &Item) -> Result<String> {
        Ok(match self.facts.read(fact, item).await? {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }
}

#[async_trait]
impl Switch for Parameter {
    async fn foresee(&self, _: &Run, switch: &CutOver, _: &Item) -> Result<Vec<Fault>> {
        let (name, _) = of(switch)?;
        Ok(match self.get(name).await? {
            Some(found) if found.kind == ParameterType::StringList => {
                let value = format!("{name}, a StringList");
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
        })
    }

    async fn observe(&self, _: &Run, switch: &CutOver, _: &Item) -> Result<Value> {
        let found = self.current(of(switch)?.0).await?;
        Ok(json!({ "version": found.number }))
    }

    async fn apply(&self, _: &Run, switch: &CutOver, item: &Item, before: &Value, _: &Value) -> Result<Switching> {
        let (name, fact) = of(switch)?;
        let before = before["version"].as_i64().unwrap_or_default();
        let wanted = self.wanted(fact, item).await?;
        let current = self.current(name).await?;
        if current.value == wanted {
            return Ok(done(current.number));
        }
        if current.number != before {
            return Err(Error::Conflict(format!(
                "switching parameter {name}: it is at version {}, no longer at {before}; somebody wrote it meanwhile. It stays \
                 as it is: see who writes it, then cut over again with a new restore, or write the copy's value by hand",
                current.number
            )));
        }
        Ok(done(self.put(name, &wanted, before).await?))
    }

    async fn revert(&self, _: &Run, switch: &CutOver, item: &Item, before: &Value, after: &Value) -> Result<Switching> {
        let (name, fact) = of(switch)?;
        let before = before["version"].as_i64().unwrap_or_default();
        let current = self.current(name).await?;
        if current.number == before || after["version"].as_i64() == Some(before) {
            return Ok(done(before));
        }
        let Some(old) = self.get(&format!("{name}:{before}")).await? else {
            return Err(Error::NotFound(format!(
                "switching parameter {name} back: Parameter Store has forgotten version {before}; it keeps a hundred. Write \
                 what it should hold"
            )));
        };
        if current.value == old.value {
            return Ok(done(current.number));
        }
        let ours = match after["version"].as_i64() {
            Some(after) => current.number == after,
            None => current.number == before + 1 && current.value == self.wanted(fact, item).await?,
        };
        if !ours {
            return Err(Error::Conflict(format!(
                "switching parameter {name} back: it is at version {}, which this restore did not write. It stays as it is: \
                 write what it should hold (version {before} has the value of before)",
                current.number
            )));
        }
        Ok(done(self.put(name, &old.value, current.number).await?))
    }
}

fn of(switch: &CutOver) -> Result<(&str, Fact)> {
    match &switch.action {
        CutOverAction::Parameter { parameter, value } => Ok((parameter, *value)),
        _ => Err(wrong_action("parameter", switch)),
    }
}

fn done(version: i64) -> Switching {
    Switching::Done(json!({ "version": version }))
}
