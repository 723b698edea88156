//! Tables as files: every item of a DynamoDB table in a file, one a line, and back; and a digest of all items, by which a copy is compared
//! with its source.

mod archive;
mod clock;
mod compression;
mod digest;
mod dynamodb_json;
mod encode;
mod error;
mod export;
mod format;
mod import;
mod key;
mod manifest;
mod number;
mod object;
mod pace;
mod plain_json;
mod port;
mod progress;
mod rate;
mod retry;
mod sink;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod value;
mod wire;

pub use archive::{
    ARCHIVE_NAME, ArchiveManifest, ArchiveMethod, ArchiveSource, ArchivedFile, NativeArchive, PartResult, ScanArchive,
    folder_of_export,
};
pub use compression::Compression;
pub use digest::{Digester, Sum, TableDigest};
pub use encode::{Content, Inexact, InexactItem};
pub use error::{Error, Result};
pub use export::{
    Checkpoint, Exported, Identity, MOST_INEXACT_SHOWN, Reading, Segment, export, export_segment, segments_for,
};
pub use format::Format;
pub use import::{FileParts, Imported, ObjectParts, Parts, Rejection, SideFiles, Source, Writing, import};
pub use key::{KeyAttribute, KeySchema};
pub use manifest::{Manifest, SUFFIX as MANIFEST_SUFFIX};
pub use number::Number;
pub use object::{ObjectSink, manifest_of};
pub use port::{Description, Page, Refusal, ScanRequest, Table, Written};
pub use progress::{Counts, Progress};
pub use sink::{FileSink, NoSink, PARTIAL, PARTIAL_PROGRESS, Sink, StreamSink, with_suffix};
pub use value::{Item, MOST_ITEM_BYTES, Value, item_size};
pub use wire::DynamoTable;
