//! [`SeenIds`]: which event has which id, in a log that somebody else writes.
//!
//! The files of the index belong to the writer, which removes them as it merges. So whoever reads beside it
//! notes the ids that it comes across while it looks for one, and reads each part of the log once for all of
//! them: the first look reads up to the event that it is for, a later one what was not read yet.
//!
//! Keeps the invariants that an id is found wherever it stands, as an index finds it; and that no more than
//! [`SEEN_IDS_MAX`] of them, and an eighth, are in memory. What is older is searched for each time.

use std::ops::ControlFlow;

use toka_vault_core::{EventId, Position, Result};

use crate::chunk::scan;
use crate::index::Lookup;
use crate::log::Log;
use crate::positions::Positions;
use crate::sync::{Mutex, lock};

/// Ids that are remembered: with the eighth, 36 MiB at most, or twice that where they do not grow with their
/// positions. Few in tests, so that they see some go.
const SEEN_IDS_MAX: usize = if cfg!(test) { 64 } else { 1 << 20 };

/// Remembers the ids of the events that were read.
#[derive(Debug, Default)]
pub(crate) struct SeenIds(Mutex<Seen>);

#[derive(Debug)]
struct Seen {
    ids: Positions,
    /// The first position whose id is remembered.
    first: Position,
    /// The position to read next.
    next: Position,
}

impl Default for Seen {
    fn default() -> Self {
        Self { ids: Positions::default(), first: Position::FIRST, next: Position::FIRST }
    }
}

impl SeenIds {
    /// Finds an event. Reads the log.
    ///
    /// # Errors
    ///
    /// A failure to read it that is not the damage of an event; the next look may go well.
    pub(crate) fn find(&self, id: EventId, log: &dyn Log) -> Result<Lookup> {
        let mut seen = lock(&self.0);
        let found = match seen.ids.get(id) {
            Some(position) => Some(position),
            None => seen.read_up_to(id, log)?,
        };
        let older = || (Position::FIRST, seen.first.minus(1));
        Ok(match found {
            Some(position) => Lookup::At(position),
            None if seen.first == Position::FIRST => Lookup::Absent,
            None => Lookup::Unread(vec![older()]),
        })
    }
}

impl Seen {
    /// Reads on until an event is there, or the log ends.
    fn read_up_to(&mut self, id: EventId, log: &dyn Log) -> Result<Option<Position>> {
        scan(log, self.next..=Position::new(u64::MAX), |events| {
            for event in events {
                self.ids.insert(event.header.id, event.position());
                self.next = event.position().next();
            }
            let found = self.ids.get(id);
            self.forget_oldest();
            Ok(found.map_or(ControlFlow::Continue(()), ControlFlow::Break))
        })
    }

    /// Lets go of the oldest, once those that are too many are worth the pass that removes them.
    fn forget_oldest(&mut self) {
        if self.ids.len() > SEEN_IDS_MAX + SEEN_IDS_MAX / 8 {
            self.first = self.next.minus(SEEN_IDS_MAX as u64);
            self.ids.remove_before(self.first);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::index::given::{Given, given, id};

    /// Finds an event of a log, and returns how many events were read for it.
    fn reads(seen: &SeenIds, log: &Given, number: u64) -> usize {
        let before = log.read.load(Ordering::Relaxed);
        let found = seen.find(id(number, 0), log).unwrap();
        assert!(matches!(found, Lookup::At(position) if position.get() == number), "{number}: {found:?}");
        log.read.load(Ordering::Relaxed) - before
    }

    fn grow(log: &mut Given, count: u64) {
        log.events = given(count, 0).events;
    }

    #[test]
    fn each_part_of_the_log_is_read_once_for_all() {
        let (mut log, seen) = (given(40, 0), SeenIds::default());
        assert_eq!(reads(&seen, &log, 30), 40);
        for number in 1..=40 {
            assert_eq!(reads(&seen, &log, number), 0);
        }
        grow(&mut log, 50);
        assert_eq!(reads(&seen, &log, 45), 10);
        assert!(matches!(seen.find(id(51, 0), &log), Ok(Lookup::Absent)));
        grow(&mut log, 51);
        assert_eq!(reads(&seen, &log, 51), 1);
    }

    #[test]
    fn no_more_is_remembered_than_the_bound_and_the_rest_is_told_to_be_searched() {
        let (mut log, seen) = (given(60, 0), SeenIds::default());
        for count in (60..400).step_by(5) {
            grow(&mut log, count);
            assert!(reads(&seen, &log, count) <= 60);
            assert!(lock(&seen.0).ids.len() <= SEEN_IDS_MAX + SEEN_IDS_MAX / 8);
            for number in [count - 1, count - SEEN_IDS_MAX as u64 / 2, 1, count / 3, count + 1] {
                match seen.find(id(number, 0), &log).unwrap() {
                    Lookup::At(position) => assert_eq!(position.get(), number),
                    Lookup::Unread(ranges) => {
                        let [(first, last)] = ranges.as_slice() else { panic!("{ranges:?}") };
                        assert_eq!((first.get(), last.next()), (1, lock(&seen.0).first));
                        assert!(number <= last.get() || number > count, "{number} of {count}");
                    }
                    Lookup::Absent => assert!(number > count && lock(&seen.0).first == Position::FIRST),
                }
            }
        }
        assert!(lock(&seen.0).first > Position::new(300));
    }

    #[test]
    fn what_is_damaged_hides_no_other_event() {
        let (mut log, seen) = (given(30, 0), SeenIds::default());
        log.damaged = [1, 12, 13, 30].into();
        for number in (2..=29).filter(|number| !log.damaged.contains(number)) {
            reads(&seen, &log, number);
        }
        for number in [1, 12, 30] {
            assert!(matches!(seen.find(id(number, 0), &log), Ok(Lookup::Absent)));
        }
    }
}
