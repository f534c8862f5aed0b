//! The index finds what the log has, whatever becomes of its files.

mod no_room;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use toka_vault_core::{Error, Event, EventId, Position, Result};

use super::{GATHERED_IDS_MAX, IdIndex, Lookup, WAITING_IDS_MAX};
use crate::index::given::{Given, directory, files, given, id};
use crate::index::runs::{CLOSING_EVENTS_MIN, LastPage};
use crate::index::{Index, Postings};
use crate::log::ReadBudget;
use crate::lookup::{Known, Storage, Unread};
use crate::sync::read;

/// Events of a test that needs merges.
const MANY: u64 = GATHERED_IDS_MAX as u64 * 75;

impl IdIndex {
    fn find(&self, id: EventId) -> Lookup {
        self.find_near(id, &mut LastPage::default())
    }
}

impl Storage {
    fn event(&self, id: EventId, last: Position) -> Result<Option<Event>> {
        self.event_told(id, self.told(id, last)?, last)
    }
}

fn open(dir: &Path, log: &Given) -> IdIndex {
    IdIndex::open(directory(dir), log, Position::new(log.events.len() as u64)).unwrap()
}

/// Waits until all ids that can be on disk are.
fn settle(index: &IdIndex) {
    let settled = || {
        let recent = read(&index.recent);
        recent.gathered.len() < GATHERED_IDS_MAX && recent.leaving.is_none()
    };
    while !settled() {
        std::thread::yield_now();
    }
}

/// Makes the files of a log's index, and ends the index.
fn filed(dir: &Path, log: &Given) -> IdIndex {
    let index = open(dir, log);
    settle(&index);
    index.close();
    index
}

/// Asserts that each event is found, and no other.
fn assert_finds(index: IdIndex, log: Given) {
    let absent = id(1, 999);
    let storage = Storage { index: Arc::new(whole(index)), log: Arc::new(log), seen: None };
    let last = Position::new(u64::MAX);
    let all = storage.log.read(Position::FIRST, ReadBudget::new(usize::MAX, 0)).unwrap();
    for event in all.map(Result::unwrap) {
        assert_eq!(storage.event(event.header.id, last).unwrap(), Some(event));
    }
    assert_eq!(storage.event(absent, last).unwrap(), None);
}

/// Makes an index by id part of a whole one.
fn whole(ids: IdIndex) -> Index {
    Index { ids, postings: Postings::default() }
}

/// Looks up ids together, as for a batch.
fn known(storage: &Storage, ids: Vec<EventId>) -> Result<Known> {
    let unread = Unread { ids, ..Unread::default() };
    storage.known(unread, Position::ZERO, Position::ZERO)
}

#[test]
fn what_is_looked_up_together_is_what_is_looked_up_alone() {
    let dir = tempfile::tempdir().unwrap();
    let log = given(MANY, 0);
    let (read, calls) = (log.read.clone(), log.calls.clone());
    let index = Arc::new(whole(filed(dir.path(), &log)));
    let storage = Storage { index, log: Arc::new(log), seen: None };
    let numbers = (100..300).rev().chain([7, 9, 400, 7, MANY]);
    let ids: Vec<_> =
        numbers.map(|number| id(number, 0)).chain((1..50).map(|number| id(number, 999))).collect();
    let before = [&read, &calls].map(|count| count.load(Ordering::Relaxed));
    let known = known(&storage, ids.clone()).unwrap();
    let after = [&read, &calls].map(|count| count.load(Ordering::Relaxed));
    // Those that stand together by one read, each of the others by its own.
    assert_eq!([after[0] - before[0], after[1] - before[1]], [205, 6]);
    for id in ids {
        assert_eq!(
            known.find(id, Position::ZERO),
            Some(storage.header(id, Position::new(u64::MAX)).unwrap().as_ref())
        );
    }
}

#[test]
fn an_event_with_another_id_is_not_what_is_looked_up_together() {
    let dir = tempfile::tempdir().unwrap();
    let index = Arc::new(whole(filed(dir.path(), &given(MANY, 0))));
    let storage = Storage { index, log: Arc::new(given(MANY, 7)), seen: None };
    let known = known(&storage, (100..110).map(|number| id(number, 0)).collect()).unwrap();
    assert!((100..110).all(|number| known.find(id(number, 0), Position::ZERO) == Some(None)));
}

#[test]
fn of_events_that_are_looked_up_together_one_may_be_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let log = given(MANY, 0);
    let index = Arc::new(whole(filed(dir.path(), &log)));
    let storage = Storage { index, log: Arc::new(Given { damaged: [150].into(), ..log }), seen: None };
    let ids = |numbers: std::ops::Range<u64>| numbers.map(|number| id(number, 0)).collect();
    assert!(known(&storage, ids(100..150)).is_ok() && known(&storage, ids(151..200)).is_ok());
    let Err(Error::Corrupt { first, .. }) = known(&storage, ids(100..200)) else { panic!("it is damaged") };
    assert_eq!(first.get(), 150);
}

