//! This switch's revision of a task definition: found by its tags, or registered as a copy of the previous one with other volumes
//! or secrets.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::content::{differing, is_alike, kept};
use super::{secrets, volumes};
use crate::aws::failure;
use crate::aws::service::Client;
use crate::domain::descriptor::{Fact, Switch};
use crate::domain::job::Run;
use crate::domain::names;
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::error::{Error, Result};
use crate::switches::directories::{self, Directories};
use crate::switches::ecs::named::{NamedService, short};
use crate::switches::facts::Facts;

/// The tag that distinguishes two switches of one restore, and the revision of a switch from the one that is deployed to switch
/// back.
const TAG_SWITCH: &str = "holdfast:switch";
/// How many of a family's newest revisions are searched: others may deploy between two attempts.
const NEWEST: u32 = 5;

/// The members of a description that `RegisterTaskDefinition` takes over; volumes and tags are set separately.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>.
const COPIED: &[&str] = &[
    "family",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "ephemeralStorage",
    "runtimePlatform",
    "enableFaultInjection",
];

/// The part of a definition that refers to a resource, redirected to its copy.
pub struct RedirectedPart {
    part: &'static str,
    value: Value,
}

pub fn is_of_cluster(target: &Target) -> bool {
    matches!(target, Target::Aurora { .. })
}

/// The part of a definition that refers to a resource.
fn part_of(item: &RestoreItem) -> &'static str {
    match is_of_cluster(&item.planned.resource.target) {
        true => "containerDefinitions",
        false => "volumes",
    }
}

/// A task definition as ECS describes it.
pub struct TaskDefinition {
    pub definition: Value,
    tags: Vec<Value>,
}

impl TaskDefinition {
    /// Whether both run the same: the same family with the same content, whatever their revision numbers and tags.
    fn is_same_definition(&self, other: &TaskDefinition) -> bool {
        is_alike(&self.definition, &other.definition)
    }

    /// Whether this switch of this restore registered it in place of `before`, and it is not someone's edited copy of that
    /// revision: such a copy may have the same tags.
    fn is_ours(&self, switch: &Switch, item: &RestoreItem, before: &TaskDefinition) -> bool {
        has_tags(&self.tags, &switch.name, item)
            && differing(&before.definition, &self.definition, part_of(item)).is_empty()
    }
}

/// What a service runs when it is to be switched back.
pub enum RunningRevision {
    /// The previous revision.
    Before,
    /// The revision that this restore deployed.
    Ours,
    /// Another revision.
    Theirs,
}

/// The revisions that switches of this kind describe and register.
pub struct Revisions<'a> {
    pub ecs: &'a Client,
    pub directories: &'a Directories,
    pub facts: &'a Facts,
}

