#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::generated;
use crate::testing::wrong::check;

#[test]
fn a_request_names_a_deployment_and_perhaps_the_restore_for_which_it_is() {
    let request = Request::parse(&json!({"deployment": "hubs-prod"})).unwrap();
    assert_eq!((request.deployment.as_str(), request.on_behalf_of), ("hubs-prod", None));
    let arn = "arn:aws:states:eu-west-1:123456789012:execution:holdfast-restore:tonight_1.2";
    let request = Request::parse(&json!({"deployment": "hubs-prod", "on_behalf_of": arn})).unwrap();
    assert_eq!(request.on_behalf_of.as_deref(), Some(arn));
    assert_eq!(request.purpose, Purpose::SafetyBackup);
}

#[test]
fn a_request_says_its_purpose_or_it_follows_from_the_restore_for_which_it_is() {
    let arn = "arn:aws:states:eu-west-1:123456789012:execution:holdfast-restore:tonight";
    for (request, purpose) in [
        (json!({}), Some(Purpose::Backup)),
        (json!({"purpose": "backup"}), Some(Purpose::Backup)),
        (json!({"on_behalf_of": arn}), Some(Purpose::SafetyBackup)),
        (
            json!({"on_behalf_of": arn, "purpose": "safety_backup"}),
            Some(Purpose::SafetyBackup),
        ),
        (json!({"on_behalf_of": arn, "purpose": "backup"}), None),
        (json!({"purpose": "safety_backup"}), None),
        (json!({"purpose": "restore"}), None),
        (json!({"purpose": null}), None),
    ] {
        let mut request = request;
        request["deployment"] = json!("hubs-prod");
        let read = Request::parse(&request);
        assert_eq!(read.as_ref().ok().map(|request| request.purpose), purpose, "{request}");
        if let Err(error) = read {
            assert!(error.to_string().starts_with("purpose: "), "{error}");
        }
    }
}

#[test]
fn wrong_requests_are_told_exactly_what_is_wrong() {
    check(
        include_str!("wrong.txt"),
        &json!({"deployment": "hubs"}),
        Request::parse,
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_input_is_a_request_or_refused_by_its_faults(input in generated::request()) {
        generated::refused_by_its_faults(Request::parse(&input))?;
    }
}
