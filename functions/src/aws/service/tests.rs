#![allow(clippy::unwrap_used)]

use aws_config::Region;
use aws_sdk_applicationautoscaling::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use serde_json::json;

use super::*;
use crate::aws::{code, failure};
use crate::testing::replay::{Exchange, Replay, answers, cut, refuses};

fn client(service: Service, retry: RetryConfig, script: Vec<Exchange>) -> (Client, Replay) {
    let replay = Replay::new(script);
    (Client::new(&replay.config_with(retry), service), replay)
}

/// Compared with the rules of a service whose SDK client is a dependency, and which has the one exception.
#[tokio::test]
async fn endpoints_are_those_of_the_sdk() {
    let regions = [
        "eu-central-1",
        "us-east-1",
        "us-gov-east-1",
        "cn-north-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "us-isof-south-1",
        "eu-isoe-west-1",
        "eusc-de-east-1",
        "mx-central-1",
    ];
    for region in regions {
        for fips in [false, true] {
            let params = Params::builder().region(region).use_fips(fips).build().unwrap();
            let theirs = DefaultResolver::new().resolve_endpoint(&params).await.unwrap();
            assert_eq!(
                endpoint::own(&APPLICATION_AUTO_SCALING, region, fips, false),
                theirs.url()
            );
        }
        let params = Params::builder().region(region).use_dual_stack(true).build().unwrap();
        if let Ok(theirs) = DefaultResolver::new().resolve_endpoint(&params).await {
            assert_eq!(
                endpoint::own(&APPLICATION_AUTO_SCALING, region, false, true),
                theirs.url()
            );
        }
    }
}

/// As in the rule set of Route 53, whose client is not a dependency.
#[test]
fn a_global_service_has_one_endpoint_for_a_partition_and_is_signed_for_one_region() {
    for (region, fips, dual_stack, url, signed_for) in [
        ("eu-west-1", false, false, "https://route53.amazonaws.com", "us-east-1"),
        (
            "eu-west-1",
            true,
            false,
            "https://route53-fips.amazonaws.com",
            "us-east-1",
        ),
        ("eu-west-1", false, true, "https://route53.global.api.aws", "us-east-1"),
        (
            "eu-west-1",
            true,
            true,
            "https://route53-fips.global.api.aws",
            "us-east-1",
        ),
        (
            "cn-north-1",
            false,
            false,
            "https://route53.amazonaws.com.cn",
            "cn-northwest-1",
        ),
        (
            "us-gov-east-1",
            false,
            false,
            "https://route53.us-gov.amazonaws.com",
            "us-gov-west-1",
        ),
        (
            "us-gov-east-1",
            true,
            true,
            "https://route53.us-gov.api.aws",
            "us-gov-west-1",
        ),
        (
            "us-iso-west-1",
            false,
            false,
            "https://route53.c2s.ic.gov",
            "us-iso-east-1",
        ),
        (
            "us-isob-east-1",
            false,
            false,
            "https://route53.sc2s.sgov.gov",
            "us-isob-east-1",
        ),
        (
            "us-isof-east-1",
            false,
            false,
            "https://route53.csp.hci.ic.gov",
            "us-isof-south-1",
        ),
        (
            "eu-isoe-west-1",
            false,
            false,
            "https://route53.cloud.adc-e.uk",
            "eu-isoe-west-1",
        ),
        (
            "eusc-de-east-1",
            false,
            false,
            "https://route53.amazonaws.eu",
            "eusc-de-east-1",
        ),
    ] {
        assert_eq!(endpoint::own(&ROUTE_53, region, fips, dual_stack), url);
        let region = Region::new(region);
        assert_eq!(endpoint::signing_region(&ROUTE_53, &region).as_ref(), signed_for);
        assert_eq!(endpoint::signing_region(&KMS, &region), region);
    }
}

#[test]
fn the_configurations_endpoint_comes_before_awss_own() {
    let region = || SdkConfig::builder().region(Region::new("eu-west-1"));
    let of = |config: SdkConfig| endpoint::of(&config, &KMS);
    assert_eq!(
        of(region().build()).as_deref(),
        Some("https://kms.eu-west-1.amazonaws.com")
    );
    assert_eq!(
        of(region().endpoint_url("http://lab").build()).as_deref(),
        Some("http://lab")
    );
    assert_eq!(of(SdkConfig::builder().build()), None);
}

