//! A page of sorted entries, each written as what tells it from the one before it. `docs/format.md`
//! writes it down.
//!
//! Keeps the invariant that a page which is not as it was written is found out: its checksum covers
//! all of it.
//!
//! Neighbours share the front of their keys, and the events of a kind have one key in all: so an
//! entry takes 2 to 17 bytes in the place of 24.

use std::num::NonZeroU32;

use toka_vault_core::Position;

use super::Key;
use crate::fields::Fields;

/// Bytes of a page, the unit of reading.
pub(super) const PAGE_BYTES: usize = 4_096;

/// Bytes of a page before its entries: checksum and number of entries.
const HEADER_BYTES: usize = 8;

/// Most bytes of an entry: how much of the key is shared, the key, the step.
const ENTRY_BYTES_MAX: usize = 1 + 16 + 10;

/// Says that the event at a position has a key. Entries sort by key, then by position.
pub(crate) type Entry = (Key, Position);

/// Collects the entries of a page.
#[derive(Debug, Default)]
pub(super) struct PageWriter {
    body: Vec<u8>,
    count: u32,
    last: Entry,
}

impl PageWriter {
    /// Tells whether there is no entry.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Tells whether there is room for one more entry.
    pub(super) fn has_room(&self) -> bool {
        HEADER_BYTES + self.body.len() + ENTRY_BYTES_MAX <= PAGE_BYTES
    }

    /// Adds an entry behind all others.
    pub(super) fn add(&mut self, (key, position): Entry) {
        let shared = if self.is_empty() { 0 } else { (key.0 ^ self.last.0.0).leading_zeros() as usize / 8 };
        self.body.push(shared as u8);
        self.body.extend_from_slice(key.to_bytes().get(shared..).unwrap_or_default());
        put_step(&mut self.body, position.get().wrapping_sub(self.last.1.get()) as i64);
        self.last = (key, position);
        self.count += 1;
    }

    /// Returns the page, if it has entries, and starts the next one.
    pub(super) fn finish(&mut self) -> Option<[u8; PAGE_BYTES]> {
        let mut page = [0; PAGE_BYTES];
        let (checksum, fields) = page.split_first_chunk_mut()?;
        let (count, body) = fields.split_first_chunk_mut()?;
        *count = NonZeroU32::new(self.count)?.get().to_be_bytes();
        body.get_mut(..self.body.len())?.copy_from_slice(&self.body);
        *checksum = crc32fast::hash(fields).to_be_bytes();
        self.body.clear();
        self.count = 0;
        self.last = Entry::default();
        Some(page)
    }
}

/// Gives the entries of a page one by one; `None` in the place of one that cannot be.
struct Entries<'a> {
    fields: Fields<'a>,
    left: u32,
    last: Entry,
}

impl<'a> Entries<'a> {
    /// Starts at the front of a page, if that is as it was written.
    fn of(page: &'a [u8; PAGE_BYTES]) -> Option<Self> {
        let mut fields = Fields(page);
        if fields.u32()? != crc32fast::hash(fields.0) {
            return None;
        }
        let left = fields.u32()?;
        Some(Self { fields, left, last: Entry::default() })
    }
}

impl Iterator for Entries<'_> {
    type Item = Option<Entry>;

    fn next(&mut self) -> Option<Option<Entry>> {
        self.left = self.left.checked_sub(1)?;
        let entry = next(&mut self.fields, self.last);
        self.last = entry.unwrap_or(self.last);
        Some(entry)
    }
}

/// Decodes a page, if it is as it was written.
pub(super) fn decode(page: &[u8; PAGE_BYTES]) -> Option<Vec<Entry>> {
    let entries = Entries::of(page)?;
    let mut decoded = Vec::with_capacity((entries.left as usize).min(PAGE_BYTES));
    for entry in entries {
        decoded.push(entry?);
    }
    Some(decoded)
}

/// Decodes the first entry of a page, if the page is as it was written.
pub(super) fn first(page: &[u8; PAGE_BYTES]) -> Option<Option<Entry>> {
    match Entries::of(page)?.next() {
        Some(entry) => entry.map(Some),
        None => Some(None),
    }
}

