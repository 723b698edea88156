#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::catalog::RunMilestone;
use crate::domain::message::Event;
use crate::domain::restore::RestoreStatus;
use crate::testing::restored::{items, record, restoring, run};
use crate::testing::{Inbox, later, now};

const STACKS: &str = "arn:stack";

async fn asking(inbox: &Arc<Inbox>) -> Needs {
    let run = run();
    let planned = record(&run, RestoreStatus::Planned, &json!({"approval": true}));
    let (catalog, ..) = restoring(&planned, &items(&run, "planned"), &[]).await;
    Needs {
        catalog,
        topic: inbox.clone(),
        stacks_topic: STACKS.into(),
        patience: patience(None).unwrap(),
    }
}

fn input(about: About, token: &str, now: Timestamp) -> Input {
    Input {
        run: run(),
        about,
        token: token.into(),
        now,
    }
}

async fn question(needs: &Needs) -> Question {
    let run = run();
    let record = needs.catalog.known_restore(&run.deployment, &run.id).await.unwrap();
    record.question.unwrap()
}

#[tokio::test]
async fn on_call_is_asked_once_and_the_newest_token_is_kept() {
    let inbox = Inbox::open();
    let needs = asking(&inbox).await;
    let until = now() + SignedDuration::from_hours(24);
    for token in ["token-one", "token-two"] {
        let output = handle(&needs, input(About::Plan, token, now())).await.unwrap();
        assert_eq!(output.until, until);
        let question = question(&needs).await;
        assert_eq!((question.about, question.token.as_str()), (About::Plan, token));
        assert_eq!(
            (question.asked_at, question.until, question.notified_at),
            (now(), until, Some(now()))
        );
    }
    let sent = inbox.messages();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].1.event, Event::RestoreAsks);
    assert!(sent[0].1.text.contains(&format!("holdfast approve {}", run().id)));
    assert!(!format!("{sent:?}").contains("token-"), "{sent:?}");
}

#[tokio::test]
async fn a_question_that_was_not_told_is_told_again() {
    let refusing = Inbox::refusing(STACKS, Error::Throttled("slow down".into()));
    let mut needs = asking(&refusing).await;
    let error = handle(&needs, input(About::CutOver, "one", now())).await.unwrap_err();
    assert_eq!(error.name(), "Throttled");
    assert_eq!(question(&needs).await.notified_at, None);
    let inbox = Inbox::open();
    needs.topic = inbox.clone();
    handle(&needs, input(About::CutOver, "two", later(5))).await.unwrap();
    assert_eq!(inbox.messages().len(), 1);
    assert_eq!(question(&needs).await.notified_at, Some(later(5)));
}

#[tokio::test]
async fn another_question_and_one_whose_time_is_over_are_asked_anew() {
    let inbox = Inbox::open();
    let needs = asking(&inbox).await;
    handle(&needs, input(About::Plan, "one", now())).await.unwrap();
    handle(&needs, input(About::CutOver, "two", later(60))).await.unwrap();
    assert_eq!(inbox.messages().len(), 2);
    let day_after = later(60) + SignedDuration::from_hours(24);
    handle(&needs, input(About::CutOver, "three", day_after)).await.unwrap();
    assert_eq!(inbox.messages().len(), 3);
    assert_eq!(question(&needs).await.asked_at, day_after);
}

#[tokio::test]
async fn a_run_that_has_ended_asks_nothing() {
    let inbox = Inbox::open();
    let needs = asking(&inbox).await;
    let run = run();
    needs
        .catalog
        .mark_run(&run.deployment, &run.id, RunMilestone::Ended, now())
        .await
        .unwrap();
    let error = handle(&needs, input(About::Plan, "one", now())).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("holdfast restore hubs-prod"), "{error}");
    assert!(inbox.messages().is_empty());
    let record = needs.catalog.known_restore(&run.deployment, &run.id).await.unwrap();
    assert_eq!(record.question, None);
}

#[test]
fn patience_is_a_day_or_as_many_hours_as_the_setting_says() {
    assert_eq!(patience(None).unwrap(), SignedDuration::from_hours(24));
    assert_eq!(patience(Some("2".into())).unwrap(), SignedDuration::from_hours(2));
    for bad in ["0", "-1", "x", "9000", "1.5"] {
        let error = patience(Some(bad.into())).unwrap_err();
        assert!(error.to_string().contains("APPROVAL_HOURS"), "{error}");
    }
}
