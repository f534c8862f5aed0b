//! [`Filter`]: which keys a file surely does not have, in 12 bits a key.
//!
//! A Bloom filter whose bits of a key lie in one line of the processor's cache (F. Putze, P. Sanders,
//! J. Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007). With 12 bits and 6 of them set,
//! about one absent key in a hundred seems to be there, which costs the read of a page.

use crate::fields::Fields;
use crate::index::runs::Key;

/// Bits of the filter for each key.
const BITS_PER_KEY: usize = 12;

/// Bits that a key sets.
const BITS_SET: u32 = 6;

/// Words of a line.
const LINE_WORDS: usize = 8;

/// Holds a filter. Keys have to be as good as random, as those are that are made of hashes.
#[derive(Debug, Default)]
pub(super) struct Filter {
    lines: Vec<[u64; LINE_WORDS]>,
    /// How many keys were added.
    keys: u64,
}

impl Filter {
    /// Has room for so many keys.
    pub(super) fn with_room(keys: u64) -> Self {
        Self { lines: vec![[0; LINE_WORDS]; lines_for(keys)], keys: 0 }
    }

    /// Tells whether there was room for the keys that were added.
    pub(super) fn had_room(&self) -> bool {
        lines_for(self.keys) <= self.lines.len()
    }

    /// Returns how many keys were added.
    pub(super) fn keys(&self) -> u64 {
        self.keys
    }

    /// Adds a key.
    pub(super) fn add(&mut self, key: Key) {
        self.keys += 1;
        let (number, bits) = self.place(key);
        if let Some(line) = self.lines.get_mut(number) {
            line.iter_mut().zip(bits).for_each(|(word, bits)| *word |= bits);
        }
    }

    /// Tells whether a key was added, or seems to be.
    pub(super) fn could_have(&self, key: Key) -> bool {
        let (number, bits) = self.place(key);
        self.lines
            .get(number)
            .is_some_and(|line| line.iter().zip(bits).all(|(word, bits)| word & bits == bits))
    }

    /// Returns the number of lines.
    pub(super) fn lines(&self) -> usize {
        self.lines.len()
    }

    /// Returns the bytes of the lines.
    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        self.lines.iter().flatten().flat_map(|word| word.to_be_bytes())
    }

    /// Takes a filter as it was written.
    pub(super) fn from_bytes(bytes: &[u8], keys: u64) -> Self {
        let mut fields = Fields(bytes);
        let mut line = || {
            let mut line = [0; LINE_WORDS];
            for word in &mut line {
                *word = fields.u64()?;
            }
            Some(line)
        };
        Self { lines: std::iter::from_fn(&mut line).collect(), keys }
    }

    /// Returns the line of a key, and the bits that it sets there.
    fn place(&self, key: Key) -> (usize, [u64; LINE_WORDS]) {
        // The first byte is a tag.
        let hash = key.0 << 8;
        let (choice, mut rest) = ((hash >> 64) as u64, (hash as u64) >> 8);
        let mut bits = [0_u64; LINE_WORDS];
        for _ in 0..BITS_SET {
            let bit = rest % 512;
            if let Some(word) = bits.get_mut((bit / 64) as usize) {
                *word |= 1 << (bit % 64);
            }
            rest >>= 9;
        }
        // As good as the remainder, without a division.
        let number = (u128::from(choice) * self.lines.len() as u128) >> 64;
        (number as usize, bits)
    }
}

/// Returns how many lines so many keys need.
fn lines_for(keys: u64) -> usize {
    let keys = usize::try_from(keys).unwrap_or(usize::MAX);
    keys.saturating_mul(BITS_PER_KEY).div_ceil(64 * LINE_WORDS)
}

/// Bytes of a line.
pub(super) const LINE_BYTES: usize = 8 * LINE_WORDS;

#[cfg(test)]
mod tests {
    use toka_vault_core::Digest;

    use super::*;
    use crate::index::postings::keys;

    fn key(number: u64) -> Key {
        keys::of_payload(Digest::of(&number.to_be_bytes()))
    }

    #[test]
    fn every_key_that_was_added_could_be_there_and_few_others() {
        const KEYS: u64 = 10_000;
        let mut filter = Filter::with_room(KEYS);
        (0..KEYS).for_each(|number| filter.add(key(number)));
        let bytes: Vec<u8> = filter.bytes().collect();
        assert_eq!(bytes.len(), filter.lines() * LINE_BYTES);
        let filter = Filter::from_bytes(&bytes, filter.keys());
        assert_eq!(filter.keys(), KEYS);
        assert!((0..KEYS).all(|number| filter.could_have(key(number))));
        let wrong = (KEYS..2 * KEYS).filter(|number| filter.could_have(key(*number))).count();
        assert!((1..300).contains(&wrong), "{wrong}");
    }

    #[test]
    fn an_empty_filter_has_nothing() {
        let mut filter = Filter::with_room(0);
        assert!(!filter.could_have(key(1)));
        filter.add(key(1));
        assert_eq!((filter.lines(), filter.bytes().count()), (0, 0));
    }
}
