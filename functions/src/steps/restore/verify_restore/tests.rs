#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::domain::descriptor::Descriptor;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::matching::{Gap, GapKind, ProbeComparability, ProbePair};
use crate::domain::set::SetStatus;
use crate::testing::restores::{item, plan, planned_restore_of, table};
use crate::testing::{document, later, now, running_set};

/// A restored deployment with one probe, which counted 4 rooms at backup.
async fn restored(count: Value) -> (Needs, Run) {
    let mut document = document("hubs-prod", &[]);
    document["probes"] = json!({"rooms": {"resource": "rooms"}});
    let descriptor = Descriptor::parse(&document).unwrap();
    let (catalog, _, run) = planned_restore_of(&descriptor).await;
    let compared = ProbePair {
        name: "rooms".into(),
        in_set: "rooms".into(),
        standing: ProbeComparability::Same,
    };
    let known = catalog.change_restore("hubs-prod", &run.id, |record| {
        record.plan.matching.probes = vec![compared.clone()];
    });
    known.await.unwrap();
    let set = plan().set.unwrap();
    let mut sealed = running_set(&run, &["database", "rooms"]);
    sealed.id.clone_from(&set);
    catalog.begin_set(&sealed).await.unwrap();
    sealed.status = SetStatus::Sealed;
    sealed.probes = vec![serde_json::from_value(json!({"name": "rooms", "count": count})).unwrap()];
    catalog.close_set(&sealed).await.unwrap();
    for name in ["database", "rooms"] {
        let done = RestoreItem {
            status: ItemStatus::Restored,
            started_at: Some(now()),
            finished_at: Some(later(600)),
            created: Some(table("x")),
            checks: Some(vec![Check::new(
                format!("{name}: configuration"),
                Finding::Same,
                "as captured",
            )]),
            ..item(name)
        };
        catalog.put_item("hubs-prod", &done).await.unwrap();
    }
    (Needs { catalog }, run)
}

fn input(run: &Run, more: &Value) -> Input {
    let mut input = json!({"run": run, "now": now()});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(input).unwrap()
}

fn counted(count: u64) -> Value {
    json!({"probes": [{"name": "rooms", "count": count}]})
}

#[tokio::test]
async fn a_restore_that_is_as_it_was_is_verified_and_its_time_is_remembered() {
    let (needs, run) = restored(json!(4)).await;
    for _ in 0..2 {
        let output = handle(&needs, input(&run, &counted(4))).await.unwrap();
        assert_eq!(output.outcome, VerificationOutcome::Verified);
    }
    let record = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
    assert_eq!((record.status, record.reasons.len()), (RestoreStatus::Restored, 0));
    assert!(record.infrastructure.is_some());
    let timing = needs.catalog.timing("hubs-prod", "restore#database").await.unwrap();
    assert_eq!(timing.durations, [600]);
}

#[tokio::test]
async fn each_thing_that_is_wrong_is_found_by_name() {
    let unplayed = json!({"comparisons": [{"resource": {"name": "rooms"}, "failure": {"error": "Throttled", "cause": "slow down"}}]});
    for (count, more, outcome, name) in [
        (json!(4), counted(3), VerificationOutcome::Failed, "rooms"),
        (json!(0), counted(0), VerificationOutcome::Unproven, "rooms"),
        (json!(4), json!({"probes": []}), VerificationOutcome::Unproven, "rooms"),
        (json!(4), unplayed, VerificationOutcome::Unproven, "rooms"),
    ] {
        let (needs, run) = restored(count).await;
        let output = handle(&needs, input(&run, &more)).await.unwrap();
        assert_eq!(output.outcome, outcome, "{more}");
        let record = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
        let worst = &record.verification.unwrap().checks[0];
        assert!(worst.name.contains(name) && worst.finding != Finding::Same, "{worst:?}");
    }
}

