#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::replay::{Exchange, Replay, cut, refuses, xml};
use crate::testing::switches::{cluster, run, switch};

const TEMPLATE: &str = "<LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><Version>3</Version></LaunchTemplate>";

fn hubs() -> Switch {
    switch(json!({"name": "hubs", "resource": "database", "kind": "instance_refresh", "group": "hubs-app"}))
}

fn script(exchanges: impl IntoIterator<Item = Exchange>) -> (Replay, InstanceRefresh) {
    let replay = Replay::new(exchanges);
    let refresh = InstanceRefresh::from_config(&replay.config());
    (replay, refresh)
}

/// A group of two instances with more elements.
fn group_with(desired: u32, more: &str) -> Exchange {
    let instance = |number: u32| {
        format!(
            "<member><InstanceId>i-{number}</InstanceId><LifecycleState>InService</LifecycleState><ProtectedFromScaleIn>false\
             </ProtectedFromScaleIn>{TEMPLATE}</member>"
        )
    };
    xml(
        "DescribeAutoScalingGroups",
        &format!(
            "<AutoScalingGroups><member><AutoScalingGroupName>hubs-app</AutoScalingGroupName><DesiredCapacity>{desired}</DesiredCapacity>\
             <HealthCheckGracePeriod>300</HealthCheckGracePeriod><Instances>{}{}</Instances>{more}</member></AutoScalingGroups>",
            instance(1),
            instance(2)
        ),
    )
}

fn group() -> Exchange {
    group_with(2, TEMPLATE)
}

fn no_group() -> Exchange {
    xml("DescribeAutoScalingGroups", "<AutoScalingGroups/>")
}

/// Refreshes: id, status and preferences, the newest first.
fn refreshes_with(listed: &[(&str, &str, &str)]) -> Exchange {
    let one = |(id, status, preferences): &(&str, &str, &str)| {
        format!(
            "<member><InstanceRefreshId>{id}</InstanceRefreshId><Status>{status}</Status><StatusReason>as AWS says</StatusReason>\
             <PercentageComplete>50</PercentageComplete><InstancesToUpdate>1</InstancesToUpdate>\
             <Preferences><MinHealthyPercentage>90</MinHealthyPercentage>{preferences}</Preferences></member>"
        )
    };
    let members: String = listed.iter().map(one).collect();
    xml(
        "DescribeInstanceRefreshes",
        &format!("<InstanceRefreshes>{members}</InstanceRefreshes>"),
    )
}

fn refreshes(listed: &[(&str, &str)]) -> Exchange {
    let plain: Vec<(&str, &str, &str)> = listed.iter().map(|(id, status)| (*id, *status, "")).collect();
    refreshes_with(&plain)
}

fn started(id: &str) -> Exchange {
    xml(
        "StartInstanceRefresh",
        &format!("<InstanceRefreshId>{id}</InstanceRefreshId>"),
    )
}

fn in_progress() -> Exchange {
    refuses("StartInstanceRefresh", 400, "InstanceRefreshInProgress")
}

async fn apply(driver: &InstanceRefresh, newest: Value, noted: Value) -> Result<SwitchProgress> {
    let before = json!({ NEWEST: newest });
    driver.apply(&run(), &hubs(), &cluster(), &before, &noted).await
}

async fn revert(driver: &InstanceRefresh, noted: Value) -> Result<SwitchProgress> {
    let (before, after) = (json!({ NEWEST: "r-1" }), json!({ REFRESH: "r-2" }));
    driver
        .revert(&run(), &hubs(), &cluster(), &before, &after, &noted)
        .await
}

fn done(id: &str) -> SwitchProgress {
    SwitchProgress::Done(json!({ REFRESH: id }))
}

