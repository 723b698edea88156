//! What is deleted, and what only seems to be.

use super::*;

#[tokio::test]
async fn what_is_ours_is_deleted_and_seen_gone_twice() {
    let (efs, replay) = efs([
        recovery_point("COMPLETED", 5),
        tags("hubs-prod"),
        answers(DELETE, ""),
        no_point(),
        no_point(),
    ]);
    assert_eq!(efs.delete(&run(), &point()).await.unwrap(), Deletion::Gone);
    assert_eq!(efs.delete(&run(), &point()).await.unwrap(), Deletion::Gone);
    replay.played();
}

#[tokio::test]
async fn a_deletion_that_aws_only_seems_to_accept_is_seen_through() {
    let whole = || [recovery_point("AVAILABLE", 5), tags("hubs-prod")];
    let after = |exchanges: Vec<Exchange>| whole().into_iter().chain(exchanges);
    let (kind, _) = efs(after(vec![answers(DELETE, ""), recovery_point("DELETING", 5)]));
    assert_eq!(kind.delete(&run(), &point()).await.unwrap(), Deletion::Underway);
    let (kind, _) = efs([recovery_point("CREATING", 0)]);
    assert_eq!(kind.delete(&run(), &point()).await.unwrap(), Deletion::Underway);
    for (script, words) in [
        (
            vec![answers(DELETE, ""), recovery_point("EXPIRED", 5)],
            "role that created it",
        ),
        (
            vec![refuses(DELETE, 400, "InvalidRequestException")],
            "InvalidRequestException",
        ),
        (
            vec![refuses(DELETE, 400, "InvalidResourceStateException")],
            "InvalidResourceStateException",
        ),
        (
            vec![refuses(DELETE, 403, "AccessDeniedException")],
            "AccessDeniedException",
        ),
    ] {
        let (kind, _) = efs(after(script));
        let deletion = kind.delete(&run(), &point()).await.unwrap();
        assert!(
            matches!(&deletion, Deletion::Protected(reason) if reason.contains(words)),
            "{words} in {deletion:?}"
        );
    }
    let (kind, _) = efs(after(vec![refuses(DELETE, 400, "ResourceNotFoundException")]));
    assert_eq!(kind.delete(&run(), &point()).await.unwrap(), Deletion::Gone);
    let (kind, _) = efs(after(vec![cut(DELETE)]));
    assert_eq!(kind.delete(&run(), &point()).await.unwrap_err().name(), "Unavailable");
}

#[tokio::test]
async fn what_another_deployment_made_is_never_deleted() {
    for elses in [tags("hubs"), answers(TAGS, r#"{"Tags":{}}"#)] {
        let (efs, replay) = efs([recovery_point("COMPLETED", 5), elses]);
        assert_eq!(efs.delete(&run(), &point()).await.unwrap_err().name(), "Conflict");
        replay.played();
    }
}
