#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::*;
use crate::domain::descriptor::Descriptor;
use crate::domain::hooks::HookRecord;
use crate::domain::set::RunRecord;
use crate::error::Fault;
use crate::hooks::{Call, HookDriver, HookProgress, Hooks};
use crate::runs::resuming::Resumed;
use crate::testing::{RecordedHooks, catalog, document, later, now, planned, record, run};

#[tokio::test]
async fn hooks_quiesce_in_order_and_the_run_knows() {
    let (catalog, _, run) = planned(&["offline", "drain"]).await;
    let hooks = RecordedHooks::all_well();
    let needs = Needs {
        catalog,
        hooks: Hooks::all(hooks.clone()),
    };
    let output = handle(
        &needs,
        Input {
            run: run.clone(),
            now: now(),
        },
    )
    .await
    .unwrap();
    assert_eq!(output.quiesced, ["offline", "drain"]);
    assert_eq!(hooks.calls(), ["quiesce offline", "quiesce drain"]);
    let record = needs.catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
    assert_eq!(record.quiesced_at, Some(now()));
}

#[tokio::test]
async fn a_run_whose_first_hook_fails_is_known_as_quiesced() {
    let (catalog, _, run) = planned(&["offline", "drain"]).await;
    let hooks = RecordedHooks::failing("offline", 1);
    let needs = Needs {
        catalog,
        hooks: Hooks::all(hooks.clone()),
    };
    let error = handle(
        &needs,
        Input {
            run: run.clone(),
            now: now(),
        },
    )
    .await
    .unwrap_err();
    assert_eq!(error.name(), "JobFailed");
    assert_eq!(hooks.calls(), ["quiesce offline"]);
    let record = needs.catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
    assert_eq!(record.quiesced_at, Some(now()));
}

#[tokio::test]
async fn a_hook_whose_function_is_missing_brought_nothing_to_rest() {
    for (missing, begun) in [("offline", vec![]), ("drain", vec!["offline".to_owned()])] {
        let (catalog, _, run) = planned(&["offline", "drain"]).await;
        let needs = Needs {
            catalog,
            hooks: Hooks::all(RecordedHooks::missing(missing)),
        };
        let input = Input {
            run: run.clone(),
            now: now(),
        };
        let error = handle(&needs, input).await.unwrap_err();
        assert_eq!(error.name(), "NotFound");
        let record = needs.catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
        assert_eq!(record.rested_at().is_some(), !begun.is_empty());
        let recorded: Vec<String> = record.quiescing_hooks().map(|hook| hook.name.clone()).collect();
        assert_eq!(recorded, begun);
        // A hook that did not begin is not resumed.
        let well = RecordedHooks::all_well();
        let brought_back = crate::runs::resuming::resume(&needs.catalog, &Hooks::all(well), &run, now()).await;
        let resumed = match brought_back.unwrap() {
            Resumed::Done(hooks) => hooks,
            _ => Vec::new(),
        };
        assert_eq!(resumed, begun);
    }
}

/// Hooks during whose first call the run is aborted and cleaned up.
struct Aborted {
    catalog: Catalog,
    hooks: Arc<RecordedHooks>,
    marks: Vec<RunMilestone>,
    /// A hook that begins to resume the application.
    begins: Option<Hook>,
}

#[async_trait::async_trait]
impl HookDriver for Aborted {
    async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
        let run = call.run;
        if self.hooks.calls().is_empty() {
            for mark in &self.marks {
                self.catalog
                    .mark_run(&run.deployment, &run.id, *mark, now())
                    .await
                    .unwrap();
            }
            if let Some(hook) = &self.begins {
                let hooks = Hooks::all(self.hooks.clone());
                let mut log = HookLog::of(&self.catalog, &hooks, run, now()).await?;
                log.begin(hook, HookPhase::Resume).await?;
            }
        }
        self.hooks.act(call).await
    }

    async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
        self.hooks.undo(call).await
    }

    async fn check(&self, hook: &Hook) -> Result<Option<Fault>> {
        self.hooks.check(hook).await
    }
}

#[tokio::test]
async fn an_abort_between_two_hooks_brings_back_what_the_first_brought_to_rest() {
    for marks in [
        vec![RunMilestone::Ended],
        vec![RunMilestone::Ended, RunMilestone::Resumed],
        vec![RunMilestone::Resumed],
    ] {
        for hooks in [RecordedHooks::all_well(), RecordedHooks::failing("offline", 1)] {
            let (catalog, _, run) = planned(&["offline", "drain"]).await;
            let aborted = Aborted {
                catalog: catalog.clone(),
                hooks: hooks.clone(),
                marks: marks.clone(),
                begins: None,
            };
            let needs = Needs {
                catalog,
                hooks: Hooks::all(Arc::new(aborted)),
            };
            let input = Input {
                run: run.clone(),
                now: now(),
            };
            let error = handle(&needs, input).await.unwrap_err();
            assert_eq!(error.name(), "Conflict", "{error}");
            assert!(error.to_string().contains(&run.id), "{error}");
            assert_eq!(hooks.calls(), ["quiesce offline", "resume offline"], "{marks:?}");
        }
    }
}

