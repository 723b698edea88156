//! `lambda_environment`: an environment variable of a Lambda function becomes a fact of the copy. A version that is published
//! before keeps the old configuration readable, so only its number is recorded: the variables may be secrets.

use async_trait::async_trait;
use aws_config::SdkConfig;
use serde_json::{Value, json};

use super::directories;
use super::fact_texts::FactTexts;
use super::facts;
use super::references::ReferenceReader;
use super::switch::{SwitchDriver, fault, wrong_action};
use crate::domain::descriptor::{Fact, Switch, SwitchAction};
use crate::domain::efs_access::roots::Mount;
use crate::domain::job::Run;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::SwitchProgress;
use crate::domain::usage::services::names_directory;
use crate::error::{Error, Fault, Result};

mod function;
#[cfg(test)]
mod tests;

use self::function::{Configuration, Functions, Update, busy};

pub struct LambdaEnvironment {
    functions: Functions,
    texts: FactTexts,
    places: ReferenceReader,
}

/// What a switch names.
#[derive(Clone, Copy)]
struct Named<'a> {
    function: &'a str,
    variable: &'a str,
    fact: Fact,
}

impl Named<'_> {
    fn words(&self) -> String {
        format!("variable {} of function {}", self.variable, self.function)
    }
}

impl LambdaEnvironment {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            functions: Functions::from_config(aws),
            texts: FactTexts::from_config(aws),
            places: ReferenceReader::from_config(aws),
        }
    }

    /// The present configuration, whose variables can be read.
    async fn current(&self, named: Named<'_>) -> Result<Configuration> {
        let function = named.function;
        let found = self.functions.find(function, None).await?.ok_or_else(|| {
            Error::NotFound(format!(
                "reading function {function}: there is none of this name. Create it again, or take the switch out of the descriptor"
            ))
        })?;
        if let Some(why) = found.hidden() {
            return Err(Error::AccessDenied(format!(
                "reading {}: Lambda does not show the function's variables ({why}). Allow this role to decrypt with the function's \
                 key",
                named.words()
            )));
        }
        Ok(found)
    }

    /// The variable's value before the cut-over, from the version that was published then.
    async fn old_value(&self, named: Named<'_>, before: &Value) -> Result<String> {
        let version = before["version"].as_str().unwrap_or_default();
        let found = self.functions.find(named.function, Some(version)).await?;
        let old = found.as_ref().and_then(|found| found.variable(named.variable));
        old.map(str::to_owned).ok_or_else(|| {
            Error::NotFound(format!(
                "reading {}: version {version}, which was published before the cut-over, does not exist any more, or does not show \
                 it. Set the variable by hand",
                named.words()
            ))
        })
    }

    /// Brings the variable to a value, and waits until the function runs with it. `requested` is whether a call before this one
    /// requested that, and knows it.
    async fn bring(&self, named: Named<'_>, current: &Configuration, value: &str, requested: bool) -> Result<Bringing> {
        let updating = format!("function {} is being updated", named.function);
        match current.update() {
            Update::InProgress => return Ok(Bringing::Underway(updating, requested)),
            Update::Failed(reason) if requested => {
                return Ok(Bringing::Failed(format!(
                    "{} could not be set: {reason}. Correct that, and look at the function in the Lambda console",
                    named.words()
                )));
            }
            Update::Successful if current.variable(named.variable) == Some(value) => return Ok(Bringing::Done),
            Update::Successful | Update::Failed(_) => {}
        }
        let accepted = self
            .functions
            .set(named.function, current, named.variable, value)
            .await?;
        Ok(match accepted {
            true => Bringing::Underway(updating, true),
            // The next call reads it again.
            false => Bringing::Underway(format!("function {} was changed meanwhile", named.function), requested),
        })
    }
}

/// The progress of one update.
enum Bringing {
    Done,
    /// What it waits for, and whether the update was requested.
    Underway(String, bool),
    Failed(String),
}

/// The value of the variable now.
fn value<'a>(named: Named<'_>, current: &'a Configuration) -> Result<&'a str> {
    current.variable(named.variable).ok_or_else(|| {
        Error::NotFound(format!(
            "reading {}: the function has no such variable. Add it again, or take the switch out of the descriptor",
            named.words()
        ))
    })
}

