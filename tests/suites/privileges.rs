//! Least privilege, from the ledgers of all suites: every call was allowed, every permission was used or is justified.
//! These run after all others.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::{elements, text};
use holdfast_tests::dataset::Sizes;
use holdfast_tests::lab::{Options, repository};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::checks::Subject;
use crate::needs::{Need, needs};
use crate::postgres_dumps::shop::{folders, only_database, sealed};
use crate::stage::{Stage, Stages};

/// `complete`: all suites ran, so that an unused permission is a fault.
pub fn tests(stages: &Stages, complete: bool) -> Vec<Trial> {
    let (calls, used) = (stages.calls(), stages.calls());
    let mut tests = vec![
        stages.alone(
            "privileges::a_backup_seals_with_enforcement_on",
            || Box::pin(enforced()),
        ),
        stages.alone(
            "privileges::a_dump_is_restored_switched_to_and_removed_with_enforcement_on",
            || Box::pin(enforced_for_dumps()),
        ),
        stages.test(
            "privileges::every_call_is_allowed_by_its_functions_policy",
            move |stage| {
                let calls = calls.clone();
                Box::pin(async move { allowed(stage, &calls).await })
            },
        ),
    ];
    if complete {
        tests.push(
            stages.test("privileges::every_permission_was_used_or_is_justified", move |stage| {
                let calls = used.clone();
                Box::pin(async move { justified(stage, &calls).await })
            }),
        );
    }
    tests
}

/// MiniStack enforces the roles for the services that it serves itself.
async fn enforcing() -> Result<Stage> {
    let options = Options {
        auth: true,
        ..Options::default()
    };
    Stage::start(&options, &["ProtectedTablePattern=guarded-*"]).await
}

async fn enforced() -> Result<()> {
    let stage = enforcing().await?;
    let subject = Subject::create(&stage, "guarded-enforced", &Sizes::small(), |descriptor| {
        descriptor["keep"] = json!({ "last": 1 });
        descriptor["resources"]["tables"]["protect"] = json!("pitr");
    })
    .await?;
    for turned_on in [true, false] {
        let (ended, _, mail) = subject.back_up().await?;
        ensure!(ended.status == "SUCCEEDED", "{ended:?}: {}", mail.body);
        ensure!(mail.body.contains("ProtectionTurnedOn") == turned_on, "{}", mail.body);
        ensure!(!mail.body.contains("NotProtected"), "{}", mail.body);
    }
    Ok(())
}

/// Backup, retention, restore, cut-over and both undos of a database that is dumped: S3, Step Functions, Lambda and Secrets Manager
/// enforce the roles of all that takes part.
async fn enforced_for_dumps() -> Result<()> {
    let stage = enforcing().await?;
    let subject = only_database(&stage, "enforced", 3, |descriptor| {
        descriptor["keep"] = json!({ "last": 1 })
    })
    .await?;
    sealed(&subject).await?;
    let newest = sealed(&subject).await?;
    let kept = format!("dumps/enforced/ledger/{}", text(&newest, "/id")?);
    ensure!(folders(&subject).await? == [kept], "the older dump is deleted");
    let ended = subject.restore(json!({ "cut_over": "yes" })).await?;
    let record = subject.newest_restore().await?;
    ensure!(ended.status == "SUCCEEDED", "{ended:?}\n{record:#}");
    for machine in ["UndoCutOverStateMachineArn", "UndoRestoreStateMachineArn"] {
        let undone = subject.undo(machine, text(&record, "/id")?).await?;
        ensure!(undone.status == "SUCCEEDED", "{machine}: {undone:?}");
    }
    Ok(())
}

