#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::domain::restore::item::ItemStatus;
use crate::domain::restore::plan::Destination;
use crate::domain::restore::{About, Question, RestoreRecord, RestoreStatus};
use crate::domain::set::{BackupSet, SetStatus};
use crate::testing::restores::{cluster, item, plan, table};
use crate::testing::{later, now, run, running_set};

const DAY: i64 = 86_400;

/// A restore of a cluster and a table, which ended half an hour ago.
fn past(status: RestoreStatus) -> PastRestore {
    let mut record = RestoreRecord::planned(&run(), plan());
    record.status = status;
    let mut items = vec![item("database"), item("rooms")];
    items[0].created = Some(cluster());
    items[1].created = Some(table("hubs-rooms-r1"));
    for item in &mut items {
        item.status = ItemStatus::Restored;
        item.finished_at = Some(later(-1800));
        item.configuration = json!({"DBInstances": [{"DBInstanceClass": "db.r6g.large"}], "Table": {}});
    }
    items[0].planned.size_bytes = Some(100 << 30);
    PastRestore {
        record,
        items,
        has_ended: true,
    }
}

fn sealed(at: Timestamp) -> BackupSet {
    let mut set = running_set(&run(), &["database"]);
    set.status = SetStatus::Sealed;
    set.started_at = at;
    set.captured_from = Some(at);
    set
}

fn obstacle(of: PastRestore, sets: &[BackupSet]) -> Option<Obstacle> {
    leftovers(&[of], sets, now())[0].obstacle
}

/// The table that the restore switched away from, and its record.
fn cut_over(id: &str, from: &str, to: &str) -> PastRestore {
    let mut past = past(RestoreStatus::CutOver);
    past.items.remove(0);
    past.items[0].planned.resource.target = past.items[0].planned.resource.target.renamed(from);
    past.items[0].created = Some(table(to));
    let mut record: Value = json!(past.record);
    record["id"] = json!(id);
    record["switched"] = json!([{
        "switch": {"name": "rooms", "resource": "rooms", "kind": "parameter", "parameter": "/rooms", "value": "table"},
        "state": "done", "before": {}, "what": "parameter /rooms",
    }]);
    record["followed"] = json!([{
        "resource": "rooms", "in": "resource", "name": "rooms", "field": "table", "from": from, "to": to, "at": now(),
    }]);
    past.record = serde_json::from_value(record).unwrap();
    past
}

#[test]
fn copies_are_listed_with_their_age_size_and_cost() {
    let found = leftovers(&[past(RestoreStatus::Restored)], &[sealed(now())], now());
    let [of] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((of.obstacle, of.copies.len()), (None, 2));
    let copies: Vec<String> = of.copies.iter().map(|left| left.copy.to_string()).collect();
    assert_eq!(copies, ["cluster hubs-db-r1", "table hubs-rooms-r1"]);
    assert_eq!(of.copies[0].created_at, later(-1800));
    assert_eq!(of.copies[0].cost.words(), "about $200 a month");
}

#[test]
fn what_was_removed_or_never_created_is_no_leftover() {
    for status in [ItemStatus::Undone, ItemStatus::Planned] {
        let mut gone = past(RestoreStatus::Undone);
        gone.items.iter_mut().for_each(|item| item.status = status);
        assert_eq!(leftovers(&[gone], &[], now()), [], "{status:?}");
    }
}

/// An undo that was interrupted leaves copies of a restore that counts as undone.
#[test]
fn what_an_undo_left_is_listed_again() {
    let mut half = past(RestoreStatus::Undone);
    half.items[0].status = ItemStatus::Undone;
    let found = leftovers(&[half], &[sealed(now())], now());
    assert_eq!((found[0].copies.len(), found[0].obstacle), (1, None));
}

#[test]
fn copies_stay_while_their_restore_runs_or_asks() {
    let mut running = past(RestoreStatus::Running);
    running.has_ended = false;
    assert_eq!(obstacle(running, &[sealed(now())]), Some(Obstacle::Running));
    let asking = |until| {
        let mut asking = past(RestoreStatus::Restored);
        asking.record.question = Some(Question {
            about: About::CutOver,
            token: "t".into(),
            asked_at: later(-60),
            until,
            notified_at: None,
        });
        asking
    };
    assert_eq!(obstacle(asking(later(60)), &[sealed(now())]), Some(Obstacle::Running));
    assert_eq!(obstacle(asking(later(-1)), &[sealed(now())]), None);
    // One whose execution ended early, without an undo.
    assert_eq!(obstacle(past(RestoreStatus::Running), &[sealed(now())]), None);
}

