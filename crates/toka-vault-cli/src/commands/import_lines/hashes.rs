//! [`Hashes`]: the event hashes that the children of their events are checked with.
//!
//! Keeps the invariant that the hash of an event which waits for its commit is not forgotten: it can be
//! found nowhere else, and its children could not be checked.

use std::collections::HashMap;

use toka_vault::{EventHash, EventHeader, EventId};

/// Most event hashes that are remembered beyond those of events that wait for their commit. Other
/// parents are looked up in the vault.
const KNOWN_HASHES_MAX: usize = 1 << 17;

/// Is the hash of an event, here and where its line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// The hash that it has here.
    pub(super) hash: EventHash,
    /// The hash that it had there.
    pub(super) before: Before,
}

/// Says which hash an event had where its line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// The one that it has here.
    Same,
    /// Another one, since an event that led to it is missing here.
    Other(EventHash),
    /// Nobody can tell: it is missing itself, or may have another one and is not remembered.
    Unknown,
}

/// Remembers event hashes, up to a bound.
pub(super) struct Hashes {
    known: HashMap<EventId, Known>,
    max: usize,
}

impl Known {
    /// Is the hash that an event has here and there.
    pub(super) fn same(hash: EventHash) -> Self {
        Self { hash, before: Before::Same }
    }

    /// Returns the hash that the event had where its line comes from.
    pub(super) fn before(self) -> Option<EventHash> {
        match self.before {
            Before::Same => Some(self.hash),
            Before::Other(before) => Some(before),
            Before::Unknown => None,
        }
    }
}

impl Hashes {
    /// Starts with none.
    pub(super) fn new() -> Self {
        Self { known: HashMap::new(), max: KNOWN_HASHES_MAX }
    }

    /// Returns the hash of an event.
    pub(super) fn find(&self, id: EventId) -> Option<Known> {
        self.known.get(&id).copied()
    }

    /// Remembers the hash of an event that waits for its commit.
    pub(super) fn insert_waiting(&mut self, id: EventId, hash: Known) {
        self.known.insert(id, hash);
    }

    /// Remembers the hash of an event that the vault has, where there is room.
    pub(super) fn insert_stored(&mut self, id: EventId, hash: Known) {
        if self.known.len() < self.max {
            self.known.insert(id, hash);
        }
    }

    /// Remembers the hashes of events that were just committed: no event waits any more. Of those that did not
    /// wait here, `known` tells what is known.
    pub(super) fn committed(&mut self, headers: &[EventHeader], known: impl Fn(&EventHeader) -> Known) {
        let waited =
            |header: &EventHeader| (header.id, self.find(header.id).unwrap_or_else(|| known(header)));
        let committed: Vec<_> = headers.iter().map(waited).collect();
        if self.known.len() + headers.len() > self.max {
            self.known.clear();
        }
        self.known.extend(committed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use toka_vault::{InMemoryVault, NewEvent};

    /// The id of the event with this number.
    fn id(number: u8) -> EventId {
        EventId::from_u128(number.into())
    }

    #[test]
    fn hashes_of_events_that_wait_are_kept_beyond_the_bound_until_their_commit() {
        let mut hashes = Hashes { known: HashMap::new(), max: 2 };
        let hash = |number: u8| Known::same(EventHash::from_bytes([number; 32]));
        for number in 1..=4 {
            hashes.insert_waiting(id(number), hash(number));
        }
        hashes.insert_stored(id(5), hash(5));
        let found: Vec<bool> = (1..=5).map(|number| hashes.find(id(number)) == Some(hash(number))).collect();
        assert_eq!(found, [true, true, true, true, false]);
        hashes.committed(&[], |header| Known::same(header.hash));
        assert_eq!(hashes.find(id(1)), None);
        hashes.insert_stored(id(5), hash(5));
        assert_eq!(hashes.find(id(5)), Some(hash(5)));
    }

    #[test]
    fn what_was_just_committed_is_remembered_with_the_hash_that_it_had_before() {
        let vault = InMemoryVault::unbounded();
        let events = [1, 2].map(|number| NewEvent::new("a", number).unwrap().with_id(id(number)));
        let headers = block_on(vault.commit_batch(events.to_vec())).unwrap();
        let mut hashes = Hashes { known: HashMap::new(), max: 1 };
        let changed = Known { hash: headers[0].hash, before: Before::Other(EventHash::from_bytes([0; 32])) };
        hashes.insert_waiting(id(1), changed);
        hashes.committed(&headers, |header| Known { hash: header.hash, before: Before::Unknown });
        assert_eq!(hashes.find(id(1)), Some(changed));
        assert_eq!(hashes.find(id(2)).map(Known::before), Some(None));
    }
}
