//! [`Hashes`]: the event hashes that the children of their events are checked with.
//!
//! Keeps the invariant that the hash of an event which waits for its commit is not forgotten: it can be
//! found nowhere else, and its children could not be checked.

use std::collections::HashMap;

use toka_vault::{EventHash, EventHeader, EventId};

/// Most event hashes that are remembered beyond those of events that wait for their commit. Other
/// parents are looked up in the vault.
const KNOWN_HASHES_MAX: usize = 1 << 17;

/// Remembers event hashes, up to a bound.
pub(super) struct Hashes {
    known: HashMap<EventId, EventHash>,
    max: usize,
}

impl Hashes {
    /// Starts with none.
    pub(super) fn new() -> Self {
        Self { known: HashMap::new(), max: KNOWN_HASHES_MAX }
    }

    /// Returns the hash of an event.
    pub(super) fn find(&self, id: EventId) -> Option<EventHash> {
        self.known.get(&id).copied()
    }

    /// Remembers the hash of an event that waits for its commit.
    pub(super) fn insert_waiting(&mut self, id: EventId, hash: EventHash) {
        self.known.insert(id, hash);
    }

    /// Remembers the hash of an event that the vault has, where there is room.
    pub(super) fn insert_stored(&mut self, id: EventId, hash: EventHash) {
        if self.known.len() < self.max {
            self.known.insert(id, hash);
        }
    }

    /// Remembers the hashes of events that were just committed: no event waits any more.
    pub(super) fn committed(&mut self, headers: &[EventHeader]) {
        if self.known.len() + headers.len() > self.max {
            self.known.clear();
        }
        for header in headers {
            self.known.insert(header.id, header.hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_events_that_wait_are_kept_beyond_the_bound_until_their_commit() {
        let mut hashes = Hashes { known: HashMap::new(), max: 2 };
        let id = |number: u8| EventId::from_u128(number.into());
        let hash = |number: u8| EventHash::from_bytes([number; 32]);
        for number in 1..=4 {
            hashes.insert_waiting(id(number), hash(number));
        }
        hashes.insert_stored(id(5), hash(5));
        let found: Vec<bool> = (1..=5).map(|number| hashes.find(id(number)) == Some(hash(number))).collect();
        assert_eq!(found, [true, true, true, true, false]);
        hashes.committed(&[]);
        assert_eq!(hashes.find(id(1)), None);
        hashes.insert_stored(id(5), hash(5));
        assert_eq!(hashes.find(id(5)), Some(hash(5)));
    }
}
