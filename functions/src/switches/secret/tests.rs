#![allow(clippy::unwrap_used)]

use super::*;
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
use crate::testing::switches::{RESTORE, cluster, db_cluster, db_clusters, run, secret_switch};

const PASSWORD: &str = "correct-horse-s3cret";

fn ours_() -> String {
    new_version_id(&secret_switch(), &cluster())
}

/// The secret, whose current version is this one.
fn described(current: &str) -> Exchange {
    answers(
        "DescribeSecret",
        json!({"Name": "hubs/database", "VersionIdsToStages": {
            current: ["AWSCURRENT", "AWSPENDING"], "older": ["AWSPREVIOUS"],
        }})
        .to_string(),
    )
}

fn value() -> Exchange {
    let text = json!({"host": "old", "port": "5432", "username": "hubs", "password": PASSWORD}).to_string();
    answers(
        "GetSecretValue",
        json!({"VersionId": "v1", "SecretString": text}).to_string(),
    )
}

/// A version with this host and password.
fn holding(host: &str, password: &str) -> Exchange {
    let text = json!({"host": host, "port": "5432", "username": "hubs", "password": password}).to_string();
    answers("GetSecretValue", json!({"SecretString": text}).to_string())
}

fn facts() -> [Exchange; 2] {
    let copy = || db_clusters(&[db_cluster("hubs-db-r1", "cluster-NEW", "available", Some(RESTORE))]);
    [copy(), copy()]
}

fn put() -> Exchange {
    answers(
        "PutSecretValue",
        json!({"VersionId": ours_(), "VersionStages": [label("after")]}).to_string(),
    )
}

fn moved() -> Exchange {
    answers("UpdateSecretVersionStage", "{}")
}

fn kept() -> Exchange {
    moved()
}

/// Both labels are removed; the version of one does not exist any more.
fn let_go() -> [Exchange; 2] {
    [
        moved(),
        refuses("UpdateSecretVersionStage", 400, "InvalidParameterException"),
    ]
}

fn label(which: &str) -> String {
    match which {
        "before" => labels::before(&run(), &secret_switch(), &cluster()),
        _ => labels::after(&run(), &secret_switch(), &cluster()),
    }
}

fn script(exchanges: Vec<Exchange>) -> (Replay, Secret) {
    let replay = Replay::new(exchanges);
    let secret = Secret::from_config(&replay.config());
    (replay, secret)
}

async fn apply(secret: &Secret) -> Result<SwitchProgress> {
    let before = json!({"version": "v1"});
    secret
        .apply(&run(), &secret_switch(), &cluster(), &before, &Value::Null)
        .await
}

async fn revert(secret: &Secret, after: Value) -> Result<SwitchProgress> {
    let before = json!({"version": "v1"});
    secret
        .revert(&run(), &secret_switch(), &cluster(), &before, &after, &Value::Null)
        .await
}

#[tokio::test]
async fn only_the_version_is_observed() {
    let (replay, secret) = script(vec![described("v1")]);
    let seen = secret.observe(&run(), &secret_switch(), &cluster()).await.unwrap();
    assert_eq!(seen, json!({"version": "v1"}));
    replay.played();
}

#[tokio::test]
async fn the_named_keys_lead_to_the_copy_and_the_label_moves_from_the_version_that_was_seen() {
    let [one, two] = facts();
    let (replay, secret) = script(vec![described("v1"), one, two, value(), kept(), put(), moved()]);
    assert_eq!(apply(&secret).await.unwrap(), done(&ours_()));
    let requests = replay.played();
    // The version that was found is kept for switching back, before another becomes the current one.
    let kept = requests[4].json();
    assert_eq!(
        (&kept["VersionStage"], &kept["MoveToVersionId"]),
        (&json!(label("before")), &json!("v1"))
    );
    let put = requests[5].json();
    assert_eq!(put["ClientRequestToken"], json!(ours_()));
    assert_eq!(put["VersionStages"], json!([label("after")]));
    let written: Value = serde_json::from_str(put["SecretString"].as_str().unwrap()).unwrap();
    let wanted = json!({"host": "hubs-db-r1.cluster-x", "port": "5433", "username": "hubs", "password": PASSWORD});
    assert_eq!(written, wanted);
    let moved = requests[6].json();
    assert_eq!(
        (
            &moved["VersionStage"],
            &moved["RemoveFromVersionId"],
            &moved["MoveToVersionId"]
        ),
        (&json!("AWSCURRENT"), &json!("v1"), &json!(ours_()))
    );
}

