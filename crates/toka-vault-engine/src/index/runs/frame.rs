//! [`Frame`]: what a file says of itself besides its entries: a header before them; behind them fences,
//! the first key of each page, then a filter, then the times of the events, then which could not be read.
//! `docs/format.md` writes it down.
//!
//! Keeps the invariant that one checksum covers all of it, so that a file is used with all of it or not
//! at all.

use toka_vault_core::{EventHash, Position, Result, Timestamp};

use super::filter::{Filter, LINE_BYTES};
use super::page::PAGE_BYTES;
use super::run::Cover;
use crate::disk::StoredFile;
use crate::fields::Fields;
use crate::index::Gaps;
use crate::index::runs::{Key, Layout, Times};
use crate::index::times::{Span, Zone, Zones};

/// Opens every file.
const MAGIC: &[u8; 4] = b"TVI4";

/// Bytes of the file's header, which has the first page to itself.
const HEADER_BYTES: usize = 96;

/// Bytes of a zone: its first position, its least and its greatest time.
const ZONE_BYTES: usize = 24;

/// Bytes of a gap: its first and its last position.
const GAP_BYTES: usize = 16;

/// Tells of a file's events what is no entry.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The times of the events; none in the index of ids.
    pub(crate) zones: Zones,
    /// Those that could not be read; none in the postings, which have entries for them.
    pub(crate) gaps: Gaps,
}

/// Says what a file covers, and where in it a key can be.
#[derive(Debug)]
pub(super) struct Frame {
    /// What the file covers.
    pub(super) cover: Cover,
    pub(super) notes: Notes,
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
        let zones = self.notes.zones.0.iter().flat_map(zone_bytes);
        let gaps = self.notes.gaps.spans().flat_map(gap_bytes);
        let tail: Vec<u8> = fences.chain(self.filter.bytes()).chain(zones).chain(gaps).collect();
        (self.header(&tail), tail)
    }

    /// Reads the header and what stands behind the pages, or returns `None` where they are not as they
    /// were written.
    pub(super) fn read(file: &dyn StoredFile) -> Result<Option<Self>> {
        let mut header = [0; HEADER_BYTES];
        file.read_at(&mut header, 0)?;
        let Some(sizes) = Sizes::parse(&header) else { return Ok(None) };
        // Before anything is reserved for it: it is what the file ends with.
        if file.len()? != sizes.tail_start() + sizes.tail_bytes() {
            return Ok(None);
        }
        let mut tail = vec![0; usize::try_from(sizes.tail_bytes()).unwrap_or(0)];
        file.read_at(&mut tail, sizes.tail_start())?;
        let frame = sizes.frame(&tail).filter(|frame| frame.header(&tail) == header);
        Ok(frame)
    }

    /// Tells whether it has what the files of an index have, and of no more than it covers: what is said of other
    /// events, or cannot be, would be taken at its word by whoever merges files or searches for an id.
    pub(super) fn fits(&self, layout: Layout) -> bool {
        let (Notes { zones, gaps }, span) = (&self.notes, self.cover.span());
        let times = match layout.times {
            Times::Kept => zones.cover(span),
            Times::Left => zones.is_empty(),
        };
        span.0 <= span.1 && times && gaps.are_within(span) && self.filter.had_room()
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
        body.extend_from_slice(&(self.notes.zones.0.len() as u32).to_be_bytes());
        body.extend_from_slice(&(self.notes.gaps.spans().count() as u32).to_be_bytes());
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
    zones: u32,
    gaps: u32,
}

impl Sizes {
    fn parse(header: &[u8]) -> Option<Self> {
        let mut fields = Fields(header);
        fields.bytes(MAGIC.len() + 4)?;
        let (first, last) = (Position::new(fields.u64()?), Position::new(fields.u64()?));
        let hash = EventHash::from_bytes(fields.array()?);
        let (pages, greatest) = (fields.u32()?, Key::from_bytes(fields.array()?));
        let (lines, keys) = (fields.u32()?, fields.u64()?);
        let (zones, gaps) = (fields.u32()?, fields.u32()?);
        Some(Self { cover: Cover { first, last, hash }, pages, greatest, lines, keys, zones, gaps })
    }

    fn tail_start(&self) -> u64 {
        (u64::from(self.pages) + 1) * PAGE_BYTES as u64
    }

    fn tail_bytes(&self) -> u64 {
        u64::from(self.pages) * size_of::<Key>() as u64
            + u64::from(self.lines) * LINE_BYTES as u64
            + u64::from(self.zones) * ZONE_BYTES as u64
            + u64::from(self.gaps) * GAP_BYTES as u64
    }

    fn frame(&self, tail: &[u8]) -> Option<Frame> {
        let (fences, tail) = tail.split_at_checked(self.pages as usize * size_of::<Key>())?;
        let (filter, tail) = tail.split_at_checked(self.lines as usize * LINE_BYTES)?;
        let (zones, gaps) = tail.split_at_checked(self.zones as usize * ZONE_BYTES)?;
        let (fences, _) = fences.as_chunks();
        let (gaps, _) = gaps.as_chunks();
        let (zones, _) = zones.as_chunks::<ZONE_BYTES>();
        let zones = zones.iter().map(|bytes| zone_of(bytes)).collect::<Option<_>>()?;
        Some(Frame {
            cover: self.cover,
            notes: Notes { zones: Zones(zones), gaps: gaps.iter().map(gap_of).collect() },
            fences: fences.iter().copied().map(Key::from_bytes).collect(),
            greatest: self.greatest,
            filter: Filter::from_bytes(filter, self.keys),
        })
    }
}

/// Encodes a gap.
fn gap_bytes((first, last): Span) -> [u8; GAP_BYTES] {
    (u128::from(first.get()) << 64 | u128::from(last.get())).to_be_bytes()
}

/// Decodes a gap.
fn gap_of(bytes: &[u8; GAP_BYTES]) -> Span {
    let both = u128::from_be_bytes(*bytes);
    (Position::new((both >> 64) as u64), Position::new(both as u64))
}

/// Encodes a zone.
fn zone_bytes(zone: &Zone) -> impl Iterator<Item = u8> + use<> {
    let times = [zone.least, zone.greatest].map(|time| time.as_micros().to_be_bytes());
    zone.first.get().to_be_bytes().into_iter().chain(times.into_iter().flatten())
}

/// Decodes a zone; `None` where it has no times of ours.
fn zone_of(bytes: &[u8]) -> Option<Zone> {
    let mut fields = Fields(bytes);
    let first = Position::new(fields.u64()?);
    let mut time = || Timestamp::from_micros(fields.i64()?).ok();
    Some(Zone { first, least: time()?, greatest: time()? })
}
