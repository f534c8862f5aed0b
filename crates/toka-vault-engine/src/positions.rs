//! [`Positions`]: the positions of events by id, in memory.
//!
//! Ids that a vault assigns grow with their positions, so adding one is a push, and finding one a
//! binary search. A map would miss the processor's cache each time, and in memory that takes more
//! time than hashing the event (measured). Only ids that callers bring out of order are in a map.
//!
//! Keeps the invariant that the ascending ids are sorted by id and by position alike.

use toka_vault_core::{EventId, Position};

use crate::id_map::IdMap;
use crate::segmented::Segmented;

/// Maps event ids to positions.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    /// Ids that were greater than all before them.
    ascending: Segmented<(EventId, Position)>,
    /// The others.
    others: IdMap<Position>,
}

impl Positions {
    /// Adds an event behind all others. It replaces one of the same id.
    pub(crate) fn insert(&mut self, id: EventId, position: Position) {
        let greatest = self.ascending.back().map(|(id, _)| *id);
        if greatest.is_some_and(|greatest| id <= greatest) {
            self.others.insert(id, position);
            return;
        }
        self.ascending.push_back((id, position));
        if !self.others.is_empty() {
            self.others.remove(&id);
        }
    }

    /// Finds an event.
    pub(crate) fn get(&self, id: EventId) -> Option<Position> {
        // First the others: what is there is newer than one of the same id among the ascending.
        if let Some(position) = self.others.get(&id) {
            return Some(*position);
        }
        let at = self.ascending.partition_point(|(other, _)| *other < id);
        self.ascending.get(at).filter(|(found, _)| *found == id).map(|(_, position)| *position)
    }

    /// Returns all events, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (EventId, Position)> + '_ {
        let others = self.others.iter().map(|(id, position)| (*id, *position));
        self.ascending.iter_from(0).copied().chain(others)
    }

    /// Returns how many events there are.
    pub(crate) fn len(&self) -> usize {
        self.ascending.len() + self.others.len()
    }

    /// Removes the oldest event, which has this id.
    pub(crate) fn remove_oldest(&mut self, id: EventId) {
        if self.ascending.front().is_some_and(|(oldest, _)| *oldest == id) {
            self.ascending.pop_front();
        } else {
            self.others.remove(&id);
        }
    }

    /// Removes the events before `oldest`.
    pub(crate) fn remove_before(&mut self, oldest: Position) {
        while self.ascending.front().is_some_and(|(_, position)| *position < oldest) {
            self.ascending.pop_front();
        }
        self.others.retain(|_, position| *position >= oldest);
        if self.others.len() < self.others.capacity() / 4 {
            self.others.shrink_to_fit();
        }
    }
}
