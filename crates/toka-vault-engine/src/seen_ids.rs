//! [`SeenIds`]: which event has which id, in a log that somebody else writes.
//!
//! The files of the index belong to the writer, which removes them as it merges. So whoever reads beside it
//! notes the ids that it comes across while it looks for one, and reads each part of the log once for all of
//! them: the first look reads up to the event that it is for, a later one what was not read yet.
//!
//! Keeps the invariants that an id is found wherever it stands, as an index finds it; that nothing is locked
//! while the log is read; and that no more than [`SEEN_IDS_MAX`] ids, an eighth and a chunk are in memory.
//! What is older is searched for each time, and so is an id that no event has.

use std::ops::{ControlFlow, RangeInclusive};

use toka_vault_core::{Event, EventId, Position, Result};

use crate::chunk::scan;
use crate::index::{Gaps, Lookup, Span};
use crate::log::Log;
use crate::positions::Positions;
use crate::sync::{Mutex, lock};

/// Ids that are remembered: 27 MiB with the eighth, up to 80 MiB where they do not grow with their positions.
/// Few in tests, so that they see some go.
const SEEN_IDS_MAX: usize = if cfg!(test) { 64 } else { 1 << 20 };

/// Remembers the ids of the events that were read.
#[derive(Debug, Default)]
pub(crate) struct SeenIds(Mutex<Seen>);

#[derive(Debug)]
struct Seen {
    ids: Positions,
    /// The first position whose id is remembered.
    first: Position,
    /// The position behind all that was read.
    next: Position,
    /// What could not be read of it.
    gaps: Gaps,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            ids: Positions::default(),
            first: Position::FIRST,
            next: Position::FIRST,
            gaps: Gaps::default(),
        }
    }
}

impl SeenIds {
    /// Finds an event. Reads the log up to position `last`; one behind it may be known all the same.
    ///
    /// # Errors
    ///
    /// A failure to read it that is not the damage of an event; the next look may go well.
    pub(crate) fn find(&self, id: EventId, last: Position, log: &dyn Log) -> Result<Lookup> {
        let (seen, next) = {
            let seen = lock(&self.0);
            (seen.ids.get(id), seen.next)
        };
        let found = match seen {
            Some(position) => Some(position),
            None => self.read_up_to(id, next..=last, log)?,
        };
        Ok(match found {
            Some(position) => Lookup::At(position),
            None => Lookup::Absent.or_in(lock(&self.0).unknown()),
        })
    }

    /// Reads on until an event is there.
    fn read_up_to(
        &self,
        id: EventId,
        range: RangeInclusive<Position>,
        log: &dyn Log,
    ) -> Result<Option<Position>> {
        scan(log, range, |events| {
            let mut seen = lock(&self.0);
            match events {
                Ok(events) => seen.note(events),
                Err(damaged) => seen.note_damaged(damaged),
            }
            let found = seen.ids.get(id);
            seen.forget_oldest();
            Ok(found.map_or(ControlFlow::Continue(()), ControlFlow::Break))
        })
    }
}

impl Seen {
    /// Notes events that were read behind others, as far as nobody else has noted them meanwhile.
    fn note(&mut self, events: &[Event]) {
        for event in events.iter().filter(|event| event.position() >= self.next) {
            self.ids.insert(event.header.id, event.position());
        }
        let behind = events.last().map_or(self.next, |event| event.position().next());
        self.next = self.next.max(behind);
    }

    /// Notes the positions of events that could not be read.
    fn note_damaged(&mut self, (first, last): Span) {
        if last >= self.next {
            self.gaps.add((first.max(self.next), last));
            self.next = last.next();
        }
    }

    /// Returns where an event can be whose id is not remembered.
    fn unknown(&self) -> Vec<Span> {
        let older = (self.first > Position::FIRST).then(|| (Position::FIRST, self.first.minus(1)));
        older.into_iter().chain(self.gaps.spans()).collect()
    }

    /// Lets go of the oldest, once those that are too many are worth the pass that removes them.
    fn forget_oldest(&mut self) {
        if self.ids.len() > SEEN_IDS_MAX + SEEN_IDS_MAX / 8 {
            self.first = self.next.minus(SEEN_IDS_MAX as u64);
            self.ids.remove_before(self.first);
            self.gaps.forget_before(self.first);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use toka_vault_core::{Error, Head};

    use super::*;
    use crate::chunk::Chunk;
    use crate::index::given::{Given, given, id};
    use crate::log::{Group, ReadBudget};

    /// Looks for an event of a log, up to its end.
    fn find(seen: &SeenIds, log: &Given, number: u64) -> Lookup {
        seen.find(id(number, 0), Position::new(log.events.len() as u64), log).unwrap()
    }

    /// Finds an event of a log, and returns how many events were read for it.
    fn reads(seen: &SeenIds, log: &Given, number: u64) -> usize {
        let before = log.read.load(Ordering::Relaxed);
        let found = find(seen, log, number);
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
        assert!(matches!(find(&seen, &log, 51), Lookup::Absent));
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
                match find(&seen, &log, number) {
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
        // Nor is it said to be absent.
        let gaps =
            [(1, 1), (12, 13), (30, 30)].map(|(first, last)| (Position::new(first), Position::new(last)));
        for number in [1, 12, 30, 99] {
            assert_eq!(find(&seen, &log, number), Lookup::Unread(gaps.to_vec()), "{number}");
        }
    }

    /// A log whose end cannot be read, and which does not say how far that goes.
    struct Torn(Given);

    impl Log for Torn {
        fn append(&self, group: &mut Group) -> Result<()> {
            self.0.append(group)
        }

        fn sync(&self, head: Head) -> Result<()> {
            self.0.sync(head)
        }

        fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
            let chunk = self.0.read(from, budget)?;
            chunk
                .last_position()
                .map(|_| chunk)
                .ok_or_else(|| Error::corrupt(from, "it is torn for the test"))
        }

        fn close(&self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_torn_end_is_not_read_beyond_the_head() {
        let (log, seen) = (Torn(given(30, 0)), SeenIds::default());
        let find = |number| seen.find(id(number, 0), Position::new(40), &log).unwrap();
        let torn = Lookup::Unread(vec![(Position::new(31), Position::new(40))]);
        assert_eq!(find(99), torn);
        assert!(matches!(find(30), Lookup::At(position) if position.get() == 30));
    }

    #[test]
    fn what_two_have_read_is_noted_once() {
        let (log, mut seen) = (given(60, 0), Seen::default());
        for (from, to) in [(0, 20), (0, 10), (10, 30), (20, 30), (30, 60)] {
            seen.note(&log.events[from..to]);
        }
        assert_eq!((seen.ids.len(), seen.next.get()), (60, 61));
    }
}
