//! [`Chunk`]: what one read of a log brings.
//!
//! A log of blocks hands on whole blocks, and whoever takes the events decodes them. So the thread
//! that reads and the task that consumes share the work, and what one thread allocates for a block,
//! not for an event, is what another one frees.
//!
//! Keeps the invariant that a chunk tells of each position from its first to its last once, in
//! order: the event, or why it cannot be read.
//!
//! Invariant 17c of `docs/architecture.md`, which names the tests that show it.

use std::collections::{HashMap, VecDeque};
use std::ops::{ControlFlow, RangeInclusive};

use toka_vault_core::{Digest, Error, Event, EventHeader, Payload, Position, Result};

use crate::block::{Block, Cursor, Elsewhere, Place, ReadPayload, Record};
use crate::index::Span;
use crate::log::{Log, ReadBudget, Wanted};

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
    /// The payloads that are not in the blocks, or why they cannot be read.
    payloads: Payloads,
    /// Bytes of payloads that the log keeps with another event.
    shared_bytes: u64,
}

/// Payloads by where they are, or why they cannot be read.
type Payloads = HashMap<Place, Result<Payload, String>, foldhash::fast::RandomState>;

#[derive(Debug)]
enum Part {
    Events(std::vec::IntoIter<Event>),
    Block(BlockPart),
}

/// Is what is told of a block.
#[derive(Debug)]
struct BlockPart {
    block: Block,
    next: Cursor,
    last: Position,
    /// Whether nothing else of the block is told.
    alone: bool,
}

impl Chunk {
    /// Adds the events of a block from `first` on, which follow all others, as many as `budget`
    /// leaves room for; at least that one, which is told as damaged where the block does not have it. Returns the
    /// position of the last one.
    ///
    /// `payload` reads a payload that is not in the block; the chunk compares its digest.
    ///
    /// # Errors
    ///
    /// A failure of `payload` that is not the damage of an event. Then nothing was added.
    pub fn push_block(
        &mut self,
        mut block: Block,
        first: Position,
        budget: &mut ReadBudget,
        payload: ReadPayload<'_>,
    ) -> Result<Position> {
        let cursor = block.cursor(first);
        let (mut behind, mut last) = (cursor, first.minus(1));
        while let Some((bytes, elsewhere)) = block.next_outline(&mut behind) {
            last = last.next();
            budget.events = budget.events.saturating_sub(1);
            budget.bytes = budget.bytes.saturating_sub(bytes);
            if let Some(elsewhere) = elsewhere.filter(|_| budget.wanted == Wanted::Event) {
                self.add_payload(elsewhere, budget, payload)?;
            }
            if budget.is_used_up() {
                break;
            }
        }
        last = last.max(first);
        self.last = Some(last);
        let alone = first == last;
        if !alone {
            block.decode_kinds();
        }
        self.parts.push_back(Part::Block(BlockPart { block, next: cursor, last, alone }));
        Ok(last)
    }

    /// Returns how many bytes of the payloads are kept with another event.
    pub(crate) fn shared_bytes(&self) -> u64 {
        self.shared_bytes
    }

    /// Reads a payload that is not in its block, unless it was read for another event.
    fn add_payload(
        &mut self,
        elsewhere: Elsewhere,
        budget: &mut ReadBudget,
        payload: ReadPayload<'_>,
    ) -> Result<()> {
        if matches!(elsewhere.place, Place::With(_)) {
            self.shared_bytes += elsewhere.length as u64;
        }
        if self.payloads.contains_key(&elsewhere.place) {
            return Ok(());
        }
        let read = match payload(elsewhere) {
            Err(Error::Corrupt { reason, .. }) => Err(reason),
            read => Ok(read?),
        };
        budget.bytes = budget.bytes.saturating_sub(elsewhere.length);
        self.payloads.insert(elsewhere.place, read);
        Ok(())
    }

    /// Returns the newest position that the chunk tells of, `None` where it is empty.
    pub fn last_position(&self) -> Option<Position> {
        self.last
    }

    /// Returns the header of the first event, whose payload need not be there.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where its record cannot be read.
    pub(crate) fn into_header(mut self) -> Result<Option<EventHeader>> {
        match self.parts.pop_front() {
            None => Ok(None),
            Some(Part::Events(mut events)) => Ok(events.next().map(|event| event.header)),
            Some(Part::Block(mut part)) => next_record(&mut part).map(|record| Some(record.into_header())),
        }
    }

