use super::*;
use crate::domain::efs_access::{DifferingFile, TreeComparison};
use crate::domain::restore::verdict::Finding;
use crate::domain::set::{CountedRoot, SampledFile};

fn file(path: &str, bytes: u64) -> SampledFile {
    SampledFile {
        path: path.into(),
        bytes,
        sha256: format!("hash of {path}"),
    }
}

fn sample(files: u64) -> Sample {
    let sampled = if files == 0 {
        vec![]
    } else {
        vec![file("/a", 10), file("/b", 20), file("/c", 30)]
    };
    Sample::Files {
        files,
        bytes: files * 10,
        complete: true,
        sampled,
        roots: Vec::new(),
        missing: Vec::new(),
    }
}

pub fn sampled(item: RestoreItem, files: u64) -> RestoreItem {
    RestoreItem {
        sample: Some(sample(files)),
        ..item
    }
}

fn restored(item: RestoreItem) -> RestoreItem {
    with(item, in_directory(Some(&format!("/{DIRECTORY}"))))
}

fn checked(files: u64, differing: Vec<DifferingFile>) -> TreeComparison {
    TreeComparison {
        found: true,
        files,
        bytes: files * 10,
        complete: true,
        restores: 0,
        differing,
    }
}

fn answer(action: &str, checked: &TreeComparison) -> Exchange {
    answers(action, serde_json::to_string(checked).unwrap())
}

/// The responses of AWS and of the mounting function for a comparison of five files, in which these differ.
pub fn compared(differing: Vec<DifferingFile>) -> Vec<Exchange> {
    vec![file_system(&captured()), answer(INVOKE, &checked(5, differing))]
}

/// A sampled file of 10 bytes that does not exist.
pub fn missing(path: &str) -> DifferingFile {
    DifferingFile {
        was: file(path, 10),
        is: None,
    }
}

async fn checks(script: Vec<Exchange>, item: &RestoreItem, at_rest: bool) -> Vec<Check> {
    let (kind, replay) = efs(script);
    let checks = kind.compare(&run(), item, at_rest).await.unwrap();
    replay.played();
    checks
}

/// In the form `name finding`.
fn short(checks: &[Check]) -> Vec<String> {
    checks
        .iter()
        .map(|check| format!("{} {:?}", check.name, check.finding))
        .collect()
}

#[tokio::test]
async fn files_that_are_as_they_were_are_the_same() {
    let item = sampled(restored(item()), 5);
    let (kind, replay) = efs(compared(vec![]));
    let checks = kind.compare(&run(), &item, true).await.unwrap();
    assert_eq!(short(&checks), ["thing: files Same", "thing: contents Same"]);
    let asked = replay.played()[1].json();
    assert_eq!(
        (&asked["action"], &asked["root"]),
        (&json!("check"), &json!(format!("/{DIRECTORY}")))
    );
    assert_eq!(
        asked["sampled"][1],
        json!({"path": "/b", "bytes": 20, "sha256": "hash of /b"})
    );
}

#[tokio::test]
async fn every_file_that_differs_is_named() {
    let item = sampled(restored(item()), 5);
    let differing = || {
        let is = |file: SampledFile| Some(file);
        vec![
            missing("/a"),
            DifferingFile {
                was: file("/b", 20),
                is: is(file("/b", 19)),
            },
            DifferingFile {
                was: file("/c", 30),
                is: is(SampledFile {
                    sha256: "other".into(),
                    ..file("/c", 30)
                }),
            },
        ]
    };
    for (at_rest, finding) in [(true, Finding::Different), (false, Finding::Unproven)] {
        let script = vec![file_system(&captured()), answer(INVOKE, &checked(4, differing()))];
        let checks = checks(script, &item, at_rest).await;
        assert!(checks.iter().all(|check| check.finding == finding), "{checks:?}");
        let said: Vec<_> = checks
            .iter()
            .map(|check| (check.name.as_str(), check.detail.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                ("thing: files", "were 5 of 50 bytes, are 4 of 40 bytes"),
                ("thing: file /a", "had 10 bytes, is missing"),
                ("thing: file /b", "had 20 bytes, has 19"),
                ("thing: file /c", "had SHA-256 hash of /c, has other"),
            ]
        );
    }
}

