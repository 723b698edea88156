use super::*;

#[tokio::test]
async fn switching_back_deploys_the_old_revision_and_waits_for_it() {
    let back = json!([
        deployment(OLD, "PRIMARY", "IN_PROGRESS", 0),
        deployment(OURS, "ACTIVE", "COMPLETED", 2)
    ]);
    let (replay, service) = script(vec![stable(OURS), updated(), self::service(OLD, 2, back), stable(OLD)]);
    for _ in 0..2 {
        let looked = revert(&service, recorded(OURS)).await.unwrap();
        assert!(is_underway(&looked, OLD), "{looked:?}");
    }
    assert_eq!(
        revert(&service, recorded(OURS)).await.unwrap(),
        SwitchProgress::Done(recorded(OLD))
    );
    let requests = replay.played();
    assert_eq!(requests[1].json()["taskDefinition"], json!(OLD));
}

#[tokio::test]
async fn a_deployment_of_which_nobody_heard_is_taken_back_too() {
    let (replay, service) = script(vec![rolling(OURS), ours(), old(), updated()]);
    assert!(is_underway(&revert(&service, Value::Null).await.unwrap(), OLD));
    replay.played();
    let (replay, service) = script(vec![stable(THEIRS), again(THEIRS, "hubs:2"), old()]);
    assert_eq!(revert(&service, Value::Null).await.unwrap_err().name(), "Conflict");
    replay.played();
}

/// A service continues to run a revision that was deregistered, but ECS does not deploy it any more.
#[tokio::test]
async fn an_old_revision_that_was_deregistered_is_registered_again() {
    let mut inactive = definition(OLD, volumes());
    inactive["status"] = json!("INACTIVE");
    let inactive = || {
        answers(
            "DescribeTaskDefinition",
            json!({"taskDefinition": inactive, "tags": [{"key": "team", "value": "hubs"}]}).to_string(),
        )
    };
    let refused = || refuses("UpdateService", 400, "ClientException");
    let (replay, service) = script(vec![
        stable(OURS),
        refused(),
        inactive(),
        newest(&[OURS]),
        ours(),
        answers(
            "RegisterTaskDefinition",
            json!({"taskDefinition": definition(THEIRS, volumes())}).to_string(),
        ),
        updated(),
        // It has the content of the old one: that is what was to be deployed.
        stable(THEIRS),
        described(THEIRS, json!([])),
        inactive(),
    ]);
    let looked = revert(&service, recorded(OURS)).await.unwrap();
    assert!(is_underway(&looked, THEIRS), "{looked:?}");
    assert_eq!(
        revert(&service, recorded(OURS)).await.unwrap(),
        SwitchProgress::Done(recorded(THEIRS))
    );
    let requests = replay.played();
    let registered = requests[5].json();
    assert_eq!(registered["volumes"], volumes());
    assert!(
        registered["tags"]
            .as_array()
            .unwrap()
            .contains(&json!({"key": "holdfast:switch", "value": "web back"})),
        "{registered}"
    );
    assert_eq!(requests[6].json()["taskDefinition"], json!(THEIRS));
    // An active one is refused for another reason.
    let (replay, service) = script(vec![stable(OURS), refused(), old()]);
    assert_eq!(revert(&service, recorded(OURS)).await.unwrap_err().name(), "JobFailed");
    replay.played();
}

/// The content of `OURS`, under any ARN: its volumes differ from the old one's.
fn again(arn: &str, image: &str) -> Exchange {
    let mut led = definition(arn, json!([efs("storage", Some("/aws-backup-restore_x/hubs"))]));
    led["containerDefinitions"][0]["image"] = json!(image);
    answers(
        "DescribeTaskDefinition",
        json!({"taskDefinition": led, "tags": our_tags()}).to_string(),
    )
}

#[tokio::test]
async fn a_revision_is_known_by_what_it_says() {
    // The switch's revision, registered again.
    let (replay, service) = script(vec![
        stable(THEIRS),
        again(THEIRS, "hubs:1"),
        old(),
        again(OURS, "hubs:1"),
        updated(),
    ]);
    assert!(is_underway(&revert(&service, recorded(OURS)).await.unwrap(), OLD));
    replay.played();
    // The old one, registered again.
    let (replay, service) = script(vec![stable(THEIRS), described(THEIRS, json!([])), old()]);
    assert_eq!(
        revert(&service, recorded(OURS)).await.unwrap(),
        SwitchProgress::Done(recorded(THEIRS))
    );
    replay.played();
    // The switch's revision with another image: the console copies the tags.
    let (replay, service) = script(vec![
        stable(THEIRS),
        again(THEIRS, "hubs:2"),
        old(),
        again(OURS, "hubs:1"),
    ]);
    let error = revert(&service, recorded(OURS)).await.unwrap_err();
    assert_eq!(error.name(), "Conflict", "{error}");
    assert!(error.to_string().contains("hubs:9"), "{error}");
    replay.played();
}
