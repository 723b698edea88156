//! The rename of a database, by the function that reaches it.

use super::*;
use crate::domain::restore::item::CreatedResource;
use crate::domain::restore::plan::{Destination, Source};
use crate::testing::replay::answers;
use crate::testing::samples;

const ACCESS: &str = "POST /2015-03-31/functions/holdfast-database-access/invocations";
const SIDE: &str = "sportfin_before_r20261120_021500_9517";

fn database() -> RestoreItem {
    let target = Target::Postgres {
        database: "sportfin".into(),
        host: "db.internal".into(),
        port: 5432,
        login_secret: "sportfin/database".into(),
        maintenance_database: None,
        jobs: None,
        run_in: None,
    };
    let source = Source::DatabaseDump {
        arn: "arn:aws:s3:::archive/dumps/a/manifest.json".into(),
        folder: "dumps/a".into(),
    };
    let (host, port) = ("db.internal".to_owned(), 5432);
    let destination = Destination::Database {
        database: "sportfin_r1".into(),
        host: host.clone(),
        port,
    };
    RestoreItem {
        created: Some(CreatedResource::Database {
            database: "sportfin_r1".into(),
            host,
            port,
            execution: "x".into(),
        }),
        ..samples::restoring(samples::resource(target), source, destination)
    }
}

fn answer(value: &Value) -> Exchange {
    answers(ACCESS, value.to_string())
}

fn plan() -> Value {
    json!({"live": "sportfin", "copy": "sportfin_r1", "side": SIDE, "live_id": 16_384, "copy_id": 16_999})
}

#[tokio::test]
async fn both_databases_are_renamed_by_one_plan_and_back_by_the_same() {
    let (replay, rename) = script(vec![
        answer(&plan()),
        answer(&Value::Null),
        answer(&Value::Null),
        answer(&Value::Null),
    ]);
    let (run, item, switch) = (run(), database(), rename_switch());
    let before = rename.observe(&run, &switch, &item).await.unwrap();
    assert_eq!(
        (before["side"].as_str(), before["old"].as_str()),
        (Some(SIDE), Some("16384"))
    );
    for _ in 0..2 {
        let done = rename.apply(&run, &switch, &item, &before, &Value::Null).await.unwrap();
        assert_eq!(done, SwitchProgress::Done(json!({"database": "sportfin"})));
    }
    rename
        .revert(&run, &switch, &item, &before, &Value::Null, &Value::Null)
        .await
        .unwrap();
    let requests: Vec<Value> = replay.played().iter().map(|request| request.json()).collect();
    let actions: Vec<&str> = requests
        .iter()
        .map(|request| request["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        ["plan_switch", "apply_switch", "apply_switch", "revert_switch"]
    );
    assert_eq!(requests[3]["plan"], plan());
}

#[tokio::test]
async fn a_database_that_is_gone_cannot_be_renamed_and_the_fault_says_what_to_do_instead() {
    let missing = json!({"faults": [["NotFound", "db.internal: database sportfin does not exist"]]});
    let (_, rename) = script(vec![answer(&missing)]);
    let faults = rename.preflight(&run(), &rename_switch(), &database()).await.unwrap();
    let [fault] = faults.as_slice() else {
        panic!("{faults:?}")
    };
    assert!(
        fault.value.contains("does not exist") && fault.allowed.contains(r#"{"thing": "sportfin"}"#),
        "{fault}"
    );
}

#[tokio::test]
async fn a_state_without_a_plan_is_not_guessed() {
    let (_, rename) = script(Vec::new());
    let before = json!({"database": "sportfin", "side": SIDE});
    let (run, item, switch) = (run(), database(), rename_switch());
    let error = rename
        .apply(&run, &switch, &item, &before, &Value::Null)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("by hand"), "{error}");
}
