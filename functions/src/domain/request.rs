//! The input of a `backup` execution.

use serde_json::Value;

use super::descriptor::formats;
use super::descriptor::reader::{Faults, Object};
use crate::error::{Error, Result};

/// What a person or a schedule asks of the `backup` machine: `{"deployment": "hubs-prod"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub deployment: String,
    /// ARN of the execution that holds the deployment and asks for this backup: a restore, for its safety backup.
    pub on_behalf_of: Option<String>,
}

impl Request {
    /// Reads the input of an execution.
    ///
    /// # Errors
    /// `InvalidInput` with every fault: anything but a mapping with one field, `deployment`, that holds a name.
    pub fn parse(input: &Value) -> Result<Request> {
        let mut faults = Faults::default();
        let deployment = Object::open(
            &mut faults,
            "",
            input,
            r#"an input such as {"deployment": "hubs-prod"}"#,
        )
        .and_then(|object| {
            object.only(&mut faults, &["deployment"]);
            object.text(&mut faults, "deployment", &formats::NAME)
        });
        let faults = faults.finish();
        match deployment {
            Some(deployment) if faults.is_empty() => Ok(Request { deployment }),
            _ => Err(Error::InvalidInput(faults)),
        }
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
    fn a_request_names_a_deployment_and_nothing_else() {
        assert_eq!(
            Request::parse(&json!({"deployment": "hubs-prod"})).unwrap().deployment,
            "hubs-prod"
        );
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
                "dry_run: true is not allowed; expected one of the fields deployment".to_owned(),
            ),
            (
                json!({"Deployment": "hubs"}),
                format!(
                    "Deployment: \"hubs\" is not allowed; expected one of the fields deployment; did you mean deployment?\n\
                     deployment: (missing) is not allowed; expected {NAME}"
                ),
            ),
            (
                json!({"deployment": "hubs", "password": "hunter2"}),
                "password: (text of 7 characters, not shown) is not allowed; expected one of the fields deployment"
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
