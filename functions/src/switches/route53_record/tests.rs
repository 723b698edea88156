#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::restore::item::CreatedResource;
use crate::testing::replay::{Asked, Exchange, Replay, answers, cut, refuses};
use crate::testing::switches::{RESTORE, cluster, db_cluster, db_clusters, run, switch};

const LIST: &str = "GET /2013-04-01/hostedzone/Z1/rrset";
const CHANGE: &str = "POST /2013-04-01/hostedzone/Z1/rrset/";
const STATUS: &str = "GET /2013-04-01/change/C1";
const OLD: &str = "hubs-db.cluster-x";
const NEW: &str = "hubs-db-r1.cluster-x";
/// When every response of the replay was sent.
const NOW: &str = "2026-11-20T02:16:40Z";

fn record_switch() -> Switch {
    switch(json!({
        "name": "dns", "resource": "database", "kind": "route53_record", "hosted_zone": "Z1", "record": "db.example.org",
        "value": "host",
    }))
}

fn script(exchanges: impl IntoIterator<Item = Exchange>) -> (Replay, Route53Record) {
    let replay = Replay::new(exchanges);
    let record = Route53Record::from_config(&replay.config());
    (replay, record)
}

fn listed(sets: &str) -> Exchange {
    answers(
        LIST,
        format!(
            "<?xml version=\"1.0\"?><ListResourceRecordSetsResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
             <ResourceRecordSets>{sets}</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>2</MaxItems>\
             </ListResourceRecordSetsResponse>"
        ),
    )
}

fn set(name: &str, kind: &str, more: &str, value: &str) -> String {
    format!(
        "<ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type>{more}<TTL>60</TTL><ResourceRecords><ResourceRecord>\
         <Value>{value}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>"
    )
}

/// The record, before another one of the zone.
fn now(value: &str) -> Exchange {
    let other = set("www.example.org.", "A", "", "192.0.2.1");
    listed(&(set("db.example.org.", "CNAME", "", value) + &other))
}

fn copy() -> Exchange {
    db_clusters(&[db_cluster("hubs-db-r1", "cluster-R1", "available", Some(RESTORE))])
}

fn changed(id: &str) -> Exchange {
    answers(
        CHANGE,
        format!(
            "<ChangeResourceRecordSetsResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeInfo>\
             <Id>/change/{id}</Id><Status>PENDING</Status><SubmittedAt>2026-11-20T02:16:40Z</SubmittedAt></ChangeInfo>\
             </ChangeResourceRecordSetsResponse>"
        ),
    )
}

fn status(status: &str) -> Exchange {
    answers(
        STATUS,
        format!(
            "<GetChangeResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeInfo><Id>/change/C1</Id>\
             <Status>{status}</Status><SubmittedAt>2026-11-20T02:16:40Z</SubmittedAt></ChangeInfo></GetChangeResponse>"
        ),
    )
}

/// As Route 53 returns it: without a code.
fn invalid() -> Exchange {
    answers(
        CHANGE,
        "<?xml version=\"1.0\"?><InvalidChangeBatch xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Messages><Message>Tried to \
         delete resource record set but the values provided do not match the current values</Message></Messages>\
         <RequestId>1</RequestId></InvalidChangeBatch>",
    )
    .with_status(400)
}

fn before() -> Value {
    json!({"value": OLD, "ttl": 60, "deadline_seconds": 1860})
}

fn sending(value: &str) -> Value {
    json!({"value": value, "sending": true})
}

fn sent(value: &str) -> Value {
    json!({"value": value, "change": "C1"})
}

fn in_sync(value: &str, at: &str) -> Value {
    json!({"value": value, "change": "C1", "in_sync_at": at})
}

fn finished(value: &str) -> SwitchProgress {
    SwitchProgress::Done(json!({"value": value}))
}

async fn apply(record: &Route53Record, noted: Value) -> Result<SwitchProgress> {
    record
        .apply(&run(), &record_switch(), &cluster(), &before(), &noted)
        .await
}

