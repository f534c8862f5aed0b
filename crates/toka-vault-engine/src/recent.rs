//! [`Recent`]: the newest headers, so that most parents and repeated ids need no read.
//!
//! Keeps the invariant that the newest half of its capacity is always there, which covers every
//! event that is sealed but cannot be read from the log yet.

use toka_vault_core::{EventHeader, EventId};

use crate::id_map::IdMap;

/// Remembers headers in two generations: when the young one is full, the old one is forgotten.
#[derive(Debug)]
pub(crate) struct Recent {
    young: IdMap<EventHeader>,
    old: IdMap<EventHeader>,
    /// Most headers of one generation.
    generation_max: usize,
}

impl Recent {
    /// Remembers up to `capacity` headers.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { young: IdMap::default(), old: IdMap::default(), generation_max: capacity / 2 }
    }

    /// Remembers a header.
    pub(crate) fn insert(&mut self, header: &EventHeader) {
        if self.generation_max == 0 {
            return;
        }
        if self.young.len() >= self.generation_max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(header.id, header.clone());
    }

    /// Returns the header of an event, where it is remembered.
    pub(crate) fn find(&self, id: EventId) -> Option<&EventHeader> {
        self.young.get(&id).or_else(|| self.old.get(&id))
    }
}
