//! [`IdIndex`]: which event has which id.
//!
//! Keeps the invariant that it is derived: the log alone is the truth, and whatever of the index is
//! missing or wrong is built anew from it.

use std::sync::RwLock;

use toka_vault_core::{Event, EventId, Position, Result};

use crate::id_map::IdMap;
use crate::sync::{read, write};

/// Evicted ids that are worth the pass that removes them.
const FORGET_MIN: u64 = 1_024;

/// Finds events by id.
#[derive(Debug, Default)]
pub struct IdIndex {
    recent: RwLock<IdMap<Position>>,
}

/// Tells what the part of the index in memory knows of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// No event has it.
    Absent,
    /// An event has it, or one on disk could.
    Possible,
}

impl IdIndex {
    /// Adds events.
    pub fn insert(&self, events: &[Event]) {
        let mut recent = write(&self.recent);
        for event in events {
            recent.insert(event.header.id, event.position());
        }
    }

    /// Lets go of ids before `oldest` that the log has evicted, once they are about half of all.
    pub(crate) fn forget(&self, oldest: Position, newest: Position) {
        let live = newest.get().saturating_sub(oldest.get()).saturating_add(1);
        let many = live.saturating_mul(2).saturating_add(FORGET_MIN);
        if oldest > Position::FIRST && read(&self.recent).len() as u64 > many {
            write(&self.recent).retain(|_, position| *position >= oldest);
        }
    }

    /// Finds the position of an event. May read from disk.
    pub(crate) fn find(&self, id: EventId) -> Result<Option<Position>> {
        Ok(read(&self.recent).get(&id).copied())
    }

    /// Says what can be said of an id without reading from disk.
    pub(crate) fn find_in_memory(&self, id: EventId) -> Lookup {
        match read(&self.recent).contains_key(&id) {
            true => Lookup::Possible,
            false => Lookup::Absent,
        }
    }
}
