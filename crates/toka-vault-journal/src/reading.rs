//! Reading a journal: from a position to a chunk of blocks.
//!
//! Keeps the invariant that a position is answered by the event that was written for it, or by an
//! error that names the segment and the place; what is damaged hides nothing behind it.

use toka_vault_core::{Error, Position, Result};
use toka_vault_engine::block::{Block, ReadPayload};
use toka_vault_engine::{Chunk, ReadBudget};

use crate::journal::{Journal, corrupt};
use crate::pool::{BUFFER_BYTES, Pool};
use crate::segment::{Segment, Walk};

/// Bytes that are read at once where one event is asked for.
const STEP_BYTES_SINGLE: usize = 32 << 10;

/// Says what is wrong where a frame should be.
const NO_FRAME: &str = "the header of a frame is damaged";

/// A part of a segment to read.
struct Part<'a> {
    segment: &'a Segment,
    /// Where to look for the first position.
    offset: u64,
    /// Where the frames of all positions that are asked for end, where that is known.
    needed: Option<u64>,
    /// Where the frames end at the latest.
    limit: u64,
    /// The last position that there is in it, as far as is known.
    last: Position,
    /// Whether there can be others behind that: in the segment that is written to.
    grows: bool,
}

impl Part<'_> {
    /// Walks through the frames that have `next` and what a budget leaves room for behind it.
    fn walk<'a>(&'a self, pool: &'a Pool, next: Position, budget: &ReadBudget) -> Walk<'a> {
        let step = if budget.events == 1 { STEP_BYTES_SINGLE } else { BUFFER_BYTES };
        let walk = self.segment.walk(pool, self.offset, self.limit, step);
        // A reader sees only what was written in full.
        let walk = walk.needed_up_to(self.needed.unwrap_or(self.limit)).over_unreadable();
        if budget.events == 1 { walk.for_event(next) } else { walk }
    }

    /// Says that what should have `from` up to `last` is damaged, but no further than there are events: a reader
    /// goes on behind that, and must neither pass over the next segment nor over what is committed later, whatever
    /// a frame says of itself.
    fn corrupt(&self, from: Position, last: Position, offset: u64, reason: &str) -> Error {
        corrupt(self.segment, from, last.min(self.last), offset, reason)
    }
}

impl Journal {
    /// Reads events from a position on.
    pub(crate) fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        let outside = |position, _| Err(Error::corrupt(position, "a journal keeps no payload outside"));
        let event = |position, payload: ReadPayload<'_>| self.read_with(position, ReadBudget::ONE, payload);
        self.read_with(from, budget, &|elsewhere| elsewhere.read(&outside, &event))
    }

    fn read_with(&self, from: Position, mut budget: ReadBudget, payload: ReadPayload<'_>) -> Result<Chunk> {
        let mut chunk = Chunk::default();
        // Nothing stands before the first position, and no segment has it.
        let mut next = from.max(Position::FIRST);
        while chunk.last_position().is_none() || !budget.is_used_up() {
            let before = next;
            match self.read_segment(&mut chunk, &mut next, &mut budget, payload) {
                // What was read before the damage is fine; the next read meets the damage first.
                Err(Error::Corrupt { .. }) if chunk.last_position().is_some() => break,
                read => read?,
            }
            if next == before {
                break;
            }
        }
        Ok(chunk)
    }

    /// Reads what one segment has.
    fn read_segment(
        &self,
        chunk: &mut Chunk,
        next: &mut Position,
        budget: &mut ReadBudget,
        payload: ReadPayload<'_>,
    ) -> Result<()> {
        let last = next.plus(budget.events as u64).minus(1);
        loop {
            if let Some(full) = self.segments.full(*next, &self.pool)? {
                let ((offset, needed), limit) = (full.index.find(*next, last), full.index.bytes());
                let part =
                    Part { segment: &full.segment, offset, needed, limit, last: full.last, grows: false };
                return self.read_part(&part, chunk, next, budget, payload);
            }
            let active = self.active();
            if active.segment.header.first() > *next {
                // The one that has it became full between the two looks; the next look finds it.
                continue;
            }
            let (known, limit) = active.extent();
            let (offset, needed) = active.find(*next, last);
            let part = Part { segment: &active.segment, offset, needed, limit, last: known, grows: true };
            return self.read_part(&part, chunk, next, budget, payload);
        }
    }

    fn read_part(
        &self,
        part: &Part<'_>,
        chunk: &mut Chunk,
        next: &mut Position,
        budget: &mut ReadBudget,
        payload: ReadPayload<'_>,
    ) -> Result<()> {
        let mut walk = part.walk(&self.pool, *next, budget);
        // Where a frame should be and is not.
        let mut damaged_at = None;
        while part.grows || *next <= part.last {
            let Some(frame) = walk.next()? else {
                let at = walk.offset();
                if part.grows && at >= part.limit {
                    return Ok(());
                }
                if !walk.search(part.segment.header.first())? {
                    if part.grows && *next > part.last {
                        // Behind the end, however that looks.
                        return Ok(());
                    }
                    return Err(part.corrupt(*next, part.last, at, NO_FRAME));
                }
                damaged_at = Some(at);
                continue;
            };
            let last = frame.header.last();
            if last < *next {
                continue;
            }
            if frame.header.first > *next {
                let at = damaged_at.unwrap_or(frame.offset);
                return Err(part.corrupt(*next, frame.header.first.minus(1), at, NO_FRAME));
            }
            let damaged = |reason| part.corrupt(*next, last, frame.offset, reason);
            let bytes = frame.block().ok_or_else(|| damaged("its compressed block is damaged"))?;
            let block = match Block::parse(bytes) {
                Ok(block) if block.first() == frame.header.first && block.last() == last => {
                    block.at(part.segment.file.clone(), frame.offset)
                }
                Ok(_) => return Err(damaged("it has the block of other events")),
                Err(damage) => return Err(damaged(damage.0)),
            };
            // One event of a block is checked when it is decoded.
            let block = if budget.events == 1 { block } else { block.with_checked_records() };
            *next = chunk.push_block(block, *next, budget, payload)?.next();
            if budget.is_used_up() {
                break;
            }
        }
        Ok(())
    }
}
