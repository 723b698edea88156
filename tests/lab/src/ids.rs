//! Random identifiers in the forms that AWS uses.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// 64 bits that no earlier call returned, from the standard library's randomly keyed hasher.
fn random_u64() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A version 4 UUID in lower case: `7c9e6679-7425-40de-944b-e07fc1f90ae7`.
#[must_use]
pub fn uuid() -> String {
    let (high, low) = (random_u64(), random_u64());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48) & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}

/// `length` lower-case hexadecimal digits, as in `fs-0123456789abcdef0`.
#[must_use]
pub fn hex(length: usize) -> String {
    let mut digits = String::with_capacity(length + 16);
    while digits.len() < length {
        digits.push_str(&format!("{:016x}", random_u64()));
    }
    digits.truncate(length);
    digits
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    #[test]
    fn identifiers_have_aws_forms_and_do_not_repeat() {
        let ids: BTreeSet<String> = (0..1000).map(|_| super::uuid()).collect();
        assert_eq!(ids.len(), 1000);
        for id in &ids {
            let parts: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
            assert!(id.split('-').nth(2).unwrap().starts_with('4'), "{id}");
        }
        let hexes: BTreeSet<String> = (0..1000).map(|_| super::hex(17)).collect();
        assert_eq!(hexes.len(), 1000);
        assert!(hexes.iter().all(|hex| hex.len() == 17));
    }
}
