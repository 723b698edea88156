//! A lab with a deployment like the demonstration's, whose jobs take half an hour of the lab's clock; the clock jumps to the
//! next time that something waits for.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::application::{Application, Finds};
use holdfast_tests::aws::Aws;
use holdfast_tests::dataset::{Dataset, Sizes};
use holdfast_tests::executions::{now, start};
use holdfast_tests::lab::Lab;
use holdfast_tests::records::Records;
use holdfast_tests::stack::Stack;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::history::History;
use super::looks::{Watched, watched};

/// The duration of every AWS job that backs up or restores.
pub const JOB: SignedDuration = SignedDuration::from_mins(30);
const DEPLOYMENT: &str = "bench";
/// The kinds of switches that the restores did not have with whose costs these are compared.
const SINCE: [&str; 5] = [
    "lambda_environment",
    "ecs_restart",
    "ssm_command",
    "instance_refresh",
    "route53_record",
];
/// How long an execution may take, in real time.
const PATIENCE: Duration = Duration::from_secs(120);

/// The lab and its deployment.
pub struct Scene {
    lab: Lab,
    aws: Aws,
    stack: Stack,
    /// Everything else that was created is kept as long as the lab.
    _dataset: Dataset,
}

/// An execution that has succeeded.
pub struct Run {
    pub history: History,
    pub watched: Vec<Watched>,
}

impl Scene {
    /// A lab with the deployment in it, never backed up.
    pub async fn up() -> Result<Self> {
        let lab = Lab::start_by_clock().await?;
        let certificate = lab.environment.get("LAB_CA").cloned().unwrap_or_default();
        let parameters = [
            format!("DatabaseCaFile={certificate}"),
            "ScheduleState=DISABLED".to_owned(),
            "SwitchFunctionPattern=*-app".to_owned(),
            "SwitchGroupPattern=*-app".to_owned(),
            "SwitchHostedZonePattern=*".to_owned(),
        ];
        let stack = Stack::deploy(&lab, "holdfast", &parameters.each_ref().map(String::as_str)).await?;
        let aws = lab.aws()?;
        let sizes = Sizes {
            items: vec![4, 4, 4],
            ..Sizes::small()
        };
        let dataset = Dataset::create(&lab, DEPLOYMENT, &sizes).await?;
        let application = Application::create(&lab, &dataset, Finds::Secret).await?;
        deploy_efs_access(&lab, &dataset.file_system).await?;
        let records = Records::of(&aws, &stack)?;
        let mut descriptor = application.descriptor(&dataset);
        if let Some(switches) = descriptor["cut_over"].as_array_mut() {
            switches.retain(|switch| !SINCE.contains(&switch["kind"].as_str().unwrap_or_default()));
        }
        records.apply(&descriptor).await?;
        lab.control(Method::PUT, "durations", Some(durations())).await?;
        Ok(Self {
            lab,
            aws,
            stack,
            _dataset: dataset,
        })
    }

    /// A whole night.
    pub async fn night(&self) -> Result<Run> {
        self.run("NightlyStateMachineArn", &json!({})).await
    }

    /// A restore of the newest set; `cut_over` is `yes` or `no`.
    pub async fn restore(&self, cut_over: &str) -> Result<Run> {
        let request = json!({ "deployment": DEPLOYMENT, "cut_over": cut_over });
        self.run("RestoreStateMachineArn", &request).await
    }

    /// Runs a machine until it has succeeded.
    async fn run(&self, machine: &str, input: &Value) -> Result<Run> {
        let position = self.lab.ledger_position().await?;
        let execution = start(&self.aws, self.stack.output(machine)?, input).await?;
        let began = Instant::now();
        let ended = loop {
            if let Some(ended) = now(&self.aws, &execution).await? {
                break ended;
            }
            ensure!(began.elapsed() < PATIENCE, "{execution} has not ended in {PATIENCE:?}");
            if !self.lab.skip().await? {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let (error, cause) = (&ended.error, &ended.cause);
        ensure!(
            ended.status == "SUCCEEDED",
            "{execution} has {}: {error}: {cause}",
            ended.status
        );
        let history = History::read(&self.aws, &execution).await?;
        let watched = watched(&history, &self.lab.ledger(position).await?, JOB)?;
        Ok(Run { history, watched })
    }
}

/// Half an hour for backups and restores; minutes for the rest, as in AWS.
fn durations() -> Value {
    let job = JOB.as_secs();
    json!({
        "cluster_snapshot": job, "cluster_restore": job, "instance_create": job, "backup_job": job, "restore_job": job,
        "copy_job": job, "table_backup": job, "table_export": job, "table_restore": job, "delete": 60, "file_system_create": 60,
        "service_deployment": 120,
    })
}
