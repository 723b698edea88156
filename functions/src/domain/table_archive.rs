//! The archive of a table: its items as files in S3, in addition to its backup. What a descriptor says of it, and where it is.

use serde::{Deserialize, Serialize};

/// How a table is archived, as a descriptor says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableArchive {
    /// `None`: by the table's size, and whether it has point-in-time recovery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<ArchiveMethod>,
    /// Read units a second that a scan consumes at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
}

/// How the items get into S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveMethod {
    /// Holdfast reads the table, at the cost of its read capacity. Not as of one moment.
    Scan,
    /// `ExportTableToPointInTime`: as of the moment of the backup.
    Export,
}

/// An archive that a run writes with a table's backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredArchive {
    /// Where its files are: `s3://bucket/tables/<deployment>/<resource>/<set>/`.
    pub address: String,
    /// ARN of the execution of `transfer` that writes it.
    pub job: String,
}

impl StoredArchive {
    /// Bucket, and prefix of the keys with its slash.
    pub fn bucket_and_prefix(&self) -> Option<(&str, &str)> {
        let (bucket, prefix) = self.address.strip_prefix("s3://")?.split_once('/')?;
        (!bucket.is_empty() && prefix.ends_with('/')).then_some((bucket, prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_folder_of_a_bucket() {
        let of = |address: &str| StoredArchive {
            address: address.into(),
            job: String::new(),
        };
        let archive = of("s3://bucket/tables/hubs/rooms/hubs-1/");
        assert_eq!(
            archive.bucket_and_prefix(),
            Some(("bucket", "tables/hubs/rooms/hubs-1/"))
        );
        for wrong in ["s3://bucket/", "s3:///tables/", "bucket/tables/", "s3://bucket/tables"] {
            assert_eq!(of(wrong).bucket_and_prefix(), None, "{wrong}");
        }
    }
}
