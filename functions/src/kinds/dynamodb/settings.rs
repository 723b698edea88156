//! The captured settings that a restored table lacks, in the order in which they are put back.

use serde_json::{Value, json};

use crate::domain::names;
use crate::domain::restore::name_map::NameMap;
use crate::kinds::auto_scaling;
use crate::kinds::part;

/// One thing to put back.
#[derive(Debug, Clone, PartialEq)]
pub enum TableChange {
    /// Tags as DynamoDB describes them.
    Tags(Vec<Value>),
    /// A stream of this view type.
    Stream(String),
    TableClass(String),
    /// Time to live by this attribute.
    TimeToLive(String),
    /// Point-in-time recovery with this many days.
    PointInTimeRecovery(Option<i32>),
    /// The resource policy, for the copy.
    Policy(String),
    /// Scalable targets, policies and scheduled actions.
    Scaling(Vec<auto_scaling::restore::ScalingChange>),
    /// Contributor insights of the table or of this index, in this mode.
    Insights(Option<String>, Option<String>),
    /// A Kinesis stream that receives the table's changes, with this timestamp precision.
    KinesisStream(String, Option<String>),
    DeletionProtection,
}

impl TableChange {
    /// The stage's name, which is the same for every table.
    pub fn stage(&self) -> &'static str {
        match self {
            TableChange::Tags(_) => "tags",
            TableChange::Stream(_) => "stream",
            TableChange::TableClass(_) => "table-class",
            TableChange::TimeToLive(_) => "time-to-live",
            TableChange::PointInTimeRecovery(_) => "point-in-time-recovery",
            TableChange::Policy(_) => "policy",
            TableChange::Scaling(_) => "scaling",
            TableChange::Insights(..) => "insights",
            TableChange::KinesisStream(..) => "kinesis",
            TableChange::DeletionProtection => "deletion-protection",
        }
    }

    /// As text, as the object of "putting back".
    pub fn words(&self) -> String {
        match self {
            TableChange::Tags(_) => "the tags".to_owned(),
            TableChange::Stream(view) => format!("the stream ({view})"),
            TableChange::TableClass(class) => format!("table class {class}"),
            TableChange::TimeToLive(attribute) => format!("time to live by {attribute}"),
            TableChange::PointInTimeRecovery(_) => "point-in-time recovery".to_owned(),
            TableChange::Policy(_) => "the resource policy".to_owned(),
            TableChange::Scaling(_) => "the scaling".to_owned(),
            TableChange::Insights(None, _) => "contributor insights".to_owned(),
            TableChange::Insights(Some(index), _) => format!("contributor insights of index {index}"),
            TableChange::KinesisStream(stream, _) => format!("the Kinesis destination {stream}"),
            TableChange::DeletionProtection => "deletion protection".to_owned(),
        }
    }
}

