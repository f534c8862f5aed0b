//! [`MemoryLog`]: a log that is a queue in memory.
//!
//! Positions follow each other, so that the place of an event in the queue is its position less that of the oldest:
//! no index is needed to read on, and to evict is to take from the front.
//!
//! Keeps the invariants that its events follow each other without a gap, and that it never blocks longer
//! than another call takes.

use std::num::NonZeroUsize;

use bytes::Bytes;
use toka_vault_core::{Error, Event, EventHeader, Head, Payload, Position, Result};
use toka_vault_engine::sync::{RwLock, read, write};
use toka_vault_engine::{Chunk, Group, Log, ReadBudget, Segmented, Unappended};

use crate::payloads::Payloads;

/// Keeps the newest events in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryLog {
    state: RwLock<State>,
    /// Most events to keep; `None` keeps all.
    capacity: Option<NonZeroUsize>,
}

#[derive(Debug, Default)]
struct State {
    events: Segmented<Stored>,
    payloads: Payloads,
}

/// Holds an event without the second copy of its digest: memory that is used for the first time costs
/// a commit more than to hash it.
#[derive(Debug)]
struct Stored {
    header: EventHeader,
    payload: Bytes,
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
        Self { state: RwLock::default(), capacity }
    }
}

impl State {
    /// Adds an event behind all others.
    fn push(&mut self, Event { header, payload, .. }: Event) {
        let payload = self.payloads.keep(header.digest, payload.into_bytes());
        self.events.push_back(Stored { header, payload });
    }

    /// Lets the oldest events go, as many as are too many.
    fn evict(&mut self, capacity: usize) {
        while self.events.len() > capacity {
            let Some(oldest) = self.events.pop_front() else { break };
            self.payloads.release(oldest.header.digest, &oldest.payload);
        }
    }
}

impl Log for MemoryLog {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        let mut state = write(&self.state);
        group.events.drain(..).for_each(|event| state.push(event));
        if let Some(capacity) = self.capacity {
            state.evict(capacity.get());
        }
        Ok(())
    }

    /// Does nothing: memory is as durable as it gets.
    fn sync(&self, _head: Head) -> Result<()> {
        Ok(())
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        let events = &read(&self.state).events;
        let Some(oldest) = events.front().map(Stored::position) else { return Ok(Chunk::default()) };
        let Some(skip) = from.get().checked_sub(oldest.get()) else { return Err(Error::Evicted { oldest }) };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        // A reader keeps what it has read, also when that was evicted.
        let mut left = budget.bytes.max(1);
        let fitting = events.iter_from(skip).take(budget.events).take_while(|stored| {
            let fits = left > 0;
            left = left.saturating_sub(stored.payload.len());
            fits
        });
        let read: Vec<Event> = fitting.map(Stored::to_event).collect();
        Ok(read.into())
    }

    fn shared_bytes(&self) -> Option<u64> {
        Some(read(&self.state).payloads.shared_bytes())
    }

    fn evicts(&self) -> bool {
        self.capacity.is_some()
    }

    fn oldest(&self) -> Position {
        if self.capacity.is_none() {
            return Position::FIRST;
        }
        read(&self.state).events.front().map_or(Position::FIRST, Stored::position)
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_what_it_promises() {
        toka_vault_testkit::logs::check_inline_log(&MemoryLog::new(None));
    }
}
