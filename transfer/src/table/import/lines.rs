//! The lines of a file that may be compressed, with their numbers and ends.

use std::io;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::compression::{Compression, Decompressor};
use super::super::error::{Error, Result};
use super::super::progress::Progress;
use super::parts::Parts;

/// Longer than the line of any item: 400 KB of control characters, each escaped in six bytes, are 2.4 MB.
pub const MOST_LINE_BYTES: usize = 8 << 20;
/// Decompressed at once: a small part, because it may become much larger.
const PART_BYTES: usize = 128 << 10;
/// Of the marks by which a compression is known.
const LONGEST_MARK: usize = 4;

/// A place in a file: after so many lines, and so many bytes of its content without compression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub lines: u64,
    pub bytes: u64,
}

/// A line without its line feed.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    Content(Vec<u8>),
    /// Longer than [`MOST_LINE_BYTES`]; its content is dropped.
    TooLong,
}

/// Reads lines one by one. Memory: a line, and what a part of the file becomes.
pub struct Lines<'a, P> {
    name: &'a str,
    file: P,
    /// Of the file, not decompressed yet.
    part: Bytes,
    decompressor: Option<Decompressor>,
    /// Content that is not returned yet, from `start`.
    content: Vec<u8>,
    start: usize,
    /// Whether the beginning of the present line was dropped.
    too_long: bool,
    /// The file has no more parts.
    ended: bool,
    /// All of it is in the content.
    finished: bool,
    position: Position,
    progress: &'a Progress,
}

impl<'a, P: Parts> Lines<'a, P> {
    pub fn new(name: &'a str, file: P, progress: &'a Progress) -> Self {
        Self {
            name,
            file,
            part: Bytes::new(),
            decompressor: None,
            content: Vec::new(),
            start: 0,
            too_long: false,
            ended: false,
            finished: false,
            position: Position::default(),
            progress,
        }
    }