#[async_trait]
impl SwitchDriver for LambdaEnvironment {
    async fn preflight(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>> {
        let named = of(switch)?;
        let function = named.function;
        let mut faults: Vec<Fault> = facts::check(switch, "value", named.fact, item).into_iter().collect();
        let Some(found) = self.functions.find(function, None).await? else {
            let allowed = "a function that exists in this account and Region";
            faults.push(fault(switch, "function", function, allowed));
            return Ok(faults);
        };
        if let Some(why) = found.hidden() {
            let value = format!("{function}, whose variables Lambda does not show ({why}),");
            let allowed = "a function with whose key Holdfast's roles may decrypt";
            faults.push(fault(switch, "function", value, allowed));
        } else if found.variable(named.variable).is_none() {
            let allowed = format!("a variable that function {function} has");
            faults.push(fault(switch, "variable", named.variable, allowed));
        }
        let aliases = self.functions.fixed_aliases(function).await?;
        if !aliases.is_empty() {
            let value = format!(
                "{function}, which has aliases of published versions: {},",
                aliases.join(", ")
            );
            let allowed = "a function that is called without an alias: the variables of a published version cannot be changed, and \
                           what calls the function by an alias would continue to use the old resource. Delete unused aliases, or \
                           take the switch out of the descriptor, and publish a new version by hand";
            faults.push(fault(switch, "function", value, allowed));
        }
        Ok(faults)
    }

    async fn reference(&self, switch: &Switch, target: &Target) -> Result<Reference> {
        let named = of(switch)?;
        let found = self.functions.find(named.function, None).await?;
        if found.as_ref().is_some_and(|found| found.hidden().is_some()) {
            // It may refer to anything: the error says so, where `Unknown` would count as a reference to something else.
            self.current(named).await?;
        }
        let Some(value) = found.as_ref().and_then(|found| found.variable(named.variable)) else {
            return Ok(Reference::Unknown(format!("there is no readable {}", named.words())));
        };
        self.places.reference(named.fact, value, target).await
    }

    async fn mounts(&self, switch: &Switch, _: &str) -> Result<Vec<Mount>> {
        let named = of(switch)?;
        if named.fact != Fact::Directory {
            return Ok(Vec::new());
        }
        let current = self.current(named).await?;
        Ok(vec![Mount {
            switch: switch.name.clone(),
            by: named.words(),
            volume: String::new(),
            root: Some(directories::named(value(named, &current)?).to_owned()),
            access_point: None,
        }])
    }

    async fn ready(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<()> {
        let named = of(switch)?;
        let current = self.current(named).await?;
        let old = value(named, &current)?;
        self.texts.new_value(switch, named.fact, item, old).await.map(drop)
    }

    async fn holds_directory(&self, switch: &Switch, directory: &str) -> Result<bool> {
        let named = of(switch)?;
        let found = self.functions.find(named.function, None).await?;
        if found.as_ref().is_some_and(|found| found.hidden().is_some()) {
            self.current(named).await?;
        }
        let value = found.as_ref().and_then(|found| found.variable(named.variable));
        Ok(value.is_some_and(|value| names_directory(value, directory)))
    }

    async fn observe(&self, run: &Run, switch: &Switch, _: &RestoreItem) -> Result<Value> {
        let named = of(switch)?;
        let current = self.current(named).await?;
        value(named, &current)?;
        if current.update() == Update::InProgress {
            return Err(busy(named.function));
        }
        let description = format!("Before restore {}, by Holdfast", run.id);
        let version = self.functions.publish(named.function, &description).await?;
        Ok(json!({ "version": version }))
    }

    async fn apply(
        &self,
        _: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        let named = of(switch)?;
        let current = self.current(named).await?;
        let old = self.old_value(named, before).await?;
        let wanted = self.texts.new_value(switch, named.fact, item, &old).await?;
        let found = value(named, &current)?;
        if found != wanted && found != old {
            return Err(Error::Conflict(format!(
                "switching {}: somebody changed it after version {} was published. It stays as it is: see who changes it, then cut \
                 over again with a new restore, or set it by hand",
                named.words(),
                before["version"].as_str().unwrap_or_default()
            )));
        }
        let value = json!({ "value": wanted });
        Ok(match self.bring(named, &current, &wanted, *noted == value).await? {
            Bringing::Done => SwitchProgress::Done(value),
            Bringing::Underway(phase, requested) => SwitchProgress::Underway {
                phase,
                noted: if requested { value } else { Value::Null },
            },
            Bringing::Failed(why) => SwitchProgress::Failed(why),
        })
    }

    async fn revert(
        &self,
        _: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        after: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        let named = of(switch)?;
        let current = self.current(named).await?;
        let old = self.old_value(named, before).await?;
        let found = value(named, &current)?;
        if found != old {
            let ours = match after["value"].as_str() {
                Some(ours) => ours.to_owned(),
                None => self.texts.new_value(switch, named.fact, item, &old).await?,
            };
            if found != ours {
                return Err(Error::Conflict(format!(
                    "switching {} back: it has another value than this restore wrote. It stays as it is: if a later restore wrote \
                     it, switch that one back first; else set what it should be (version {} has the previous value)",
                    named.words(),
                    before["version"].as_str().unwrap_or_default()
                )));
            }
        }
        // The old value may be a secret: it is not recorded.
        let requested = noted["requested"] == true;
        Ok(match self.bring(named, &current, &old, requested).await? {
            Bringing::Done => SwitchProgress::Done(before.clone()),
            Bringing::Underway(phase, requested) => SwitchProgress::Underway {
                phase,
                noted: json!({ "requested": requested }),
            },
            Bringing::Failed(why) => SwitchProgress::Failed(why),
        })
    }
}

fn of(switch: &Switch) -> Result<Named<'_>> {
    match &switch.action {
        SwitchAction::LambdaEnvironment {
            function,
            variable,
            value,
        } => Ok(Named {
            function,
            variable,
            fact: *value,
        }),
        _ => Err(wrong_action("lambda_environment", switch)),
    }
}
