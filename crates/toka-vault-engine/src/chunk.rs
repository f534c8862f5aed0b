//! [`Chunk`]: what one read of a log brings.
//!
//! A log of blocks hands on whole blocks, and whoever takes the events decodes them. So the thread
//! that reads and the task that consumes share the work, and what one thread allocates for a block,
//! not for an event, is what another one frees.
//!
//! Keeps the invariant that a chunk tells of each position from its first to its last once, in
//! order: the event, or why it cannot be read.

use std::collections::VecDeque;
use std::ops::{ControlFlow, RangeInclusive};

use bytes::Bytes;
use toka_vault_core::{Error, Event, Payload, Position, Result};

use crate::block::{Block, Stored};
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_EVENTS_MAX};
use crate::log::{Log, ReadBudget};

/// Largest payload that gets memory of its own where its event is told alone. A larger one is a good
/// part of what it shares.
const DETACHED_BYTES_MAX: usize = 64 << 10;

/// Holds events of consecutive positions, some of them not decoded yet. As an iterator it gives them
/// in order; an event that is damaged is an [`Error::Corrupt`], behind which it goes on.
#[derive(Debug, Default)]
pub struct Chunk {
    parts: VecDeque<Part>,
    /// The newest position that it tells of.
    last: Option<Position>,
}

#[derive(Debug)]
enum Part {
    Events(std::vec::IntoIter<Event>),
    Block {
        block: Block,
        next: Position,
        last: Position,
        /// Whether nothing else of the block is told.
        alone: bool,
    },
}

impl Chunk {
    /// Adds an event, which follows all others.
    pub fn push_event(&mut self, event: Event) {
        self.last = Some(event.position());
        self.parts.push_back(Part::Events(vec![event].into_iter()));
    }

    /// Adds the events of a block from `first` on, which follow all others, as many as `budget`
    /// leaves room for; at least one. They must have their payloads inside. Returns the position of
    /// the last one.
    pub fn push_block(&mut self, block: Block, first: Position, budget: &mut ReadBudget) -> Position {
        let last = block.fitting(first, budget);
        self.last = Some(last);
        self.parts.push_back(Part::Block { block, next: first, last, alone: first == last });
        last
    }

    /// Returns the newest position that the chunk tells of, `None` where it is empty.
    pub fn last_position(&self) -> Option<Position> {
        self.last
    }

    /// Returns the events up to the first that cannot be read.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where that is the first one.
    pub fn into_events(self) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        for event in self {
            match event {
                Ok(event) => events.push(event),
                Err(error) if events.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(events)
    }
}

impl From<Vec<Event>> for Chunk {
    fn from(events: Vec<Event>) -> Self {
        let last = events.last().map(Event::position);
        Self { parts: VecDeque::from([Part::Events(events.into_iter())]), last }
    }
}

impl Iterator for Chunk {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Result<Event>> {
        loop {
            match self.parts.front_mut()? {
                Part::Events(events) => {
                    if let Some(event) = events.next() {
                        return Some(Ok(event));
                    }
                }
                Part::Block { block, next, last, alone } if *next <= *last => {
                    let at = *next;
                    *next = at.next();
                    let event = decode(block, at);
                    return Some(if *alone { event.map(detached) } else { event });
                }
                Part::Block { .. } => {}
            }
            self.parts.pop_front();
        }
    }
}

/// Gives an event a payload of its own, where what it shares is much larger: whoever keeps one event
/// must not keep a whole buffer with it.
pub(crate) fn detached(mut event: Event) -> Event {
    if event.payload.bytes().len() <= DETACHED_BYTES_MAX {
        let bytes = Bytes::copy_from_slice(event.payload.bytes());
        event.payload = Payload::from_stored(bytes, event.payload.digest());
    }
    event
}

/// Decodes an event whose payload is inside the block.
#[inline]
fn decode(block: &Block, at: Position) -> Result<Event> {
    match block.event(at) {
        Some(Ok(Stored::Event(event))) => Ok(event),
        Some(Err(damage)) => Err(Error::corrupt(at, damage.0)),
        Some(Ok(Stored::Header(..))) | None => Err(Error::corrupt(at, "its block has no payload for it")),
    }
}

/// Reads a range of a log chunk by chunk, over what is damaged, until `visit` breaks.
pub(crate) fn scan<B>(
    log: &dyn Log,
    range: RangeInclusive<Position>,
    mut visit: impl FnMut(&[Event]) -> Result<ControlFlow<B>>,
) -> Result<Option<B>> {
    let budget = ReadBudget { events: CHUNK_EVENTS_MAX, bytes: CHUNK_BYTES_MAX };
    let mut next = *range.start();
    while next <= *range.end() {
        let events = match log.read(next, budget).and_then(Chunk::into_events) {
            Err(Error::Corrupt { last, .. }) => {
                next = last.max(next).next();
                continue;
            }
            read => read?,
        };
        let Some(last) = events.last() else { break };
        next = last.position().next();
        if let ControlFlow::Break(found) = visit(&events)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