#[tokio::test]
async fn no_files_where_there_were_some_is_different_and_none_at_all_is_unproven() {
    let empty = || vec![file_system(&captured()), answer(INVOKE, &checked(0, vec![]))];
    let found = checks(empty(), &sampled(restored(item()), 5), false).await;
    assert_eq!(short(&found)[0], "thing: files Different");
    let found = checks(empty(), &sampled(restored(item()), 0), true).await;
    assert_eq!(short(&found), ["thing: files Unproven"]);
    let part = TreeComparison {
        complete: false,
        ..checked(5, vec![])
    };
    let script = vec![file_system(&captured()), answer(INVOKE, &part)];
    let found = checks(script, &sampled(restored(item()), 5), true).await;
    assert_eq!(short(&found), ["thing: files Unproven", "thing: contents Same"]);
    let gone = TreeComparison {
        found: false,
        ..checked(0, vec![])
    };
    let script = vec![file_system(&captured()), answer(INVOKE, &gone)];
    let found = checks(script, &sampled(restored(item()), 5), false).await;
    assert_eq!(short(&found), ["thing: files Different"]);
}

#[tokio::test]
async fn what_cannot_be_told_is_unproven_and_what_is_gone_is_different() {
    let there = || file_system(&captured());
    let found = checks(vec![there()], &restored(item()), true).await;
    assert_eq!(short(&found), ["thing: files Unproven"]);
    let found = checks(vec![there(), no_function(INVOKE)], &sampled(restored(item()), 5), true).await;
    assert!(found[0].detail.contains("FileSystemId=fs-01234567"), "{found:?}");
    let found = checks(vec![there()], &sampled(with(item(), in_directory(None)), 5), true).await;
    assert_eq!(short(&found), ["thing: files Unproven"]);
    let found = checks(vec![no_file_system()], &sampled(restored(item()), 5), true).await;
    assert_eq!(short(&found), ["thing: file system Different"]);
    let found = checks(vec![], &sampled(item(), 5), true).await;
    assert_eq!(short(&found), ["thing: file system Different"]);
}

fn new(directory: bool) -> RestoreItem {
    let path = format!("/{DIRECTORY}");
    sampled(
        with(into_new(), in_new(Some(NEW), directory.then_some(path.as_str()))),
        5,
    )
}

fn script(now: &Value) -> Vec<Exchange> {
    let mut script = vec![file_system(now)];
    script.extend(looks(now));
    script.push(answer(INVOKE_NEW, &checked(5, vec![])));
    script
}

#[tokio::test]
async fn a_new_file_system_that_is_configured_as_the_old_one_is_the_same() {
    let found = checks(script(&whole()), &new(true), true).await;
    assert_eq!(
        short(&found),
        ["thing: configuration Same", "thing: files Same", "thing: contents Same"]
    );
}

#[tokio::test]
async fn every_attribute_of_a_new_file_system_that_differs_is_named() {
    let wrong: [(&str, Value, &str); 14] = [
        (
            "/FileSystem/PerformanceMode",
            json!("maxIO"),
            "FileSystem.PerformanceMode",
        ),
        ("/FileSystem/Encrypted", json!(false), "FileSystem.Encrypted"),
        ("/FileSystem/KmsKeyId", json!("arn:other"), "FileSystem.KmsKeyId"),
        (
            "/FileSystem/ThroughputMode",
            json!("bursting"),
            "FileSystem.ThroughputMode",
        ),
        (
            "/FileSystem/ProvisionedThroughputInMibps",
            json!(1.0),
            "FileSystem.ProvisionedThroughputInMibps",
        ),
        (
            "/FileSystem/FileSystemProtection/ReplicationOverwriteProtection",
            json!("ENABLED"),
            "FileSystem.FileSystemProtection.ReplicationOverwriteProtection",
        ),
        ("/FileSystem/Tags/0/Value", json!("other"), "FileSystem.Tags.Name"),
        ("/MountTargets", json!([]), "MountTargets"),
        (
            "/MountTargets/0/SecurityGroups",
            json!(["sg-default"]),
            "MountTargets.subnet-1.SecurityGroups",
        ),
        ("/AccessPoints", json!([]), "AccessPoints"),
        (
            "/AccessPoints/0/PosixUser/SecondaryGids",
            json!([6]),
            "AccessPoints./storage as 1000:1001",
        ),
        ("/Policy", Value::Null, "Policy"),
        (
            "/LifecyclePolicies",
            json!([{"TransitionToIA": "AFTER_7_DAYS"}]),
            "LifecyclePolicies.TransitionToIA",
        ),
        ("/BackupPolicy/Status", json!("DISABLED"), "BackupPolicy"),
    ];
    for (pointer, value, name) in wrong {
        let mut now = whole();
        *now.pointer_mut(pointer).unwrap() = value;
        let found = checks(script(&now), &new(true), true).await;
        let different: Vec<_> = found
            .iter()
            .filter(|check| check.finding == Finding::Different)
            .collect();
        assert!(
            different
                .iter()
                .any(|check| check.name.starts_with(&format!("thing: {name}"))),
            "{pointer}: {found:?}"
        );
        assert!(
            !short(&found).contains(&"thing: configuration Same".to_owned()),
            "{pointer}"
        );
    }
}

