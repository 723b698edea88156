use super::*;

const TAG: &str = "POST /2015-02-01/resource-tags/fs-0new";
const UPDATE: &str = "PUT /2015-02-01/file-systems/fs-0new";
const PROTECT: &str = "PUT /2015-02-01/file-systems/fs-0new/protection";
const LIFECYCLE: &str = "PUT /2015-02-01/file-systems/fs-0new/lifecycle-configuration";
const BACKUP: &str = "PUT /2015-02-01/file-systems/fs-0new/backup-policy";
const POLICY: &str = "PUT /2015-02-01/file-systems/fs-0new/policy";
const TARGET: &str = "POST /2015-02-01/mount-targets";
const POINT_MADE: &str = "POST /2015-02-01/access-points";

fn made(directory: bool) -> CreatedResource {
    let path = format!("/{DIRECTORY}");
    in_new(Some(NEW), directory.then_some(path.as_str()))
}

fn mount_target() -> Exchange {
    answers(
        TARGET,
        r#"{"MountTargetId":"fsmt-9","FileSystemId":"fs-0new","SubnetId":"subnet-1","LifeCycleState":"creating"}"#,
    )
}

fn updated() -> Exchange {
    answers(UPDATE, bare()["FileSystem"].to_string())
}

async fn next(kind: &Efs, item: &RestoreItem) -> RestoreProgress {
    kind.advance(&run(), item).await.unwrap()
}

#[track_caller]
fn waits(advance: &RestoreProgress, words: &str) {
    assert!(
        matches!(advance, RestoreProgress::InProgress { phase, made: Some(m), .. } if phase.contains(words) && *m == made(false)),
        "{words}: {advance:?}"
    );
}

