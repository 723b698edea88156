//! The orchestration overhead of a restore, measured: the real functions, called in a lab as the machine calls them, with jobs
//! of AWS that take 30 minutes of the lab's clock. Where the machine would wait, the clock is set ahead.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::aws::{Aws, text};
use holdfast_tests::dataset::{Dataset, Sizes};
use holdfast_tests::executions::run;
use holdfast_tests::lab::{Lab, Options};
use holdfast_tests::records::Records;
use holdfast_tests::stack::Stack;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

use crate::cost::JOB_SECONDS;

const DEPLOYMENT: &str = "bench";
/// A cluster is restored, then its instances are created: no other resource needs two jobs one after the other.
const CHAIN: u64 = 2 * JOB_SECONDS;
const EXECUTION: &str = "arn:aws:states:us-east-1:000000000000:execution:holdfast-restore:bench";

/// How often each kind's restores were looked at.
pub type Looks = BTreeMap<String, Vec<u32>>;

/// Measures one restore of a deployment like the demonstration's, and prints the overhead.
pub async fn print() -> Result<Looks> {
    let bench = Bench::up().await?;
    let started = bench.now().await?;
    let plan = bench.plan(started).await?;
    let looks = bench.restore(&plan).await?;
    let restored = bench.now().await?;
    let outcome = bench.verify(&plan).await?;
    let ended = bench.now().await?;
    let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
    let (whole, chain) = (seconds(started, ended), CHAIN as f64);
    let overhead = whole - chain;
    let target = 0.05 * chain + 10.0;
    println!("a restore with jobs of 30 minutes, in virtual time: one cluster, one file system, three tables");
    println!(
        "from the plan to the last copy {:.1} s, verification ({outcome}) {:.1} s, together {whole:.1} s",
        seconds(started, restored),
        seconds(restored, ended)
    );
    println!(
        "the longest chain of AWS jobs {chain:.0} s; overhead {overhead:.1} s ({:.1} %); target {target:.0} s (5 % + 10 s): {}",
        overhead * 100.0 / chain,
        if overhead <= target { "met" } else { "MISSED" }
    );
    for (kind, looks) in &looks {
        println!("{kind:<10} looks {looks:?}");
    }
    println!();
    Ok(looks)
}

struct Bench {
    lab: Lab,
    aws: Aws,
    /// What was created beside the stack stays as long as the lab.
    _dataset: Dataset,
}

impl Bench {
    /// A lab with a deployment that was backed up.
    async fn up() -> Result<Self> {
        let lab = Lab::start(&Options::default()).await?;
        let certificate = format!(
            "DatabaseCaFile={}",
            lab.environment.get("LAB_CA").cloned().unwrap_or_default()
        );
        let stack = Stack::deploy(&lab, "holdfast", &[&certificate, "ScheduleState=DISABLED"]).await?;
        let aws = lab.aws()?;
        let sizes = Sizes {
            items: vec![4, 4, 4],
            ..Sizes::small()
        };
        let dataset = Dataset::create(&lab, DEPLOYMENT, &sizes).await?;
        deploy_efs_access(&lab, &dataset.file_system).await?;
        Records::of(&aws, &stack)?.apply(&dataset.descriptor()).await?;
        let machine = stack.output("BackupStateMachineArn")?;
        let request = json!({ "deployment": DEPLOYMENT });
        let ended = run(&aws, machine, &request, Duration::from_secs(120)).await?;
        ensure!(ended.status == "SUCCEEDED", "{ended:?}");
        lab.set_durations(JOB_SECONDS as f64).await?;
        Ok(Self {
            lab,
            aws,
            _dataset: dataset,
        })
    }

    async fn now(&self) -> Result<Timestamp> {
        self.lab.now().await?.parse().context("the lab's time")
    }

    async fn plan(&self, started: Timestamp) -> Result<Value> {
        let request = json!({ "deployment": DEPLOYMENT, "cut_over": "no" });
        let event = json!({ "request": request, "execution": EXECUTION, "started_at": started });
        self.call("plan-restore", event).await
    }

    /// What the Map `RestoreResources` does: each resource is looked at when its last look asked for it.
    async fn restore(&self, plan: &Value) -> Result<Looks> {
        let mut looks = Looks::new();
        let started = self.now().await?;
        let resources = plan["resources"].as_array().context("no resources")?;
        let mut open: Vec<(Timestamp, Value, u32)> = resources
            .iter()
            .map(|resource| (started, resource.clone(), 0))
            .collect();
        while let Some(next) = (0..open.len()).min_by_key(|index| open[*index].0) {
            let (due, resource, looked) = open.swap_remove(next);
            self.wait_until(due).await?;
            let kind = text(&resource, "/kind")?.to_owned();
            let step = match kind.as_str() {
                "aurora" => "restore-cluster",
                "efs" => "restore-file-system",
                "dynamodb" => "restore-table",
                _ => bail!("the bench does not know what restores {kind}"),
            };
            let job = self
                .call(step, json!({ "run": plan["run"], "resource": resource }))
                .await?;
            match job["status"].as_str() {
                Some("succeeded") => looks.entry(kind).or_default().push(looked + 1),
                Some("in_progress") => {
                    let wait = job["wait_seconds"].as_i64().context("no wait")?;
                    open.push((
                        self.now().await? + SignedDuration::from_secs(wait),
                        resource,
                        looked + 1,
                    ));
                }
                _ => bail!("{job}"),
            }
        }
        Ok(looks)
    }

    /// Counts, comparisons and the verdict, one after the other, where the machine does many at once.
    async fn verify(&self, plan: &Value) -> Result<String> {
        let run = &plan["run"];
        let listed = self.call("list-probes", json!({ "run": run })).await?;
        let mut probes = Vec::new();
        for probe in listed["probes"].as_array().context("no probes")? {
            let step = if probe["kind"] == "sql" {
                "count-rows"
            } else {
                "count-items"
            };
            probes.push(self.call(step, json!({ "run": run, "probe": probe })).await?);
        }
        for resource in plan["compared"].as_array().context("nothing to compare")? {
            self.call("compare-resource", json!({ "run": run, "resource": resource }))
                .await?;
        }
        let verdict = self
            .call("verify-restore", json!({ "run": run, "probes": probes }))
            .await?;
        Ok(text(&verdict, "/outcome")?.to_owned())
    }

    async fn wait_until(&self, due: Timestamp) -> Result<()> {
        let left = due.duration_since(self.now().await?).as_secs_f64();
        if left > 0.0 {
            self.lab.advance_clock(left.ceil() as u64).await?;
        }
        Ok(())
    }

    /// Invokes a step, and again, as the machine would, where it asks for that.
    async fn call(&self, step: &str, mut event: Value) -> Result<Value> {
        for attempt in 0..6 {
            event["now"] = json!(self.now().await?);
            let path = format!("/2015-03-31/functions/holdfast-{step}/invocations");
            let answer = self
                .aws
                .rest("lambda", Method::POST, &path, Some(event.clone()))
                .await?;
            match answer["errorType"].as_str() {
                None => return Ok(answer),
                // The machine's retries: a minute, and half as much again each time; 2 s, and twice as much.
                Some("NotReady" | "QuotaExceeded") => {
                    self.lab.advance_clock((60.0 * 1.5_f64.powi(attempt)) as u64).await?;
                }
                Some("Throttled" | "Unavailable") => self.lab.advance_clock(2 << attempt).await?,
                Some(_) => bail!("{step}: {answer}"),
            }
        }
        bail!("{step} was never ready")
    }
}
