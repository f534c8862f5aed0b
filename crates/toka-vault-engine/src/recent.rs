//! [`Recent`]: the newest headers, so that most parents and repeated ids need no read.
//!
//! Keeps the invariant that as many headers as it has room for are there, which covers every event
//! that is sealed but cannot be read from the log yet.

use toka_vault_core::{EventHeader, EventId, Position};

use crate::positions::Positions;
use crate::segmented::Segmented;

/// Remembers headers.
#[derive(Debug)]
pub(crate) struct Recent {
    /// The headers, whose positions follow each other without a gap.
    headers: Segmented<EventHeader>,
    positions: Positions,
    /// Most headers.
    capacity: usize,
}

impl Recent {
    /// Remembers up to `capacity` headers.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { headers: Segmented::default(), positions: Positions::default(), capacity }
    }

    /// Forgets all headers.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    /// Remembers the header of the event behind all others.
    pub(crate) fn insert(&mut self, header: &EventHeader) {
        if self.capacity == 0 {
            return;
        }
        if self.headers.len() >= self.capacity
            && let Some(oldest) = self.headers.pop_front()
        {
            self.positions.remove_oldest(oldest.id);
        }
        self.headers.push_back(header.clone());
        self.positions.insert(header.id, header.position);
    }

    /// Returns the headers behind a position, where all of them are remembered.
    pub(crate) fn after(&self, position: Position) -> Option<impl Iterator<Item = &EventHeader>> {
        let first = self.headers.front()?.position;
        let skip = position.next().get().checked_sub(first.get())?;
        Some(self.headers.iter_from(usize::try_from(skip).ok()?))
    }

    /// Returns the header of an event, where it is remembered.
    pub(crate) fn find(&self, id: EventId) -> Option<&EventHeader> {
        let first = self.headers.front()?.position;
        let position = self.positions.get(id)?;
        let at = position.get().checked_sub(first.get())?;
        self.headers.get(usize::try_from(at).ok()?)
    }
}
