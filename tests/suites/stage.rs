//! A pool of labs, each with the stack deployed. A test has one to itself; the lab's faults are removed when it is returned.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use holdfast_tests::aws::Aws;
use holdfast_tests::executions::{Ended, run};
use holdfast_tests::lab::{Lab, Options};
use holdfast_tests::report::causes;
use holdfast_tests::stack::Stack;
use jiff::{SignedDuration, Timestamp};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::runtime::Handle;

/// Labs that run at the same time. They mostly wait, for jobs and retries: one uses two fifths of a core.
pub const LABS: usize = 6;

/// A lab's clock that is this far from the machine's was moved.
const MOVED: SignedDuration = SignedDuration::from_secs(60);

/// A lab with the stack in it.
pub struct Stage {
    pub lab: Lab,
    pub stack: Stack,
    pub aws: Aws,
}

impl Stage {
    /// Starts a lab and deploys the stack into it.
    pub async fn start(options: &Options, parameters: &[&str]) -> Result<Self> {
        let lab = Lab::start(options).await?;
        let ca = format!(
            "DatabaseCaFile={}",
            lab.environment.get("LAB_CA").cloned().unwrap_or_default()
        );
        let mut all = vec![ca.as_str()];
        all.extend_from_slice(parameters);
        let stack = Stack::deploy(&lab, "holdfast", &all).await?;
        let aws = lab.aws()?;
        Ok(Self { lab, stack, aws })
    }

    /// Reverts what a test changed in the lab.
    async fn heal(&self) -> Result<()> {
        self.lab.heal().await?;
        self.lab.set_durations(Options::default().job_seconds).await
    }

    /// Backs up `deployment` and waits for the end.
    pub async fn back_up(&self, deployment: &str) -> Result<Ended> {
        let machine = self.stack.output("BackupStateMachineArn")?;
        run(
            &self.aws,
            machine,
            &json!({ "deployment": deployment }),
            Duration::from_secs(120),
        )
        .await
    }
}

/// The pool.
#[derive(Clone)]
pub struct Stages {
    runtime: Handle,
    idle: Arc<Mutex<Vec<Stage>>>,
    /// Every call that a function made in a lab of the pool.
    calls: Arc<Mutex<Vec<Value>>>,
}

/// The body of a test.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

impl Stages {
    pub fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            idle: Arc::default(),
            calls: Arc::default(),
        }
    }

    /// A test that gets a lab of the pool.
    pub fn test(&self, name: &str, body: impl for<'a> Fn(&'a Stage) -> Running<'a> + Send + 'static) -> Trial {
        let stages = self.clone();
        Trial::test(name, move || stages.lend(&body).map_err(report))
    }

    /// A test that gets a lab whose clock shows the machine's time: an operator's command has no other.
    pub fn test_at_present(
        &self,
        name: &str,
        body: impl for<'a> Fn(&'a Stage) -> Running<'a> + Send + 'static,
    ) -> Trial {
        let stages = self.clone();
        Trial::test(name, move || {
            let present = stages.runtime.block_on(stages.at_present()).map_err(report)?;
            stages.lend_one(present, &body).map_err(report)
        })
    }

    /// An idle lab whose clock was never moved, if there is one.
    async fn at_present(&self) -> Result<Option<Stage>> {
        let mut moved = Vec::new();
        let found = loop {
            let next = self.idle.lock().unwrap().pop();
            let Some(stage) = next else { break None };
            let shown: Timestamp = stage.lab.now().await?.parse()?;
            if shown.duration_since(Timestamp::now()).abs() < MOVED {
                break Some(stage);
            }
            moved.push(stage);
        };
        self.idle.lock().unwrap().extend(moved);
        Ok(found)
    }

    /// A test that starts a special lab.
    pub fn alone(&self, name: &str, body: impl Fn() -> Running<'static> + Send + 'static) -> Trial {
        let runtime = self.runtime.clone();
        Trial::test(name, move || runtime.block_on(body()).map_err(report))
    }

    fn lend(&self, body: &dyn for<'a> Fn(&'a Stage) -> Running<'a>) -> Result<()> {
        let idle = self.idle.lock().unwrap().pop();
        self.lend_one(idle, body)
    }

    /// Lends this lab, or a new one.
    fn lend_one(&self, idle: Option<Stage>, body: &dyn for<'a> Fn(&'a Stage) -> Running<'a>) -> Result<()> {
        self.runtime.block_on(async {
            let stage = match idle {
                Some(stage) => stage,
                None => {
                    Stage::start(
                        &Options::default(),
                        &[
                            "ScheduleState=DISABLED",
                            "HookStackPattern=hooks-*",
                            "SwitchFunctionPattern=*-app",
                            "SwitchGroupPattern=*-app",
                            "SwitchHostedZonePattern=*",
                            "HookSecretPattern=hooks/*",
                            "HttpHookAddresses=127.0.0.0/8",
                            "SqlHooks=on",
                            "ProtectedTablePattern=guarded-*",
                        ],
                    )
                    .await?
                }
            };
            let mark = stage.lab.ledger_position().await?;
            let outcome = body(&stage).await;
            // Why a test failed comes before a lab that cannot be lent again.
            outcome.and(self.take_back(stage, mark).await)
        })
    }

    /// Readies a lab for the next test. One that cannot be is stopped.
    async fn take_back(&self, stage: Stage, mark: u64) -> Result<()> {
        stage.heal().await?;
        self.remember(&stage, mark).await?;
        // No test uses another's databases, and those of all tests together do not fit into memory.
        stage.lab.clear_databases().await?;
        self.idle.lock().unwrap().push(stage);
        Ok(())
    }

    /// Keeps the functions' calls in a lab since entry `mark` of its ledger.
    pub async fn remember(&self, stage: &Stage, mark: u64) -> Result<()> {
        let calls = stage.lab.ledger(mark).await?.into_iter();
        let ours = |call: &Value| {
            call["caller"]
                .as_str()
                .is_some_and(|caller| caller.starts_with("holdfast-"))
        };
        self.calls.lock().unwrap().extend(calls.filter(ours));
        Ok(())
    }

    /// The functions' calls so far.
    pub fn calls(&self) -> Arc<Vec<Value>> {
        Arc::new(self.calls.lock().unwrap().clone())
    }

    /// Stops all labs.
    pub fn stop(&self) {
        self.idle.lock().unwrap().clear();
    }
}

fn report(error: anyhow::Error) -> Failed {
    Failed::from(causes(&error))
}
