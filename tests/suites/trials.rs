//! The generic trials, over the whole backup: every step twice; every AWS call of every function failing in every way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::dataset::Sizes;
use holdfast_tests::lab::Lab;
use holdfast_tests::surroundings::Surroundings;
use libtest_mimic::Trial;
use reqwest::Method;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::hooks::function::create_function;
use crate::stage::{Stage, Stages};

/// How a call fails, and how often: once is within an SDK client's own retries, four times is beyond them.
pub const FAULTS: [(&str, &str, u32); 6] = [
    ("throttled", "throttle", 1),
    ("failed", "error_500", 1),
    ("cut_off_before_its_effect", "cut_before", 1),
    ("cut_off_after_its_effect", "cut_after", 1),
    ("failed_beyond_the_sdks_retries", "error_500", 4),
    ("cut_off_after_its_effect_beyond_the_sdks_retries", "cut_after", 4),
];

/// Until an execution has ended, or on-call was notified.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let trial = |(name, kind, times): (&str, &'static str, u32)| {
        stages.test(&format!("trials::every_call_{name}"), move |stage| {
            Box::pin(every_call(stage, kind, times))
        })
    };
    let mut tests: Vec<Trial> = FAULTS.into_iter().map(trial).collect();
    tests.push(stages.test("trials::every_step_twice_gives_one_effect", |stage| {
        Box::pin(twice(stage))
    }));
    tests
}

/// One call of a good run: the function, the service, the action, and its running number among the function's calls
/// of that action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub caller: String,
    pub service: String,
    pub action: String,
    pub nth: u32,
}

/// Each call of a good run is hit once. Functions fail independently of each other, so each run hits one call of each
/// function; a call that a run did not make is hit again in a run of its own.
async fn every_call(stage: &Stage, kind: &str, times: u32) -> Result<()> {
    let name = format!("try-{}-{times}", kind.replace('_', "-"));
    let subject = with_hook(stage, &name).await?;
    subject.back_up().await?;
    let first = good_run(&subject).await?;
    let second = good_run(&subject).await?;
    // A call that only one of them made is a retry or a matter of timing: other runs need not make it.
    let mut calls: BTreeMap<String, Vec<Call>> = BTreeMap::new();
    for call in first.into_iter().filter(|call| second.contains(call)) {
        calls.entry(call.caller.clone()).or_default().push(call);
    }
    ensure!(
        calls.len() >= 12,
        "a good run takes twelve functions and more: {calls:?}"
    );

    let mut waiting: Vec<VecDeque<Call>> = calls.into_values().map(VecDeque::from).collect();
    let mut missed = Vec::new();
    while waiting.iter().any(|calls| !calls.is_empty()) {
        let round: Vec<Call> = waiting.iter_mut().filter_map(VecDeque::pop_front).collect();
        missed.extend(hit(&subject, &round, kind, times).await?);
    }
    let mut never = BTreeSet::new();
    for call in missed {
        never.extend(hit(&subject, std::slice::from_ref(&call), kind, times).await?);
    }
    // How often a job is polled varies from run to run; every other call must have been hit.
    never.retain(|call| call.caller != "holdfast-poll-status");
    ensure!(never.is_empty(), "never hit: {never:?}");
    Ok(())
}

/// A deployment that keeps one set, so that each run deletes one, and that is quiesced and resumed.
async fn with_hook<'a>(stage: &'a Stage, name: &str) -> Result<Subject<'a>> {
    let function = format!("holdfast-hook-{name}");
    create_function(stage, &function).await?;
    Subject::create(stage, name, &Sizes::small(), |descriptor| {
        descriptor["keep"] = json!({ "last": 1 });
        descriptor["hooks"] = json!([{ "name": "offline", "kind": "lambda", "function": function }]);
    })
    .await
}

/// One run in which these calls fail; returns those that it did not make.
async fn hit(subject: &Subject<'_>, calls: &[Call], kind: &str, times: u32) -> Result<Vec<Call>> {
    let lab = &subject.stage.lab;
    let faults = Faults::inject(lab, calls, kind, times).await?;
    subject
        .back_up()
        .await
        .with_context(|| format!("{kind} x {times} at {calls:?}"))?;
    faults.missed().await
}

