//! Every kind of hook, in backups and restores, also with a failure in the middle.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::chat::Fault;
use holdfast_tests::dataset::{Sizes, create_table, put_items};
use holdfast_tests::executions::{ended, run, start};
use holdfast_tests::records::Records;
use holdfast_tests::surroundings::{Surroundings, create_machine};
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::function::create_function;
use crate::checks::Subject;
use crate::stage::{Stage, Stages};
use crate::trials::{Call, Faults, Rounds, calls_since};

const LIMIT: Duration = Duration::from_secs(120);

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let mut tests = vec![
        stages.test(
            "hooks::kinds::all_is_at_rest_during_a_backup_and_back_afterwards",
            |stage| Box::pin(at_rest(stage)),
        ),
        stages.test(
            "hooks::kinds::one_that_fails_in_the_middle_leaves_nothing_at_rest",
            |stage| Box::pin(failing(stage)),
        ),
        stages.test(
            "hooks::kinds::an_execution_that_is_stopped_leaves_nothing_at_rest",
            |stage| Box::pin(stopped(stage)),
        ),
        stages.test(
            "hooks::kinds::past_its_longest_time_the_application_resumes_and_the_set_says_so",
            |stage| Box::pin(limited(stage)),
        ),
        stages.test(
            "hooks::kinds::a_state_machine_follows_a_restore_and_its_failure_is_the_restores",
            |stage| Box::pin(followed(stage)),
        ),
    ];
    for fault in [Fault::Unavailable, Fault::Failed, Fault::Lost] {
        let name = format!("hooks::kinds::every_request_{fault:?}").to_lowercase();
        tests.push(stages.test(&name, move |stage| Box::pin(every_request(stage, fault))));
    }
    for (kind, times) in [("cut_before", 1), ("error_500", 4), ("cut_after", 1), ("cut_after", 4)] {
        let name = format!("hooks::kinds::every_call_{kind}_{times}_times");
        tests.push(stages.test(&name, move |stage| {
            Box::pin(every_call(stage, kind, times, Surroundings::hooks, [10, 8]))
        }));
    }
    for (kind, times) in [("error_500", 4), ("cut_after", 1)] {
        let name = format!("hooks::kinds::every_call_of_a_stack_{kind}_{times}_times");
        tests.push(stages.test(&name, move |stage| {
            let hook = |surroundings: &Surroundings| json!([surroundings.hook_of_stack()]);
            Box::pin(every_call(stage, kind, times, hook, [4, 4]))
        }));
    }
    tests
}

async fn resting<'a>(stage: &'a Stage, name: &str, longest: &str) -> Result<(Subject<'a>, Surroundings)> {
    let surroundings = Surroundings::create(&stage.lab, name).await?;
    let subject = Subject::create(stage, name, &Sizes::small(), |descriptor| {
        descriptor["hooks"] = json!({ "quiesce": surroundings.hooks_with_stack(), "max_quiesced": longest });
    })
    .await?;
    Ok((subject, surroundings))
}

async fn at_rest(stage: &Stage) -> Result<()> {
    let (subject, surroundings) = resting(stage, "kinds-rest", "15m").await?;
    stage.lab.set_durations(3.0).await?;
    let machine = stage.stack.output("BackupStateMachineArn")?;
    let mark = stage.lab.ledger_position().await?;
    subject.inbox.take().await?;
    let execution = start(&stage.aws, machine, &json!({ "deployment": subject.dataset.name })).await?;
    until("a backup of the file system begins", LIMIT, || async {
        let calls = stage.lab.ledger(mark).await?;
        Ok(calls
            .iter()
            .any(|call| call["action"] == "StartBackupJob")
            .then_some(()))
    })
    .await?;
    ensure!(
        surroundings.is_at_rest().await?,
        "nothing is backed up before all is at rest"
    );
    let end = ended(&stage.aws, &execution, LIMIT).await?;
    let (set, mail) = subject.check(&end, mark).await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}: {}", mail.body);
    let set = set.context("no set")?;
    ensure!(set["quiesced_throughout"] == true, "{set}");
    surroundings.ensure_back().await?;
    let run = run_of(&subject, &set).await?;
    let hooks = run["hooks"].as_array().context("no hooks in the run")?;
    let ended = |hook: &Value| hook["done_at"].is_string() && hook["undone_at"].is_string();
    ensure!(hooks.len() == 6 && hooks.iter().all(ended), "{run}");
    ensure!(
        surroundings.maintenance() == ["on", "off"],
        "{:?}",
        surroundings.maintenance()
    );
    // The plan of a restore checks the same hooks.
    let end = subject
        .restore(json!({ "dry_run": true, "cut_over": "no", "only": ["database"] }))
        .await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}");
    Ok(())
}

