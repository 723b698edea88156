//! What there is to know of a kind without asking AWS.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::descriptor::Fact;
use crate::domain::descriptor::reader::{Faults, Object, TextFormat, shown};
use crate::domain::resource::{RecoveryPoint, Resource, Target};
use crate::domain::restore::infrastructure::place::{SourceLocation, SourceReplacement};
use crate::domain::restore::item::{CreatedResource, RestoreItem};
use crate::domain::restore::naming::Overrides;
use crate::domain::restore::plan::Source;

/// A kind of resource. What a method of a trait has no answer of its own to, each kind has to say.
pub trait Profile: Sync {
    /// Its name in a descriptor.
    fn name(&self) -> &'static str;

    /// What one of it is called in a sentence.
    fn noun(&self) -> &'static str;

    /// The fields that a descriptor has for it, beside those that every kind has.
    fn fields(&self) -> &'static [&'static str];

    /// Reads its fields; `None` only where there is a fault.
    fn read(&self, faults: &mut Faults, object: &Object<'_>) -> Option<Target>;

    /// What tells it from others of its kind: two targets that have it in common are one thing.
    fn identity<'a>(&self, target: &'a Target) -> &'a str {
        target.identifier()
    }

    /// What a restore from a recovery point reads; `None` of a recovery point of another kind.
    fn source(&self, point: &RecoveryPoint) -> Option<Source>;

    /// A recovery point as AWS's own commands take it: its ARN, unless the kind says otherwise.
    fn point_words(&self, point: &RecoveryPoint) -> String {
        point.arn().unwrap_or_default().to_owned()
    }

    /// What a restore reads, in words.
    fn source_words(&self, source: &Source) -> String;

    /// What there is to know of it because it is backed up and restored; `None` of a guard, which is compared and no more.
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

/// A metric of CloudWatch that counts how a resource is used.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    pub namespace: &'static str,
    pub name: &'static str,
    pub statistic: &'static str,
    pub counts: Use,
    /// What was done to the resource where it is not zero.
    pub done: &'static str,
}

/// What a metric counts, and with it how far back it counts: an application that uses a resource reads and writes it every hour,
/// and keeps its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Writes,
    Reads,
    Connections,
}

/// A kind that is backed up and restored.
pub trait Stateful: Sync {
    /// How probes count in it; `None` where they do not.
    fn counting(&self) -> Option<Counting>;

    /// The kinds of switches that lead an application to a copy.
    fn switches(&self) -> &'static [&'static str];

    /// What an application needs to reach a copy, by its names in a descriptor. The first is a parameter's value where the
    /// descriptor does not say which.
    fn facts(&self) -> &'static [(&'static str, Fact)];

    /// What is known of a copy without asking AWS. `None` where it has no such fact, or AWS has to be asked.
    fn fact<'a>(&self, made: &'a CreatedResource, fact: Fact) -> Option<&'a str>;

    /// Whether an application logs in to it.
    fn has_logins(&self) -> bool;

    /// Whether an ECS service mounts it.
    fn is_mounted(&self) -> bool;

    /// What a copy may be called, or why it gets no name.
    fn copy_name(&self) -> Result<&'static TextFormat, &'static str>;

    /// What a restore request may say of a copy, by the names of its fields.
    fn options(&self) -> &'static [&'static str];

    /// What the plan says of a copy that gets something else than what was captured.
    fn override_remarks(&self, _captured: &Value, _overrides: &Overrides<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Whether the application has to stay at rest until the job of a backup ends: AWS reads the resource while the job runs,
    /// instead of taking it at once when the job is accepted.
    fn is_read_while_backed_up(&self) -> bool;

    /// Whether data goes by itself, by what was captured: a lower count then proves nothing.
    fn data_expires(&self, configuration: &Value) -> bool;

    /// The service and the beginning of the resource in its ARN, such as `rds` and `cluster:`.
    fn arn(&self) -> (&'static str, &'static str);

    /// The dimension by which alarms of CloudWatch watch it.
    fn alarm_dimension(&self) -> &'static str;

    /// Its type in Terraform, and what its address there looks like.
    fn terraform(&self) -> (&'static str, &'static TextFormat);

    /// Everything in the infrastructure's source whose place the copy takes; nothing for what is restored inside what is there.
    /// `renamed` is whether the copy takes the name of its source.
    fn replaced(&self, place: &SourceLocation, item: &RestoreItem, renamed: bool) -> Vec<SourceReplacement>;

    /// The copy as a resource that `capture` describes; `None` while nothing is made.
    fn copy(&self, made: &CreatedResource, source: &Target) -> Option<Target>;

    /// The copy in words, with what an application needs to reach it.
    fn copy_words(&self, made: &CreatedResource) -> String;

    /// What else names the copy than its identifier, such as its host names.
    fn other_names(&self, _made: &CreatedResource) -> Vec<String> {
        Vec::new()
    }

    /// Whether a setting of an application names a resource; `others` are its other names.
    fn is_named(&self, target: &Target, others: &[String], value: &str) -> bool;

    /// What CloudWatch counts of its use.
    fn metrics(&self) -> &'static [Metric];

    /// A continuous backup as of a moment; of any other source the moment is fixed.
    fn as_of(&self, source: Source, moment: Timestamp) -> Source;

    /// How many may be started a second; `None` where nothing keeps all from starting at once.
    fn starts_a_second(&self) -> Option<u64> {
        None
    }

    /// Whether a target finds resources by their names, each of which is restored by itself.
    fn is_pattern(&self, _target: &Target) -> bool {
        false
    }

    /// The member of a pattern that a probe or switch names: `Some(None)` where there is none to name, `None` only where there
    /// is a fault.
    fn member(&self, faults: &mut Faults, object: &Object<'_>, _target: &Target) -> Option<Option<String>> {
        match object.get("table") {
            Some(value) => {
                let path = object.path("table");
                faults.add(path, shown(value), "no table: the resource is of another kind");
                None
            }
            None => Some(None),
        }
    }

    /// Whether two recovery points of one target are one backup that was started twice.
    fn is_double(&self, _one: &RecoveryPoint, _other: &RecoveryPoint) -> bool {
        false
    }

    /// The name of the resource of which a recovery point was found that has no tags, as far as the recovery point shows it;
    /// else the resource's own identifier.
    fn name_without_tags(&self, tagged: (&str, &Target, &RecoveryPoint), _known: &[Resource]) -> String {
        tagged.1.identifier().to_owned()
    }
}
