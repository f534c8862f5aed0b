//! [`SeenIds`]: which event has which id, in a log that somebody else writes.
//!
//! The files of the writer's index tell it of older events. The newer ones are in no file: whoever reads notes
//! the ids that it comes across while it looks for one, and reads each part of the log once for all of them:
//! the first look reads up to the event that it is for, a later one what was not read yet.
//!
//! Keeps the invariants that an id is found wherever it stands, as an index finds it; that nothing is locked
//! while the log is read; and that no more than [`SEEN_IDS_MAX`] ids, an eighth and a chunk are in memory.
//! What is older and in no file is searched for each time.
//!
//! Invariant 17d of `docs/architecture.md`, which names the tests that show it.

use std::ops::{ControlFlow, RangeInclusive};

use toka_vault_core::{Event, EventId, Position, Result};

use crate::chunk::scan;
use crate::index::{Gaps, Lookup, Runs, Span};
use crate::log::Log;
use crate::positions::Positions;
use crate::sync::{Mutex, lock};

/// Ids that are remembered: 27 MiB with the eighth, up to 80 MiB where they do not grow with their positions.
/// Few in tests, so that they see some go.
const SEEN_IDS_MAX: usize = if cfg!(test) { 64 } else { 1 << 20 };

/// Remembers the ids of the events that were read.
#[derive(Debug, Default)]
pub(crate) struct SeenIds {
    /// The files of the writer's index, where they can be read.
    files: Option<Runs>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    ids: Positions,
    /// Up to where files tell of ids.
    filed: Position,
    /// The first position whose id is remembered.
    first: Position,
    /// The position behind all that was read.
    next: Position,
    /// What could not be read of it.
    gaps: Gaps,
}

impl Default for Seen {
    fn default() -> Self {
        Self::after(Position::ZERO)
    }
}

impl SeenIds {
    /// Starts with what these files tell.
    pub(crate) fn beside(files: Option<Runs>) -> Self {
        let filed = files.as_ref().map_or(Position::ZERO, Runs::last);
        Self { files, seen: Mutex::new(Seen::after(filed)) }
    }

    /// Finds an event. Reads the log up to position `last`; one behind it may be known all the same.
    ///
    /// # Errors
    ///
    /// A failure to read it that is not the damage of an event; the next look may go well.
    pub(crate) fn find(&self, id: EventId, last: Position, log: &dyn Log) -> Result<Lookup> {
        let (seen, next, told) = {
            let seen = lock(&self.seen);
            (seen.ids.get(id), seen.next, seen.filed)
        };
        if let Some(position) = seen {
            return Ok(Lookup::At(position));
        }
        let mut filed = self.find_in_files(id);
        if let Lookup::At(_) = filed {
            return Ok(filed);
        }
        if let Some(position) = self.read_up_to(id, next..=last, log)? {
            return Ok(Lookup::At(position));
        }
        let (tell, unknown) = {
            let seen = lock(&self.seen);
            (seen.filed, seen.unknown())
        };
        if tell > told {
            // What was remembered up to there may be in files alone by now, which were not there at the first look.
            filed = self.find_in_files(id);
        }
        Ok(filed.or_in(unknown))
    }

    /// Finds an event in the files.
    fn find_in_files(&self, id: EventId) -> Lookup {
        self.files.as_ref().map_or(Lookup::Absent, |files| files.find(id.into()))
    }

    /// Reads on until an event is there.
    fn read_up_to(
        &self,
        id: EventId,
        range: RangeInclusive<Position>,
        log: &dyn Log,
    ) -> Result<Option<Position>> {
        let head = *range.end();
        scan(log, range, |events| {
            // Not in what is remembered alone: meanwhile another look can have found it to be in a file.
            let here = events.unwrap_or_default().iter().find(|event| event.header.id == id);
            let (seen, is_full) = {
                let mut seen = lock(&self.seen);
                match events {
                    Ok(events) => seen.note(events),
                    Err(damaged) => seen.note_damaged(damaged),
                }
                (seen.ids.get(id), seen.is_full())
            };
            if is_full {
                let filed = self.files.as_ref().map_or(Position::ZERO, |files| {
                    files.look(log, head);
                    files.last()
                });
                lock(&self.seen).forget_oldest(filed);
            }
            let found = here.map(Event::position).or(seen);
            Ok(found.map_or(ControlFlow::Continue(()), ControlFlow::Break))
        })
    }
}

impl Seen {
    /// Remembers what is behind a position, up to which files tell.
    fn after(filed: Position) -> Self {
        let first = filed.next();
        Self { ids: Positions::default(), filed, first, next: first, gaps: Gaps::default() }
    }

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

    /// Returns where an event can be whose id is not remembered, and in no file.
    fn unknown(&self) -> Vec<Span> {
        let behind = self.filed.next();
        let older = (self.first > behind).then(|| (behind, self.first.minus(1)));
        older.into_iter().chain(self.gaps.spans()).collect()
    }

    /// Tells whether those that are too many are worth the pass that removes them.
    fn is_full(&self) -> bool {
        self.ids.len() > SEEN_IDS_MAX + SEEN_IDS_MAX / 8
    }