/// The run may end before this call has come to the first hook.
#[tokio::test]
async fn an_abort_brings_back_what_began_in_earlier_calls() {
    let (catalog, _, run) = planned(&["offline", "drain"]).await;
    let hooks = RecordedHooks::busy("quiesce drain", 9);
    let needs = Needs {
        catalog: catalog.clone(),
        hooks: Hooks::all(hooks.clone()),
    };
    let input = Input {
        run: run.clone(),
        now: now(),
    };
    handle(&needs, input).await.unwrap();
    let lists = catalog.planned_by(&run).await.unwrap().hooks;
    let mut log = HookLog::of(&catalog, &needs.hooks, &run, now()).await.unwrap();
    resume_again(&mut log, &catalog, &run, &lists).await.unwrap();
    assert_eq!(hooks.calls()[2..], ["resume drain", "resume offline"]);
    let record = catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
    assert!(record.resumed_at.is_some());
}

#[tokio::test]
async fn an_abort_is_resumed_by_the_hooks_that_resume() {
    let hook = |name: &str| json!({"name": name, "kind": "lambda", "function": name});
    let mut document = document("hubs-prod", &[]);
    document["hooks"] = json!({ "quiesce": [hook("offline")], "resume": [hook("online")] });
    for cleaned_up in [false, true] {
        let ((catalog, _), run) = (catalog(), run());
        catalog
            .put_run(&record(&run), &Descriptor::parse(&document).unwrap())
            .await
            .unwrap();
        let hooks = RecordedHooks::all_well();
        let online = Descriptor::parse(&document).unwrap().hooks.resume.remove(0);
        let needs = Needs {
            catalog: catalog.clone(),
            hooks: Hooks::all(Arc::new(Aborted {
                catalog: catalog.clone(),
                hooks: hooks.clone(),
                marks: if cleaned_up { vec![] } else { vec![RunMilestone::Ended] },
                begins: cleaned_up.then_some(online),
            })),
        };
        let input = Input {
            run: run.clone(),
            now: now(),
        };
        assert_eq!(handle(&needs, input).await.unwrap_err().name(), "Conflict");
        assert_eq!(hooks.calls(), ["quiesce offline", "resume online"], "{cleaned_up}");
        let recorded = catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
        assert!(recorded.resumed_at.is_some());
    }
}

#[tokio::test]
async fn a_hook_that_does_not_bring_back_an_ended_run_is_tried_again_and_then_known() {
    let (catalog, _, run) = planned(&["offline"]).await;
    let hooks = RecordedHooks::failing_to("resume", "offline", 9);
    let aborted = Aborted {
        catalog: catalog.clone(),
        hooks: hooks.clone(),
        marks: vec![RunMilestone::Ended],
        begins: None,
    };
    let needs = Needs {
        catalog,
        hooks: Hooks::all(Arc::new(aborted)),
    };
    let input = Input {
        run: run.clone(),
        now: now(),
    };
    let error = handle(&needs, input).await.unwrap_err();
    assert_eq!(error.name(), "Conflict", "{error}");
    assert!(error.to_string().contains("at rest"), "{error}");
    assert_eq!(hooks.calls().len(), 4);
    let record = needs.catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
    assert_eq!((record.resumed_at, record.warnings.len()), (None, 1));
}

#[tokio::test]
async fn an_ended_run_is_not_quiesced_again() {
    let (catalog, _, run) = planned(&["offline"]).await;
    catalog
        .mark_run(&run.deployment, &run.id, RunMilestone::Ended, now())
        .await
        .unwrap();
    let hooks = RecordedHooks::all_well();
    let needs = Needs {
        catalog,
        hooks: Hooks::all(hooks.clone()),
    };
    let input = Input {
        run: run.clone(),
        now: now(),
    };
    let error = handle(&needs, input).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("holdfast backup hubs-prod"), "{error}");
    assert!(hooks.calls().is_empty());
    let record = needs.catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
    assert_eq!(record.quiesced_at, None);
}

#[tokio::test]
async fn a_hook_that_takes_time_is_looked_at_until_it_is_done() {
    let (catalog, _, run) = planned(&["offline", "drain"]).await;
    let hooks = RecordedHooks::busy("quiesce offline", 2);
    let needs = Needs {
        catalog,
        hooks: Hooks::all(hooks.clone()),
    };
    let at = |seconds| Input {
        run: run.clone(),
        now: later(seconds),
    };
    for seconds in [0, 1] {
        let output = handle(&needs, at(seconds)).await.unwrap();
        assert_eq!((output.status, output.wait_seconds), (JobStatus::InProgress, Some(1)));
    }
    let output = handle(&needs, at(2)).await.unwrap();
    assert_eq!((output.status, output.quiesced.len()), (JobStatus::Succeeded, 2));
    assert_eq!(hooks.calls()[2..], ["quiesce offline", "quiesce drain"]);
    let record = needs.catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
    let done: Vec<_> = record.quiescing_hooks().map(|hook| hook.done_at).collect();
    assert_eq!(done, [Some(later(2)), Some(later(2))]);
    assert_eq!(record.quiesced_at, Some(now()), "the window begins with the first call");
}

