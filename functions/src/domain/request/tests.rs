#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::descriptor::generated;

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
fn a_backup_is_on_behalf_of_an_execution_alone() {
    let rule =
        "the ARN of an execution such as arn:aws:states:eu-west-1:123456789012:execution:holdfast-restore:tonight";
    for arn in [
        json!(""),
        json!(7),
        json!("holdfast-restore"),
        json!("arn:aws:states:eu-west-1:123456789012:execution:holdfast-restore"),
        json!("arn:aws:states:eu-west-1:123456789012:execution:holdfast-restore:"),
        json!("arn:aws:states:eu-west-1:123456789012:execution:a:b:c"),
        json!("arn:aws:states:eu-west-1:123456789012:execution:a:b c"),
        json!("arn:aws:states:eu-west-1:123456789012:stateMachine:a:b"),
        json!("arn:aws:states:eu-west-1:12345678901:execution:a:b"),
        json!("arn:aws:lambda:eu-west-1:123456789012:execution:a:b"),
    ] {
        let request = json!({"deployment": "hubs", "on_behalf_of": arn});
        let error = Request::parse(&request).unwrap_err().to_string();
        let shown = match arn.as_str() {
            Some(text) if text.len() > 60 => format!("\"{}…\"", &text[..60]),
            _ => arn.to_string(),
        };
        assert_eq!(error, format!("on_behalf_of: {shown} is not allowed; expected {rule}"));
    }
}

#[test]
fn wrong_requests_are_told_what_is_wrong() {
    const NAME: &str =
        "1 to 32 lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen";
    let input = r#"an input such as {"deployment": "hubs-prod"}"#;
    for (request, message) in [
        (
            json!(null),
            format!("(document): null is not allowed; expected {input}"),
        ),
        (
            json!("hubs-prod"),
            format!("(document): \"hubs-prod\" is not allowed; expected {input}"),
        ),
        (
            json!(["hubs-prod"]),
            format!("(document): a list with 1 entry is not allowed; expected {input}"),
        ),
        (json!([]), format!("(document): [] is not allowed; expected {input}")),
        (json!(7), format!("(document): 7 is not allowed; expected {input}")),
        (
            json!({}),
            format!("deployment: (missing) is not allowed; expected {NAME}"),
        ),
        (
            json!({"deployment": null}),
            format!("deployment: null is not allowed; expected {NAME}"),
        ),
        (
            json!({"deployment": ""}),
            format!("deployment: \"\" is not allowed; expected {NAME}"),
        ),
        (
            json!({"deployment": 12}),
            format!("deployment: 12 is not allowed; expected {NAME}"),
        ),
        (
            json!({"deployment": "Hubs"}),
            format!("deployment: \"Hubs\" is not allowed; expected {NAME}"),
        ),
        (
            json!({"deployment": "hubs--prod"}),
            format!("deployment: \"hubs--prod\" is not allowed; expected {NAME}"),
        ),
        (
            json!({"deployment": "hubs-"}),
            format!("deployment: \"hubs-\" is not allowed; expected {NAME}"),
        ),
        (
            json!({"deployment": "hubs\n"}),
            format!("deployment: \"hubs\\n\" is not allowed; expected {NAME}"),
        ),
        (
            json!({"deployment": ["a", "b"]}),
            format!("deployment: a list with 2 entries is not allowed; expected {NAME}"),
        ),
        (
            json!({"deployment": "hubs", "dry_run": true}),
            "dry_run: true is not allowed; expected one of the fields deployment, purpose, on_behalf_of".to_owned(),
        ),
        (
            json!({"Deployment": "hubs"}),
            format!(
                "Deployment: \"hubs\" is not allowed; expected one of the fields deployment, purpose, on_behalf_of; did you mean deployment?\n\
                 deployment: (missing) is not allowed; expected {NAME}"
            ),
        ),
        (
            json!({"deployment": "hubs", "password": "hunter2"}),
            "password: (text of 7 characters, not shown) is not allowed; expected one of the fields deployment, purpose, on_behalf_of"
                .to_owned(),
        ),
    ] {
        assert_eq!(Request::parse(&request).unwrap_err().to_string(), message, "{request}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_input_is_a_request_or_refused_by_its_faults(input in generated::request()) {
        generated::refused_by_its_faults(Request::parse(&input))?;
    }
}
