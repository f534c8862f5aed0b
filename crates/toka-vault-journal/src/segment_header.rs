//! [`SegmentHeader`]: what a segment says of itself, and where the log stood when it was begun.
//!
//! The first page of a segment has the header twice, so that one damaged byte hides no segment:
//!
//! ```text
//! "TVJ1"  4    checksum of what follows, CRC-32  4    id of the vault  16    number  8    salt  8
//! end of the log before it: position  8, chain hash  32, assigned id  16, assigned time  8,
//! greatest id  16
//! ```
//!
//! Keeps the invariant that a header is written with the segment's first frame, after everything in
//! the segment before it is durable: so a segment with a header proves the one before it whole.

use toka_vault_core::{Position, Result};
use toka_vault_engine::disk::{StoredFile, is_unreadable};
use toka_vault_engine::{LogEnd, told};

/// Opens every header.
const MAGIC: &[u8; 4] = b"TVJ1";

/// Bytes of a header.
const HEADER_BYTES: usize = 4 + 4 + 16 + 8 + 8 + LogEnd::BYTES;

/// Where the second copy lies.
const SECOND_AT: usize = 2_048;

/// Bytes before a segment's first frame.
pub(crate) const PAGE_BYTES: usize = 4_096;

/// Tells which segment this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// The vault that it is part of.
    pub(crate) vault: u128,
    /// Its place among the vault's segments, from 0 on.
    pub(crate) number: u64,
    /// Starts the checksums of its frames.
    pub(crate) salt: u64,
    /// Where the log ended before it.
    pub(crate) before: LogEnd,
}

/// What a segment's first page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// A header, at least once.
    Header(SegmentHeader),
    /// Zeros: the segment waits to be used.
    Unused,
    /// Neither: a header that was torn when it was written, or damaged since.
    Unreadable,
}

impl SegmentHeader {
    /// Returns the position of the first event.
    pub(crate) fn first(&self) -> Position {
        self.before.position().next()
    }

    /// Returns the segment's first page.
    pub(crate) fn page(&self) -> Vec<u8> {
        let header = self.encode();
        let mut page = vec![0; PAGE_BYTES];
        for at in [0, SECOND_AT] {
            if let Some(place) = page.get_mut(at..at + HEADER_BYTES) {
                place.copy_from_slice(&header);
            }
        }
        page
    }

    /// Reads the first page of a file. Where the disk cannot read all of it, one copy that it can read is enough.
    ///
    /// # Errors
    ///
    /// A failure to read; also where no copy is left: a header that cannot be read is not one that was torn.
    pub(crate) fn read_from(file: &dyn StoredFile) -> Result<Page> {
        let mut page = vec![0; PAGE_BYTES];
        let failure = match file.read_at(&mut page, 0) {
            Ok(()) => return Ok(Self::read(&page)),
            Err(failure) if is_unreadable(&failure) => failure,
            Err(failure) => return Err(failure),
        };
        let copy = [0, SECOND_AT].into_iter().find_map(|at| {
            let mut copy = [0; HEADER_BYTES];
            file.read_at(&mut copy, at as u64).ok().and_then(|()| Self::decode(&copy))
        });
        let Some(header) = copy else { return Err(failure) };
        let path = file.path().display();
        tracing::warn!(%path, error = told(&failure), "a copy of the header of a segment cannot be read; the other one is");
        Ok(Page::Header(header))
    }

    /// Reads a segment's first page.
    pub(crate) fn read(page: &[u8]) -> Page {
        match [0, SECOND_AT].into_iter().find_map(|at| page.get(at..).and_then(Self::decode)) {
            Some(header) => Page::Header(header),
            None if page.iter().all(|byte| *byte == 0) => Page::Unused,
            None => Page::Unreadable,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let Self { vault, number, salt, before } = self;
        let mut body = Vec::with_capacity(HEADER_BYTES);
        body.extend_from_slice(&vault.to_be_bytes());
        body.extend_from_slice(&number.to_be_bytes());
        body.extend_from_slice(&salt.to_be_bytes());
        before.write_to(&mut body);
        [MAGIC.as_slice(), &crc32fast::hash(&body).to_be_bytes(), &body].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = bytes.get(..HEADER_BYTES)?.split_first_chunk()?;
        let (checksum, mut body) = rest.split_first_chunk()?;
        if magic != MAGIC || crc32fast::hash(body) != u32::from_be_bytes(*checksum) {
            return None;
        }
        let vault = u128::from_be_bytes(take(&mut body)?);
        let number = u64::from_be_bytes(take(&mut body)?);
        let salt = u64::from_be_bytes(take(&mut body)?);
        let before = LogEnd::from_bytes(&take(&mut body)?)?;
        Some(Self { vault, number, salt, before })
    }
}

/// Takes as many bytes from the front as the array has.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

/// Returns the name of the file of a segment.
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:016x}.segment")
}

/// Reads the number of a segment out of the name of its file; `None` for other files.
pub(crate) fn file_number(name: &str) -> Option<u64> {
    let number = u64::from_str_radix(name.strip_suffix(".segment")?, 16).ok()?;
    (file_name(number) == name).then_some(number)
}

#[cfg(test)]
mod tests {
    use toka_vault_core::{ChainHash, Head};

    use super::*;

    fn header() -> SegmentHeader {
        let head = Head { position: Position::new(9), chain: ChainHash::from_bytes([3; 32]) };
        SegmentHeader { vault: 1 << 100, number: 5, salt: 77, before: LogEnd { head, ..LogEnd::EMPTY } }
    }

    #[test]
    fn one_copy_is_enough_and_none_is_told_from_an_unused_page() {
        let mut page = header().page();
        assert_eq!(SegmentHeader::read(&page), Page::Header(header()));
        for at in [0, SECOND_AT] {
            let mut damaged = page.clone();
            damaged[at + 20] ^= 1;
            assert_eq!(SegmentHeader::read(&damaged), Page::Header(header()));
        }
        page[20] ^= 1;
        page[SECOND_AT + 20] ^= 1;
        assert_eq!(SegmentHeader::read(&page), Page::Unreadable);
        assert_eq!(SegmentHeader::read(&[0; PAGE_BYTES]), Page::Unused);
    }

    #[test]
    fn names_of_other_files_have_no_number() {
        assert_eq!(file_number(&file_name(0xabc)), Some(0xabc));
        for name in ["", "1.segment", "0000000000000abc", "+000000000000abc.segment", "head"] {
            assert_eq!(file_number(name), None, "{name}");
        }
    }
}
