//! Commands that are killed, stopped, or run out of space.

use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::lab::program;
use holdfast_tests::s3;
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tokio::process::{Child, Command};

use super::scene::{ITEMS, Scene, stderr_of, text};
use crate::stage::Stages;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.alone("table_files::what_was_killed_continues_or_is_no_export", || {
            Box::pin(killed())
        }),
        stages.alone("table_files::ctrl_c_leaves_no_upload_and_a_file_that_continues", || {
            Box::pin(stopped())
        }),
        stages.alone("table_files::an_object_that_changed_is_not_continued", || {
            Box::pin(changed())
        }),
        stages.alone("table_files::a_full_disk_leaves_no_export", || Box::pin(disk_full())),
    ]
}

async fn killed() -> Result<()> {
    let scene = Scene::create().await?;
    let source = scene.digest("rooms").await?;
    let file = scene.path("a.json");
    let partial = scene.path("a.json.partial");

    scene.inject("Scan", "slow", 1.0).await?;
    let mut export = scene.command(&["export", "rooms", "--to", text(&file)?]).spawn()?;
    until("the export has begun", Duration::from_secs(20), || async {
        Ok(partial.exists().then_some(()))
    })
    .await?;
    export.start_kill()?;
    export.wait().await?;
    ensure!(
        partial.exists() && !file.exists(),
        "a killed export has a file with its name"
    );
    let refused = scene.run(&["import", text(&partial)?, "--table", "rooms"]).await?;
    ensure!(refused.status.code() == Some(2), "{}", stderr_of(&refused));
    scene.lab.heal().await?;
    scene.done(&["export", "rooms", "--to", text(&file)?]).await?;
    ensure!(!partial.exists());

    scene.create_table("copy").await?;
    scene.inject("BatchWriteItem", "slow", 1.0).await?;
    let import = ["import", text(&file)?, "--table", "copy", "--concurrency", "2"];
    let checkpoint = scene.path("a.json.copy.progress");
    for _ in 0..2 {
        let before = std::fs::read(&checkpoint).unwrap_or_default();
        let mut importing = scene.command(&import).spawn()?;
        until("a checkpoint is stored", Duration::from_secs(20), || async {
            Ok(std::fs::read(&checkpoint).is_ok_and(|now| now != before).then_some(()))
        })
        .await?;
        importing.start_kill()?;
        importing.wait().await?;
    }
    scene.lab.heal().await?;
    let continued = scene.run(&import).await?;
    ensure!(continued.status.success(), "{}", stderr_of(&continued));
    ensure!(
        stderr_of(&continued).contains("It continued after line "),
        "{}",
        stderr_of(&continued)
    );
    ensure!(!checkpoint.exists() && scene.digest("copy").await? == source);

    // A file that is cut off afterwards is no success, and the shell's own truncation is noticed.
    let whole = std::fs::read_to_string(&file)?;
    let cut = whole.lines().take(ITEMS - 1).collect::<Vec<_>>().join("\n");
    std::fs::write(&file, cut)?;
    let refused = scene.run(&import).await?;
    ensure!(
        refused.status.code() == Some(1) && stderr_of(&refused).contains("is not complete"),
        "{}",
        stderr_of(&refused)
    );
    Ok(())
}

/// Ctrl-C during an export to S3, whose upload has begun, and during one to a file.
async fn stopped() -> Result<()> {
    let scene = Scene::create().await?;
    let client = s3::client(&scene.lab);
    client.create_bucket().bucket("exports").send().await?;
    scene.slow("s3", "UploadPart", 1_500).await?;
    // The upload begins at 8 of 14 MiB.
    scene.slow("dynamodb", "Scan", 400).await?;
    let export = [
        "export",
        "rooms",
        "--to",
        "s3://exports/rooms.json",
        "--concurrency",
        "1",
    ];
    let exporting = scene.command(&export).spawn()?;
    until("the upload has begun", Duration::from_secs(20), || async {
        let uploads = client.list_multipart_uploads().bucket("exports").send().await?;
        Ok((!uploads.uploads().is_empty()).then_some(()))
    })
    .await?;
    let output = interrupt(exporting).await?;
    ensure!(
        output.status.code() == Some(130) && stderr_of(&output).contains("nothing is left"),
        "{output:?}"
    );
    s3::ensure_empty(&client, "exports").await?;
    scene.lab.heal().await?;
    // A part that S3 refuses: the command fails, and returns when the upload is gone.
    let rule = json!({ "service": "s3", "action": "UploadPart", "kind": "access_denied" });
    scene.lab.inject(rule).await?;
    let refused = scene
        .run(&["export", "rooms", "--to", "s3://exports/rooms.json"])
        .await?;
    ensure!(refused.status.code() == Some(4), "{refused:?}");
    s3::ensure_empty(&client, "exports").await?;
    scene.lab.heal().await?;

    let file = scene.path("a.json");
    scene.slow("dynamodb", "Scan", 1_500).await?;
    let export = [
        "export",
        "rooms",
        "--to",
        text(&file)?,
        "--concurrency",
        "1",
        "--segments",
        "2",
    ];
    let exporting = scene.command(&export).spawn()?;
    let progress = scene.path("a.json.partial.progress");
    until("a checkpoint is stored", Duration::from_secs(30), || async {
        Ok(progress.exists().then_some(()))
    })
    .await?;
    let output = interrupt(exporting).await?;
    ensure!(
        output.status.code() == Some(130) && stderr_of(&output).contains("again to continue"),
        "{output:?}"
    );
    scene.lab.heal().await?;
    let continued = scene.run(&export).await?;
    ensure!(
        continued.status.success() && stderr_of(&continued).contains("It continued after "),
        "{continued:?}"
    );
    let source = scene.digest("rooms").await?;
    ensure!(
        String::from_utf8_lossy(&continued.stdout).contains(source.trim()),
        "{continued:?} {source}"
    );
    ensure!(!progress.exists() && !scene.path("a.json.partial").exists());
    Ok(())
}

