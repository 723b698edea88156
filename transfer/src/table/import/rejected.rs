//! The side file of rejected items: one a line, with the number of its line and the reason.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::super::error::{Error, Result};
use super::super::sink::replace;

/// A line of the file that did not become an item of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// From 1.
    pub line: u64,
    pub reason: String,
}

/// The beginning of each line of the side file.
const BEGINNING: &[u8] = b"{\"line\":";

/// The side file. It is created with the first rejection.
#[derive(Debug)]
pub struct RejectedFile {
    name: PathBuf,
    file: Option<File>,
    count: u64,
    /// How many are of lines before the last checkpoint, and the lines of the others.
    settled: u64,
    unsettled: Vec<u64>,
}

impl RejectedFile {
    /// Begins an empty file, or continues that of an interrupted import: without what was rejected after line `from`, which will be
    /// rejected again. `known` is how many were rejected until there.
    ///
    /// # Errors
    /// `Invalid` for a file that is no list of rejections, or that lacks some: nothing of it is changed. `File` if it cannot be read or
    /// replaced.
    pub async fn open(name: &Path, from: u64, known: u64) -> Result<Self> {
        let failed = |error: std::io::Error| Error::file("reading", name.display(), &error);
        let earlier = match tokio::fs::read(name).await {
            Ok(earlier) => earlier,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        let mut kept = Vec::new();
        let mut count = 0;
        // A last line that was not written completely is none of those that count.
        for line in earlier
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"))
        {
            let rejection: Rejection = serde_json::from_slice(line).map_err(|_| not_rejections(name))?;
            if from > 0 && rejection.line <= from {
                kept.extend_from_slice(line);
                count += 1;
            }
        }
        let compared = earlier.len().min(BEGINNING.len());
        if earlier[..compared] != BEGINNING[..compared] {
            return Err(not_rejections(name));
        }
        if count < known {
            return Err(Error::Invalid(format!(
                "continuing an import: {} lists {count} of the {known} lines that were rejected so far. Put it back; or remove the \
                 progress file to import the file from its beginning.",
                name.display()
            )));
        }
        let file = match (count, earlier.is_empty()) {
            (0, true) => None,
            (0, false) => {
                tokio::fs::remove_file(name).await.map_err(failed)?;
                None
            }
            _ => {
                replace(name, &kept).await?;
                Some(
                    tokio::fs::OpenOptions::new()
                        .append(true)
                        .open(name)
                        .await
                        .map_err(failed)?,
                )
            }
        };
        Ok(Self {
            name: name.to_owned(),
            file,
            count,
            settled: count,
            unsettled: Vec::new(),
        })
    }

    /// How many are of lines up to `line`, before which everything is done.
    pub fn settle(&mut self, line: u64) -> u64 {
        let before = self.unsettled.len();
        self.unsettled.retain(|rejected| *rejected > line);
        self.settled += (before - self.unsettled.len()) as u64;
        self.settled
    }

    /// How many are in the file.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// # Errors
    /// If the file cannot be written.
    pub async fn add(&mut self, rejection: &Rejection) -> Result<()> {
        let name = self.name.display().to_string();
        let mut line = serde_json::to_vec(rejection).unwrap_or_default();
        line.push(b'\n');
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(
                File::create(&self.name)
                    .await
                    .map_err(|e| Error::file("creating", &name, &e))?,
            ),
        };
        file.write_all(&line)
            .await
            .map_err(|e| Error::file("writing", &name, &e))?;
        self.count += 1;
        self.unsettled.push(rejection.line);
        Ok(())
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn sync(&mut self) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let synced = async {
            file.flush().await?;
            file.sync_all().await
        };
        synced
            .await
            .map_err(|error| Error::file("writing", self.name.display(), &error))
    }
}

fn not_rejections(name: &Path) -> Error {
    Error::Invalid(format!(
        "listing rejected items in {}: it has another content, and would be replaced. Name another file.",
        name.display()
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rejection(line: u64) -> Rejection {
        Rejection {
            line,
            reason: "too \"large\"".into(),
        }
    }

    #[tokio::test]
    async fn what_is_rejected_again_after_an_interruption_is_listed_once() {
        let directory = tempfile::tempdir().unwrap();
        let name = directory.path().join("rooms.rejected");
        let mut file = RejectedFile::open(&name, 0, 0).await.unwrap();
        assert!(!name.exists(), "a file without rejections");
        for line in [3, 9, 7] {
            file.add(&rejection(line)).await.unwrap();
        }
        file.sync().await.unwrap();
        drop(file);
        let mut torn = std::fs::read(&name).unwrap();
        torn.extend(b"{\"line\":5,\"rea");
        std::fs::write(&name, torn).unwrap();

        let lacking = RejectedFile::open(&name, 7, 3).await.unwrap_err();
        assert!(lacking.to_string().contains("lists 2 of the 3"), "{lacking}");
        let mut file = RejectedFile::open(&name, 7, 2).await.unwrap();
        assert_eq!(file.count(), 2);
        file.add(&rejection(9)).await.unwrap();
        file.sync().await.unwrap();
        assert_eq!((file.settle(8), file.settle(9)), (2, 3));
        let text = std::fs::read_to_string(&name).unwrap();
        let lines: Vec<u64> = text
            .lines()
            .map(|line| serde_json::from_str::<Rejection>(line).unwrap().line)
            .collect();
        assert_eq!(lines, [3, 7, 9]);

        RejectedFile::open(&name, 0, 0).await.unwrap();
        assert!(
            !name.exists(),
            "a new import begins without the rejections of an earlier one"
        );
    }

    #[tokio::test]
    async fn a_file_of_something_else_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let name = directory.path().join("rooms.json");
        for content in ["{\"id\":\"a\"}\n", "{\"id\":\"a\"}", "text"] {
            std::fs::write(&name, content).unwrap();
            let refused = RejectedFile::open(&name, 0, 0).await.unwrap_err();
            assert!(refused.to_string().contains("Name another file"), "{refused}");
            assert_eq!(std::fs::read_to_string(&name).unwrap(), content);
        }
    }
}
