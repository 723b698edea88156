#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
use crate::testing::switches::{RESTORE, run, switch, table};

const PATH: &str = "/2015-03-31/functions/hubs-api";

fn variable_switch() -> Switch {
    switch(json!({
        "name": "api", "resource": "rooms", "kind": "lambda_environment", "function": "hubs-api", "variable": "TABLE",
        "value": "table",
    }))
}

fn script(exchanges: impl IntoIterator<Item = Exchange>) -> (Replay, LambdaEnvironment) {
    let replay = Replay::new(exchanges);
    let environment = LambdaEnvironment::from_config(&replay.config());
    (replay, environment)
}

/// The function's answer: the variable's value, and the status of its last update.
fn configuration(value: &str, status: &str) -> Value {
    json!({
        "FunctionName": "hubs-api", "Version": "$LATEST", "RevisionId": format!("revision of {value}"),
        "LastUpdateStatus": status, "LastUpdateStatusReason": "The key is disabled.", "State": "Active",
        "Environment": {"Variables": {"TABLE": value, "PASSWORD": "hunter2"}},
    })
}

fn get(answer: &Value) -> Exchange {
    answers(&format!("GET {PATH}/configuration"), answer.to_string())
}

fn now(value: &str) -> Exchange {
    get(&configuration(value, "Successful"))
}

fn updating(value: &str) -> Exchange {
    get(&configuration(value, "InProgress"))
}

fn failed(value: &str) -> Exchange {
    get(&configuration(value, "Failed"))
}

/// Version 3, which was published before the cut-over.
fn version_3() -> Exchange {
    let mut answer = configuration("hubs-rooms", "Successful");
    answer["Version"] = json!("3");
    answers(&format!("GET {PATH}/configuration"), answer.to_string())
}

fn put(value: &str) -> Exchange {
    let answer = configuration(value, "InProgress");
    answers(&format!("PUT {PATH}/configuration"), answer.to_string())
}

fn before() -> Value {
    json!({"version": "3"})
}

fn after() -> Value {
    json!({"value": "hubs-rooms-r1"})
}

async fn apply(environment: &LambdaEnvironment, noted: Value) -> Result<SwitchProgress> {
    environment
        .apply(&run(), &variable_switch(), &table(), &before(), &noted)
        .await
}

async fn revert(environment: &LambdaEnvironment, after: Value, noted: Value) -> Result<SwitchProgress> {
    environment
        .revert(&run(), &variable_switch(), &table(), &before(), &after, &noted)
        .await
}

