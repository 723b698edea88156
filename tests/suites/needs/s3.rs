//! The permissions that calls of S3 need: IAM's actions have other names than S3's operations, and others for a version.

use serde_json::Value;

use super::need::{Need, need};

/// What one call of the ledger needed; `path` is the bucket's name, and the key if the call is about an object.
pub fn needs(call: &Value, path: &str) -> Vec<Need> {
    let action = call["action"].as_str().unwrap_or_default();
    let of_version = call["request"]["versionId"].is_string();
    let version = |name: &str| match of_version {
        true => name.replacen("Object", "ObjectVersion", 1),
        false => name.to_owned(),
    };
    let name = match action {
        "HeadBucket" | "ListObjects" => "ListBucket".to_owned(),
        "GET?versions" => "ListBucketVersions".to_owned(),
        "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => "PutObject".to_owned(),
        "HeadObject" => version("GetObject"),
        "DeleteObject" | "GetObject" | "PutObjectTagging" => version(action),
        "GET?tagging" => version("GetObjectTagging"),
        other => other.to_owned(),
    };
    vec![need(&format!("s3:{name}"), format!("arn:aws:s3:::{path}"))]
}
