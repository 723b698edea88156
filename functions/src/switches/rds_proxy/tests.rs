#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::replay::{Exchange, Replay, refuses, xml};
use crate::testing::switches::{cluster, directory, run, switch};

fn proxy_switch() -> Switch {
    switch(json!({"name": "pool", "resource": "database", "kind": "rds_proxy", "proxy": "pool"}))
}

fn script(exchanges: Vec<Exchange>) -> (Replay, RdsProxy) {
    let replay = Replay::new(exchanges);
    let proxy = RdsProxy::from_config(&replay.config());
    (replay, proxy)
}

/// A proxy whose target is a cluster with one instance in a given state.
fn leads_to(cluster: &str, state: &str, reason: &str) -> Exchange {
    let reason = match reason {
        "" => String::new(),
        reason => format!("<Reason>{reason}</Reason>"),
    };
    xml(
        "DescribeDBProxyTargets",
        &format!(
            "<Targets><member><RdsResourceId>{cluster}</RdsResourceId><Type>TRACKED_CLUSTER</Type></member>\
             <member><TrackedClusterId>{cluster}</TrackedClusterId><RdsResourceId>{cluster}-1</RdsResourceId><Type>RDS_INSTANCE</Type><Role>READ_WRITE</Role>\
             <TargetHealth><State>{state}</State>{reason}</TargetHealth></member></Targets>"
        ),
    )
}

fn nowhere() -> Exchange {
    xml("DescribeDBProxyTargets", "<Targets/>")
}

fn gone() -> Exchange {
    refuses("DescribeDBProxyTargets", 404, "DBProxyNotFoundFault")
}

async fn apply(proxy: &RdsProxy) -> Result<SwitchProgress> {
    let before = json!({"cluster": "hubs-db"});
    proxy
        .apply(&run(), &proxy_switch(), &cluster(), &before, &Value::Null)
        .await
}

async fn revert(proxy: &RdsProxy) -> Result<SwitchProgress> {
    let before = json!({"cluster": "hubs-db"});
    proxy
        .revert(&run(), &proxy_switch(), &cluster(), &before, &Value::Null, &Value::Null)
        .await
}

#[tokio::test]
async fn it_lets_go_of_the_old_cluster_and_leads_to_the_copy_and_back() {
    for (from, to, back) in [("hubs-db", "hubs-db-r1", false), ("hubs-db-r1", "hubs-db", true)] {
        let (replay, proxy) = script(vec![
            leads_to(from, "AVAILABLE", ""),
            xml("DeregisterDBProxyTargets", ""),
            nowhere(),
            xml("RegisterDBProxyTargets", ""),
            leads_to(to, "REGISTERING", ""),
            leads_to(to, "UNAVAILABLE", "PENDING_PROXY_CAPACITY"),
            leads_to(to, "AVAILABLE", ""),
        ]);
        for look in 0..5 {
            let looked = if back {
                revert(&proxy).await
            } else {
                apply(&proxy).await
            };
            match looked.unwrap() {
                SwitchProgress::Underway { .. } => assert!(look < 4),
                SwitchProgress::Done(found) => assert_eq!((look, found), (4, json!({"cluster": to}))),
                SwitchProgress::Failed(why) => panic!("{why}"),
            }
        }
        let requests = replay.played();
        for (at, cluster) in [(1, from), (3, to)] {
            assert_eq!(requests[at].field("DBProxyName").as_deref(), Some("pool"));
            assert_eq!(requests[at].field("TargetGroupName").as_deref(), Some("default"));
            assert_eq!(
                requests[at].field("DBClusterIdentifiers.member.1").as_deref(),
                Some(cluster)
            );
        }
    }
}

#[tokio::test]
async fn what_an_earlier_call_did_is_not_done_again() {
    let (replay, proxy) = script(vec![
        leads_to("hubs-db", "AVAILABLE", ""),
        refuses("DeregisterDBProxyTargets", 404, "DBProxyTargetNotFoundFault"),
        nowhere(),
        refuses("RegisterDBProxyTargets", 400, "DBProxyTargetAlreadyRegisteredFault"),
        nowhere(),
        refuses("RegisterDBProxyTargets", 400, "InvalidDBClusterStateFault"),
    ]);
    for _ in 0..3 {
        assert!(matches!(apply(&proxy).await.unwrap(), SwitchProgress::Underway { .. }));
    }
    replay.played();
}

#[tokio::test]
async fn one_that_cannot_log_in_is_waited_for_with_what_to_do_and_somebody_elses_stays() {
    let (_, proxy) = script(vec![leads_to("hubs-db-r1", "UNAVAILABLE", "AUTH_FAILURE")]);
    let looked = apply(&proxy).await.unwrap();
    assert!(
        matches!(&looked, SwitchProgress::Underway { phase, .. } if phase.contains("cannot log in") && phase.contains("not changed in the secrets")),
        "{looked:?}"
    );
    let reader = xml(
        "DescribeDBProxyTargets",
        "<Targets><member><RdsResourceId>hubs-db-r1</RdsResourceId><Type>TRACKED_CLUSTER</Type></member>\
         <member><TrackedClusterId>hubs-db-r1</TrackedClusterId><Type>RDS_INSTANCE</Type><Role>READ_ONLY</Role>\
         <TargetHealth><State>AVAILABLE</State></TargetHealth></member></Targets>",
    );
    let (_, proxy) = script(vec![reader]);
    let looked = apply(&proxy).await.unwrap();
    assert!(
        matches!(looked, SwitchProgress::Underway { .. }),
        "a reader takes no writes: {looked:?}"
    );
    let (_, proxy) = script(vec![leads_to("another", "AVAILABLE", "")]);
    assert_eq!(apply(&proxy).await.unwrap_err().name(), "Conflict");
    let (_, proxy) = script(vec![gone()]);
    assert_eq!(revert(&proxy).await.unwrap_err().name(), "NotFound");
}

#[tokio::test]
async fn what_would_fail_is_found_before_and_where_it_leads_is_told() {
    for (targets, fault) in [
        (leads_to("hubs-db", "AVAILABLE", ""), None),
        (
            leads_to("another", "AVAILABLE", ""),
            Some("pool, whose target is cluster another,"),
        ),
        (nowhere(), Some("pool, which has no target cluster,")),
        (gone(), Some("pool (gone)")),
    ] {
        let (_, proxy) = script(vec![targets]);
        let faults = proxy.preflight(&run(), &proxy_switch(), &cluster()).await.unwrap();
        assert_eq!(faults.first().map(|fault| fault.value.as_str()), fault);
    }
    let (_, proxy) = script(vec![]);
    let faults = proxy.preflight(&run(), &proxy_switch(), &directory()).await.unwrap();
    assert!(faults[0].to_string().contains("a cluster"), "{faults:?}");
    let target = Target::Aurora {
        cluster: "hubs-db".into(),
    };
    for (targets, reference) in [
        (leads_to("hubs-db", "AVAILABLE", ""), Reference::Matches),
        (
            leads_to("hubs-db-r1", "AVAILABLE", ""),
            Reference::Elsewhere("cluster hubs-db-r1".into()),
        ),
        (gone(), Reference::Unknown("there is no proxy pool".into())),
    ] {
        let (_, proxy) = script(vec![targets]);
        assert_eq!(proxy.reference(&proxy_switch(), &target).await.unwrap(), reference);
    }
    let (_, proxy) = script(vec![leads_to("hubs-db", "AVAILABLE", "")]);
    let observed = proxy.observe(&run(), &proxy_switch(), &cluster()).await.unwrap();
    assert_eq!(observed, json!({"cluster": "hubs-db"}));
}
