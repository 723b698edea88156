#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

const RESTORED: &str = "aws-backup-restore_2026-11-20T02-15-01-123Z";

fn mounted(files: &[(&str, &str)]) -> (TempDir, Needs) {
    let place = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(place.path(), path, text);
    }
    let mount = place.path().to_owned();
    (place, Needs { mount })
}

fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// As Lambda would carry it.
async fn ask(needs: &Needs, event: Value) -> Result<Value> {
    let answer = handle(needs, serde_json::from_value(event).unwrap()).await?;
    Ok(serde_json::to_value(answer).unwrap())
}

#[tokio::test]
async fn the_directories_of_restores_are_listed_with_their_times_and_files() {
    let (place, needs) = mounted(&[
        ("data/a", "1"),
        (&format!("{RESTORED}/data/a"), "123"),
        (&format!("{RESTORED}/b"), "1"),
        ("aws-backup-failed-restore_2026-11-19T02-15-01-123456789Z/x", ""),
        ("aws-backup-restore_today/x", ""),
        ("deeper/aws-backup-restore_2026-11-18T02-15-01-123Z/x", ""),
        ("aws-backup-restore_2026-11-17T02-15-01-123Z", "a file"),
    ]);
    symlink(
        place.path().join("data"),
        place.path().join("aws-backup-restore_2026-11-16T02-15-01-123Z"),
    )
    .unwrap();
    let listed = ask(&needs, json!({"action": "list", "most_entries": 100}))
        .await
        .unwrap();
    assert_eq!(
        listed,
        json!({"directories": [
            {"name": "aws-backup-failed-restore_2026-11-19T02-15-01-123456789Z", "of": "failed_restore",
             "made_at": "2026-11-19T02:15:01.123456789Z", "files": 1, "bytes": 0, "complete": true},
            {"name": RESTORED, "of": "restore", "made_at": "2026-11-20T02:15:01.123Z", "files": 2, "bytes": 4, "complete": true},
        ]})
    );
    let listed = ask(&needs, json!({"action": "list", "most_entries": 1})).await.unwrap();
    assert_eq!(listed["directories"][1]["complete"], false);
    let listed = ask(&needs, json!({"action": "list"})).await.unwrap();
    assert_eq!(listed["directories"][1]["files"], 0);
}

#[tokio::test]
async fn a_sample_leaves_out_restores_links_and_what_is_too_large_and_knows_its_counts() {
    let (place, needs) = mounted(&[
        ("a.txt", "alpha"),
        ("deep/er/b ä.txt", ""),
        (&format!("{RESTORED}/a.txt"), "old"),
        (&format!("deep/{RESTORED}/c.txt"), "not at the root"),
    ]);
    symlink("a.txt", place.path().join("link")).unwrap();
    symlink("/", place.path().join("deep/out")).unwrap();
    let large = fs::File::create(place.path().join("large")).unwrap();
    large.set_len(samples::LARGEST + 1).unwrap();
    let sample = ask(&needs, json!({"action": "sample"})).await.unwrap();
    assert_eq!(
        (&sample["of"], &sample["files"], &sample["complete"]),
        (&json!("files"), &json!(4), &json!(true))
    );
    assert_eq!(sample["bytes"], 5 + 15 + samples::LARGEST + 1);
    let mut paths: Vec<_> = sample["sampled"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        ["/a.txt", &format!("/deep/{RESTORED}/c.txt"), "/deep/er/b ä.txt"]
    );
    let alpha = sample["sampled"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["path"] == "/a.txt")
        .unwrap();
    // printf alpha | sha256sum
    assert_eq!(
        alpha["sha256"],
        "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8"
    );
    assert_eq!(alpha["bytes"], 5);
    let restored = ask(&needs, json!({"action": "sample", "root": format!("/{RESTORED}")}))
        .await
        .unwrap();
    assert_eq!(
        (&restored["files"], &restored["sampled"][0]["path"]),
        (&json!(1), &json!("/a.txt"))
    );
}

#[tokio::test]
async fn the_same_files_are_sampled_again_and_a_count_ends_where_it_has_to() {
    let (place, needs) = mounted(&[]);
    for n in 0..100 {
        write(place.path(), &format!("{}/{n}", n % 7), n.to_string());
    }
    let first = ask(&needs, json!({"action": "sample"})).await.unwrap();
    assert_eq!(
        first["sampled"].as_array().unwrap().len(),
        crate::domain::efs_access::SAMPLED
    );
    // The same files, created elsewhere, in other directories' order.
    let (other, again) = mounted(&[]);
    for n in (0..100).rev() {
        write(other.path(), &format!("{}/{n}", n % 7), n.to_string());
    }
    assert_eq!(ask(&again, json!({"action": "sample"})).await.unwrap(), first);
    let some = ask(&needs, json!({"action": "sample", "most_entries": 50}))
        .await
        .unwrap();
    assert_eq!(some["complete"], false);
    assert!(some["files"].as_u64().unwrap() <= 50, "{some}");
    // A limit equal to their number is complete.
    let all = ask(&needs, json!({"action": "sample", "most_entries": 107}))
        .await
        .unwrap();
    assert_eq!((&all["complete"], &all["files"]), (&json!(true), &json!(100)));
}

