//! Follows a journal while it is written, looking between any two changes of its disk and in the middle of
//! writes, and over the death of its writer. What is shown was durable, in whole groups, and stays.

use std::sync::{Arc, Mutex};

use toka_vault_core::{Error, Event, Head, Position};
use toka_vault_engine::disk::Directory;
use toka_vault_engine::{FollowedLog, LogEnd};
use toka_vault_testkit::sim::{Change, Seed, SimDirectory};

use crate::crash_tests::{Acknowledge, CHANGES_MAX, History, group, open, read_all, salts};
use crate::follow::Follower;
use crate::journal::Journal;
use crate::spares::Spares;

/// Bytes that a reader sees at once of a write.
const SECTOR_BYTES: usize = 512;

/// Makes a change on a disk, a write sector by sector in any order, and calls `between` after each.
fn make(live: &SimDirectory, change: &Change, seed: &mut Seed, mut between: impl FnMut()) {
    match change {
        Change::Create(name) => drop(live.create(name).unwrap()),
        Change::Rename(from, to) => live.rename(from, to).unwrap(),
        Change::Remove(name) => live.remove(name).unwrap(),
        Change::SyncNames(_) => live.sync().unwrap(),
        Change::Sync(name) => live.open(name).unwrap().sync().unwrap(),
        Change::FailedSync(name) => panic!("{name} could not be synced, though the disk is whole"),
        Change::Write(name, offset, bytes) => {
            let file = live.open(name).unwrap();
            if file.len().unwrap() < offset + bytes.len() as u64 {
                // A file that grows is not in use.
                return file.write_at(bytes, *offset).unwrap();
            }
            let mut sectors: Vec<_> = bytes.chunks(SECTOR_BYTES).enumerate().collect();
            while !sectors.is_empty() {
                let (at, sector) = sectors.swap_remove(seed.below(sectors.len() as u64) as usize);
                file.write_at(sector, offset + (at * SECTOR_BYTES) as u64).unwrap();
                between();
            }
        }
    }
    between();
}

/// A journal that is followed, and what may be shown of it.
struct Followed<'a> {
    history: &'a History,
    live: SimDirectory,
    follower: Follower,
    record: Arc<Mutex<Option<Head>>>,
    shown: Mutex<LogEnd>,
}

impl<'a> Followed<'a> {
    /// Creates the journal of a history, and opens it.
    fn create(history: &'a History, seed: &mut Seed) -> Self {
        let live = SimDirectory::default();
        let changes = history.directory.changes();
        changes.iter().take(history.created).for_each(|change| make(&live, change, seed, || ()));
        let record = Arc::new(Mutex::new(None));
        let read = record.clone();
        let follower = Follower::open(Arc::new(live.clone()), Box::new(move || Ok(*read.lock().unwrap())));
        let follower = follower.unwrap().unwrap();
        Self { history, live, follower, record, shown: Mutex::new(LogEnd::EMPTY) }
    }

    /// Looks, and checks that what is shown grows in whole groups and not beyond `durable`.
    fn look(&self, durable: Position) -> LogEnd {
        let end = self.follower.look().unwrap();
        let mut shown = self.shown.lock().unwrap();
        assert!(end.position() >= shown.position() && end.position() <= durable, "{end:?} {durable}");
        assert!(end == LogEnd::EMPTY || self.history.groups.iter().any(|group| group.end == end), "{end:?}");
        *shown = end;
        end
    }

    /// Asserts that all that is shown can be read.
    fn assert_readable(&self, end: LogEnd) {
        let expected: Vec<Event> =
            self.history.groups.iter().flat_map(|group| group.events.clone()).collect();
        assert_eq!(read_all(&self.follower.journal).unwrap(), expected[..end.position().get() as usize]);
    }

    /// Records that the writer has acknowledged all up to a group's end.
    fn record(&self, position: Position) {
        let end = self.history.groups.iter().map(|group| group.end).find(|end| end.position() == position);
        *self.record.lock().unwrap() = end.map(|end| end.head);
    }
}

/// Returns up to where a history was durable after so many changes: what was written before the last sync.
fn durable(history: &History, changes: &[Change], count: usize) -> Position {
    let synced = changes[..count].iter().rposition(|change| matches!(change, Change::Sync(_))).unwrap_or(0);
    history.written.iter().take_while(|(at, _)| *at <= synced).last().map_or(Position::ZERO, |(_, end)| *end)
}

#[test]
fn what_is_shown_is_durable_whenever_it_is_looked_at() {
    for number in 0..12 {
        let mut seed = Seed::new(number);
        let history = History::run(&mut seed, Acknowledge::AfterSync, CHANGES_MAX);
        let followed = Followed::create(&history, &mut seed);
        let changes = history.directory.changes();
        for count in history.created..changes.len() {
            let after = durable(&history, &changes, count + 1);
            make(&followed.live, &changes[count], &mut seed, || {
                followed.look(after);
            });
            let acknowledged = history.acknowledged.iter().take_while(|(at, _)| *at <= count + 1).last();
            let Some((_, acknowledged)) = acknowledged.filter(|_| seed.below(4) == 0) else { continue };
            followed.record(*acknowledged);
            let end = followed.look(after);
            assert!(end.position() >= *acknowledged, "what is recorded is not shown");
            followed.assert_readable(end);
        }
    }
}

