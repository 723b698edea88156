//! What is known about a kind without asking AWS.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::database::Database;
use super::pattern::Pattern;
use super::safeguard::Safeguard;
use super::upkeep::Upkeep;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat, shown};
use crate::domain::descriptor::{Fact, StackValue};
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::domain::restore::infrastructure::place::{SourceLocation, SourceReplacement};
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::naming::Overrides;
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::set::Point;

/// A kind of resource. Methods without a default must be implemented by each kind.
pub trait Profile: Sync {
    /// Its name in a descriptor.
    fn name(&self) -> &'static str;

    /// What one resource of this kind is called in a sentence.
    fn noun(&self) -> &'static str;

    /// Its fields in a descriptor, in addition to those that every kind has.
    fn fields(&self) -> &'static [&'static str];

    /// Reads its fields; `None` only if there is a fault.
    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<Target>;

    /// Distinguishes it from others of its kind: two targets with the same identity are the same thing.
    fn identity<'a>(&self, target: &'a Target) -> Cow<'a, str> {
        Cow::Borrowed(target.identifier())
    }

    /// A captured target with what today's descriptor says of how the same thing is reached and handled; by default as it was captured.
    fn reached_as(&self, captured: &Target, _today: &Target) -> Target {
        captured.clone()
    }

    /// What a restore from a recovery point reads; `None` for a recovery point of another kind.
    fn source(&self, point: &RecoveryPoint) -> Option<Source>;

    /// A recovery point as AWS's own commands take it: its ARN by default.
    fn point_words(&self, point: &RecoveryPoint) -> String {
        point.arn().unwrap_or_default().to_owned()
    }

    /// Where the copy is that people and other programs can read, of a recovery point that has one.
    fn archive<'a>(&self, _point: &'a RecoveryPoint) -> Option<&'a str> {
        None
    }

    /// What a parameter of a new stack can be filled with from a recovery point of this kind.
    fn stack_values(&self) -> &'static [StackValue] {
        &[]
    }

    /// One of these values. `None` for others, and for a recovery point without it.
    fn stack_value<'a>(&self, _point: &'a RecoveryPoint, _value: StackValue) -> Option<&'a str> {
        None
    }

    /// What a restore reads, as text.
    fn source_words(&self, source: &Source) -> String;

    /// What is known about a kind that is backed up and restored; `None` for a guard, which is only compared.
    fn stateful(&self) -> Option<&'static dyn Stateful>;
}

/// How a probe counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Rows, by SQL.
    Rows,
    /// Items of a table.
    Items,
}

/// A CloudWatch metric that counts how a resource is used.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    pub namespace: &'static str,
    pub name: &'static str,
    pub statistic: &'static str,
    pub counts: Use,
    /// What was done to the resource if the metric is not zero.
    pub done: &'static str,
}

/// What a metric counts, which also determines how far back it is read: an application that uses a resource reads and writes it
/// every hour, and keeps its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Writes,
    Reads,
    Connections,
}

/// What is known about a copy before it is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationFacts<'a> {
    /// As text, for plans and messages.
    pub words: String,
    /// Its name in AWS; a new file system has none yet.
    pub name: &'a str,
    /// What must be unique among the copies of a kind; `None` if AWS names the copy.
    pub identity: Option<String>,
    /// Whether the copy is a resource of its own, and not a part of an existing one.
    pub is_resource: bool,
}

/// Why no switch can lead to a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchObstacle {
    /// How the copy is created, as the end of a sentence about its resource.
    pub created: &'static str,
    /// What is needed instead.
    pub needed: String,
}

/// A kind that is backed up and restored.
pub trait Stateful: Upkeep + Sync {
    /// How probes count in it; `None` if they cannot.
    fn counting(&self) -> Option<Counting>;

