//! How a table is restored: into a new one beside it, which is then given what a restore does not bring back, one change after
//! another. Every look describes the copy and does what is still missing, so that a second look finds nothing to do.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{IndexStatus, TableDescription, TableStatus};
use serde_json::Value;

use super::applying::{Applied, apply, tag};
use super::settings::{Change, missing};
use super::{DynamoDb, capture, comparing, creating, foreseeing, sampling, table, undoing};
use crate::aws::{code, failure};
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::resource::Resource;
use crate::domain::restore::item::{Advance, Item, Made, Undoing};
use crate::domain::restore::plan::{Beside, Source};
use crate::domain::restore::verdict::Check;
use crate::domain::set::Sample;
use crate::error::{Class, Error, Result};
use crate::kinds::optional::Optional;
use crate::kinds::shared::since;
use crate::kinds::whose::Whose;
use crate::kinds::{Foreseen, Restore, part};

#[async_trait]
impl Restore for DynamoDb {
    async fn foresee(&self, run: &Run, item: &Item) -> Result<Foreseen> {
        foreseeing::foresee(self, run, item).await
    }

    async fn advance(&self, run: &Run, item: &Item) -> Result<Advance> {
        let target = target(item)?;
        let Some(described) = self.table(target).await? else {
            return self.create(item, target).await;
        };
        match self.whose(run, item, &described).await? {
            Whose::Ours => {}
            Whose::Untold => {
                return Ok(Advance::InProgress {
                    stage: Some(COPYING),
                    phase: format!("table {target} is being created, and does not show yet what it is restored from"),
                    percent: None,
                    made: None,
                });
            }
            Whose::Anothers => {
                return Err(Error::Conflict(format!(
                    "restoring {}: there is a table {target} that this restore did not make. Choose another suffix or name, \
                     or remove that table, then start a new restore",
                    item.planned.resource.name
                )));
            }
        }
        match state(&described) {
            State::Ready => self.configure(run, item, target, &described).await,
            State::Underway(stage, phase) => {
                self.mark(run, item, &described).await?;
                Ok(Advance::InProgress {
                    stage,
                    phase,
                    percent: None,
                    made: Some(made(target, &described)),
                })
            }
            State::Ended(reason) => Ok(Advance::Failed { reason }),
        }
    }

    async fn undo(&self, run: &Run, item: &Item) -> Result<Undoing> {
        undoing::undo(self, run, item).await
    }

    async fn compare(&self, _: &Run, item: &Item, at_rest: bool) -> Result<Vec<Check>> {
        comparing::compare(self, item, at_rest).await
    }

    async fn sample(&self, resource: &Resource, _: &Value) -> Result<Option<Sample>> {
        sampling::sample(&self.dynamodb, table(resource)?).await
    }
}

impl DynamoDb {
    /// `None` for a table that is not there.
    pub(super) async fn table(&self, table: &str) -> Result<Option<TableDescription>> {
        match self.dynamodb.describe_table().table_name(table).send().await {
            Ok(found) => Ok(found.table),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(failure("describing table", table, error)),
        }
    }

