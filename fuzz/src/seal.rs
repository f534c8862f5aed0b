//! [`Seal`]: checksums, and hashes if wanted, that fit forged contents, so that the fuzzer gets behind them.
//!
//! Keeps the invariant that what was not forged stays as it is, byte for byte.

use std::collections::BTreeMap;

use crate::files::Files;
use crate::numbers::{number, put, put_checksum, size};
use crate::rehash::Rehash;

/// Bytes of a page.
const PAGE: usize = 4_096;

/// Bytes of the index at the end of a segment.
const INDEX_BYTES: usize = 32 << 10;

/// Says what is made to fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sealing {
    /// Nothing: damage as a disk does it.
    Nothing,
    /// The checksums: what nobody can tell from what was written but by the hashes.
    Checksums,
    /// The hashes too: another history.
    Hashes,
}

/// Makes the files of a vault fit what was forged in them.
pub struct Seal {
    /// Computes the hashes, where they are to fit.
    rehash: Option<Rehash>,
    /// Frames whose checksums stay as they are, by their number modulo 7; none where the highest bit is not set.
    left: u8,
    /// Whether the second header of a segment becomes that of the first.
    headers: bool,
}

impl Seal {
    /// Chooses by a byte which frames stay as they are, and by another whether headers are forged alike.
    pub fn new(sealing: Sealing, left: u8, headers: bool) -> Self {
        let rehash = (sealing == Sealing::Hashes).then(Rehash::default);
        Self { rehash, left, headers }
    }

    /// Seals the files whose paths begin so; `frames` tells where those of a segment were before it was forged.
    pub fn files(&mut self, files: &mut Files, within: &str, frames: &BTreeMap<String, Vec<usize>>) {
        let none = Vec::new();
        let is_meant = |name: &str| name.starts_with(within);
        let segments = files.iter_mut().filter(|(name, _)| is_meant(name) && name.ends_with(".segment"));
        for (name, bytes) in segments {
            self.segment(bytes, frames.get(name).unwrap_or(&none));
        }
        for (name, bytes) in files.iter_mut().filter(|(name, _)| is_meant(name)) {
            if name == "head" {
                self.head(bytes);
            } else if name.starts_with("index/") {
                index(bytes);
            }
        }
    }

    /// Seals a block.
    pub fn block(&mut self, block: &mut [u8]) {
        let Some(header) = size(block, 8, 4).filter(|header| (106..=block.len()).contains(header)) else {
            return;
        };
        let count = size(block, 20, 4).unwrap_or_default();
        let table = header.checked_sub(count.saturating_mul(8)).filter(|table| *table >= 106);
        if let Some(table) = table {
            self.records(block, table, header);
        }
        // One that does not end its group names a chain hash that is not computed yet.
        let next = number(block, 12, 8).and_then(|first| first.checked_add(count as u64));
        if let Some(rehash) = self.rehash.as_ref().filter(|_| next > number(block, 24, 8)) {
            put(block, 32, rehash.chain().as_bytes());
        }
        let checksum = crc32fast::hash(&block[8..header]);
        put_checksum(block, 4, checksum);
    }

    /// Seals the records of a block, whose table ends where the first of them starts.
    fn records(&mut self, block: &mut [u8], table: usize, header: usize) {
        let kinds = self.rehash.as_ref().map(|_| kinds(&block[..table])).unwrap_or_default();
        let mut start = header;
        for entry in (table..header).step_by(8) {
            let length = size(block, entry, 4).unwrap_or_default();
            let Some(record) = block.get_mut(start..start.saturating_add(length)) else { return };
            if let Some(rehash) = &mut self.rehash {
                rehash.record(record, &kinds);
            }
            let checksum = crc32fast::hash(record);
            put_checksum(block, entry + 4, checksum);
            start += length;
        }
    }

    fn segment(&mut self, bytes: &mut [u8], frames: &[usize]) {
        if bytes.len() < PAGE {
            return;
        }
        self.headers(bytes);
        let first = if bytes.starts_with(b"TVJ1") { 0 } else { 2_048 };
        let salt = number(bytes, first + 32, 8).unwrap_or_default();
        let (mut at, mut count) = (PAGE, 0);
        while let Some(raw) = number(bytes, at + 4, 4) {
            let end = at + 32 + (raw & 0x7fff_ffff) as usize;
            if end == at + 32 || end > bytes.len() {
                // No frame any more; there may be others behind it.
                let Some(next) = frames.iter().find(|frame| **frame > at) else { break };
                at = *next;
                continue;
            }
            if self.left & 0x80 == 0 || self.left >> (count % 7) & 1 == 0 {
                self.frame(bytes, (at, end), salt);
            }
            count += 1;
            at = end.next_multiple_of(8);
        }
        frame_index(bytes, salt);
    }

