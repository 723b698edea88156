//! The batches that are being written, and up to where all is written.

use std::collections::{HashSet, VecDeque};

use super::super::digest::TableDigest;
use super::batch::Batch;
use super::lines::Position;

/// The state of an import after the lines up to a position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    pub position: Position,
    pub digest: TableDigest,
}

/// Batches under way, in the order of the file.
#[derive(Debug, Default)]
pub struct Window {
    batches: VecDeque<UnderWay>,
    first: u64,
    keys: HashSet<Vec<u8>>,
    bytes: usize,
    written: Mark,
}

#[derive(Debug)]
struct UnderWay {
    end: Mark,
    /// `None` once it is written.
    pending: Option<(HashSet<Vec<u8>>, usize)>,
}

impl Window {
    /// Everything before the mark is written already.
    pub fn from(written: Mark) -> Self {
        Self {
            written,
            ..Self::default()
        }
    }

    /// Up to where everything is written.
    pub fn written(&self) -> Mark {
        self.written
    }

    /// Bytes under way.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether an item with the key of one in the batch is under way: the later one has to wait, to be the last one written.
    pub fn conflicts_with(&self, batch: &Batch) -> bool {
        batch.keys().iter().any(|key| self.keys.contains(key))
    }

    /// Adds a batch that ends at a mark; returns its number.
    pub fn begin(&mut self, batch: &Batch, end: Mark) -> u64 {
        self.keys.extend(batch.keys().iter().cloned());
        self.bytes += batch.bytes();
        self.batches.push_back(UnderWay {
            end,
            pending: Some((batch.keys().clone(), batch.bytes())),
        });
        self.first + self.batches.len() as u64 - 1
    }

    /// The batch with this number is written.
    pub fn end(&mut self, number: u64) {
        let place = number
            .checked_sub(self.first)
            .and_then(|place| usize::try_from(place).ok());
        if let Some(batch) = place.and_then(|place| self.batches.get_mut(place))
            && let Some((keys, bytes)) = batch.pending.take()
        {
            for key in &keys {
                self.keys.remove(key);
            }
            self.bytes -= bytes;
        }
        while let Some(UnderWay { pending: None, end }) = self.batches.front() {
            self.written = *end;
            self.batches.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(lines: u64) -> Mark {
        Mark {
            position: Position {
                lines,
                bytes: lines * 10,
            },
            ..Mark::default()
        }
    }

    fn batch(key: &str) -> Batch {
        let mut batch = Batch::default();
        batch.push(1, Default::default(), key.as_bytes().to_vec(), 100);
        batch
    }

    #[test]
    fn all_is_written_up_to_the_first_batch_that_is_not() {
        let mut window = Window::from(mark(5));
        let numbers: Vec<u64> = (0..4)
            .map(|n| window.begin(&batch(&n.to_string()), mark(10 + n)))
            .collect();
        assert_eq!(window.bytes(), 400);
        for (ended, written) in [(2, 5), (0, 10), (3, 10), (1, 13)] {
            window.end(numbers[ended]);
            assert_eq!(window.written(), mark(written), "{ended}");
        }
        assert_eq!(window.bytes(), 0);
        let next = window.begin(&batch("x"), mark(20));
        window.end(next);
        assert_eq!(window.written(), mark(20));
    }

    #[test]
    fn a_later_item_with_the_same_key_waits_for_the_earlier_one() {
        let mut window = Window::default();
        let first = window.begin(&batch("a"), mark(1));
        assert!(window.conflicts_with(&batch("a")) && !window.conflicts_with(&batch("b")));
        window.end(first);
        assert!(!window.conflicts_with(&batch("a")));
    }
}
