//! [`Segment`] and [`Walk`]: a segment that is open, and the way from frame to frame.
//!
//! A walk reads a window of the file at once and gives frames out of it, which share its bytes: nothing is copied
//! between the system and the events that a reader gets.
//!
//! Keeps the invariants that a walk gives frames whose headers are proven; where there is none, it
//! says so, and can search for the next; and that no frame has events of positions that there is no room for
//! before it.

use std::sync::Arc;

use bytes::Bytes;
use toka_vault_core::{Position, Result};
use toka_vault_engine::disk::StoredFile;

use crate::compression::{Compression, decompressed};
use crate::frame::{ALIGNMENT, FrameHeader, HEADER_BYTES, Salted};
use crate::pool::{BUFFER_BYTES, Pool};
use crate::salvage::salvage;
use crate::segment_header::{PAGE_BYTES, SegmentHeader, file_name};

/// Least bytes that an event takes in a segment: those of its event hash, which nothing compresses.
const EVENT_BYTES_MIN: u64 = 32;

/// Is a segment that is in use.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) file: Arc<dyn StoredFile>,
    pub(crate) header: SegmentHeader,
    pub(crate) salted: Salted,
}

/// A frame as it lies in a segment.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) offset: u64,
    pub(crate) header: FrameHeader,
    /// The block as it is stored.
    pub(crate) stored: Bytes,
}

/// Says what bytes are that the disk cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unreadable {
    /// A failure: whoever decides where the log ends must not guess.
    Failure,
    /// Damage: what is there is known to have been written in full.
    Damage,
}

/// Goes through a segment from frame to frame.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    segment: &'a Segment,
    pool: &'a Pool,
    /// Where the next frame is looked for.
    offset: u64,
    /// Where the segment's frames end at the latest.
    limit: u64,
    /// How many bytes to read at once.
    step: usize,
    /// Where the frames end that are needed: no more is read ahead. A frame that lies behind it is read alone.
    needed: u64,
    /// The only event that is wanted, where it is one.
    wanted: Option<Position>,
    unreadable: Unreadable,
    window: Bytes,
    window_at: u64,
}

impl Segment {
    /// Takes a file with its header.
    pub(crate) fn new(file: Arc<dyn StoredFile>, header: SegmentHeader) -> Self {
        Self { file, salted: Salted::new(header.salt), header }
    }

    /// Says which segment it is, for errors.
    pub(crate) fn name(&self) -> String {
        file_name(self.header.number)
    }

    /// Parses the header of a frame at an offset, or returns `None` where none was written there. What is before it
    /// has room for so many events and no more: a position behind that is no position, whatever its checksum says, and
    /// whoever believed it would tell of events that there never were, one by one.
    pub(crate) fn frame_header(&self, at: u64, bytes: &[u8]) -> Option<FrameHeader> {
        let header = FrameHeader::parse(&self.salted, at, bytes)?;
        self.has_room_for(header.first.minus(1), at).then_some(header)
    }

    /// Tells whether the events up to one can all lie before an offset.
    pub(crate) fn has_room_for(&self, last: Position, offset: u64) -> bool {
        let events = last.get().saturating_sub(self.header.before.position().get());
        events <= offset.saturating_sub(PAGE_BYTES as u64) / EVENT_BYTES_MIN
    }

    /// Walks from `offset` up to `limit`, reading about `step` bytes at once.
    pub(crate) fn walk<'a>(&'a self, pool: &'a Pool, offset: u64, limit: u64, step: usize) -> Walk<'a> {
        let offset = offset.max(PAGE_BYTES as u64);
        let window = Bytes::new();
        let unreadable = Unreadable::Failure;
        Walk {
            segment: self,
            pool,
            offset,
            limit,
            step,
            needed: limit,
            wanted: None,
            unreadable,
            window,
            window_at: 0,
        }
    }
}

impl Frame {
    /// Returns the block; `None` where it is compressed and damaged.
    pub(crate) fn block(&self) -> Option<Bytes> {
        match self.header.compression {
            Compression::None => Some(self.stored.clone()),
            Compression::Lz4 => decompressed(&self.stored).map(Bytes::from),
        }
    }

