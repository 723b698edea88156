#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::hooks::HookPhase;
use crate::testing::hooks::{self, lists};
use crate::testing::replay::{Exchange, Replay, answers, cut, xml};
use crate::testing::run;

fn hook() -> Hook {
    let hook = json!({
        "name": "offline", "kind": "stack_parameter", "stack": "hubs", "parameter": "OfflineMode",
        "value": "Yes - Offline",
    });
    lists(json!([hook])).quiesce[0].clone()
}

fn stack_with(status: &str, value: &str, role: &str) -> Exchange {
    let body = format!(
        "<Stacks><member><StackName>hubs</StackName><StackStatus>{status}</StackStatus>{role}\
         <Capabilities><member>CAPABILITY_IAM</member></Capabilities>\
         <Parameters><member><ParameterKey>Domain</ParameterKey><ParameterValue>a.org</ParameterValue></member>\
         <member><ParameterKey>OfflineMode</ParameterKey><ParameterValue>{value}</ParameterValue></member></Parameters>\
         </member></Stacks>"
    );
    xml("DescribeStacks", &body)
}

fn stack(status: &str, value: &str) -> Exchange {
    stack_with(
        status,
        value,
        "<RoleARN>arn:aws:iam::000000000000:role/hubs-deploy</RoleARN>",
    )
}

fn events(token: &str) -> Exchange {
    let event = |status: &str, reason: &str, token: &str| {
        format!(
            "<member><LogicalResourceId>App</LogicalResourceId><ResourceStatus>{status}</ResourceStatus>\
             <ResourceStatusReason>{reason}</ResourceStatusReason><ClientRequestToken>{token}</ClientRequestToken></member>"
        )
    };
    let body = format!(
        "<StackEvents>{}{}{}</StackEvents>",
        event("UPDATE_ROLLBACK_COMPLETE", "", token),
        event("UPDATE_FAILED", "no capacity for t3.medium", token),
        event("UPDATE_FAILED", "of another update", "console-1")
    );
    xml("DescribeStackEvents", &body)
}

fn refused(action: &str, message: &str) -> Exchange {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    answers(action, body).with_status(400)
}

async fn called(undo: bool, script: Vec<Exchange>) -> (Result<HookProgress>, Replay) {
    let replay = Replay::new(script);
    let driver = StackParameterHook::from_config(&replay.config());
    let progress = hooks::called(&driver, &hook(), undo, &json!({ "value": "No - Online" })).await;
    (progress, replay)
}

fn our_token(undo: bool) -> String {
    let (hook, run) = (hook(), run());
    let call = Call {
        hook: &hook,
        run: &run,
        phase: HookPhase::Quiesce,
        before: &Value::Null,
        attempt: 0,
        noted: &Value::Null,
        undo_noted: &Value::Null,
        is_working: true,
    };
    token(call, undo)
}

#[tokio::test]
async fn one_parameter_changes_and_everything_else_stays() {
    for (undo, present, wanted) in [
        (false, "No - Online", "Yes - Offline"),
        (true, "Yes - Offline", "No - Online"),
    ] {
        let script = vec![
            stack("UPDATE_COMPLETE", present),
            events("another"),
            xml("UpdateStack", "<StackId>arn</StackId>"),
        ];
        let (progress, replay) = called(undo, script).await;
        assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
        let played = replay.played();
        let field = |name: &str| played[2].field(name).unwrap_or_default();
        assert_eq!(field("UsePreviousTemplate"), "true");
        assert_eq!(field("Parameters.member.1.UsePreviousValue"), "true");
        assert_eq!(field("Parameters.member.2.ParameterKey"), "OfflineMode");
        assert_eq!(field("Parameters.member.2.ParameterValue"), wanted);
        assert_eq!(field("Capabilities.member.1"), "CAPABILITY_IAM");
        assert_eq!(field("RoleARN"), "", "the stack's own");
        assert_eq!(field("ClientRequestToken"), our_token(undo));
    }
}

#[tokio::test]
async fn it_is_done_when_the_stack_has_the_value_and_rests() {
    for (status, value, done) in [
        ("UPDATE_IN_PROGRESS", "Yes - Offline", false),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "Yes - Offline", false),
        ("UPDATE_COMPLETE", "Yes - Offline", true),
    ] {
        let (progress, replay) = called(false, vec![stack(status, value)]).await;
        assert_eq!(progress.unwrap() == HookProgress::Done, done, "{status}");
        assert_eq!(replay.played().len(), 1);
    }
}

#[tokio::test]
async fn an_update_that_was_rolled_back_is_a_failure_with_its_first_cause() {
    let script = vec![
        stack("UPDATE_ROLLBACK_COMPLETE", "No - Online"),
        events(&our_token(false)),
    ];
    let (progress, replay) = called(false, script).await;
    let error = progress.unwrap_err();
    assert_eq!(error.name(), "JobFailed");
    assert!(error.to_string().contains("App: no capacity for t3.medium"), "{error}");
    assert_eq!(replay.played().len(), 2, "it is not updated again");
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_is_not_begun_twice() {
    let script = vec![
        stack("UPDATE_COMPLETE", "No - Online"),
        events("another"),
        cut("UpdateStack"),
    ];
    let (progress, _) = called(false, script).await;
    assert_eq!(progress.unwrap_err().name(), "Unavailable");
    let (progress, replay) = called(false, vec![stack("UPDATE_IN_PROGRESS", "No - Online")]).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
    assert_eq!(replay.played().len(), 1);
}

#[tokio::test]
async fn what_could_not_be_changed_or_put_back_is_a_fault() {
    let gone = refused("DescribeStacks", "Stack with id hubs does not exist");
    for (answer, said) in [
        (gone, "hubs, which does not exist"),
        (stack_with("UPDATE_COMPLETE", "No - Online", ""), "no service role"),
        (stack("UPDATE_COMPLETE", "****"), "whose value is hidden"),
    ] {
        let replay = Replay::new([answer]);
        let fault = StackParameterHook::from_config(&replay.config())
            .check(&hook())
            .await
            .unwrap();
        assert!(
            fault.as_ref().is_some_and(|fault| fault.value.contains(said)),
            "{said}: {fault:?}"
        );
    }
    // With the hook's own value, an earlier run could not resume the application: the next one must be able to.
    for value in ["No - Online", "Yes - Offline"] {
        let replay = Replay::new([stack("UPDATE_COMPLETE", value)]);
        let driver = StackParameterHook::from_config(&replay.config());
        assert_eq!(driver.check(&hook()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_stack_that_somebody_else_updates_meanwhile_is_waited_for() {
    let busy = "Stack:arn is in UPDATE_IN_PROGRESS state and can not be updated.";
    let script = vec![
        stack("UPDATE_COMPLETE", "Yes - Offline"),
        events("another"),
        refused("UpdateStack", busy),
    ];
    let (progress, _) = called(true, script).await;
    assert!(matches!(progress.unwrap(), HookProgress::InProgress(_)));
}

#[tokio::test]
async fn an_update_that_changes_nothing_is_done_if_somebody_else_has_made_it_meanwhile() {
    for (then, ends) in [("No - Online", None), ("Yes - Offline", Some("JobFailed"))] {
        let script = vec![
            stack("UPDATE_COMPLETE", "Yes - Offline"),
            events("another"),
            refused("UpdateStack", "No updates are to be performed."),
            stack("UPDATE_COMPLETE", then),
        ];
        let (progress, _) = called(true, script).await;
        assert_eq!(progress.err().map(|error| error.name()), ends, "{then}");
    }
}
