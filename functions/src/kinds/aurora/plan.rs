//! What a restore of a cluster creates: the captured configuration, and the names of everything in the copy.

use aws_sdk_rds::types::Tag;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::captured::{is_own, members, number, text, texts};
use super::{KIND, cluster};
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::name_map::NameMap;
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::restore::settings::SettingAction;
use crate::error::{Error, Result};
use crate::kinds::part;
use crate::kinds::shared::wrong_target;

/// RDS's longest identifier.
const LONGEST: usize = 63;

/// Maximum number of tags of one resource.
const MOST_TAGS: usize = 50;

/// The prefix of readers that Application Auto Scaling adds.
const AUTOSCALED: &str = "application-autoscaling-";

/// The class of the copy's one instance if no instances of its source are recorded: the smallest that Aurora offers.
const LEAST_CLASS: &str = "db.t4g.medium";

/// The restore of one cluster, with its plan and its captured configuration.
pub struct ClusterPlan<'a> {
    /// The resource's name in the deployment.
    pub resource: &'a str,
    pub from: &'a Source,
    /// Identifier of the cluster that was backed up.
    pub source: &'a str,
    /// Identifier of the copy.
    pub copy: &'a str,
    pub configuration: &'a Value,
    item: &'a RestoreItem,
}

/// One instance of the copy.
#[derive(Debug, Clone, PartialEq)]
pub struct InstancePlan {
    pub name: String,
    /// The instance's identifier at the source; `None` if nothing was captured.
    pub source: Option<String>,
    pub captured: Value,
}

/// A parameter group that is not the engine's default.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterGroup {
    pub of: GroupKind,
    pub name: String,
    pub family: Option<String>,
    pub description: String,
    /// The parameters that differ from the engine's defaults, as captured.
    pub parameters: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    Cluster,
    Instances,
}

impl ParameterGroup {
    /// For example `cluster parameter group tuned`.
    pub fn words(&self) -> String {
        match self.of {
            GroupKind::Cluster => format!("cluster parameter group {}", self.name),
            GroupKind::Instances => format!("parameter group {}", self.name),
        }
    }
}

impl<'a> ClusterPlan<'a> {
    pub fn of(item: &'a RestoreItem) -> Result<Self> {
        let planned = &item.planned;
        let source = cluster(&planned.resource)?;
        let Destination::Cluster { cluster: copy } = &planned.destination else {
            return Err(wrong_target(KIND, &planned.resource));
        };
        if !matches!(
            planned.source,
            Source::ClusterSnapshot { .. } | Source::ClusterAt { .. }
        ) {
            return Err(Error::invalid(
                format!("resources.{}.source", planned.resource.name),
                format!("{:?}", planned.source),
                "a cluster snapshot, or a moment of a cluster's continuous backup",
            ));
        }
        Ok(Self {
            resource: &planned.resource.name,
            from: &planned.source,
            source,
            copy,
            configuration: &item.configuration,
            item,
        })
    }

    /// Whether anything was captured.
    pub fn captured(&self) -> bool {
        self.cluster().is_object()
    }