#[tokio::test]
async fn a_renamed_cluster_is_found_under_its_final_name() {
    let renamed = || {
        [
            refuses("DescribeDBClusters", 404, "DBClusterNotFoundFault"),
            db_clusters(&[db_cluster("hubs-db", "cluster-NEW", "available", Some(RESTORE))]),
        ]
    };
    let mut exchanges = vec![described("v1")];
    exchanges.extend(renamed());
    exchanges.extend(renamed());
    exchanges.extend([value(), kept(), put(), moved()]);
    let (replay, secret) = script(exchanges);
    apply(&secret).await.unwrap();
    assert!(
        replay.played()[7].json()["SecretString"]
            .as_str()
            .unwrap()
            .contains("hubs-db.cluster-x")
    );
}

#[tokio::test]
async fn a_cluster_that_is_not_ours_is_never_switched_to() {
    let others = |name: &str| db_clusters(&[db_cluster(name, "cluster-OLD", "available", Some("another"))]);
    let (replay, secret) = script(vec![described("v1"), others("hubs-db-r1"), others("hubs-db")]);
    assert_eq!(apply(&secret).await.unwrap_err().name(), "NotFound");
    replay.played();
}

#[tokio::test]
async fn what_succeeded_unheard_is_found_done() {
    // The response to the put was lost; then the response to the move was lost.
    let [one, two] = facts();
    let (replay, secret) = script(vec![described("v1"), one, two, value(), kept(), cut("PutSecretValue")]);
    assert_eq!(apply(&secret).await.unwrap_err().name(), "Unavailable");
    replay.played();
    let [one, two] = facts();
    let (replay, secret) = script(vec![
        described("v1"),
        one,
        two,
        value(),
        kept(),
        put(),
        cut("UpdateSecretVersionStage"),
    ]);
    assert_eq!(apply(&secret).await.unwrap_err().name(), "Unavailable");
    replay.played();
    let (replay, secret) = script(vec![described(&ours_())]);
    assert_eq!(apply(&secret).await.unwrap(), done(&ours_()));
    replay.played();
}

#[tokio::test]
async fn a_rotation_meanwhile_is_never_covered_up() {
    let (replay, secret) = script(vec![described("rotated")]);
    assert_eq!(apply(&secret).await.unwrap_err().name(), "Conflict");
    replay.played();
    // It was written between the describe and the move.
    let [one, two] = facts();
    let (replay, secret) = script(vec![
        described("v1"),
        one,
        two,
        value(),
        kept(),
        put(),
        refuses("UpdateSecretVersionStage", 400, "InvalidParameterException"),
        described("rotated"),
    ]);
    assert_eq!(apply(&secret).await.unwrap_err().name(), "Conflict");
    replay.played();
}

#[tokio::test]
async fn a_secret_that_leads_there_already_gets_no_version() {
    let [one, two] = facts();
    let text = json!({"host": "hubs-db-r1.cluster-x", "port": 5433}).to_string();
    let value = answers("GetSecretValue", json!({"SecretString": text}).to_string());
    let (replay, secret) = script(vec![described("v1"), one, two, value]);
    assert_eq!(apply(&secret).await.unwrap(), done("v1"));
    replay.played();
    let (replay, secret) = script(vec![]);
    assert_eq!(revert(&secret, json!({"version": "v1"})).await.unwrap(), done("v1"));
    replay.played();
}

#[tokio::test]
async fn no_error_tells_a_value() {
    for text in [
        format!("{PASSWORD} is no JSON"),
        json!({"host": [PASSWORD], "port": PASSWORD}).to_string(),
    ] {
        let [one, two] = facts();
        let value = answers("GetSecretValue", json!({"SecretString": text}).to_string());
        let (replay, secret) = script(vec![described("v1"), one, two, value]);
        let error = apply(&secret).await.unwrap_err();
        assert_eq!(error.name(), "InvalidInput");
        assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error}");
        replay.played();
    }
}