async fn revert(record: &Route53Record, after: Value, noted: Value) -> Result<SwitchProgress> {
    record
        .revert(&run(), &record_switch(), &cluster(), &before(), &after, &noted)
        .await
}

#[track_caller]
fn noted_in(progress: &SwitchProgress) -> Value {
    match progress {
        SwitchProgress::Underway { noted, .. } => noted.clone(),
        other => panic!("{other:?}"),
    }
}

/// What a request deletes and creates: action, TTL and value of each.
fn batch(asked: &Asked) -> Vec<(String, String, String)> {
    let document = roxmltree::Document::parse(&asked.body).unwrap();
    let text = |node: roxmltree::Node<'_, '_>, name: &str| {
        let found = node.descendants().find(|child| child.tag_name().name() == name);
        found.and_then(|found| found.text()).unwrap().to_owned()
    };
    let changes = document.descendants().filter(|node| node.tag_name().name() == "Change");
    changes
        .map(|change| (text(change, "Action"), text(change, "TTL"), text(change, "Value")))
        .collect()
}

fn moved(from: &str, to: &str) -> Vec<(String, String, String)> {
    let change = |action: &str, value: &str| (action.to_owned(), "60".to_owned(), value.to_owned());
    vec![change("DELETE", from), change("CREATE", to)]
}

#[tokio::test]
async fn value_and_ttl_are_observed_and_lengthen_the_deadline() {
    let (replay, record) = script([now(OLD)]);
    let observed = record.observe(&run(), &record_switch(), &cluster()).await.unwrap();
    assert_eq!(observed, before());
    assert_eq!(replay.played()[0].query, "name=db.example.org&maxitems=2");
}

#[tokio::test]
async fn the_record_is_replaced_in_one_batch_and_done_after_it_has_propagated_and_its_ttl_has_passed() {
    let (replay, record) = script([
        copy(),
        now(OLD),
        copy(),
        now(OLD),
        changed("C1"),
        copy(),
        now(NEW),
        status("PENDING"),
        copy(),
        now(NEW),
        status("INSYNC"),
        copy(),
        now(NEW),
        copy(),
        now(NEW),
    ]);
    let about = noted_in(&apply(&record, Value::Null).await.unwrap());
    assert_eq!(about, sending(NEW));
    let change = noted_in(&apply(&record, about).await.unwrap());
    assert_eq!(change, sent(NEW));
    assert_eq!(noted_in(&apply(&record, change.clone()).await.unwrap()), change);
    let expires = noted_in(&apply(&record, change).await.unwrap());
    assert_eq!(expires, in_sync(NEW, NOW));
    assert_eq!(noted_in(&apply(&record, expires.clone()).await.unwrap()), expires);
    let a_minute_ago = in_sync(NEW, "2026-11-20T02:15:40Z");
    assert_eq!(apply(&record, a_minute_ago).await.unwrap(), finished(NEW));
    let asked = replay.played();
    assert_eq!(batch(&asked[4]), moved(OLD, NEW));
    assert_eq!(asked[4].header("content-type"), "application/xml");
    assert!(asked[4].header("authorization").contains("/us-east-1/route53/"));
}

/// 59 of 60 seconds have passed.
#[tokio::test]
async fn the_ttl_is_waited_out_to_its_last_second() {
    let (replay, record) = script([copy(), now(NEW)]);
    let noted = in_sync(NEW, "2026-11-20T02:15:41Z");
    let SwitchProgress::Underway { phase, .. } = apply(&record, noted).await.unwrap() else {
        panic!("its TTL has not passed");
    };
    assert!(phase.contains("1 second more"), "{phase}");
    replay.played();
}