    /// Whether the run made a table: it carries the restore's tags, or, as long as it carries none of ours, DynamoDB says that it
    /// was restored from our source since the run began. One that is being created may not say yet.
    pub(super) async fn whose(&self, run: &Run, item: &Item, table: &TableDescription) -> Result<Whose> {
        let arn = table.table_arn().unwrap_or_default();
        let tags = match capture::tags(&self.dynamodb, arn).await {
            Ok(tags) => tags,
            // DynamoDB's tags may not know yet of a table that it describes.
            Err(Error::NotFound(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        let value = |wanted: &str| tags.iter().find(|tag| tag["Key"] == wanted).map(|tag| &tag["Value"]);
        let ours = names::restore_tags(&run.deployment, &run.id, &item.planned.resource.name);
        let is_ours = |ours: bool| if ours { Whose::Ours } else { Whose::Anothers };
        if value(names::TAG_RESTORE).is_some() {
            let all = ours
                .iter()
                .all(|(key, text)| value(key) == Some(&Value::from(text.as_str())));
            return Ok(is_ours(all));
        }
        let creating = table.table_status() == Some(&TableStatus::Creating);
        let new = table
            .creation_date_time()
            .map_or(creating, |created| created.as_nanos() >= since(run).as_nanos());
        if new && creating && table.restore_summary().is_none() {
            return Ok(Whose::Untold);
        }
        Ok(is_ours(new && is_restored_from(table, &item.planned.source)))
    }

    async fn create(&self, item: &Item, target: &str) -> Result<Advance> {
        let overrides = creating::overrides(&self.kms, part(&item.configuration, "Table")).await?;
        let accepted = creating::create(&self.dynamodb, &item.planned.source, target, overrides).await?;
        // Where a table is there after all, the next look tells whose it is.
        let phase = if accepted {
            "is being restored"
        } else {
            "is there, but is not yet described"
        };
        Ok(Advance::InProgress {
            stage: Some(COPYING),
            phase: format!("table {target} {phase}"),
            percent: None,
            made: None,
        })
    }

    /// Tags a copy that is still being made, where DynamoDB lets us: a restore takes no tags in its call.
    async fn mark(&self, run: &Run, item: &Item, table: &TableDescription) -> Result<()> {
        let arn = table.table_arn().unwrap_or_default();
        let ours = names::restore_tags(&run.deployment, &run.id, &item.planned.resource.name);
        let there = match capture::tags(&self.dynamodb, arn).await {
            Err(Error::NotFound(_)) => return Ok(()),
            there => there?,
        };
        let copy = serde_json::json!({ "Tags": there });
        match missing(&Value::Null, &copy, &ours).first() {
            Some(Change::Tags(tags)) => match tag(self, arn, tags).await {
                Err(Error::NotReady(_) | Error::NotFound(_)) => Ok(()),
                tagged => tagged,
            },
            _ => Ok(()),
        }
    }

    /// Puts back what is missing, as far as it goes in one look. What AWS refuses for good is a remark; the comparison then names
    /// it again.
    async fn configure(&self, run: &Run, item: &Item, target: &str, table: &TableDescription) -> Result<Advance> {
        let ours = names::restore_tags(&run.deployment, &run.id, &item.planned.resource.name);
        let made = made(target, table);
        let arn = table.table_arn().unwrap_or_default();
        let waiting = |stage: Option<&'static str>, phase: String| Advance::InProgress {
            stage,
            phase,
            percent: None,
            made: Some(made.clone()),
        };
        let copy = match capture::capture(&self.dynamodb, &self.autoscaling, target, Optional::of_copy()).await {
            // It is described, and not everything that is asked about it knows it yet.
            Err(Error::NotFound(why)) => {
                return Ok(waiting(
                    None,
                    format!("table {target} is not known everywhere yet: {why}"),
                ));
            }
            copy => copy?,
        };
        let (mut put, mut remarks) = (0, Vec::new());
        for change in missing(&item.configuration, &copy, &ours) {
            let words = change.words();
            match apply(self, target, arn, &change).await {
                Ok(Applied::Done) => put += 1,
                Ok(Applied::Updating) => {
                    return Ok(waiting(
                        Some(change.stage()),
                        format!("table {target} is being given {words}"),
                    ));
                }
                Err(Error::NotReady(_)) => {
                    return Ok(waiting(None, format!("table {target} is busy; {words} comes next")));
                }
                Err(error) if error.class() == Class::Final && !matches!(change, Change::Tags(_)) => {
                    remarks.push(format!("{words} could not be put back: {error}"));
                }
                Err(error) => return Err(error),
            }
        }
        if put > 0 {
            return Ok(waiting(
                Some("settings"),
                format!("table {target} was given its settings; they are looked at once more"),
            ));
        }
        remarks.splice(0..0, foreseeing::remarks(&item.configuration, target));
        Ok(Advance::Restored { made, remarks })
    }
}

/// The stage in which DynamoDB makes the copy.
const COPYING: &str = "copying";

/// What a look at the copy says.
enum State {
    Ready,
    /// At work on a stage (`None`: as before), in words.
    Underway(Option<&'static str>, String),
    Ended(String),
}

fn state(table: &TableDescription) -> State {
    let name = table.table_name().unwrap_or_default();
    let restoring = table
        .restore_summary()
        .is_some_and(|restore| restore.restore_in_progress());
    let index = table.global_secondary_indexes().iter().find(|index| {
        index
            .index_status()
            .is_some_and(|status| *status != IndexStatus::Active)
    });
    match table.table_status() {
        Some(TableStatus::Active) if restoring => {
            State::Underway(Some(COPYING), format!("table {name} is being filled"))
        }
        Some(TableStatus::Active) => match index.and_then(|index| index.index_name()) {
            Some(index) => State::Underway(Some("indexes"), format!("index {index} of table {name} is being made")),
            None => State::Ready,
        },
        Some(
            status @ (TableStatus::Archiving | TableStatus::Archived | TableStatus::InaccessibleEncryptionCredentials),
        ) => State::Ended(format!(
            "the status of table {name} is {}: see to its KMS key, then start a new restore",
            status.as_str()
        )),
        Some(TableStatus::Updating) => State::Underway(None, format!("table {name} is UPDATING")),
        Some(status) => State::Underway(Some(COPYING), format!("table {name} is {}", status.as_str())),
        None => State::Underway(Some(COPYING), format!("table {name} is not yet described")),
    }
}

/// Whether DynamoDB names our source as what a table was restored from.
fn is_restored_from(table: &TableDescription, source: &Source) -> bool {
    let Some(restore) = table.restore_summary() else {
        return false;
    };
    match source {
        Source::TableBackup { arn } => restore.source_backup_arn() == Some(arn),
        Source::TableAt { table, at } => {
            let source = restore.source_table_arn().and_then(|arn| arn.rsplit_once(":table/"));
            source.is_some_and(|(_, name)| name == table)
                && (restore.restore_date_time().secs() - at.as_second()).abs() <= 1
        }
        _ => false,
    }
}

pub(super) fn made(target: &str, table: &TableDescription) -> Made {
    Made::Table {
        table: target.to_owned(),
        arn: table.table_arn().unwrap_or_default().to_owned(),
    }
}

/// The name that the plan gives the copy.
pub(super) fn target(item: &Item) -> Result<&str> {
    match &item.planned.beside {
        Beside::Table { table } => Ok(table),
        other => Err(Error::invalid(
            format!("resources.{}.beside", item.planned.resource.name),
            format!("{other:?}"),
            "a table, which is what a table is restored into",
        )),
    }
}