async fn failing(stage: &Stage) -> Result<()> {
    let (subject, surroundings) = resting(stage, "kinds-fails", "15m").await?;
    surroundings.break_instance()?;
    let mark = stage.lab.ledger_position().await?;
    let (end, _, mail) = subject.back_up().await?;
    ensure!(end.status == "FAILED", "{end:?}");
    for part in ["maintenance", "exit code 1", "Quiesce"] {
        ensure!(mail.body.contains(part), "{part}: {}", mail.body);
    }
    ensure!(!mail.body.contains("QUIESCED"), "{}", mail.body);
    let calls = stage.lab.ledger(mark).await?;
    let started = calls
        .iter()
        .find(|call| call["action"] == "StartBackupJob" || call["action"] == "UpdateService");
    ensure!(
        started.is_none(),
        "what follows a hook that failed is not begun: {started:?}"
    );
    surroundings.ensure_back().await
}

async fn stopped(stage: &Stage) -> Result<()> {
    let (subject, surroundings) = resting(stage, "kinds-stopped", "15m").await?;
    stage.lab.set_durations(3.0).await?;
    let machine = stage.stack.output("BackupStateMachineArn")?;
    let mark = stage.lab.ledger_position().await?;
    subject.inbox.take().await?;
    let execution = start(&stage.aws, machine, &json!({ "deployment": subject.dataset.name })).await?;
    until("all is at rest", LIMIT, || async {
        Ok(surroundings.is_at_rest().await?.then_some(()))
    })
    .await?;
    let request = json!({ "executionArn": execution });
    stage
        .aws
        .json("states", "AWSStepFunctions.StopExecution", request)
        .await?;
    let end = ended(&stage.aws, &execution, LIMIT).await?;
    subject.check(&end, mark).await?;
    let back = until("all is back", LIMIT, || async {
        Ok(surroundings.ensure_back().await.ok())
    });
    match back.await {
        Ok(()) => Ok(()),
        // What is not back, rather than how long that was waited for.
        Err(_) => surroundings.ensure_back().await,
    }
}

/// The file system's job takes longer than the application may rest.
async fn limited(stage: &Stage) -> Result<()> {
    let (subject, surroundings) = resting(stage, "kinds-limit", "8s").await?;
    let durations = json!({ "backup_job": 25.0 });
    stage
        .lab
        .control(reqwest::Method::PUT, "durations", Some(durations))
        .await?;
    let (end, set, mail) = subject.back_up().await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}: {}", mail.body);
    let set = set.context("no set")?;
    ensure!(set["quiesced_throughout"] == false, "{set}");
    ensure!(mail.body.contains("not quiesced throughout"), "{}", mail.body);
    let storage = subject.records.points(&subject.dataset.name, &set).await?;
    let storage = storage
        .iter()
        .find(|point| point["resource"]["name"] == "storage")
        .context("no storage")?;
    let run = run_of(&subject, &set).await?;
    let time = |value: &Value| -> Result<jiff::Timestamp> { Ok(text(value, "")?.parse()?) };
    ensure!(
        time(&run["resumed_at"])? < time(&storage["finished_at"])?,
        "{run} {storage}"
    );
    surroundings.ensure_back().await
}

async fn run_of(subject: &Subject<'_>, set: &Value) -> Result<Value> {
    let runs = subject.records.items(&subject.dataset.name, "RUN#").await?;
    runs.into_iter().find(|run| run["id"] == set["id"]).context("no run")
}

