//! [`MemoryLog`]: a log that is a queue in memory.
//!
//! Keeps the invariants that its events follow each other without a gap, and that it never blocks
//! longer than another call takes.

use std::num::NonZeroUsize;
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use toka_vault_core::{Error, Event, EventHeader, Head, Payload, Position, Result};
use toka_vault_engine::{Chunk, Group, Log, ReadBudget, Segmented};

/// Keeps the newest events in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryLog {
    events: RwLock<Segmented<Stored>>,
    /// Most events to keep; `None` keeps all.
    capacity: Option<NonZeroUsize>,
}

/// Holds an event without the second copy of its digest: memory that is used for the first time costs
/// a commit more than to hash it.
#[derive(Debug)]
struct Stored {
    header: EventHeader,
    payload: Bytes,
}

impl From<Event> for Stored {
    fn from(event: Event) -> Self {
        Self { header: event.header, payload: event.payload.into_bytes() }
    }
}

impl Stored {
    fn position(&self) -> Position {
        self.header.position
    }

    fn to_event(&self) -> Event {
        let payload = Payload::from_stored(self.payload.clone(), self.header.digest);
        Event::new(self.header.clone(), payload)
    }
}

impl MemoryLog {
    /// Creates an empty log.
    pub(crate) fn new(capacity: Option<NonZeroUsize>) -> Self {
        Self { events: RwLock::default(), capacity }
    }
}

impl Log for MemoryLog {
    fn append(&self, group: &mut Group) -> Result<()> {
        let mut events = self.events.write().unwrap_or_else(PoisonError::into_inner);
        events.extend(group.events.drain(..).map(Stored::from));
        if let Some(capacity) = self.capacity {
            while events.len() > capacity.get() {
                events.pop_front();
            }
        }
        Ok(())
    }

    /// Does nothing: memory is as durable as it gets.
    fn sync(&self, _head: Head) -> Result<()> {
        Ok(())
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        let events = self.events.read().unwrap_or_else(PoisonError::into_inner);
        let Some(oldest) = events.front().map(Stored::position) else { return Ok(Chunk::default()) };
        let Some(skip) = from.get().checked_sub(oldest.get()) else { return Err(Error::Evicted { oldest }) };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let read: Vec<Event> = events.iter_from(skip).take(budget.events).map(Stored::to_event).collect();
        Ok(read.into())
    }

    fn evicts(&self) -> bool {
        self.capacity.is_some()
    }

    fn oldest(&self) -> Position {
        if self.capacity.is_none() {
            return Position::FIRST;
        }
        let events = self.events.read().unwrap_or_else(PoisonError::into_inner);
        events.front().map_or(Position::FIRST, Stored::position)
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}
