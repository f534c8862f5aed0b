//! Postings of another process lead to the same, and nothing of them is changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use toka_vault_core::{Direction, Filter, Position};

use super::{MANY, assert_answers, open, picked};
use crate::index::given::{Given, files, given, read_only};
use crate::index::postings::{BATCH_EVENTS, Postings};
use crate::index::{IdIndex, Index};
use crate::lookup::Storage;
use crate::query::Query;

/// Opens the postings of another process, over a log that is known to be durable up to `head`.
fn beside(dir: &Path, log: Given, head: u64) -> Storage {
    let postings = Postings::beside(read_only(dir), &log, Position::new(head));
    Storage { log: Arc::new(log), index: Arc::new(Index { ids: IdIndex::default(), postings }), seen: None }
}

/// Returns what the files of a directory hold.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files(dir).into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

#[test]
fn they_answer_and_are_not_changed_damaged_or_not() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), given(1_000, 0)));
    fs::write(dir.path().join("stray"), b"").unwrap();
    let whole = contents(dir.path());
    assert_answers(&beside(dir.path(), given(1_000, 0), 1_000), 1_000);
    assert_eq!(contents(dir.path()), whole);
    for at in [0, 40, 4_100, 6_000] {
        for (file, bytes) in &whole {
            let mut bytes = bytes.clone();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1;
            }
            fs::write(file, bytes).unwrap();
        }
        let damaged = contents(dir.path());
        let storage = beside(dir.path(), given(1_000, 0), 1_000);
        for query in super::queries() {
            let expected = super::scanned(&storage, &query, (1, 1_000), Direction::Forward);
            let query = Arc::new(query);
            let first = storage.first_match(&query, Position::FIRST, Position::new(1_000)).unwrap();
            assert_eq!(first.map(Position::get), super::told(expected).first().map(|told| told.0));
        }
        assert_eq!(contents(dir.path()), damaged, "damaged at {at}");
    }
}

#[test]
fn those_of_another_log_or_of_none_are_of_no_use_and_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), given(100, 7)));
    let whole = contents(dir.path());
    assert_answers(&beside(dir.path(), given(100, 0), 100), 100);
    assert_eq!(contents(dir.path()), whole);
    let none = dir.path().join("none");
    assert_answers(&beside(&none, given(100, 0), 100), 100);
    assert!(!none.exists());
}

#[test]
fn what_they_have_is_not_read_for() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), given(MANY, 0)));
    let log = given(MANY, 0);
    let read = log.read.clone();
    let storage = beside(dir.path(), log, MANY);
    let before = read.load(Ordering::Relaxed);
    assert!(before <= files(dir.path()).len(), "{before} events were read to trust the files");
    let found =
        picked(&storage, &Query::Filter(Filter::kind("kind.3").unwrap()), (1, MANY), Direction::Forward);
    let (found, read) = (found.len(), read.load(Ordering::Relaxed) - before);
    assert!(found == 0 && read <= 2 * BATCH_EVENTS, "{read} events were read for {found}");
}

#[test]
fn they_are_looked_for_anew_and_what_is_in_memory_stays_bounded() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), given(100, 0)));
    // Its owner goes on: the files that were opened are merged with others, and removed.
    let storage = beside(dir.path(), given(MANY, 0), 100);
    assert_answers(&storage, 100);
    let before = files(dir.path());
    drop(open(dir.path(), given(MANY, 0)));
    assert!(before.iter().all(|file| !file.exists()));
    assert_answers(&storage, MANY);
    let (parts, bound) = (storage.index.postings.memory.events(), 4 * BATCH_EVENTS + 2_048);
    assert!(parts <= bound, "{parts} events are in memory");
}

#[test]
fn beyond_what_they_and_memory_have_the_log_is_read() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), given(100, 0)));
    let storage = beside(dir.path(), given(MANY, 0), MANY);
    while !storage.follow(Position::new(MANY)).unwrap() {}
    let covered = storage.index.postings.covered();
    assert!(covered > Position::new(100) && covered < Position::new(MANY), "{covered}");
    let query = Arc::new(Query::Filter(Filter::kind("kind.1").unwrap()));
    for first in [1, covered.get(), covered.get() + 100, MANY - 10] {
        let found = storage.first_match(&query, Position::new(first), Position::new(MANY)).unwrap();
        let expected = super::scanned(&storage, &query, (first, MANY), Direction::Forward);
        assert_eq!(found.map(Position::get), super::told(expected).first().map(|told| told.0));
    }
}
