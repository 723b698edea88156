//! Rebuilding a lost catalog: which sets the remaining recovery points in AWS form, and which of those sets were sealed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::kinds;
use super::resource::{RecoveryPoint, Target};

/// A finished recovery point with Holdfast's tags or a name that Holdfast gives.
#[derive(Debug, Clone, PartialEq)]
pub struct TaggedPoint {
    pub deployment: String,
    pub set: String,
    /// The resource's name; a table's backup carries only its hash.
    pub resource: Option<String>,
    pub target: Target,
    pub recovery_point: RecoveryPoint,
    pub captured_at: Timestamp,
    pub size_bytes: Option<u64>,
    /// The number of recovery points in its set when that was sealed; `None` if AWS keeps no tags, or the set was not sealed.
    pub sealed: Option<usize>,
}

/// The recovery points of one set.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSet {
    pub deployment: String,
    pub set: String,
    /// When its run started.
    pub started_at: Timestamp,
    pub points: Vec<TaggedPoint>,
    pub state: Completeness,
}

/// What the tags say about a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// It was sealed, and all of its recovery points still exist.
    Complete,
    /// It was sealed with this many recovery points, and some of them are gone.
    Missing(usize),
    /// There is no evidence that it was sealed: it failed, or it has no resource whose tags AWS keeps.
    Unproven,
}

/// The sets that the recovery points form, oldest first. Recovery points without a valid set id are left out.
pub fn sets(tagged: Vec<TaggedPoint>) -> Vec<FoundSet> {
    let mut by_set: BTreeMap<(String, String), Vec<TaggedPoint>> = BTreeMap::new();
    for point in tagged {
        let set = (point.deployment.clone(), point.set.clone());
        by_set.entry(set).or_default().push(point);
    }
    let mut found: Vec<FoundSet> = by_set
        .into_iter()
        .filter_map(|((deployment, set), points)| {
            let started_at = started_at(&deployment, &set)?;
            let points = without_duplicates(points);
            let state = match points.iter().filter_map(|point| point.sealed).max() {
                None => Completeness::Unproven,
                Some(expected) if expected == points.len() => Completeness::Complete,
                Some(expected) => Completeness::Missing(expected),
            };
            Some(FoundSet {
                deployment,
                set,
                started_at,
                points,
                state,
            })
        })
        .collect();
    found.sort_by(|a, b| (a.started_at, &a.set).cmp(&(b.started_at, &b.set)));
    found
}

/// If a lost response caused a backup to be started twice, the earlier one belongs to the set.
fn without_duplicates(mut points: Vec<TaggedPoint>) -> Vec<TaggedPoint> {
    points.sort_by_key(|point| point.captured_at);
    let mut kept: Vec<TaggedPoint> = Vec::with_capacity(points.len());
    for point in points {
        let same = |other: &TaggedPoint| {
            let kind = kinds::stateful(&point.target);
            other.target == point.target
                && kind.is_some_and(|kind| kind.is_double(&other.recovery_point, &point.recovery_point))
        };
        if !kept.iter().any(same) {
            kept.push(point);
        }
    }
    kept
}

/// Deployment and set in the name of a table's backup, `hf-<deployment>-<yyyymmdd>-<hhmmss>-<4 hex>-<6 hex>`.
pub fn set_of_backup(name: &str) -> Option<(String, String)> {
    let (set, hash) = name.strip_prefix("hf-")?.rsplit_once('-')?;
    let deployment = deployment_of(set)?;
    is_hex(hash, 6).then(|| (deployment.to_owned(), set.to_owned()))
}

/// The deployment in the id of a set, `<deployment>-<yyyymmdd>-<hhmmss>-<4 hex>`.
fn deployment_of(set: &str) -> Option<&str> {
    let mut parts = set.rsplitn(4, '-');
    let (execution, time, date) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let shaped = is_hex(execution, 4) && digits(time, 6) && digits(date, 8);
    parts
        .next()
        .filter(|deployment| shaped && super::names::is_name(deployment))
}

