//! How large the parts of an upload are: small at first, so that little memory is used, and larger the longer it gets, so that
//! S3's 10,000 parts suffice.

/// S3's limit of parts in one upload.
pub const MOST_PARTS: u32 = 10_000;
/// The smallest part that is used; S3 allows 5 MiB.
const SMALLEST: u64 = 8 << 20;
/// The largest part with which an upload begins: larger ones need memory that a function does not have.
const LARGEST_FIRST: u64 = 64 << 20;
/// After so many parts, their size doubles.
const DOUBLING: u32 = 2_000;

/// The sizes of an upload's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartSizes {
    first: u64,
}

impl PartSizes {
    /// For an object of about `estimate` bytes, 0 if unknown.
    #[must_use]
    pub fn for_object_of(estimate: u64) -> Self {
        // Twice the estimate has to fit before the size doubles for the first time.
        let needed = estimate.saturating_mul(2).div_ceil(u64::from(DOUBLING));
        Self {
            first: needed.next_multiple_of(1 << 20).clamp(SMALLEST, LARGEST_FIRST),
        }
    }

    /// The bytes of part `number`, counted from 1; `None` beyond S3's limit.
    #[must_use]
    pub fn of(self, number: u32) -> Option<u64> {
        if number > MOST_PARTS {
            return None;
        }
        Some(self.first << (number.saturating_sub(1) / DOUBLING))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacity(sizes: PartSizes) -> u64 {
        (1..).map_while(|number| sizes.of(number)).sum()
    }

    #[test]
    fn parts_are_small_while_an_object_is() {
        let sizes = PartSizes::for_object_of(0);
        assert_eq!(sizes.of(1), Some(8 << 20));
        assert_eq!(sizes.of(2_000), Some(8 << 20));
        assert_eq!(sizes.of(2_001), Some(16 << 20));
        assert_eq!(sizes.of(10_001), None);
        assert_eq!(PartSizes::for_object_of(7 << 30), sizes);
    }

    #[test]
    fn ten_thousand_parts_suffice_even_for_a_wrong_estimate() {
        assert!(capacity(PartSizes::for_object_of(0)) > 450 << 30);
        for gigabytes in [1_u64, 20, 100, 1_000] {
            let estimate = gigabytes << 30;
            assert!(capacity(PartSizes::for_object_of(estimate)) > 3 * estimate);
        }
    }

    #[test]
    fn no_part_is_larger_than_s3_allows() {
        let largest = PartSizes::for_object_of(u64::MAX).of(MOST_PARTS);
        assert!(largest.is_some_and(|bytes| bytes <= 5 << 30));
    }
}
