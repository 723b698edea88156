#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::domain::descriptor::Switch;
use crate::kinds::Defaults;
use crate::steps::restore::plan_restore::switches::CutOverPlan;
use crate::testing::replay::{Exchange, Replay, answers, refuses, xml};
use crate::testing::switches as testing;
use crate::testing::switches::run;
use crate::testing::{RecordedKind, kinds};

/// Looks up in AWS, which returns the replayed responses.
async fn find_in(replay: &Replay, cut_over: &CutOverPlan, items: &[RestoreItem]) -> DependentReport {
    let lookups = Lookups {
        kinds: &Kinds::from_config(&replay.config(), &Defaults::of_tests()),
        regional: &AwsDependentLookup::new(&replay.config()),
    };
    find(&lookups, &run(), cut_over, items).await.unwrap()
}

fn cut_over(mode: CutOverMode, switches: Vec<Switch>) -> CutOverPlan {
    CutOverPlan {
        mode,
        switches,
        words: Vec::new(),
        remarks: Vec::new(),
    }
}

fn rename() -> Switch {
    testing::switch(json!({"name": "database-name", "resource": "database", "kind": "rename"}))
}

fn proxies() -> Exchange {
    xml(
        "DescribeDBProxies",
        "<DBProxies><member><DBProxyName>pool</DBProxyName></member><member><DBProxyName>other</DBProxyName></member></DBProxies>",
    )
}

fn targets(cluster: &str) -> Exchange {
    let target = format!(
        "<Targets><member><TrackedClusterId>{cluster}</TrackedClusterId><Type>TRACKED_CLUSTER</Type></member></Targets>"
    );
    xml("DescribeDBProxyTargets", &target)
}

fn subscriptions() -> Exchange {
    let subscription = |name: &str, source: &str| {
        format!(
            "<EventSubscription><CustSubscriptionId>{name}</CustSubscriptionId><SourceType>db-cluster</SourceType>\
             <SourceIdsList><SourceId>{source}</SourceId></SourceIdsList></EventSubscription>"
        )
    };
    let list = subscription("dba", "hubs-db") + &subscription("others", "hubs-db-2");
    xml(
        "DescribeEventSubscriptions",
        &format!("<EventSubscriptionsList>{list}</EventSubscriptionsList>"),
    )
}

fn alarms() -> Exchange {
    let alarm = |name: &str, dimension: &str, value: &str| {
        format!(
            "<member><AlarmName>{name}</AlarmName><Dimensions><member><Name>{dimension}</Name><Value>{value}</Value></member>\
             </Dimensions></member>"
        )
    };
    let list = alarm("cpu", "DBClusterIdentifier", "hubs-db") + &alarm("queue", "QueueName", "hubs-db");
    xml("DescribeAlarms", &format!("<MetricAlarms>{list}</MetricAlarms>"))
}

const PLANS: &str = "GET /backup/plans";
const ZONES: &str = "GET /2013-04-01/hostedzone";

