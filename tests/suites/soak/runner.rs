//! Carries steps out in the lab, with the tools of operators.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use holdfast_tests::inbox::InboxMessage;
use holdfast_tests::lab::program;
use holdfast_tests::soak::effects::{Effect, damaged, written};
use holdfast_tests::soak::invariants::{CompletedStep, Point, Violation, violations};
use holdfast_tests::soak::model::{Label, Need, RestoreState, World};
use holdfast_tests::soak::outcomes::{End, PossibleOutcome};
use holdfast_tests::soak::steps::Step;
use holdfast_tests::wait::until;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::deployment::Deployment;

mod restores;
mod runs;

/// How long a run may take before it is considered stuck.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long clean-up, messages and the lease may take after an end.
const SETTLING: Duration = Duration::from_secs(60);
/// Characters of a message in the report of a step.
const FIRST_LINES: usize = 16;

/// A sequence that is being carried out.
pub struct Sequence<'a> {
    pub deployment: Deployment<'a>,
    pub world: World,
    /// Sets for which a moment is needed later.
    pub moments: BTreeSet<Label>,
    restores: BTreeMap<Label, Started>,
    sets: BTreeMap<Label, Sealed>,
    /// On-call's messages since the step began.
    messages: Mutex<Vec<InboxMessage>>,
    /// The directory that the service mounted when the step began.
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

/// The result of a step, as the step itself reports it.
struct StepResult {
    happened: Effect,
    sealed: Option<BTreeMap<Need, Point>>,
    /// The output that an operator would read.
    words: String,
}