/// Sends what Ctrl-C sends.
async fn interrupt(child: Child) -> Result<Output> {
    let id = child.id().context("it has ended")?;
    kill(Pid::from_raw(i32::try_from(id)?), Signal::SIGINT)?;
    Ok(child.wait_with_output().await?)
}

/// The object is another one when its import is tried again: nothing of it is written.
async fn changed() -> Result<()> {
    let scene = Scene::create().await?;
    let client = s3::client(&scene.lab);
    client.create_bucket().bucket("exports").send().await?;
    scene
        .done(&["export", "rooms", "--to", "s3://exports/rooms.json"])
        .await?;
    let object = client.get_object().bucket("exports").key("rooms.json").send().await?;
    let whole = object.body.collect().await?.to_vec();
    let put = |content: Vec<u8>| {
        let request = client.put_object().bucket("exports").key("rooms.json");
        request.body(content.into()).send()
    };
    // In one part, so that the same content has the same ETag.
    put(whole.clone()).await?;
    scene.create_table("copy").await?;
    let slow = scene.inject("BatchWriteItem", "slow", 1.0).await?;
    let import = [
        "import",
        "s3://exports/rooms.json",
        "--table",
        "copy",
        "--concurrency",
        "2",
    ];
    let here = |arguments: &[&str]| {
        let mut command = scene.command(arguments);
        command.current_dir(scene.lab.directory());
        command
    };
    let checkpoint = scene.path("rooms.json.copy.progress");
    let mut importing = here(&import).spawn()?;
    until("a checkpoint is stored", Duration::from_secs(20), || async {
        Ok(checkpoint.exists().then_some(()))
    })
    .await?;
    importing.start_kill()?;
    importing.wait().await?;
    scene.carried_out("BatchWriteItem", slow).await?;
    scene.lab.heal().await?;
    let written = scene.digest("copy").await?;
    // Of the same length, and with one other item at its end.
    let mut other = whole.clone();
    let last = other.len() - 400;
    let place = last
        + other[last..]
            .windows(5)
            .position(|bytes| bytes == b"room ")
            .context("no text")?;
    other[place] = b'R';
    for content in [other, whole[..whole.len() / 2].to_vec()] {
        put(content).await?;
        let refused = here(&import).output().await?;
        ensure!(
            refused.status.code() == Some(2) && stderr_of(&refused).contains("the file was changed"),
            "{refused:?}"
        );
        ensure!(scene.digest("copy").await? == written, "two files were mixed");
    }
    put(whole).await?;
    let again = here(&import).output().await?;
    ensure!(
        again.status.success() && scene.digest("copy").await? == scene.digest("rooms").await?,
        "{again:?}"
    );
    Ok(())
}

async fn disk_full() -> Result<()> {
    let scene = Scene::create().await?;
    let file = scene.path("a.json");
    // Without root there is no small file system; a limit of a file's size fails a write in the same way.
    let script = format!(
        "trap '' XFSZ; ulimit -f 64; exec \"$0\" table export rooms --to {}",
        text(&file)?
    );
    let limited = Command::new("sh")
        .args(["-c", &script, text(&program("holdfast"))?])
        .envs(&scene.lab.environment)
        .output()
        .await?;
    ensure!(limited.status.code() == Some(1), "{}", stderr_of(&limited));
    ensure!(
        stderr_of(&limited).contains("a.json.partial"),
        "{}",
        stderr_of(&limited)
    );
    let left: Vec<String> = std::fs::read_dir(scene.lab.directory())?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    ensure!(!left.iter().any(|name| name.starts_with("a.json")), "{left:?}");

    let script = "exec \"$0\" table export rooms > /dev/full";
    let full = Command::new("sh")
        .args(["-c", script, text(&program("holdfast"))?])
        .envs(&scene.lab.environment)
        .output()
        .await?;
    ensure!(full.status.code() == Some(1), "{}", stderr_of(&full));
    Ok(())
}