#[tokio::test]
async fn a_count_of_a_dumps_own_snapshot_has_to_agree_although_the_application_was_not_quiesced() {
    let dumped =
        json!({"kind": "postgres", "database": "ledger", "host": "db", "port": 5432, "login_secret": "ledger"});
    for (target, outcome) in [
        (None, VerificationOutcome::Unproven),
        (Some(dumped), VerificationOutcome::Failed),
    ] {
        let (needs, run) = restored(json!(562)).await;
        let busy = |record: &mut RestoreRecord| record.plan.at_rest = false;
        needs.catalog.change_restore("hubs-prod", &run.id, busy).await.unwrap();
        let mut copy = needs
            .catalog
            .item("hubs-prod", &run.id, "rooms")
            .await
            .unwrap()
            .unwrap();
        if let Some(target) = target {
            copy.planned.resource.target = serde_json::from_value(target).unwrap();
        }
        needs.catalog.put_item("hubs-prod", &copy).await.unwrap();
        let output = handle(&needs, input(&run, &counted(300))).await.unwrap();
        assert_eq!(output.outcome, outcome);
    }
}

#[tokio::test]
async fn what_the_plan_found_without_a_counterpart_leaves_it_unproven_by_name() {
    let (needs, run) = restored(json!(4)).await;
    let gap = Gap {
        of: GapKind::Switch,
        name: "login".into(),
        why: "the descriptor does not have it any more".into(),
    };
    let changed = needs.catalog.change_restore("hubs-prod", &run.id, |record| {
        record.plan.matching.gaps = vec![gap.clone()];
    });
    changed.await.unwrap();
    let output = handle(&needs, input(&run, &counted(4))).await.unwrap();
    assert_eq!(output.outcome, VerificationOutcome::Unproven);
    let record = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
    let worst = &record.verification.unwrap().checks[0];
    assert_eq!(
        (worst.name.as_str(), worst.detail.as_str()),
        ("switch login", gap.why.as_str())
    );
}

#[tokio::test]
async fn a_resource_that_was_not_restored_fails_it_by_its_reason() {
    let (needs, run) = restored(json!(4)).await;
    let mut failed = needs
        .catalog
        .item("hubs-prod", &run.id, "database")
        .await
        .unwrap()
        .unwrap();
    failed.status = ItemStatus::InProgress;
    needs.catalog.put_item("hubs-prod", &failed).await.unwrap();
    let mut more = counted(4);
    more["jobs"] = json!([{
        "resource": failed.planned.resource, "status": "failed",
        "failure": {"error": "Lambda.Unknown", "cause": "killed"},
    }]);
    let output = handle(&needs, input(&run, &more)).await.unwrap();
    assert_eq!(output.outcome, VerificationOutcome::Failed);
    let record = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
    assert_eq!(
        record.status,
        RestoreStatus::Planned,
        "a failed restore is never offered for cut-over"
    );
    assert_eq!(
        (record.reasons[0].subject.as_str(), record.reasons[0].error.as_str()),
        ("database", "Lambda.Unknown")
    );
}

#[tokio::test]
async fn copies_are_kept_where_only_capacity_is_wanting_and_nothing_differs() {
    for (count, kept, keep) in [(4, true, true), (3, true, false), (4, false, false)] {
        let (needs, run) = restored(json!(4)).await;
        let found = needs.catalog.item("hubs-prod", &run.id, "database").await.unwrap();
        let mut failed = found.unwrap();
        failed.status = ItemStatus::Failed;
        failed.shortage.kept = kept;
        needs.catalog.put_item("hubs-prod", &failed).await.unwrap();
        let output = handle(&needs, input(&run, &counted(count))).await.unwrap();
        assert_eq!(
            (output.outcome, output.keep),
            (VerificationOutcome::Failed, keep),
            "{count} {kept}"
        );
    }
}

#[tokio::test]
async fn what_was_not_compared_is_unproven_and_says_why() {
    let (needs, run) = restored(json!(4)).await;
    let mut item = needs
        .catalog
        .item("hubs-prod", &run.id, "rooms")
        .await
        .unwrap()
        .unwrap();
    item.checks = None;
    needs.catalog.put_item("hubs-prod", &item).await.unwrap();
    let mut more = counted(4);
    more["comparisons"] =
        json!([{"resource": {"name": "rooms"}, "failure": {"error": "AccessDenied", "cause": "no GetItem"}}]);
    let output = handle(&needs, input(&run, &more)).await.unwrap();
    assert_eq!(output.outcome, VerificationOutcome::Unproven);
    let record = needs.catalog.known_restore("hubs-prod", &run.id).await.unwrap();
    assert!(
        record.verification.unwrap().checks[0]
            .detail
            .contains("AccessDenied: no GetItem")
    );
}
