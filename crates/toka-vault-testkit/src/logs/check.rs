//! [`check_log`] and [`check_inline_log`]: what [`Log`] promises, asked of a log by itself.
//!
//! Keeps the invariant that it asks for nothing that the documentation of [`Log`] does not promise, and
//! for what a vault over the log hides: the newest events are read from memory, and the clock makes up
//! for an end that was lost.

use std::collections::HashMap;

use toka_vault_core::hashing::chain_hash;
use toka_vault_core::{
    Digest, Event, EventHash, EventHeader, EventId, Head, Kind, Parents, Position, Timestamp,
};
use toka_vault_engine::limits::SHARED_BYTES_MIN;
use toka_vault_engine::{Group, Log, LogEnd, ReadBudget};

use crate::events::payload_of;

/// Bytes of the payloads of each group. Equal ones are equal payloads.
const GROUPS: [&[usize]; 6] = [&[10], &[11, 600, 3], &[40; 80], &[600, 70_000, 1], &[600, 70_000], &[5; 30]];

/// How much is read at once.
const BUDGETS: [ReadBudget; 4] =
    [ReadBudget::ONE, ReadBudget::new(7, usize::MAX), ReadBudget::new(usize::MAX, 2_000), ReadBudget::CHUNK];

/// Holds what a log was given.
struct Written {
    events: Vec<Event>,
    end: LogEnd,
    /// The first event that has a payload.
    owners: HashMap<Digest, Position>,
}

/// Appends groups to a log, reads them at every position, and opens it again with what it held.
///
/// `open` opens the log, which is empty at the first call, and tells where it ends. It is for a log that
/// evicts nothing and is found again. The suite works through a vault, which reads what is new from memory
/// and so hides much of this.
///
/// # Panics
///
/// Where the log breaks a promise of [`Log`].
pub fn check_log<L: Log>(open: impl Fn() -> (L, LogEnd)) {
    let mut written = Written { events: Vec::new(), end: LogEnd::EMPTY, owners: HashMap::new() };
    let (log, end) = open();
    assert_eq!(end, LogEnd::EMPTY, "a new log ends where an empty one does");
    written.assert_read(&log);
    for sizes in GROUPS {
        written.append(&log, sizes);
        // Found at once, and not only by who waits for the sync.
        written.assert_read(&log);
        log.sync(written.end.head).expect("what was appended is synced");
    }
    log.close().expect("a log is closed");
    drop(log);
    let log = written.reopened(&open);
    written.append(&log, GROUPS[1]);
    // What was neither synced nor closed survives the end of its process.
    drop(log);
    let log = written.reopened(&open);
    written.append(&log, GROUPS[3]);
    written.assert_read(&log);
}

/// Appends groups to a log that is for [`open_inline`](toka_vault_engine::open_inline), and
/// reads it at every position.
///
/// The log is empty and evicts nothing. It may take the events out of a group, and need not be found again.
///
/// # Panics
///
/// Where the log breaks a promise of [`Log`].
pub fn check_inline_log(log: &impl Log) {
    let mut written = Written { events: Vec::new(), end: LogEnd::EMPTY, owners: HashMap::new() };
    written.assert_read(log);
    for sizes in GROUPS {
        log.append(&mut written.next_group(sizes)).expect("a group is appended");
        written.assert_read(log);
        log.sync(written.end.head).expect("what was appended is synced");
    }
    log.close().expect("a log is closed");
}

impl Written {
    /// Appends a group of events with payloads of these sizes, which has to keep them.
    fn append(&mut self, log: &impl Log, sizes: &[usize]) {
        let mut group = self.next_group(sizes);
        let given = group.events.clone();
        log.append(&mut group).expect("a group is appended");
        assert!(
            group.events == given,
            "append changed the events of the group: it leaves them there for readers that are close"
        );
    }

