//! [`whole_groups`]: the groups of a segment, over what is damaged in it.
//!
//! Keeps these invariants:
//!
//! - A group is given where its last frame is whole; and where that is damaged, but the group is known to
//!   have been durable and one of its blocks says where it ends.
//! - A hole is gone over only where everything that it may have had was durable once. Else the log ends in
//!   front of it: so neither half of a batch is shown, nor one that was never acknowledged.
//! - What a frame says was durable is told, whether the log goes as far or not.
//!
//! Invariants 19a and 22 of `docs/architecture.md`, which names the tests that show them.

use toka_vault_core::{Position, Result};
use toka_vault_engine::LogEnd;
use toka_vault_engine::block::Block;

use crate::frame::{ALIGNMENT, HEADER_BYTES};
use crate::frame_index::INDEX_BYTES;
use crate::pool::{BUFFER_BYTES, Pool};
use crate::segment::{Frame, Segment, Walk};
use crate::wipe::last_nonzero;

/// Says where to begin, and what is known before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    /// Where the first frame is looked for.
    pub(crate) offset: u64,
    /// The position of its first event.
    pub(crate) due: Position,
    /// The newest position that is known to have been durable.
    pub(crate) durable: Position,
    /// The newest position whose frame is searched for where it is missing. Behind it, the groups end with
    /// the first frame that is not whole.
    pub(crate) suspect: Position,
}

/// A group that was found.
#[derive(Debug)]
pub(crate) struct FoundGroup {
    /// Where the log ends behind it.
    pub(crate) end: LogEnd,
    /// Where the next group begins.
    pub(crate) behind: u64,
    /// The first positions and the offsets of its frames, but for those that are damaged.
    pub(crate) frames: Vec<(Position, u64)>,
}

/// Goes from group to group.
struct Groups<'a, G> {
    segment: &'a Segment,
    pool: &'a Pool,
    /// The bytes of the segment.
    bytes: u64,
    /// The newest position that is known to have been durable.
    durable: Position,
    /// Where the group ends that was begun, as one of its blocks says.
    begun: Option<LogEnd>,
    /// The frames of that group.
    frames: Vec<(Position, u64)>,
    found: G,
}

/// Gives the groups of a segment in order. Returns the newest position that is known to have been durable:
/// where it is behind the last group, something is missing.
pub(crate) fn whole_groups(
    segment: &Segment,
    pool: &Pool,
    start: Start,
    found: impl FnMut(FoundGroup),
) -> Result<Position> {
    let (bytes, durable) = (segment.file.len()?, start.durable);
    let mut groups = Groups { segment, pool, bytes, durable, begun: None, frames: Vec::new(), found };
    groups.run(start)?;
    Ok(groups.durable)
}

impl<'a, G: FnMut(FoundGroup)> Groups<'a, G> {
    fn run(&mut self, Start { offset, mut due, suspect, .. }: Start) -> Result<()> {
        let mut walk = self.walk(offset);
        loop {
            let at = walk.offset();
            if let Some((frame, block)) = walk.next()?.and_then(|frame| self.with_block(frame, due)) {
                due = frame.header.last().next();
                self.take(&frame, &block, walk.offset());
                continue;
            }
            if due > suspect {
                return Ok(());
            }
            let Some(filled) = last_nonzero(self.segment.file.as_ref(), self.pool, at)? else {
                // So it is in nearly every segment, and a search would take much longer. Where a frame should
                // be here, it is not damaged but missing.
                return Ok(());
            };
            let next = self.behind_hole(at, due)?;
            let last = next.map_or(self.durable, |(first, _)| first.minus(1));
            self.end_in_hole((at, due), last, filled)?;
            let Some((first, offset)) = next else { return Ok(()) };
            tracing::warn!(segment = self.segment.name(), at, first = %due, "a segment is damaged");
            due = first;
            walk = self.walk(offset);
        }
    }

