//! Postings lead to what a scan of the log finds, whatever becomes of their files.

mod beside;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use toka_vault_core::{Direction, Error, Event, Filter, Position, Result, Timestamp};

use super::{BATCH_EVENTS, Postings};
use crate::index::given::{Given, directory, files, given, id};
use crate::index::runs::CLOSING_EVENTS_MIN;
use crate::index::{IdIndex, Index};
use crate::log::{Log, ReadBudget};
use crate::lookup::Storage;
use crate::options::Indexing;
use crate::picker::Rest;
use crate::published::Published;
use crate::query::Query;

/// Events of a test that needs merges: some more than files are made of.
const MANY: u64 = BATCH_EVENTS as u64 * 75 + 13;

/// Has all events read from the log.
fn nothing_published() -> Arc<Published> {
    Arc::new(Published::new(Position::ZERO, None))
}

/// Opens the postings in a directory over a log, and waits until all that can be on disk is.
fn open(dir: &Path, log: Given) -> Storage {
    let head = Position::new(log.events.len() as u64);
    let postings = Postings::open(directory(dir), &log, head).unwrap();
    let storage = Storage {
        log: Arc::new(log),
        index: Arc::new(Index { ids: IdIndex::default(), postings }),
        seen: None,
    };
    let postings = &storage.index.postings;
    postings.start(&storage.log, &nothing_published()).unwrap();
    while postings.memory.covered() < head || postings.memory.is_ready(head) {
        // It reads what is left of a batch for whoever asks: little at a time, so that there are many files.
        postings.follow(storage.log.as_ref(), head.min(postings.covered().plus(40))).unwrap();
        std::thread::yield_now();
    }
    storage
}

fn queries() -> Vec<Query> {
    let filters = ["kind.1", "kind.*", ">", "kind.0", "*.2", "kind.3", "none"];
    let filter = |pattern: &&str| Query::Filter(Filter::kind(pattern).unwrap());
    let mut queries: Vec<_> = filters.iter().map(filter).collect();
    queries.push(Query::Filter(Filter::kind("kind.1").unwrap().or_kind("*.4").unwrap()));
    let timed = |pattern: Option<&str>, since: i64, until: i64| {
        let filter = pattern.map_or_else(Filter::new, |pattern| Filter::kind(pattern).unwrap());
        Query::Filter(filter.with_since(time(since)).unwrap().with_until(time(until)).unwrap())
    };
    queries.extend(
        [(5, 6), (100, 140), (900, 5_000), (0, 9_999), (8_000, 9_000)]
            .map(|(since, until)| timed(None, since, until)),
    );
    queries.extend(
        [("kind.1", 100, 140), ("kind.*", 300, 330), ("kind.0", 0, 9_999)]
            .map(|(kind, since, until)| timed(Some(kind), since, until)),
    );
    queries.extend([1, 5, 700].map(|number| Query::Children(id(number, 0))));
    queries.push(Query::Payload(given(1, 0).events[0].header.digest));
    queries
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000).unwrap()
}

/// Picks all that a query wants between two positions; what the index does not know is read.
fn picked(storage: &Storage, query: &Query, range: (u64, u64), direction: Direction) -> Vec<Result<Event>> {
    let (first, last) = (Position::new(range.0), Position::new(range.1));
    let query = Arc::new(query.clone());
    let Some((mut picker, covered)) = storage.picker(&query, first, last, direction).unwrap() else {
        return scanned(storage, &query, range, direction);
    };
    assert_eq!(covered, last, "all of the log was followed");
    let (mut events, mut part) = (Vec::new(), 3);
    loop {
        let found = picker.find(&storage.index.postings, 100);
        let rest = found.rest;
        for found in found.into_parts(&mut part) {
            let mut left = Some(found);
            while let Some(found) = left {
                let (read, rest) = found.read(storage.log.as_ref()).unwrap();
                events.extend(read);
                left = rest;
            }
        }
        match rest {
            Rest::More => {}
            Rest::Nothing => return events,
            Rest::Unindexed(first, last) => {
                events.extend(scanned(storage, &query, (first.get(), last.get()), direction));
                return events;
            }
        }
    }
}

/// Reads all that a query wants, without an index.
fn scanned(
    storage: &Storage,
    query: &Query,
    (first, last): (u64, u64),
    direction: Direction,
) -> Vec<Result<Event>> {
    let read = |position| {
        let chunk = storage.log.read(Position::new(position), ReadBudget::ONE);
        chunk.and_then(|mut chunk| chunk.next().unwrap())
    };
    let wanted = |event: &Result<Event>| event.as_ref().map_or(true, |event| query.matches(&event.header));
    let mut events: Vec<_> = (first..=last).map(read).filter(wanted).collect();
    if direction == Direction::Backward {
        events.reverse();
    }
    events
}

/// Writes down what was read so that it can be compared.
fn told(events: Vec<Result<Event>>) -> Vec<(u64, bool)> {
    let told = |event: Result<Event>| match event {
        Ok(event) => (event.position().get(), true),
        Err(Error::Corrupt { first, .. }) => (first.get(), false),
        Err(other) => panic!("{other:?}"),
    };
    events.into_iter().map(told).collect()
}