    /// The next action for a setting that is not as captured.
    pub fn next_action(&self, setting: &str) -> SettingAction<'a> {
        self.item.settings.next_action(setting, self.now())
    }

    /// Why a setting of the finished copy is not as captured, if it was refused.
    pub fn unapplied_reason(&self, setting: &str) -> Option<String> {
        self.item.settings.unapplied_reason(setting)
    }

    /// Whether an instance may be in any zone, since its own had no capacity.
    pub fn in_any_zone(&self, instance: &str) -> bool {
        self.item.shortage.in_any_zone.iter().any(|name| name == instance)
    }

    /// Whether the copy is finished without a reader for which AWS has no capacity.
    pub fn does_without(&self, reader: &str) -> bool {
        let now = self.now();
        self.item.shortage.is_settled(reader, now, self.item.is_late(now))
    }

    /// Whether AWS had no capacity for a part at any time during this restore.
    pub fn was_short_of(&self, part: &str) -> bool {
        self.item.shortage.since.contains_key(part)
    }

    /// The time of the present call, else of the last one.
    fn now(&self) -> Timestamp {
        self.item.busy_since.unwrap_or(Timestamp::MAX)
    }

    pub fn part(&self, name: &str) -> &'a Value {
        part(self.configuration, name)
    }

    /// The cluster's own attributes.
    pub fn cluster(&self) -> &'a Value {
        self.part("DBCluster")
    }

    pub fn text(&self, name: &str) -> Option<String> {
        text(self.cluster(), name)
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        part(self.cluster(), name).as_bool()
    }

    pub fn number(&self, name: &str) -> Option<i32> {
        number(self.cluster(), name)
    }

    pub fn texts(&self, name: &str) -> Vec<String> {
        texts(part(self.cluster(), name))
    }

    pub fn security_groups(&self) -> Vec<String> {
        members(self.cluster(), "VpcSecurityGroups")
            .filter_map(|group| text(group, "VpcSecurityGroupId"))
            .collect()
    }

    /// The tags of a part of the copy: those of its source, and the restore's.
    pub fn tags(&self, run: &Run, of: &Value) -> Vec<Tag> {
        let ours = names::restore_tags(&run.deployment, &run.id, self.resource);
        let room = MOST_TAGS - ours.len();
        let own = members(of, "TagList")
            .filter_map(|tag| Some((text(tag, "Key")?, text(tag, "Value").unwrap_or_default())))
            .filter(|(key, _)| is_own(key))
            .take(room);
        ours.into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .chain(own)
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect()
    }

    /// The instances to create: the former writer first, then by promotion tier. Without those that Application Auto Scaling had
    /// added: it adds its own. One instance if nothing was captured, so that someone can connect.
    pub fn instances(&self) -> Vec<InstancePlan> {
        if !self.captured() {
            return vec![InstancePlan {
                name: names::copy_of(self.copy, "1", LONGEST),
                source: None,
                captured: json!({ "DBInstanceClass": self.only_class() }),
            }];
        }
        let mut captured: Vec<(bool, i32, String, &Value)> = self
            .all_instances()
            .filter_map(|instance| {
                let id = text(instance, "DBInstanceIdentifier")?;
                let tier = number(instance, "PromotionTier").unwrap_or(i32::MAX);
                (!self.is_autoscaled(&id)).then(|| (!self.wrote(&id), tier, id, instance))
            })
            .collect();
        captured.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
        let named = captured.into_iter().enumerate();
        named
            .map(|(place, (_, _, id, instance))| InstancePlan {
                name: self.name_of(&id, &(place + 1).to_string()),
                source: Some(id),
                captured: instance.clone(),
            })
            .collect()
    }

    /// The class of the one instance of a copy whose source was not captured.
    pub fn only_class(&self) -> String {
        text(self.configuration, "InstanceClass").unwrap_or_else(|| LEAST_CLASS.to_owned())
    }

    /// Readers that Application Auto Scaling had added.
    pub fn autoscaled(&self) -> Vec<String> {
        self.all_instances()
            .filter_map(|instance| text(instance, "DBInstanceIdentifier"))
            .filter(|id| self.is_autoscaled(id))
            .collect()
    }

    fn all_instances(&self) -> impl Iterator<Item = &'a Value> {
        members(self.configuration, "DBInstances")
    }

    pub fn is_autoscaled(&self, instance: &str) -> bool {
        instance.starts_with(AUTOSCALED) && members(self.configuration, "ScalableTargets").next().is_some()
    }

    fn wrote(&self, instance: &str) -> bool {
        members(self.cluster(), "DBClusterMembers").any(|member| {
            text(member, "DBInstanceIdentifier").as_deref() == Some(instance)
                && part(member, "IsClusterWriter") == &Value::Bool(true)
        })
    }

    /// The custom endpoints, each with its name at the copy.
    pub fn endpoints(&self) -> Vec<(String, &'a Value)> {
        members(self.configuration, "DBClusterEndpoints")
            .enumerate()
            .filter_map(|(place, endpoint)| {
                let id = text(endpoint, "DBClusterEndpointIdentifier")?;
                Some((self.name_of(&id, &format!("e{}", place + 1)), endpoint))
            })
            .collect()
    }

    /// A name at the copy: the source's with the copy's suffix, if the copy has one; else the copy's with `mark`.
    fn name_of(&self, name: &str, mark: &str) -> String {
        match suffix(self.source, self.copy) {
            Some(suffix) => names::copy_of(name, suffix, LONGEST),
            None => names::copy_of(self.copy, mark, LONGEST),
        }
    }

    /// Maps the names of the source and its instances to those of the copy.
    pub fn renaming(&self) -> NameMap {
        let (source, copy) = (self.source.to_owned(), self.copy.to_owned());
        let arn = self.text("DBClusterArn").unwrap_or_default();
        let arn_of_copy = arn.strip_suffix(&source).map(|account| format!("{account}{copy}"));
        let instances = self.instances().into_iter();
        let instances = instances.map(|instance| (instance.source.unwrap_or_default(), instance.name));
        let cluster = [
            (scalable_id(&source), scalable_id(&copy)),
            (arn, arn_of_copy.unwrap_or_default()),
            (source, copy),
        ];
        NameMap::new(cluster.into_iter().chain(instances))
    }

    /// Every parameter group of the copy that is not the engine's default.
    pub fn groups(&self) -> Vec<ParameterGroup> {
        let cluster = self.text("DBClusterParameterGroup").map(|name| {
            let described = self.part("DBClusterParameterGroup");
            let parameters = members(self.configuration, "DBClusterParameters").cloned().collect();
            group(GroupKind::Cluster, name, described, parameters)
        });
        let instances = members(self.configuration, "DBParameterGroups").filter_map(|described| {
            let name = text(described, "DBParameterGroupName")?;
            let parameters = members(described, "Parameters").cloned().collect();
            Some(group(GroupKind::Instances, name, described, parameters))
        });
        cluster
            .into_iter()
            .chain(instances)
            .filter(|group| !group.name.starts_with("default."))
            .collect()
    }
}

fn group(of: GroupKind, name: String, described: &Value, parameters: Vec<Value>) -> ParameterGroup {
    ParameterGroup {
        of,
        family: text(described, "DBParameterGroupFamily"),
        description: text(described, "Description").unwrap_or_else(|| name.clone()),
        name,
        parameters,
    }
}

/// The suffix that turns `source` into `target`, if any.
fn suffix<'a>(source: &str, target: &'a str) -> Option<&'a str> {
    target
        .match_indices('-')
        .map(|(at, _)| &target[at + 1..])
        .find(|suffix| !suffix.is_empty() && names::copy_of(source, suffix, LONGEST) == target)
}

/// Application Auto Scaling's id for a cluster.
pub fn scalable_id(cluster: &str) -> String {
    format!("cluster:{cluster}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_is_found_again_however_long_the_name() {
        let long = "a".repeat(50);
        for source in ["hubs-db", "db", &long] {
            let target = names::copy_of(source, "r20261120-021500", LONGEST);
            assert_eq!(suffix(source, &target), Some("r20261120-021500"), "{target}");
        }
        assert_eq!(suffix("hubs-db", "another-name"), None);
        assert_eq!(suffix("hubs-db", "hubs-db"), None);
    }
}