/// The change that was sent has an id that nobody knows: the same is sent again, and has one.
#[tokio::test]
async fn a_change_whose_response_was_lost_is_sent_again_to_wait_for_it() {
    let (replay, record) = script([copy(), now(OLD), cut(CHANGE), copy(), now(NEW), changed("C1")]);
    let lost = apply(&record, sending(NEW)).await.unwrap_err();
    assert_eq!(lost.name(), "Unavailable");
    let change = noted_in(&apply(&record, sending(NEW)).await.unwrap());
    assert_eq!(change, sent(NEW));
    assert_eq!(batch(&replay.played()[5]), moved(NEW, NEW));
}

/// Then only time shows when it has propagated.
#[tokio::test]
async fn a_change_that_is_not_accepted_again_is_waited_for_by_the_clock() {
    let (replay, record) = script([
        copy(),
        now(NEW),
        invalid(),
        now(NEW),
        copy(),
        now(NEW),
        copy(),
        now(NEW),
    ]);
    let waits = noted_in(&apply(&record, sending(NEW)).await.unwrap());
    assert_eq!(waits["in_sync_at"], "2026-11-20T02:21:40Z");
    assert_eq!(noted_in(&apply(&record, waits.clone()).await.unwrap()), waits);
    let long_ago = json!({"value": NEW, "sending": true, "in_sync_at": "2026-11-20T02:15:40Z"});
    assert_eq!(apply(&record, long_ago).await.unwrap(), finished(NEW));
    replay.played();
}

#[tokio::test]
async fn what_somebody_changed_stays() {
    let theirs = "theirs.example.org";
    for noted in [Value::Null, sending(NEW), sent(NEW), in_sync(NEW, NOW)] {
        let (replay, record) = script([copy(), now(theirs), now(theirs)]);
        let error = apply(&record, noted.clone()).await.unwrap_err();
        assert_eq!(error.name(), "Conflict");
        assert!(error.to_string().contains(theirs), "{error}");
        // The revert looks once, or twice if it has sent nothing.
        let again = revert(&record, json!({"value": NEW}), sending(OLD)).await.unwrap_err();
        assert_eq!(again.name(), "Conflict");
        assert!(again.to_string().contains("it was hubs-db.cluster-x before"), "{again}");
        replay.played();
    }
    // Somebody led it back.
    let (replay, record) = script([copy(), now(OLD)]);
    assert_eq!(apply(&record, sent(NEW)).await.unwrap_err().name(), "Conflict");
    replay.played();
}

#[tokio::test]
async fn a_change_at_the_same_time_is_a_conflict_and_a_refusal_of_the_record_is_not() {
    let (replay, record) = script([copy(), now(OLD), invalid(), now("theirs.example.org")]);
    let error = apply(&record, sending(NEW)).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("theirs.example.org"), "{error}");
    replay.played();
    let (replay, record) = script([copy(), now(OLD), invalid(), now(OLD)]);
    let error = apply(&record, sending(NEW)).await.unwrap_err();
    assert_eq!(error.name(), "JobFailed");
    assert!(error.to_string().contains("do not match the current values"), "{error}");
    replay.played();
}

#[tokio::test]
async fn a_zone_that_may_not_be_changed_is_named() {
    let (replay, record) = script([copy(), now(OLD), refuses(CHANGE, 403, "AccessDenied")]);
    let error = apply(&record, sending(NEW)).await.unwrap_err();
    assert_eq!(error.name(), "AccessDenied");
    assert!(error.to_string().contains("changing record db.example.org."), "{error}");
    replay.played();
}

/// A rename gave the copy the host of its source.
#[tokio::test]
async fn a_record_that_leads_to_the_copy_already_is_left_alone() {
    let renamed = db_clusters(&[db_cluster("hubs-db", "cluster-R1", "available", Some(RESTORE))]);
    let none = db_clusters(&[]);
    let (replay, record) = script([none, renamed, now("HUBS-DB.cluster-x.")]);
    assert_eq!(apply(&record, Value::Null).await.unwrap(), finished(OLD));
    replay.played();
}

