//! What a file system can be restored into.

use super::*;
use crate::domain::restore::naming::Naming;
use crate::domain::restore::plan::Destination;
use crate::domain::restore::request::RequestedDestination;
use crate::kinds::Recovery;

pub fn no_file_system() -> Exchange {
    refuses(FILES, 404, "FileSystemNotFound")
}

/// Into a directory of the existing file system, else into a new one; if a new one is requested, without calling EFS.
#[tokio::test]
async fn a_file_system_that_is_gone_is_restored_into_a_new_one() {
    let naming = |into| Naming {
        suffix: "r1",
        given: None,
        into,
    };
    let (efs, replay) = efs([file_system("available"), no_file_system()]);
    let into = async |into| efs.destination(&run(), &storage(), &naming(into)).await.unwrap();
    assert!(matches!(into(None).await, Destination::Directory { .. }));
    assert!(matches!(into(None).await, Destination::FileSystem { .. }));
    assert!(matches!(
        into(Some(RequestedDestination::Directory)).await,
        Destination::Directory { .. }
    ));
    assert!(matches!(
        into(Some(RequestedDestination::FileSystem)).await,
        Destination::FileSystem { .. }
    ));
    replay.played();
}

#[tokio::test]
async fn one_that_cannot_be_asked_is_not_called_gone() {
    let (efs, replay) = efs([refuses(FILES, 403, "AccessDeniedException")]);
    let asked = efs.exists(&storage().target).await;
    assert_eq!(asked.unwrap_err().name(), "AccessDenied");
    replay.played();
}

#[tokio::test]
async fn a_recovery_point_that_is_gone_or_not_completed_is_lost() {
    for (answer, words) in [
        (recovery_point("COMPLETED", 1), None),
        (recovery_point("AVAILABLE", 1), None),
        (recovery_point("EXPIRED", 1), Some("is EXPIRED, not COMPLETED")),
        (no_point(), Some("is not in vault vault any more")),
    ] {
        let (efs, replay) = efs([answer]);
        let lost = efs.lost(&point()).await.unwrap();
        assert_eq!(lost.is_some(), words.is_some(), "{lost:?}");
        assert!(lost.unwrap_or_default().contains(words.unwrap_or_default()));
        replay.played();
    }
}
