//! A captured configuration in a form in which tables with the same configuration are equal: without their names, in a fixed order,
//! and without the defaults that DynamoDB describes for one table and omits for another.

use serde_json::{Value, json};

use super::settings::{is_holdfast_tag, rewrite_policy, scaled_as};

/// Represents the table's own name and ARN.
const ITSELF: &str = "(the table)";

/// The configuration in that form.
pub fn canonical(configuration: &Value) -> Value {
    let mut all = configuration.clone();
    let name = text(&all, "/Table/TableName");
    let arn = text(&all, "/Table/TableArn");
    tags(&mut all);
    policy(&mut all, &arn);
    scaling(&mut all, &name);
    table(&mut all["Table"]);
    destinations(&mut all);
    for (parent, status) in [
        ("/TimeToLiveDescription", "TimeToLiveStatus"),
        ("/ContributorInsights", "ContributorInsightsStatus"),
        (
            "/ContinuousBackupsDescription/PointInTimeRecoveryDescription",
            "PointInTimeRecoveryStatus",
        ),
    ] {
        resolve_status(&mut all, parent, status);
    }
    insights_of_indexes(&mut all);
    let days = "/ContinuousBackupsDescription/PointInTimeRecoveryDescription";
    drop_where(&mut all, days, "RecoveryPeriodInDays", |days| {
        days.as_f64() == Some(35.0)
    });
    all
}

/// Only the table's own tags, by key.
fn tags(all: &mut Value) {
    let Some(Value::Array(tags)) = all.get_mut("Tags") else {
        return;
    };
    tags.retain(|tag| {
        let key = tag["Key"].as_str().unwrap_or_default();
        !key.starts_with("aws:") && !is_holdfast_tag(key)
    });
    sort(tags, &["Key"]);
}

fn policy(all: &mut Value, arn: &str) {
    if let Some(Value::String(policy)) = all.get("Policy") {
        let document = rewrite_policy(policy, arn, ITSELF);
        let document = serde_json::from_str(&document).unwrap_or(Value::String(document));
        all["Policy"] = document;
    }
}

/// The copy's targets and policies under one name. The throughput of a scaled dimension is its policy's latest choice.
fn scaling(all: &mut Value, name: &str) {
    let renaming = scaled_as(name, ITSELF);
    let mut scaled = Vec::new();
    for (list, by) in [
        (
            "ScalableTargets",
            ["ResourceId", "ScalableDimension", "ScalableDimension"],
        ),
        // Policy names are unique per target only: reads and writes of a table may have the same.
        ("ScalingPolicies", ["ResourceId", "ScalableDimension", "PolicyName"]),
        (
            "ScheduledActions",
            ["ResourceId", "ScalableDimension", "ScheduledActionName"],
        ),
    ] {
        let Some(Value::Array(found)) = all.get_mut(list) else {
            continue;
        };
        for one in found.iter_mut() {
            *one = renaming.applied(one);
            let id = one["ResourceId"].as_str().unwrap_or_default().to_owned();
            let dimension = one["ScalableDimension"].as_str().unwrap_or_default();
            scaled.push((id, dimension.rsplit(':').next().unwrap_or_default().to_owned()));
        }
        sort(found, &by);
    }
    for (id, units) in scaled {
        let index = id.rsplit_once("/index/").map(|(_, index)| index.to_owned());
        let of = match index {
            None => Some(&mut all["Table"]),
            Some(name) => all["Table"]["GlobalSecondaryIndexes"]
                .as_array_mut()
                .and_then(|indexes| indexes.iter_mut().find(|index| index["IndexName"] == name)),
        };
        let throughput = of.and_then(|of| of.get_mut("ProvisionedThroughput"));
        if let Some(Value::Object(throughput)) = throughput {
            throughput.remove(&units);
        }
    }
}

fn table(table: &mut Value) {
    for (list, by) in [
        ("AttributeDefinitions", "AttributeName"),
        ("GlobalSecondaryIndexes", "IndexName"),
        ("LocalSecondaryIndexes", "IndexName"),
    ] {
        if let Some(Value::Array(found)) = table.get_mut(list) {
            sort(found, &[by]);
            for one in found {
                if let Some(Value::Array(names)) = one.pointer_mut("/Projection/NonKeyAttributes") {
                    names.sort_by_key(ToString::to_string);
                }
                drop_where(one, "", "OnDemandThroughput", is_unlimited);
            }
        }
    }
    drop_where(table, "", "OnDemandThroughput", is_unlimited);
    drop_where(table, "", "TableClassSummary", |class| {
        class["TableClass"] == "STANDARD"
    });
    drop_where(table, "", "BillingModeSummary", |mode| {
        mode["BillingMode"] == "PROVISIONED"
    });
    drop_where(table, "", "DeletionProtectionEnabled", |on| *on == false);
    drop_where(table, "", "StreamSpecification", |stream| {
        stream["StreamEnabled"] != true
    });
    drop_where(table, "", "SSEDescription", |encryption| {
        encryption["Status"] == "DISABLED"
    });
}

fn is_unlimited(throughput: &Value) -> bool {
    let limited = |name: &str| throughput[name].as_f64().is_some_and(|units| units > 0.0);
    !limited("MaxReadRequestUnits") && !limited("MaxWriteRequestUnits")
}

/// Only the streams that receive changes, by ARN.
fn destinations(all: &mut Value) {
    if let Some(Value::Array(found)) = all.get_mut("KinesisDataStreamDestinations") {
        found.retain(|one| {
            matches!(
                one["DestinationStatus"].as_str(),
                Some("ACTIVE" | "ENABLING" | "UPDATING")
            )
        });
        sort(found, &["StreamArn"]);
    }
}

/// Only those of indexes that have contributor insights, by index.
fn insights_of_indexes(all: &mut Value) {
    if let Some(Value::Array(found)) = all.get_mut("IndexContributorInsights") {
        for one in found.iter_mut() {
            resolve_status(one, "", "ContributorInsightsStatus");
        }
        found.retain(|one| !one.is_null());
        sort(found, &["IndexName"]);
    }
}

/// Treats a setting that is being enabled as enabled; a setting that is off as absent.
fn resolve_status(all: &mut Value, parent: &str, status: &str) {
    let Some(of) = all.pointer_mut(parent) else {
        return;
    };
    match of[status].as_str() {
        Some("ENABLING") => of[status] = json!("ENABLED"),
        // Insights that had failed are not put back, which a remark reports.
        Some("DISABLED" | "DISABLING" | "FAILED") => *of = Value::Null,
        _ => {}
    }
}

fn drop_where(all: &mut Value, parent: &str, name: &str, is_default: impl Fn(&Value) -> bool) {
    if let Some(Value::Object(members)) = all.pointer_mut(parent)
        && members.get(name).is_some_and(is_default)
    {
        members.remove(name);
    }
}

fn sort(list: &mut [Value], by: &[&str]) {
    list.sort_by_key(|one| by.iter().map(|name| one[*name].to_string()).collect::<Vec<_>>());
}

fn text(all: &Value, pointer: &str) -> String {
    all.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