#[tokio::test]
async fn switching_back_writes_the_old_value_and_waits_in_the_same_way() {
    let after = json!({"value": NEW});
    let (replay, record) = script([now(NEW), now(NEW), changed("C1"), now(OLD), status("INSYNC"), now(OLD)]);
    let about = noted_in(&revert(&record, after.clone(), Value::Null).await.unwrap());
    assert_eq!(about, sending(OLD));
    let change = noted_in(&revert(&record, after.clone(), about).await.unwrap());
    assert_eq!(change, sent(OLD));
    let expires = noted_in(&revert(&record, after.clone(), change).await.unwrap());
    assert_eq!(expires, in_sync(OLD, NOW));
    let a_minute_ago = in_sync(OLD, "2026-11-20T02:15:40Z");
    assert_eq!(revert(&record, after, a_minute_ago).await.unwrap(), finished(OLD));
    assert_eq!(batch(&replay.played()[2]), moved(NEW, OLD));
}

#[tokio::test]
async fn what_was_never_switched_is_not_touched() {
    let (replay, record) = script([now(OLD)]);
    assert_eq!(revert(&record, Value::Null, Value::Null).await.unwrap(), finished(OLD));
    replay.played();
}

/// An undo that failed before the TTL had passed is tried again: resolvers may still return the copy.
#[tokio::test]
async fn a_second_undo_waits_for_the_ttl_too() {
    for after in [json!({"value": NEW}), sending(NEW)] {
        let (replay, record) = script([now(OLD), now(OLD), changed("C1"), now(OLD), status("INSYNC")]);
        let about = noted_in(&revert(&record, after.clone(), Value::Null).await.unwrap());
        assert_eq!(about, sending(OLD));
        let change = noted_in(&revert(&record, after.clone(), about).await.unwrap());
        assert_eq!(change, sent(OLD));
        let expires = noted_in(&revert(&record, after, change).await.unwrap());
        assert_eq!(expires, in_sync(OLD, NOW));
        replay.played();
    }
}

/// The undo's own change, whose response was lost: only a new one shows when it has propagated.
#[tokio::test]
async fn switching_back_whose_response_was_lost_is_waited_for_too() {
    let (replay, record) = script([now(NEW), cut(CHANGE), now(OLD), changed("C1")]);
    let after = json!({"value": NEW});
    assert_eq!(
        revert(&record, after.clone(), sending(OLD)).await.unwrap_err().name(),
        "Unavailable"
    );
    assert_eq!(
        noted_in(&revert(&record, after, sending(OLD)).await.unwrap()),
        sent(OLD)
    );
    assert_eq!(batch(&replay.played()[3]), moved(OLD, OLD));
}

#[tokio::test]
async fn what_is_gone_meanwhile_is_named() {
    let other = || listed(&set("www.example.org.", "A", "", "192.0.2.1"));
    let (replay, record) = script([
        other(),
        copy(),
        refuses(LIST, 404, "NoSuchHostedZone"),
        listed(&set(
            "db.example.org.",
            "CNAME",
            "<SetIdentifier>a</SetIdentifier><Weight>1</Weight>",
            OLD,
        )),
    ]);
    let error = record.observe(&run(), &record_switch(), &cluster()).await.unwrap_err();
    assert_eq!(error.name(), "NotFound");
    assert!(error.to_string().contains("no such record"), "{error}");
    let error = apply(&record, Value::Null).await.unwrap_err();
    assert!(error.to_string().contains("no such hosted zone"), "{error}");
    let error = revert(&record, Value::Null, Value::Null).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(
        error.to_string().contains("a record with SetIdentifier, Weight"),
        "{error}"
    );
    replay.played();
}