#[tokio::test]
async fn switching_back_moves_the_label_and_reads_no_value() {
    let [one, two] = let_go();
    let (replay, secret) = script(vec![described(&ours_()), moved(), one, two]);
    assert_eq!(revert(&secret, json!({"version": ours_()})).await.unwrap(), done("v1"));
    let asked = replay.played();
    let moved = asked[1].json();
    assert_eq!(
        (&moved["RemoveFromVersionId"], &moved["MoveToVersionId"]),
        (&json!(ours_()), &json!("v1"))
    );
    // The version that was kept for this is not kept any more.
    for (at, which, version) in [(2, "before", "v1"), (3, "after", ours_().as_str())] {
        let asked = asked[at].json();
        assert_eq!(
            (&asked["VersionStage"], &asked["RemoveFromVersionId"]),
            (&json!(label(which)), &json!(version))
        );
        assert_eq!(asked["MoveToVersionId"], Value::Null);
    }
}

#[tokio::test]
async fn a_switch_of_which_nobody_heard_is_taken_back_too() {
    let [one, two] = let_go();
    let (replay, secret) = script(vec![described(&ours_()), self::moved(), one, two]);
    assert_eq!(revert(&secret, Value::Null).await.unwrap(), done("v1"));
    replay.played();
    let (replay, secret) = script(vec![described("v1")]);
    assert_eq!(revert(&secret, Value::Null).await.unwrap(), done("v1"));
    replay.played();
}

#[tokio::test]
async fn what_somebody_put_since_stays_when_switching_back() {
    for third in ["new-password", PASSWORD] {
        let gone = || refuses("GetSecretValue", 400, "ResourceNotFoundException");
        let others = match third {
            PASSWORD => [gone(), gone()],
            _ => [holding("old", PASSWORD), holding("copy", PASSWORD)],
        };
        let mut exchanges = vec![described("third"), holding("copy", third)];
        exchanges.extend(others);
        let (replay, secret) = script(exchanges);
        let error = revert(&secret, json!({"version": ours_()})).await.unwrap_err();
        assert_eq!(error.name(), "Conflict");
        let words = format!("{error} {error:?}");
        assert!(words.contains("version v1 has the previous values"), "{words}");
        assert!(!words.contains(third), "{words}");
        replay.played();
    }
}

#[tokio::test]
async fn what_was_put_again_is_known_by_what_it_holds() {
    // As this restore left it, under another version: by a later restore that was switched back, or by hand.
    let (replay, secret) = script(vec![
        described("again"),
        holding("copy", PASSWORD),
        holding("old", PASSWORD),
        holding("copy", PASSWORD),
        moved(),
        moved(),
        moved(),
    ]);
    assert_eq!(revert(&secret, json!({"version": ours_()})).await.unwrap(), done("v1"));
    let moved = replay.played()[4].json();
    assert_eq!(moved["RemoveFromVersionId"], json!("again"));
    // As it was before.
    let (replay, secret) = script(vec![
        described("again"),
        holding("old", PASSWORD),
        holding("old", PASSWORD),
    ]);
    assert_eq!(
        revert(&secret, json!({"version": ours_()})).await.unwrap(),
        done("again")
    );
    replay.played();
}

