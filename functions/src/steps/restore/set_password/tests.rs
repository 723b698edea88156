#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::domain::restore::item::ItemStatus;
use crate::domain::restore::login::LoginPlan;
use crate::kinds::Defaults;
use crate::testing::now;
use crate::testing::replay::{Exchange, Replay, answers, refuses, xml};
use crate::testing::restores::{cluster, item, planned_restore};

const PASSWORD: &str = "s3cret-of-the-master";

fn described(restore: &str, status: &str) -> Exchange {
    let body = format!(
        "<DBClusters><DBCluster><DBClusterIdentifier>hubs-db-r1</DBClusterIdentifier><Status>{status}</Status>\
         <MasterUsername>postgres</MasterUsername><TagList><Tag><Key>holdfast:restore</Key><Value>{restore}</Value></Tag>\
         </TagList></DBCluster></DBClusters>"
    );
    xml("DescribeDBClusters", &body)
}

fn held(user: &str) -> Exchange {
    let value = json!({"username": user, "password": PASSWORD}).to_string();
    answers(
        "GetSecretValue",
        json!({"Name": "hubs/app", "VersionId": "v2", "SecretString": value}).to_string(),
    )
}

async fn call(exchanges: Vec<Exchange>, calls: usize) -> (Vec<Result<LoginJob>>, Replay, RestoreItem) {
    let (catalog, _, run) = planned_restore().await;
    let restored = RestoreItem {
        status: ItemStatus::Restored,
        created: Some(cluster()),
        ..item("database")
    };
    catalog.put_item(&run.deployment, &restored).await.unwrap();
    let replay = Replay::new(exchanges);
    let config = replay.config();
    let needs = Needs {
        catalog,
        kinds: Kinds::from_config(&config, &Defaults::of_tests()),
        secrets: Lazy::new(&config, aws_sdk_secretsmanager::Client::new),
    };
    let plan = json!({
        "resource": "database", "cluster": "hubs-db-r1", "host": "h", "reader_host": "r", "port": 5432, "logins": [],
    });
    let job = LoginJob {
        plan: serde_json::from_value::<LoginPlan>(plan).unwrap(),
        status: JobStatus::InProgress,
        wait_seconds: 0,
        set_from: Some(Version {
            name: "hubs/app".into(),
            version: "v2".into(),
        }),
        logins: Vec::new(),
        failure: None,
    };
    let mut answers = Vec::new();
    for call in 0..calls {
        let input = Input {
            run: run.clone(),
            job: job.clone(),
            now: crate::testing::later(call as i64 * 1000),
        };
        answers.push(handle(&needs, input).await);
    }
    let item = needs.catalog.item(&run.deployment, &run.id, "database").await.unwrap();
    (answers, replay, item.unwrap())
}

fn ours() -> String {
    crate::testing::run().id
}

#[tokio::test]
async fn the_copys_password_is_set_once_from_the_version_that_was_tried() {
    let exchanges = vec![
        described(&ours(), "available"),
        held("postgres"),
        xml("ModifyDBCluster", "<DBCluster></DBCluster>"),
        described(&ours(), "available"),
    ];
    let (answers, replay, item) = call(exchanges, 2).await;
    let first = answers[0].as_ref().unwrap();
    assert_eq!(
        (first.status, first.wait_seconds),
        (JobStatus::InProgress, WAIT_SECONDS)
    );
    let requests = replay.played();
    assert_eq!(requests[1].json()["VersionId"], "v2");
    let modified = &requests[2];
    for (name, value) in [
        ("DBClusterIdentifier", "hubs-db-r1"),
        ("MasterUserPassword", PASSWORD),
        ("ApplyImmediately", "true"),
    ] {
        assert_eq!(modified.field(name).as_deref(), Some(value));
    }
    let from = item.password_from.clone().unwrap();
    assert_eq!(
        (from.secret.as_str(), from.version.as_str(), from.at),
        ("hubs/app", "v2", now())
    );
    assert!(!serde_json::to_string(&(item, first)).unwrap().contains(PASSWORD));
    // A quarter of an hour later, the login is still refused.
    let late = answers[1].as_ref().unwrap();
    assert_eq!(late.status, JobStatus::Failed);
    assert_eq!(late.failure.as_ref().unwrap().error, "DeadlineExceeded");
}

#[tokio::test]
async fn a_cluster_that_is_busy_is_waited_for_and_one_that_is_not_ours_is_left_alone() {
    let (answers, _, item) = call(vec![described(&ours(), "modifying")], 1).await;
    assert_eq!(answers[0].as_ref().unwrap_err().name(), "NotReady");
    assert_eq!(item.password_from, None);
    let (answers, replay, _) = call(vec![described("another", "available")], 1).await;
    assert_eq!(answers[0].as_ref().unwrap_err().name(), "Conflict");
    replay.played();
}

#[tokio::test]
async fn what_rds_does_not_take_is_told_without_the_password() {
    for (exchanges, expected) in [
        (
            vec![
                described(&ours(), "available"),
                held("postgres"),
                refuses("ModifyDBCluster", 400, "InvalidParameterValue"),
            ],
            "8 to 41",
        ),
        (
            vec![described(&ours(), "available"), held("app")],
            "no longer has its login",
        ),
    ] {
        let (answers, _, item) = call(exchanges, 1).await;
        let failed = answers[0].as_ref().unwrap();
        let cause = &failed.failure.as_ref().unwrap().cause;
        assert_eq!(failed.status, JobStatus::Failed);
        // Nor is AWS's message passed on, which might quote it.
        assert!(
            cause.contains(expected) && !cause.contains(PASSWORD) && !cause.contains("words"),
            "{cause}"
        );
        assert_eq!(item.password_from, None);
    }
}