    /// Makes the next group, of events with payloads of these sizes.
    fn next_group(&mut self, sizes: &[usize]) -> Group {
        let (events, owners): (Vec<_>, Vec<_>) = sizes.iter().map(|size| self.next(*size)).unzip();
        let owners = if owners.iter().all(Option::is_none) { Vec::new() } else { owners };
        Group { events, end: self.end, owners }
    }

    /// Makes the next event, and tells which earlier one has its payload.
    fn next(&mut self, size: usize) -> (Event, Option<Position>) {
        let (position, payload) = (self.end.position().next(), payload_of(size));
        let number = position.get();
        let id = EventId::from_u128(u128::from(number));
        let parents: Parents = self.events.last().map(|event| event.header.id).into_iter().collect();
        let kind = Kind::new(if number.is_multiple_of(3) { "log.third" } else { "log.other" }).unwrap();
        let hash = EventHash::from_bytes(*Digest::of(&number.to_be_bytes()).as_bytes());
        let digest = payload.digest();
        let time = Timestamp::from_micros(number as i64).unwrap();
        let event = Event::new(EventHeader::new(id, kind, time, parents, digest, hash, position), payload);
        // No field of the end can be told from the events, as where these are imported.
        self.end = LogEnd {
            head: Head { position, chain: chain_hash(self.end.chain(), hash) },
            assigned_id: EventId::from_u128(u128::from(number) << 40),
            assigned_timestamp: Timestamp::from_micros(number as i64 * 1_000_000).unwrap(),
            greatest_id: EventId::from_u128(u128::from(number) << 90),
        };
        let owner = self.owners.get(&digest).copied().filter(|_| size >= SHARED_BYTES_MIN);
        self.owners.entry(digest).or_insert(position);
        self.events.push(event.clone());
        (event, owner)
    }

    /// Opens the log again, which has to have all of this.
    fn reopened<L: Log>(&self, open: &impl Fn() -> (L, LogEnd)) -> L {
        let (log, end) = open();
        assert_eq!(end, self.end, "a log that is opened again ends with the end of its newest whole group");
        self.assert_read(&log);
        log
    }

    /// Asserts that the log reads all of this, from every position, and nothing else.
    fn assert_read(&self, log: &impl Log) {
        for event in &self.events {
            for budget in BUDGETS {
                self.assert_read_from(log, event.position(), budget);
            }
        }
        let last = self.end.position();
        for behind in [last.next(), last.plus(1_000), Position::new(u64::MAX)] {
            let read = log.read(behind, ReadBudget::CHUNK).and_then(|chunk| chunk.into_events());
            let found = read.unwrap_or_else(|error| panic!("a read at {behind}, behind the end: {error:?}"));
            assert!(found.is_empty(), "a read at {behind} finds events, where the log ends at {last}");
        }
    }

    fn assert_read_from(&self, log: &impl Log, from: Position, budget: ReadBudget) {
        let place =
            format!("a read at {from}, where the log ends at {}, with {budget:?},", self.end.position());
        let read = log.read(from, budget).and_then(|chunk| chunk.into_events());
        let read = read.unwrap_or_else(|error| panic!("{place} fails: {error:?}"));
        assert!(!read.is_empty(), "{place} finds nothing: at least the event there is read");
        assert!(read.len() <= budget.events, "{place} gives {} events: more than asked for", read.len());
        let expected = self.events.iter().skip(from.minus(1).get() as usize);
        for ((found, expected), at) in read.iter().zip(expected).zip(from.get()..) {
            let found_at = found.position();
            assert_eq!(found_at.get(), at, "{place} gives the event at {found_at} in the place of {at}");
            assert!(found == expected, "{place} gives the event at {at} not as it was appended: {found:?}");
        }
        let bytes: usize = read.iter().rev().skip(1).map(|event| event.payload.bytes().len()).sum();
        assert!(
            bytes < budget.bytes.max(1),
            "{place} goes on behind {bytes} bytes of payloads: no event is added to as many as that"
        );
    }
}
