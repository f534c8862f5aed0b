//! Proof that the files of the indexes agree with the log.
//!
//! What a file says and what the log says are summed up, entry by entry, in a way that does not depend
//! on their order: one walk through each, and nothing is held. A file that lacks an entry, or has one too
//! many, has another sum.
//!
//! Keeps the invariant that nothing is trusted but the log: pages are read anew, and what makes a lookup
//! pass an entry over, which is the order of the entries and the filter, is checked with them.

use std::hash::BuildHasher;
use std::ops::ControlFlow;

use toka_vault_core::verify::Finding;
use toka_vault_core::{Event, Position, Result};

use super::postings::keys::{self, EventKeys};
use super::runs::{Cover, Damaged, Entry, Key, Run, Runs};
use crate::chunk::scan;
use crate::log::Log;

/// Gives the keys that the log says an event has.
type KeysOf = fn(&Event) -> Vec<Key>;

/// Returns the key of an event in the index of ids.
pub(super) fn id_of(event: &Event) -> Vec<Key> {
    vec![event.header.id.into()]
}

/// Returns the keys of an event in the postings.
pub(super) fn postings_of(event: &Event) -> Vec<Key> {
    let EventKeys { kind, parents, payload } =
        keys::of_event(&event.header, keys::of_kind(&event.header.kind));
    parents.chain([kind, payload]).collect()
}

/// Sums up entries.
struct Sums {
    hashers: [foldhash::quality::RandomState; 2],
    sums: [u64; 2],
}

impl Sums {
    fn add(&mut self, entry: Entry) {
        for (hasher, sum) in self.hashers.iter().zip(&mut self.sums) {
            *sum = sum.wrapping_add(hasher.hash_one((entry.0, entry.1.get())));
        }
    }

    /// Starts anew, to be compared with the sums of before.
    fn taken(&mut self) -> [u64; 2] {
        std::mem::take(&mut self.sums)
    }
}

/// Compares all files of an index with the log. Files of a range where the log is damaged are not
/// compared: what is there is not known. A file that is wrong is removed, so that the next open builds the
/// index anew from there on.
///
/// # Errors
///
/// A failure to read the log that is not the damage of an event.
pub(super) fn findings(
    log: &dyn Log,
    runs: &Runs,
    index: &'static str,
    keys_of: KeysOf,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let hashers = std::array::from_fn(|_| foldhash::quality::RandomState::default());
    let mut sums = Sums { hashers, sums: [0; 2] };
    for run in runs.snapshot() {
        let (first, last) = run.cover().span();
        let mut wrong = |reason| findings.push(Finding::WrongIndex { index, first, last, reason });
        let in_order = walk(&run, &mut sums);
        let filed = sums.taken();
        match in_order {
            Ok(true) => {}
            Ok(false) => {
                runs.discard(&run);
                wrong("its entries are not in order");
                continue;
            }
            Err(Damaged) => {
                wrong("a page is damaged, or cannot be read");
                continue;
            }
        }
        let (mut allowed, zones) = (true, &run.notes().zones);
        let whole = read(log, run.cover(), |event| {
            allowed &= zones.is_empty() || zones.allows(event.position(), event.header.timestamp);
            keys_of(event).into_iter().for_each(|key| sums.add((key, event.position())));
        })?;
        if whole && (filed != sums.taken() || !allowed) {
            runs.discard(&run);
            wrong("it does not say what the log says");
        }
        sums.taken();
    }
    Ok(findings)
}

/// Sums up what a file says. Tells whether each entry is where it is looked for.
fn walk(run: &Run, sums: &mut Sums) -> Result<bool, Damaged> {
    let mut before = (Key::LEAST, Position::ZERO);
    for number in 0..run.pages() {
        let entries = run.page(number)?;
        if entries.first().map(|entry| entry.0) != run.first_of(number) {
            return Ok(false);
        }
        for entry in entries {
            if entry < before || !run.could_have(entry.0) {
                return Ok(false);
            }
            sums.add(entry);
            before = entry;
        }
    }
    Ok(true)
}