/// Each distinct call's needs, put to `SimulatePrincipalPolicy` for the calling function's role: what a function does to one
/// resource in one request.
async fn allowed(stage: &Stage, calls: &[Value]) -> Result<()> {
    let granted = granted()?;
    let mut asked: BTreeMap<(&str, String), BTreeSet<String>> = BTreeMap::new();
    for call in calls {
        let function = text(call, "/caller")?;
        // A call that an injected fault refused, or that found nothing, needed its permission too.
        for Need { action, resource } in needs(call) {
            let resource = of_stage(stage, &resource)?;
            // The simulation supports no condition keys; `tests/lint` checks the conditions of these statements.
            let statements = granted.get(step_of(function));
            if !statements.is_some_and(|statements| is_conditional(statements, &action)) {
                asked.entry((function, resource)).or_default().insert(action);
            }
        }
    }
    ensure!(!asked.is_empty(), "no function made any call");
    let mut roles = BTreeMap::new();
    let mut denied = Vec::new();
    for ((function, resource), actions) in asked {
        if !roles.contains_key(function) {
            roles.insert(function.to_owned(), role_of(stage, function).await?);
        }
        for action in not_allowed(stage, &roles[function], &resource, &actions).await? {
            denied.push(format!("{function} may not {action} on {resource}"));
        }
    }
    ensure!(denied.is_empty(), "{denied:#?}");
    Ok(())
}

/// CloudFormation names each stack's buckets differently: any of them becomes the bucket of the stack whose roles are simulated.
fn of_stage(stage: &Stage, resource: &str) -> Result<String> {
    let Some(path) = resource.strip_prefix("arn:aws:s3:::") else {
        return Ok(resource.to_owned());
    };
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let output = match bucket.contains("-archive-") {
        true => "ArchiveBucket",
        false => "ResultsBucket",
    };
    let bucket = stage.stack.output(output)?;
    Ok(match key {
        "" => format!("arn:aws:s3:::{bucket}"),
        key => format!("arn:aws:s3:::{bucket}/{key}"),
    })
}

/// Which of these actions a role may not take on a resource.
async fn not_allowed(
    stage: &Stage,
    role: &str,
    resource: &str,
    actions: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let names = (1..=actions.len()).map(|number| format!("ActionNames.member.{number}"));
    let names: Vec<String> = names.collect();
    let mut parameters = vec![("PolicySourceArn", role), ("ResourceArns.member.1", resource)];
    parameters.extend(names.iter().map(String::as_str).zip(actions.iter().map(String::as_str)));
    let answer = stage
        .aws
        .query("iam", "2010-05-08", "SimulatePrincipalPolicy", &parameters)
        .await?;
    let decided = elements(&answer, "EvalActionName")?.into_iter();
    let decisions: BTreeMap<String, String> = decided.zip(elements(&answer, "EvalDecision")?).collect();
    let allowed = |action: &&String| decisions.get(*action).is_some_and(|decision| decision == "allowed");
    Ok(actions.iter().filter(|action| !allowed(action)).cloned().collect())
}

async fn role_of(stage: &Stage, function: &str) -> Result<String> {
    let answer = stage
        .aws
        .rest(
            "lambda",
            reqwest::Method::GET,
            &format!("/2015-03-31/functions/{function}/configuration"),
            None,
        )
        .await?;
    Ok(text(&answer, "/Role")?.to_owned())
}

/// Permissions in the template that the suites did not use must be justified there.
async fn justified(_: &Stage, calls: &[Value]) -> Result<()> {
    let granted = granted()?;
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for call in calls {
        let step = step_of(text(call, "/caller")?).to_owned();
        used.entry(step)
            .or_default()
            .extend(needs(call).into_iter().map(|need| need.action));
    }
    let mut idle = Vec::new();
    for (step, statements) in &granted {
        let mine = used.get(step).cloned().unwrap_or_default();
        for statement in statements {
            for action in statement["actions"].as_array().context("no actions")? {
                let name = action.as_str().context("an action is a string")?;
                let conditional = name == "iam:PassRole";
                if !mine.contains(name) && statement["unused"].get(name).is_none() && !conditional {
                    idle.push(format!("{step}: {name}"));
                }
            }
        }
    }
    ensure!(idle.is_empty(), "granted, never used, not justified: {idle:#?}");
    Ok(())
}

/// The template's permissions of each step, as its lint reads them.
fn granted() -> Result<BTreeMap<String, Vec<Value>>> {
    let python = repository().join(".venv-sam/bin/python");
    let lint = repository().join("tests/lint/permissions.py");
    let output = Command::new(python).arg(lint).arg("--json").output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn step_of(function: &str) -> &str {
    function.trim_start_matches("holdfast-")
}

fn is_conditional(statements: &[Value], action: &str) -> bool {
    statements.iter().any(|statement| {
        statement["conditional"] == true
            && statement["actions"]
                .as_array()
                .is_some_and(|actions| actions.iter().any(|one| one == action))
    })
}
