//! Which folders of a bucket have a manifest: everything complete below a prefix, and when it was complete.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use jiff::Timestamp;

use super::failure::failure;
use crate::error::Result;

/// Finds the folders below `prefix` that have an object of this name, without a slash at their ends, and when S3 stored it. It needs
/// `s3:ListBucket`.
///
/// # Errors
/// Those of S3.
pub async fn find_manifests(
    client: &Client,
    bucket: &str,
    prefix: &str,
    name: &str,
) -> Result<Vec<(String, Timestamp)>> {
    let doing = format!("listing s3://{bucket}/{prefix}/");
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let call = client.list_objects_v2().bucket(bucket).prefix(format!("{prefix}/"));
        let answer = call.set_continuation_token(token).send().await;
        let answer = answer.map_err(|error| failure(&doing, &error))?;
        found.extend(answer.contents().iter().filter_map(|object| {
            let folder = object.key()?.strip_suffix(name)?.strip_suffix('/')?;
            let stored = Timestamp::from_second(object.last_modified()?.secs()).ok()?;
            Some((folder.to_owned(), stored))
        }));
        token = answer.next_continuation_token;
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// The tags of an object. It needs `s3:GetObjectTagging`.
///
/// # Errors
/// Those of S3.
pub async fn object_tags(client: &Client, bucket: &str, key: &str) -> Result<BTreeMap<String, String>> {
    let answer = client.get_object_tagging().bucket(bucket).key(key).send().await;
    let answer = answer.map_err(|error| failure(&format!("reading the tags of s3://{bucket}/{key}"), &error))?;
    let tags = answer.tag_set.into_iter();
    Ok(tags.map(|tag| (tag.key, tag.value)).collect())
}