    /// Seals both headers of a segment.
    fn headers(&mut self, bytes: &mut [u8]) {
        if self.headers && bytes.starts_with(b"TVJ1") {
            bytes.copy_within(..120, 2_048);
        }
        for copy in [0, 2_048] {
            if bytes[copy..].starts_with(b"TVJ1") {
                if let Some(rehash) = self.rehash.as_ref().filter(|rehash| rehash.has_any()) {
                    put(bytes, copy + 48, rehash.chain().as_bytes());
                }
                let checksum = crc32fast::hash(&bytes[copy + 8..copy + 120]);
                put_checksum(bytes, copy + 4, checksum);
            }
        }
    }

    fn frame(&mut self, bytes: &mut [u8], (at, end): (usize, usize), salt: u64) {
        if bytes[at + 32..].starts_with(b"TVB1") {
            self.block(&mut bytes[at + 32..end]);
        } else {
            // What is compressed tells no hashes here, and those of what follows build on it.
            self.rehash = None;
        }
        let checksum = salted(salt, &[&bytes[at + 32..end]]);
        put_checksum(bytes, at + 8, checksum);
        if let Some(checksum) = frame_checksum(bytes, at, salt) {
            put_checksum(bytes, at, checksum as u32);
        }
    }

    /// Seals the records of the head, of which the newest has the chain hash of all events.
    fn head(&mut self, bytes: &mut [u8]) {
        let is_record =
            |slot: &usize| bytes.get(*slot..slot + 48).is_some_and(|slot| slot.starts_with(b"TVH1"));
        let slots: Vec<_> = [0, PAGE, 2 * PAGE].into_iter().filter(is_record).collect();
        let newest = slots.iter().copied().max_by_key(|slot| number(bytes, slot + 8, 8));
        let rehash = self.rehash.as_ref().filter(|rehash| rehash.has_any());
        if let (Some(rehash), Some(newest)) = (rehash, newest) {
            put(bytes, newest + 16, rehash.chain().as_bytes());
        }
        for slot in slots {
            let checksum = crc32fast::hash(&bytes[slot + 8..slot + 48]);
            put_checksum(bytes, slot + 4, checksum);
        }
    }
}

/// Computes the checksum of the header of a frame; `None` where the segment ends before it does.
pub fn frame_checksum(bytes: &[u8], at: usize, salt: u64) -> Option<usize> {
    let header = bytes.get(at + 4..at + 32)?;
    Some(salted(salt, &[&(at as u64).to_be_bytes(), header]) as usize)
}

/// Seals a file of the indexes.
fn index(bytes: &mut [u8]) {
    let Some(pages) = size(bytes, 56, 4) else { return };
    let behind = pages.saturating_add(1).saturating_mul(PAGE);
    for page in (PAGE..bytes.len().min(behind)).step_by(PAGE) {
        if let Some(body) = bytes.get(page + 4..page + PAGE) {
            let checksum = crc32fast::hash(body);
            put_checksum(bytes, page, checksum);
        }
    }
    let Some(header) = bytes.get(8..96) else { return };
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(header);
    checksum.update(bytes.get(behind..).unwrap_or_default());
    put_checksum(bytes, 4, checksum.finalize());
}

/// Seals the index of frames at the end of a segment.
fn frame_index(bytes: &mut [u8], salt: u64) {
    let Some(index) = bytes.len().checked_sub(INDEX_BYTES) else { return };
    let count = size(bytes, index + 4, 4).unwrap_or_default();
    if count > 0 {
        let end = (index + 8 + 16 * count).min(bytes.len());
        let checksum = salted(salt, &[&bytes[index + 4..end]]);
        put_checksum(bytes, index, checksum);
    }
}

/// Computes a checksum that starts with the salt of a segment.
fn salted(salt: u64, parts: &[&[u8]]) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&salt.to_be_bytes());
    parts.iter().for_each(|part| checksum.update(part));
    checksum.finalize()
}

/// Reads the kinds in the header of a block, up to its table.
fn kinds(header: &[u8]) -> Vec<Vec<u8>> {
    let (mut kinds, mut at) = (Vec::new(), 106);
    while let Some(length) = size(header, at, 1) {
        kinds.push(header.get(at + 1..at + 1 + length).unwrap_or_default().to_vec());
        at += 1 + length;
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::samples;

    #[test]
    fn what_was_not_forged_fits_already() {
        for sample in samples() {
            for sealing in [Sealing::Checksums, Sealing::Hashes] {
                let mut files = sample.files.clone();
                Seal::new(sealing, 0, true).files(&mut files, "", &sample.frames);
                for (name, bytes) in &files {
                    assert!(bytes == &sample.files[name], "{sealing:?} changed {name}");
                }
            }
        }
    }

    #[test]
    fn a_forged_frame_gets_its_checksums() {
        let sample = &samples()[0];
        let (name, frames) = sample.frames.iter().find(|(_, frames)| frames.len() > 1).unwrap();
        let mut files = sample.files.clone();
        let bytes = files.get_mut(name).unwrap();
        bytes[frames[0] + 32 + 80] ^= 1;
        Seal::new(Sealing::Checksums, 0, false).files(&mut files, "", &sample.frames);
        assert_eq!(crate::fields::frames(&files[name]), *frames);
        assert_ne!(files[name][frames[0]..frames[0] + 12], sample.files[name][frames[0]..frames[0] + 12]);
    }
}