    fn walk(&self, offset: u64) -> Walk<'a> {
        self.segment.walk(self.pool, offset, self.bytes, BUFFER_BYTES)
    }

    /// Parses the block of a frame that has the events from `due` on. Where the frame is not whole, but was
    /// durable once, the block may still say where each of its events is and where its group ends.
    fn with_block(&self, frame: Frame, due: Position) -> Option<(Frame, Block)> {
        let last = frame.header.last();
        let is_whole = frame.is_whole(&self.segment.salted);
        let counts = frame.header.first == due && (is_whole || last <= self.durable);
        let block = counts.then(|| Block::parse(frame.block()?).ok()).flatten()?;
        if !is_whole {
            tracing::warn!(segment = self.segment.name(), at = frame.offset, first = %due, "a frame is damaged");
        }
        (block.first() == due && block.last() == last).then_some((frame, block))
    }

    fn take(&mut self, frame: &Frame, block: &Block, behind: u64) {
        self.durable = self.durable.max(frame.header.synced);
        self.frames.push((frame.header.first, frame.offset));
        self.begun = Some(block.end());
        if block.ends_group() {
            self.end(block.end(), behind);
        }
    }

    fn end(&mut self, end: LogEnd, behind: u64) {
        self.begun = None;
        (self.found)(FoundGroup { end, behind, frames: std::mem::take(&mut self.frames) });
    }

    /// Returns the first position and the offset of the next whole frame behind a hole at `at`, which begins
    /// with the event that is due, if everything that the hole may have had is known to have been durable.
    fn behind_hole(&mut self, at: u64, due: Position) -> Result<Option<(Position, u64)>> {
        let (mut walk, mut next) = (self.walk(at), None);
        loop {
            // One frame follows the other, until one is damaged too.
            while let Some(frame) = walk.next()? {
                // What a header says was true when it was written, whatever became of the block.
                self.durable = self.durable.max(frame.header.synced);
                if next.is_none() && frame.header.first > due && frame.is_whole(&self.segment.salted) {
                    next = Some((frame.header.first, frame.offset));
                }
                if next.is_some_and(|(first, _)| first.minus(1) <= self.durable) {
                    return Ok(next);
                }
            }
            if !walk.search(due.next())? {
                return Ok(None);
            }
        }
    }

    /// Ends the group whose last frame is in a hole, where a block of it says that it ends in there: at `last`
    /// at the latest, which was durable. `filled` is the last byte of the segment that is not zero.
    fn end_in_hole(&mut self, (at, due): (u64, Position), last: Position, filled: u64) -> Result<()> {
        if self.begun.is_none() {
            self.begun = self.told_without_header(at, due)?;
        }
        // Nor can it end behind what there is room for, whatever a record says was durable.
        let fits = |end: &LogEnd| {
            (due..=last).contains(&end.position()) && self.segment.has_room_for(end.position(), filled)
        };
        match self.begun.filter(fits) {
            Some(end) => {
                tracing::warn!(segment = self.segment.name(), at, last = %end.position(), "the end of a group is damaged");
                let behind = self.place_behind(at, end.position(), filled)?;
                self.end(end, behind);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Returns where the group ends of the block that should be in the frame at `at`, which need not have a
    /// header that is whole.
    fn told_without_header(&self, at: u64, due: Position) -> Result<Option<LogEnd>> {
        let start = at + HEADER_BYTES as u64;
        let rest = usize::try_from(self.bytes.saturating_sub(start)).unwrap_or(BUFFER_BYTES);
        let read = |buffer: &mut [u8]| self.segment.file.read_at(buffer, start);
        let block = Block::parse(self.pool.filled(rest.min(BUFFER_BYTES), read)?).ok();
        Ok(block.filter(|block| block.first() == due).map(|block| block.end()))
    }

    /// Returns where a group begins behind one that ends at `end`, and whose last frame is in a hole at `at`: at
    /// the first frame of a later event, whole or not, so that nobody takes that for what is written there.
    fn place_behind(&self, at: u64, end: Position, filled: u64) -> Result<u64> {
        let mut walk = self.walk(at);
        loop {
            while let Some(frame) = walk.next()? {
                if frame.header.first > end {
                    return Ok(frame.offset);
                }
            }
            let stands = walk.offset();
            if !walk.search(end.next())? {
                let filled = (filled + 1).next_multiple_of(ALIGNMENT as u64);
                // The index of a full segment is no part of its frames.
                let capacity = self.bytes.saturating_sub(INDEX_BYTES as u64);
                return Ok(filled.min(capacity).max(stands));
            }
        }
    }
}