/// Rounds of calls that fail together: each once, and again by itself if a fault beside it kept it from being made.
pub struct Rounds(VecDeque<Vec<Call>>);

impl Rounds {
    pub fn new(rounds: impl IntoIterator<Item = Vec<Call>>) -> Self {
        Self(rounds.into_iter().collect())
    }

    pub fn next(&mut self) -> Option<Vec<Call>> {
        self.0.pop_front()
    }

    /// What a round did not make. In the end only a later look at what takes time may be missing.
    pub fn missed(&mut self, round: &[Call], missed: Vec<Call>) -> Result<()> {
        for call in missed.into_iter().filter(|call| call.nth == 1) {
            ensure!(round.len() > 1, "never hit: {call:?}");
            self.0.push_back(vec![call]);
        }
        Ok(())
    }
}

/// Calls that fail, until the lab is healed.
pub struct Faults<'a> {
    lab: &'a Lab,
    /// Each with its id.
    injected: Vec<(Call, u64)>,
    missed: Vec<Call>,
}

impl<'a> Faults<'a> {
    pub fn none(lab: &'a Lab) -> Self {
        Self {
            lab,
            injected: Vec::new(),
            missed: Vec::new(),
        }
    }

    /// Lets each of these calls fail.
    pub async fn inject(lab: &'a Lab, calls: &[Call], kind: &str, times: u32) -> Result<Self> {
        let mut faults = Self::none(lab);
        for call in calls {
            let Call {
                caller,
                service,
                action,
                nth,
            } = call;
            let rule = json!({ "service": service, "action": action, "caller": caller, "nth": nth, "times": times, "kind": kind });
            faults.injected.push((call.clone(), lab.inject(rule).await?));
        }
        Ok(faults)
    }

    /// Heals the lab, which then forgets how often each fault was reached.
    async fn heal(&mut self) -> Result<()> {
        for (call, fault) in std::mem::take(&mut self.injected) {
            if self.lab.hits(fault).await? == 0 {
                self.missed.push(call);
            }
        }
        self.lab.heal().await
    }

    /// Heals the lab; returns the calls that were not made.
    pub async fn missed(mut self) -> Result<Vec<Call>> {
        self.heal().await?;
        Ok(self.missed)
    }

    /// Undoes a restore or its cut-over, with the faults; if that fails, on-call is notified, and without them it can be done again.
    pub async fn undo(&mut self, subject: &Subject<'_>, output: &str, id: &str) -> Result<()> {
        subject.inbox.take().await?;
        let undone = subject.undo(output, id).await?;
        if undone.status == "SUCCEEDED" {
            return Ok(());
        }
        let mail = subject.inbox.about(&subject.dataset.name, PATIENCE).await;
        mail.with_context(|| format!("on-call is notified: {undone:?}"))?;
        self.heal().await?;
        let again = subject.undo(output, id).await?;
        ensure!(again.status == "SUCCEEDED", "{undone:?}, then {again:?}");
        Ok(())
    }
}

/// The calls of one good run, in order.
async fn good_run(subject: &Subject<'_>) -> Result<Vec<Call>> {
    let mark = subject.stage.lab.ledger_position().await?;
    let (ended, _, _) = subject.back_up().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    calls_since(subject.stage, mark, &["holdfast-poll-status"]).await
}

/// A call that most runs do not make: the metrics of copies are read once a whole minute has passed since the restore's end.
/// Its failures are covered by the unit tests of `undo_restore`.
const TIMED: (&str, &str) = ("monitoring", "GetMetricStatistics");

