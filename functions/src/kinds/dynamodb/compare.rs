//! Compares a copy of a table with its capture: its configuration, field by field, and the sampled items.

use serde_json::Value;

use super::sample::{self, SampledState};
use super::tables::target;
use super::{DynamoDb, KIND, canonical, capture};
use crate::domain::restore::diff::differences;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::members::expected;
use crate::domain::restore::plan::Source;
use crate::domain::restore::schedule::allow_scheduled_capacities;
use crate::domain::restore::verdict::{Check, Finding};
use crate::domain::set::{Sample, SampledItem};
use crate::error::{Error, Result};
use crate::kinds::optional::{Optional, not_captured, without};

/// Settings that monitor a table or receive its changes, and contain none of its data: if one could not be put back, an operator
/// decides.
const DISPENSABLE: &[&str] = &[
    "ContributorInsights",
    "IndexContributorInsights",
    "KinesisDataStreamDestinations",
];

/// Compares the copy under the planned name.
pub async fn compare(dynamodb: &DynamoDb, item: &RestoreItem, at_rest: bool) -> Result<Vec<Check>> {
    let target = target(item)?;
    let name = &item.planned.resource.name;
    let optional = Optional::of_copy();
    let copy = match capture::capture(&dynamodb.dynamodb, &dynamodb.autoscaling, target, optional).await {
        Ok(copy) => copy,
        Err(Error::NotFound(reason)) => {
            return Ok(vec![Check {
                name: format!("{name}: table"),
                finding: Finding::Different,
                detail: format!("table {target} does not exist: {reason}"),
            }]);
        }
        Err(error) => return Err(error),
    };
    let mut checks = configuration(name, &item.configuration, &copy);
    if let Some(Sample::Items { items: sample }) = &item.sample {
        let mut found = Vec::new();
        for sampled in sample {
            found.push((sampled, sample::find(&dynamodb.dynamodb, target, sampled).await?));
        }
        let at_rest = at_rest && matches!(item.planned.source, Source::TableBackup { .. });
        checks.extend(items(name, &found, at_rest));
    }
    Ok(checks)
}

fn configuration(name: &str, captured: &Value, copy: &Value) -> Vec<Check> {
    let whole = |finding, detail: &str| Check {
        name: format!("{name}: configuration"),
        finding,
        detail: detail.to_owned(),
    };
    if !captured.is_object() {
        return vec![whole(
            Finding::Unproven,
            "no configuration was captured of its source, so there is nothing to compare the copy's with",
        )];
    }
    let expected = expected(KIND, "");
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let left_out = not_captured(captured);
    let (captured, copy) = (without(captured, &left_out), without(copy, &left_out));
    let (captured, mut copy) = (canonical::canonical(&captured), canonical::canonical(&copy));
    allow_scheduled_capacities(&captured, &mut copy);
    let differences = differences(&captured, &copy, &expected);
    let mut checks: Vec<Check> = left_out
        .iter()
        .map(|(field, why)| Check {
            name: format!("{name}: {field}"),
            finding: Finding::Unproven,
            detail: format!("could not be captured at backup: {why}"),
        })
        .collect();
    if differences.is_empty() {
        checks.push(whole(Finding::Same, "as captured"));
        return checks;
    }
    let check = |difference: crate::domain::restore::diff::Difference| Check {
        name: format!("{name}: {}", difference.path),
        finding: if DISPENSABLE.iter().any(|path| difference.path.starts_with(path)) {
            Finding::Unproven
        } else {
            Finding::Different
        },
        detail: format!("was {}, is {}", difference.before, difference.after),
    };
    checks.extend(differences.into_iter().map(check));
    checks
}