/// Asserts that every query is answered as by reading the log.
fn assert_answers(storage: &Storage, count: u64) {
    let ranges = [(1, count), (1, 1), (count / 3, count / 2), (count - 5, count), (2, 200.min(count))];
    for query in queries() {
        for range in ranges {
            for direction in [Direction::Forward, Direction::Backward] {
                let found = told(picked(storage, &query, range, direction));
                let expected = told(scanned(storage, &query, range, direction));
                assert_eq!(found, expected, "{query:?} in {range:?}, {direction:?}");
            }
        }
    }
}

#[test]
fn what_is_wanted_is_picked_after_moves_and_merges_and_reopening() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        assert_answers(&open(dir.path(), given(MANY, 0)), MANY);
    }
    // Some 75 were written.
    let files = files(dir.path()).len();
    assert!((2..=20).contains(&files), "{files} files");
}

#[test]
fn files_that_are_gone_damaged_or_of_another_log_are_built_anew() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), given(1_000, 0));
    let damages: [fn(&Path); 4] = [
        |file| fs::remove_file(file).unwrap(),
        |file| fs::write(file, b"no postings").unwrap(),
        |file| fs::write(file, &fs::read(file).unwrap()[..100]).unwrap(),
        |file| fs::write(file.with_extension("stray"), b"").unwrap(),
    ];
    for damage in damages {
        damage(&files(dir.path())[0]);
        assert_answers(&open(dir.path(), given(1_000, 0)), 1_000);
    }
    assert_answers(&open(dir.path(), given(1_000, 7)), 1_000);
    assert_answers(&open(dir.path(), given(500, 7)), 500);
}

#[test]
fn a_damaged_page_costs_a_read_of_the_log_and_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), given(1_000, 0)));
    let whole: Vec<_> = files(dir.path()).iter().map(|file| fs::read(file).unwrap()).collect();
    for at in [0, 5, 40, 76, 90, 4_096, 4_100, 4_110, 4_200, 6_000, 8_191] {
        for (file, whole) in files(dir.path()).iter().zip(&whole) {
            let mut bytes = whole.clone();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1;
            }
            fs::write(file, bytes).unwrap();
        }
        assert_answers(&open(dir.path(), given(1_000, 0)), 1_000);
        // Whoever met the damage has removed the file, and the next open builds it anew.
        let again = open(dir.path(), given(1_000, 0));
        assert_answers(&again, 1_000);
        assert!(again.index.findings(again.log.as_ref()).unwrap().is_empty(), "damaged at {at}");
    }
}

#[test]
fn a_damaged_event_is_told_since_it_could_be_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let damaged = || {
        let mut log = given(1_000, 0);
        log.damaged = (1..1_000).filter(|number| number % 97 == 3 || (300..310).contains(number)).collect();
        log
    };
    for _ in 0..2 {
        assert_answers(&open(dir.path(), damaged()), 1_000);
    }
    // Damage that came after the event was found whole.
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), given(1_000, 0)));
    let mut log = given(1_000, 0);
    let wanted = Query::Filter(Filter::kind("kind.1").unwrap());
    log.damaged =
        log.events.iter().filter(|event| wanted.matches(&event.header)).map(|e| e.position().get()).collect();
    let damaged = log.damaged.clone();
    let storage = open(dir.path(), log);
    let told: Vec<_> = told(picked(&storage, &wanted, (1, 1_000), Direction::Forward));
    assert_eq!(told, damaged.into_iter().map(|position| (position, false)).collect::<Vec<_>>());
}

#[test]
fn a_range_of_times_reads_little_else() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let log = given(MANY, 0);
        let read = log.read.clone();
        let storage = open(dir.path(), log);
        for kind in [None, Some("kind.1")] {
            let filter = kind.map_or_else(Filter::new, |kind| Filter::kind(kind).unwrap());
            let wanted = filter.with_since(time(2_000)).unwrap().with_until(time(2_040)).unwrap();
            for direction in [Direction::Forward, Direction::Backward] {
                let before = read.load(Ordering::Relaxed);
                let found = picked(&storage, &Query::Filter(wanted.clone()), (1, MANY), direction).len();
                let read = read.load(Ordering::Relaxed) - before;
                assert!(found >= 5 && read <= 120, "{read} events were read for {found}");
            }
        }
        // The first event of a moment, and one of none.
        let (first, last) = (Position::FIRST, Position::new(MANY));
        assert!((1_990..=2_000).contains(&storage.since(time(2_000), first, last).get()));
        assert_eq!(storage.since(time(1_000_000), first, last), last.next());
    }
}

