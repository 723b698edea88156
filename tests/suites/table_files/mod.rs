use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use holdfast_tests::aws::Aws;
use holdfast_tests::lab::{Lab, Options, program};
use holdfast_tests::wait::until;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::stage::Stages;

const ITEMS: usize = 1_500;

pub fn tests(stages: &Stages) -> Vec<Trial> {
    vec![
        stages.alone("table_files::a_table_is_the_same_after_its_export_and_import", || {
            Box::pin(round_trip())
        }),
        stages.alone("table_files::what_was_killed_continues_or_is_no_export", || {
            Box::pin(killed())
        }),
        stages.alone("table_files::a_full_disk_leaves_no_export", || Box::pin(disk_full())),
        stages.alone(
            "table_files::a_file_of_cumulus_is_imported_but_for_what_the_table_rejects",
            || Box::pin(plain()),
        ),
    ]
}

/// A lab with a table of items of every type, and a directory for files.
struct Scene {
    lab: Lab,
    aws: Aws,
}

impl Scene {
    async fn create() -> Result<Self> {
        let lab = Lab::start(&Options::default()).await?;
        let aws = lab.aws()?;
        let scene = Self { lab, aws };
        scene.create_table("rooms").await?;
        for first in (0..ITEMS).step_by(25) {
            let requests: Vec<Value> = (first..first + 25)
                .map(|number| json!({ "PutRequest": { "Item": item(number) } }))
                .collect();
            let batch = json!({ "RequestItems": { "rooms": requests } });
            scene
                .aws
                .json("dynamodb", "DynamoDB_20120810.BatchWriteItem", batch)
                .await?;
        }
        Ok(scene)
    }

    async fn create_table(&self, name: &str) -> Result<()> {
        let request = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                { "AttributeName": "id", "AttributeType": "S" }, { "AttributeName": "at", "AttributeType": "N" },
            ],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }, { "AttributeName": "at", "KeyType": "RANGE" }],
        });
        self.aws
            .json("dynamodb", "DynamoDB_20120810.CreateTable", request)
            .await
            .map(drop)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.lab.directory().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("holdfast"));
        command
            .arg("table")
            .args(arguments)
            .envs(&self.lab.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Result<Output> {
        Ok(self.command(arguments).output().await?)
    }

    /// Standard output of a command that succeeded.
    async fn done(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments).await?;
        ensure!(output.status.success(), "{arguments:?}: {}", stderr_of(&output));
        Ok(String::from_utf8(output.stdout)?)
    }

    async fn digest(&self, table: &str) -> Result<String> {
        self.done(&["digest", table]).await
    }

    async fn inject(&self, action: &str, kind: &str, probability: f64) -> Result<u64> {
        let rule = json!({
            "service": "dynamodb", "action": action, "kind": kind, "probability": probability, "seed": 7,
            "milliseconds": if kind == "slow" { json!(300) } else { Value::Null },
        });
        let rule = rule
            .as_object()
            .context("no rule")?
            .iter()
            .filter(|(_, value)| !value.is_null());
        self.lab
            .inject(rule.map(|(name, value)| (name.clone(), value.clone())).collect())
            .await
    }
}

/// Every type, numbers of 38 digits, empty texts, and every hundredth of 300 KB.
fn item(number: usize) -> Value {
    let text = match number % 100 {
        0 => "x\u{1}\"".repeat(100 << 10),
        _ => format!("room {number} é😀"),
    };
    json!({
        "id": { "S": format!("room-{number}") },
        "at": { "N": format!("{}", number % 3) },
        "text": { "S": text },
        "empty": { "S": "" },
        "long": { "N": format!("1234567890123456789012345678901{:07}", number + 1) },
        "small": { "N": "1E-130" },
        "bin": { "B": "AAEC/w==" },
        "sets": { "M": { "s": { "SS": ["a", "b"] }, "n": { "NS": ["1", "2.5"] }, "b": { "BS": ["AA==", "AQ=="] } } },
        "list": { "L": [{ "NULL": true }, { "BOOL": false }, { "L": [{ "M": { "deep": { "N": "-0.5" } } }] }] },
    })
}

fn stderr_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