impl Revisions<'_> {
    pub async fn describe(&self, revision: &str) -> Result<TaskDefinition> {
        let input = json!({ "taskDefinition": revision, "include": ["TAGS"] });
        let mut described = self
            .ecs
            .call("DescribeTaskDefinition", input)
            .await
            .map_err(|error| failure("describing task definition", short(revision), error))?;
        Ok(TaskDefinition {
            definition: described.take("taskDefinition"),
            tags: described.take_list("tags"),
        })
    }

    /// Whether this switch registered a revision in place of `before`.
    ///
    /// # Errors
    /// `VerificationFailed` for a revision that has this switch's tags and differs from what it registers.
    pub async fn is_registered_by(
        &self,
        revision: &str,
        switch: &Switch,
        named: &NamedService<'_>,
        item: &RestoreItem,
        before: &str,
    ) -> Result<bool> {
        let described = self.describe(revision).await?;
        if !has_tags(&described.tags, &switch.name, item) {
            return Ok(false);
        }
        let source = self.describe(before).await?.definition;
        let part = self.redirect_part(switch, named, item, &source).await?;
        ensure_complete(&source, &part, &described.definition)?;
        Ok(true)
    }

    /// The volumes of a definition with the copy in place of the file system, each with the directory of its data in the copy; for
    /// a cluster, the containers with the copy's master secret.
    pub async fn redirect_part(
        &self,
        switch: &Switch,
        named: &NamedService<'_>,
        item: &RestoreItem,
        definition: &Value,
    ) -> Result<RedirectedPart> {
        let part = part_of(item);
        if is_of_cluster(&item.planned.resource.target) {
            let new = self.facts.read(Fact::MasterSecret, item).await?;
            let value = secrets::redirect_to_copy(switch, named, item, definition, new.as_str().unwrap_or_default())?;
            return Ok(RedirectedPart { part, value });
        }
        let faults = volumes::check(switch, named, item, definition);
        if !faults.is_empty() {
            return Err(Error::InvalidInput(faults));
        }
        let (copy, _) = directories::place(switch, item)?;
        let mut places = BTreeMap::new();
        let source = item.planned.resource.target.identifier();
        for mounting in volumes::mounting(named, source, definition) {
            let place = self
                .directories
                .find(switch, mounting.volume, item, mounting.root)
                .await?;
            places.insert(mounting.volume.to_owned(), place);
        }
        let value = volumes::redirect_to_copy(definition, copy, &places).into();
        Ok(RedirectedPart { part, value })
    }

    /// This switch's revision of `before`.
    pub async fn ensure_revision(
        &self,
        run: &Run,
        switch: &Switch,
        named: &NamedService<'_>,
        item: &RestoreItem,
        before: &str,
    ) -> Result<String> {
        let described = self.describe(before).await?;
        let family = described.definition["family"].as_str().unwrap_or_default().to_owned();
        let part = self.redirect_part(switch, named, item, &described.definition).await?;
        if let Some((arn, found)) = self.registered(&family, &switch.name, item).await? {
            ensure_complete(&described.definition, &part, &found)?;
            return Ok(arn);
        }
        let (arn, registered) = self.register(run, &switch.name, item, &described, Some(&part)).await?;
        ensure_complete(&described.definition, &part, &registered)?;
        Ok(arn)
    }

    /// A revision with the content of `before`, if that was deregistered meanwhile.
    pub async fn registered_again(
        &self,
        run: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &str,
    ) -> Result<Option<String>> {
        let described = self.describe(before).await?;
        if described.definition["status"] == "ACTIVE" {
            return Ok(None);
        }
        let family = described.definition["family"].as_str().unwrap_or_default();
        let back = format!("{} back", switch.name);
        let (arn, found) = match self.registered(family, &back, item).await? {
            Some(registered) => registered,
            None => self.register(run, &back, item, &described, None).await?,
        };
        let differing = differing(&described.definition, &found, "");
        if differing.is_empty() {
            return Ok(Some(arn));
        }
        Err(Error::VerificationFailed(format!(
            "registering task definition {} again, which was deregistered: the new revision {} differs in {}; it was not \
             deployed by this step. Deploy one with the same content by hand",
            short(before),
            short(&arn),
            differing.join(", ")
        )))
    }

    /// Which revision is running, if it is neither the previous one nor a known one of this switch: decided by its content, since
    /// the same content may be registered again, by Holdfast too.
    pub async fn running_revision(
        &self,
        current: &str,
        before: &str,
        after: Option<&str>,
        switch: &Switch,
        item: &RestoreItem,
    ) -> Result<RunningRevision> {
        let running = self.describe(current).await?;
        let before = self.describe(before).await?;
        if running.is_same_definition(&before) {
            return Ok(RunningRevision::Before);
        }
        let ours = match after {
            Some(after) => running.is_same_definition(&self.describe(after).await?),
            None => running.is_ours(switch, item, &before),
        };
        Ok(if ours {
            RunningRevision::Ours
        } else {
            RunningRevision::Theirs
        })
    }

    /// Registers a copy of a revision, redirected if a part is given; returns its ARN and definition. `tag` distinguishes it from
    /// the other revisions that this restore registers.
    async fn register(
        &self,
        run: &Run,
        tag: &str,
        item: &RestoreItem,
        described: &TaskDefinition,
        redirected: Option<&RedirectedPart>,
    ) -> Result<(String, Value)> {
        let TaskDefinition { definition, tags } = described;
        let family = definition["family"].as_str().unwrap_or_default();
        let mut all: Vec<Value> = tags.iter().filter(|tag| is_owner_tag(tag)).cloned().collect();
        let ours = names::restore_tags(&run.deployment, &item.restore, &item.planned.resource.name);
        let ours = ours.into_iter().chain([(TAG_SWITCH, tag.to_owned())]);
        all.extend(ours.map(|(key, value)| json!({ "key": key, "value": value })));
        let mut registered = self
            .ecs
            .call("RegisterTaskDefinition", registration(definition, redirected, all))
            .await
            .map_err(|error| failure("registering a revision of task definition", family, error))?;
        let registered = registered.take("taskDefinition");
        let arn = registered["taskDefinitionArn"].as_str().map(str::to_owned);
        let arn = arn.ok_or_else(|| {
            Error::Unavailable(format!(
                "registering a revision of task definition {family}: AWS returned no ARN. The next attempt finds what was \
                 registered"
            ))
        })?;
        Ok((arn, registered))
    }

    /// The revision that an earlier attempt registered: its ARN and definition.
    async fn registered(&self, family: &str, tag: &str, item: &RestoreItem) -> Result<Option<(String, Value)>> {
        let input = json!({ "familyPrefix": family, "sort": "DESC", "maxResults": NEWEST });
        let mut newest = self
            .ecs
            .call("ListTaskDefinitions", input)
            .await
            .map_err(|error| failure("listing the revisions of task definition", family, error))?;
        let newest = newest.take_list("taskDefinitionArns");
        for arn in newest.iter().filter_map(Value::as_str) {
            // The prefix of one family may match another.
            let of_family = short(arn).rsplit_once(':').is_some_and(|(name, _)| name == family);
            if !of_family {
                continue;
            }
            let described = self.describe(arn).await?;
            if has_tags(&described.tags, tag, item) {
                return Ok(Some((arn.to_owned(), described.definition)));
            }
        }
        Ok(None)
    }
}