/// The functions' calls since entry `mark` of the ledger, in order. Of functions that `look` at jobs, only the first two of
/// each action: further ones are the same.
pub async fn calls_since(stage: &Stage, mark: u64, look: &[&str]) -> Result<Vec<Call>> {
    let mut counts: BTreeMap<(String, String, String), u32> = BTreeMap::new();
    let mut calls = Vec::new();
    for call in stage.lab.ledger(mark).await? {
        let field = |name: &str| text(&call, name).map(str::to_owned);
        let (caller, service, action) = (field("/caller")?, field("/service")?, field("/action")?);
        if !caller.starts_with("holdfast-") || (service.as_str(), action.as_str()) == TIMED {
            continue;
        }
        let nth = counts
            .entry((caller.clone(), service.clone(), action.clone()))
            .or_default();
        *nth += 1;
        if *nth <= 2 || !look.contains(&caller.as_str()) {
            calls.push(Call {
                caller,
                service,
                action,
                nth: *nth,
            });
        }
    }
    Ok(calls)
}

/// The same machine, in which every Task runs twice, the first time with its result discarded.
async fn twice(stage: &Stage) -> Result<()> {
    let name = "try-twice";
    let surroundings = Surroundings::create(&stage.lab, name).await?;
    let subject = Subject::create(stage, name, &Sizes::small(), |descriptor| {
        descriptor["keep"] = json!({ "last": 1 });
        descriptor["hooks"] = json!({ "quiesce": surroundings.hooks_with_stack() });
    })
    .await?;
    stage
        .lab
        .control(Method::PUT, "durations", Some(json!({ "delete": 0.0 })))
        .await?;
    subject.back_up().await?;
    let (ended, set, _) = doubled(stage, "BackupStateMachineArn", subject.back_up()).await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}");
    let sealed = subject.records.sets(&subject.dataset.name).await?;
    ensure!(
        sealed.len() == 1 && Some(&sealed[0]) == set.as_ref(),
        "`last: 1` keeps the newest set and nothing else: {sealed:?}"
    );
    let maintenance = surroundings.maintenance();
    ensure!(
        maintenance == ["on", "off"].repeat(2),
        "in two backups: {maintenance:?}"
    );
    surroundings.ensure_back().await
}

/// The result of `work` while every Task of a machine runs twice, the first time with its result discarded.
pub async fn doubled<T>(stage: &Stage, output: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    changed(stage, output, double, work).await
}

/// The result of `work` while a machine is replaced.
pub async fn changed<T>(
    stage: &Stage,
    output: &str,
    change: impl Fn(&mut Value),
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let machine = stage.stack.output(output)?;
    let described = stage
        .aws
        .json(
            "states",
            "AWSStepFunctions.DescribeStateMachine",
            json!({ "stateMachineArn": machine }),
        )
        .await?;
    let real = text(&described, "/definition")?.to_owned();
    let mut other: Value = serde_json::from_str(&real)?;
    change(&mut other);
    update(stage, machine, &other.to_string()).await?;
    let outcome = work.await;
    update(stage, machine, &real).await?;
    outcome
}

/// Inserts a copy before every Task, with its result discarded.
fn double(machine: &mut Value) {
    let Some(states) = machine["States"].as_object_mut() else {
        return;
    };
    let names: Vec<String> = states.keys().cloned().collect();
    for name in names {
        if states[&name]["Type"] == "Map" {
            double(&mut states[&name]["ItemProcessor"]);
        }
        // A Task that waits for an answer would wait for a second one.
        if states[&name]["Resource"] == "arn:${Partition}:states:::lambda:invoke" {
            let second = format!("{name}Again");
            let again = states[&name].clone();
            let first = &mut states[&name];
            first["Output"] = json!("{% $states.input %}");
            first["Next"] = json!(second);
            if let Some(fields) = first.as_object_mut() {
                fields.remove("Assign");
                fields.remove("End");
            }
            states.insert(second, again);
        }
    }
}

async fn update(stage: &Stage, machine: &str, definition: &str) -> Result<()> {
    stage
        .aws
        .json(
            "states",
            "AWSStepFunctions.UpdateStateMachine",
            json!({ "stateMachineArn": machine, "definition": definition }),
        )
        .await
        .map(drop)
}