#[tokio::test]
async fn without_a_directory_access_points_and_files_are_unproven() {
    let mut now = whole();
    now["AccessPoints"] = json!([]);
    now["Policy"] = json!(captured()["Policy"].as_str().unwrap().replace(SOURCE, NEW));
    let mut all = vec![file_system(&now)];
    all.extend(looks(&now));
    let found = checks(all, &new(false), true).await;
    assert_eq!(
        short(&found),
        [
            "thing: AccessPoints Unproven",
            "thing: configuration Same",
            "thing: files Unproven"
        ]
    );
    let unknown = RestoreItem {
        configuration: Value::Null,
        ..new(true)
    };
    let script = vec![file_system(&now), answer(INVOKE_NEW, &checked(5, vec![]))];
    assert_eq!(
        short(&checks(script, &unknown, true).await)[0],
        "thing: configuration Unproven"
    );
}

/// A set that recorded `/r/storage` as in use, and more that did not exist.
fn of_roots(files: u64) -> RestoreItem {
    let live = format!("/{EARLIER}/storage");
    let root = |path: &str| CountedRoot {
        path: path.into(),
        files,
        bytes: files * 10,
        complete: true,
    };
    let item = RestoreItem {
        sample: Some(Sample::Files {
            files: 2 * files,
            bytes: 20 * files,
            complete: true,
            sampled: vec![file(&format!("{live}/a"), 10), file("/other/b", 20)],
            roots: vec![root(&live), root("/other")],
            missing: vec!["/gone".into()],
        }),
        ..restored(item())
    };
    in_use(item, json!({"declared": ["/other", "/gone"]}))
}

const EARLIER: &str = "aws-backup-restore_2026-11-19T02-15-03-123Z";

fn in_use(mut item: RestoreItem, in_use: Value) -> RestoreItem {
    item.configuration["InUse"] = in_use;
    item
}

#[tokio::test]
async fn each_directory_in_use_is_held_against_its_own_count_and_sample() {
    let damaged = DifferingFile {
        was: file("/a", 10),
        is: None,
    };
    let (kind, replay) = efs([
        file_system(&captured()),
        answer(INVOKE, &checked(0, vec![damaged])),
        answer(INVOKE, &checked(5, vec![])),
    ]);
    let checks = kind.compare(&run(), &of_roots(5), false).await.unwrap();
    let live = format!("/{EARLIER}/storage");
    assert_eq!(
        short(&checks),
        [
            "thing: directories in use Unproven".to_owned(),
            format!("thing: files in {live} Different"),
            format!("thing: file {live}/a Unproven"),
            "thing: files in /other Same".to_owned(),
            "thing: contents in /other Same".to_owned(),
        ]
    );
    let requests = replay.played();
    assert_eq!(requests[1].json()["root"], json!(format!("/{DIRECTORY}{live}")));
    assert_eq!(requests[1].json()["sampled"][0]["path"], "/a");
    assert_eq!(requests[2].json()["root"], json!(format!("/{DIRECTORY}/other")));
}

#[tokio::test]
async fn of_a_set_from_before_directories_were_recorded_an_earlier_restore_in_the_copy_is_unproven() {
    let nested = TreeComparison {
        restores: 1,
        ..checked(5, vec![])
    };
    let there = || vec![file_system(&captured()), answer(INVOKE, &nested)];
    let found = checks(there(), &sampled(restored(item()), 5), true).await;
    assert_eq!(
        short(&found),
        [
            "thing: files Same",
            "thing: contents Same",
            "thing: directories of earlier restores Unproven"
        ]
    );
    // Nor if it is not known what was in use.
    let found = checks(there(), &in_use(sampled(restored(item()), 5), json!({})), true).await;
    assert_eq!(short(&found)[2], "thing: directories of earlier restores Unproven");
    let known = in_use(sampled(restored(item()), 5), json!({"declared": ["/"]}));
    let found = checks(there(), &known, true).await;
    assert_eq!(short(&found), ["thing: files Same", "thing: contents Same"]);
    let untold = in_use(
        sampled(restored(item()), 5),
        json!({"declared": ["/"], "untold": ["switch web: it is gone"]}),
    );
    let found = checks(there(), &untold, true).await;
    assert!(
        found[0].detail.contains("switch web: it is gone") && found[0].finding == Finding::Unproven,
        "{found:?}"
    );
}