/// When the run of a set started, from its id.
fn started_at(deployment: &str, set: &str) -> Option<Timestamp> {
    deployment_of(set).filter(|named| *named == deployment)?;
    let stamp = set.strip_prefix(deployment)?.get(1..16)?;
    let started = DateTime::strptime("%Y%m%d-%H%M%S", stamp).ok()?;
    Some(started.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn is_hex(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SET: &str = "hubs-prod-20261120-021500-630a";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn table(arn: &str, table: &str, minute: &str) -> TaggedPoint {
        TaggedPoint {
            deployment: "hubs-prod".into(),
            set: SET.into(),
            resource: None,
            target: Target::DynamoDb {
                table: table.into(),
                archive: None,
            },
            recovery_point: RecoveryPoint::TableBackup {
                arn: arn.into(),
                name: format!("hf-{SET}-aaaaaa"),
                archive: None,
            },
            captured_at: at(&format!("2026-11-20T02:{minute}:00Z")),
            size_bytes: None,
            sealed: None,
        }
    }

    fn snapshot(sealed: Option<usize>) -> TaggedPoint {
        TaggedPoint {
            resource: Some("database".into()),
            target: Target::Aurora {
                cluster: "hubs-db".into(),
            },
            recovery_point: RecoveryPoint::ClusterSnapshot {
                id: "snap".into(),
                arn: "arn:snap".into(),
            },
            sealed,
            ..table("", "", "16")
        }
    }

    #[test]
    fn a_set_is_whole_when_as_many_points_are_there_as_its_tags_count() {
        for (sealed, tables, state) in [
            (Some(2), 1, Completeness::Complete),
            (Some(3), 1, Completeness::Missing(3)),
            (Some(1), 1, Completeness::Missing(1)),
            (None, 1, Completeness::Unproven),
            (Some(1), 0, Completeness::Complete),
        ] {
            let mut tagged = vec![snapshot(sealed)];
            tagged.extend((0..tables).map(|number| table(&format!("arn:{number}"), "rooms", "17")));
            let found = sets(tagged);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].state, state, "{sealed:?} {tables}");
            assert_eq!(found[0].started_at, at("2026-11-20T02:15:00Z"));
        }
    }

    #[test]
    fn of_two_backups_of_one_table_the_earlier_one_counts() {
        let found = sets(vec![
            snapshot(Some(2)),
            table("arn:late", "rooms", "18"),
            table("arn:early", "rooms", "17"),
        ]);
        assert_eq!(found[0].state, Completeness::Complete);
        let arns: Vec<&RecoveryPoint> = found[0].points.iter().map(|point| &point.recovery_point).collect();
        assert!(
            matches!(arns[1], RecoveryPoint::TableBackup { arn, .. } if arn == "arn:early"),
            "{arns:?}"
        );
    }

    #[test]
    fn only_names_of_ours_name_a_set() {
        let ours = set_of_backup(&format!("hf-{SET}-0fa8e7"));
        assert_eq!(ours, Some(("hubs-prod".into(), SET.into())));
        for other in [
            "hubs-prod-20261120-021500-630a-0fa8e7",
            "hf-hubs-prod-20261120-021500-630a",
            "hf-20261120-021500-630a-0fa8e7",
            "hf-hubs-prod-20261120-0215-630a-0fa8e7",
            "hf-hubs-prod-20261120-021500-630a-0fa8ex",
            "hf-Hubs-20261120-021500-630a-0fa8e7",
        ] {
            assert_eq!(set_of_backup(other), None, "{other}");
        }
    }

    #[test]
    fn tags_that_contradict_each_other_make_no_set() {
        let mut wrong = snapshot(Some(1));
        wrong.deployment = "shop".into();
        assert!(sets(vec![wrong]).is_empty());
        let mut moment = snapshot(Some(1));
        moment.set = "hubs-prod-20261399-021500-630a".into();
        assert!(sets(vec![moment]).is_empty());
    }
}
