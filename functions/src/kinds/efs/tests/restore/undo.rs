use super::*;

const DELETE: &str = "DELETE /2015-02-01/file-systems/fs-0new";
const POINTS: &str = "GET /2015-02-01/access-points";
const TARGETS: &str = "GET /2015-02-01/mount-targets";

pub fn removed(gone: bool) -> Exchange {
    answers(INVOKE, json!({ "gone": gone }).to_string())
}

fn metadata(token: &str) -> Exchange {
    answers(
        METADATA,
        json!({"RestoreJobId": "job-1", "Metadata": {"CreationToken": token}}).to_string(),
    )
}

#[tokio::test]
async fn a_directory_that_is_known_is_removed_and_no_other() {
    let known = with(item(), in_directory(Some(&format!("/{DIRECTORY}"))));
    let (kind, replay) = efs([completed(SOURCE), removed(false), completed(SOURCE), removed(true)]);
    assert!(matches!(
        kind.undo(&run(), &known).await.unwrap(),
        UndoProgress::Underway(_)
    ));
    assert_eq!(kind.undo(&run(), &known).await.unwrap(), UndoProgress::Gone);
    assert_eq!(
        replay.played()[1].json(),
        json!({"action": "remove", "directory": DIRECTORY})
    );
    let (kind, _) = efs([completed(SOURCE), no_function(INVOKE)]);
    let UndoProgress::Remains(left) = kind.undo(&run(), &known).await.unwrap() else {
        panic!("not left")
    };
    assert!(
        left.contains(DIRECTORY) && left.contains("deploy infra/efs-access.yaml"),
        "{left}"
    );
}

#[tokio::test]
async fn a_job_that_runs_is_waited_for() {
    for state in ["PENDING", "RUNNING"] {
        let (kind, replay) = efs([job(state, json!({}))]);
        let undoing = kind.undo(&run(), &with(item(), in_directory(None))).await.unwrap();
        assert!(
            matches!(&undoing, UndoProgress::Underway(why) if why.contains("cannot stop it")),
            "{undoing:?}"
        );
        replay.played();
    }
}

#[tokio::test]
async fn what_a_failed_job_left_is_removed() {
    let failed = "aws-backup-failed-restore_2026-11-20T02-15-03-123Z";
    let lost = "aws-backup-lost+found_2026-11-20T02-15-04-123Z";
    let earlier = "aws-backup-failed-restore_2026-11-19T02-15-03-123Z";
    let ended = || job("FAILED", json!({"CompletionDate": seconds("2026-11-20T02:16:30Z")}));
    let none = || jobs(json!([]));
    let (kind, replay) = efs([
        ended(),
        directories(INVOKE, &[earlier, failed, lost]),
        none(),
        removed(true),
        removed(true),
        ended(),
        directories(INVOKE, &[earlier]),
        none(),
    ]);
    let item = with(item(), in_directory(None));
    assert_eq!(kind.undo(&run(), &item).await.unwrap(), UndoProgress::Gone);
    assert_eq!(kind.undo(&run(), &item).await.unwrap(), UndoProgress::Gone);
    let requests = replay.played();
    assert_eq!(requests[3].json()["directory"], failed);
    assert_eq!(requests[4].json()["directory"], lost);
    let (kind, _) = efs([
        ended(),
        directories(
            INVOKE,
            &[failed, DIRECTORY, "aws-backup-restore_2026-11-20T02-16-03-123Z"],
        ),
        none(),
    ]);
    let undoing = kind.undo(&run(), &item).await.unwrap();
    assert!(
        matches!(&undoing, UndoProgress::Remains(why) if why.contains(DIRECTORY)),
        "{undoing:?}"
    );
}

#[tokio::test]
async fn a_job_in_the_place_of_a_hindered_one_is_waited_for_though_nobody_heard_of_it() {
    let message = json!({"StatusMessage": "There was a running job for the same resource."});
    let metadata = json!({"Metadata": {"CreationToken": names::token(&run().id, "thing", "directory")}});
    let (kind, replay) = efs([
        job("FAILED", message.clone()),
        jobs(json!([
            listed("job-1", "FAILED", "2026-11-20T02:15:01Z", message),
            listed("job-2", "RUNNING", "2026-11-20T02:16:01Z", json!({})),
        ])),
        answers("GET /restore-jobs/job-2/metadata", metadata.to_string()),
        answers(
            "GET /restore-jobs/job-2",
            json!({"RestoreJobId": "job-2", "Status": "RUNNING"}).to_string(),
        ),
    ]);
    let undoing = kind.undo(&run(), &with(item(), in_directory(None))).await.unwrap();
    assert!(
        matches!(&undoing, UndoProgress::Underway(why) if why.contains("restore job job-2")),
        "{undoing:?}"
    );
    replay.played();
}

#[tokio::test]
async fn a_job_that_nobody_heard_of_is_found_by_its_token_alone() {
    let ours = || listed("job-1", "COMPLETED", "2026-11-20T02:15:01Z", json!({}));
    let other = listed(
        "job-7",
        "COMPLETED",
        "2026-11-20T02:15:01Z",
        json!({"RecoveryPointArn": "arn:other"}),
    );
    let token = names::token(&run().id, "thing", "directory");
    let (kind, replay) = efs([
        jobs(json!([other, ours()])),
        metadata(&token),
        completed(SOURCE),
        directories(INVOKE, &[DIRECTORY]),
        jobs(json!([ours()])),
        removed(true),
    ]);
    assert_eq!(kind.undo(&run(), &item()).await.unwrap(), UndoProgress::Gone);
    replay.played();
    // Another run's restore of the same recovery point.
    let (kind, replay) = efs([jobs(json!([ours()])), metadata("another")]);
    assert_eq!(kind.undo(&run(), &item()).await.unwrap(), UndoProgress::Gone);
    replay.played();
    // A job that does not show its metadata yet may be this run's.
    let (kind, replay) = efs([
        jobs(json!([ours()])),
        refuses(METADATA, 400, "ResourceNotFoundException"),
    ]);
    assert_eq!(kind.undo(&run(), &item()).await.unwrap_err().name(), "NotReady");
    replay.played();
}

