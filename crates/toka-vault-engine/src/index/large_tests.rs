//! Large events are in files soon, however few they are: what is in no file is read again, payloads and all.

use std::sync::Arc;

use toka_vault_core::{Payload, Position};
use toka_vault_testkit::runner::watched;

use super::Index;
use super::given::{Given, directory, given};
use super::runs::{BATCH_BYTES, CLOSING, CLOSING_EVENTS_MIN, Runs};
use crate::log::Log;
use crate::options::Indexing;
use crate::published::Published;

/// So large that a file has a few of them.
const PAYLOAD_BYTES: usize = BATCH_BYTES / 4;

/// So few that their number makes no file.
const EVENTS: u64 = CLOSING_EVENTS_MIN as u64 - 1;

fn large(count: u64) -> Given {
    let mut log = given(count, 0);
    for event in &mut log.events {
        event.payload = Payload::encode(&"x".repeat(PAYLOAD_BYTES)).unwrap();
    }
    log
}

/// Opens both indexes over a log that is durable up to `head`, as they follow it in an open vault.
fn open(dir: &std::path::Path, log: &Arc<dyn Log>, head: u64) -> Index {
    let head = Position::new(head);
    let index = Index::open(directory(dir).as_ref(), Indexing::All, log.as_ref(), head).unwrap();
    index.start(log, &Arc::new(Published::new(Position::ZERO, None))).unwrap();
    index
}

/// Waits until the files of both leave less than a file's worth of the first events to read again.
fn wait_for_files(index: &Index, events: u64) {
    let left = |runs: Option<&Runs>| (events - runs.unwrap().last().get()) as usize * PAYLOAD_BYTES;
    while left(index.ids.runs()).max(left(index.postings.own_runs())) >= BATCH_BYTES {
        std::thread::yield_now();
    }
}

#[test]
fn large_events_are_in_files_before_there_are_many_to_read_again() {
    watched(|| {
        let (dir, log) = (tempfile::tempdir().unwrap(), large(EVENTS));
        let events = log.events.clone();
        let log: Arc<dyn Log> = Arc::new(log);
        let index = open(dir.path(), &log, 0);
        for event in &events {
            index.insert(std::slice::from_ref(event));
            index.durable(event.position());
        }
        wait_for_files(&index, EVENTS);
    });
}

#[test]
fn large_events_that_are_read_again_are_in_files_then() {
    watched(|| {
        let (dir, log) = (tempfile::tempdir().unwrap(), large(EVENTS));
        let log: Arc<dyn Log> = Arc::new(log);
        wait_for_files(&open(dir.path(), &log, EVENTS), EVENTS);
    });
}

#[test]
fn closing_writes_a_few_large_events() {
    let count = (CLOSING.bytes / PAYLOAD_BYTES + 1) as u64;
    assert!(count < BATCH_BYTES as u64 / PAYLOAD_BYTES as u64);
    let (dir, log) = (tempfile::tempdir().unwrap(), large(count));
    let log: Arc<dyn Log> = Arc::new(log);
    let index = open(dir.path(), &log, count);
    index.postings.follow(log.as_ref(), Position::new(count)).unwrap();
    index.close();
    for runs in [index.ids.runs(), index.postings.own_runs()] {
        assert_eq!(runs.unwrap().last().get(), count);
    }
}
