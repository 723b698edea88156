//! SHA-256 of a whole object and of each of its parts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a part, as S3 takes it.
pub fn base64(digest: &[u8]) -> String {
    STANDARD.encode(digest)
}

/// S3's composite checksum: of the parts' digests, in order, with their number.
///
/// Source: "Checking object integrity in Amazon S3", section "Using part-level checksums for multipart uploads".
pub fn composite(parts: &[[u8; 32]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    format!("{}-{}", base64(&digest.finalize()), parts.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composite_checksum_is_of_the_parts_digests_with_their_number() {
        let part: [u8; 32] = Sha256::digest(b"abc").into();
        let both: Vec<u8> = [part, part].concat();
        assert_eq!(
            composite(&[part, part]),
            format!("{}-2", base64(&Sha256::digest(&both)))
        );
        assert_eq!(hex(&part[..4]), "ba7816bf");
    }
}