#[tokio::test]
async fn what_cannot_be_switched_is_found_before_anything_is_restored() {
    let simple = || set("db.example.org.", "CNAME", "", OLD);
    let alias = "<ResourceRecordSet><Name>db.example.org.</Name><Type>A</Type><AliasTarget><DNSName>x.</DNSName></AliasTarget>\
                 </ResourceRecordSet>";
    let two = "<ResourceRecordSet><Name>db.example.org.</Name><Type>CNAME</Type><TTL>60</TTL><ResourceRecords><ResourceRecord>\
               <Value>a</Value></ResourceRecord><ResourceRecord><Value>b</Value></ResourceRecord></ResourceRecords>\
               </ResourceRecordSet>";
    let health = set("db.example.org.", "CNAME", "<HealthCheckId>h</HealthCheckId>", OLD);
    for (exchange, field, value) in [
        (refuses(LIST, 404, "NoSuchHostedZone"), "hosted_zone", "Z1"),
        (listed(""), "record", "db.example.org"),
        (
            listed(&set("db.example.org.example.org.", "CNAME", "", OLD)),
            "record",
            "db.example.org",
        ),
        (listed(alias), "record", "db.example.org, which is of type A,"),
        (
            listed(two),
            "record",
            "db.example.org, which is a record with 2 values,",
        ),
        (
            listed(&health),
            "record",
            "db.example.org, which is a record with HealthCheckId,",
        ),
        (
            listed(&(simple() + &simple())),
            "record",
            "db.example.org, which is one of several of its name,",
        ),
        (
            listed(&simple().replace("<TTL>60</TTL>", "<TTL>86400</TTL>")),
            "record",
            "db.example.org, whose TTL is 86400 s,",
        ),
    ] {
        let (replay, record) = script([exchange]);
        let faults = record.preflight(&run(), &record_switch(), &cluster()).await.unwrap();
        let [found] = faults.as_slice() else {
            panic!("{value}: {faults:?}")
        };
        assert_eq!(
            (found.path.as_str(), found.value.as_str()),
            (format!("cut_over.dns.{field}").as_str(), value)
        );
        replay.played();
    }
    let (replay, record) = script([now(OLD), now(OLD)]);
    let faults = record.preflight(&run(), &record_switch(), &cluster()).await.unwrap();
    assert_eq!(faults, []);
    let remarks = record.remarks(&record_switch(), &cluster()).await.unwrap();
    assert!(remarks[0].contains("its TTL has passed (1 minute)"), "{remarks:?}");
    replay.played();
}

#[tokio::test]
async fn it_is_ready_once_the_copy_has_an_endpoint() {
    let (replay, record) = script([now(OLD), copy()]);
    record.ready(&run(), &record_switch(), &cluster()).await.unwrap();
    replay.played();
    let mut unmade = cluster();
    unmade.created = None::<CreatedResource>;
    let (replay, record) = script([now(OLD)]);
    let error = record.ready(&run(), &record_switch(), &unmade).await.unwrap_err();
    assert_eq!(error.name(), "InvalidInput");
    replay.played();
}

#[tokio::test]
async fn it_refers_to_the_cluster_whose_endpoint_it_has() {
    let source = || db_cluster("hubs-db", "cluster-S", "available", None);
    let all = || db_clusters(&[source(), db_cluster("other", "cluster-O", "available", None)]);
    let (replay, record) = script([
        now("hubs-db.cluster-x."),
        db_clusters(&[source()]),
        now("other.cluster-x"),
        db_clusters(&[source()]),
        all(),
        refuses(LIST, 404, "NoSuchHostedZone"),
        listed(""),
    ]);
    let target = &cluster().planned.resource.target;
    let mut found = Vec::new();
    for _ in 0..4 {
        found.push(record.reference(&record_switch(), target).await.unwrap());
    }
    assert_eq!(found[0], Reference::Matches);
    assert_eq!(found[1], Reference::Elsewhere("cluster other".to_owned()));
    assert!(matches!(&found[2], Reference::Unknown(why) if why.contains("no hosted zone Z1")));
    assert!(matches!(&found[3], Reference::Unknown(why) if why.contains("no record db.example.org")));
    replay.played();
}
