//! Restores, from their requests to their results.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use holdfast_tests::inbox::InboxMessage;
use holdfast_tests::soak::effects::Effect;
use holdfast_tests::soak::model::{CapturedData, Label, Need, Place, RestoreState};
use holdfast_tests::soak::outcomes::{End, PossibleOutcome};
use holdfast_tests::soak::steps::{CutOver, Fault, Request, RequestedSet, StopMoment};
use holdfast_tests::wait::until;
use serde_json::{Value, json};

use super::{SETTLING, Sequence, Started, StepResult};

impl Sequence<'_> {
    pub(super) async fn restore(
        &mut self,
        label: Label,
        request: &Request,
        stop: Option<StopMoment>,
    ) -> Result<StepResult> {
        let stage = self.deployment.stage;
        if let Some(fault) = request.fault {
            let (service, action) = match fault {
                Fault::RestoreJob => ("backup", "StartRestoreJob"),
                Fault::Instance => ("rds", "CreateDBInstance"),
            };
            let rule = json!({ "service": service, "action": action, "kind": "job_failed", "nth": 1 });
            stage.lab.inject(rule).await?;
        }
        let mark = stage.lab.ledger_position().await?;
        let execution = self.start("RestoreStateMachineArn", self.fields(request)?).await?;
        if let Some(moment) = stop {
            self.stop_at(&execution, mark, |call| is_at(moment, call)).await?;
        }
        let came = self.of_restore(label, &execution).await;
        stage.lab.heal().await?;
        self.with_safety(label, label, request.safety, came?).await
    }

    /// The result of a restore, and its safety backup.
    pub(super) async fn with_safety(
        &mut self,
        label: Label,
        restore: Label,
        asked: bool,
        mut came: StepResult,
    ) -> Result<StepResult> {
        if let Some(id) = self
            .restores
            .get(&restore)
            .filter(|_| asked)
            .map(|started| started.id.clone())
        {
            came.sealed = self.safety_of(label, &id).await?;
            came.happened.safety = came.sealed.is_some();
        }
        Ok(came)
    }

    pub(super) fn fields(&self, request: &Request) -> Result<Value> {
        let mut fields = json!({});
        let sealed = |label: &Label| {
            self.sets
                .get(label)
                .with_context(|| format!("backup {label} has no set"))
        };
        match &request.which {
            RequestedSet::Newest => {}
            RequestedSet::Set(set) => fields["set"] = json!(sealed(set)?.id),
            RequestedSet::Before(set) => fields["before"] = json!(sealed(set)?.ended),
            RequestedSet::At(set) => {
                let moment = sealed(set)?.moment.context("no moment was recorded")?;
                fields["at"] = json!(moment.to_string());
            }
            RequestedSet::Unknown => {
                fields["set"] = json!(format!("{}-20200101-000000-0000", self.deployment.dataset.name));
            }
        }
        if let Some((_, set)) = self.world.wanted(request)
            && !request.only.is_empty()
        {
            let named = |of: &(&Need, &CapturedData)| request.only.contains(of.0) != request.by_except;
            let names = set
                .captured
                .iter()
                .filter(named)
                .map(|(_, captured)| json!(captured.name));
            fields[if request.by_except { "except" } else { "only" }] = names.collect();
        }
        if request.approval {
            fields["approval"] = json!("required");
        }
        if request.safety {
            fields["safety_backup"] = json!(true);
        }
        fields["cut_over"] = json!(match request.cut_over {
            CutOver::Yes => "yes",
            CutOver::No => "no",
            CutOver::Ask => "ask",
        });
        if request.keep {
            fields["on_failure"] = json!("keep");
        }
        if request.dry_run {
            fields["dry_run"] = json!(true);
        }
        if let Some(suffix) = request.suffix {
            fields["suffix"] = json!(format!("s{suffix}"));
        }
        Ok(fields)
    }

    pub(super) fn started(&self, restore: Label) -> Result<&Started> {
        self.restores
            .get(&restore)
            .with_context(|| format!("restore {restore} has no id"))
    }

    /// The result of a restore's execution.
    pub(super) async fn of_restore(&mut self, label: Label, execution: &str) -> Result<StepResult> {
        let (end, words) = self.end_of(execution).await?;
        let record = match end {
            End::Aborted => self.taken_back(execution).await?,
            _ => self.record(execution).await?,
        };
        let Some(record) = record else {
            let mut came = StepResult::plain(end, words);
            came.happened.outcome = PossibleOutcome::new(end, RestoreState::Nothing);
            return Ok(came);
        };
        let started = Started {
            id: record["id"].as_str().context("a restore without id")?.to_owned(),
            execution: execution.to_owned(),
        };
        self.restores.insert(label, started);
        self.recorded(label, end, words, &record).await
    }

    /// The record of a restore that was stopped, once it was cleaned up after.
    pub(super) async fn taken_back(&self, execution: &str) -> Result<Option<Value>> {
        let name = &self.deployment.dataset.name;
        let settled = until("the stopped restore is undone", SETTLING, || async {
            // On-call is notified after the undo was started: in the other order, both might be missed. A safety backup has
            // its own message.
            self.message_count().await?;
            let of_backup = |mail: &InboxMessage| {
                let event = mail.attributes.pointer("/event/Value").and_then(Value::as_str);
                event.is_some_and(|event| event.starts_with("backup_"))
            };
            if self.mails().iter().all(of_backup) {
                return Ok(None);
            }
            let running = self.deployment.running().await?;
            let held = self.deployment.records.leased(name).await?;
            let record = self.record(execution).await?;
            let status = record.as_ref().and_then(|record| record["status"].as_str());
            let under_way = status.is_some_and(|status| matches!(status, "planned" | "running" | "switching"));
            Ok((running.is_empty() && !held && !under_way).then_some(record))
        });
        match settled.await {
            Ok(record) => Ok(record),
            // If it has not ended, the invariants report it.
            Err(_) => self.record(execution).await,
        }
    }

    /// The result according to a restore's record.
    pub(super) async fn recorded(
        &mut self,
        label: Label,
        end: End,
        words: String,
        record: &Value,
    ) -> Result<StepResult> {
        let id = self.started(label)?.id.clone();
        let name = self.deployment.dataset.name.clone();
        let items = self
            .deployment
            .records
            .items(&name, &format!("RESTORE#{id}#ITEM#"))
            .await?;
        self.deployment.names.learn(label, &items)?;
        if record["status"] == "failed" {
            self.find_directory(label).await?;
        }
        let state = match self.state(label, end, record).await? {
            // Stopping an execution stops no function in flight: what it creates later is reported, to be undone again.
            Some(RestoreState::Undone) if end == End::Aborted && self.is_left(label).await? => Some(RestoreState::Kept),
            state => state,
        };
        let made = match state {
            Some(RestoreState::Nothing | RestoreState::Undone) => BTreeSet::new(),
            _ => self.copies_of(label).await?,
        };
        let switched = record["switched"].as_array().into_iter().flatten();
        let switched = switched
            .filter(|switched| switched["state"] != "returned")
            .filter_map(|switched| need_of(switched["switch"]["name"].as_str()?))
            .collect();
        let verification = &record["verification"];
        let worst = verification["checks"].as_array().into_iter().flatten();
        let worst: Vec<String> = worst
            .filter(|check| check["finding"] != "same")
            .map(|check| format!("{} {}: {}", check["name"], check["finding"], check["detail"]))
            .collect();
        let states = record["switched"].as_array().into_iter().flatten();
        let states: Vec<String> = states
            .map(|switched| format!("{} {}", switched["switch"]["name"], switched["state"]))
            .collect();
        let words = format!(
            "{words}; {id} is {} ({}), {}; switched {}; reasons {}; left {}",
            record["status"],
            verification["outcome"],
            worst.join("; "),
            states.join(", "),
            record["reasons"],
            record["left"]
        );
        Ok(StepResult {
            happened: Effect {
                outcome: PossibleOutcome { end, state },
                made,
                switched,
                verified: verification["outcome"] == "verified",
                safety: false,
            },
            sealed: None,
            words,
        })
    }

    /// Whether the record of a restore names what is left of its copies, if anything is.
    pub(super) async fn is_left(&mut self, label: Label) -> Result<bool> {
        let execution = self.started(label)?.execution.clone();
        let started = Instant::now();
        while !self.copies_of(label).await?.is_empty() {
            let record = self.record(&execution).await?.context("no record")?;
            if record["left"].as_array().is_some_and(|left| !left.is_empty()) {
                return Ok(true);
            }
            if started.elapsed() > SETTLING {
                break;
            }
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
        Ok(false)
    }

    /// A restore that keeps its copies may have ended before its job did: an unknown directory is that job's.
    async fn find_directory(&mut self, label: Label) -> Result<()> {
        let there = self.deployment.there().await?;
        let names = &mut self.deployment.names;
        let files = Place::Copy(Need::Files, label);
        let unknown = |name: &&String| name.starts_with("aws-backup-restore_") && names.place("efs", name).is_none();
        if names.of(files).is_none()
            && let Some(found) = there["efs"].iter().find(unknown)
        {
            names.put(files, found);
        }
        Ok(())
    }

    /// The existing copies of a restore, including a directory that a failed job left.
    pub(super) async fn copies_of(&mut self, label: Label) -> Result<BTreeSet<Need>> {
        let there = self.deployment.there().await?;
        let files = Place::Copy(Need::Files, label);
        let failed = there["efs"].iter().find(|name| {
            name.starts_with("aws-backup-failed-restore_") && self.deployment.names.place("efs", name).is_none()
        });
        if let Some(failed) = failed {
            self.deployment.names.put(files, failed);
        }
        let is_there = |need: &Need| {
            let name = self.deployment.names.of(Place::Copy(*need, label));
            name.is_some_and(|name| there[super::super::names::kind_of(*need)].contains(name))
        };
        Ok(Need::ALL.into_iter().filter(is_there).collect())
    }

    pub(super) async fn state(&mut self, label: Label, end: End, record: &Value) -> Result<Option<RestoreState>> {
        Ok(match record["status"].as_str() {
            Some(_) if end == End::Waiting && record["question"]["about"] == "plan" => Some(RestoreState::Planned),
            Some(_) if end == End::Waiting => Some(RestoreState::Waiting),
            Some("planned") if record["question"].is_object() => Some(RestoreState::Planned),
            Some("planned") if record["plan"]["dry_run"] == true => Some(RestoreState::Nothing),
            Some("restored") if record["question"].is_object() => Some(RestoreState::Waiting),
            Some("restored") => Some(RestoreState::Beside),
            Some("cut_over") => Some(RestoreState::CutOver),
            Some("switched_back") => Some(RestoreState::SwitchedBack),
            Some("undone") => Some(RestoreState::Undone),
            Some("failed") => Some(match self.copies_of(label).await?.is_empty() {
                true => RestoreState::Nothing,
                false => RestoreState::Kept,
            }),
            _ => None,
        })
    }

    /// Approves or rejects with the operator's command.
    pub(super) async fn answer(&mut self, restore: Label, yes: bool) -> Result<StepResult> {
        let (id, execution) = {
            let started = self.started(restore)?;
            (started.id.clone(), started.execution.clone())
        };
        let about_plan = self
            .world
            .restores
            .get(&restore)
            .is_some_and(|of| of.state == RestoreState::Planned);
        let arguments: &[&str] = match (yes, about_plan) {
            (true, true) => &["approve", &id],
            (true, false) => &["approve", "--cut-over", &id],
            (false, _) => &["reject", &id],
        };
        let (done, said) = self.holdfast(arguments).await?;
        if !done {
            let record = self.record(&execution).await?.context("no record")?;
            return self.recorded(restore, End::Failed, said, &record).await;
        }
        let (end, words) = self
            .end_but_for(&execution, about_plan.then_some("plan"), !about_plan)
            .await?;
        let record = self.record(&execution).await?.context("no record")?;
        self.recorded(restore, end, words, &record).await
    }

    pub(super) async fn undo(&mut self, restore: Label, output: &str) -> Result<StepResult> {
        let (id, execution) = {
            let started = self.started(restore)?;
            (started.id.clone(), started.execution.clone())
        };
        let undoing = self.start(output, json!({ "restore": id })).await?;
        let (end, words) = self.end_of(&undoing).await?;
        let record = self.record(&execution).await?.context("no record")?;
        self.recorded(restore, end, words, &record).await
    }
}

fn is_at(moment: StopMoment, call: &Value) -> bool {
    let action = call["action"].as_str().unwrap_or_default();
    let caller = call["caller"].as_str().unwrap_or_default();
    match moment {
        StopMoment::Making => {
            action.starts_with("RestoreDBCluster") || action.starts_with("RestoreTable") || action == "StartRestoreJob"
        }
        StopMoment::Comparing => caller == "holdfast-compare-resource",
        StopMoment::Switching => {
            let switches = ["UpdateSecretVersionStage", "PutParameter", "UpdateService"];
            caller == "holdfast-cut-over" && switches.contains(&action)
        }
    }
}

/// The need of a switch, by its name in the descriptor.
fn need_of(switch: &str) -> Option<Need> {
    Need::ALL.into_iter().find(|need| switch == format!("{need}-switch"))
}