#[tokio::test]
async fn what_would_fail_is_found_before() {
    let answer = |document: Value| answers("DescribeSecret", document.to_string());
    let value = |text: &str| answers("GetSecretValue", json!({"SecretString": text}).to_string());
    let cases = [
        (
            vec![refuses("DescribeSecret", 400, "ResourceNotFoundException")],
            "exists in this account",
        ),
        (
            vec![answer(
                json!({"DeletedDate": 1.0, "VersionIdsToStages": {"v1": ["AWSCURRENT"]}}),
            )],
            "restore-secret",
        ),
        (
            vec![answer(
                json!({"OwningService": "rds", "VersionIdsToStages": {"v1": ["AWSCURRENT"]}}),
            )],
            "of the application's own",
        ),
        (vec![answer(json!({"VersionIdsToStages": {}}))], "has a current version"),
        (
            vec![answer(
                json!({"VersionIdsToStages": {"v1": ["AWSCURRENT"], "v2": ["AWSPENDING"]}}),
            )],
            "--version-stage AWSPENDING --remove-from-version-id v2",
        ),
        (vec![described("v1"), value("[1]")], "no JSON object"),
        (
            vec![described("v1"), value(r#"{"host":"h"}"#)],
            "cut_over.database-secret.values.port",
        ),
        (
            vec![described("v1"), answers("GetSecretValue", r#"{"SecretBinary":"AAAA"}"#)],
            "a binary value",
        ),
    ];
    for (exchanges, word) in cases {
        let (replay, secret) = script(exchanges);
        let faults = secret.preflight(&run(), &secret_switch(), &cluster()).await.unwrap();
        assert_eq!(faults.len(), 1, "{word}: {faults:?}");
        assert!(faults[0].to_string().contains(word), "{}", faults[0]);
        replay.played();
    }
    let (replay, secret) = script(vec![described("v1"), self::value()]);
    assert_eq!(
        secret.preflight(&run(), &secret_switch(), &cluster()).await.unwrap(),
        []
    );
    replay.played();
}

#[tokio::test]
async fn where_it_leads_is_told_by_the_cluster_whose_endpoint_it_holds() {
    let holding = |host: &str| holding(host, PASSWORD);
    let own = || db_cluster("hubs-db", "cluster-OLD", "available", None);
    let copy = || db_cluster("hubs-db-r1", "cluster-NEW", "available", Some(RESTORE));
    let target = Target::Aurora {
        cluster: "hubs-db".to_owned(),
    };
    let (_, secret) = script(vec![
        described("v1"),
        holding("hubs-db.cluster-x"),
        db_clusters(&[own()]),
    ]);
    assert_eq!(
        secret.reference(&secret_switch(), &target).await.unwrap(),
        Reference::Matches
    );
    let all = || db_clusters(&[own(), copy()]);
    let (_, secret) = script(vec![
        described("v1"),
        holding("hubs-db-r1.cluster-x"),
        db_clusters(&[own()]),
        all(),
    ]);
    assert_eq!(
        secret.reference(&secret_switch(), &target).await.unwrap(),
        Reference::Elsewhere("cluster hubs-db-r1".to_owned())
    );
    let (_, secret) = script(vec![described("v1"), holding("an-alias"), db_clusters(&[own()]), all()]);
    let reference = secret.reference(&secret_switch(), &target).await.unwrap();
    assert!(
        matches!(&reference, Reference::Unknown(why) if !why.contains("alias-")),
        "{reference:?}"
    );
}

#[tokio::test]
async fn a_version_that_is_kept_already_is_not_labelled_again_and_old_labels_make_room() {
    let with = |labels: Vec<String>| {
        let mut versions = json!({ "v1": ["AWSCURRENT"] });
        for (at, label) in labels.iter().enumerate() {
            versions[format!("old{at}")] = json!([label]);
        }
        versions
    };
    let [one, two] = facts();
    let mut versions = with(Vec::new());
    versions["v1"] = json!(["AWSCURRENT", label("before")]);
    let described = |versions: Value| answers("DescribeSecret", json!({ "VersionIdsToStages": versions }).to_string());
    let (replay, secret) = script(vec![described(versions), one, two, value(), put(), moved()]);
    apply(&secret).await.unwrap();
    replay.played();
    let earlier = (10..23).map(|day| format!("holdfast-202610{day}-021500-ab12-database-secret-before"));
    let [one, two] = facts();
    let (replay, secret) = script(vec![
        described(with(earlier.collect())),
        one,
        two,
        value(),
        moved(),
        moved(),
        moved(),
        kept(),
        put(),
        moved(),
    ]);
    apply(&secret).await.unwrap();
    let removed = replay.played()[4].json();
    assert_eq!(
        (&removed["VersionStage"], &removed["RemoveFromVersionId"]),
        (
            &json!("holdfast-20261010-021500-ab12-database-secret-before"),
            &json!("old0")
        )
    );
}

#[tokio::test]
async fn a_rotation_that_is_under_way_would_lead_back_and_is_not_raced() {
    let rotating = answers(
        "DescribeSecret",
        json!({"VersionIdsToStages": {"v1": ["AWSCURRENT"], "v2": ["AWSPENDING"]}}).to_string(),
    );
    let (replay, secret) = script(vec![rotating]);
    let error = apply(&secret).await.unwrap_err();
    assert_eq!(error.name(), "Conflict");
    assert!(error.to_string().contains("--remove-from-version-id v2"), "{error}");
    replay.played();
}
