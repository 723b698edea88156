//! Carries steps out in the lab, by the means that operators have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use holdfast_tests::executions::{now, start};
use holdfast_tests::lab::program;
use holdfast_tests::soak::happening::{Happened, damaged, written};
use holdfast_tests::soak::invariants::{Broken, Point, Stepped, broken};
use holdfast_tests::soak::model::{Captured, Label, Need, State, World};
use holdfast_tests::soak::outcomes::{End, Outcome};
use holdfast_tests::soak::steps::{CutOver, Fault, Moment, Request, Step, Which};
use holdfast_tests::wait::until;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::deployment::Deployment;

/// How long a run may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long what follows an end may take: clean-up, messages, the lease.
const SETTLING: Duration = Duration::from_secs(60);

/// A sequence that is being carried out.
pub struct Sequence<'a> {
    pub deployment: Deployment<'a>,
    pub world: World,
    /// Sets of which a moment is asked for later.
    pub moments: BTreeSet<Label>,
    restores: BTreeMap<Label, Started>,
    sets: BTreeMap<Label, Sealed>,
    /// Messages to on-call since the step began.
    messages: AtomicUsize,
    /// What the service mounted when the step began.
    mounted: String,
}

/// A restore.
struct Started {
    id: String,
    execution: String,
}

/// A set, and moments at which it was the newest and nothing had been written since.
struct Sealed {
    id: String,
    ended: String,
    moment: Option<Timestamp>,
}

/// What a step came to, as far as the step itself tells.
struct Came {
    happened: Happened,
    sealed: Option<BTreeMap<Need, Point>>,
    /// In which an operator would look.
    words: String,
}

impl Came {
    fn plain(end: End, words: impl Into<String>) -> Self {
        Self {
            happened: Happened {
                outcome: Outcome::plain(end),
                made: BTreeSet::new(),
                switched: BTreeSet::new(),
                verified: false,
                safety: false,
            },
            sealed: None,
            words: words.into(),
        }
    }
}

impl<'a> Sequence<'a> {
    pub fn new(deployment: Deployment<'a>, world: World) -> Self {
        Self {
            deployment,
            world,
            moments: BTreeSet::new(),
            restores: BTreeMap::new(),
            sets: BTreeMap::new(),
            messages: AtomicUsize::new(0),
            mounted: String::new(),
        }
    }

    /// Carries one step out and answers what is broken then, and what was said of it.
    pub async fn step(&mut self, label: Label, step: &Step) -> Result<(Vec<Broken>, String)> {
        self.deployment.inbox.take().await?;
        self.messages.store(0, Ordering::Relaxed);
        self.mounted = self.deployment.mounted().await?;
        let before = self.world.clone();
        let came = self.carry(label, step).await?;
        self.world.carry_out(label, step, &came.happened);
        if step.runs() {
            self.settle().await?;
        }
        let mut seen = self.deployment.look(&self.world, came.happened).await?;
        seen.messages = self.heard().await?;
        seen.sealed = came.sealed;
        let waiting = self.waiting_execution();
        seen.running.retain(|execution| Some(execution) != waiting);
        let stepped = Stepped {
            label,
            step,
            before: &before,
        };
        Ok((broken(&stepped, &self.world, &seen), came.words))
    }

    fn waiting_execution(&self) -> Option<&String> {
        let waiting = self.world.waiting()?;
        self.restores.get(&waiting).map(|started| &started.execution)
    }