#[tokio::test]
async fn a_hook_that_does_not_quiesce_in_time_fails_and_is_resumed() {
    let (catalog, _, run) = planned(&["offline"]).await;
    let hooks = RecordedHooks::busy("quiesce offline", 9);
    let needs = Needs {
        catalog,
        hooks: Hooks::all(hooks.clone()),
    };
    for (seconds, ends) in [(0, false), (60, true)] {
        let input = Input {
            run: run.clone(),
            now: later(seconds),
        };
        let error = handle(&needs, input).await.err();
        assert_eq!(error.map(|error| error.name()), ends.then_some("DeadlineExceeded"));
    }
    let record = needs.catalog.run(&run.deployment, &run.id).await.unwrap().unwrap();
    assert!(record.rested_at().is_some() && record.resumed_at.is_none());
}

/// A run that has ended, and whose hook is being undone.
async fn resuming_run(catalog: &Catalog, run: &Run) {
    let descriptor = catalog.planned_by(run).await.unwrap();
    let mut offline = HookRecord::begun("offline", HookPhase::Quiesce, json!(null), now());
    offline.undo_begun_at = Some(now());
    let earlier = RunRecord {
        id: "earlier".to_owned(),
        quiesced_at: Some(now()),
        ended_at: Some(now()),
        hooks: Some(vec![offline]),
        ..record(run)
    };
    catalog.put_run(&earlier, &descriptor).await.unwrap();
}

/// Its undo, which nobody stops, would resume what this run brings to rest.
#[tokio::test]
async fn nothing_is_quiesced_while_an_earlier_run_still_resumes() {
    let (catalog, _, run) = planned(&["offline"]).await;
    resuming_run(&catalog, &run).await;
    let hooks = RecordedHooks::all_well();
    let needs = Needs {
        catalog: catalog.clone(),
        hooks: Hooks::all(hooks.clone()),
    };
    let at = |seconds| Input {
        run: run.clone(),
        now: later(seconds),
    };
    let output = handle(&needs, at(60)).await.unwrap();
    assert_eq!((output.status, output.wait_seconds), (JobStatus::InProgress, Some(10)));
    assert!(hooks.calls().is_empty(), "{:?}", hooks.calls());
    catalog
        .mark_run(&run.deployment, "earlier", RunMilestone::Resumed, later(65))
        .await
        .unwrap();
    assert_eq!(handle(&needs, at(70)).await.unwrap().status, JobStatus::Succeeded);
    assert_eq!(hooks.calls(), ["quiesce offline"]);
}

#[tokio::test]
async fn a_clean_up_that_was_cut_off_holds_up_no_run_for_longer_than_a_function_runs() {
    let (catalog, _, run) = planned(&["offline"]).await;
    resuming_run(&catalog, &run).await;
    let hooks = Hooks::all(RecordedHooks::all_well());
    let input = Input { run, now: later(900) };
    let output = handle(&Needs { catalog, hooks }, input).await.unwrap();
    assert_eq!(output.status, JobStatus::Succeeded);
}

/// Otherwise the undo of a cut-over would close the database that nobody uses, and leave the copy open while it switches back.
#[tokio::test]
async fn what_is_brought_to_rest_after_a_cut_over_is_what_the_application_uses_now() {
    /// The clusters on which a hook acts.
    struct Places(Mutex<Vec<String>>);

    #[async_trait::async_trait]
    impl HookDriver for Places {
        async fn check(&self, _: &Hook) -> Result<Option<Fault>> {
            Ok(None)
        }

        async fn act(&self, call: Call<'_>) -> Result<HookProgress> {
            let place = call.hook.place.as_ref().unwrap();
            self.0.lock().unwrap().push(place.target.identifier().to_owned());
            Ok(HookProgress::Done)
        }

        async fn undo(&self, call: Call<'_>) -> Result<HookProgress> {
            self.act(call).await
        }
    }

    let of_cluster = |cluster: &str| {
        let mut document = document("hubs-prod", &[]);
        document["resources"]["database"] = json!({ "kind": "aurora", "cluster": cluster });
        document["hooks"] = json!([{
            "name": "access", "kind": "sql", "resource": "database", "database": "app", "secret": "hubs/admin", "close": true,
        }]);
        Descriptor::parse(&document).unwrap()
    };
    let ((catalog, _), run) = (catalog(), run());
    catalog.put_run(&record(&run), &of_cluster("hubs-db")).await.unwrap();
    catalog.put_descriptor(&of_cluster("hubs-db-r1")).await.unwrap();
    let places = Arc::new(Places(Mutex::default()));
    let hooks = Hooks::all(places.clone());
    handle(&Needs { catalog, hooks }, Input { run, now: now() })
        .await
        .unwrap();
    assert_eq!(*places.0.lock().unwrap(), ["hubs-db-r1"]);
}