    /// Returns the payload of the first event, which is at `position`.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where it cannot be read, or another event is there.
    pub(crate) fn into_payload(mut self, position: Position) -> Result<Payload> {
        match self.next().transpose()? {
            Some(event) if event.position() == position => Ok(event.payload),
            _ => Err(Error::corrupt(position, "it is not there")),
        }
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
        Self { parts: VecDeque::from([Part::Events(events.into_iter())]), last, ..Self::default() }
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
                Part::Block(part) if part.block.position(part.next) <= part.last => {
                    let event = decode(part, &self.payloads);
                    return Some(if part.alone { event.map(detached) } else { event });
                }
                Part::Block(_) => {}
            }
            self.parts.pop_front();
        }
    }
}

/// Gives an event a payload of its own, where what it shares is much larger: whoever keeps one event
/// must not keep a whole buffer with it.
pub(crate) fn detached(event: Event) -> Event {
    match event.payload.bytes().len() {
        ..=DETACHED_BYTES_MAX => event.detached(),
        _ => event,
    }
}

/// Decodes the next event, whose payload is in the block or among these.
#[inline]
fn decode(part: &mut BlockPart, payloads: &Payloads) -> Result<Event> {
    let at = part.block.position(part.next);
    let record = next_record(part)?;
    let payload = match part.block.payload(&record) {
        Ok(payload) => payload,
        Err(elsewhere) => payload_elsewhere(payloads, elsewhere, record.digest())
            .map_err(|reason| part.block.corrupt(at, &reason))?,
    };
    Ok(record.into_event(payload))
}

/// Decodes what the next event has in its block.
#[inline]
fn next_record(part: &mut BlockPart) -> Result<Record> {
    let at = part.block.position(part.next);
    match part.block.next_record(&mut part.next) {
        Some(record) => record.map_err(|damage| part.block.corrupt(at, damage.0)),
        None => {
            // There is no way on behind it, so that it is told once.
            part.last = at.minus(1);
            Err(part.block.corrupt(at, "its block does not have it"))
        }
    }
}

/// Finds the payload with this digest among these, or tells why it cannot be had.
fn payload_elsewhere(payloads: &Payloads, elsewhere: Elsewhere, digest: Digest) -> Result<Payload, String> {
    match (payloads.get(&elsewhere.place), elsewhere.place) {
        (Some(Ok(payload)), _) if elsewhere.fits(digest, payload) => Ok(payload.clone()),
        (Some(Ok(_)), _) => Err("its payload is another one".into()),
        (Some(Err(reason)), Place::With(owner)) => {
            Err(format!("it shares the payload of position {owner}: {reason}"))
        }
        (Some(Err(reason)), Place::Outside(_)) => Err(reason.clone()),
        (None, _) => Err("its payload is missing".into()),
    }
}

/// Reads the event at a position; `None` where that is behind the end.
pub(crate) fn read_one(log: &dyn Log, position: Position) -> Result<Option<Event>> {
    log.read(position, ReadBudget::ONE)?.next().transpose()
}

/// Reads a range of a log chunk by chunk until `visit` breaks. It is given events, or the positions of some that
/// are damaged.
pub(crate) fn scan<B>(
    log: &dyn Log,
    range: RangeInclusive<Position>,
    mut visit: impl FnMut(Result<&[Event], Span>) -> Result<ControlFlow<B>>,
) -> Result<Option<B>> {
    let mut next = *range.start();
    while next <= *range.end() {
        let budget = ReadBudget::between(next, *range.end());
        let (visited, last) = match log.read(next, budget).and_then(Chunk::into_events) {
            Err(Error::Corrupt { last, .. }) => {
                let last = last.max(next);
                (visit(Err((next, last.min(*range.end()))))?, last)
            }
            read => {
                let events = read?;
                match events.last() {
                    Some(last) => (visit(Ok(&events))?, last.position()),
                    // Within the range there is something. Where the log has nothing, it lacks all that follows.
                    None => (visit(Err((next, *range.end())))?, *range.end()),
                }
            }
        };
        if let ControlFlow::Break(found) = visited {
            return Ok(Some(found));
        }
        next = last.next();
    }
    Ok(None)
}
