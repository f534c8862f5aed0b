//! [`Segmented`]: a queue that never moves what it holds.
//!
//! A `VecDeque` that is full moves all it holds to a place twice as large. With millions of events in
//! memory that is a long commit once in a while, and a sixth of the time of all commits (measured).
//! Here a full segment stays where it is.
//!
//! Keeps the invariant that every segment but the first and the last is full, so that an index tells
//! the segment, and that none is empty.

use std::collections::VecDeque;

/// Entries of a full segment.
pub(crate) const SEGMENT_LEN: usize = 512;

/// Holds entries in the order in which they came.
#[derive(Debug)]
pub struct Segmented<T> {
    segments: VecDeque<VecDeque<T>>,
    len: usize,
}

impl<T> Default for Segmented<T> {
    fn default() -> Self {
        Self { segments: VecDeque::new(), len: 0 }
    }
}

impl<T> Segmented<T> {
    /// Returns how many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Tells whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an entry behind all others.
    #[inline]
    pub fn push_back(&mut self, entry: T) {
        if self.segments.back().is_none_or(|last| last.len() >= SEGMENT_LEN) {
            self.add_segment();
        }
        if let Some(last) = self.segments.back_mut() {
            last.push_back(entry);
            self.len += 1;
        }
    }

    /// Adds a segment for the entry that comes next.
    fn add_segment(&mut self) {
        // The first one grows as it needs, so that a queue of few entries is small.
        let room = if self.segments.is_empty() { 0 } else { SEGMENT_LEN };
        self.segments.push_back(VecDeque::with_capacity(room));
    }

    /// Removes the oldest entries, up to [`SEGMENT_LEN`] of them, and moves none.
    pub(crate) fn pop_segment(&mut self) -> Option<VecDeque<T>> {
        let segment = self.segments.pop_front()?;
        self.len -= segment.len();
        Some(segment)
    }

    /// Removes the oldest entry and returns it.
    pub fn pop_front(&mut self) -> Option<T> {
        let first = self.segments.front_mut()?;
        let entry = first.pop_front()?;
        self.len -= 1;
        // The only one is kept for what comes.
        if first.is_empty() && self.segments.len() > 1 {
            self.segments.pop_front();
        }
        Some(entry)
    }

    /// Returns the oldest entry.
    pub fn front(&self) -> Option<&T> {
        self.segments.front()?.front()
    }

    /// Returns the newest entry.
    pub fn back(&self) -> Option<&T> {
        self.segments.back()?.back()
    }

    /// Returns the entry that `index` others stand before.
    pub fn get(&self, index: usize) -> Option<&T> {
        let (segment, within) = self.place(index);
        self.segments.get(segment)?.get(within)
    }

    /// Returns the entries that `skip` others stand before, oldest first.
    pub fn iter_from(&self, skip: usize) -> impl Iterator<Item = &T> {
        let (segment, within) = self.place(skip);
        let segments = self.segments.iter().skip(segment).enumerate();
        segments.flat_map(move |(nth, entries)| entries.iter().skip(if nth == 0 { within } else { 0 }))
    }

    /// Counts the oldest entries for which `before` holds; it holds for none behind the first one
    /// that it does not hold for.
    pub fn partition_point(&self, before: impl Fn(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(&before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Returns the segment of an index, and where it is in it.
    fn place(&self, index: usize) -> (usize, usize) {
        let first = self.segments.front().map_or(0, VecDeque::len);
        match index.checked_sub(first) {
            None => (0, index),
            Some(behind) => (1 + behind / SEGMENT_LEN, behind % SEGMENT_LEN),
        }
    }
}

impl<T> Extend<T> for Segmented<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, entries: I) {
        entries.into_iter().for_each(|entry| self.push_back(entry));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_answers_like_a_plain_queue(
            steps in prop::collection::vec((0..3 * SEGMENT_LEN, 0..3 * SEGMENT_LEN, any::<bool>()), 1..8)
        ) {
            let (mut segmented, mut plain) = (Segmented::default(), VecDeque::new());
            let mut next = 0;
            for (pushes, pops, pops_segment) in steps {
                segmented.extend(next..next + pushes);
                plain.extend(next..next + pushes);
                next += pushes;
                for _ in 0..pops {
                    prop_assert_eq!(segmented.pop_front(), plain.pop_front());
                }
                if pops_segment {
                    let segment = segmented.pop_segment().unwrap_or_default();
                    prop_assert!(segment.len() <= SEGMENT_LEN && segment.is_empty() <= plain.is_empty());
                    prop_assert!(segment.iter().eq(plain.drain(..segment.len()).collect::<Vec<_>>().iter()));
                }
                prop_assert_eq!((segmented.len(), segmented.is_empty()), (plain.len(), plain.is_empty()));
                prop_assert_eq!((segmented.front(), segmented.back()), (plain.front(), plain.back()));
                for index in 0..=plain.len() {
                    prop_assert_eq!(segmented.get(index), plain.get(index));
                }
                for skip in [0, 1, plain.len() / 2, plain.len(), plain.len() + 1] {
                    prop_assert!(segmented.iter_from(skip).eq(plain.iter().skip(skip)));
                }
                for entry in [0, next / 2, next] {
                    let before = |other: &usize| *other < entry;
                    prop_assert_eq!(segmented.partition_point(before), plain.partition_point(before));
                }
            }
        }
    }
}
