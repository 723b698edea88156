//! Where a table's file is: a local file, an object in S3 or a folder of them, or a pipe.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use aws_config::SdkConfig;
use holdfast_transfer::s3::S3Store;
use holdfast_transfer::store::Store;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// Standard output.
    Pipe,
    File(PathBuf),
    Object(Object),
    Folder(Folder),
}

/// `s3://bucket/folder/`: an archive of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    bucket: String,
    folder: String,
}

/// `s3://bucket/folder/name`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    bucket: String,
    /// May be empty.
    folder: String,
    pub name: String,
}

impl FromStr for Location {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Location::Pipe);
        }
        let Some(address) = text.strip_prefix("s3://") else {
            return Ok(Location::File(text.into()));
        };
        let (bucket, key) = address.split_once('/').unwrap_or((address, ""));
        let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
        if bucket.is_empty() || (name.is_empty() && folder.is_empty()) {
            return Err("expected s3://BUCKET/KEY, or s3://BUCKET/FOLDER/ for an archive of a table".to_owned());
        }
        if name.is_empty() {
            return Ok(Location::Folder(Folder {
                bucket: bucket.to_owned(),
                folder: folder.to_owned(),
            }));
        }
        Ok(Location::Object(Object {
            bucket: bucket.to_owned(),
            folder: folder.to_owned(),
            name: name.to_owned(),
        }))
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Pipe => f.write_str("-"),
            Location::File(path) => path.display().fmt(f),
            Location::Object(object) if object.folder.is_empty() => write!(f, "s3://{}/{}", object.bucket, object.name),
            Location::Object(object) => write!(f, "s3://{}/{}/{}", object.bucket, object.folder, object.name),
            Location::Folder(folder) => write!(f, "s3://{}/{}/", folder.bucket, folder.folder),
        }
    }
}

impl Object {
    /// The folder of the object.
    pub fn store(&self, config: &SdkConfig) -> Arc<dyn Store> {
        Arc::new(S3Store::new(
            aws_sdk_s3::Client::new(config),
            &self.bucket,
            &self.folder,
        ))
    }
}

impl Folder {
    pub fn store(&self, config: &SdkConfig) -> Arc<dyn Store> {
        Arc::new(S3Store::new(
            aws_sdk_s3::Client::new(config),
            &self.bucket,
            &self.folder,
        ))
    }

    /// Its last part: what files about it are named after.
    pub fn name(&self) -> &str {
        self.folder.rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_location_is_a_pipe_a_file_or_an_object() {
        for text in [
            "-",
            "rooms.json",
            "/a/s3:/b",
            "s3://bucket/rooms.json",
            "s3://bucket/a/b/rooms.json",
            "s3://bucket/a/hubs-1/",
        ] {
            assert_eq!(text.parse::<Location>().unwrap().to_string(), text);
        }
        assert!(matches!("s3://b/k".parse().unwrap(), Location::Object(object) if object.name == "k"));
        assert!(matches!("s3://b/a/hubs-1/".parse().unwrap(), Location::Folder(folder) if folder.name() == "hubs-1"));
        for text in ["s3://", "s3://bucket", "s3://bucket/", "s3:///key", "s3:///folder/"] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }
}