#[tokio::test]
async fn a_new_file_system_gets_back_everything_that_was_captured() {
    // One call after another, each with the changes of the one before.
    let mut now = bare();
    let mut script = vec![completed(NEW)];
    script.extend(looks(&now));
    script.extend([answers(TAG, ""), updated()]);
    now["FileSystem"]["Tags"] = whole()["FileSystem"]["Tags"].clone();
    now["FileSystem"]["LifeCycleState"] = json!("updating");
    script.push(completed(NEW));
    script.extend(looks(&now));
    now["FileSystem"]["LifeCycleState"] = json!("available");
    now["FileSystem"]["ThroughputMode"] = json!("provisioned");
    now["FileSystem"]["ProvisionedThroughputInMibps"] = json!(20.0);
    script.push(completed(NEW));
    script.extend(looks(&now));
    script.extend([
        answers(PROTECT, r#"{"ReplicationOverwriteProtection":"DISABLED"}"#),
        answers(LIFECYCLE, "{}"),
        answers(BACKUP, "{}"),
        mount_target(),
    ]);
    for part in ["FileSystem", "LifecyclePolicies", "BackupPolicy", "MountTargets"] {
        now[part] = whole()[part].clone();
    }
    now["MountTargets"][0]["LifeCycleState"] = json!("creating");
    script.push(completed(NEW));
    script.extend(looks(&now));
    now["MountTargets"][0]["LifeCycleState"] = json!("available");
    script.push(completed(NEW));
    script.extend(looks(&now));
    script.extend([
        directories(INVOKE_NEW, &[DIRECTORY]),
        jobs(json!([])),
        answers(POINT_MADE, r#"{"AccessPointId":"fsap-9"}"#),
        answers(POLICY, "{}"),
    ]);
    // Once more: nothing is left to do.
    script.push(completed(NEW));
    script.extend(looks(&whole()));
    script.extend([directories(INVOKE_NEW, &[DIRECTORY]), jobs(json!([]))]);

    let (kind, replay) = efs(script);
    let item = with(into_new(), in_new(None, None));
    waits(&next(&kind, &item).await, "changes its throughput");
    waits(&next(&kind, &item).await, "updating");
    waits(&next(&kind, &item).await, "subnet-1 is creating");
    waits(&next(&kind, &item).await, "fsmt-9 of file system fs-0new is creating");
    for _ in 0..2 {
        let advanced = next(&kind, &item).await;
        assert_eq!(
            advanced,
            RestoreProgress::Restored {
                made: made(true),
                remarks: Vec::new()
            }
        );
    }
    let requests = replay.played();
    let body = |action: &str| requests.iter().find(|request| request.action == action).unwrap().json();
    assert_eq!(
        body(UPDATE),
        json!({"ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 20.0})
    );
    let tags = body(TAG)["Tags"].to_string();
    assert!(tags.contains("hubs-storage") && tags.contains(&run().id), "{tags}");
    assert!(!tags.contains("earlier") && !tags.contains("aws:"), "{tags}");
    assert_eq!(body(PROTECT)["ReplicationOverwriteProtection"], "DISABLED");
    assert_eq!(body(LIFECYCLE)["LifecyclePolicies"], captured()["LifecyclePolicies"]);
    assert_eq!(body(BACKUP)["BackupPolicy"]["Status"], "ENABLED");
    assert_eq!(
        body(TARGET),
        json!({"FileSystemId": NEW, "SubnetId": "subnet-1", "SecurityGroups": ["sg-1", "sg-2"]})
    );
    let point = body(POINT_MADE);
    assert_eq!(point["RootDirectory"]["Path"], format!("/{DIRECTORY}/storage"));
    assert_eq!(point["RootDirectory"]["CreationInfo"]["Permissions"], "750");
    assert_eq!(
        point["PosixUser"],
        json!({"Uid": 1000, "Gid": 1001, "SecondaryGids": [5]})
    );
    assert_eq!(point["ClientToken"], whole()["AccessPoints"][0]["ClientToken"]);
    let policy = body(POLICY)["Policy"].as_str().unwrap().to_owned();
    assert_eq!(json!(policy), whole()["Policy"]);
}

#[tokio::test]
async fn without_a_function_the_access_points_are_left_to_the_operator() {
    let mut now = whole();
    now["AccessPoints"] = json!([]);
    now["Policy"] = json!(captured()["Policy"].as_str().unwrap().replace(SOURCE, NEW));
    let script = [vec![completed(NEW)], looks(&now), vec![no_function(INVOKE_NEW)]];
    let (kind, replay) = efs(script.into_iter().flatten());
    let advanced = next(&kind, &with(into_new(), in_new(None, None))).await;
    let RestoreProgress::Restored { made: is, remarks } = advanced else {
        panic!("{advanced:?}")
    };
    assert_eq!(is, made(false));
    let said = remarks.join("\n");
    assert!(
        said.contains("FileSystemId=fs-0new") && said.contains("1 access points were not created"),
        "{said}"
    );
    replay.played();
}

#[tokio::test]
async fn what_was_not_captured_is_not_invented() {
    let mut now = bare();
    now["FileSystem"]["Tags"] = whole()["FileSystem"]["Tags"].clone();
    let script = [
        vec![completed(NEW)],
        looks(&now),
        vec![directories(INVOKE_NEW, &[DIRECTORY]), jobs(json!([]))],
    ];
    let (kind, replay) = efs(script.into_iter().flatten());
    let unknown = RestoreItem {
        configuration: Value::Null,
        ..with(into_new(), in_new(None, None))
    };
    let advanced = next(&kind, &unknown).await;
    assert!(
        matches!(&advanced, RestoreProgress::Restored { made: m, remarks } if *m == made(true) && remarks[0].contains("not captured")),
        "{advanced:?}"
    );
    replay.played();
}

#[tokio::test]
async fn a_path_that_efs_does_not_take_is_told() {
    let mut item = with(into_new(), in_new(None, None));
    item.configuration["AccessPoints"][0]["RootDirectory"]["Path"] = json!("/a/b/c/d");
    let mut now = whole();
    now["AccessPoints"] = json!([]);
    now["Policy"] = json!(captured()["Policy"].as_str().unwrap().replace(SOURCE, NEW));
    let script = [
        vec![completed(NEW)],
        looks(&now),
        vec![directories(INVOKE_NEW, &[DIRECTORY]), jobs(json!([]))],
    ];
    let (kind, replay) = efs(script.into_iter().flatten());
    let advanced = next(&kind, &item).await;
    assert!(
        matches!(&advanced, RestoreProgress::Restored { remarks, .. } if remarks[0].contains("as deep as")),
        "{advanced:?}"
    );
    replay.played();
}

#[tokio::test]
async fn an_access_point_of_an_earlier_try_is_adopted_and_a_wrong_group_corrected() {
    let mut now = whole();
    now["AccessPoints"] = json!([]);
    now["MountTargets"][0]["SecurityGroups"] = json!(["sg-default"]);
    now["Policy"] = Value::Null;
    let known = refuses(POINT_MADE, 409, "AccessPointAlreadyExists");
    let modify = "PUT /2015-02-01/mount-targets/fsmt-9/security-groups";
    let script = [
        vec![completed(NEW)],
        looks(&now),
        vec![
            answers(modify, ""),
            directories(INVOKE_NEW, &[DIRECTORY]),
            jobs(json!([])),
            known,
        ],
    ];
    let (kind, replay) = efs(script.into_iter().flatten());
    let item = with(into_new(), in_new(None, None));
    // EFS does not list it yet, so it cannot be checked whether it is as planned.
    assert_eq!(kind.advance(&run(), &item).await.unwrap_err().name(), "Unavailable");
    let requests = replay.played();
    let groups = requests.iter().find(|request| request.action == modify).unwrap().json();
    assert_eq!(groups["SecurityGroups"], json!(["sg-1", "sg-2"]));
    now = whole();
    now["Policy"] = Value::Null;
    let listed = |now: &Value| {
        let found = vec![
            directories(INVOKE_NEW, &[DIRECTORY]),
            jobs(json!([])),
            answers(POLICY, "{}"),
        ];
        efs([vec![completed(NEW)], looks(now), found].into_iter().flatten())
    };
    let (kind, replay) = listed(&now);
    assert!(matches!(next(&kind, &item).await, RestoreProgress::Restored { .. }));
    replay.played();
    for (pointer, value) in [
        (
            "/RootDirectory/Path",
            json!("/aws-backup-restore_2026-11-20T02-15-02-000Z/storage"),
        ),
        ("/RootDirectory/CreationInfo/Permissions", json!("777")),
        ("/PosixUser/Uid", json!(0)),
    ] {
        let mut other = now.clone();
        *other["AccessPoints"][0].pointer_mut(pointer).unwrap() = value;
        let (kind, _) = listed(&other);
        let error = kind.advance(&run(), &item).await.unwrap_err();
        assert_eq!(error.name(), "Conflict", "{pointer}: {error}");
    }
}

/// The restore job names it, whatever creation token AWS Backup gave it.
#[tokio::test]
async fn a_new_file_system_is_ours_by_the_job_that_made_it() {
    let mut other = bare();
    other["FileSystem"]["CreationToken"] = json!("AWS Backup's own");
    other["FileSystem"]["LifeCycleState"] = json!("creating");
    let (kind, _) = efs([vec![completed(NEW)], looks(&other)].into_iter().flatten());
    let advanced = next(&kind, &with(into_new(), in_new(None, None))).await;
    assert!(matches!(advanced, RestoreProgress::InProgress { .. }), "{advanced:?}");
}

#[tokio::test]
async fn a_file_system_that_is_not_ours_or_not_usable_is_left_alone() {
    let mut other = bare();
    other["FileSystem"]["CreationToken"] = json!("another");
    other["FileSystem"]["CreationTime"] = json!(1.7e9);
    let (kind, _) = efs([vec![completed(NEW)], looks(&other)].into_iter().flatten());
    let error = kind
        .advance(&run(), &with(into_new(), in_new(None, None)))
        .await
        .unwrap_err();
    assert_eq!(error.name(), "Conflict");
    let mut broken = bare();
    broken["FileSystem"]["LifeCycleState"] = json!("error");
    let (kind, _) = efs([vec![completed(NEW)], looks(&broken)].into_iter().flatten());
    let advanced = next(&kind, &with(into_new(), in_new(None, None))).await;
    assert!(
        matches!(&advanced, RestoreProgress::Failed { reason } if reason.contains("is error")),
        "{advanced:?}"
    );
    let nothing = job("COMPLETED", json!({"CompletionDate": seconds("2026-11-20T02:16:30Z")}));
    let (kind, _) = efs([nothing]);
    let advanced = next(&kind, &with(into_new(), in_new(None, None))).await;
    assert!(
        matches!(&advanced, RestoreProgress::Failed { reason } if reason.contains("names no file system")),
        "{advanced:?}"
    );
}
