//! What can be restored without the catalog: what AWS kept of resources that may be gone.

use jiff::Timestamp;
use serde_json::Value;

use super::discovery::{Backup, Discovery};
use super::drafts::Draft;
use crate::domain::descriptor::Descriptor;
use crate::domain::resource::{Resource, Target};
use crate::domain::restore::choosing::Window;
use crate::domain::restore::plan::Source;
use crate::error::{Fault, Result};

/// What was found, what was not, and what nobody keeps.
#[derive(Debug, Default, PartialEq)]
pub struct Retained {
    /// All resources, a prefix as the tables that were found.
    pub resources: Vec<Resource>,
    pub drafts: Vec<Draft>,
    pub faults: Vec<Fault>,
    pub not_covered: Vec<String>,
}

/// The newest of each resource, not after `at` where that is given.
pub async fn retained(
    discovery: &dyn Discovery,
    descriptor: &Descriptor,
    before: Option<Timestamp>,
    wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Result<Retained> {
    let mut found = Retained::default();
    for resource in descriptor.resources() {
        if !matches!(resource.target, Target::DynamodbPrefix { .. }) {
            found.resources.push(resource.clone());
        }
        match &resource.target {
            Target::DynamodbPrefix { prefix } => {
                let mut backups = discovery.system_backups(prefix).await?;
                backups.sort_by(|a, b| a.0.cmp(&b.0));
                let tables: Vec<String> = backups.iter().map(|(table, _)| table.clone()).collect();
                let tables = descriptor.tables(&resource, &tables);
                found.resources.extend(tables.iter().cloned());
                if tables.is_empty() && wanted(&resource.name) {
                    found.resources.push(resource.clone());
                    found.missing(&resource, &format!("a SYSTEM backup of a table that begins with {prefix}"));
                }
                for table in tables.into_iter().filter(|table| wanted(&table.name)) {
                    let of_table = backups.iter().filter(|(name, _)| name == table.target.identifier());
                    let newest = newest(of_table.map(|(_, backup)| backup.clone()), before);
                    found.take(table, newest, before);
                }
            }
            _ if !wanted(&resource.name) => {}
            Target::DynamoDb { table } => {
                let backups = discovery.system_backups(table).await?;
                let of_table = backups.into_iter().filter(|(name, _)| name == table);
                match newest(of_table.map(|(_, backup)| backup), before) {
                    None if discovery.has_table(table).await? => {
                        let window = discovery.table_backup(table).await?;
                        found.take_window(resource.clone(), window, before);
                    }
                    newest => found.take(resource, newest, before),
                }
            }
            Target::Aurora { cluster } => {
                let cluster = cluster.clone();
                found.take_cluster(discovery, descriptor, resource, &cluster, before).await?;
            }
            Target::Efs { .. } => found.not_covered.push(format!(
                "{}: recovery points of file systems are found by the catalog alone; `holdfast rebuild-catalog` finds them again",
                resource.name
            )),
            Target::Secret { .. } | Target::Parameters { .. } => found.not_covered.push(format!(
                "{}: which versions were current is in the catalog alone",
                resource.name
            )),
        }
    }
    Ok(found)
}

impl Retained {
    fn take(&mut self, resource: Resource, backup: Option<Backup>, before: Option<Timestamp>) {
        match backup {
            Some(backup) => self.drafts.push(Draft {
                source: Source::TableBackup { arn: backup.arn },
                holds: Some(backup.captured_at),
                size_bytes: backup.size_bytes,
                configuration: Value::Null,
                sample: None,
                resource,
            }),
            None => {
                let until = before
                    .map(|before| format!(" from before {before}"))
                    .unwrap_or_default();
                self.missing(&resource, &format!("a SYSTEM backup of the deleted table{until}"));
            }
        }
    }

    /// A table that was not deleted: its own point-in-time recovery, to its latest moment or to `before`.
    fn take_window(&mut self, resource: Resource, window: Option<Window>, before: Option<Timestamp>) {
        let reaches = window.filter(|window| before.is_none_or(|before| window.earliest <= before));
        let Some(window) = reaches else {
            self.missing(
                &resource,
                "point-in-time recovery, which is off or does not reach so far, of the table that is there",
            );
            return;
        };
        let at = before.unwrap_or(window.latest).min(window.latest);
        self.drafts.push(Draft {
            source: Source::TableAt {
                table: resource.target.identifier().to_owned(),
                at,
            },
            holds: Some(at),
            size_bytes: None,
            configuration: Value::Null,
            sample: None,
            resource,
        });
    }

    /// The retained continuous backup, to its latest moment or to `before`; else the newest snapshot of ours.
    async fn take_cluster(
        &mut self,
        discovery: &dyn Discovery,
        descriptor: &Descriptor,
        resource: Resource,
        cluster: &str,
        before: Option<Timestamp>,
    ) -> Result<()> {
        let backup = discovery.cluster_backup(cluster).await?;
        let reaches = backup.filter(|backup| before.is_none_or(|before| backup.window.earliest <= before));
        if let Some(backup) = reaches {
            let at = before.filter(|before| *before < backup.window.latest);
            self.drafts.push(Draft {
                source: Source::ClusterAt {
                    cluster: cluster.to_owned(),
                    resource_id: backup.resource_id,
                    at,
                },
                holds: Some(at.unwrap_or(backup.window.latest)),
                size_bytes: None,
                configuration: Value::Null,
                sample: None,
                resource,
            });
            return Ok(());
        }
        let snapshots = discovery.snapshots(&descriptor.deployment, cluster).await?;
        match newest(snapshots, before) {
            Some(backup) => self.drafts.push(Draft {
                source: Source::ClusterSnapshot {
                    id: backup.id,
                    arn: backup.arn,
                },
                holds: Some(backup.captured_at),
                size_bytes: backup.size_bytes,
                configuration: Value::Null,
                sample: None,
                resource,
            }),
            None => self.missing(
                &resource,
                "a retained automated backup, or a manual snapshot with this deployment's tags",
            ),
        }
        Ok(())
    }

    fn missing(&mut self, resource: &Resource, wanted: &str) {
        self.faults.push(Fault {
            path: format!("resources.{}", resource.name),
            value: format!(
                "{} {}, of which AWS keeps no backup,",
                resource.target.kind(),
                resource.target.identifier()
            ),
            allowed: format!(
                "{wanted}. Leave the resource out with \"except\": [\"{}\"], or restore from a set without \"source\"",
                resource.name
            ),
        });
    }
}

fn newest(backups: impl IntoIterator<Item = Backup>, before: Option<Timestamp>) -> Option<Backup> {
    let early_enough = |backup: &Backup| before.is_none_or(|before| backup.captured_at <= before);
    backups
        .into_iter()
        .filter(early_enough)
        .max_by_key(|backup| backup.captured_at)
}
