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

/// The side file. It is created with the first rejection.
#[derive(Debug)]
pub struct RejectedFile {
    name: PathBuf,
    file: Option<File>,
    count: u64,
}

impl RejectedFile {
    /// Begins an empty file, or continues that of an interrupted import: without what was rejected after line `from`, which will be
    /// rejected again.
    ///
    /// # Errors
    /// If an earlier file cannot be read or replaced.
    pub async fn open(name: &Path, from: u64) -> Result<Self> {
        let failed = |error: std::io::Error| Error::file("reading", name.display(), &error);
        let earlier = match tokio::fs::read(name).await {
            Ok(earlier) => earlier,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        let mut kept = Vec::new();
        let mut count = 0;
        // A last line that was not written completely is none of those that count.
        for line in earlier.split_inclusive(|byte| *byte == b'\n').filter(|_| from > 0) {
            if serde_json::from_slice::<Rejection>(line).is_ok_and(|rejection| rejection.line <= from) {
                kept.extend_from_slice(line);
                count += 1;
            }
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
        })
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
        let mut file = RejectedFile::open(&name, 0).await.unwrap();
        assert!(!name.exists(), "a file without rejections");
        for line in [3, 9, 7] {
            file.add(&rejection(line)).await.unwrap();
        }
        file.sync().await.unwrap();
        drop(file);
        let mut torn = std::fs::read(&name).unwrap();
        torn.extend(b"{\"line\":5,\"rea");
        std::fs::write(&name, torn).unwrap();

        let mut file = RejectedFile::open(&name, 7).await.unwrap();
        assert_eq!(file.count(), 2);
        file.add(&rejection(9)).await.unwrap();
        file.sync().await.unwrap();
        let text = std::fs::read_to_string(&name).unwrap();
        let lines: Vec<u64> = text
            .lines()
            .map(|line| serde_json::from_str::<Rejection>(line).unwrap().line)
            .collect();
        assert_eq!(lines, [3, 7, 9]);

        RejectedFile::open(&name, 0).await.unwrap();
        assert!(
            !name.exists(),
            "a new import begins without the rejections of an earlier one"
        );
    }
}
