//! A system in a lab: its descriptor from `examples/`, and what its operator and on-call do.

use std::future::Future;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use holdfast_tests::aws::text;
use holdfast_tests::executions::{Ended, run};
use holdfast_tests::inbox::{Inbox, InboxMessage};
use holdfast_tests::lab::{program, repository};
use holdfast_tests::records::Records;
use holdfast_tests::wait::until;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::stage::Stage;

pub const PATIENCE: Duration = Duration::from_secs(180);

/// A deployment whose descriptor is applied.
pub struct System<'a> {
    pub stage: &'a Stage,
    /// The deployment's.
    pub name: String,
    pub records: Records,
    pub inbox: Inbox,
}

/// A command of the operator that runs.
pub struct Running(JoinHandle<std::io::Result<Output>>);

impl Running {
    /// Waits for something that has to happen while it runs.
    pub async fn until<T>(&mut self, event: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            happened = event => happened,
            ended = &mut self.0 => bail!("the command has ended before: {:?}", ended??),
        }
    }

    /// Waits for its end.
    pub async fn end(self) -> Result<Output> {
        Ok(self.0.await??)
    }
}

impl<'a> System<'a> {
    /// Applies a file of `examples/` as it is, but for `names`: each of the example's, and the lab's in its place.
    pub async fn apply(stage: &'a Stage, name: &str, file: &str, names: &[(&str, impl AsRef<str>)]) -> Result<Self> {
        let path = repository().join("examples").join(file);
        let mut descriptor = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        for (of_example, of_lab) in names {
            ensure!(descriptor.contains(of_example), "{file} does not name {of_example}");
            descriptor = descriptor.replace(of_example, of_lab.as_ref());
        }
        let records = Records::of(&stage.aws, &stage.stack)?;
        records.apply_text(&descriptor).await?;
        let inbox = stage.stack.inbox(&stage.aws, &format!("inbox-{name}")).await?;
        Ok(Self {
            stage,
            name: name.to_owned(),
            records,
            inbox,
        })
    }

    /// Backs it up; returns how that ended, and the message to on-call.
    pub async fn back_up(&self) -> Result<(Ended, InboxMessage)> {
        self.inbox.take().await?;
        let ended = self.stage.back_up(&self.name).await?;
        let mail = self.mail().await.with_context(|| format!("{ended:?}"))?;
        Ok((ended, mail))
    }

    /// Backs it up; returns the sealed set.
    pub async fn sealed(&self) -> Result<Value> {
        let (ended, mail) = self.back_up().await?;
        ensure!(ended.status == "SUCCEEDED", "{ended:?}: {}", mail.body);
        let set = self.records.newest_set(&self.name).await?.context("no set")?;
        ensure!(set["status"] == "sealed", "{set:#}");
        Ok(set)
    }

    /// Restores it through the console, without a question; returns how that ended, the record, and the message to on-call.
    pub async fn restore(&self, mut fields: Value) -> Result<(Ended, Value, InboxMessage)> {
        self.inbox.take().await?;
        fields["deployment"] = json!(self.name);
        let machine = self.stage.stack.output("RestoreStateMachineArn")?;
        let ended = run(&self.stage.aws, machine, &fields, PATIENCE).await?;
        let mail = self.mail().await.with_context(|| format!("{ended:?}"))?;
        Ok((ended, self.newest_restore().await?, mail))
    }

    /// The next message about it.
    pub async fn mail(&self) -> Result<InboxMessage> {
        self.inbox.about(&self.name, PATIENCE).await
    }

    pub async fn newest_restore(&self) -> Result<Value> {
        self.records.restores(&self.name).await?.pop().context("no restore")
    }

    /// What a restore created for a resource.
    pub async fn made(&self, restore: &Value, resource: &str) -> Result<Value> {
        let mut made = self.records.made(&self.name, text(restore, "/id")?).await?;
        made.remove(resource)
            .with_context(|| format!("nothing was created for {resource}"))
    }

    /// Starts a command of the operator.
    pub fn begin(&self, arguments: &[&str]) -> Running {
        let command = Command::new(program("holdfast"))
            .args(arguments)
            .current_dir(self.stage.lab.directory())
            .envs(&self.stage.stack.environment)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        Running(tokio::spawn(command))
    }

    /// Runs a command of the operator that has to succeed; returns what it prints.
    pub async fn done(&self, arguments: &[&str]) -> Result<String> {
        let output = self.begin(arguments).end().await?;
        ensure!(output.status.success(), "{arguments:?}: {output:?}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Waits until a restore asks on-call whether it may cut over; returns its record, and the message.
    pub async fn asked(&self) -> Result<(Value, InboxMessage)> {
        let mail = self.mail().await?;
        let record = self.newest_restore().await?;
        let id = text(&record, "/id")?;
        ensure!(
            mail.body.contains(&format!("holdfast approve {id}")) && record["question"]["about"] == "cut_over",
            "{}: {record:#}",
            mail.body
        );
        Ok((record, mail))
    }

    /// Answers that question with yes.
    pub async fn approve(&self, restore: &Value) -> Result<()> {
        self.done(&["approve", text(restore, "/id")?, "--cut-over"])
            .await
            .map(drop)
    }

    /// Checks that a message would have paged on-call, that it says these words, and that the next run can begin.
    pub async fn ensure_on_call_knows(&self, mail: &InboxMessage, words: &[&str]) -> Result<()> {
        ensure!(
            mail.attributes.pointer("/severity/Value") == Some(&json!("critical")),
            "{mail:?}"
        );
        for word in words {
            ensure!(mail.body.contains(word), "{word} is not in {}", mail.body);
        }
        until("the lease is given back", PATIENCE, || async {
            Ok((!self.records.leased(&self.name).await?).then_some(()))
        })
        .await
    }
}

/// The checks of a restore with this finding.
pub fn checks<'a>(restore: &'a Value, finding: &'a str) -> Vec<&'a Value> {
    let all = restore.pointer("/verification/checks").and_then(Value::as_array);
    let all = all.into_iter().flatten();
    all.filter(|check| check["finding"] == finding).collect()
}