/// Reads what a file covers. Returns whether all of it can be read.
fn read(log: &dyn Log, cover: Cover, mut each: impl FnMut(&Event)) -> Result<bool> {
    let mut left = cover.last.get().saturating_sub(cover.first.get()).saturating_add(1);
    scan(log, cover.first..=cover.last, |events| {
        let events = events.unwrap_or_default();
        left = left.saturating_sub(events.len() as u64);
        events.iter().for_each(&mut each);
        Ok(ControlFlow::<()>::Continue(()))
    })?;
    Ok(left == 0)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use toka_vault_core::Timestamp;

    use super::*;
    use crate::index::given::{directory, given};
    use crate::index::postings::LAYOUT;
    use crate::index::runs::Notes;
    use crate::index::times::Zones;

    const EVENTS: u64 = 300;

    /// Makes a file of what the log says, but for a change.
    fn file(dir: &Path, log: &dyn Log, change: impl FnOnce(&mut Vec<Entry>)) -> Runs {
        file_with(dir, log, change, Timestamp::MAX)
    }

    /// Makes a file of what the log says, but for a change, and for times that are later than one.
    fn file_with(dir: &Path, log: &dyn Log, change: impl FnOnce(&mut Vec<Entry>), latest: Timestamp) -> Runs {
        let runs = Runs::open(directory(dir), LAYOUT, log, Position::new(EVENTS)).unwrap();
        let events = given(EVENTS, 0).events;
        let entries = |event: &Event| {
            let position = event.position();
            postings_of(event).into_iter().map(move |key| (key, position)).collect::<Vec<_>>()
        };
        let mut all: Vec<Entry> = events.iter().flat_map(entries).collect();
        all.sort_unstable();
        change(&mut all);
        let (first, last) = (Position::FIRST, Position::new(EVENTS));
        let hash = events.last().unwrap().header.hash;
        let mut zones = Zones::default();
        events.iter().for_each(|event| zones.add(event.position(), event.header.timestamp.min(latest)));
        runs.add(all, Notes { zones, ..Notes::default() }, Cover { first, last, hash }).unwrap();
        runs
    }

    fn found(log: &dyn Log, runs: &Runs) -> Vec<String> {
        let findings = findings(log, runs, "postings", postings_of).unwrap();
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_that_says_what_the_log_says_is_proven() {
        let (dir, log) = (tempfile::tempdir().unwrap(), given(EVENTS, 0));
        assert_eq!(found(&log, &file(dir.path(), &log, |_| {})), Vec::<String>::new());
    }

    #[test]
    fn an_entry_that_is_missing_or_too_many_or_elsewhere_is_found() {
        let changes: [fn(&mut Vec<Entry>); 4] = [
            |entries| {
                entries.remove(100);
            },
            |entries| entries.push((Key(u128::MAX), Position::FIRST)),
            |entries| entries[7].1 = entries[7].1.next(),
            |entries| entries.swap(10, 20),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let (dir, log) = (tempfile::tempdir().unwrap(), given(EVENTS, 0));
            let found = found(&log, &file(dir.path(), &log, change));
            assert_eq!(found.len(), 1, "change {number}: {found:?}");
            assert!(found[0].contains("`postings` for positions 1 to 300"), "{found:?}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "the next open would find it again");
        }
    }

    #[test]
    fn times_that_leave_out_an_event_are_found() {
        let (dir, log) = (tempfile::tempdir().unwrap(), given(EVENTS, 0));
        let latest = Timestamp::from_micros(200_000_000).unwrap();
        let found = found(&log, &file_with(dir.path(), &log, |_| {}, latest));
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_damaged_page_is_found_and_damage_of_the_log_is_not_blamed_on_a_file() {
        let (dir, mut log) = (tempfile::tempdir().unwrap(), given(EVENTS, 0));
        drop(file(dir.path(), &log, |_| {}));
        log.damaged.insert(40);
        let runs = Runs::open(directory(dir.path()), LAYOUT, &log, Position::new(EVENTS)).unwrap();
        assert_eq!(found(&log, &runs), Vec::<String>::new());
        let path = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        bytes[5_000] ^= 1;
        fs::write(&path, bytes).unwrap();
        let runs = Runs::open(directory(dir.path()), LAYOUT, &log, Position::new(EVENTS)).unwrap();
        assert!(found(&log, &runs)[0].contains("a page is damaged"));
        assert!(!path.exists(), "the next open would find it again");
    }
}
