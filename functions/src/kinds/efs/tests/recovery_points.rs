use super::*;
use crate::kinds::efs::tests::ARN;

const POINTS: &str = "GET /resources/arn%3Aaws%3Aelasticfilesystem%3Aeu-west-1%3A111122223333%3Afile-system%2Ffs-01234567/recovery-points";
const JOBS: &str = "GET /backup-jobs";

pub fn points(points: &[(&str, u64)]) -> Exchange {
    let points: Vec<_> = points
        .iter()
        .map(|(arn, at)| {
            format!(r#"{{"RecoveryPointArn":"{arn}","BackupVaultName":"vault","Status":"COMPLETED","CreationDate":{at},"IsParent":false}}"#)
        })
        .collect();
    answers(POINTS, format!(r#"{{"RecoveryPoints":[{}]}}"#, points.join(",")))
}

/// A job of [`ARN`], with other members.
pub fn a_job(state: &str, more: &str) -> String {
    format!(r#"{{"BackupJobId":"job-1","BackupVaultName":"vault","State":"{state}","CreationDate":1795140961{more}}}"#)
}

pub fn makes_ours() -> String {
    format!(r#","RecoveryPointArn":"{ARN}""#)
}

pub fn jobs(jobs: &[String]) -> Exchange {
    answers(JOBS, format!(r#"{{"BackupJobs":[{}]}}"#, jobs.join(",")))
}

pub fn tagged(set: &str, resource: &str) -> Exchange {
    answers(
        TAGS,
        format!(
            r#"{{"Tags":{{"holdfast:deployment":"hubs-prod","holdfast:set":"{set}","holdfast:resource":"{resource}"}}}}"#
        ),
    )
}

fn no_tags() -> Exchange {
    refuses(TAGS, 400, "ResourceNotFoundException")
}

async fn found(script: impl IntoIterator<Item = Exchange>) -> Result<Option<RecoveryPoint>> {
    let (efs, replay) = efs(script);
    let found = efs.find(&run(), &storage()).await;
    replay.played();
    found
}

#[tokio::test]
async fn one_whose_job_is_forgotten_is_found_too() {
    let made = found([
        jobs(&[]),
        points(&[("arn:older", 1_795_000_000), (ARN, 1_795_140_961)]),
        tagged(&run().id, "thing"),
    ]);
    let job = String::new();
    let vault = "vault".to_owned();
    let arn = ARN.to_owned();
    assert_eq!(
        made.await.unwrap(),
        Some(RecoveryPoint::BackupRecoveryPoint { arn, vault, job })
    );
}

#[tokio::test]
async fn a_job_that_is_still_running_is_found_by_the_tags_of_what_it_makes() {
    let running = a_job("RUNNING", &makes_ours());
    let made = found([jobs(&[running]), points(&[]), tagged(&run().id, "thing")]);
    assert_eq!(made.await.unwrap(), Some(point()));
}

#[tokio::test]
async fn what_others_made_or_failed_to_make_is_not_ours() {
    let failed = a_job("FAILED", &makes_ours());
    let planned = a_job("RUNNING", r#","CreatedBy":{"BackupPlanId":"plan"}"#);
    for (set, resource) in [("another-set", "thing"), (&run().id, "other")] {
        let theirs = found([
            jobs(&[failed.clone(), planned.clone()]),
            points(&[(ARN, 1_795_140_961)]),
            tagged(set, resource),
        ]);
        assert_eq!(theirs.await.unwrap(), None);
    }
    let running = a_job("RUNNING", &makes_ours());
    let theirs = found([jobs(&[running]), points(&[]), tagged("another-set", "thing")]);
    assert_eq!(theirs.await.unwrap(), None);
}

#[tokio::test]
async fn a_job_that_does_not_show_whose_it_is_yet_is_waited_for() {
    for script in [
        vec![jobs(&[a_job("CREATED", "")]), points(&[])],
        vec![jobs(&[a_job("RUNNING", &makes_ours())]), points(&[]), no_tags()],
    ] {
        let error = found(script).await.unwrap_err();
        assert_eq!(error.name(), "NotReady");
        assert!(error.to_string().contains("job-1"), "{error}");
    }
}

/// The recovery points in the vault, one of which is Holdfast's, finished, and of a sealed set.
pub fn all_points() -> Vec<Exchange> {
    const LIST: &str = "GET /backup-vaults/vault/recovery-points";
    let point = |arn: &str, status: &str| {
        format!(
            r#"{{"RecoveryPointArn":"{arn}","Status":"{status}","ResourceArn":"{FS_ARN}","ResourceType":"EFS",
            "CompletionDate":1795140961.5,"BackupSizeInBytes":6144}}"#
        )
    };
    let listed = format!(
        r#"{{"RecoveryPoints":[{},{}]}}"#,
        point(ARN, "COMPLETED"),
        point("arn:other", "CREATING")
    );
    let set = run().id;
    let sealed = format!(
        r#"{{"Tags":{{"holdfast:deployment":"hubs-prod","holdfast:set":"{set}","holdfast:resource":"thing","holdfast:sealed":"3"}}}}"#
    );
    vec![answers(LIST, listed), answers(TAGS, sealed)]
}

#[tokio::test]
async fn a_recovery_point_tells_when_it_was_captured_and_how_many_its_sealed_set_has() {
    let (efs, replay) = efs(all_points());
    let found = efs.tagged(&[]).await.unwrap();
    assert_eq!(found[0].sealed, Some(3));
    assert_eq!(found[0].captured_at.as_millisecond(), 1_795_140_961_500);
    replay.played();
}