#[tokio::test]
async fn a_call_is_signed_and_says_its_target_and_null_members_are_left_out() {
    let body = r#"{"KeyMetadata": {"KeyState": "Enabled", "Origin": null}, "Other": null}"#;
    let (kms, replay) = client(KMS, RetryConfig::disabled(), vec![answers("DescribeKey", body)]);
    let input = json!({ "KeyId": "k", "GrantTokens": null });
    let mut reply = kms.call("DescribeKey", input).await.unwrap();
    assert_eq!(reply.take("KeyMetadata"), json!({ "KeyState": "Enabled" }));
    assert_eq!(reply.take("Other"), Value::Null);
    assert_eq!(reply.at.unwrap().to_string(), "2026-11-20T02:16:40Z");
    let asked = replay.played().remove(0);
    assert_eq!(asked.json(), json!({ "KeyId": "k" }));
    assert_eq!(asked.header("content-type"), "application/x-amz-json-1.1");
    let signed = asked.header("authorization");
    assert!(signed.contains("/eu-west-1/kms/aws4_request"), "{signed}");
}

#[tokio::test]
async fn a_query_is_a_form() {
    let answer = answers("DescribeStacks", "<R/>");
    let (stacks, replay) = client(CLOUDFORMATION, RetryConfig::disabled(), vec![answer]);
    let reply = stacks.query("DescribeStacks", &[("StackName", "a b&c")]).await.unwrap();
    assert_eq!(reply.bytes, b"<R/>");
    assert_eq!(
        replay.played()[0].body,
        "Action=DescribeStacks&Version=2010-05-15&StackName=a%20b%26c"
    );
}

#[tokio::test]
async fn a_functions_name_is_escaped_in_the_path() {
    let path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Ax/invocations";
    let exchange = answers(&format!("POST {path}"), "1");
    let (lambda, replay) = client(LAMBDA, RetryConfig::disabled(), vec![exchange]);
    let name = escaped("arn:aws:lambda:eu-west-1:1:function:x");
    let path = format!("/2015-03-31/functions/{name}/invocations");
    assert_eq!(lambda.post("Invoke", &path, vec![]).await.unwrap().bytes, b"1");
    replay.played();
}

#[tokio::test]
async fn what_aws_says_no_with_is_read_wherever_it_stands() {
    let xml =
        "<ErrorResponse><Error><Code>ValidationError</Code><Message>no &lt;x&gt;</Message></Error></ErrorResponse>";
    for (exchange, wanted, message) in [
        (
            refuses("DescribeKey", 400, "NotFoundException"),
            "NotFoundException",
            "words",
        ),
        (
            answers(
                "DescribeKey",
                r#"{"__type":"com.amazonaws.kms#DisabledException:http://x","message":"m"}"#,
            )
            .with_status(400),
            "DisabledException",
            "m",
        ),
        (
            answers("DescribeKey", xml).with_status(400),
            "ValidationError",
            "no <x>",
        ),
    ] {
        let (kms, _) = client(KMS, RetryConfig::disabled(), vec![exchange]);
        let error = kms.call("DescribeKey", json!({})).await.unwrap_err();
        assert_eq!(code(&error), Some(wanted));
        let told = failure("describing key", "k", error).to_string();
        assert!(told.contains(&format!("{wanted} (HTTP 400): {message}")), "{told}");
    }
}

#[tokio::test]
async fn transient_failures_are_tried_again_unless_told_otherwise() {
    let willing = || {
        RetryConfig::standard()
            .with_max_attempts(3)
            .with_initial_backoff(Duration::from_millis(1))
    };
    for fault in [
        cut("DescribeKey"),
        refuses("DescribeKey", 500, "InternalFailure"),
        refuses("DescribeKey", 400, "ThrottlingException"),
    ] {
        let (kms, replay) = client(KMS, willing(), vec![fault, answers("DescribeKey", "{}")]);
        kms.call("DescribeKey", json!({})).await.unwrap();
        replay.played();
    }
    let (kms, replay) = client(KMS, willing(), vec![cut("DescribeKey")]);
    let error = kms.without_retries().call("DescribeKey", json!({})).await.unwrap_err();
    assert_eq!(failure("describing key", "k", error).name(), "Unavailable");
    replay.played();
}

#[tokio::test]
async fn an_answer_that_is_no_json_may_have_worked_and_is_not_repeated() {
    let garbled = answers("DescribeKey", r#"{"Secret": "hunter2"#);
    let (kms, replay) = client(KMS, RetryConfig::standard().with_max_attempts(3), vec![garbled]);
    let error = kms.call("DescribeKey", json!({})).await.unwrap_err();
    replay.played();
    let told = failure("describing key", "k", error);
    assert_eq!(told.name(), "Unavailable");
    assert!(!told.to_string().contains("hunter2"), "{told}");
}

#[tokio::test]
async fn without_a_region_nothing_is_called() {
    let kms = Client::new(&SdkConfig::builder().build(), KMS);
    let error = kms.call("DescribeKey", json!({})).await.unwrap_err();
    let told = failure("describing key", "k", error).to_string();
    assert!(told.contains("no Region is set"), "{told}");
}