#[test]
fn every_event_is_found_after_moves_and_merges_and_reopening() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let log = given(MANY, 0);
        assert_finds(open(dir.path(), &log), log);
    }
    let covered = files(dir.path()).len();
    assert!(covered < MANY as usize / GATHERED_IDS_MAX / 4, "{covered} files");
}

#[test]
fn files_that_are_gone_damaged_or_of_another_log_are_built_anew() {
    let dir = tempfile::tempdir().unwrap();
    let log = given(1_000, 0);
    settle(&open(dir.path(), &log));
    let damages: [fn(&Path); 4] = [
        |file| fs::remove_file(file).unwrap(),
        |file| fs::write(file, b"not an index").unwrap(),
        |file| fs::write(file, &fs::read(file).unwrap()[..100]).unwrap(),
        |file| fs::write(file.with_extension("stray"), b"").unwrap(),
    ];
    for damage in damages {
        damage(&files(dir.path())[0]);
        let log = given(1_000, 0);
        let index = open(dir.path(), &log);
        settle(&index);
        assert_finds(index, log);
    }
    let other = given(1_000, 7);
    assert_finds(open(dir.path(), &other), other);
    let shorter = given(500, 7);
    assert_finds(open(dir.path(), &shorter), shorter);
}

#[test]
fn a_damaged_page_is_found_out_and_the_log_is_searched() {
    let dir = tempfile::tempdir().unwrap();
    let log = given(1_000, 0);
    let index = filed(dir.path(), &log);
    for file in files(dir.path()) {
        let mut bytes = fs::read(&file).unwrap();
        bytes[4_096 + 20] ^= 1;
        fs::write(&file, bytes).unwrap();
    }
    assert!((1..1_000).any(|number| matches!(index.find(id(number, 0)), Lookup::Unread(_))));
    assert_finds(index, given(1_000, 0));
    let again = open(dir.path(), &log);
    settle(&again);
    assert!((1..1_000).all(|number| matches!(again.find(id(number, 0)), Lookup::At(_))), "built anew");
    assert_finds(again, log);
}

#[test]
fn an_id_is_not_said_to_be_absent_while_it_could_be_that_of_a_damaged_event() {
    const DAMAGED: [u64; 6] = [1, 2, 40, 64, 500, 1_000];
    let dir = tempfile::tempdir().unwrap();
    let last = Position::new(u64::MAX);
    let mut log = given(1_000, 0);
    log.damaged = DAMAGED.into();
    for _ in 0..2 {
        let index = open(dir.path(), &log);
        settle(&index);
        let log = Given { events: log.events.clone(), damaged: log.damaged.clone(), ..Given::default() };
        let storage = Storage { index: Arc::new(whole(index)), log: Arc::new(log), seen: None };
        for number in (1..=1_000).filter(|number| !DAMAGED.contains(number)) {
            assert!(storage.event(id(number, 0), last).unwrap().is_some(), "{number}");
        }
        for number in DAMAGED.into_iter().chain([5_000]) {
            assert!(storage.index.ids.could_have(id(number, 0)), "{number}");
            let found = storage.event(id(number, 0), last);
            assert!(matches!(found, Err(Error::Corrupt { .. })), "{number}: {found:?}");
        }
    }
    // The files cover what could not be read, so that they are used again.
    let whole_log = given(1_000, 0);
    let index = open(dir.path(), &whole_log);
    assert!(whole_log.read.load(Ordering::Relaxed) < 200, "the index was built anew");
    settle(&index);
    assert_finds(index, whole_log);
}

#[test]
fn a_file_whose_last_event_is_damaged_later_is_kept_and_that_of_another_log_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let log = given(1_000, 0);
    let index = filed(dir.path(), &log);
    let ends: Vec<u64> = index.runs().unwrap().snapshot().iter().map(|run| run.cover().last.get()).collect();
    let damaged = || ends.iter().flat_map(|end| [end - 2, end - 1, *end]).collect();
    let log = Given { damaged: damaged(), ..given(1_000, 0) };
    let index = open(dir.path(), &log);
    assert!(log.read.load(Ordering::Relaxed) < 200, "the index was built anew");
    for end in &ends {
        assert_eq!(index.find(id(*end, 0)), Lookup::At(Position::new(*end)));
    }
    assert_eq!(index.find(id(5_000, 0)), Lookup::Absent);
    index.close();
    let other = Given { damaged: damaged(), ..given(1_000, 7) };
    let index = open(dir.path(), &other);
    assert!(ends.iter().all(|end| !matches!(index.find(id(*end, 0)), Lookup::At(_))));
    assert!(matches!(index.find(id(1, 7)), Lookup::At(_)));
}

