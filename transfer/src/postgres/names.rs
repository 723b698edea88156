//! Names of databases beside another: Postgres cuts a name after 63 bytes, silently, so that two names could become one.

use sha2::{Digest, Sha256};

use crate::s3::hex;

/// Bytes of a name (`NAMEDATALEN - 1`).
const LONGEST: usize = 63;
/// Hexadecimal digits that keep a shortened name apart from others.
const DIGITS: usize = 8;

/// `<database>_<suffix>`; a name that would be too long is shortened before the suffix, and keeps apart by a part of its hash.
#[must_use]
pub fn beside(database: &str, suffix: &str) -> String {
    let whole = format!("{database}_{suffix}");
    if whole.len() <= LONGEST {
        return whole;
    }
    let mark = &hex(&Sha256::digest(whole.as_bytes()))[..DIGITS];
    let end = format!("_{mark}_{}", cut(suffix, LONGEST / 2));
    format!("{}{end}", cut(database, LONGEST - end.len()))
}

/// At most so many bytes, and no part of a character.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_named_after_its_database() {
        assert_eq!(beside("app", "restored_20261129"), "app_restored_20261129");
    }

    #[test]
    fn a_long_name_is_cut_to_63_bytes_and_stays_unique() {
        let long = "sportfin_".repeat(8);
        let name = beside(&long, "restored");
        assert_eq!(name.len(), 63);
        assert!(name.starts_with("sportfin_sportfin_") && name.ends_with("_restored"));
        assert_ne!(
            beside(&format!("{long}a"), "restored"),
            beside(&format!("{long}b"), "restored")
        );
        assert_ne!(beside(&long, &"x".repeat(70)), beside(&long, &"x".repeat(71)));
        assert!(beside(&long, &"x".repeat(70)).len() <= 63);
    }

    #[test]
    fn no_character_is_cut_in_half() {
        for length in 20..40 {
            let name = beside(&"ü".repeat(length), "wiederhergestellt");
            assert!(name.len() <= 63 && !name.contains('\u{fffd}'));
        }
    }
}