/// The input that registers a copy of a definition, redirected if a part is given. Empty texts mean absent, and ECS refuses some.
fn registration(definition: &Value, redirected: Option<&RedirectedPart>, tags: Vec<Value>) -> Value {
    let copied = COPIED
        .iter()
        .map(|name| ((*name).to_owned(), definition[*name].clone()));
    let mut input: Map<String, Value> = copied.filter(|(_, value)| *value != "").collect();
    if let Some(redirected) = redirected {
        input.insert(redirected.part.to_owned(), redirected.value.clone());
    }
    input.insert("tags".to_owned(), tags.into());
    input.into()
}

/// Ensures that this switch's revision, new or found, has every attribute of the old one, which could otherwise be lost silently,
/// and refers to the copy.
fn ensure_complete(before: &Value, redirected: &RedirectedPart, after: &Value) -> Result<()> {
    let mut differing = differing(before, after, redirected.part);
    if !kept(&redirected.value, &after[redirected.part]) {
        differing.push(redirected.part);
    }
    if differing.is_empty() {
        return Ok(());
    }
    Err(Error::VerificationFailed(format!(
        "looking at the revision of task definition {} that this switch registered: it differs from the planned revision in {}; it \
         was not deployed by this step. Deploy a revision that refers to the copy by hand",
        before["family"].as_str().unwrap_or_default(),
        differing.join(", ")
    )))
}

fn has_tags(tags: &[Value], switch: &str, item: &RestoreItem) -> bool {
    let has = |key: &str, value: &str| tags.iter().any(|tag| tag["key"] == key && tag["value"] == value);
    has(names::TAG_RESTORE, &item.restore) && has(TAG_SWITCH, switch)
}

/// Tags that the next revision takes over: the owner's, without AWS's and those of an earlier restore.
fn is_owner_tag(tag: &Value) -> bool {
    let key = tag["key"].as_str().unwrap_or_default();
    !key.starts_with("aws:") && !key.starts_with("holdfast:")
}