#[test]
fn copies_that_the_application_uses_stay() {
    for (status, why) in [
        (RestoreStatus::Switching, Obstacle::Switching),
        (RestoreStatus::CutOver, Obstacle::InUse),
    ] {
        assert_eq!(obstacle(past(status), &[sealed(now())]), Some(why));
    }
    assert_eq!(obstacle(past(RestoreStatus::SwitchedBack), &[sealed(now())]), None);
}

/// Nothing is switched to a table that is restored under the name of the one that is lost: it is in use, and looks like a rehearsal's.
#[test]
fn a_copy_in_the_place_of_what_was_lost_is_no_rehearsals() {
    let mut lost = past(RestoreStatus::Restored);
    let own = lost.items[1].planned.resource.target.identifier().to_owned();
    lost.items[1].planned.destination = Destination::Table { table: own.clone() };
    lost.items[1].created = Some(table(&own));
    assert_eq!(obstacle(lost.clone(), &[sealed(now())]), Some(Obstacle::InTheirPlace));
    assert_eq!(
        summary(&leftovers(&[lost], &[sealed(now())], now()), later(30 * DAY)),
        None
    );
}

#[test]
fn copies_stay_until_a_newer_set_is_sealed() {
    let with = |sets: &[BackupSet]| obstacle(past(RestoreStatus::Restored), sets);
    let mut failed = sealed(now());
    failed.status = SetStatus::Failed;
    assert_eq!(with(&[]), Some(Obstacle::NoNewerSet));
    assert_eq!(with(&[sealed(later(-3600)), failed]), Some(Obstacle::NoNewerSet));
    assert_eq!(with(&[sealed(later(-3600)), sealed(later(-60))]), None);
}

#[test]
fn what_a_cut_over_replaced_is_told_with_the_command_and_is_no_leftover() {
    let first = cut_over("hubs-1", "hubs-rooms", "hubs-rooms-r1");
    let second = cut_over("hubs-2", "hubs-rooms-r1", "hubs-rooms-r2");
    let old = replaced(&[first.clone(), second.clone()]);
    let told: Vec<(&str, String)> = old
        .iter()
        .map(|old| (old.restore.as_str(), old.what.to_string()))
        .collect();
    assert_eq!(
        told,
        [
            ("hubs-1", "table hubs-rooms".to_owned()),
            ("hubs-2", "table hubs-rooms-r1".to_owned())
        ]
    );
    assert_eq!(old[0].commands(), ["aws dynamodb delete-table --table-name hubs-rooms"]);
    // The copy of the first is what the second replaced.
    let found = leftovers(&[first, second], &[sealed(now())], now());
    let [of] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(of.copies[0].copy.to_string(), "table hubs-rooms-r2");
    assert_eq!(of.obstacle, Some(Obstacle::InUse));
}

#[test]
fn nothing_is_replaced_after_switching_back() {
    let mut back = cut_over("hubs-1", "hubs-rooms", "hubs-rooms-r1");
    back.record.status = RestoreStatus::SwitchedBack;
    assert_eq!(replaced(&[back]), []);
}

#[test]
fn a_digest_has_what_is_old_and_not_in_use() {
    let of = |status| leftovers(&[past(status)], &[], now());
    let in_days = |days: i64| now() + SignedDuration::from_secs(days * DAY);
    assert_eq!(
        summary(&of(RestoreStatus::Restored), in_days(7) - SignedDuration::from_mins(40)),
        None
    );
    assert_eq!(
        summary(&of(RestoreStatus::CutOver), in_days(30)),
        None,
        "the application uses them"
    );
    let old = summary(&of(RestoreStatus::Restored), in_days(30)).unwrap();
    assert_eq!((old.copies, old.size_bytes), (2, (100 << 30) + 4096));
    assert!((199.0..201.0).contains(&old.dollars) && !old.incomplete, "{old:?}");
    let words = old.words("hubs");
    assert!(
        words
            .starts_with("hubs: 2 copies, the oldest 30 days old, 100 GiB, about $200 a month (list price, us-east-1)"),
        "{words}"
    );
}

#[test]
fn a_digest_says_at_least_where_something_is_not_known() {
    let mut unknown = past(RestoreStatus::Restored);
    unknown.items[0].planned.size_bytes = None;
    let found = leftovers(&[unknown], &[], now());
    let old = summary(&found, now() + SignedDuration::from_hours(24 * 30)).unwrap();
    assert!(
        old.words("hubs").contains("at least 4 KiB, about $190 a month"),
        "{old:?}"
    );
}