/// A restore that is cut over, and the machine that follows it: first one that succeeds, then one that fails.
async fn followed(stage: &Stage) -> Result<()> {
    let name = "kinds-follow";
    let table = format!("{name}-rooms");
    create_table(&stage.aws, &table).await?;
    put_items(&stage.aws, &table, 20).await?;
    let records = Records::of(&stage.aws, &stage.stack)?;
    let inbox = stage.stack.inbox(&stage.aws, &format!("inbox-{name}")).await?;
    let good = create_machine(
        &stage.aws,
        &format!("{name}-good"),
        json!({ "Type": "Wait", "Seconds": 1, "End": true }),
    )
    .await?;
    let bad = json!({ "Type": "Fail", "Error": "IndexFailed", "Cause": "two documents are too large" });
    let bad = create_machine(&stage.aws, &format!("{name}-bad"), bad).await?;
    let function = format!("holdfast-hook-{name}");
    create_function(stage, &function).await?;
    let surroundings = Surroundings::create(&stage.lab, &format!("{name}-app")).await?;
    let parameter = format!("/{name}/table");
    let named = json!({ "Name": parameter, "Type": "String", "Value": table });
    stage.aws.json("ssm", "AmazonSSM.PutParameter", named).await?;
    let descriptor = json!({
        "deployment": name,
        "resources": { "rooms": { "kind": "dynamodb", "table": table } },
        "probes": { "rooms": { "resource": "rooms" } },
        "cut_over": [{ "name": "rooms", "kind": "parameter", "resource": "rooms", "parameter": parameter, "value": "table" }],
        "hooks": { "after_restore": [
            { "name": "index", "kind": "step_function", "state_machine": good, "input": { "index": "rooms" } },
            { "name": "cache", "kind": "lambda", "function": function },
            { "name": "smoke", "kind": "ssm_command", "tags": { "role": surroundings.name }, "commands": ["echo off >> maintenance"] },
            surroundings.index_hook(),
        ] },
    });
    records.apply(&descriptor).await?;
    let end = stage.back_up(name).await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}");
    let restore = stage.stack.output("RestoreStateMachineArn")?;
    inbox.take().await?;

    // Copies that stay beside the live resources are followed by nothing.
    let beside = run(
        &stage.aws,
        restore,
        &json!({ "deployment": name, "cut_over": "no" }),
        LIMIT,
    )
    .await?;
    ensure!(executions(stage, &good).await?.is_empty(), "{beside:?}");

    let end = run(
        &stage.aws,
        restore,
        &json!({ "deployment": name, "cut_over": "yes" }),
        LIMIT,
    )
    .await?;
    let mail = inbox.about(name, LIMIT).await?;
    ensure!(end.status == "SUCCEEDED", "{end:?}: {}", mail.body);
    let executed = executions(stage, &good).await?;
    ensure!(
        executed.len() == 1 && executed[0]["status"] == "SUCCEEDED",
        "{executed:?}"
    );
    ensure!(
        surroundings.maintenance() == ["off"],
        "{:?}",
        surroundings.maintenance()
    );
    ensure!(surroundings.chat.tasks() == [true], "{:?}", surroundings.chat.tasks());
    let input: Value = serde_json::from_str(text(&executed[0], "/input")?)?;
    ensure!(
        input["action"] == "after_restore" && input["input"]["index"] == "rooms",
        "{input}"
    );

    // The cut-over put the copy into the descriptor.
    let applied = records.items(name, "DESCRIPTOR").await?;
    let mut descriptor = applied[0]["document"].clone();
    descriptor["hooks"]["after_restore"][0]["state_machine"] = json!(bad);
    records.apply(&descriptor).await?;
    ensure!(stage.back_up(name).await?.status == "SUCCEEDED");
    inbox.take().await?;
    let end = run(
        &stage.aws,
        restore,
        &json!({ "deployment": name, "cut_over": "yes" }),
        LIMIT,
    )
    .await?;
    ensure!(end.status == "FAILED", "{end:?}");
    let mail = inbox.about(name, LIMIT).await?;
    for part in ["IndexFailed: two documents are too large", "undo-cut-over"] {
        ensure!(mail.body.contains(part), "{part}: {}", mail.body);
    }
    let leads = json!({ "Name": parameter });
    let value = stage.aws.json("ssm", "AmazonSSM.GetParameter", leads).await?;
    ensure!(
        value["Parameter"]["Value"] != table.as_str(),
        "what was switched stays switched: {value}"
    );
    Ok(())
}

/// The executions of a machine, with their input.
async fn executions(stage: &Stage, machine: &str) -> Result<Vec<Value>> {
    let request = json!({ "stateMachineArn": machine });
    let listed = stage
        .aws
        .json("states", "AWSStepFunctions.ListExecutions", request)
        .await?;
    let mut all = Vec::new();
    for execution in listed["executions"].as_array().into_iter().flatten() {
        let request = json!({ "executionArn": execution["executionArn"] });
        all.push(
            stage
                .aws
                .json("states", "AWSStepFunctions.DescribeExecution", request)
                .await?,
        );
    }
    Ok(all)
}

