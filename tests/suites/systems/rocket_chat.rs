//! Rocket.Chat on ECS with its database's files on EFS: `docs/systems/rocket-chat.md`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use holdfast_tests::access::deploy_efs_access;
use holdfast_tests::application::{Application, Finds, ROOT_DIRECTORY};
use holdfast_tests::aws::text;
use holdfast_tests::dataset::{Dataset, Sizes};
use holdfast_tests::readback::files_below;
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::json;

use super::system::{PATIENCE, System, checks};
use crate::stage::{Stage, Stages};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.test_at_present(
            "systems::rocket_chat::a_lost_write_comes_back_and_rehearsals_leave_no_pile",
            |stage| Box::pin(restored(stage)),
        ),
        stages.test_at_present(
            "systems::rocket_chat::a_failure_in_the_middle_leaves_the_old_revision_running",
            |stage| Box::pin(failing(stage)),
        ),
    ]
}

/// The service, whose tasks mount [`ROOT_DIRECTORY`] at first.
struct Chat<'a> {
    system: System<'a>,
    dataset: Dataset,
    application: Application,
}

impl<'a> Chat<'a> {
    async fn up(stage: &'a Stage, name: &str) -> Result<Self> {
        let dataset = Dataset::create(&stage.lab, name, &Sizes::small()).await?;
        deploy_efs_access(&stage.lab, &dataset.file_system).await?;
        let application = Application::create(&stage.lab, &dataset, Finds::Secret).await?;
        let service = format!("cluster: {0}, service: {0}", application.name);
        let names = [
            ("deployment: rocket-chat", format!("deployment: {name}")),
            ("cluster: rocket-chat, service: rocket-chat", service),
            ("fs-0123456789abcdef0", dataset.file_system.clone()),
        ];
        Ok(Self {
            system: System::apply(stage, name, "rocket-chat.yaml", &names).await?,
            dataset,
            application,
        })
    }

    /// A directory of the file system.
    fn place(&self, path: &str) -> PathBuf {
        self.dataset.directory().join(path.trim_start_matches('/'))
    }

    /// The directory that the tasks mount.
    async fn root(&self) -> Result<String> {
        Ok(self.application.mounted().await?.1)
    }

    /// What users of the service see.
    async fn files(&self) -> Result<BTreeMap<String, String>> {
        files_below(&self.place(&self.root().await?))
    }

    /// The incident: one file is gone, and another is damaged.
    async fn lose_a_write(&self) -> Result<()> {
        let live = self.place(&self.root().await?);
        let files = files_below(&live)?;
        let paths: Vec<&String> = files.keys().collect();
        let [first, .., last] = paths[..] else {
            anyhow::bail!("too few files to lose one: {files:?}");
        };
        std::fs::remove_file(live.join(first))?;
        Ok(std::fs::write(live.join(last), "damaged")?)
    }

    /// Waits until both tasks run one revision; returns its ARN.
    async fn serving(&self) -> Result<String> {
        until("the service runs with all of its tasks", PATIENCE, || async {
            let service = self.application.service().await?;
            let one = service["deployments"].as_array().is_some_and(|all| all.len() == 1);
            let counts = [&service["desiredCount"], &service["runningCount"]];
            let up = one && counts == [&json!(2), &json!(2)];
            Ok(up
                .then(|| service["taskDefinition"].as_str().map(str::to_owned))
                .flatten())
        })
        .await
    }

    async fn is_at_rest(&self) -> Result<bool> {
        let service = self.application.service().await?;
        Ok(service["desiredCount"] == 0 && service["runningCount"] == 0)
    }

    /// Whether ECS would still deploy a revision.
    async fn is_kept(&self, revision: &str) -> Result<bool> {
        let request = json!({ "taskDefinition": revision });
        let target = "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition";
        let described = self.system.stage.aws.json("ecs", target, request).await?;
        Ok(described["taskDefinition"]["status"] == "ACTIVE")
    }

    /// The directories of restores at the root of the file system.
    fn directories_of_restores(&self) -> Result<Vec<String>> {
        let names = std::fs::read_dir(self.dataset.directory())?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<Vec<String>>>()?;
        Ok(names
            .into_iter()
            .filter(|name| name.starts_with("aws-backup-"))
            .collect())
    }

    /// A night: no task writes from before the file system's job until it has ended.
    async fn night(&self) -> Result<()> {
        let mark = self.system.stage.lab.ledger_position().await?;
        let set = self.system.sealed().await?;
        ensure!(set["quiesced_throughout"] == true, "{set:#}");
        let calls = self.system.stage.lab.ledger(mark).await?;
        let at = |caller: &str, action: &str| {
            let found = calls
                .iter()
                .position(|call| call["caller"] == caller && call["action"] == action);
            found.with_context(|| format!("no {action} by {caller}"))
        };
        let order = [
            at("holdfast-quiesce", "UpdateService")?,
            at("holdfast-back-up-file-system", "StartBackupJob")?,
            at("holdfast-resume", "UpdateService")?,
        ];
        ensure!(order.is_sorted(), "{order:?}");
        Ok(())
    }
}