#[test]
fn without_a_record_a_group_is_shown_with_the_next_one() {
    let mut seed = Seed::new(77);
    let history = History::run(&mut seed, Acknowledge::AfterSync, CHANGES_MAX);
    let followed = Followed::create(&history, &mut seed);
    let changes = history.directory.changes();
    changes[history.created..].iter().for_each(|change| make(&followed.live, change, &mut seed, || ()));
    // The last frames say what was durable when they were written.
    let last = history.written[history.written.len() - 2].0;
    let acknowledged = history.acknowledged.iter().take_while(|(at, _)| *at <= last).last().unwrap().1;
    let end = followed.look(durable(&history, &changes, changes.len()));
    assert!(end.position() >= acknowledged, "{} {acknowledged}", end.position());
    followed.assert_readable(end);
}

#[test]
fn a_writer_that_is_killed_and_comes_back_is_followed_on() {
    let mut kills = 0;
    for number in 0..4 {
        let mut seed = Seed::new(number);
        let history = History::run(&mut seed, Acknowledge::AfterSync, CHANGES_MAX / 2);
        let changes = history.directory.changes();
        for kill in history.created..changes.len() {
            let followed = Followed::create(&history, &mut seed);
            for change in &changes[history.created..kill] {
                make(&followed.live, change, &mut seed, || ());
            }
            // In the middle of a write, as far as a reader can tell.
            let looks = seed.below(8);
            let mut looked = 0;
            make(&followed.live, &changes[kill], &mut seed, || {
                if looked < looks {
                    followed.look(durable(&history, &changes, kill + 1));
                }
                looked += 1;
            });
            let (journal, mut end) = open(&followed.live, seed.bits()).unwrap();
            for _ in 0..2 {
                let group = group(&mut seed, end);
                end = group.end;
                journal.append(&group).map_err(Error::from).and_then(|()| journal.sync()).unwrap();
            }
            *followed.record.lock().unwrap() = Some(end.head);
            assert_eq!(followed.follower.look().unwrap(), end);
            assert_eq!(read_all(&followed.follower.journal).unwrap(), read_all(&journal).unwrap());
            kills += 1;
        }
    }
    assert!(kills > 100, "{kills}");
}

#[test]
fn damage_to_what_was_durable_is_stepped_over_and_told() {
    let mut seed = Seed::new(5);
    // So short that all is in one segment.
    let history = History::run(&mut seed, Acknowledge::AfterSync, 12);
    let mut disk = history.directory.disk();
    assert_eq!(disk.names().len(), 1);
    disk.flip(&disk.names()[0], (crate::segment_header::PAGE_BYTES + 20) * 8);
    let acknowledged = history.acknowledged.last().unwrap().1;
    let end = history.groups.iter().map(|group| group.end).find(|end| end.position() == acknowledged);
    let head = end.map(|end| end.head);
    let follower = Follower::open(Arc::new(SimDirectory::on(disk)), Box::new(move || Ok(head)));
    let follower = follower.unwrap().unwrap();
    assert_eq!(follower.look().unwrap().position(), acknowledged);
    assert!(read_all(&follower.journal).is_err());
}

#[test]
fn what_nothing_proves_is_not_read_again_and_again() {
    let directory = SimDirectory::default();
    let shared: Arc<dyn Directory> = Arc::new(directory.clone());
    // So long that all is in one segment.
    let spares = Spares::on_demand(shared.clone(), 1 << 20);
    let journal = Journal::create(shared.clone(), spares, 7, salts(1)).unwrap();
    let record = Arc::new(Mutex::new(None));
    let read = record.clone();
    let follower = Follower::open(shared, Box::new(move || Ok(*read.lock().unwrap()))).unwrap().unwrap();
    let (mut seed, mut end) = (Seed::new(5), LogEnd::EMPTY);
    // Written and not synced, as by a writer that syncs seldom.
    for _ in 0..40 {
        let group = group(&mut seed, end);
        end = group.end;
        journal.append(&group).unwrap();
    }
    let reads = || {
        let before = directory.read_count();
        assert_eq!(follower.look().unwrap(), LogEnd::EMPTY);
        directory.read_count() - before
    };
    let first = reads();
    let idle = reads();
    assert!(idle <= 8 && idle * 2 < first, "{idle} reads after {first}");
    // What comes is looked at, and a record shows all of it.
    let group = group(&mut seed, end);
    journal.append(&group).unwrap();
    assert!(reads() > idle);
    journal.sync().unwrap();
    *record.lock().unwrap() = Some(group.end.head);
    assert_eq!(follower.look().unwrap(), group.end);
}
