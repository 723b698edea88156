//! Reads files back as an import does, and computes the digest of their items.

use crate::store::Store;
use crate::table::digest::{Digester, TableDigest};
use crate::table::error::{Error, Result};
use crate::table::format::Format;
use crate::table::import::ObjectParts;
use crate::table::import::lines::{Line, Lines};
use crate::table::progress::Progress;

/// The digest of the items in an object, and the object's size as it is stored.
///
/// # Errors
/// `NotFound` if it does not exist; `Unverified` if it is damaged, or a line is no item.
pub async fn read_back(store: &dyn Store, name: &str, format: Format) -> Result<(TableDigest, u64)> {
    let address = format!("{}{name}", store.address());
    let progress = Progress::default();
    let mut lines = Lines::new(&address, ObjectParts(store.open(name, None).await?), &progress);
    let mut digester = Digester::default();
    while let Some(line) = lines.next().await? {
        let read = match line {
            Line::Content(line) => format.read_line(&line),
            Line::TooLong => Err("it is longer than the line of any item".to_owned()),
        };
        let item = read.map_err(|why| {
            Error::Unverified(format!(
                "reading back {address}: line {} is no item: {why}. Start a new run, which writes the file again.",
                lines.position().lines
            ))
        })?;
        digester.add(&item);
    }
    Ok((digester.digest(), progress.counts().file_bytes))
}