impl StepResult {
    fn plain(end: End, words: impl Into<String>) -> Self {
        Self {
            happened: Effect {
                outcome: PossibleOutcome::plain(end),
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
            messages: Mutex::default(),
            mounted: String::new(),
        }
    }

    /// Carries one step out; returns the violated invariants, and the output.
    pub async fn step(&mut self, label: Label, step: &Step) -> Result<(Vec<Violation>, String)> {
        self.deployment.inbox.take().await?;
        self.mails().clear();
        self.mounted = self.deployment.mounted().await?;
        let before = self.world.clone();
        let came = self.carry(label, step).await?;
        self.world.carry_out(label, step, &came.happened);
        if step.runs() {
            self.settle().await?;
        }
        let mut seen = self.deployment.look(&self.world, came.happened).await?;
        seen.messages = self.message_count().await?;
        seen.sealed = came.sealed;
        let waiting = self.waiting_execution();
        seen.running.retain(|execution| Some(execution) != waiting);
        let stepped = CompletedStep {
            label,
            step,
            before: &before,
        };
        let said = format!("{}\non-call's messages:{}", came.words, self.messages());
        Ok((violations(&stepped, &self.world, &seen), said))
    }

    fn waiting_execution(&self) -> Option<&String> {
        let waiting = self.world.waiting()?;
        self.restores.get(&waiting).map(|started| &started.execution)
    }

    /// Waits until only executions with an open question run, no run holds the deployment, and on-call was notified. If that does
    /// not happen, the invariants report it.
    async fn settle(&self) -> Result<()> {
        let (name, waiting) = (&self.deployment.dataset.name, self.waiting_execution());
        let started = Instant::now();
        // The cheapest check first: each is work for the lab.
        while started.elapsed() < SETTLING {
            let free = self.message_count().await? > 0
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
    async fn message_count(&self) -> Result<usize> {
        let name = self.deployment.dataset.name.as_str();
        let mails = self.deployment.inbox.take().await?;
        let about = mails
            .into_iter()
            .filter(|mail| mail.attributes.pointer("/deployment/Value").and_then(Value::as_str) == Some(name));
        let mut messages = self.mails();
        messages.extend(about);
        Ok(messages.len())
    }

    fn mails(&self) -> MutexGuard<'_, Vec<InboxMessage>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// On-call's messages, the beginning of each.
    fn messages(&self) -> String {
        let messages = self.mails();
        let first = |mail: &InboxMessage| {
            let lines: Vec<&str> = mail.body.lines().take(FIRST_LINES).collect();
            format!("\n  {}\n    {}", mail.subject, lines.join("\n    "))
        };
        messages.iter().map(first).collect()
    }

    async fn carry(&mut self, label: Label, step: &Step) -> Result<StepResult> {
        match step {
            Step::Write(need) => self.write(*need, |content| written(content, *need, label)).await,
            Step::Damage(need) => self.write(*need, damaged).await,
            Step::BackUp => self.back_up(label, false).await,
            Step::AbortBackUp => self.back_up(label, true).await,
            Step::Restore(request) => self.restore(label, request, None).await,
            Step::AbortRestore(request, moment) => self.restore(label, request, Some(*moment)).await,
            Step::Answer(restore, yes) => {
                let came = self.answer(*restore, *yes).await?;
                let planned = self
                    .world
                    .restores
                    .get(restore)
                    .filter(|of| of.state == RestoreState::Planned);
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
            // Switching by hand is recorded.
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
                Ok(StepResult::plain(End::Succeeded, ""))
            }
            Step::Touch(need) => {
                self.deployment.touch(*need).await?;
                Ok(StepResult::plain(End::Succeeded, ""))
            }
            Step::Switch(_, place) => {
                let expected = self.world.held.get(place).map(|held| held.content.clone());
                let number = self.deployment.lead(*place, expected.as_ref()).await?;
                if let (Some(number), Some(held)) = (number, self.world.held.get_mut(place)) {
                    held.password = number;
                }
                Ok(StepResult::plain(End::Succeeded, ""))
            }
        }
    }

    async fn write(
        &self,
        need: Need,
        change: impl Fn(&holdfast_tests::soak::model::Content) -> holdfast_tests::soak::model::Content,
    ) -> Result<StepResult> {
        let place = self.world.in_use[&need];
        let before = &self.world.held[&place].content;
        self.deployment.write(place, before, &change(before)).await?;
        Ok(StepResult::plain(End::Succeeded, ""))
    }

    /// Applies the first descriptor.
    pub async fn begin(&self) -> Result<()> {
        let descriptor = self.deployment.descriptor(&self.world.described)?;
        self.deployment.records.apply(&descriptor).await
    }

    /// The descriptor that a step applies.
    fn described_after(&self, label: Label, step: &Step) -> Result<Value> {
        let mut after = self.world.clone();
        after.carry_out(label, step, &StepResult::plain(End::Succeeded, "").happened);
        self.deployment.descriptor(&after.described)
    }

    async fn apply(&self, descriptor: &Value, options: &[&str]) -> Result<StepResult> {
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
        Ok(StepResult::plain(if done { End::Succeeded } else { End::Failed }, said))
    }

    /// Runs the operator's command; whether it succeeded, and its output after a failure.
    async fn holdfast(&self, arguments: &[&str]) -> Result<(bool, String)> {
        let output = tokio::process::Command::new(program("holdfast"))
            .args(arguments)
            .envs(&self.deployment.stage.stack.environment)
            .output()
            .await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((output.status.success(), said))
    }

    async fn back_up(&mut self, label: Label, abort: bool) -> Result<StepResult> {
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
        let mut came = StepResult::plain(end, words);
        let name = self.deployment.dataset.name.clone();
        let sets = self.deployment.records.sets(&name).await?;
        let set = sets.into_iter().find(|set| set["execution"] == execution.as_str());
        let sealed = set.filter(|set| set["status"] == "sealed");
        match (&sealed, end) {
            (Some(set), _) => {
                // If it was stopped after sealing, it is a set like any other.
                came.happened.outcome = PossibleOutcome::plain(End::Succeeded);
                came.sealed = Some(self.sealed(label, set).await?);
            }
            (None, End::Succeeded) => bail!("backup {label} succeeded, and sealed no set"),
            (None, _) => {}
        }
        Ok(came)
    }

    /// Records a sealed set; returns its data.
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

    /// The data in a restore's safety backup, if it was sealed: found by the name of its execution.
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
            // The latest restorable moment is a second ago.
            Ok((now.as_second() >= moment.as_second() + 2).then_some(()))
        })
        .await?;
        Ok(moment)
    }
}