async fn restored(stage: &Stage) -> Result<()> {
    let chat = Chat::up(stage, "rocket-chat").await?;
    let system = &chat.system;
    let (before, first) = (chat.files().await?, chat.serving().await?);
    chat.night().await?;
    ensure!(chat.serving().await? == first);
    let time = stage.lab.now().await?;
    chat.lose_a_write().await?;
    let damaged = chat.files().await?;
    ensure!(damaged != before);
    // The nights continue, with what the incident left.
    chat.night().await?;

    system.inbox.take().await?;
    let mut restore = system.begin(&["restore", &system.name, "--before", &time, "--watch", "--yes"]);
    // Nothing counts files, so that the copy is unproven, and on-call is asked.
    let (record, _) = restore.until(system.asked()).await?;
    ensure!(checks(&record, "different").is_empty(), "{record:#}");
    ensure!(chat.is_at_rest().await?, "it is at rest until on-call has answered");
    ensure!(chat.root().await? == ROOT_DIRECTORY && chat.files().await? == damaged);
    system.approve(&record).await?;
    let output = restore.end().await?;
    let mail = system.mail().await?;
    ensure!(output.status.success(), "{output:?}: {}", mail.body);

    let second = chat.serving().await?;
    let directory = text(&system.made(&record, "data").await?, "/directory")?.to_owned();
    ensure!(second != first && chat.is_kept(&first).await?, "{first} {second}");
    ensure!(chat.root().await? == format!("{directory}{ROOT_DIRECTORY}"));
    ensure!(chat.files().await? == before, "the write that was lost is there again");
    let id = text(&record, "/id")?;
    ensure!(
        mail.body.contains(&format!("holdfast undo-cut-over {id}")),
        "{}",
        mail.body
    );
    let patch = system.done(&["infrastructure", id, "--terraform"]).await?;
    ensure!(
        patch.contains(&format!("root_directory = \"{directory}\"")) && patch.contains(&chat.application.name),
        "{patch}"
    );

    system.done(&["undo-cut-over", id]).await?;
    ensure!(chat.serving().await? == first, "the old revision itself, no new one");
    ensure!(chat.root().await? == ROOT_DIRECTORY && chat.files().await? == damaged);
    rehearse(&chat, &directory).await
}

/// Three rehearsals with nights between them, beside what the restore left.
async fn rehearse(chat: &Chat<'_>, left: &str) -> Result<()> {
    let (system, live) = (&chat.system, chat.files().await?);
    let mut rehearsed = Vec::new();
    for round in 1..=3 {
        let (ended, record, mail) = system.restore(json!({ "cut_over": "no" })).await?;
        ensure!(ended.status == "SUCCEEDED", "{round}: {ended:?}: {}", mail.body);
        let directory = text(&system.made(&record, "data").await?, "/directory")?.to_owned();
        let copy = files_below(&chat.place(&directory))?;
        let nested = copy.keys().find(|path| path.contains("aws-backup-"));
        ensure!(
            nested.is_none(),
            "rehearsal {round} restored an earlier restore: {nested:?}"
        );
        let restored = files_below(&chat.place(&format!("{directory}{ROOT_DIRECTORY}")))?;
        ensure!(restored == live, "rehearsal {round}: {restored:?}");
        rehearsed.push(directory);
        // It has all directories of restores so far.
        chat.night().await?;
    }
    ensure!(chat.directories_of_restores()?.len() >= rehearsed.len());
    system.done(&["tidy", &system.name, "--yes"]).await?;
    let remaining = chat.directories_of_restores()?;
    let is_the_restore = |name: &String| *name == left.trim_start_matches('/');
    ensure!(remaining.iter().all(is_the_restore), "{remaining:?} of {rehearsed:?}");
    ensure!(chat.files().await? == live);
    chat.serving().await.map(drop)
}

async fn failing(stage: &Stage) -> Result<()> {
    let chat = Chat::up(stage, "rocket-chat-fails").await?;
    let (system, revision) = (&chat.system, chat.serving().await?);
    let fault = json!({ "service": "backup", "action": "StartBackupJob", "kind": "job_failed" });
    stage.lab.inject(fault).await?;
    let (ended, mail) = system.back_up().await?;
    stage.lab.heal().await?;
    ensure!(ended.status == "FAILED", "{ended:?}");
    system.ensure_on_call_knows(&mail, &["JobFailed"]).await?;
    ensure!(chat.serving().await? == revision, "the service came back");

    chat.night().await?;
    chat.lose_a_write().await?;
    let damaged = chat.files().await?;
    let fault = json!({
        "caller": "holdfast-cut-over", "service": "ecs", "action": "UpdateService", "kind": "access_denied",
    });
    let fault = stage.lab.inject(fault).await?;
    system.inbox.take().await?;
    let mut restore = system.begin(&["restore", &system.name, "--watch", "--yes"]);
    let (asked, _) = restore.until(system.asked()).await?;
    system.approve(&asked).await?;
    let output = restore.end().await?;
    ensure!(stage.lab.hits(fault).await? > 0, "nothing failed");
    stage.lab.heal().await?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    let record = system.newest_restore().await?;
    ensure!(record["status"] == "switched_back", "{record:#}");
    let mail = system.mail().await?;
    system
        .ensure_on_call_knows(&mail, &["AccessDenied", "EcsServicePattern"])
        .await?;
    ensure!(chat.serving().await? == revision);
    ensure!(chat.root().await? == ROOT_DIRECTORY && chat.files().await? == damaged);
    // What failed prevents nothing.
    chat.night().await
}
