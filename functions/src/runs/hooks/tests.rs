#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::json;

use super::*;
use crate::catalog::RunMilestone;
use crate::domain::descriptor::Descriptor;
use crate::domain::set::RunRecord;
use crate::error::Fault;
use crate::hooks::HookDriver;
use crate::runs::resuming::{Resumed, resume};
use crate::testing::{RecordedHooks, catalog, document, later, now, record, run};

/// A service with a desired count, and what its calls fail with.
#[derive(Default)]
struct Service {
    desired: Mutex<i64>,
    calls: Mutex<Vec<&'static str>>,
    observe: Option<fn() -> Error>,
    act: Option<fn() -> Error>,
    undo: Mutex<Option<fn() -> Error>>,
}

impl Service {
    fn called(&self, call: &'static str, error: Option<fn() -> Error>) -> Result<()> {
        self.calls.lock().unwrap().push(call);
        error.map_or(Ok(()), |error| Err(error()))
    }
}

#[async_trait]
impl HookDriver for Service {
    async fn check(&self, _: &Hook) -> Result<Option<Fault>> {
        Ok(None)
    }

    async fn observe(&self, _: &Hook) -> Result<Value> {
        self.called("observe", self.observe)?;
        Ok(json!({ "desired_count": *self.desired.lock().unwrap(), "suspended": null }))
    }

    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        self.called("act", self.act)?;
        if call.phase == HookPhase::Quiesce {
            *self.desired.lock().unwrap() = 0;
        }
        Ok(HookProgress::Done)
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        let error = *self.undo.lock().unwrap();
        self.called("undo", error)?;
        *self.desired.lock().unwrap() = call.before["desired_count"].as_i64().unwrap();
        Ok(HookProgress::Done)
    }
}

/// A catalog with the plan of one run after another, by a descriptor with this hook.
async fn plan(catalog: &Catalog, hook: &Value, nights: usize) -> (Hook, Vec<Run>) {
    plan_lists(catalog, json!([hook]), nights).await
}

async fn plan_lists(catalog: &Catalog, hooks: Value, nights: usize) -> (Hook, Vec<Run>) {
    let mut document = document("hubs-prod", &[]);
    document["hooks"] = hooks;
    let descriptor = Descriptor::parse(&document).unwrap();
    let mut runs = Vec::new();
    for night in 0..nights {
        let mut planned = run();
        planned.id = format!("{}-{night}", planned.id);
        planned.started_at = later(i64::try_from(night).unwrap() * 86_400);
        catalog.put_run(&record(&planned), &descriptor).await.unwrap();
        runs.push(planned);
    }
    (descriptor.hooks.quiesce[0].clone(), runs)
}

fn web() -> Value {
    json!({"name": "web", "kind": "ecs_scale", "cluster": "hubs", "service": "web"})
}

async fn quiesce(catalog: &Catalog, hooks: &Hooks, run: &Run, hook: &Hook) -> Result<Advance> {
    let mut log = HookLog::of(catalog, hooks, run, now()).await?;
    log.begin(hook, HookPhase::Quiesce).await?;
    catalog
        .mark_run(&run.deployment, &run.id, RunMilestone::Quiesced, now())
        .await?;
    match log.is_settled(hook) {
        true => Ok(Advance::Done),
        false => log.act(hook).await,
    }
}