/// Finds the first entry of a page with a key, if the page is as it was written. Decodes no further than to there.
pub(super) fn find(page: &[u8; PAGE_BYTES], key: Key) -> Option<Option<Entry>> {
    for entry in Entries::of(page)? {
        let entry = entry?;
        if entry.0 >= key {
            return Some(Some(entry).filter(|entry| entry.0 == key));
        }
    }
    Some(None)
}

/// Reads the entry that follows another one.
fn next(fields: &mut Fields<'_>, last: Entry) -> Option<Entry> {
    let shared = usize::from(fields.u8()?);
    let mut key = last.0.to_bytes();
    let rest = key.get_mut(shared..)?;
    rest.copy_from_slice(fields.bytes(rest.len())?);
    let position = last.1.get().wrapping_add_signed(take_step(fields)?);
    Some((Key::from_bytes(key), Position::new(position)))
}

/// Writes a signed number: its sign moved to the lowest bit, then seven bits a byte, the lowest first,
/// with the highest bit set in all bytes but the last.
fn put_step(out: &mut Vec<u8>, step: i64) {
    let mut left = ((step << 1) ^ (step >> 63)) as u64;
    while left > 0x7f {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

/// Reads a signed number.
fn take_step(fields: &mut Fields<'_>) -> Option<i64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = fields.u8()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((number >> 1) as i64 ^ -((number & 1) as i64));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes entries to as many pages as they need.
    fn pages(entries: &[Entry]) -> Vec<[u8; PAGE_BYTES]> {
        let (mut writer, mut pages) = (PageWriter::default(), Vec::new());
        for entry in entries {
            if !writer.has_room() {
                pages.extend(writer.finish());
            }
            writer.add(*entry);
        }
        pages.extend(writer.finish());
        pages
    }

    fn entry((key, position): (u128, u64)) -> Entry {
        (Key(key), Position::new(position))
    }

    proptest! {
        #[test]
        fn entries_are_read_as_they_were_written(
            entries in prop::collection::vec((prop_oneof![0_u128..300, any::<u128>()], any::<u64>()), 0..700)
        ) {
            let mut entries: Vec<Entry> = entries.into_iter().map(entry).collect();
            entries.sort_unstable();
            let pages = pages(&entries);
            let read: Vec<Entry> = pages.iter().flat_map(|page| decode(page).unwrap()).collect();
            prop_assert_eq!(&read, &entries);
            for page in &pages {
                let decoded = decode(page).unwrap();
                prop_assert_eq!(first(page).unwrap(), decoded.first().copied());
                for (key, _) in &decoded {
                    let those = decoded.iter().find(|entry| entry.0 == *key).copied();
                    prop_assert_eq!(find(page, *key).unwrap(), those);
                    // Beside a key that is there stands mostly one that is not.
                    let beside = Key(key.0 ^ 1);
                    let those = decoded.iter().find(|entry| entry.0 == beside).copied();
                    prop_assert_eq!(find(page, beside).unwrap(), those);
                }
            }
        }

        #[test]
        fn a_page_with_a_flipped_bit_is_found_out(at in 0..PAGE_BYTES * 8) {
            let entries: Vec<Entry> = (0..100).map(|number| entry((number, number as u64))).collect();
            let mut page = pages(&entries)[0];
            page[at / 8] ^= 1 << (at % 8);
            prop_assert_eq!(decode(&page), None);
            prop_assert_eq!(find(&page, Key(50)), None);
            prop_assert_eq!(first(&page), None);
        }
    }

    #[test]
    fn the_greatest_entries_fit_their_page() {
        // Each step is the longest there is, and no key shares a byte with the one before it.
        let entry = |number: u64| entry((u128::MAX.wrapping_mul(u128::from(number)), number % 2 * (1 << 63)));
        let entries: Vec<Entry> = (0..1_000).map(entry).collect();
        let pages = pages(&entries);
        assert!(pages.len() > 1);
        assert_eq!(pages.iter().flat_map(|page| decode(page).unwrap()).collect::<Vec<_>>(), entries);
    }

    #[test]
    fn the_events_of_a_kind_take_two_bytes_each() {
        let entries: Vec<Entry> = (1..=2_000).map(|number| entry((7 << 100, 50 * number))).collect();
        assert_eq!(pages(&entries).len(), 1);
    }
}
