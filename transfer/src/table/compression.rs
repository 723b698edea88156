//! gzip and zstd. An export writes each page as a frame (zstd) or member (gzip) of its own: a file is their concatenation, as both
//! formats define it, and pages are compressed in parallel.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    #[default]
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// By the end of a file's name.
    pub fn of_name(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, end)| end) {
            Some("gz" | "gzip") => Compression::Gzip,
            Some("zst" | "zstd") => Compression::Zstd,
            _ => Compression::None,
        }
    }

    /// By the first bytes of a file.
    pub fn of_content(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            _ => Compression::None,
        }
    }
}

/// Compresses blocks, each to a whole frame.
pub struct Compressor(Kind);

enum Kind {
    None,
    Gzip,
    Zstd(zstd::bulk::Compressor<'static>),
}

/// Half the time of gzip's default level, for a few percent more bytes.
const GZIP_LEVEL: u32 = 4;
const ZSTD_LEVEL: i32 = 3;

impl Compressor {
    /// # Errors
    /// If the library has no memory.
    pub fn new(compression: Compression) -> io::Result<Self> {
        Ok(Self(match compression {
            Compression::None => Kind::None,
            Compression::Gzip => Kind::Gzip,
            Compression::Zstd => {
                let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
                compressor.include_checksum(true)?;
                Kind::Zstd(compressor)
            }
        }))
    }

    /// # Errors
    /// If the library has no memory.
    pub fn compress(&mut self, block: Vec<u8>) -> io::Result<Vec<u8>> {
        match &mut self.0 {
            Kind::None => Ok(block),
            Kind::Gzip => {
                let sized = Vec::with_capacity(block.len() / 4);
                let mut encoder = flate2::write::GzEncoder::new(sized, flate2::Compression::new(GZIP_LEVEL));
                encoder.write_all(&block)?;
                encoder.finish()
            }
            Kind::Zstd(compressor) => compressor.compress(&block),
        }
    }
}

/// Decompresses a file that comes in parts.
pub enum Decompressor {
    None(Vec<u8>),
    Gzip(Box<flate2::write::MultiGzDecoder<Vec<u8>>>, u64),
    Zstd(Box<zstd::stream::write::Decoder<'static, Vec<u8>>>, u64),
}

impl Decompressor {
    /// # Errors
    /// If the library has no memory.
    pub fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None(Vec::new()),
            Compression::Gzip => Self::Gzip(Box::new(flate2::write::MultiGzDecoder::new(Vec::new())), 0),
            Compression::Zstd => Self::Zstd(Box::new(zstd::stream::write::Decoder::new(Vec::new())?), 0),
        })
    }

    /// Returns what the next part of the file makes.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn feed(&mut self, part: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::None(out) => out.extend_from_slice(part),
            Self::Gzip(decoder, fed) => {
                *fed += part.len() as u64;
                decoder.write_all(part)?;
                decoder.flush()?;
            }
            Self::Zstd(decoder, fed) => {
                *fed += part.len() as u64;
                decoder.write_all(part)?;
                decoder.flush()?;
            }
        }
        Ok(self.take())
    }

    /// Returns the rest.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file ends within a frame.
    pub fn finish(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(decoder, fed) if *fed > 0 => decoder.try_finish()?,
            Self::Zstd(decoder, fed) if *fed > 0 => decoder.do_finish()?,
            _ => {}
        }
        Ok(self.take())
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::None(out) => out,
            Self::Gzip(decoder, _) => decoder.get_mut(),
            Self::Zstd(decoder, _) => decoder.get_mut(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ALL: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

    fn compressed(compression: Compression, blocks: &[Vec<u8>]) -> Vec<u8> {
        let mut compressor = Compressor::new(compression).unwrap();
        blocks
            .iter()
            .flat_map(|block| compressor.compress(block.clone()).unwrap())
            .collect()
    }

    fn decompressed(compression: Compression, file: &[u8], part: usize) -> io::Result<Vec<u8>> {
        let mut decompressor = Decompressor::new(compression)?;
        let mut out = Vec::new();
        for part in file.chunks(part) {
            out.extend(decompressor.feed(part)?);
        }
        out.extend(decompressor.finish()?);
        Ok(out)
    }

    #[test]
    fn frames_of_blocks_are_one_file_whatever_the_parts_in_which_it_comes() {
        let blocks: Vec<Vec<u8>> = (0..20u32)
            .map(|n| format!("{{\"n\":{n}}}\n").repeat(n as usize * 50).into_bytes())
            .collect();
        for compression in ALL {
            let file = compressed(compression, &blocks);
            for part in [1, 7, 4096, 1 << 20] {
                assert_eq!(
                    decompressed(compression, &file, part).unwrap(),
                    blocks.concat(),
                    "{compression:?} {part}"
                );
            }
            assert!(decompressed(compression, &[], 1).unwrap().is_empty());
        }
    }

    #[test]
    fn a_file_that_ends_within_a_frame_or_is_damaged_is_refused() {
        let blocks = [b"some text that is long enough to be compressed, twice, twice, twice\n"
            .repeat(100)
            .to_vec()];
        for compression in [Compression::Gzip, Compression::Zstd] {
            let file = compressed(compression, &blocks);
            for length in [1, 5, file.len() / 2, file.len() - 1] {
                assert!(
                    decompressed(compression, &file[..length], 16).is_err(),
                    "{compression:?} {length} of {}",
                    file.len()
                );
            }
            let mut damaged = file.clone();
            let last = damaged.len() - 1;
            damaged[last - 3] ^= 1;
            assert!(decompressed(compression, &damaged, 4096).is_err(), "{compression:?}");
        }
    }

    #[test]
    fn a_compression_is_known_by_name_and_by_content() {
        for (name, compression) in [
            ("a.json.gz", Compression::Gzip),
            ("a.zst", Compression::Zstd),
            ("a.jsonl", Compression::None),
        ] {
            assert_eq!(Compression::of_name(name), compression);
        }
        for compression in ALL {
            assert_eq!(
                Compression::of_content(&compressed(compression, &[b"{}\n".to_vec()])),
                compression
            );
        }
    }
}
