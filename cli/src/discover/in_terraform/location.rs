//! Where a Terraform state is: a file, standard input, or an object in S3.

use std::io::Read;
use std::path::PathBuf;
use std::str::FromStr;

use crate::aws;
use crate::failure::{Failure, Result};
use crate::global::Global;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateLocation {
    StandardInput,
    File(PathBuf),
    /// `s3://bucket/key`
    Object {
        bucket: String,
        key: String,
    },
}

impl FromStr for StateLocation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("s3://").map(|address| address.split_once('/')) {
            None if text.is_empty() => Err("expected FILE, - for standard input, or s3://BUCKET/KEY".to_owned()),
            None if text == "-" => Ok(StateLocation::StandardInput),
            None => Ok(StateLocation::File(text.into())),
            Some(Some((bucket, key))) if !bucket.is_empty() && !key.is_empty() => Ok(StateLocation::Object {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            }),
            Some(_) => Err("expected s3://BUCKET/KEY, as in the backend's configuration".to_owned()),
        }
    }
}

impl std::fmt::Display for StateLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StateLocation::StandardInput => f.write_str("standard input"),
            StateLocation::File(path) => path.display().fmt(f),
            StateLocation::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
        }
    }
}

impl StateLocation {
    /// The state's text.
    ///
    /// # Errors
    /// `Wrong` for a file that cannot be read; those of AWS for an object.
    pub async fn read(&self, global: &Global) -> Result<String> {
        let bytes = match self {
            StateLocation::StandardInput => {
                let mut bytes = Vec::new();
                let read = std::io::stdin().lock().read_to_end(&mut bytes);
                read.map(|_| bytes).map_err(|error| self.unreadable(&error))
            }
            StateLocation::File(path) => std::fs::read(path).map_err(|error| self.unreadable(&error)),
            StateLocation::Object { bucket, key } => self.object(global, bucket, key).await,
        }?;
        String::from_utf8(bytes).map_err(|_| self.unreadable(&"it is not UTF-8, as JSON is"))
    }

    async fn object(&self, global: &Global, bucket: &str, key: &str) -> Result<Vec<u8>> {
        let config = aws::sdk_config(global).await?;
        let s3 = aws_sdk_s3::Client::new(&config);
        let found = s3.get_object().bucket(bucket).key(key).send().await;
        let found = found.map_err(|error| aws::failure("reading the Terraform state", &self.to_string(), error))?;
        let body = found.body.collect().await;
        let body = body.map_err(|error| {
            Failure::Aws(format!(
                "reading the Terraform state {self}: {error}. Run the command again."
            ))
        })?;
        Ok(body.to_vec())
    }

    fn unreadable(&self, why: &dyn std::fmt::Display) -> Failure {
        Failure::Wrong(format!("reading the Terraform state {self}: cannot be read: {why}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_state_is_a_file_a_pipe_or_an_object() {
        for (text, shown) in [
            ("-", "standard input"),
            ("terraform.tfstate", "terraform.tfstate"),
            (
                "s3://states/cumulus/prod/terraform.tfstate",
                "s3://states/cumulus/prod/terraform.tfstate",
            ),
        ] {
            assert_eq!(text.parse::<StateLocation>().unwrap().to_string(), shown);
        }
        let object = "s3://b/k/l".parse().unwrap();
        assert!(matches!(object, StateLocation::Object { bucket, key } if bucket == "b" && key == "k/l"));
        for text in ["", "s3://", "s3://bucket", "s3://bucket/", "s3:///key"] {
            assert!(text.parse::<StateLocation>().is_err(), "{text}");
        }
    }
}