    /// Lets go of those that are too many, and of what files tell, which go up to `filed` now.
    fn forget_oldest(&mut self, filed: Position) {
        self.filed = self.filed.max(filed);
        self.next = self.next.max(self.filed.next());
        self.first = self.first.max(self.filed.next()).max(self.next.minus(SEEN_IDS_MAX as u64));
        self.ids.remove_before(self.first);
        self.gaps.forget_before(self.first);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use toka_vault_core::{Error, Head};

    use super::*;
    use crate::chunk::Chunk;
    use crate::index::given::{Given, directory, given, id, read_only};
    use crate::index::{Index, IndexBeside};
    use crate::log::{Group, ReadBudget, Unappended};
    use crate::options::Indexing;

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
            assert!(lock(&seen.seen).ids.len() <= SEEN_IDS_MAX + SEEN_IDS_MAX / 8);
            for number in [count - 1, count - SEEN_IDS_MAX as u64 / 2, 1, count / 3, count + 1] {
                match find(&seen, &log, number) {
                    Lookup::At(position) => assert_eq!(position.get(), number),
                    Lookup::Unread(ranges) => {
                        let [(first, last)] = ranges.as_slice() else { panic!("{ranges:?}") };
                        assert_eq!((first.get(), last.next()), (1, lock(&seen.seen).first));
                        assert!(number <= last.get() || number > count, "{number} of {count}");
                    }
                    Lookup::Absent => assert!(number > count && lock(&seen.seen).first == Position::FIRST),
                }
            }
        }
        assert!(lock(&seen.seen).first > Position::new(300));
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
        fn append(&self, group: &mut Group) -> Result<(), Unappended> {
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

    /// Makes the files of another process's index of a log, and leaves them to be read.
    fn filed(dir: &std::path::Path, log: &Given) {
        let head = Position::new(log.events.len() as u64);
        let index = Index::open(directory(dir).as_ref(), Indexing::Ids, log, head).unwrap();
        index.durable(head);
        index.close();
    }

    #[test]
    fn what_is_in_files_is_not_read_for() {
        let dir = tempfile::tempdir().unwrap();
        filed(dir.path(), &given(200, 0));
        let mut log = given(210, 0);
        let index = IndexBeside::open(read_only(dir.path()).as_ref(), &log, Position::new(210)).unwrap();
        let covered = index.ids.as_ref().unwrap().last().get();
        assert!((64..=200).contains(&covered), "{covered}");
        let seen = SeenIds::beside(index.ids);
        for number in [1, covered / 2, covered] {
            assert_eq!(reads(&seen, &log, number), 0);
        }
        assert_eq!(find(&seen, &log, 999), Lookup::Absent);
        assert_eq!(reads(&seen, &log, 205), 0);
        // So many that some leave memory: those that are in new files are found there.
        grow(&mut log, 4_000);
        filed(dir.path(), &given(3_000, 0));
        let Lookup::Unread(unread) = find(&seen, &log, 9_999) else { panic!("some are in no file") };
        let [(first, last)] = unread.as_slice() else { panic!("{unread:?}") };
        assert!(*first > Position::new(2_600) && last.get() < 4_000, "{unread:?}");
        for number in (1..first.get()).chain(last.next().get()..=4_000) {
            assert_eq!(reads(&seen, &log, number), 0);
        }
        assert!(lock(&seen.seen).ids.len() <= SEEN_IDS_MAX + SEEN_IDS_MAX / 8);
    }

    /// A log in whose first read something else happens.
    struct Meanwhile<F>(Given, Mutex<Option<F>>);

    impl<F: FnOnce() + Send + 'static> Log for Meanwhile<F> {
        fn append(&self, group: &mut Group) -> Result<(), Unappended> {
            self.0.append(group)
        }

        fn sync(&self, head: Head) -> Result<()> {
            self.0.sync(head)
        }

        fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
            let chunk = self.0.read(from, budget);
            let other = lock(&self.1).take();
            other.into_iter().for_each(|other| other());
            chunk
        }

        fn close(&self) -> Result<()> {
            Ok(())
        }
    }

    /// Looks for an event among 200, of which 150 were looked through, while another look goes up to 400 and finds
    /// that so many are in files by now.
    fn found_meanwhile(number: u64, files: u64) -> Lookup {
        let dir = tempfile::tempdir().unwrap();
        let log = given(400, 0);
        let index = IndexBeside::open(read_only(dir.path()).as_ref(), &log, Position::new(400)).unwrap();
        let seen = std::sync::Arc::new(SeenIds::beside(index.ids));
        assert_eq!(find(&seen, &given(150, 0), 999), Lookup::Absent.or_in(lock(&seen.seen).unknown()));
        let other = {
            let (path, seen) = (dir.path().to_path_buf(), seen.clone());
            move || {
                filed(&path, &given(files, 0));
                assert!(matches!(find(&seen, &log, 999), Lookup::Absent | Lookup::Unread(_)));
                assert_eq!(lock(&seen.seen).filed.get(), files);
            }
        };
        let log = Meanwhile(given(200, 0), Mutex::new(Some(other)));
        let found = seen.find(id(number, 0), Position::new(200), &log).unwrap();
        assert!(lock(&log.1).is_none(), "the other look came in between");
        found
    }

    #[test]
    fn what_another_look_lets_go_of_meanwhile_is_found_all_the_same() {
        for (number, files) in [
            // Let go of before, and in a file only now.
            (20, 150),
            // Read by this look, and let go of by the other before this one notes it.
            (151, 128),
            (200, 128),
            (200, 300),
        ] {
            let found = found_meanwhile(number, files);
            assert_eq!(found, Lookup::At(Position::new(number)), "{files} in files");
        }
        // In no file, neither before nor now: it is told where to search.
        let Lookup::Unread(unread) = found_meanwhile(80, 64) else { panic!("it is not known to be absent") };
        let [(first, last)] = unread.as_slice() else { panic!("{unread:?}") };
        assert!(first.get() == 65 && last.get() >= 80, "{unread:?}");
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
