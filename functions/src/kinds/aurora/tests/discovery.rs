//! What a backup asks about clusters.

use super::recovery::cluster;
use super::*;
use crate::kinds::Discovery;

/// MySQL uses another protocol: without this check, it would look like a network that blocks the connection.
#[tokio::test]
async fn a_cluster_in_which_no_sql_is_counted_is_told_before_anything_is_counted() {
    let found = "<Engine>aurora-mysql</Engine><Endpoint>hubs.example</Endpoint><Port>3306</Port>";
    let (kind, replay) = aurora([cluster(found)]);
    let error = kind.endpoint(&database().target).await.unwrap_err();
    assert_eq!(error.name(), "InvalidInput");
    assert!(error.to_string().contains("engine aurora-mysql"), "{error}");
    replay.played();
}

#[tokio::test]
async fn a_cluster_without_an_endpoint_is_said_to_need_an_instance() {
    let (kind, replay) = aurora([cluster("")]);
    let error = kind.endpoint(&database().target).await.unwrap_err();
    assert_eq!(error.name(), "NotFound");
    assert!(error.to_string().contains("Give it an instance"), "{error}");
    replay.played();
}
