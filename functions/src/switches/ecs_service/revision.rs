//! Our revision of a task definition: found by its tags, or registered as a copy of the one before with other volumes.

use aws_sdk_ecs::types::{SortOrder, Tag, TaskDefinition, TaskDefinitionField};
use serde_json::Value;

use super::{EcsService, Named, short, volumes};
use crate::aws::answer::Answer;
use crate::aws::failure;
use crate::domain::descriptor::CutOver;
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::restore::item::Item;
use crate::error::{Error, Result};

/// Tag that tells two switches of one restore apart.
const TAG_SWITCH: &str = "holdfast:switch";
/// How many of a family's newest revisions are looked through: others may deploy between two tries.
const NEWEST: i32 = 5;
/// What ECS adds to a definition, or leaves to it.
const ITS_OWN: &[&str] = &[
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

/// A task definition as ECS describes it.
pub struct Described {
    pub definition: TaskDefinition,
    tags: Vec<Tag>,
    /// With attributes that this SDK does not know.
    whole: Value,
}

impl EcsService {
    pub(super) async fn describe(&self, revision: &str) -> Result<Described> {
        let answer = Answer::default();
        let described = self
            .ecs
            .describe_task_definition()
            .task_definition(revision)
            .include(TaskDefinitionField::Tags)
            .customize()
            .interceptor(answer.clone())
            .send()
            .await
            .map_err(|error| failure("describing task definition", short(revision), error))?;
        Ok(Described {
            definition: described
                .task_definition
                .unwrap_or_else(|| TaskDefinition::builder().build()),
            tags: described.tags.unwrap_or_default(),
            whole: answer.take("taskDefinition"),
        })
    }

    /// Whether this switch of this restore registered the revision.
    pub(super) async fn is_ours(&self, revision: &str, switch: &CutOver, item: &Item) -> Result<bool> {
        Ok(bears(&self.describe(revision).await?.tags, switch, item))
    }

    /// Our revision of what `before` is; `before` itself where nothing in it leads elsewhere.
    pub(super) async fn ours(
        &self,
        run: &Run,
        switch: &CutOver,
        named: &Named<'_>,
        item: &Item,
        before: &str,
    ) -> Result<String> {
        let described = self.describe(before).await?;
        let family = described.definition.family().unwrap_or_default().to_owned();
        if let Some(found) = self.registered(&family, switch, item).await? {
            return Ok(found);
        }
        let (volumes, changed) = volumes::led_to_the_copy(switch, named, item, &described.definition)?;
        if !changed {
            return Ok(before.to_owned());
        }
        let Described {
            definition,
            tags,
            whole,
        } = described;
        let mut all: Vec<Tag> = tags.into_iter().filter(is_the_owners).collect();
        let ours = names::restore_tags(&run.deployment, &item.restore, &item.planned.resource.name);
        let ours = ours.into_iter().chain([(TAG_SWITCH, switch.name.clone())]);
        all.extend(ours.map(|(key, value)| Tag::builder().key(key).value(value).build()));
        let answer = Answer::default();
        let registered = self
            .ecs
            .register_task_definition()
            .family(&family)
            .set_task_role_arn(some(definition.task_role_arn))
            .set_execution_role_arn(some(definition.execution_role_arn))
            .set_network_mode(definition.network_mode)
            .set_container_definitions(definition.container_definitions)
            .set_volumes(Some(volumes))
            .set_placement_constraints(definition.placement_constraints)
            .set_requires_compatibilities(definition.requires_compatibilities)
            .set_cpu(definition.cpu)
            .set_memory(definition.memory)
            .set_pid_mode(definition.pid_mode.filter(|mode| !mode.as_str().is_empty()))
            .set_ipc_mode(definition.ipc_mode.filter(|mode| !mode.as_str().is_empty()))
            .set_proxy_configuration(definition.proxy_configuration)
            .set_ephemeral_storage(definition.ephemeral_storage)
            .set_runtime_platform(definition.runtime_platform)
            .set_enable_fault_injection(definition.enable_fault_injection)
            .set_tags(Some(all))
            .customize()
            .interceptor(answer.clone())
            .send()
            .await
            .map_err(|error| failure("registering a revision of task definition", &family, error))?;
        see_nothing_lost(&family, &whole, &answer.take("taskDefinition"))?;
        let arn = registered
            .task_definition
            .and_then(|registered| registered.task_definition_arn);
        arn.ok_or_else(|| {
            Error::Unavailable(format!(
                "registering a revision of task definition {family}: AWS answered without an ARN. It is tried again, and \
                 finds what was registered"
            ))
        })
    }

    /// What an earlier try registered.
    async fn registered(&self, family: &str, switch: &CutOver, item: &Item) -> Result<Option<String>> {
        let newest = self
            .ecs
            .list_task_definitions()
            .family_prefix(family)
            .sort(SortOrder::Desc)
            .max_results(NEWEST)
            .send()
            .await
            .map_err(|error| failure("listing the revisions of task definition", family, error))?;
        for arn in newest.task_definition_arns() {
            // A family's prefix is also another's.
            let of_family = short(arn).rsplit_once(':').is_some_and(|(name, _)| name == family);
            if of_family && self.is_ours(arn, switch, item).await? {
                return Ok(Some(arn.clone()));
            }
        }
        Ok(None)
    }
}

/// Sees that the new revision has every attribute of the old one: what this SDK does not know would be lost in silence.
fn see_nothing_lost(family: &str, before: &Value, after: &Value) -> Result<()> {
    let lost: Vec<&str> = before
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| {
            !ITS_OWN.contains(&name.as_str()) && *name != "volumes" && !kept(value, &after[name.as_str()])
        })
        .map(|(name, _)| name.as_str())
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(Error::VerificationFailed(format!(
        "registering a revision of task definition {family}: the new revision differs in {}, which this version does not \
         know how to copy; nothing was deployed. Deploy a revision with the copy's directory by hand",
        lost.join(", ")
    )))
}

/// Whether all that `before` says is said by `after`; ECS may add what it fills in.
fn kept(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), _) => before.iter().all(|(name, value)| kept(value, &after[name.as_str()])),
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(before, after)| kept(before, after))
        }
        (Value::Array(before), Value::Null) => before.is_empty(),
        (Value::String(before), Value::Null) => before.is_empty(),
        (before, after) => before == after,
    }
}

fn bears(tags: &[Tag], switch: &CutOver, item: &Item) -> bool {
    let has = |key: &str, value: &str| {
        tags.iter()
            .any(|tag| tag.key() == Some(key) && tag.value() == Some(value))
    };
    has(names::TAG_RESTORE, &item.restore) && has(TAG_SWITCH, &switch.name)
}

/// Tags that the next revision takes over: those of the owner, not AWS's, nor those of an earlier restore.
fn is_the_owners(tag: &Tag) -> bool {
    let key = tag.key().unwrap_or_default();
    !key.starts_with("aws:") && !key.starts_with("holdfast:")
}

fn some(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