/// Throttled, cut and failing all the time.
async fn round_trip() -> Result<()> {
    let scene = Scene::create().await?;
    let mut faults = Vec::new();
    for (action, kind) in [
        ("Scan", "throttle"),
        ("Scan", "error_500"),
        ("Scan", "cut_after"),
        ("BatchWriteItem", "throttle"),
        ("BatchWriteItem", "error_503"),
        ("BatchWriteItem", "cut_before"),
        ("BatchWriteItem", "cut_after"),
    ] {
        faults.push(scene.inject(action, kind, 0.1).await?);
    }
    let source = scene.digest("rooms").await?;
    ensure!(source.contains(&format!("({ITEMS} items, ")), "{source}");
    for (name, options) in [
        ("a.json", vec![]),
        ("a.json.gz", vec!["--rate", "100000"]),
        ("a.json.zst", vec!["--segments", "3"]),
    ] {
        let file = scene.path(name);
        let copy = format!("copy-{}", name.replace('.', "-"));
        scene.create_table(&copy).await?;
        let mut export = vec!["export", "rooms", "--to", text(&file)?];
        export.extend(options);
        let exported = scene.done(&export).await?;
        ensure!(exported.contains(source.trim()), "{exported} {source}");
        scene.done(&["import", text(&file)?, "--table", &copy]).await?;
        ensure!(scene.digest(&copy).await? == source, "{name}");
        // Again: nothing changes.
        scene.done(&["import", text(&file)?, "--table", &copy]).await?;
        let sum = source.split(' ').next().context("no digest")?;
        scene.done(&["digest", &copy, "--expect", sum]).await?;
    }
    through_s3(&scene, &source).await?;
    let changed = json!({ "TableName": "copy-a-json", "Item": { "id": { "S": "room-7" }, "at": { "N": "1" } } });
    scene.aws.json("dynamodb", "DynamoDB_20120810.PutItem", changed).await?;
    let sum = source.split(' ').next().context("no digest")?;
    let differs = scene.run(&["digest", "copy-a-json", "--expect", sum]).await?;
    ensure!(differs.status.code() == Some(1), "{}", stderr_of(&differs));
    for fault in faults {
        ensure!(scene.lab.hits(fault).await? > 0, "fault {fault} never occurred");
    }
    Ok(())
}

async fn through_s3(scene: &Scene, source: &str) -> Result<()> {
    scene
        .aws
        .rest_xml("s3", reqwest::Method::PUT, "/exports", String::new())
        .await?;
    scene.create_table("from-s3").await?;
    let object = "s3://exports/tables/rooms.json.zst";
    let exported = scene.done(&["export", "rooms", "--to", object]).await?;
    ensure!(exported.contains(source.trim()), "{exported} {source}");
    let again = scene.run(&["export", "rooms", "--to", object]).await?;
    ensure!(
        again.status.code() == Some(2) && stderr_of(&again).contains("the object exists"),
        "{}",
        stderr_of(&again)
    );
    let mut import = scene.command(&["import", object, "--table", "from-s3"]);
    let imported = import.current_dir(scene.lab.directory()).output().await?;
    ensure!(imported.status.success(), "{}", stderr_of(&imported));
    ensure!(
        !stderr_of(&imported).contains("no manifest"),
        "{}",
        stderr_of(&imported)
    );
    ensure!(scene.digest("from-s3").await? == source, "through S3");
    Ok(())
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

async fn plain() -> Result<()> {
    let scene = Scene::create().await?;
    let file = scene.path("rooms.json");
    let large = "x".repeat(410 << 10);
    std::fs::write(
        &file,
        [
            r#"{"id":"a","at":1,"files":[{"size":12345678901234567890.125}],"none":null}"#,
            r#"{"id":"","at":1}"#,
            r#"{"id":"b"}"#,
            r#"{"id":"c","at":1,"#,
            &format!(r#"{{"id":"d","at":1,"large":"{large}"}}"#),
            r#"{"id":"room-1","at":1,"replaced":true}"#,
        ]
        .join("\n"),
    )?;
    let imported = scene.run(&["import", text(&file)?, "--table", "rooms"]).await?;
    ensure!(imported.status.code() == Some(1), "{}", stderr_of(&imported));
    ensure!(
        stderr_of(&imported).contains("4 lines of the file rejected"),
        "{}",
        stderr_of(&imported)
    );
    let rejected = std::fs::read_to_string(scene.path("rooms.json.rooms.rejected"))?;
    let lines: Vec<u64> = rejected
        .lines()
        .map(|line| serde_json::from_str::<Value>(line)?["line"].as_u64().context("no line"))
        .collect::<Result<_>>()?;
    ensure!(lines == [2, 3, 4, 5], "{rejected}");
    for (id, at, attribute) in [("a", "1", "files"), ("room-1", "1", "replaced")] {
        let key = json!({ "TableName": "rooms", "Key": { "id": { "S": id }, "at": { "N": at } } });
        let found = scene.aws.json("dynamodb", "DynamoDB_20120810.GetItem", key).await?;
        ensure!(!found["Item"][attribute].is_null(), "{found}");
        ensure!(
            id != "a" || found.to_string().contains("12345678901234567890.125"),
            "{found}"
        );
    }

    let plain = scene.path("plain.jsonl");
    let left_out = scene
        .run(&["export", "rooms", "--to", text(&plain)?, "--format", "jsonl"])
        .await?;
    ensure!(
        left_out.status.code() == Some(1) && stderr_of(&left_out).contains("sets.b: a set of binary values"),
        "{}",
        stderr_of(&left_out)
    );
    ensure!(std::fs::read_to_string(&plain)?.lines().count() == 1);
    let all = scene.path("all.jsonl");
    scene
        .done(&[
            "export",
            "rooms",
            "--to",
            text(&all)?,
            "--format",
            "jsonl",
            "--approximate",
        ])
        .await?;
    ensure!(std::fs::read_to_string(&all)?.lines().count() == ITEMS + 1);
    Ok(())
}