/// Fails at 8e363f8: a walk continued for minutes after its caller had given up, in parallel with the retry's.
#[tokio::test]
async fn a_sample_ends_when_whoever_asks_gives_it_up() {
    let (_place, needs) = mounted(&[("a", "1"), ("b/c", "2")]);
    let late = json!({"action": "sample", "within_seconds": 0});
    let sample = ask(&needs, late).await.unwrap();
    assert_eq!((&sample["complete"], &sample["sampled"]), (&json!(false), &json!([])));
    let sample = ask(&needs, json!({"action": "sample", "within_seconds": 60}))
        .await
        .unwrap();
    assert_eq!((&sample["complete"], &sample["files"]), (&json!(true), &json!(2)));
}

#[tokio::test]
async fn every_file_that_is_not_as_sampled_is_named() {
    let (place, needs) = mounted(&[
        ("same", "1"),
        ("cut", "1234"),
        ("changed", "1234"),
        ("gone", "1"),
        ("linked", "1"),
        ("dir/under", "1"),
    ]);
    let sample = ask(&needs, json!({"action": "sample"})).await.unwrap();
    for (name, text) in [("same", "1"), ("cut", "12"), ("changed", "1235"), ("more", "1")] {
        write(place.path(), &format!("{RESTORED}/{name}"), text);
    }
    symlink("same", place.path().join(RESTORED).join("linked")).unwrap();
    symlink(place.path().join("dir"), place.path().join(RESTORED).join("dir")).unwrap();
    let check = json!({"action": "check", "root": format!("/{RESTORED}"), "sampled": sample["sampled"]});
    let checked = ask(&needs, check.clone()).await.unwrap();
    assert_eq!(
        (&checked["found"], &checked["files"], &checked["bytes"]),
        (&json!(true), &json!(4), &json!(8))
    );
    let mut differing: Vec<_> = checked["differing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["was"]["path"].as_str().unwrap(), one["is"]["bytes"].as_u64()))
        .collect();
    differing.sort_unstable();
    assert_eq!(
        differing,
        [
            ("/changed", Some(4)),
            ("/cut", Some(2)),
            ("/dir/under", None),
            ("/gone", None),
            ("/linked", None)
        ]
    );
    let itself = ask(
        &needs,
        json!({"action": "check", "root": "/", "sampled": sample["sampled"]}),
    )
    .await
    .unwrap();
    assert_eq!(itself["differing"], json!([]));
    fs::remove_dir_all(place.path().join(RESTORED)).unwrap();
    assert_eq!(ask(&needs, check).await.unwrap()["found"], false);
}

#[tokio::test]
async fn only_a_restores_directory_at_the_root_is_removed() {
    let (place, needs) = mounted(&[
        ("data/a", "1"),
        (&format!("{RESTORED}/data/a"), "1"),
        ("elsewhere/b", "2"),
    ]);
    symlink(place.path().join("elsewhere"), place.path().join(RESTORED).join("out")).unwrap();
    let linked = "aws-backup-restore_2026-11-16T02-15-01-123Z";
    symlink(place.path().join("data"), place.path().join(linked)).unwrap();
    for name in [
        "",
        "/",
        "data",
        "/data",
        ".",
        "..",
        "aws-backup-restore_",
        &format!("{RESTORED}/.."),
        &format!("{RESTORED}/../data"),
        &format!("//{RESTORED}"),
        &format!("data/../{RESTORED}"),
        &format!("{RESTORED}/data"),
        linked,
    ] {
        let error = ask(&needs, json!({"action": "remove", "directory": name}))
            .await
            .unwrap_err();
        assert_eq!(error.name(), "InvalidInput", "{name}");
    }
    assert!(place.path().join(RESTORED).join("data/a").exists() && place.path().join("data/a").exists());
    for name in [format!("/{RESTORED}"), RESTORED.to_owned()] {
        let removed = ask(&needs, json!({"action": "remove", "directory": name}))
            .await
            .unwrap();
        assert_eq!(removed, json!({"gone": true}));
    }
    assert!(!place.path().join(RESTORED).exists());
    assert!(place.path().join("elsewhere/b").exists() && place.path().join("data/a").exists());
}

#[tokio::test]
async fn a_large_directory_is_removed_in_parts() {
    let (place, needs) = mounted(&[]);
    let root = place.path().join(RESTORED);
    for directory in 0..3 {
        fs::create_dir_all(root.join(directory.to_string())).unwrap();
        for n in 0..=removal::BATCH / 2 {
            fs::File::create(root.join(format!("{directory}/{n}"))).unwrap();
        }
    }
    let mut calls = 0;
    loop {
        calls += 1;
        let removed = ask(&needs, json!({"action": "remove", "directory": RESTORED}))
            .await
            .unwrap();
        if removed["gone"] == true {
            break;
        }
        assert!(root.exists() && calls < 10);
    }
    assert_eq!(calls, 2);
    assert!(!root.exists());
}

#[tokio::test]
async fn a_path_that_leads_out_is_refused() {
    let (place, needs) = mounted(&[("data/a", "1")]);
    for root in ["", "data", "../", "/..", "/data/../..", "/./data", "/data/."] {
        for event in [
            json!({"action": "sample", "root": root}),
            json!({"action": "check", "root": root, "sampled": []}),
        ] {
            assert_eq!(ask(&needs, event).await.unwrap_err().name(), "InvalidInput", "{root}");
        }
    }
    symlink("/", place.path().join("out")).unwrap();
    let error = ask(&needs, json!({"action": "sample", "root": "/out/etc"}))
        .await
        .unwrap_err();
    assert_eq!(error.name(), "NotFound");
    let nowhere = Needs {
        mount: place.path().join("nowhere"),
    };
    let error = ask(&nowhere, json!({"action": "list"})).await.unwrap_err();
    assert!(error.to_string().contains("Nothing is mounted there"), "{error}");
}
