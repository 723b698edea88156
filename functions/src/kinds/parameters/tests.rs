#![allow(clippy::unwrap_used)]

pub mod conformance;

use serde_json::Value;

use super::*;
use crate::domain::resource::Version;
use crate::domain::restore::plan::{Destination, Source};
use crate::domain::restore::verdict::Finding;
use crate::kinds::shared::versions;
use crate::kinds::{Backup, Restore};
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};
use crate::testing::samples::{resource, restoring, run};

fn parameters(script: impl IntoIterator<Item = Exchange>) -> (Parameters, Replay) {
    let replay = Replay::new(script);
    (Parameters::from_config(&replay.config()), replay)
}

fn keys() -> Resource {
    resource(Target::Parameters {
        path: "/hubs/prod/".into(),
    })
}

fn described(parameters: &[&str], more: bool) -> Exchange {
    let more = if more { r#","NextToken":"more""# } else { "" };
    answers(
        "DescribeParameters",
        format!(r#"{{"Parameters":[{}]{more}}}"#, parameters.join(",")),
    )
}

const PLAIN: &str = r#"{"Name":"/hubs/prod/url","Type":"String","Version":3,"Tier":"Standard"}"#;
const SECURE: &str = r#"{"Name":"/hubs/prod/jwt","Type":"SecureString","Version":12,"KeyId":"alias/hubs"}"#;
const SAME_KEY: &str = r#"{"Name":"/hubs/prod/perms","Type":"SecureString","Version":1,"KeyId":"alias/hubs"}"#;
const DEFAULT_KEY: &str = r#"{"Name":"/hubs/prod/a","Type":"SecureString","Version":1,"KeyId":"alias/aws/ssm"}"#;

#[tokio::test]
async fn every_current_version_is_recorded_and_each_key_asked_about_once() {
    let key = || answers("DescribeKey", r#"{"KeyMetadata":{"KeyId":"k","KeyState":"Enabled"}}"#);
    let pages = || {
        [
            described(&[PLAIN, SECURE], true),
            described(&[], true),
            described(&[SAME_KEY, DEFAULT_KEY], false),
            key(),
        ]
    };
    let (kind, replay) = parameters(pages().into_iter().chain(pages()));
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(kind.back_up(&run(), &keys()).await.unwrap());
    }
    assert_eq!(seen[0], seen[1]);
    let (found, seen_at) = versions(KIND, &seen[0].recovery_point).unwrap();
    assert_eq!(seen_at, "2026-11-20T02:16:40Z".parse().unwrap());
    let found: Vec<_> = found
        .iter()
        .map(|found| (found.name.as_str(), found.version.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("/hubs/prod/a", "1"),
            ("/hubs/prod/jwt", "12"),
            ("/hubs/prod/perms", "1"),
            ("/hubs/prod/url", "3")
        ]
    );
    let requests = replay.played();
    let first: Value = serde_json::from_str(&requests[0].body).unwrap();
    assert_eq!(
        first["ParameterFilters"][0],
        serde_json::json!({"Key": "Path", "Option": "Recursive", "Values": ["/hubs/prod"]})
    );
    assert!(
        requests[2].body.contains(r#""NextToken":"more""#),
        "{}",
        requests[2].body
    );
    assert!(requests[3].body.contains("alias/hubs"), "{}", requests[3].body);
}

#[tokio::test]
async fn the_descriptions_are_captured_without_any_value() {
    let (kind, replay) = parameters([described(&[PLAIN], true), described(&[SECURE], false)]);
    let captured = kind.capture(&keys()).await.unwrap();
    assert_eq!(captured["Parameters"][0]["Tier"], "Standard");
    assert_eq!(captured["Parameters"][1]["KeyId"], "alias/hubs");
    assert!(replay.played().iter().all(|asked| asked.action == "DescribeParameters"));
}

#[tokio::test]
async fn a_path_without_parameters_or_with_an_unusable_key_is_a_fault() {
    let disabled = || answers("DescribeKey", r#"{"KeyMetadata":{"KeyId":"k","KeyState":"Disabled"}}"#);
    for (script, name, words) in [
        (vec![described(&[], false)], "NotFound", "/hubs/prod"),
        (
            vec![described(&[SECURE], false), disabled()],
            "JobFailed",
            "aws kms enable-key --key-id alias/hubs",
        ),
        (
            vec![refuses("DescribeParameters", 400, "ThrottlingException")],
            "Throttled",
            "/hubs/prod",
        ),
        (
            vec![refuses("DescribeParameters", 500, "InternalServerError")],
            "Unavailable",
            "/hubs/prod",
        ),
        (
            vec![refuses("DescribeParameters", 400, "AccessDeniedException")],
            "AccessDenied",
            "/hubs/prod",
        ),
        (vec![cut("DescribeParameters")], "Unavailable", "/hubs/prod"),
    ] {
        let (kind, replay) = parameters(script);
        let error = kind.back_up(&run(), &keys()).await.unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        replay.played();
    }
}

#[tokio::test]
async fn a_key_of_another_account_may_stay_unseen_and_is_recorded_as_such() {
    const THEIRS: &str = "arn:aws:kms:eu-west-1:444455556666:key/k";
    let their = || format!(r#"{{"Name":"/hubs/prod/jwt","Type":"SecureString","Version":1,"KeyId":"{THEIRS}"}}"#);
    let denied = || refuses("DescribeKey", 400, "AccessDeniedException");
    // A key of the same account is only checked when it is guarded.
    let (kind, replay) = parameters([
        described(&[&their(), SAME_KEY], false),
        denied(),
        described(&[&their()], false),
        denied(),
    ]);
    let captured = kind.capture(&keys()).await.unwrap();
    assert_eq!(captured["UnseenKmsKeys"].as_array().unwrap().len(), 1);
    assert_eq!(captured["UnseenKmsKeys"][0]["KeyId"], THEIRS);
    kind.back_up(&run(), &keys()).await.unwrap();
    replay.played();
    let (kind, _) = parameters([described(&[SECURE], false), denied()]);
    assert_eq!(kind.back_up(&run(), &keys()).await.unwrap_err().name(), "AccessDenied");
}

#[tokio::test]
async fn a_restore_sees_that_the_parameters_are_there_and_says_what_changed() {
    let item = |versions: &[(&str, &str)]| {
        let version = |(name, version): &(&str, &str)| Version {
            name: (*name).into(),
            version: (*version).into(),
        };
        let versions = versions.iter().map(version).collect();
        restoring(keys(), Source::Versions { versions }, Destination::Nothing)
    };
    let (kind, replay) = parameters([described(&[PLAIN, DEFAULT_KEY], false), described(&[PLAIN], false)]);
    let changed = item(&[("/hubs/prod/url", "2"), ("/hubs/prod/gone", "1")]);
    let preflight = kind.preflight(&run(), &changed).await.unwrap();
    assert!(
        preflight.faults[0].to_string().contains("/hubs/prod/gone"),
        "{preflight:?}"
    );
    assert!(
        preflight.remarks[0].contains("version 2 at backup, now 3"),
        "{preflight:?}"
    );
    let same = kind
        .compare(&run(), &item(&[("/hubs/prod/url", "3")]), true)
        .await
        .unwrap();
    assert_eq!((same.len(), same[0].finding), (1, Finding::Same));
    replay.played();
}
