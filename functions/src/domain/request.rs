//! The input of a `backup` execution.

use serde_json::Value;

use super::descriptor::formats;
use super::descriptor::reader::{Faults, Object, shown};
use super::set::Purpose;
use crate::error::{Error, Result};

/// What a person or a schedule asks of the `backup` machine: `{"deployment": "hubs-prod"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub deployment: String,
    /// `Backup`, or `SafetyBackup` on behalf of a restore.
    pub purpose: Purpose,
    /// Of a safety backup, the ARN of the restore's execution, whose lease of the deployment covers this backup.
    pub on_behalf_of: Option<String>,
}

impl Request {
    /// Reads the input of an execution.
    ///
    /// # Errors
    /// `InvalidInput` with every fault: anything but a mapping with `deployment`, a name, and perhaps `on_behalf_of`, the
    /// ARN of an execution, and the `purpose` that goes with it.
    pub fn parse(input: &Value) -> Result<Request> {
        let mut faults = Faults::default();
        let request = Object::open(
            &mut faults,
            "",
            input,
            r#"an input such as {"deployment": "hubs-prod"}"#,
        )
        .and_then(|object| {
            object.only(&mut faults, &["deployment", "purpose", "on_behalf_of"]);
            let deployment = object.text(&mut faults, "deployment", &formats::NAME);
            let on_behalf_of = object.optional_text(&mut faults, "on_behalf_of", &formats::EXECUTION);
            let purpose = purpose(&mut faults, &object);
            Some(Request {
                deployment: deployment?,
                purpose: purpose?,
                on_behalf_of,
            })
        });
        let faults = faults.finish();
        match request {
            Some(request) if faults.is_empty() => Ok(request),
            _ => Err(Error::InvalidInput(faults)),
        }
    }
}

/// A backup on behalf of an execution is a safety backup, and no other is: where the input does not say the purpose, it follows.
fn purpose(faults: &mut Faults, object: &Object<'_>) -> Option<Purpose> {
    let (purpose, word, rule) = match object.get("on_behalf_of") {
        None => (
            Purpose::Backup,
            "backup",
            "backup; a safety_backup names in on_behalf_of the execution for which it is",
        ),
        Some(_) => (
            Purpose::SafetyBackup,
            "safety_backup",
            "safety_backup, since it is on behalf of an execution",
        ),
    };
    match object.get("purpose") {
        Some(given) if given.as_str() != Some(word) => {
            faults.add(object.path("purpose"), shown(given), rule);
            None
        }
        _ => Some(purpose),
    }
}

#[cfg(test)]
mod tests {
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
        const NAME: &str = "1 to 32 lower-case letters, digits and single hyphens, beginning with a letter and not ending with a hyphen";
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
}