    /// Waits until nothing runs but what waits for an answer, nobody holds the deployment, and on-call has heard. What does not
    /// come is for the invariants to tell.
    async fn settle(&self) -> Result<()> {
        let (name, waiting) = (&self.deployment.dataset.name, self.waiting_execution());
        let started = Instant::now();
        // The cheapest look first: each is work for the lab.
        while started.elapsed() < SETTLING {
            let free = self.heard().await? > 0
                && (waiting.is_some() || !self.deployment.records.leased(name).await?)
                && self
                    .deployment
                    .running()
                    .await?
                    .iter()
                    .all(|execution| Some(execution) == waiting);
            if free {
                break;
            }
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
        Ok(())
    }

    /// How many messages about the deployment have come since the step began.
    async fn heard(&self) -> Result<usize> {
        let name = self.deployment.dataset.name.as_str();
        let mails = self.deployment.inbox.take().await?;
        let about = mails
            .iter()
            .filter(|mail| mail.attributes.pointer("/deployment/Value").and_then(Value::as_str) == Some(name));
        self.messages.fetch_add(about.count(), Ordering::Relaxed);
        Ok(self.messages.load(Ordering::Relaxed))
    }

    async fn carry(&mut self, label: Label, step: &Step) -> Result<Came> {
        match step {
            Step::Write(need) => self.write(*need, |content| written(content, *need, label)).await,
            Step::Damage(need) => self.write(*need, damaged).await,
            Step::BackUp => self.back_up(label, false).await,
            Step::AbortBackUp => self.back_up(label, true).await,
            Step::Restore(request) => self.restore(label, request, None).await,
            Step::AbortRestore(request, moment) => self.restore(label, request, Some(*moment)).await,
            Step::Answer(restore, yes) => {
                let came = self.answer(*restore, *yes).await?;
                let planned = self.world.restores.get(restore).filter(|of| of.state == State::Planned);
                let safety = planned.is_some_and(|of| of.request.safety);
                self.with_safety(label, *restore, safety, came).await
            }
            Step::UndoCutOver(restore) => self.undo(*restore, "UndoCutOverStateMachineArn").await,
            Step::UndoRestore(restore) => self.undo(*restore, "UndoRestoreStateMachineArn").await,
            Step::AbortWaiting(restore) => {
                let execution = self.started(*restore)?.execution.clone();
                self.stop(&execution).await?;
                self.of_restore(*restore, &execution).await
            }
            Step::Rename(_) | Step::Remove(_) | Step::Add(_) | Step::ApplyFirst => {
                self.apply(&self.described_after(label, step)?, &[]).await
            }
            // Whoever leads the application by hand says so.
            Step::ForceFirst | Step::ApplyInUse => {
                self.apply(&self.described_after(label, step)?, &["--accept-replaced"])
                    .await
            }
            Step::ApplyBroken => {
                let mut descriptor = self.deployment.descriptor(&self.world.described)?;
                descriptor["cut_over"][0]["resource"] = json!("nobody");
                self.apply(&descriptor, &[]).await
            }
            Step::Rotate => {
                let cluster = self.world.in_use[&Need::Rows];
                self.deployment.rotate(cluster, label).await?;
                Ok(Came::plain(End::Succeeded, ""))
            }
            Step::Touch(need) => {
                self.deployment.touch(*need).await?;
                Ok(Came::plain(End::Succeeded, ""))
            }
            Step::Switch(_, place) => {
                let expected = self.world.held.get(place).map(|held| held.content.clone());
                let number = self.deployment.lead(*place, expected.as_ref()).await?;
                if let (Some(number), Some(held)) = (number, self.world.held.get_mut(place)) {
                    held.password = number;
                }
                Ok(Came::plain(End::Succeeded, ""))
            }
        }
    }

    async fn write(
        &self,
        need: Need,
        change: impl Fn(&holdfast_tests::soak::model::Content) -> holdfast_tests::soak::model::Content,
    ) -> Result<Came> {
        let place = self.world.in_use[&need];
        let before = &self.world.held[&place].content;
        self.deployment.write(place, before, &change(before)).await?;
        Ok(Came::plain(End::Succeeded, ""))
    }

    /// Applies the first descriptor.
    pub async fn begin(&self) -> Result<()> {
        let descriptor = self.deployment.descriptor(&self.world.described)?;
        self.deployment.records.apply(&descriptor).await
    }

    /// The descriptor that a step applies.
    fn described_after(&self, label: Label, step: &Step) -> Result<Value> {
        let mut after = self.world.clone();
        after.carry_out(label, step, &Came::plain(End::Succeeded, "").happened);
        self.deployment.descriptor(&after.described)
    }

    async fn apply(&self, descriptor: &Value, options: &[&str]) -> Result<Came> {
        let file = self
            .deployment
            .stage
            .lab
            .directory()
            .join(format!("{}.json", self.deployment.dataset.name));
        std::fs::write(&file, descriptor.to_string())?;
        let file = file.to_string_lossy();
        let arguments: Vec<&str> = ["apply"]
            .iter()
            .chain(options)
            .copied()
            .chain([file.as_ref()])
            .collect();
        let (done, said) = self.holdfast(&arguments).await?;
        Ok(Came::plain(if done { End::Succeeded } else { End::Failed }, said))
    }

    /// Runs the operator's command; whether it succeeded, and what it said of a failure.
    async fn holdfast(&self, arguments: &[&str]) -> Result<(bool, String)> {
        let output = tokio::process::Command::new(program("holdfast"))
            .args(arguments)
            .envs(&self.deployment.stage.stack.environment)
            .output()
            .await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((output.status.success(), said))
    }

    async fn start(&self, output: &str, fields: Value) -> Result<String> {
        let mut request = fields;
        request["deployment"] = json!(self.deployment.dataset.name);
        let stage = self.deployment.stage;
        start(&stage.aws, stage.stack.output(output)?, &request).await
    }

    async fn stop(&self, execution: &str) -> Result<()> {
        let stop = json!({ "executionArn": execution, "error": "Operator", "cause": "stopped in the console" });
        let stopped = self
            .deployment
            .stage
            .aws
            .json("states", "AWSStepFunctions.StopExecution", stop)
            .await;
        stopped.map(drop)
    }

    async fn back_up(&mut self, label: Label, abort: bool) -> Result<Came> {
        let mark = self.deployment.stage.lab.ledger_position().await?;
        let execution = self.start("BackupStateMachineArn", json!({})).await?;
        if abort {
            let asked = |call: &Value| {
                let begun = ["StartBackupJob", "CreateBackup", "CreateDBClusterSnapshot"];
                call["action"].as_str().is_some_and(|action| begun.contains(&action))
            };
            self.stop_at(&execution, mark, asked).await?;
        }
        let (end, words) = self.end_of(&execution).await?;
        let mut came = Came::plain(end, words);
        let name = self.deployment.dataset.name.clone();
        let sets = self.deployment.records.sets(&name).await?;
        let set = sets.into_iter().find(|set| set["execution"] == execution.as_str());
        let sealed = set.filter(|set| set["status"] == "sealed");
        match (&sealed, end) {
            (Some(set), _) => {
                // Stopped when it was sealed already, it is a set like any other.
                came.happened.outcome = Outcome::plain(End::Succeeded);
                came.sealed = Some(self.sealed(label, set).await?);
            }
            (None, End::Succeeded) => bail!("backup {label} succeeded, and sealed no set"),
            (None, _) => {}
        }
        Ok(came)
    }

    /// Remembers a sealed set; answers what it holds.
    async fn sealed(&mut self, label: Label, set: &Value) -> Result<BTreeMap<Need, Point>> {
        let described = self.world.described.iter();
        let names = described.map(|(need, of)| (of.name.clone(), *need)).collect();
        let points = self.deployment.points(set, &names, &self.mounted).await?;
        let id = set["id"].as_str().context("a set without id")?.to_owned();
        let ended = self.deployment.stage.lab.now().await?;
        let moment = match self.moments.contains(&label) {
            true => Some(self.quiet_moment().await?),
            false => None,
        };
        self.sets.insert(label, Sealed { id, ended, moment });
        Ok(points)
    }

    /// What the safety backup of a restore holds, where it was sealed: found by the name of its execution.
    async fn safety_of(&mut self, label: Label, restore: &str) -> Result<Option<BTreeMap<Need, Point>>> {
        let name = self.deployment.dataset.name.clone();
        let of_it = format!(":safety-{restore}");
        let sets = self.deployment.records.sets(&name).await?;
        let sealed = |set: &&Value| {
            set["status"] == "sealed"
                && set["execution"]
                    .as_str()
                    .is_some_and(|execution| execution.ends_with(&of_it))
        };
        match sets.iter().find(sealed) {
            Some(set) => self.sealed(label, set).await.map(Some),
            None => Ok(None),
        }
    }

    /// A whole second that is over, and at which nothing was written.
    async fn quiet_moment(&self) -> Result<Timestamp> {
        let lab = &self.deployment.stage.lab;
        let now: Timestamp = lab.now().await?.parse()?;
        let moment = Timestamp::from_second(now.as_second() + 1)?;
        until("a second is over", SETTLING, || async {
            let now: Timestamp = lab.now().await?.parse()?;
            // The latest moment that can be restored lies a second back.
            Ok((now.as_second() >= moment.as_second() + 2).then_some(()))
        })
        .await?;
        Ok(moment)
    }

    /// Stops an execution at its first call of a kind, unless it ends or asks before.
    async fn stop_at(&self, execution: &str, mark: u64, at: impl Fn(&Value) -> bool) -> Result<()> {
        let stage = self.deployment.stage;
        until("the execution comes so far", PATIENCE, || async {
            let calls = stage.lab.ledger(mark).await?;
            let ours = |call: &&Value| {
                call["caller"]
                    .as_str()
                    .is_some_and(|caller| caller.starts_with("holdfast-"))
            };
            if calls.iter().filter(ours).any(&at) {
                self.stop(execution).await?;
                return Ok(Some(()));
            }
            let ended = now(&stage.aws, execution).await?.is_some();
            Ok((ended || self.asked(execution).await?.is_some()).then_some(()))
        })
        .await
    }

    /// What an execution asks, once on-call was told.
    async fn asked(&self, execution: &str) -> Result<Option<String>> {
        let record = self.record(execution).await?;
        let question = record
            .map(|record| record["question"].clone())
            .filter(|question| question["told_at"].is_string());
        Ok(question.and_then(|question| question["about"].as_str().map(str::to_owned)))
    }

    async fn record(&self, execution: &str) -> Result<Option<Value>> {
        self.deployment
            .records
            .restore_of(&self.deployment.dataset.name, execution)
            .await
    }

    /// Waits until an execution ends, or asks.
    async fn end_of(&self, execution: &str) -> Result<(End, String)> {
        let is_restore = execution.contains("-restore:") && !execution.contains("-undo-restore:");
        self.end_but_for(execution, None, !is_restore).await
    }

    /// Waits until an execution ends, or asks something else than what was answered; or, `to_the_end`, until it ends.
    async fn end_but_for(&self, execution: &str, answered: Option<&str>, to_the_end: bool) -> Result<(End, String)> {
        let stage = self.deployment.stage;
        let looks = AtomicUsize::new(0);
        until(&format!("{execution} ends"), PATIENCE, || async {
            if let Some(ended) = now(&stage.aws, execution).await? {
                let end = match ended.status.as_str() {
                    "SUCCEEDED" => End::Succeeded,
                    "ABORTED" => End::Aborted,
                    _ => End::Failed,
                };
                return Ok(Some((end, format!("{} {} {}", ended.status, ended.error, ended.cause))));
            }
            let look = looks.fetch_add(1, Ordering::Relaxed);
            if to_the_end || look % 4 != 3 {
                return Ok(None);
            }
            let asked = self.asked(execution).await?;
            Ok(asked
                .filter(|about| Some(about.as_str()) != answered)
                .map(|about| (End::Waiting, format!("it asks about {about}"))))
        })
        .await
    }

    async fn restore(&mut self, label: Label, request: &Request, stop: Option<Moment>) -> Result<Came> {
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

    /// What a restore came to, and its safety backup.
    async fn with_safety(&mut self, label: Label, restore: Label, asked: bool, mut came: Came) -> Result<Came> {
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

    fn fields(&self, request: &Request) -> Result<Value> {
        let mut fields = json!({});
        let sealed = |label: &Label| {
            self.sets
                .get(label)
                .with_context(|| format!("backup {label} has no set"))
        };
        match &request.which {
            Which::Newest => {}
            Which::Set(set) => fields["set"] = json!(sealed(set)?.id),
            Which::Before(set) => fields["before"] = json!(sealed(set)?.ended),
            Which::At(set) => {
                let moment = sealed(set)?.moment.context("nobody waited for a moment")?;
                fields["at"] = json!(moment.to_string());
            }
            Which::Unknown => {
                fields["set"] = json!(format!("{}-20200101-000000-0000", self.deployment.dataset.name));
            }
        }
        if let Some((_, set)) = self.world.wanted(request)
            && !request.only.is_empty()
        {
            let named = |of: &(&Need, &Captured)| request.only.contains(of.0) != request.by_except;
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

    fn started(&self, restore: Label) -> Result<&Started> {
        self.restores
            .get(&restore)
            .with_context(|| format!("restore {restore} has no id"))
    }

    /// What an execution of a restore came to.
    async fn of_restore(&mut self, label: Label, execution: &str) -> Result<Came> {
        let (end, words) = self.end_of(execution).await?;
        let record = match end {
            End::Aborted => self.taken_back(execution).await?,
            _ => self.record(execution).await?,
        };
        let Some(record) = record else {
            let mut came = Came::plain(end, words);
            came.happened.outcome = Outcome::new(end, State::Nothing);
            return Ok(came);
        };
        let started = Started {
            id: record["id"].as_str().context("a restore without id")?.to_owned(),
            execution: execution.to_owned(),
        };
        self.restores.insert(label, started);
        self.told(label, end, words, &record).await
    }

    /// The record of a restore that was stopped, once it was cleaned up after.
    async fn taken_back(&self, execution: &str) -> Result<Option<Value>> {
        let name = &self.deployment.dataset.name;
        let settled = until("what was stopped is taken back", SETTLING, || async {
            // On-call is told after what takes it back was started: looked at before, neither might be seen.
            if self.heard().await? == 0 {
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
            // What has not ended is for the invariants to tell.
            Err(_) => self.record(execution).await,
        }
    }

    /// What a restore's record tells.
    async fn told(&mut self, label: Label, end: End, words: String, record: &Value) -> Result<Came> {
        let id = self.started(label)?.id.clone();
        let name = self.deployment.dataset.name.clone();
        let items = self
            .deployment
            .records
            .items(&name, &format!("RESTORE#{id}#ITEM#"))
            .await?;
        self.deployment.names.learn(label, &items)?;
        let state = match self.state(label, end, record).await? {
            // Stopping an execution stops no function in flight: what that makes is told of, to be undone again.
            Some(State::Undone) if end == End::Aborted && self.is_left(label).await? => Some(State::Kept),
            state => state,
        };
        let made = match state {
            Some(State::Nothing | State::Undone) => BTreeSet::new(),
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
        let words = format!(
            "{words}; {id} is {} ({}), {}; reasons {}; left {}",
            record["status"],
            verification["outcome"],
            worst.join("; "),
            record["reasons"],
            record["left"]
        );
        Ok(Came {
            happened: Happened {
                outcome: Outcome { end, state },
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
    async fn is_left(&mut self, label: Label) -> Result<bool> {
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

    /// What is there of a restore's copies. A directory that a job left when it failed is one of them.
    async fn copies_of(&mut self, label: Label) -> Result<BTreeSet<Need>> {
        use holdfast_tests::soak::model::Place;

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
            name.is_some_and(|name| there[super::names::kind_of(*need)].contains(name))
        };
        Ok(Need::ALL.into_iter().filter(is_there).collect())
    }

    async fn state(&mut self, label: Label, end: End, record: &Value) -> Result<Option<State>> {
        Ok(match record["status"].as_str() {
            Some(_) if end == End::Waiting && record["question"]["about"] == "plan" => Some(State::Planned),
            Some(_) if end == End::Waiting => Some(State::Waiting),
            Some("planned") if record["question"].is_object() => Some(State::Planned),
            Some("planned") if record["plan"]["dry_run"] == true => Some(State::Nothing),
            Some("restored") if record["question"].is_object() => Some(State::Waiting),
            Some("restored") => Some(State::Beside),
            Some("cut_over") => Some(State::CutOver),
            Some("switched_back") => Some(State::SwitchedBack),
            Some("undone") => Some(State::Undone),
            Some("failed") => Some(match self.copies_of(label).await?.is_empty() {
                true => State::Nothing,
                false => State::Kept,
            }),
            _ => None,
        })
    }

    /// Says yes or no with the operator's command.
    async fn answer(&mut self, restore: Label, yes: bool) -> Result<Came> {
        let (id, execution) = {
            let started = self.started(restore)?;
            (started.id.clone(), started.execution.clone())
        };
        let about_plan = self
            .world
            .restores
            .get(&restore)
            .is_some_and(|of| of.state == State::Planned);
        let arguments: &[&str] = match (yes, about_plan) {
            (true, true) => &["approve", &id],
            (true, false) => &["approve", "--cut-over", &id],
            (false, _) => &["reject", &id],
        };
        let (done, said) = self.holdfast(arguments).await?;
        if !done {
            let record = self.record(&execution).await?.context("no record")?;
            return self.told(restore, End::Failed, said, &record).await;
        }
        let (end, words) = self
            .end_but_for(&execution, about_plan.then_some("plan"), !about_plan)
            .await?;
        let record = self.record(&execution).await?.context("no record")?;
        self.told(restore, end, words, &record).await
    }

    async fn undo(&mut self, restore: Label, output: &str) -> Result<Came> {
        let (id, execution) = {
            let started = self.started(restore)?;
            (started.id.clone(), started.execution.clone())
        };
        let undoing = self.start(output, json!({ "restore": id })).await?;
        let (end, words) = self.end_of(&undoing).await?;
        let record = self.record(&execution).await?.context("no record")?;
        self.told(restore, end, words, &record).await
    }
}

fn is_at(moment: Moment, call: &Value) -> bool {
    let action = call["action"].as_str().unwrap_or_default();
    let caller = call["caller"].as_str().unwrap_or_default();
    match moment {
        Moment::Making => {
            action.starts_with("RestoreDBCluster") || action.starts_with("RestoreTable") || action == "StartRestoreJob"
        }
        Moment::Comparing => caller == "holdfast-compare-resource",
        Moment::Switching => {
            let switches = ["UpdateSecretVersionStage", "PutParameter", "UpdateService"];
            caller == "holdfast-cut-over" && switches.contains(&action)
        }
    }
}

/// The need of a switch, by its name in the descriptor.
fn need_of(switch: &str) -> Option<Need> {
    Need::ALL.into_iter().find(|need| switch == format!("{need}-switch"))
}