/// Every request to a server fails, or its response is lost, in backups of one small table: whatever happens, the server is back.
async fn every_request(stage: &Stage, fault: Fault) -> Result<()> {
    let name = format!("kinds-http-{fault:?}").to_lowercase();
    let table = format!("{name}-rooms");
    create_table(&stage.aws, &table).await?;
    put_items(&stage.aws, &table, 3).await?;
    let surroundings = Surroundings::create(&stage.lab, &name).await?;
    let (chat, records) = (&surroundings.chat, Records::of(&stage.aws, &stage.stack)?);
    let inbox = stage.stack.inbox(&stage.aws, &format!("inbox-{name}")).await?;
    let descriptor = json!({
        "deployment": name,
        "resources": { "rooms": { "kind": "dynamodb", "table": table } },
        "hooks": [surroundings.chat_hook()],
        "keep": { "last": 1, "daily": 0, "weekly": 0, "monthly": 0 },
    });
    records.apply(&descriptor).await?;
    ensure!(stage.back_up(&name).await?.status == "SUCCEEDED");
    let requests = chat.heal();
    ensure!(requests >= 4 && chat.keys().len() == 2, "{:?}", chat.keys());
    for number in 0..requests {
        let context = || format!("{fault:?} at request {number}");
        inbox.take().await?;
        let before = chat.keys().len();
        chat.fail(number, fault);
        let end = stage.back_up(&name).await.with_context(context)?;
        chat.heal();
        if end.status != "SUCCEEDED" {
            inbox.about(&name, LIMIT).await.with_context(context)?;
        }
        ensure!(!chat.is_in_maintenance(), "{}", context());
        if fault == Fault::Lost {
            ensure!(end.status == "SUCCEEDED", "{}: {end:?}", context());
            let mut keys = chat.keys().split_off(before);
            keys.dedup();
            ensure!(
                keys.len() == 2,
                "one key for each request, however often it is sent: {keys:?}"
            );
        }
    }
    Ok(())
}

/// Every call of the two steps that run hooks fails, in backups of one small table: whatever happens, all is back, and on-call knows.
/// `hooks` are those of the backups, and `least` is how many calls each of the two steps makes at least.
async fn every_call(
    stage: &Stage,
    kind: &str,
    times: u32,
    hooks: fn(&Surroundings) -> Value,
    least: [usize; 2],
) -> Result<()> {
    let name = format!("kinds-{}-{}-{times}", least[0], kind.replace('_', "-"));
    let table = format!("{name}-rooms");
    create_table(&stage.aws, &table).await?;
    put_items(&stage.aws, &table, 3).await?;
    let surroundings = Surroundings::create(&stage.lab, &name).await?;
    let records = Records::of(&stage.aws, &stage.stack)?;
    let inbox = stage.stack.inbox(&stage.aws, &format!("inbox-{name}")).await?;
    let descriptor = json!({
        "deployment": name,
        "resources": { "rooms": { "kind": "dynamodb", "table": table } },
        "hooks": hooks(&surroundings),
        "keep": { "last": 1, "daily": 0, "weekly": 0, "monthly": 0 },
    });
    records.apply(&descriptor).await?;
    let mark = stage.lab.ledger_position().await?;
    ensure!(stage.back_up(&name).await?.status == "SUCCEEDED");
    let calls = calls_since(stage, mark, &[]).await?;
    let of = |step: &str| -> Vec<Call> {
        let caller = format!("holdfast-{step}");
        // How often a hook is looked at varies from run to run: the first calls of each action are in every run.
        let mut calls: Vec<Call> = calls.iter().filter(|call| call.caller == caller).cloned().collect();
        calls.retain(|call| call.nth <= 3);
        calls
    };
    let (quiesce, resume) = (of("quiesce"), of("resume"));
    ensure!(
        quiesce.len() >= least[0] && resume.len() >= least[1],
        "{quiesce:?} {resume:?}"
    );
    let mut rounds = Rounds::new((0..quiesce.len().max(resume.len())).map(|index| {
        let round = [quiesce.get(index), resume.get(index)];
        round.into_iter().flatten().cloned().collect()
    }));
    while let Some(round) = rounds.next() {
        let context = || format!("{kind} x {times} at {round:?}");
        let faults = Faults::inject(&stage.lab, &round, kind, times).await?;
        inbox.take().await?;
        let end = stage.back_up(&name).await.with_context(context)?;
        rounds.missed(&round, faults.missed().await?)?;
        if end.status != "SUCCEEDED" {
            inbox.about(&name, LIMIT).await.with_context(context)?;
        }
        surroundings.ensure_back().await.with_context(context)?;
    }
    Ok(())
}
