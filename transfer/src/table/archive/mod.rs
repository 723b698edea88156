//! Archives of tables: a folder of files with all items, each of which was read back, and `archive.json`, which lists them.
//!
//! The files are either a scan's, one for each part ([`ScanArchive`]), or DynamoDB's own ([`NativeArchive`]), which only reads them back.
//! Parts may be written by many machines; each leaves its result in the folder when it has read its files back. `archive.json` is
//! stored last: a folder that has it is complete.

mod chain;
mod manifest;
mod native;
mod read_back;
mod results;
mod scan;
#[cfg(test)]
mod tests;

pub use chain::ArchiveSource;
pub use manifest::{ARCHIVE_NAME, ArchiveManifest, ArchiveMethod, ArchivedFile};
pub use native::{NativeArchive, folder_of_export};
pub use results::PartResult;
pub use scan::ScanArchive;