/// One check for each sampled item that is different; one for all if none is. Values are never shown.
fn items(name: &str, found: &[(&SampledItem, Option<SampledState>)], at_rest: bool) -> Vec<Check> {
    let count = |wanted| found.iter().filter(|(_, found)| *found == Some(wanted)).count();
    let whole = |finding, detail| Check {
        name: format!("{name}: items"),
        finding,
        detail,
    };
    if count(SampledState::Same) == found.len() {
        return vec![whole(
            Finding::Same,
            format!("{} sampled items are as they were", found.len()),
        )];
    }
    let mut checks = Vec::new();
    if count(SampledState::Missing) == found.len() {
        checks.push(whole(
            Finding::Different,
            format!("none of the {} items that were sampled at backup is there", found.len()),
        ));
    }
    let finding = if at_rest { Finding::Different } else { Finding::Unproven };
    let moving = if at_rest {
        ""
    } else {
        "; the table was written while the set was created, or is restored to another point in time"
    };
    checks.extend(found.iter().filter_map(|(item, found)| {
        let (finding, detail) = match found {
            Some(SampledState::Same) => return None,
            Some(SampledState::Changed) => (finding, format!("is not as it was sampled at backup{moving}")),
            Some(SampledState::Missing) => (finding, format!("was sampled at backup, and is missing{moving}")),
            None => (Finding::Unproven, "its recorded key cannot be read".to_owned()),
        };
        Some(Check {
            name: format!("{name}: item {}", item.key),
            finding,
            detail,
        })
    }));
    checks
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::domain::restore::members::{self, MemberClass};
    use crate::testing::members as samples;

    fn sampled(id: &str) -> SampledItem {
        SampledItem {
            key: json!({"id": {"S": id}}),
            sha256: "0".repeat(64),
        }
    }

    fn found(finds: &[SampledState], at_rest: bool) -> Vec<(String, Finding)> {
        let samples: Vec<_> = (0..finds.len()).map(|number| sampled(&number.to_string())).collect();
        let found: Vec<_> = samples.iter().zip(finds.iter().map(|found| Some(*found))).collect();
        let checks = items("rooms", &found, at_rest);
        checks.into_iter().map(|check| (check.name, check.finding)).collect()
    }

    #[test]
    fn items_that_are_not_as_they_were_are_named_by_their_keys() {
        use SampledState::{Changed, Missing, Same};
        let all = ("rooms: items".to_owned(), Finding::Same);
        assert_eq!(found(&[Same, Same], true), [all]);
        let item = |number: u8, finding| (format!(r#"rooms: item {{"id":{{"S":"{number}"}}}}"#), finding);
        assert_eq!(
            found(&[Same, Changed, Missing], true),
            [item(1, Finding::Different), item(2, Finding::Different)]
        );
        assert_eq!(
            found(&[Same, Changed, Missing], false),
            [item(1, Finding::Unproven), item(2, Finding::Unproven)]
        );
        for at_rest in [true, false] {
            let whole = ("rooms: items".to_owned(), Finding::Different);
            assert!(found(&[Missing, Missing], at_rest).contains(&whole));
        }
        let unread = items("rooms", &[(&sampled("a"), None)], true);
        assert_eq!((unread.len(), unread[0].finding), (1, Finding::Unproven));
    }

    /// By the table: restored members are compared, and members that may differ fail nothing.
    #[test]
    fn every_member_is_compared_or_may_differ() {
        let read = [
            ("Table.StreamSpecification.StreamEnabled", json!(true)),
            ("Table.OnDemandThroughput.MaxReadRequestUnits", json!(5)),
            ("Table.OnDemandThroughput.MaxWriteRequestUnits", json!(6)),
            (
                "Table.GlobalSecondaryIndexes.*.OnDemandThroughput.MaxReadRequestUnits",
                json!(5),
            ),
            (
                "Table.GlobalSecondaryIndexes.*.OnDemandThroughput.MaxWriteRequestUnits",
                json!(6),
            ),
            ("KinesisDataStreamDestinations.*.DestinationStatus", json!("ACTIVE")),
        ];
        let all = samples::everything(KIND);
        let captured = read
            .iter()
            .fold(all, |all, (path, value)| samples::with(all, path, value.clone()));
        assert_eq!(configuration("rooms", &captured, &captured)[0].finding, Finding::Same);
        for member in members::of(KIND) {
            let path = member.path();
            // A destination that is not active does not count.
            if member.class == MemberClass::Inside || path.ends_with("DestinationStatus") {
                continue;
            }
            let copy = samples::with(captured.clone(), &path, json!("another"));
            let checks = configuration("rooms", &captured, &copy);
            let differs = checks.iter().any(|check| check.finding != Finding::Same);
            assert_eq!(differs, member.class == MemberClass::Compared, "{path}: {checks:?}");
        }
    }

    #[test]
    fn nothing_captured_is_unproven() {
        let checks = configuration("rooms", &Value::Null, &json!({"Table": {}}));
        assert_eq!((checks.len(), checks[0].finding), (1, Finding::Unproven));
    }
}