#[test]
fn what_is_in_memory_is_bounded_while_nothing_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let log = given(WAITING_IDS_MAX as u64 * 2, 0);
    let index = IdIndex::open(directory(dir.path()), &given(0, 0), Position::ZERO).unwrap();
    let (early, late) = log.events.split_at(WAITING_IDS_MAX + GATHERED_IDS_MAX);
    for event in early {
        index.insert(std::slice::from_ref(event));
    }
    while read(&index.recent).leaving.is_none() {
        std::thread::yield_now();
    }
    early.iter().for_each(|event| index.insert(std::slice::from_ref(event)));
    assert!(!index.has_room());
    assert!(files(dir.path()).is_empty(), "ids of events that are not durable were written");
    index.durable(Position::new(early.len() as u64));
    index.wait_for_room(&given(0, 0)).unwrap();
    index.insert(late);
    assert_eq!(index.find(late[0].header.id), Lookup::At(late[0].position()));
}

#[test]
fn an_unknown_id_outside_all_files_needs_no_read() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(dir.path(), &given(1_000, 0));
    assert!(!index.could_have(EventId::from_u128(0)));
    assert!(!index.could_have(EventId::from_u128(u128::MAX)));
}

#[test]
fn closing_writes_what_is_worth_a_file() {
    for (rest, is_worth_it) in [(CLOSING_EVENTS_MIN - 1, false), (CLOSING_EVENTS_MIN, true)] {
        let (dir, filed) = (tempfile::tempdir().unwrap(), 3 * GATHERED_IDS_MAX);
        let log = given((filed + rest) as u64, 0);
        let index = IdIndex::open(directory(dir.path()), &given(0, 0), Position::ZERO).unwrap();
        let (before, newest) = log.events.split_at(filed);
        for events in before.chunks(GATHERED_IDS_MAX) {
            index.insert(events);
            index.durable(events.last().unwrap().position());
            settle(&index);
        }
        index.insert(newest);
        index.durable(log.events.last().unwrap().position());
        index.close();
        let covered = filed + if is_worth_it { rest } else { 0 };
        assert_eq!(index.runs().unwrap().last().get(), covered as u64);
        assert_finds(open(dir.path(), &log), log);
    }
}

#[test]
fn closing_writes_nothing_that_is_not_durable() {
    let dir = tempfile::tempdir().unwrap();
    let index = IdIndex::open(directory(dir.path()), &given(0, 0), Position::ZERO).unwrap();
    index.insert(&given(CLOSING_EVENTS_MIN as u64, 0).events);
    index.durable(Position::new(CLOSING_EVENTS_MIN as u64 - 1));
    index.close();
    assert!(files(dir.path()).is_empty());
}

#[test]
fn what_is_in_memory_is_bounded_while_files_are_merged() {
    let dir = tempfile::tempdir().unwrap();
    let log = given(200_000, 0);
    let index = IdIndex::open(directory(dir.path()), &given(0, 0), Position::ZERO).unwrap();
    for event in &log.events {
        index.wait_for_room(&given(0, 0)).unwrap();
        index.insert(std::slice::from_ref(event));
        index.durable(event.position());
        assert!(read(&index.recent).gathered.len() <= WAITING_IDS_MAX);
    }
    for number in [1, 100_000, 200_000] {
        assert_eq!(index.find(id(number, 0)), Lookup::At(Position::new(number)));
    }
    // They are merged all the same: seven of each size stay at most, and there are five sizes.
    while index.runs().unwrap().snapshot().len() > 40 {
        std::thread::yield_now();
    }
    index.close();
    drop(index);
    assert_finds(open(dir.path(), &log), log);
}

#[test]
fn what_cannot_be_written_stays_in_memory_up_to_the_bound_and_is_written_later() {
    let dir = tempfile::tempdir().unwrap();
    let log = given(WAITING_IDS_MAX as u64 * 3, 0);
    let index = IdIndex::open(directory(&dir.path().join("ids")), &given(0, 0), Position::ZERO).unwrap();
    // No file can be created where there is no directory.
    fs::rename(dir.path().join("ids"), dir.path().join("away")).unwrap();
    let mut events = log.events.iter();
    let mut insert = |index: &IdIndex| {
        let event = events.next().unwrap();
        index.insert(std::slice::from_ref(event));
        index.durable(event.position());
    };
    while index.wait_for_room(&given(0, 0)).is_ok() {
        insert(&index);
    }
    assert!(matches!(index.wait_for_room(&given(0, 0)), Err(Error::Io { .. })));
    assert_eq!(read(&index.recent).gathered.len(), WAITING_IDS_MAX);
    assert_eq!(index.find(id(3, 0)), Lookup::At(Position::new(3)));
    fs::rename(dir.path().join("away"), dir.path().join("ids")).unwrap();
    index.wait_for_room(&given(0, 0)).unwrap();
    insert(&index);
    index.close();
    assert!(!files(&dir.path().join("ids")).is_empty());
}