#[track_caller]
fn noted_in(progress: &SwitchProgress) -> Value {
    match progress {
        SwitchProgress::Underway { noted, .. } => noted.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_version_is_published_and_only_its_number_recorded() {
    let published = answers(
        &format!("POST {PATH}/versions"),
        json!({"Version": "3", "Environment": {"Variables": {"TABLE": "hubs-rooms"}}}).to_string(),
    )
    .with_status(201);
    let (replay, environment) = script([now("hubs-rooms"), published]);
    let observed = environment.observe(&run(), &variable_switch(), &table()).await.unwrap();
    assert_eq!(observed, before());
    let asked = replay.played();
    assert_eq!(
        asked[1].json(),
        json!({"Description": format!("Before restore {RESTORE}, by Holdfast")})
    );
}

#[tokio::test]
async fn a_function_that_is_being_updated_is_waited_for() {
    let busy = refuses(&format!("POST {PATH}/versions"), 409, "ResourceConflictException");
    let (replay, environment) = script([updating("hubs-rooms"), now("hubs-rooms"), busy]);
    for _ in 0..2 {
        let observed = environment.observe(&run(), &variable_switch(), &table()).await;
        assert_eq!(observed.unwrap_err().name(), "NotReady");
    }
    replay.played();
}

#[tokio::test]
async fn one_variable_is_set_and_all_others_stay_until_the_function_runs_with_it() {
    let (replay, environment) = script([
        now("hubs-rooms"),
        version_3(),
        put("hubs-rooms-r1"),
        updating("hubs-rooms-r1"),
        version_3(),
        now("hubs-rooms-r1"),
        version_3(),
    ]);
    let noted = noted_in(&apply(&environment, Value::Null).await.unwrap());
    assert_eq!(noted, after());
    assert_eq!(noted_in(&apply(&environment, noted.clone()).await.unwrap()), after());
    assert_eq!(apply(&environment, noted).await.unwrap(), SwitchProgress::Done(after()));
    let asked = replay.played();
    let queries: Vec<&str> = asked.iter().map(|asked| asked.query.as_str()).collect();
    assert_eq!(queries, ["", "Qualifier=3", "", "", "Qualifier=3", "", "Qualifier=3"]);
    assert_eq!(
        asked[2].json(),
        json!({
            "Environment": {"Variables": {"TABLE": "hubs-rooms-r1", "PASSWORD": "hunter2"}},
            "RevisionId": "revision of hubs-rooms",
        })
    );
}

#[tokio::test]
async fn what_was_set_unheard_is_found_done() {
    let (replay, environment) = script([
        now("hubs-rooms"),
        version_3(),
        cut(&format!("PUT {PATH}/configuration")),
        now("hubs-rooms-r1"),
        version_3(),
    ]);
    assert_eq!(
        apply(&environment, Value::Null).await.unwrap_err().name(),
        "Unavailable"
    );
    assert_eq!(
        apply(&environment, Value::Null).await.unwrap(),
        SwitchProgress::Done(after())
    );
    replay.played();
}

/// Somebody changed its memory, or is updating its code: the variable is unchanged, so it is read again.
#[tokio::test]
async fn a_change_of_something_else_meanwhile_is_read_again() {
    for code in ["PreconditionFailedException", "ResourceConflictException"] {
        let status = if code.starts_with('P') { 412 } else { 409 };
        let (replay, environment) = script([
            now("hubs-rooms"),
            version_3(),
            refuses(&format!("PUT {PATH}/configuration"), status, code),
            now("hubs-rooms"),
            version_3(),
            put("hubs-rooms-r1"),
        ]);
        assert_eq!(noted_in(&apply(&environment, Value::Null).await.unwrap()), Value::Null);
        assert_eq!(noted_in(&apply(&environment, Value::Null).await.unwrap()), after());
        replay.played();
    }
}

#[tokio::test]
async fn what_somebody_set_meanwhile_stays() {
    let (replay, environment) = script([now("hubs-other"), version_3(), now("hubs-other"), version_3()]);
    let error = apply(&environment, Value::Null).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("after version 3 was published"), "{error}");
    assert!(!error.to_string().contains("hubs-other"), "{error}");
    let error = revert(&environment, after(), Value::Null).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(
        error.to_string().contains("version 3 has the previous value"),
        "{error}"
    );
    replay.played();
}

#[tokio::test]
async fn an_update_that_fails_says_why_and_one_from_before_is_replaced() {
    let (replay, environment) = script([
        failed("hubs-rooms"),
        version_3(),
        put("hubs-rooms-r1"),
        failed("hubs-rooms-r1"),
        version_3(),
    ]);
    let noted = noted_in(&apply(&environment, Value::Null).await.unwrap());
    let SwitchProgress::Failed(why) = apply(&environment, noted).await.unwrap() else {
        panic!("it has failed");
    };
    assert!(why.contains("The key is disabled. Correct"), "{why}");
    replay.played();
}

#[tokio::test]
async fn a_refused_update_is_named() {
    let refused = refuses(&format!("PUT {PATH}/configuration"), 403, "AccessDeniedException");
    let (replay, environment) = script([now("hubs-rooms"), version_3(), refused]);
    let error = apply(&environment, Value::Null).await.unwrap_err();
    assert_eq!(error.name(), "AccessDenied");
    assert!(error.to_string().contains("updating function hubs-api"), "{error}");
    replay.played();
}

#[tokio::test]
async fn switching_back_sets_the_value_of_the_version() {
    let (replay, environment) = script([
        now("hubs-rooms-r1"),
        version_3(),
        put("hubs-rooms"),
        updating("hubs-rooms"),
        version_3(),
        now("hubs-rooms"),
        version_3(),
    ]);
    let noted = noted_in(&revert(&environment, after(), Value::Null).await.unwrap());
    // The old value may be a secret.
    assert_eq!(noted, json!({"requested": true}));
    assert_eq!(
        noted_in(&revert(&environment, after(), noted.clone()).await.unwrap()),
        noted
    );
    assert_eq!(
        revert(&environment, after(), noted).await.unwrap(),
        SwitchProgress::Done(before())
    );
    let asked = replay.played()[2].json();
    assert_eq!(asked["Environment"]["Variables"]["TABLE"], "hubs-rooms");
    assert_eq!(asked["RevisionId"], "revision of hubs-rooms-r1");
}

#[tokio::test]
async fn switching_back_what_was_never_switched_or_is_not_known_changes_no_more_than_it_has_to() {
    let (replay, environment) = script([
        now("hubs-rooms"),
        version_3(),
        now("hubs-rooms-r1"),
        version_3(),
        put("hubs-rooms"),
    ]);
    assert_eq!(
        revert(&environment, Value::Null, Value::Null).await.unwrap(),
        SwitchProgress::Done(before())
    );
    let noted = revert(&environment, Value::Null, Value::Null).await.unwrap();
    assert_eq!(noted_in(&noted), json!({"requested": true}));
    replay.played();
}

/// The apply failed, and so the function is back at its old variables: a new update makes sure of it.
#[tokio::test]
async fn switching_back_after_a_failed_update_updates_once_and_says_why_that_fails() {
    let (replay, environment) = script([
        failed("hubs-rooms"),
        version_3(),
        put("hubs-rooms"),
        failed("hubs-rooms"),
        version_3(),
    ]);
    let noted = noted_in(&revert(&environment, after(), Value::Null).await.unwrap());
    let SwitchProgress::Failed(why) = revert(&environment, after(), noted).await.unwrap() else {
        panic!("it has failed");
    };
    assert!(why.contains("The key is disabled"), "{why}");
    replay.played();
}

#[tokio::test]
async fn a_version_that_was_deleted_is_named() {
    let gone = refuses(&format!("GET {PATH}/configuration"), 404, "ResourceNotFoundException");
    let (replay, environment) = script([now("hubs-rooms-r1"), gone]);
    let error = revert(&environment, after(), Value::Null).await.unwrap_err();
    assert_eq!(error.name(), "NotFound");
    assert!(error.to_string().contains("version 3"), "{error}");
    replay.played();
}

fn aliases(aliases: Value, next: Option<&str>) -> String {
    json!({"Aliases": aliases, "NextMarker": next}).to_string()
}

#[tokio::test]
async fn what_cannot_be_switched_is_found_before_anything_is_restored() {
    let list = format!("GET {PATH}/aliases");
    let no_aliases = || answers(&list, aliases(json!([]), None));
    let mut hidden = configuration("", "Successful");
    hidden["Environment"] = json!({"Error": {"ErrorCode": "AccessDeniedException", "Message": "words"}});
    let mut without = configuration("", "Successful");
    without["Environment"] = json!({"Variables": {"OTHER": "x"}});
    for (exchanges, field, value) in [
        (
            vec![refuses(
                &format!("GET {PATH}/configuration"),
                404,
                "ResourceNotFoundException",
            )],
            "function",
            "hubs-api",
        ),
        (
            vec![get(&hidden), no_aliases()],
            "function",
            "hubs-api, whose variables Lambda does not show (AccessDeniedException),",
        ),
        (vec![get(&without), no_aliases()], "variable", "TABLE"),
        (
            vec![
                now("hubs-rooms"),
                answers(
                    &list,
                    aliases(json!([{"Name": "edge", "FunctionVersion": "$LATEST"}]), Some("m")),
                ),
                answers(
                    &list,
                    aliases(json!([{"Name": "live", "FunctionVersion": "2"}]), Some("")),
                ),
            ],
            "function",
            "hubs-api, which has aliases of published versions: live,",
        ),
    ] {
        let (replay, environment) = script(exchanges);
        let faults = environment
            .preflight(&run(), &variable_switch(), &table())
            .await
            .unwrap();
        let [found] = faults.as_slice() else {
            panic!("{faults:?}")
        };
        assert_eq!(
            (found.path.as_str(), found.value.as_str()),
            (format!("cut_over.api.{field}").as_str(), value)
        );
        let pages = replay.played().into_iter().skip(2).map(|asked| asked.query);
        assert!(pages.into_iter().all(|query| query == "Marker=m"));
    }
    let (replay, environment) = script([now("hubs-rooms"), no_aliases()]);
    let faults = environment
        .preflight(&run(), &variable_switch(), &table())
        .await
        .unwrap();
    assert_eq!(faults, []);
    replay.played();
}

/// Written without those that it does not show, they would be lost.
#[tokio::test]
async fn variables_that_lambda_does_not_show_are_never_written() {
    let mut hidden = configuration("hubs-rooms", "Successful");
    hidden["Environment"]["Error"] = json!({"ErrorCode": "AccessDeniedException"});
    let (replay, environment) = script([get(&hidden), get(&hidden)]);
    assert_eq!(
        apply(&environment, Value::Null).await.unwrap_err().name(),
        "AccessDenied"
    );
    let back = revert(&environment, after(), Value::Null).await;
    assert_eq!(back.unwrap_err().name(), "AccessDenied");
    replay.played();
}

#[tokio::test]
async fn it_refers_to_the_table_that_the_variable_names() {
    let gone = refuses(&format!("GET {PATH}/configuration"), 404, "ResourceNotFoundException");
    let (replay, environment) = script([now("hubs-rooms"), now("hubs-other"), gone]);
    let target = &table().planned.resource.target;
    let mut found = Vec::new();
    for _ in 0..3 {
        found.push(environment.reference(&variable_switch(), target).await.unwrap());
    }
    assert_eq!(found[0], Reference::Matches);
    assert!(matches!(found[1], Reference::Elsewhere(_)));
    assert!(matches!(found[2], Reference::Unknown(_)));
    replay.played();
}

/// As anything else that may not be read: it would count as a reference to something else, and the copy in use as removable.
#[tokio::test]
async fn a_hidden_variable_is_an_error_where_its_reference_is_asked_for() {
    let mut hidden = configuration("hubs-rooms", "Successful");
    hidden["Environment"] = json!({"Error": {"ErrorCode": "AccessDeniedException"}});
    let (replay, environment) = script([get(&hidden), get(&hidden), get(&hidden)]);
    let target = &table().planned.resource.target;
    let reference = environment.reference(&variable_switch(), target).await;
    assert_eq!(reference.unwrap_err().name(), "AccessDenied");
    drop(replay);
    let (_, environment) = script([get(&hidden), get(&hidden)]);
    let holds = environment.holds_directory(&variable_switch(), "/a").await;
    assert_eq!(holds.unwrap_err().name(), "AccessDenied");
}