    /// Tells whether it is what was written.
    pub(crate) fn is_whole(&self, salted: &Salted) -> bool {
        self.header.fits(salted, &self.stored)
    }
}

impl Walk<'_> {
    /// Reads nothing ahead that is behind this offset.
    pub(crate) fn needed_up_to(mut self, offset: u64) -> Self {
        self.needed = offset;
        self
    }

    /// Reads no more of the frame that has this event than the event needs. The walk ends with that frame.
    pub(crate) fn for_event(mut self, position: Position) -> Self {
        self.wanted = Some(position);
        self
    }

    /// Takes what the disk cannot read for damaged. Only for what was written in full.
    pub(crate) fn over_unreadable(mut self) -> Self {
        self.unreadable = Unreadable::Damage;
        self
    }

    /// Returns where the next frame is looked for.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the next frame, or `None` where there is no frame's header. The block is not checked.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>> {
        let Some(header) = self.header_at(self.offset)? else { return Ok(None) };
        let offset = self.offset;
        let Some(frame) = self.bytes(offset, header.frame_bytes() as usize)? else { return Ok(None) };
        let stored = frame.slice(HEADER_BYTES..HEADER_BYTES + header.length as usize);
        self.offset += header.frame_bytes();
        Ok(Some(Frame { offset, header, stored }))
    }

    /// Goes to the next place that has a frame's header, with events that are not before `due`. Tells
    /// whether there is one.
    pub(crate) fn search(&mut self, due: Position) -> Result<bool> {
        // The next one can be anywhere: in windows that end where nothing more was needed, each of them one
        // header long, this would be a read for every place that a header can have.
        self.needed = self.limit;
        let mut at = self.offset + ALIGNMENT as u64;
        while let Some(window) = self.bytes_from(at, HEADER_BYTES)? {
            let places = (0..=window.len() - HEADER_BYTES).step_by(ALIGNMENT);
            let found = places.into_iter().find(|start| {
                let header = window.get(*start..).unwrap_or_default();
                let header = self.segment.frame_header(at + *start as u64, header);
                header.is_some_and(|header| header.first >= due)
            });
            if let Some(start) = found {
                self.offset = at + start as u64;
                return Ok(true);
            }
            at += ((window.len() - HEADER_BYTES) / ALIGNMENT + 1) as u64 * ALIGNMENT as u64;
        }
        Ok(false)
    }

    /// Parses the header of a frame at an offset.
    fn header_at(&mut self, at: u64) -> Result<Option<FrameHeader>> {
        let header = self.bytes(at, HEADER_BYTES)?;
        Ok(header.and_then(|bytes| self.segment.frame_header(at, &bytes)))
    }

    /// Returns `length` bytes from an offset on, or `None` where the segment does not have them.
    fn bytes(&mut self, at: u64, length: usize) -> Result<Option<Bytes>> {
        Ok(self.bytes_from(at, length)?.map(|bytes| bytes.slice(..length)))
    }

    /// Returns what of the window is behind an offset, at least `length` bytes.
    fn bytes_from(&mut self, at: u64, length: usize) -> Result<Option<Bytes>> {
        if at + length as u64 > self.limit {
            return Ok(None);
        }
        let start = |walk: &Self| usize::try_from(at.checked_sub(walk.window_at)?).ok();
        let inside = |walk: &Self| start(walk).filter(|start| start + length <= walk.window.len());
        if inside(self).is_none() {
            let bytes_up_to = |end: u64| usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
            let step = self.step.min(BUFFER_BYTES).min(bytes_up_to(self.needed));
            let step = step.max(length).min(bytes_up_to(self.limit));
            self.window = self.pool.filled(step, |buffer| self.read(buffer, at))?;
            self.window_at = at;
        }
        Ok(inside(self).map(|start| self.window.slice(start..)))
    }

    /// Fills a buffer from an offset on with what is needed.
    fn read(&self, buffer: &mut [u8], at: u64) -> Result<()> {
        let file = self.segment.file.as_ref();
        let read = match self.wanted {
            Some(position) => self.segment.read_event(buffer, at, position),
            None => file.read_at(buffer, at),
        };
        match read {
            Err(failure) if self.unreadable == Unreadable::Damage => salvage(file, buffer, at, failure),
            read => read,
        }
    }
}
