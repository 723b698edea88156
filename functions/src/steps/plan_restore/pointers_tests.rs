#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::domain::descriptor::CutOver;
use crate::steps::plan_restore::switches::CuttingOver;
use crate::switches::testing;
use crate::testing::replay::{Replay, answers, refuses, xml};

fn cut_over(mode: CutOverMode, switches: Vec<CutOver>) -> CuttingOver {
    CuttingOver {
        mode,
        switches,
        words: Vec::new(),
        remarks: Vec::new(),
    }
}

fn rename() -> CutOver {
    testing::switch(json!({"name": "database-name", "resource": "database", "kind": "rename"}))
}

fn proxies() -> crate::testing::replay::Exchange {
    xml(
        "DescribeDBProxies",
        "<DBProxies><member><DBProxyName>pool</DBProxyName></member><member><DBProxyName>other</DBProxyName></member></DBProxies>",
    )
}

fn targets(cluster: &str) -> crate::testing::replay::Exchange {
    let target = format!(
        "<Targets><member><TrackedClusterId>{cluster}</TrackedClusterId><Type>TRACKED_CLUSTER</Type></member></Targets>"
    );
    xml("DescribeDBProxyTargets", &target)
}

fn subscriptions() -> crate::testing::replay::Exchange {
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

fn alarms() -> crate::testing::replay::Exchange {
    let alarm = |name: &str, dimension: &str, value: &str| {
        format!(
            "<member><AlarmName>{name}</AlarmName><Dimensions><member><Name>{dimension}</Name><Value>{value}</Value></member>\
             </Dimensions></member>"
        )
    };
    let list = alarm("cpu", "DBClusterIdentifier", "hubs-db") + &alarm("queue", "QueueName", "hubs-db");
    xml("DescribeAlarms", &format!("<MetricAlarms>{list}</MetricAlarms>"))
}

#[tokio::test]
async fn what_points_at_a_cluster_is_told_and_a_proxy_refuses_the_cut_over() {
    let replay = Replay::new(vec![
        alarms(),
        proxies(),
        targets("hubs-db"),
        targets("another"),
        subscriptions(),
    ]);
    let mut cluster = testing::cluster();
    cluster.configuration = json!({"DBClusterEndpoints": [{"DBClusterEndpointIdentifier": "reports"}]});
    let switched = cut_over(CutOverMode::Yes, vec![testing::secret_switch()]);
    let found = find(&Aws::new(&replay.config()), &switched, &[cluster]).await.unwrap();
    assert_eq!(found.faults.len(), 1, "{:?}", found.faults);
    assert!(found.faults[0].value.contains("RDS Proxy pool"), "{:?}", found.faults);
    let said = [
        "custom endpoint reports",
        "event subscription dba",
        "alarm cpu",
        "Route 53",
    ];
    assert_eq!(found.remarks.len(), said.len(), "{:?}", found.remarks);
    for (remark, said) in found.remarks.iter().zip(said) {
        assert!(remark.contains(said), "{said} in {remark}");
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
    let found = find(&Aws::new(&replay.config()), &switched, &[testing::cluster()])
        .await
        .unwrap();
    assert_eq!(found.faults, []);
    for said in ["RDS proxies", "event subscriptions", "alarms"] {
        assert!(
            found
                .remarks
                .iter()
                .any(|remark| remark.contains(&format!("{said} that name cluster hubs-db could not be looked for"))),
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
    ]);
    let switch = testing::switch(json!({
        "name": "rooms", "resource": "rooms", "kind": "parameter", "parameter": "/hubs/rooms", "value": "table",
    }));
    let switched = cut_over(CutOverMode::Yes, vec![switch]);
    let found = find(&Aws::new(&replay.config()), &switched, &[testing::table()])
        .await
        .unwrap();
    assert_eq!(found.faults, []);
    assert!(
        found.remarks[0].contains("function index-hubs-rooms"),
        "{:?}",
        found.remarks
    );
    assert_eq!(found.remarks.len(), 2, "{:?}", found.remarks);
    replay.played();
}

#[tokio::test]
async fn nothing_is_asked_where_nothing_is_switched() {
    let replay = Replay::new(vec![]);
    let aws = Aws::new(&replay.config());
    for switched in [
        cut_over(CutOverMode::No, vec![rename()]),
        cut_over(CutOverMode::Yes, vec![]),
    ] {
        let found = find(&aws, &switched, &[testing::cluster()]).await.unwrap();
        assert!(found.faults.is_empty() && found.remarks.is_empty());
    }
}