#[tokio::test]
async fn a_new_file_system_of_another_token_goes_by_the_job_that_made_it() {
    let mut new = bare();
    new["FileSystem"]["CreationToken"] = json!("AWS Backup's own");
    let (kind, replay) = efs([
        completed(NEW),
        file_system(&new),
        answers("POST /2015-02-01/resource-tags/fs-0new", ""),
    ]);
    let undoing = kind
        .undo(&run(), &with(into_new(), in_new(Some(NEW), None)))
        .await
        .unwrap();
    assert!(matches!(undoing, UndoProgress::Underway(_)), "{undoing:?}");
    replay.played();
}

#[tokio::test]
async fn a_new_file_system_goes_with_its_mount_targets_and_access_points() {
    let new = whole();
    let mut deleting = new.clone();
    deleting["FileSystem"]["LifeCycleState"] = json!("deleting");
    let target = |state: &str| json!({"MountTargetId": "fsmt-9", "FileSystemId": NEW, "SubnetId": "subnet-1", "LifeCycleState": state});
    let targets = |targets: Value| answers(TARGETS, json!({ "MountTargets": targets }).to_string());
    let points = |points: Value| answers(POINTS, json!({ "AccessPoints": points }).to_string());
    let (kind, replay) = efs([
        completed(NEW),
        file_system(&new),
        points(json!([{"AccessPointId": "fsap-9"}])),
        answers("DELETE /2015-02-01/access-points/fsap-9", ""),
        targets(json!([target("available")])),
        answers("DELETE /2015-02-01/mount-targets/fsmt-9", ""),
        completed(NEW),
        file_system(&new),
        points(json!([])),
        targets(json!([target("deleting")])),
        completed(NEW),
        file_system(&new),
        points(json!([])),
        targets(json!([])),
        answers(DELETE, ""),
        file_system(&deleting),
        completed(NEW),
        file_system(&deleting),
        completed(NEW),
        answers(FILES, r#"{"FileSystems":[]}"#),
    ]);
    let item = with(into_new(), in_new(Some(NEW), None));
    for _ in 0..4 {
        let undoing = kind.undo(&run(), &item).await.unwrap();
        assert!(matches!(undoing, UndoProgress::Underway(_)), "{undoing:?}");
    }
    assert_eq!(kind.undo(&run(), &item).await.unwrap(), UndoProgress::Gone);
    replay.played();
}

#[tokio::test]
async fn a_new_file_system_that_was_never_tagged_is_tagged_before_it_is_deleted() {
    let mut new = captured();
    new["FileSystem"]["FileSystemId"] = json!(NEW);
    new["FileSystem"]["CreationToken"] = json!(TOKEN);
    let (kind, replay) = efs([
        completed(NEW),
        file_system(&new),
        answers("POST /2015-02-01/resource-tags/fs-0new", ""),
    ]);
    let undoing = kind
        .undo(&run(), &with(into_new(), in_new(Some(NEW), None)))
        .await
        .unwrap();
    assert!(matches!(undoing, UndoProgress::Underway(_)), "{undoing:?}");
    let tags = replay.played()[2].json()["Tags"].to_string();
    assert!(tags.contains("holdfast:restore") && tags.contains(&run().id), "{tags}");
}

/// AWS Backup discards a job, or does not report what a failed job created.
#[tokio::test]
async fn a_new_file_system_goes_by_its_noted_id_where_no_job_tells_it() {
    let mut new = bare();
    new["FileSystem"]["CreationToken"] = json!("AWS Backup's own");
    let noted = with(into_new(), in_new(Some(NEW), None));
    for told in [refuses(JOB, 400, "ResourceNotFoundException"), job("FAILED", json!({}))] {
        let (kind, replay) = efs([
            told,
            file_system(&new),
            answers("POST /2015-02-01/resource-tags/fs-0new", ""),
        ]);
        let undoing = kind.undo(&run(), &noted).await.unwrap();
        assert!(
            matches!(&undoing, UndoProgress::Underway(what) if what.contains(NEW)),
            "{undoing:?}"
        );
        replay.played();
    }
    // A file system that is older than the restore is not the restore's, whatever was recorded.
    new["FileSystem"]["CreationTime"] = json!(1.7e9);
    let (kind, replay) = efs([refuses(JOB, 400, "ResourceNotFoundException"), file_system(&new)]);
    assert_eq!(kind.undo(&run(), &noted).await.unwrap(), UndoProgress::Gone);
    replay.played();
    // Without a record, only the token identifies it.
    let (kind, replay) = efs([
        refuses(JOB, 400, "ResourceNotFoundException"),
        answers(FILES, r#"{"FileSystems":[]}"#),
    ]);
    let unnoted = with(into_new(), in_new(None, None));
    assert_eq!(kind.undo(&run(), &unnoted).await.unwrap(), UndoProgress::Gone);
    replay.played();
}

#[tokio::test]
async fn a_file_system_of_another_token_is_never_deleted() {
    // As if EFS ignored the filter.
    let (kind, replay) = efs([completed(SOURCE), file_system(&captured())]);
    let item = with(into_new(), in_new(Some(SOURCE), None));
    assert_eq!(kind.undo(&run(), &item).await.unwrap(), UndoProgress::Gone);
    replay.played();
}
