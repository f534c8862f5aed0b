//! [`Assigner`]: ids and timestamps for events that bring none.
//!
//! An id is a [ULID](https://github.com/ulid/spec): 48 bits of milliseconds, then 80 bits of chance. Within one
//! millisecond it is the one before plus one, as that page says of ids that grow; and so it is where the clock
//! stands still or goes back. From `LogEnd`, which a log keeps with each group, it goes on in the same way when
//! the vault is opened again.
//!
//! Keeps the invariant that each id is greater than all before it, and no timestamp is before one
//! before it, whatever the clock does and across reopening.
//!
//! Invariant 13 of `docs/architecture.md`, which names the tests that show it.

use toka_vault_core::{EventId, Timestamp};

use crate::clock::Clock;

/// Bits of a ULID below its milliseconds.
const RANDOM_BITS: u32 = 80;

/// Assigns ids and timestamps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assigner {
    id: EventId,
    timestamp: Timestamp,
}

impl Assigner {
    /// Goes on from the newest id and timestamp that were assigned.
    pub(crate) fn resume(id: EventId, timestamp: Timestamp) -> Self {
        Self { id, timestamp }
    }

    /// Assigns the next id: fresh random bits in a new millisecond, else the one after the last.
    pub(crate) fn next_id(&mut self, now: Timestamp, clock: &dyn Clock) -> EventId {
        let millis = u64::try_from(now.as_micros().div_euclid(1_000)).unwrap_or(0);
        let last = self.id.to_u128();
        self.id = if u128::from(millis) > last >> RANDOM_BITS {
            EventId::from_parts(millis, clock.entropy())
        } else {
            // Carries into the milliseconds where the random bits are used up, which is no harm.
            EventId::from_u128(last.saturating_add(1))
        };
        self.id
    }

    /// Assigns the next id, which is `first` or behind it.
    pub(crate) fn next_id_from(&mut self, first: EventId) -> EventId {
        self.id = first.max(EventId::from_u128(self.id.to_u128().saturating_add(1)));
        self.id
    }

    /// Assigns the next timestamp.
    pub(crate) fn next_timestamp(&mut self, now: Timestamp) -> Timestamp {
        self.timestamp = self.timestamp.max(now);
        self.timestamp
    }

    /// Returns the newest id that was assigned.
    pub(crate) fn id(&self) -> EventId {
        self.id
    }

    /// Returns the newest timestamp that was assigned.
    pub(crate) fn timestamp(&self) -> Timestamp {
        self.timestamp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp::EPOCH
        }

        fn entropy(&self) -> u128 {
            u128::MAX
        }
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    #[test]
    fn ids_grow_when_the_clock_stands_goes_back_or_overflows() {
        let mut assigner = Assigner::resume(EventId::from_u128(0), Timestamp::MIN);
        let mut last = EventId::from_u128(0);
        for micros in [5_000_000, 5_000_000, 4_000_000, -1, 5_001_000, 5_001_000, 5_002_000] {
            let id = assigner.next_id(at(micros), &Fixed);
            assert!(id > last, "{id} after {last} at {micros}");
            last = id;
        }
    }

    #[test]
    fn ids_go_on_from_the_newest_that_is_stored() {
        let stored = EventId::from_parts(9_000, 77);
        let mut assigner = Assigner::resume(stored, at(9_000_000));
        assert_eq!(assigner.next_id(at(1), &Fixed).to_u128(), stored.to_u128() + 1);
        assert_eq!(assigner.next_timestamp(at(1)), at(9_000_000));
    }
}
