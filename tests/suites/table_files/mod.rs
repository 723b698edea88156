//! Tables as files, by the command.

/// Commands that are interrupted.
mod interruptions;
/// What the tests share.
mod scene;

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::stage::Stages;
use scene::{ITEMS, Scene, stderr_of, text};

pub fn tests(stages: &Stages) -> Vec<Trial> {
    let mut tests = vec![
        stages.alone("table_files::a_table_is_the_same_after_its_export_and_import", || {
            Box::pin(round_trip())
        }),
        stages.alone(
            "table_files::a_file_of_cumulus_is_imported_but_for_what_the_table_rejects",
            || Box::pin(plain()),
        ),
    ];
    tests.extend(interruptions::tests(stages));
    tests
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