async fn recorded(catalog: &Catalog, run: &Run) -> RunRecord {
    catalog.run(&run.deployment, &run.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn the_night_after_a_failed_resume_brings_back_what_was_there_before() {
    let (catalog, _) = catalog();
    let (hook, runs) = plan(&catalog, &web(), 3).await;
    let service = Arc::new(Service {
        desired: Mutex::new(3),
        ..Service::default()
    });
    let hooks = Hooks::all(service.clone());
    *service.undo.lock().unwrap() = Some(|| Error::AccessDenied("resuming: no".to_owned()));
    for stuck in &runs[..2] {
        quiesce(&catalog, &hooks, stuck, &hook).await.unwrap();
        resume(&catalog, &hooks, stuck, now()).await.unwrap_err();
        assert_eq!(recorded(&catalog, stuck).await.resumed_at, None);
    }
    *service.undo.lock().unwrap() = None;
    quiesce(&catalog, &hooks, &runs[2], &hook).await.unwrap();
    resume(&catalog, &hooks, &runs[2], now()).await.unwrap();
    assert_eq!(
        *service.desired.lock().unwrap(),
        3,
        "not the 0 that the second run found"
    );
}

/// A hook of the list `resume` succeeds, and a service stays at 0.
#[tokio::test]
async fn what_resume_hooks_were_to_turn_on_is_looked_at() {
    let (catalog, _) = catalog();
    let online = json!({"name": "online", "kind": "lambda", "function": "online"});
    let (hook, runs) = plan_lists(&catalog, json!({"quiesce": [web()], "resume": [online]}), 3).await;
    let service = Arc::new(Service {
        desired: Mutex::new(3),
        ..Service::default()
    });
    let hooks = Hooks::all(service.clone());
    quiesce(&catalog, &hooks, &runs[0], &hook).await.unwrap();
    for seconds in [0, 599] {
        let resumed = resume(&catalog, &hooks, &runs[0], later(seconds)).await.unwrap();
        let Resumed::InProgress { what, .. } = resumed else {
            panic!("{resumed:?}")
        };
        assert_eq!(what, ["what it turned off to be on again (hook web)"]);
    }
    let error = resume(&catalog, &hooks, &runs[0], later(600)).await.unwrap_err();
    let by_hand = "set the desired count of service web in cluster hubs to 3";
    assert!(error.to_string().ends_with(by_hand), "{error}");
    let left = recorded(&catalog, &runs[0]).await;
    assert_eq!(left.resumed_at, None);
    let left = left.hooks.unwrap().into_iter().find(|left| left.name == "web").unwrap();
    assert!(left.undo_failed && left.is_at_rest(), "{left:?}");
    assert_eq!(left.by_hand, by_hand);
    // Another count than before is no rest: a person or auto scaling has set it.
    *service.desired.lock().unwrap() = 2;
    let resumed = resume(&catalog, &hooks, &runs[0], later(700)).await.unwrap();
    assert_eq!(resumed, Resumed::Done(vec!["online".to_owned()]));
    let back = recorded(&catalog, &runs[0]).await;
    assert_eq!(back.resumed_at, Some(later(700)));
    let calls = service.calls.lock().unwrap();
    assert_eq!(
        calls.iter().filter(|call| **call == "act").count(),
        2,
        "`online` ran once: {calls:?}"
    );
}

#[tokio::test]
async fn another_target_of_the_same_hook_is_as_it_is_found() {
    let (catalog, _) = catalog();
    let (hook, runs) = plan(&catalog, &web(), 1).await;
    let service = Arc::new(Service {
        desired: Mutex::new(3),
        ..Service::default()
    });
    let hooks = Hooks::all(service.clone());
    quiesce(&catalog, &hooks, &runs[0], &hook).await.unwrap();
    let mut other = web();
    other["service"] = json!("worker");
    let (hook, later) = plan(&catalog, &other, 2).await;
    quiesce(&catalog, &hooks, &later[1], &hook).await.unwrap();
    let record = recorded(&catalog, &later[1]).await;
    assert_eq!(record.hooks.unwrap()[0].before["desired_count"], 0);
}

#[tokio::test]
async fn a_hook_that_may_fail_and_did_nothing_is_a_warning_and_not_undone() {
    let denied: fn() -> Error = || Error::AccessDenied("calling function: no".to_owned());
    let offline = json!({"name": "offline", "kind": "lambda", "function": "offline", "on_failure": "continue"});
    let mut web = web();
    web["on_failure"] = json!("continue");
    let observes = Service {
        observe: Some(denied),
        ..Service::default()
    };
    let acts = Service {
        act: Some(denied),
        ..Service::default()
    };
    for (hook, service, calls) in [
        (web, observes, vec!["observe"]),
        (offline, acts, vec!["observe", "act"]),
    ] {
        let (catalog, _) = catalog();
        let (hook, runs) = plan(&catalog, &hook, 1).await;
        let service = Arc::new(service);
        let hooks = Hooks::all(service.clone());
        assert_eq!(quiesce(&catalog, &hooks, &runs[0], &hook).await.unwrap(), Advance::Done);
        let record = recorded(&catalog, &runs[0]).await;
        assert_eq!(record.warnings[0].error, "AccessDenied");
        assert_eq!(record.rested_at(), None);
        resume(&catalog, &hooks, &runs[0], now()).await.unwrap();
        assert_eq!(*service.calls.lock().unwrap(), calls);
    }
}

#[tokio::test]
async fn a_hook_that_may_fail_is_passed_over_once_its_step_is_retried_no_more() {
    let lost: fn() -> Error = || Error::Unavailable("calling function: no response".to_owned());
    let hook = json!({"name": "offline", "kind": "lambda", "function": "offline", "on_failure": "continue"});
    let (catalog, _) = catalog();
    let (hook, runs) = plan(&catalog, &hook, 1).await;
    let service = Arc::new(Service {
        act: Some(lost),
        ..Service::default()
    });
    let hooks = Hooks::all(service.clone());
    assert_eq!(
        quiesce(&catalog, &hooks, &runs[0], &hook).await.unwrap_err().name(),
        "Unavailable"
    );
    assert_eq!(quiesce(&catalog, &hooks, &runs[0], &hook).await.unwrap(), Advance::Done);
    let record = recorded(&catalog, &runs[0]).await;
    assert_eq!(record.warnings[0].error, "Unavailable");
    assert!(record.rested_at().is_some(), "it may have had its effect");
    assert!(
        service
            .calls
            .lock()
            .unwrap()
            .iter()
            .filter(|call| **call == "act")
            .count()
            == 2
    );
}

/// A server whose first responses are lost, and the notes of each call.
#[derive(Default)]
struct Server {
    notes: Mutex<Vec<[Value; 2]>>,
    lost: Mutex<usize>,
}

impl Server {
    fn advance(&self, call: Call<'_>, undo: bool) -> Result<HookProgress> {
        let [own, other] = match undo {
            true => [call.undo_noted, call.noted],
            false => [call.noted, call.undo_noted],
        };
        self.notes.lock().unwrap().push([own.clone(), other.clone()]);
        if own.is_null() {
            return Ok(HookProgress::Noted(json!("sending")));
        }
        let mut lost = self.lost.lock().unwrap();
        if *lost > 0 {
            *lost -= 1;
            return Err(Error::Unavailable("the response was lost".to_owned()));
        }
        Ok(HookProgress::Done)
    }
}

#[async_trait]
impl HookDriver for Server {
    async fn check(&self, _: &Hook) -> Result<Option<Fault>> {
        Ok(None)
    }

    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        self.advance(call, false)
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        self.advance(call, true)
    }
}

#[tokio::test]
async fn what_a_hook_notes_is_recorded_before_it_continues_and_handed_to_its_later_calls() {
    let (catalog, _) = catalog();
    let (hook, runs) = plan(&catalog, &web(), 1).await;
    let server = Arc::new(Server::default());
    *server.lost.lock().unwrap() = 1;
    let hooks = Hooks::all(server.clone());
    assert_eq!(
        quiesce(&catalog, &hooks, &runs[0], &hook).await.unwrap_err().name(),
        "Unavailable"
    );
    let noted = async || {
        let hook = recorded(&catalog, &runs[0]).await.hooks.unwrap()[0].clone();
        [hook.noted, hook.undo_noted]
    };
    assert_eq!(noted().await, [json!("sending"), Value::Null]);
    quiesce(&catalog, &hooks, &runs[0], &hook).await.unwrap();
    let mut log = HookLog::of(&catalog, &hooks, &runs[0], now()).await.unwrap();
    assert_eq!(log.undo(&hook).await.unwrap(), Progress::Done);
    assert_eq!(noted().await, [json!("sending"), json!("sending")]);
    let (none, sending) = (Value::Null, json!("sending"));
    assert_eq!(
        *server.notes.lock().unwrap(),
        [
            [none.clone(), none.clone()],
            [sending.clone(), none.clone()],
            [sending.clone(), none.clone()],
            [none, sending.clone()],
            [sending.clone(), sending]
        ]
    );
}

/// A database that is gone when the run looks at it, and the names of the clusters on which it acts.
#[derive(Default)]
struct Database {
    gone: Mutex<bool>,
    opened: Mutex<Vec<(String, Value)>>,
}

#[async_trait]
impl HookDriver for Database {
    async fn check(&self, _: &Hook) -> Result<Option<Fault>> {
        Ok(None)
    }

    async fn observe(&self, _: &Hook) -> Result<Value> {
        Ok(match *self.gone.lock().unwrap() {
            true => json!({ "gone": true }),
            false => json!({ "connect": ["app"], "kept": ["admin"] }),
        })
    }

    async fn act(&self, _: Call<'_>) -> Result<HookProgress> {
        Ok(HookProgress::Done)
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        let place = call.hook.place.as_ref().unwrap();
        let opened = (place.target.identifier().to_owned(), call.before.clone());
        self.opened.lock().unwrap().push(opened);
        Ok(HookProgress::Done)
    }
}

fn access(cluster: &str) -> Value {
    let mut document = document("hubs-prod", &[]);
    document["resources"]["database"] = json!({"kind": "aurora", "cluster": cluster});
    document["hooks"] = json!([{
        "name": "access", "kind": "sql", "resource": "database", "database": "app", "secret": "hubs/admin", "close": true,
    }]);
    document
}

#[tokio::test]
async fn what_was_restored_in_place_of_a_database_that_is_gone_is_opened_as_it_was_at_the_last_run() {
    let (catalog, _) = catalog();
    let planned = Descriptor::parse(&access("hubs-db")).unwrap();
    let hook = planned.hooks.quiesce[0].clone();
    let database = Arc::new(Database::default());
    let hooks = Hooks::all(database.clone());
    for night in 0..3 {
        let mut run = run();
        run.id = format!("{}-{night}", run.id);
        run.started_at = later(night * 86_400);
        catalog.put_run(&record(&run), &planned).await.unwrap();
        *database.gone.lock().unwrap() = night > 0;
        quiesce(&catalog, &hooks, &run, &hook).await.unwrap();
        // A cut-over has changed what the resource is.
        let today = if night == 2 { "hubs-db-r1" } else { "hubs-db" };
        catalog
            .put_descriptor(&Descriptor::parse(&access(today)).unwrap())
            .await
            .unwrap();
        resume(&catalog, &hooks, &run, now()).await.unwrap();
    }
    let before = json!({ "connect": ["app"], "kept": ["admin"] });
    let mut gone = before.clone();
    gone["gone"] = json!(true);
    assert_eq!(
        *database.opened.lock().unwrap(),
        [
            ("hubs-db".to_owned(), before),
            ("hubs-db".to_owned(), gone.clone()),
            ("hubs-db-r1".to_owned(), gone)
        ]
    );
}

#[tokio::test]
async fn without_a_registered_deployment_a_hook_acts_as_planned() {
    let (catalog, _) = catalog();
    let planned = Descriptor::parse(&access("hubs-db")).unwrap();
    let database = Arc::new(Database::default());
    let hooks = Hooks::all(database.clone());
    let run = run();
    catalog.put_run(&record(&run), &planned).await.unwrap();
    quiesce(&catalog, &hooks, &run, &planned.hooks.quiesce[0])
        .await
        .unwrap();
    resume(&catalog, &hooks, &run, now()).await.unwrap();
    assert_eq!(database.opened.lock().unwrap()[0].0, "hubs-db");
}

/// A later run waits for it: clean-up is called again, and may then succeed.
#[tokio::test]
async fn an_undo_without_a_response_is_still_resuming_and_one_that_failed_is_not() {
    for (error, resuming) in [("Unavailable", true), ("JobFailed", false)] {
        let (catalog, _) = catalog();
        let (hook, runs) = plan(&catalog, &web(), 1).await;
        let well = Hooks::all(RecordedHooks::all_well());
        quiesce(&catalog, &well, &runs[0], &hook).await.unwrap();
        let server = Server::default();
        *server.lost.lock().unwrap() = 1;
        let hooks = match resuming {
            true => Hooks::all(Arc::new(server)),
            false => Hooks::all(RecordedHooks::failing_to("resume", "web", 1)),
        };
        let mut log = HookLog::of(&catalog, &hooks, &runs[0], now()).await.unwrap();
        assert_eq!(log.undo(&hook).await.unwrap_err().name(), error);
        let record = recorded(&catalog, &runs[0]).await.hooks.unwrap()[0].clone();
        assert_eq!(record.is_resuming(), resuming, "{record:?}");
        // The next attempt is one that resumes again, whatever the last one ended with.
        let server = Server::default();
        *server.lost.lock().unwrap() = 1;
        let hooks = Hooks::all(Arc::new(server));
        let mut log = HookLog::of(&catalog, &hooks, &runs[0], now()).await.unwrap();
        assert_eq!(log.undo(&hook).await.unwrap_err().name(), "Unavailable");
        let record = recorded(&catalog, &runs[0]).await.hooks.unwrap()[0].clone();
        assert!(record.is_resuming(), "{record:?}");
    }
}