/// No plan backs up anything.
fn no_plans() -> Exchange {
    answers(PLANS, r#"{"BackupPlansList":[]}"#)
}

fn captured() -> serde_json::Value {
    json!({
        "DBCluster": {
            "Endpoint": "hubs-db.cluster-x.eu-west-1.rds.amazonaws.com",
            "ReaderEndpoint": "hubs-db.cluster-ro-x.eu-west-1.rds.amazonaws.com",
        },
        "DBClusterEndpoints": [{"DBClusterEndpointIdentifier": "reports"}],
    })
}

fn zones(ids: &[&str]) -> Exchange {
    let zone = |id: &&str| format!("<HostedZone><Id>/hostedzone/{id}</Id><Name>example.org.</Name></HostedZone>");
    let zones: String = ids.iter().map(zone).collect();
    answers(
        ZONES,
        format!(
            "<ListHostedZonesResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><HostedZones>{zones}</HostedZones>\
             <IsTruncated>false</IsTruncated></ListHostedZonesResponse>"
        ),
    )
}

fn records(zone: &str, sets: &str, next: &str) -> Exchange {
    answers(
        &format!("{ZONES}/{zone}/rrset"),
        format!(
            "<ListResourceRecordSetsResponse><ResourceRecordSets>{sets}</ResourceRecordSets>{next}\
             </ListResourceRecordSetsResponse>"
        ),
    )
}

fn name_for(name: &str, host: &str) -> String {
    format!(
        "<ResourceRecordSet><Name>{name}</Name><Type>CNAME</Type><TTL>60</TTL><ResourceRecords><ResourceRecord>\
         <Value>{host}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>"
    )
}

#[tokio::test]
async fn records_that_lead_to_a_clusters_endpoints_are_told_with_the_copys_on_every_page() {
    let next = "<NextRecordName>m.example.org.</NextRecordName><NextRecordType>A</NextRecordType>";
    let reader = name_for("read.example.org.", "HUBS-DB.cluster-ro-x.eu-west-1.rds.amazonaws.com.");
    let alias = "<ResourceRecordSet><Name>www.example.org.</Name><Type>A</Type><AliasTarget>\
                 <DNSName>lb.elb.amazonaws.com.</DNSName></AliasTarget></ResourceRecordSet>";
    let replay = Replay::new(vec![
        zones(&["Z1", "Z2"]),
        records(
            "Z1",
            &name_for("db.example.org.", "hubs-db.cluster-x.eu-west-1.rds.amazonaws.com"),
            next,
        ),
        records("Z1", alias, ""),
        records("Z2", &reader, ""),
    ]);
    let hosts = ["Endpoint", "ReaderEndpoint"].map(|name| captured()["DBCluster"][name].as_str().unwrap().to_owned());
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let read = AwsDependentLookup::new(&replay.config()).records(&hosts).await.unwrap();
    assert!(read.whole);
    let names: Vec<_> = read
        .found
        .iter()
        .map(|record| (record.zone.as_str(), record.name.as_str()))
        .collect();
    assert_eq!(names, [("Z1", "db.example.org."), ("Z2", "read.example.org.")]);
    let requests = replay.played();
    assert!(
        requests[0]
            .header("authorization")
            .contains("/us-east-1/route53/aws4_request")
    );
}

#[tokio::test]
async fn so_many_zones_that_a_plan_does_not_read_them_all_are_told() {
    let ids: Vec<String> = (0..20).map(|number| format!("Z{number}")).collect();
    let mut script = vec![zones(&ids.iter().map(String::as_str).collect::<Vec<_>>())];
    script.extend(ids.iter().take(19).map(|id| records(id, "", "")));
    let replay = Replay::new(script);
    let read = AwsDependentLookup::new(&replay.config())
        .records(&["host"])
        .await
        .unwrap();
    assert!(!read.whole && read.found.is_empty());
    replay.played();
}

#[tokio::test]
async fn selections_are_read_with_what_they_name() {
    let replay = Replay::new(vec![
        answers(
            PLANS,
            r#"{"BackupPlansList":[{"BackupPlanId":"p1"},{"BackupPlanId":"p2"}]}"#,
        ),
        answers(
            &format!("{PLANS}/p1/selections"),
            r#"{"BackupSelectionsList":[{"SelectionId":"s1","SelectionName":"nightly"}]}"#,
        ),
        refuses(&format!("{PLANS}/p2/selections"), 400, "ResourceNotFoundException"),
        answers(
            &format!("{PLANS}/p1/selections/s1"),
            r#"{"BackupSelection":{"SelectionName":"nightly","IamRoleArn":"r","Resources":["arn:aws:rds:*:*:cluster:hubs-db"]}}"#,
        ),
    ]);
    let read = AwsDependentLookup::new(&replay.config()).selections().await.unwrap();
    let nightly = Selection {
        plan: "p1".into(),
        id: "s1".into(),
        name: "nightly".into(),
        resources: vec!["arn:aws:rds:*:*:cluster:hubs-db".into()],
    };
    assert_eq!(
        read,
        PartialList {
            found: vec![nightly],
            whole: true
        }
    );
    replay.played();
}

/// Returns the given lists.
struct FixedLists {
    selections: Vec<Selection>,
    records: Vec<Record>,
}

#[async_trait]
impl DependentLookup for FixedLists {
    async fn alarms(&self) -> Result<Vec<Alarm>> {
        Ok(Vec::new())
    }

    async fn mappings(&self) -> Result<Vec<EventSourceMapping>> {
        Ok(Vec::new())
    }

    async fn selections(&self) -> Result<PartialList<Selection>> {
        let found = self.selections.clone();
        Ok(PartialList { found, whole: true })
    }

    async fn records(&self, hosts: &[&str]) -> Result<PartialList<Record>> {
        assert_eq!(hosts.len(), 2);
        let found = self.records.clone();
        Ok(PartialList { found, whole: false })
    }
}

#[tokio::test]
async fn selections_and_records_of_a_cluster_are_told_unless_its_copy_takes_its_name() {
    let lists = FixedLists {
        selections: vec![Selection {
            plan: "p1".into(),
            id: "s1".into(),
            name: "nightly".into(),
            resources: vec!["arn:aws:rds:*:*:cluster:hubs-db".into()],
        }],
        records: vec![Record {
            zone: "Z1".into(),
            name: "db.example.org.".into(),
            kind: "CNAME".into(),
            ttl: Some(60),
            one_of_several: false,
            host: "hubs-db.cluster-x.eu-west-1.rds.amazonaws.com".into(),
        }],
    };
    let kinds = kinds(&Arc::new(RecordedKind::default()));
    let lookups = Lookups {
        kinds: &kinds,
        regional: &lists,
    };
    let mut cluster = testing::cluster();
    cluster.configuration = captured();
    cluster.configuration["DBClusterEndpoints"] = json!([]);
    let switched = cut_over(CutOverMode::Yes, vec![testing::secret_switch()]);
    let found = find(&lookups, &run(), &switched, &[cluster.clone()]).await.unwrap();
    let expected = [
        "selection nightly of backup plan p1",
        r#""ResourceRecords":[{"Value":"hubs-db-r1.cluster-x.eu-west-1.rds.amazonaws.com"}]"#,
        "there are more Route 53 records than were read",
        "of other accounts",
    ];
    assert_eq!(found.remarks.len(), expected.len(), "{:?}", found.remarks);
    for (remark, said) in found.remarks.iter().zip(expected) {
        assert!(remark.text.contains(said), "{said} in {remark:?}");
    }
    for (zone, is_switched) in [("Z1", true), ("Z2", false)] {
        let record = testing::switch(json!({
            "name": "dns", "resource": "database", "kind": "route53_record", "hosted_zone": zone, "record": "db.example.org",
            "value": "host",
        }));
        let switched = cut_over(CutOverMode::Yes, vec![record]);
        let found = find(&lookups, &run(), &switched, &[cluster.clone()]).await.unwrap();
        let is_told = found
            .remarks
            .iter()
            .any(|remark| remark.text.contains("record db.example.org."));
        assert_eq!(is_told, !is_switched, "{:?}", found.remarks);
    }
    let renamed = cut_over(CutOverMode::Yes, vec![rename()]);
    let found = find(&lookups, &run(), &renamed, &[cluster]).await.unwrap();
    assert_eq!(found.remarks.len(), 1, "{:?}", found.remarks);
}

#[tokio::test]
async fn neither_selections_nor_records_fail_a_plan() {
    let replay = Replay::new(vec![
        xml("DescribeAlarms", "<MetricAlarms/>"),
        refuses(PLANS, 500, "ServiceUnavailableException"),
        answers(ZONES, "<Error><Code>BadGateway</Code></Error>").with_status(502),
        xml("DescribeDBProxies", "<DBProxies/>"),
        xml("DescribeEventSubscriptions", "<EventSubscriptionsList/>"),
    ]);
    let mut cluster = testing::cluster();
    cluster.configuration = captured();
    let switched = cut_over(CutOverMode::Yes, vec![testing::secret_switch()]);
    let found = find_in(&replay, &switched, &[cluster]).await;
    for said in ["selections of AWS Backup plans", "Route 53 records"] {
        let expected = format!("{said} that name cluster hubs-db could not be looked for");
        assert!(
            found.remarks.iter().any(|remark| remark.text.contains(&expected)),
            "{expected} in {:?}",
            found.remarks
        );
    }
    replay.played();
}

#[tokio::test]
async fn what_points_at_a_cluster_is_told_and_a_proxy_refuses_the_cut_over() {
    let replay = Replay::new(vec![
        alarms(),
        no_plans(),
        zones(&[]),
        proxies(),
        targets("hubs-db"),
        targets("another"),
        subscriptions(),
    ]);
    let mut cluster = testing::cluster();
    cluster.configuration = captured();
    let switched = cut_over(CutOverMode::Yes, vec![testing::secret_switch()]);
    let found = find_in(&replay, &switched, &[cluster]).await;
    assert_eq!(found.faults.len(), 1, "{:?}", found.faults);
    assert!(found.faults[0].value.contains("RDS Proxy pool"), "{:?}", found.faults);
    let expected = [
        "custom endpoint reports",
        "event subscription dba",
        "alarm cpu",
        "Route 53",
    ];
    assert_eq!(found.remarks.len(), expected.len(), "{:?}", found.remarks);
    for (remark, said) in found.remarks.iter().zip(expected) {
        assert!(remark.text.contains(said), "{said} in {remark:?}");
    }
    replay.played();
}

#[tokio::test]
async fn what_may_not_be_looked_at_is_said_and_fails_no_plan() {
    let denied = |action: &str| refuses(action, 403, "AccessDenied");
    let replay = Replay::new(vec![
        denied("DescribeAlarms"),
        denied("DescribeDBProxies"),
        denied("DescribeEventSubscriptions"),
    ]);
    let switched = cut_over(CutOverMode::Ask, vec![rename()]);
    let found = find_in(&replay, &switched, &[testing::cluster()]).await;
    assert_eq!(found.faults, []);
    for said in ["RDS proxies", "event subscriptions", "alarms"] {
        assert!(
            found.remarks.iter().any(|remark| remark
                .text
                .contains(&format!("{said} that name cluster hubs-db could not be looked for"))),
            "{said} in {:?}",
            found.remarks
        );
    }
    replay.played();
}

#[tokio::test]
async fn who_reads_a_tables_stream_is_told_on_every_page() {
    let page = |table: &str, more: &str| {
        let mapping = json!({
            "UUID": format!("of {table}"), "FunctionArn": format!("arn:aws:lambda:eu-west-1:1:function:index-{table}"),
            "EventSourceArn": format!("arn:aws:dynamodb:eu-west-1:1:table/{table}/stream/2026"),
        });
        json!({"EventSourceMappings": [mapping], "NextMarker": more}).to_string()
    };
    let list = "GET /2015-03-31/event-source-mappings";
    let replay = Replay::new(vec![
        xml("DescribeAlarms", "<MetricAlarms/>"),
        answers(list, page("others", "more")),
        answers(list, page("hubs-rooms", "")),
        no_plans(),
    ]);
    let switch = testing::switch(json!({
        "name": "rooms", "resource": "rooms", "kind": "parameter", "parameter": "/hubs/rooms", "value": "table",
    }));
    let switched = cut_over(CutOverMode::Yes, vec![switch]);
    let found = find_in(&replay, &switched, &[testing::table()]).await;
    assert_eq!(found.faults, []);
    assert!(
        found.remarks[0].text.contains("function index-hubs-rooms"),
        "{:?}",
        found.remarks
    );
    assert_eq!(found.remarks.len(), 2, "{:?}", found.remarks);
    replay.played();
}

#[tokio::test]
async fn nothing_is_asked_where_nothing_is_switched() {
    let replay = Replay::new(vec![]);
    for switched in [
        cut_over(CutOverMode::No, vec![rename()]),
        cut_over(CutOverMode::Yes, vec![]),
    ] {
        let found = find_in(&replay, &switched, &[testing::cluster()]).await;
        assert!(found.faults.is_empty() && found.remarks.is_empty());
    }
}