/// What `copy` lacks of `captured` and of `ours`, the tags of the restore. Tags come first, so that they identify the copy;
/// deletion protection comes last, so that an undo has less to revert.
pub fn missing(captured: &Value, copy: &Value, ours: &[(&'static str, String)]) -> Vec<TableChange> {
    let mut changes = Vec::new();
    let tags = wanted_tags(captured, ours);
    let existing = list(copy, "Tags");
    let lacking: Vec<Value> = tags.into_iter().filter(|tag| !existing.contains(tag)).collect();
    if !lacking.is_empty() {
        changes.push(TableChange::Tags(lacking));
    }
    if !captured.is_object() {
        return changes;
    }
    let (table, copied) = (part(captured, "Table"), part(copy, "Table"));
    let of_both = |pointer: &str| (table.pointer(pointer).cloned(), copied.pointer(pointer).cloned());

    if let (Some(Value::Bool(true)), existing) = of_both("/StreamSpecification/StreamEnabled")
        && existing != Some(Value::Bool(true))
    {
        let view = table.pointer("/StreamSpecification/StreamViewType");
        changes.push(TableChange::Stream(text(view)));
    }
    if let (Some(Value::String(class)), existing) = of_both("/TableClassSummary/TableClass")
        && existing.unwrap_or_else(|| "STANDARD".into()) != class
    {
        changes.push(TableChange::TableClass(class));
    }
    let ttl = part(captured, "TimeToLiveDescription");
    if is_on(&ttl["TimeToLiveStatus"]) && !is_on(&part(copy, "TimeToLiveDescription")["TimeToLiveStatus"]) {
        changes.push(TableChange::TimeToLive(text(ttl.get("AttributeName"))));
    }
    let recovery = |of: &Value| part(of, "ContinuousBackupsDescription")["PointInTimeRecoveryDescription"].clone();
    let (wanted, existing) = (recovery(captured), recovery(copy));
    let days = |of: &Value| of["RecoveryPeriodInDays"].as_i64();
    if is_on(&wanted["PointInTimeRecoveryStatus"])
        && (!is_on(&existing["PointInTimeRecoveryStatus"])
            || (days(&wanted).is_some() && days(&wanted) != days(&existing)))
    {
        let days = days(&wanted).and_then(|days| i32::try_from(days).ok());
        changes.push(TableChange::PointInTimeRecovery(days));
    }
    if let Some(policy) = part(captured, "Policy").as_str() {
        let wanted = rewrite_policy(policy, text(table.get("TableArn")), &text(copied.get("TableArn")));
        let existing = part(copy, "Policy").as_str().and_then(parsed);
        if existing.is_none() || existing != parsed(&wanted) {
            changes.push(TableChange::Policy(wanted));
        }
    }
    let (from, to) = (text(table.get("TableName")), text(copied.get("TableName")));
    let scaling = auto_scaling::restore::missing(captured, copy, &scaled_as(&from, &to));
    if !scaling.is_empty() {
        changes.push(TableChange::Scaling(scaling));
    }
    let of_indexes = list(captured, "IndexContributorInsights").iter();
    for insights in std::iter::once(part(captured, "ContributorInsights")).chain(of_indexes) {
        let index = insights["IndexName"].as_str();
        let existing = match index {
            None => part(copy, "ContributorInsights"),
            Some(_) => list(copy, "IndexContributorInsights")
                .iter()
                .find(|existing| existing["IndexName"].as_str() == index)
                .unwrap_or(&Value::Null),
        };
        let mode = insights["ContributorInsightsMode"].as_str();
        let other_mode = existing["ContributorInsightsMode"]
            .as_str()
            .is_some_and(|existing| mode.is_some_and(|mode| mode != existing));
        if is_on(&insights["ContributorInsightsStatus"])
            && (!is_on(&existing["ContributorInsightsStatus"]) || other_mode)
        {
            changes.push(TableChange::Insights(index.map(str::to_owned), mode.map(str::to_owned)));
        }
    }
    let active = |destination: &&Value| {
        matches!(
            destination["DestinationStatus"].as_str(),
            Some("ACTIVE" | "ENABLING" | "UPDATING")
        )
    };
    let existing = list(copy, "KinesisDataStreamDestinations");
    for destination in list(captured, "KinesisDataStreamDestinations").iter().filter(active) {
        let stream = &destination["StreamArn"];
        if !existing
            .iter()
            .filter(active)
            .any(|existing| existing["StreamArn"] == *stream)
        {
            let precision = destination["ApproximateCreationDateTimePrecision"].as_str();
            changes.push(TableChange::KinesisStream(
                text(Some(stream)),
                precision.map(str::to_owned),
            ));
        }
    }
    if table["DeletionProtectionEnabled"] == true && copied["DeletionProtectionEnabled"] != true {
        changes.push(TableChange::DeletionProtection);
    }
    changes
}

/// The captured tags that are the table's own, and the restore's.
fn wanted_tags(captured: &Value, ours: &[(&'static str, String)]) -> Vec<Value> {
    let given = |tag: &&Value| {
        let key = tag["Key"].as_str().unwrap_or_default();
        !key.starts_with("aws:") && !is_holdfast_tag(key)
    };
    let ours = ours.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    ours.chain(list(captured, "Tags").iter().filter(given).cloned())
        .collect()
}

/// Whether a run created the tag.
pub fn is_holdfast_tag(key: &str) -> bool {
    [
        names::TAG_DEPLOYMENT,
        names::TAG_SET,
        names::TAG_RESTORE,
        names::TAG_RESOURCE,
    ]
    .contains(&key)
}

/// Whether a status is on, or will be without further calls.
fn is_on(status: &Value) -> bool {
    matches!(status.as_str(), Some("ENABLED" | "ENABLING"))
}

/// Maps the scaling names of the table `from` to those of the table `to`.
pub fn scaled_as(from: &str, to: &str) -> NameMap {
    let pairs = [
        (from.to_owned(), to.to_owned()),
        (format!("table/{from}"), format!("table/{to}")),
    ];
    NameMap::new(pairs)
}

/// Rewrites a policy about the table `from` for `to`. A text that is not JSON is left unchanged.
pub fn rewrite_policy(policy: &str, from: impl AsRef<str>, to: &str) -> String {
    let from = from.as_ref();
    match parsed(policy) {
        Some(mut document) if !from.is_empty() && !to.is_empty() => {
            rename(&mut document, from, to);
            document.to_string()
        }
        _ => policy.to_owned(),
    }
}

/// Replaces every text that is the ARN `from`, or of one of its indexes or streams, with that of `to`.
fn rename(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) => {
            if let Some(rest) = text.strip_prefix(from)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                *text = format!("{to}{rest}");
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| rename(value, from, to)),
        Value::Object(members) => members.values_mut().for_each(|value| rename(value, from, to)),
        _ => {}
    }
}

fn parsed(policy: &str) -> Option<Value> {
    serde_json::from_str(policy).ok()
}

/// A list in a captured configuration; empty if it is missing.
pub fn list<'a>(configuration: &'a Value, name: &str) -> &'a [Value] {
    part(configuration, name).as_array().map_or(&[], Vec::as_slice)
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}