    /// After the last line that was returned.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// If the file cannot be read, ends within a compressed frame, or is damaged.
    pub async fn next(&mut self) -> Result<Option<Line>> {
        let mut searched = self.start;
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.content[searched..]) {
                let end = searched + found;
                return Ok(Some(self.line(end, 1)));
            }
            if self.finished {
                let rest = self.content.len() > self.start || self.too_long;
                return Ok(rest.then(|| self.line(self.content.len(), 0)));
            }
            if self.content.len() - self.start > MOST_LINE_BYTES {
                self.position.bytes += (self.content.len() - self.start) as u64;
                self.start = self.content.len();
                self.too_long = true;
            }
            searched = self.content.len() - self.start;
            self.content.drain(..self.start);
            self.start = 0;
            self.fill().await?;
        }
    }

    /// The line that ends at `end`, before `feed` bytes of line feed.
    fn line(&mut self, end: usize, feed: usize) -> Line {
        let content = &self.content[self.start..end];
        let line = match std::mem::take(&mut self.too_long) || content.len() > MOST_LINE_BYTES {
            true => Line::TooLong,
            false => Line::Content(content.to_vec()),
        };
        self.position.bytes += (end + feed - self.start) as u64;
        self.position.lines += 1;
        self.start = end + feed;
        line
    }

    /// Skips what is before a position that was stored with this file.
    ///
    /// # Errors
    /// As [`Lines::next`]; and `Invalid` if the file is shorter.
    pub async fn skip_to(&mut self, position: Position) -> Result<()> {
        let mut left = position.bytes;
        while left > 0 {
            let here = ((self.content.len() - self.start) as u64).min(left);
            self.start += here as usize;
            left -= here;
            if left > 0 {
                if self.finished {
                    return Err(Error::Invalid(format!(
                        "reading {}: it is shorter than when its import was interrupted",
                        self.name
                    )));
                }
                self.content.clear();
                self.start = 0;
                self.fill().await?;
            }
        }
        self.position = position;
        Ok(())
    }

    /// Adds the next part of the file to the content.
    async fn fill(&mut self) -> Result<()> {
        if self.part.is_empty() {
            // The first part decides the compression: it needs a few bytes.
            while self.part.len() < LONGEST_MARK && !self.ended {
                match self.file.next().await? {
                    Some(more) if self.part.is_empty() => self.part = more,
                    Some(more) => self.part = [&self.part[..], &more[..]].concat().into(),
                    None => self.ended = true,
                }
                if self.decompressor.is_some() {
                    break;
                }
            }
        }
        let length = self.part.len().min(PART_BYTES);
        let part = self.part.split_to(length);
        let more = self.decompress(&part).map_err(|error| self.damaged(&error))?;
        self.progress.add_file_bytes(length as u64);
        match self.content.is_empty() {
            true => self.content = more,
            false => self.content.extend_from_slice(&more),
        }
        if self.ended && self.part.is_empty() && !self.finished {
            self.finished = true;
            let rest = self.decompress(&[]).map_err(|error| self.damaged(&error))?;
            self.content.extend_from_slice(&rest);
        }
        Ok(())
    }

    fn decompress(&mut self, part: &[u8]) -> io::Result<Vec<u8>> {
        if self.decompressor.is_none() {
            self.decompressor = Some(Decompressor::new(Compression::of_content(part))?);
        }
        match &mut self.decompressor {
            Some(decompressor) if part.is_empty() => decompressor.finish(),
            Some(decompressor) => decompressor.feed(part),
            None => Ok(Vec::new()),
        }
    }

    fn damaged(&self, error: &io::Error) -> Error {
        Error::Unverified(format!(
            "reading {} after line {}: the file is damaged or cut off: {error}",
            self.name, self.position.lines
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::super::compression::Compressor;
    use super::super::parts::FileParts;
    use super::*;

    async fn read(file: &[u8], from: Position) -> Result<Vec<(Line, Position)>> {
        let progress = Progress::default();
        let mut lines = Lines::new("rooms", FileParts::new("rooms", file), &progress);
        lines.skip_to(from).await?;
        let mut found = Vec::new();
        while let Some(line) = lines.next().await? {
            found.push((line, lines.position()));
        }
        assert_eq!(progress.counts().file_bytes, file.len() as u64);
        Ok(found)
    }

    #[tokio::test]
    async fn a_file_can_be_read_from_the_end_of_each_line_compressed_or_not() {
        let mut text = Vec::new();
        for number in 0..2_000 {
            text.extend(format!("{}\n", "x".repeat(number % 300)).into_bytes());
        }
        text.extend(b"the last one has no line feed");
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let mut compressor = Compressor::new(compression).unwrap();
            let file: Vec<u8> = text
                .chunks(10_000)
                .flat_map(|part| compressor.compress(part.to_vec()).unwrap())
                .collect();
            let all = read(&file, Position::default()).await.unwrap();
            assert_eq!(all.len(), 2_001);
            assert_eq!(
                all[2_000].1,
                Position {
                    lines: 2_001,
                    bytes: text.len() as u64
                }
            );
            for at in [0, 1, 777, 1_999, 2_000] {
                assert_eq!(
                    read(&file, all[at].1).await.unwrap(),
                    all[at + 1..],
                    "{compression:?} {at}"
                );
            }
            let beyond = Position {
                lines: 1,
                bytes: text.len() as u64 + 1,
            };
            assert!(matches!(read(&file, beyond).await, Err(Error::Invalid(_))));
        }
        assert!(read(b"", Position::default()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_dropped_and_the_next_ones_are_read() {
        let long = "y".repeat(3 * MOST_LINE_BYTES);
        let found = read(format!("a\n{long}\nb\n").as_bytes(), Position::default())
            .await
            .unwrap();
        let lines: Vec<&Line> = found.iter().map(|(line, _)| line).collect();
        assert_eq!(
            lines,
            [
                &Line::Content(b"a".to_vec()),
                &Line::TooLong,
                &Line::Content(b"b".to_vec())
            ]
        );
        assert_eq!(
            found[2].1,
            Position {
                lines: 3,
                bytes: 3 * MOST_LINE_BYTES as u64 + 5
            }
        );
    }
}
