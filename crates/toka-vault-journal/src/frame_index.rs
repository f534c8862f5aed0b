//! [`FrameIndex`]: where in a segment to look for a position.
//!
//! It has one entry for some frames: reading goes on from there frame by frame. When a segment is
//! full, its index is written to the segment's last page, so that nobody has to read the segment to
//! find something in it.
//!
//! ```text
//! checksum, CRC-32 started with the segment's salt  4    entries  4
//! for each entry: position of a frame's first event  8, offset of the frame  8
//! ```
//!
//! Keeps the invariant that it is derived: where it is missing, damaged or cannot be read, or leads where no
//! frames can be, the frames tell.

use toka_vault_core::{Position, Result};
use toka_vault_engine::disk::is_unreadable;

use crate::frame::{ALIGNMENT, Salted};
use crate::pool::Pool;
use crate::segment::Segment;
use crate::segment_header::PAGE_BYTES;

/// Most entries; fewer in tests, whose segments are small.
const ENTRIES_MAX: usize = if cfg!(test) { 200 } else { 2_000 };

/// Least distance of two entries, in bytes: a full frame is twice as long, and so has one of its own.
const DISTANCE_MIN: u64 = 8 << 10;

/// Bytes at the end of a segment that are kept for the index.
pub(crate) const INDEX_BYTES: usize = if cfg!(test) { 16 << 10 } else { 32 << 10 };

const _: () = assert!(8 + 16 * (ENTRIES_MAX + 1) <= INDEX_BYTES);

/// Finds frames by position.
#[derive(Clone, Debug)]
pub(crate) struct FrameIndex {
    entries: Vec<(Position, u64)>,
    distance: u64,
    /// The bytes of the segment.
    bytes: u64,
}

impl FrameIndex {
    /// Starts the index of a segment of `bytes` bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let distance = DISTANCE_MIN.max(bytes.div_ceil(ENTRIES_MAX as u64));
        Self { entries: Vec::new(), distance, bytes }
    }

    /// Returns the bytes of the segment, so that readers need not ask the system.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Notes a frame, which lies behind all others.
    pub(crate) fn add(&mut self, first: Position, offset: u64) {
        let due = self.entries.last().is_none_or(|(_, last)| offset >= last + self.distance);
        if due && self.entries.len() < ENTRIES_MAX {
            self.entries.push((first, offset));
        }
    }

    /// Returns where to look for the events from `first` on, at the frame of that one or at one that is close
    /// before it, and where the frames up to that of `last` end at the latest, where that is known.
    pub(crate) fn find(&self, first: Position, last: Position) -> (u64, Option<u64>) {
        let behind = |position| self.entries.partition_point(|(first, _)| *first <= position);
        let entry = behind(first).checked_sub(1).and_then(|at| self.entries.get(at));
        let from = entry.map_or(PAGE_BYTES as u64, |(_, offset)| *offset);
        (from, self.entries.get(behind(last)).map(|(_, offset)| *offset))
    }

    /// Returns the pages that stand at the end of the segment, the last of them with zeros at its end.
    pub(crate) fn pages(&self, salted: &Salted) -> Vec<u8> {
        let mut body = Vec::with_capacity(INDEX_BYTES);
        body.extend_from_slice(&(self.entries.len() as u32).to_be_bytes());
        for (first, offset) in &self.entries {
            body.extend_from_slice(&first.get().to_be_bytes());
            body.extend_from_slice(&offset.to_be_bytes());
        }
        let mut pages = [salted.of(&body).to_be_bytes().as_slice(), &body].concat();
        pages.resize(pages.len().next_multiple_of(PAGE_BYTES), 0);
        pages
    }

    /// Reads the index of a full segment, or builds it from its frames, which go up to `last`.
    pub(crate) fn load(segment: &Segment, pool: &Pool, last: Position) -> Result<Self> {
        let bytes = segment.file.len()?;
        let Some(at) = bytes.checked_sub(INDEX_BYTES as u64) else {
            return Self::build(segment, pool, bytes, last);
        };
        let page = match pool.filled(INDEX_BYTES, |buffer| segment.file.read_at(buffer, at)) {
            Err(error) if is_unreadable(&error) => None,
            page => Some(page?),
        };
        match page.and_then(|page| Self::parse(&page, &segment.salted, bytes)) {
            Some(index) => Ok(index),
            None => Self::build(segment, pool, bytes, last),
        }
    }

    fn parse(page: &[u8], salted: &Salted, bytes: u64) -> Option<Self> {
        let (checksum, rest) = page.split_first_chunk()?;
        let count = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let body = rest.get(..4 + 16 * count.min(ENTRIES_MAX + 1))?;
        if count > ENTRIES_MAX || salted.of(body) != u32::from_be_bytes(*checksum) {
            return None;
        }
        let (numbers, _) = body.get(4..)?.as_chunks::<8>();
        let number = |at: usize| numbers.get(at).map(|bytes| u64::from_be_bytes(*bytes));
        let entry = |at: usize| Some((Position::new(number(2 * at)?), number(2 * at + 1)?));
        let entries = (0..count).map(entry).collect::<Option<_>>()?;
        Some(Self { entries, ..Self::new(bytes) }).filter(Self::is_plausible)
    }

    /// Tells whether its entries are in order and lead to where frames can be.
    fn is_plausible(&self) -> bool {
        let places = PAGE_BYTES as u64..self.bytes;
        let leads = |offset: u64| places.contains(&offset) && offset.is_multiple_of(ALIGNMENT as u64);
        self.entries.iter().all(|(_, offset)| leads(*offset))
            && self.entries.is_sorted_by(|before, next| before.0 < next.0 && before.1 < next.1)
    }

    /// Builds the index from the headers of the frames.
    fn build(segment: &Segment, pool: &Pool, bytes: u64, last: Position) -> Result<Self> {
        let mut index = Self::new(bytes);
        let mut walk = segment.walk(pool, 0, bytes, crate::pool::BUFFER_BYTES).over_unreadable();
        let mut due = segment.header.first();
        while due <= last {
            match walk.next()? {
                Some(frame) => {
                    index.add(frame.header.first, frame.offset);
                    due = frame.header.last().next();
                }
                None if walk.search(due)? => {}
                None => break,
            }
        }
        Ok(index)
    }
}