#[track_caller]
fn noted_in(progress: &SwitchProgress) -> Value {
    match progress {
        SwitchProgress::Underway { noted, .. } => noted.clone(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn phase_of(progress: SwitchProgress) -> String {
    match progress {
        SwitchProgress::Underway { phase, .. } => phase,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refresh_is_begun_and_followed_to_its_end() {
    let (replay, driver) = script([
        group(),
        refreshes(&[("r-1", "Successful")]),
        started("r-2"),
        group(),
        // Not shown at once.
        refreshes(&[("r-1", "Successful")]),
        group(),
        refreshes(&[("r-2", "InProgress"), ("r-1", "Successful")]),
        group(),
        // Somebody's refresh after it changes nothing.
        refreshes(&[("r-3", "Pending"), ("r-2", "Successful"), ("r-1", "Successful")]),
    ]);
    let noted = noted_in(&apply(&driver, json!("r-1"), Value::Null).await.unwrap());
    assert_eq!(noted, json!({ REFRESH: "r-2" }));
    let hidden = apply(&driver, json!("r-1"), noted.clone()).await.unwrap();
    assert_eq!(noted_in(&hidden), noted);
    let phase = phase_of(apply(&driver, json!("r-1"), noted.clone()).await.unwrap());
    assert_eq!(
        phase,
        "refresh r-2 of Auto Scaling group hubs-app: InProgress, 50 % complete, instances to update: 1 (as AWS says)"
    );
    assert_eq!(apply(&driver, json!("r-1"), noted).await.unwrap(), done("r-2"));
    let asked = replay.played();
    assert_eq!(
        asked[0].field("AutoScalingGroupNames.member.1").as_deref(),
        Some("hubs-app")
    );
    assert_eq!(asked[2].field("AutoScalingGroupName").as_deref(), Some("hubs-app"));
    // AWS's own preferences: all instances, also those that match.
    assert!(!asked[2].body.contains("Preferences"), "{}", asked[2].body);
}

#[tokio::test]
async fn a_refresh_whose_response_was_lost_is_found_again() {
    let (replay, driver) = script([
        group(),
        refreshes(&[("r-1", "Successful")]),
        cut("StartInstanceRefresh"),
        group(),
        // As it may be listed a moment later.
        refreshes(&[("r-1", "Successful")]),
        in_progress(),
        group(),
        refreshes(&[("r-2", "Pending"), ("r-1", "Successful")]),
        group(),
        refreshes(&[("r-2", "Successful"), ("r-1", "Successful")]),
    ]);
    let lost = apply(&driver, json!("r-1"), Value::Null).await.unwrap_err();
    assert_eq!(lost.name(), "Unavailable");
    let unlisted = apply(&driver, json!("r-1"), Value::Null).await.unwrap();
    assert_eq!(noted_in(&unlisted), Value::Null);
    let noted = noted_in(&apply(&driver, json!("r-1"), Value::Null).await.unwrap());
    assert_eq!(noted, json!({ REFRESH: "r-2" }));
    assert_eq!(apply(&driver, json!("r-1"), noted).await.unwrap(), done("r-2"));
    replay.played();
}

/// It began after the other switches, and has ended before anything was noted.
#[tokio::test]
async fn a_lost_refresh_that_has_ended_already_counts() {
    for newest in [json!("r-1"), Value::Null] {
        let listed: &[(&str, &str)] = match newest.is_null() {
            true => &[("r-2", "Successful")],
            false => &[("r-2", "Successful"), ("r-1", "Failed")],
        };
        let (replay, driver) = script([group(), refreshes(listed)]);
        assert_eq!(apply(&driver, newest, Value::Null).await.unwrap(), done("r-2"));
        replay.played();
    }
}

#[tokio::test]
async fn a_newer_refresh_that_leaves_instances_as_they_are_is_waited_for_but_does_not_count() {
    let checkpoints = |percent: &str| {
        format!("<CheckpointPercentages><member>20</member><member>{percent}</member></CheckpointPercentages>")
    };
    for (preferences, counts) in [
        ("<SkipMatching>true</SkipMatching>".to_owned(), false),
        ("<SkipMatching>false</SkipMatching>".to_owned(), true),
        (
            "<ScaleInProtectedInstances>Ignore</ScaleInProtectedInstances>".to_owned(),
            false,
        ),
        (
            "<ScaleInProtectedInstances>Refresh</ScaleInProtectedInstances>".to_owned(),
            true,
        ),
        ("<StandbyInstances>Ignore</StandbyInstances>".to_owned(), false),
        (checkpoints("50"), false),
        (checkpoints("100"), true),
    ] {
        let theirs = |status: &str| refreshes_with(&[("r-2", status, &preferences), ("r-1", "Successful", "")]);
        let (replay, driver) = match counts {
            true => script([group(), theirs("InProgress")]),
            false => script([
                group(),
                theirs("InProgress"),
                group(),
                theirs("Successful"),
                started("r-3"),
            ]),
        };
        let first = apply(&driver, json!("r-1"), Value::Null).await.unwrap();
        if counts {
            assert_eq!(noted_in(&first), json!({ REFRESH: "r-2" }), "{preferences}");
        } else {
            assert_eq!(noted_in(&first), Value::Null, "{preferences}");
            assert!(phase_of(first).contains("r-2 of Auto Scaling group hubs-app has to end before"));
            let second = apply(&driver, json!("r-1"), Value::Null).await.unwrap();
            assert_eq!(noted_in(&second), json!({ REFRESH: "r-3" }));
        }
        replay.played();
    }
}

#[tokio::test]
async fn a_newer_refresh_that_failed_is_followed_by_another() {
    for status in ["Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"] {
        let (replay, driver) = script([
            group(),
            refreshes(&[("r-2", status), ("r-1", "Successful")]),
            started("r-3"),
        ]);
        let noted = noted_in(&apply(&driver, json!("r-1"), Value::Null).await.unwrap());
        assert_eq!(noted, json!({ REFRESH: "r-3" }));
        replay.played();
    }
}

#[tokio::test]
async fn a_refresh_that_fails_fails_with_what_aws_says() {
    for status in [
        "Failed",
        "Cancelled",
        "RollbackInProgress",
        "RollbackSuccessful",
        "RollbackFailed",
    ] {
        let (replay, driver) = script([group(), refreshes(&[("r-2", status), ("r-1", "Successful")])]);
        let progress = apply(&driver, json!("r-1"), json!({ REFRESH: "r-2" })).await.unwrap();
        let SwitchProgress::Failed(why) = progress else {
            panic!("{progress:?}");
        };
        assert!(why.contains(&format!("refresh r-2 is {status}")), "{why}");
        assert!(why.contains("(as AWS says). See the group's activity history"), "{why}");
        replay.played();
    }
    for status in ["Pending", "InProgress", "Baking", "Cancelling"] {
        let (replay, driver) = script([group(), refreshes(&[("r-2", status)])]);
        let progress = apply(&driver, Value::Null, json!({ REFRESH: "r-2" })).await.unwrap();
        assert!(phase_of(progress).contains(status));
        replay.played();
    }
}

/// What it launched already may have read what was switched.
#[tokio::test]
async fn switching_back_waits_for_the_cut_overs_own_refresh_and_begins_another() {
    let (replay, driver) = script([
        group(),
        refreshes(&[("r-2", "InProgress"), ("r-1", "Successful")]),
        group(),
        refreshes(&[("r-2", "InProgress"), ("r-1", "Successful")]),
        group(),
        refreshes(&[("r-2", "Successful"), ("r-1", "Successful")]),
        started("r-3"),
        group(),
        refreshes(&[("r-3", "Successful"), ("r-2", "Successful"), ("r-1", "Successful")]),
    ]);
    let noted = noted_in(&revert(&driver, Value::Null).await.unwrap());
    assert_eq!(noted, json!({ NEWEST: "r-2" }));
    let waits = revert(&driver, noted.clone()).await.unwrap();
    assert_eq!(noted_in(&waits), noted);
    assert!(phase_of(waits).contains("r-2"));
    let noted = noted_in(&revert(&driver, noted).await.unwrap());
    assert_eq!(noted, json!({ NEWEST: "r-2", REFRESH: "r-3" }));
    assert_eq!(revert(&driver, noted).await.unwrap(), done("r-3"));
    replay.played();
}

#[tokio::test]
async fn a_lost_response_in_switching_back_refreshes_once() {
    let (replay, driver) = script([
        group(),
        refreshes(&[]),
        group(),
        refreshes(&[]),
        cut("StartInstanceRefresh"),
        group(),
        refreshes(&[("r-1", "InProgress")]),
    ]);
    let noted = noted_in(&revert(&driver, Value::Null).await.unwrap());
    assert_eq!(noted, json!({ NEWEST: null }));
    assert_eq!(revert(&driver, noted.clone()).await.unwrap_err().name(), "Unavailable");
    let noted = noted_in(&revert(&driver, noted).await.unwrap());
    assert_eq!(noted, json!({ NEWEST: null, REFRESH: "r-1" }));
    replay.played();
}

#[tokio::test]
async fn a_group_without_instances_has_nothing_to_replace() {
    let empty = || group_with(0, TEMPLATE);
    let (replay, driver) = script([empty(), refreshes(&[]), empty(), empty(), empty(), refreshes(&[])]);
    driver.observe(&run(), &hubs(), &cluster()).await.unwrap();
    let nothing = SwitchProgress::Done(json!({"desired_capacity": 0}));
    assert_eq!(apply(&driver, Value::Null, Value::Null).await.unwrap(), nothing);
    assert_eq!(revert(&driver, Value::Null).await.unwrap(), nothing);
    let remarks = driver.remarks(&hubs(), &cluster()).await.unwrap();
    assert!(remarks[0].contains("desired capacity of 0"), "{remarks:?}");
    replay.played();
    // Those of a warm pool have run their user data.
    let warm = group_with(0, &format!("{TEMPLATE}<WarmPoolSize>1</WarmPoolSize>"));
    let (replay, driver) = script([warm, refreshes(&[]), started("r-1")]);
    noted_in(&apply(&driver, Value::Null, Value::Null).await.unwrap());
    replay.played();
}

#[tokio::test]
async fn a_refresh_in_progress_is_waited_for_before_anything_is_switched() {
    let busy = || refreshes(&[("r-1", "Pending")]);
    let (replay, driver) = script([
        group(),
        busy(),
        group(),
        busy(),
        group(),
        busy(),
        group(),
        refreshes(&[("r-1", "Successful")]),
    ]);
    let error = driver.ready(&run(), &hubs(), &cluster()).await.unwrap_err();
    assert_eq!(error.name(), "NotReady");
    assert!(error.to_string().contains("another refresh of it, r-1"), "{error}");
    let observed = driver.observe(&run(), &hubs(), &cluster()).await;
    assert_eq!(observed.unwrap_err().name(), "NotReady");
    let remarks = driver.remarks(&hubs(), &cluster()).await.unwrap();
    assert!(remarks[1].contains("is being refreshed now"), "{remarks:?}");
    let observed = driver.observe(&run(), &hubs(), &cluster()).await.unwrap();
    // Two instances one after the other, each with 300 seconds of warm-up.
    assert_eq!(
        observed,
        json!({ NEWEST: "r-1", DEADLINE: 3 * 2 * (300 + 600) + 1800 + 3600 })
    );
    replay.played();
}

#[tokio::test]
async fn what_cannot_be_refreshed_is_found_before_anything_is_restored() {
    let going = group_with(2, &format!("{TEMPLATE}<Status>Delete in progress</Status>"));
    let bare = group_with(2, "<LaunchConfigurationName></LaunchConfigurationName>");
    for (answer, value) in [
        (no_group(), "hubs-app"),
        (going, "hubs-app"),
        (bare, "hubs-app, which can launch nothing,"),
    ] {
        let (replay, driver) = script([answer]);
        let faults = driver.preflight(&run(), &hubs(), &cluster()).await.unwrap();
        assert_eq!(faults[0].path, "cut_over.hubs.group");
        assert_eq!(faults[0].value, value);
        replay.played();
    }
    let mixed = "<MixedInstancesPolicy><LaunchTemplate><LaunchTemplateSpecification><Version>$Latest</Version>\
                 </LaunchTemplateSpecification></LaunchTemplate></MixedInstancesPolicy>";
    let old = "<LaunchConfigurationName>hubs-2019</LaunchConfigurationName>";
    for more in [TEMPLATE, mixed, old] {
        let (replay, driver) = script([group_with(2, more)]);
        let faults = driver.preflight(&run(), &hubs(), &cluster()).await.unwrap();
        assert_eq!(faults, [], "{more}");
        replay.played();
    }
}

#[tokio::test]
async fn a_refused_refresh_and_a_group_that_is_gone_are_named() {
    let (replay, driver) = script([
        group(),
        refreshes(&[]),
        refuses("StartInstanceRefresh", 403, "AccessDenied"),
        no_group(),
    ]);
    let error = apply(&driver, Value::Null, Value::Null).await.unwrap_err();
    assert_eq!(error.name(), "AccessDenied");
    assert!(
        error.to_string().contains("refreshing Auto Scaling group hubs-app"),
        "{error}"
    );
    assert_eq!(revert(&driver, Value::Null).await.unwrap_err().name(), "NotFound");
    replay.played();
}

/// It reads nothing of AWS: it refers to no resource, whatever it is compared with.
#[tokio::test]
async fn it_refers_to_nothing() {
    let (replay, driver) = script([]);
    let target = &cluster().planned.resource.target;
    assert_eq!(driver.reference(&hubs(), target).await.unwrap(), Reference::Unrelated);
    replay.played();
}