#[test]
fn what_is_in_memory_is_bounded_while_nothing_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let log = given(MANY, 0);
    let postings = Postings::open(directory(dir.path()), &given(0, 0), Position::ZERO).unwrap();
    let log: Arc<dyn Log> = Arc::new(log);
    postings.start(&log, &nothing_published()).unwrap();
    let covered = postings.follow(log.as_ref(), Position::new(MANY)).unwrap();
    assert!(covered.get() < 2 * BATCH_EVENTS as u64 + crate::limits::CHUNK_EVENTS_MAX as u64);
    assert!(files(dir.path()).is_empty(), "postings of events that are not durable were written");
    postings.durable(Position::new(MANY));
    while postings.follow(log.as_ref(), Position::new(MANY)).unwrap() < Position::new(MANY) {
        std::thread::yield_now();
    }
}

#[test]
fn a_kind_whose_first_event_is_damaged_later_is_still_found_by_patterns() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), given(MANY, 0)));
    let mut log = given(MANY, 0);
    log.damaged.insert(1);
    let storage = open(dir.path(), log);
    let query = Query::Filter(Filter::kind("kind.*").unwrap());
    let answer = told(picked(&storage, &query, (1, MANY), Direction::Forward));
    assert_eq!(answer.len() as u64, MANY);
    assert_eq!(answer[..2], [(1, false), (2, true)]);
}

#[test]
fn large_events_are_read_in_steps_either_way() {
    let mut log = given(60, 0);
    for event in &mut log.events {
        let text = "x".repeat(100_000 * (1 + event.position().get() as usize % 3));
        event.payload = toka_vault_core::Payload::encode(&text).unwrap();
        event.header.digest = event.payload.digest();
    }
    let dir = tempfile::tempdir().unwrap();
    let storage = open(dir.path(), log);
    for direction in [Direction::Forward, Direction::Backward] {
        let query = Arc::new(Query::Filter(Filter::kind("kind.*").unwrap()));
        let range = (Position::new(1), Position::new(60));
        let (mut picker, _) = storage.picker(&query, range.0, range.1, direction).unwrap().unwrap();
        let mut found = Some(picker.find(&storage.index.postings, 100));
        let mut positions = Vec::new();
        while let Some(part) = found {
            let (read, rest) = part.read(storage.log.as_ref()).unwrap();
            let read: Vec<Event> = read.into_iter().map(Result::unwrap).collect();
            let bytes: usize = read.iter().map(|event| event.payload.bytes().len()).sum();
            assert!((1..=3 << 20).contains(&bytes), "{bytes}");
            positions.extend(read.iter().map(|event| event.position().get()));
            found = rest;
        }
        let mut expected: Vec<u64> = (1..=60).collect();
        if direction == Direction::Backward {
            expected.reverse();
        }
        assert_eq!(positions, expected, "{direction:?}");
    }
}

#[test]
fn closing_writes_what_is_durable_and_worth_a_file() {
    let min = CLOSING_EVENTS_MIN as u64;
    for (rest, durable, covered) in [(min - 1, min - 1, 0), (min, min - 1, 0), (min, min, min)] {
        let dir = tempfile::tempdir().unwrap();
        let postings = Postings::open(directory(dir.path()), &given(0, 0), Position::ZERO).unwrap();
        let log: Arc<dyn Log> = Arc::new(given(rest, 0));
        postings.start(&log, &nothing_published()).unwrap();
        assert_eq!(postings.follow(log.as_ref(), Position::new(rest)).unwrap().get(), rest);
        postings.durable(Position::new(durable));
        postings.close();
        assert_eq!(postings.own_runs().unwrap().last().get(), covered);
    }
}

#[test]
fn with_the_index_of_ids_alone_the_log_is_read_and_nothing_is_held() {
    let dir = tempfile::tempdir().unwrap();
    let (log, head) = (given(1_000, 0), Position::new(1_000));
    let index = Arc::new(Index::open(directory(dir.path()).as_ref(), Indexing::Ids, &log, head).unwrap());
    let storage = Storage { log: Arc::new(log), index, seen: None };
    storage.index.start(&storage.log, &nothing_published()).unwrap();
    storage.index.durable(head);
    assert!(storage.follow(head).unwrap(), "it can follow no further");
    for query in queries() {
        let expected = told(scanned(&storage, &query, (1, 1_000), Direction::Forward));
        let query = Arc::new(query);
        assert!(storage.picker(&query, Position::FIRST, head, Direction::Forward).unwrap().is_none());
        let first = storage.first_match(&query, Position::FIRST, head).unwrap();
        assert_eq!(first.map(Position::get), expected.first().map(|(position, _)| *position));
    }
    assert_eq!(storage.index.postings.covered(), Position::ZERO);
    assert!(!dir.path().join("postings").exists());
}

#[test]
fn events_with_many_parents_count_for_more() {
    let mut log = given(50, 0);
    for event in &mut log.events {
        event.header.parents = (1..=100).map(|number| id(number, 3)).collect();
    }
    let dir = tempfile::tempdir().unwrap();
    let postings = Postings::open(directory(dir.path()), &given(0, 0), Position::ZERO).unwrap();
    let followed = (1..=5).map(|tens| postings.follow(&log, Position::new(10 * tens)).unwrap().get());
    assert_eq!(followed.collect::<Vec<_>>(), [10, 20, 30, 30, 30]);
}