    /// The kinds of switches that switch an application to a copy.
    fn switches(&self) -> &'static [&'static str];

    /// What an application needs to reach a copy, by the names in a descriptor. The first is the default value of a parameter.
    fn facts(&self) -> &'static [(&'static str, Fact)];

    /// Whether a copy has a fact.
    fn has_fact(&self, fact: Fact) -> bool {
        self.facts().iter().any(|(_, of_kind)| *of_kind == fact)
    }

    /// A fact that is known without asking AWS. `None` if the copy has no such fact, or only AWS knows it.
    fn fact<'a>(&self, created: &'a CreatedResource, fact: Fact) -> Option<&'a str>;

    /// Whether an application logs in to it.
    fn has_logins(&self) -> bool;

    /// Whether an ECS service mounts it.
    fn is_mounted(&self) -> bool;

    /// The format of a copy's name, or why it cannot be named.
    fn copy_name(&self) -> Result<&'static TextFormat, &'static str>;

    /// The fields of a restore request that apply to a copy.
    fn options(&self) -> &'static [&'static str];

    /// What the plan says about a copy whose settings differ from what was captured.
    fn override_remarks(&self, _captured: &Value, _overrides: &Overrides<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Whether the application must stay quiesced until a backup job ends: AWS reads the resource while the job runs, instead of
    /// capturing it when the job is accepted.
    fn is_read_while_backed_up(&self) -> bool;

    /// Whether data expires by itself, according to the captured configuration: a lower count then proves nothing.
    fn data_expires(&self, configuration: &Value) -> bool;

    /// What could protect the resource itself, and is off according to the captured configuration; nothing where that was not
    /// captured.
    fn safeguards_off(&self, _configuration: &Value) -> Vec<Safeguard> {
        Vec::new()
    }

    /// The service and the beginning of the resource in its ARN, such as `rds` and `cluster:`; `None` for what AWS does not know.
    fn arn(&self) -> Option<(&'static str, &'static str)>;

    /// Its types in CloudFormation.
    fn cloudformation(&self) -> &'static [&'static str];

    /// The resource with an identifier in AWS, as a descriptor names it.
    fn target_of(&self, identifier: String) -> Target;

    /// What a descriptor calls a resource that was found by its ARN: by default, its identifier.
    fn entry_name<'a>(&self, identifier: &'a str) -> &'a str {
        identifier
    }

    /// The dimension of CloudWatch alarms that watch it; `None` for what AWS does not know.
    fn alarm_dimension(&self) -> Option<&'static str>;

    /// Its type in Terraform, and the format of its address there.
    fn terraform(&self) -> (&'static str, &'static TextFormat);

    /// Everything in the infrastructure's source that the copy replaces; empty for a copy inside an existing resource.
    /// `renamed` is whether the copy takes the name of its source.
    fn replaced(&self, place: &SourceLocation, item: &RestoreItem, renamed: bool) -> Vec<SourceReplacement>;

    /// What is known about the copy before it is created; `None` for a destination of another kind.
    fn destination<'a>(&self, destination: &'a Destination) -> Option<DestinationFacts<'a>>;

    /// The copy's identifier in AWS; `None` if it is not a resource of its own, or has no identifier yet.
    fn copy_identifier<'a>(&self, created: &'a CreatedResource) -> Option<&'a str>;

    /// The copy as a resource that `capture` describes; `None` until it is created.
    fn copy(&self, created: &CreatedResource, source: &Target) -> Option<Target>;

    /// The copy as text, with what an application needs to reach it.
    fn copy_words(&self, created: &CreatedResource) -> String;

    /// Other names of the copy than its identifier, such as its host names.
    fn other_names(&self, created: &CreatedResource) -> Vec<String>;

    /// Whether a setting of an application names a resource; `others` are its other names.
    fn is_named(&self, target: &Target, others: &[String], value: &str) -> bool;

    /// The metrics of its use.
    fn metrics(&self) -> &'static [Metric];

    /// A continuous backup as of a moment; any other source has a fixed moment and is returned unchanged.
    fn as_of(&self, source: Source, moment: Timestamp) -> Source;

    /// How many may be started per second; `None` if all can start at once.
    fn starts_per_second(&self) -> Option<u64>;

    /// The copy of an item as a server that clients log in to. `None` until it is created, and for a kind without logins.
    fn database<'a>(&self, item: &'a RestoreItem) -> Option<Database<'a>>;

    /// The secret with the login of a resource that is itself a database, and its name; `None` for a server with databases in it.
    fn own_login<'a>(&self, _target: &'a Target) -> Option<(&'a str, &'a str)> {
        None
    }

    /// Whether the counts of its probes are part of its backup, instead of being taken beside it.
    fn counts_in_backup(&self) -> bool {
        false
    }

    /// The file system of a copy, and its directory there if known. `None` for a kind that is not mounted, and while a new file
    /// system has no id.
    fn directory<'a>(&self, created: &'a CreatedResource) -> Option<(&'a str, Option<&'a str>)>;

    /// The host names by which clients reach a resource, as captured; `None` for a kind that has none.
    fn hosts<'a>(&self, configuration: &'a Value) -> Option<Vec<&'a str>>;

    /// What the ARN of an event source contains that reads its changes; `None` for a kind without such a stream.
    fn stream(&self, target: &Target) -> Option<String>;

    /// What AWS calls its backups, if it limits how many of them a Region has; `None` if it does not.
    fn limited_backups(&self) -> Option<&'static str>;

    /// What a finished recovery point lacks, by what AWS reports of it, as text; `None` for a complete one.
    fn lacks(&self, point: &Point) -> Option<String>;

    /// Why no switch can lead to a copy that is created there; `None` if one can.
    fn switch_obstacle(&self, resource: &str, destination: &Destination) -> Option<SwitchObstacle>;

    /// Its patterns; `None` for a kind whose targets are all resources.
    fn patterns(&self) -> Option<&'static dyn Pattern>;

    /// Whether a target is a pattern that matches the names of resources, each of which is restored by itself.
    fn is_pattern(&self, target: &Target) -> bool {
        self.patterns().is_some_and(|patterns| patterns.is_pattern(target))
    }

    /// The table of a pattern that a probe or switch names: `Some(None)` if there is none to name, `None` only if there is a fault.
    fn member(&self, faults: &mut Faults, object: &Object<'_>, target: &Target) -> Option<Option<String>> {
        if let Some(patterns) = self.patterns() {
            return patterns.member(faults, object, target);
        }
        match object.get("table") {
            Some(value) => {
                let path = object.path("table");
                faults.add(path, shown(value), "no table: the resource is of another kind");
                None
            }
            None => Some(None),
        }
    }

    /// Whether two recovery points of one target come from one backup that was started twice.
    fn is_double(&self, _one: &RecoveryPoint, _other: &RecoveryPoint) -> bool {
        false
    }

    /// The resource name for a recovery point without tags, if the recovery point shows it; otherwise the target's identifier.
    fn name_without_tags(&self, _set: &str, target: &Target, _point: &RecoveryPoint, _known: &[Resource]) -> String {
        target.identifier().to_owned()
    }
}
