//! The end of an upload. Whatever S3 answered, or whether its answer was lost: what counts is what the bucket has afterwards.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::failure::failure;
use super::folder::{Folder, patient};
use crate::error::{Result, TransferError};
use crate::store::StoredObject;

/// What the bucket has to have.
pub struct Expected {
    pub name: String,
    pub size: u64,
    pub sha256: String,
    pub checksum: String,
}

/// Asks S3 to make the object of its parts, unless one of this name exists.
///
/// # Errors
/// Those of S3; after one, the object may exist nevertheless.
pub async fn complete(folder: &Folder, id: &str, parts: Vec<CompletedPart>, expected: &Expected) -> Result<()> {
    let answer = folder
        .client
        .complete_multipart_upload()
        .bucket(&folder.bucket)
        .key(folder.key(&expected.name))
        .upload_id(id)
        .if_none_match("*")
        .mpu_object_size(i64::try_from(expected.size).unwrap_or(i64::MAX))
        .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
        .customize()
        .config_override(patient())
        .send()
        .await;
    let doing = format!("completing the upload of {}", folder.address_of(&expected.name));
    answer.map(drop).map_err(|error| failure(&doing, &error))
}

/// Compares the object that is there now with what was sent. An object with the same size and checksum is this one, even if the
/// answer was lost and a repetition was refused because the object exists.
///
/// # Errors
/// The answer's own error if the object is not there or another one is; `VerificationFailed` if S3 reported success.
pub async fn confirm(folder: &Folder, expected: Expected, answer: Result<()>) -> Result<StoredObject> {
    let head = folder.head(&expected.name, None).await?;
    let found = head
        .as_ref()
        .is_some_and(|head| head.size == expected.size && head.checksum == expected.checksum);
    match (found, answer) {
        (true, _) => Ok(StoredObject {
            name: expected.name,
            size: expected.size,
            sha256: expected.sha256,
            checksum: expected.checksum,
            version: head.and_then(|head| head.version),
        }),
        (false, Err(error)) => Err(error),
        (false, Ok(())) => Err(TransferError::VerificationFailed(format!(
            "{}: S3 reported success, and does not have {} bytes with the checksum {} there. Start a new run",
            folder.address_of(&expected.name),
            expected.size,
            expected.checksum
        ))),
    }
}
