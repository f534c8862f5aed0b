//! [`Frame`]: what a file says of itself besides its entries: a header before them; fences, the first
//! key of each page, and a filter behind them. `docs/format.md` writes it down.
//!
//! Keeps the invariant that one checksum covers all of it, so that a file is used with all of it or not
//! at all.

use std::fs::File;

use toka_vault_core::{EventHash, Position};

use super::filter::{Filter, LINE_BYTES};
use super::page::PAGE_BYTES;
use super::run::Cover;
use crate::disk::read_at;
use crate::fields::Fields;
use crate::index::runs::Key;

/// Opens every file.
const MAGIC: &[u8; 4] = b"TVI2";

/// Bytes of the file's header, which has the first page to itself.
const HEADER_BYTES: usize = 88;

/// Says what a file covers, and where in it a key can be.
#[derive(Debug)]
pub(super) struct Frame {
    /// What the file covers.
    pub(super) cover: Cover,
    /// The first key of each page.
    pub(super) fences: Vec<Key>,
    pub(super) greatest: Key,
    /// The keys of those that are filtered.
    pub(super) filter: Filter,
}

impl Frame {
    /// Returns the header, and what stands behind the pages.
    pub(super) fn encode(&self) -> (Vec<u8>, Vec<u8>) {
        let fences = self.fences.iter().flat_map(|key| key.to_bytes());
        let tail: Vec<u8> = fences.chain(self.filter.bytes()).collect();
        (self.header(&tail), tail)
    }

    /// Reads the header and what stands behind the pages, or returns `None` where they are not as they
    /// were written.
    pub(super) fn read(file: &File) -> std::io::Result<Option<Self>> {
        let mut header = [0; HEADER_BYTES];
        read_at(file, &mut header, 0)?;
        let Some(sizes) = Sizes::parse(&header) else { return Ok(None) };
        // Before anything is reserved for it: it is what the file ends with.
        if file.metadata()?.len() != sizes.tail_start() + sizes.tail_bytes() {
            return Ok(None);
        }
        let mut tail = vec![0; usize::try_from(sizes.tail_bytes()).unwrap_or(0)];
        read_at(file, &mut tail, sizes.tail_start())?;
        let frame = sizes.frame(&tail);
        Ok((frame.header(&tail) == header).then_some(frame))
    }

    /// Encodes the header.
    fn header(&self, tail: &[u8]) -> Vec<u8> {
        let mut body = Vec::with_capacity(HEADER_BYTES);
        body.extend_from_slice(&self.cover.first.get().to_be_bytes());
        body.extend_from_slice(&self.cover.last.get().to_be_bytes());
        body.extend_from_slice(self.cover.hash.as_bytes());
        body.extend_from_slice(&(self.fences.len() as u32).to_be_bytes());
        body.extend_from_slice(&self.greatest.to_bytes());
        body.extend_from_slice(&(self.filter.lines() as u32).to_be_bytes());
        body.extend_from_slice(&self.filter.keys().to_be_bytes());
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&body);
        checksum.update(tail);
        [MAGIC.as_slice(), &checksum.finalize().to_be_bytes(), &body].concat()
    }
}

/// Is a header whose checksum is still to be compared.
struct Sizes {
    cover: Cover,
    pages: u32,
    greatest: Key,
    lines: u32,
    keys: u64,
}

impl Sizes {
    fn parse(header: &[u8]) -> Option<Self> {
        let mut fields = Fields(header);
        fields.bytes(MAGIC.len() + 4)?;
        let (first, last) = (Position::new(fields.u64()?), Position::new(fields.u64()?));
        let hash = EventHash::from_bytes(fields.array()?);
        let (pages, greatest) = (fields.u32()?, Key::from_bytes(fields.array()?));
        let (lines, keys) = (fields.u32()?, fields.u64()?);
        Some(Self { cover: Cover { first, last, hash }, pages, greatest, lines, keys })
    }

    fn tail_start(&self) -> u64 {
        (u64::from(self.pages) + 1) * PAGE_BYTES as u64
    }

    fn tail_bytes(&self) -> u64 {
        u64::from(self.pages) * size_of::<Key>() as u64 + u64::from(self.lines) * LINE_BYTES as u64
    }

    fn frame(&self, tail: &[u8]) -> Frame {
        let fences = self.pages as usize * size_of::<Key>();
        let (fences, filter) = tail.split_at_checked(fences).unwrap_or((tail, &[]));
        let (fences, _) = fences.as_chunks();
        Frame {
            cover: self.cover,
            fences: fences.iter().copied().map(Key::from_bytes).collect(),
            greatest: self.greatest,
            filter: Filter::from_bytes(filter, self.keys),
        }
    }
}
