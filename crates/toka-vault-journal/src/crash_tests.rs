//! Crashes the journal between any two changes of its disk, recovery and what follows it included.
//!
//! A random history of groups is written once, with every change noted. Then the disk is put together
//! again change by change, crashed at each of them with random sectors lost, and opened. What was
//! synced has to be there, groups are whole, and nothing else is shown. `CRASH_SEEDS` and
//! `CRASHES_PER_CHANGE` in the environment ask for more of it.

use std::sync::Arc;

use toka_vault_core::hashing::chain_hash;
use toka_vault_core::{
    Error, Event, EventHash, EventHeader, EventId, Head, Kind, Payload, Position, Timestamp,
};
use toka_vault_engine::disk::Directory;
use toka_vault_engine::{Group, LogEnd, ReadBudget, Unappended};
use toka_vault_testkit::sim::{Change, Seed, SimDirectory, SimDisk};

use crate::compression::Compression;
use crate::journal::Journal;
use crate::pool::Pool;
use crate::recover::recover;
use crate::segment_header::PAGE_BYTES;
use crate::segments::Segments;
use crate::spares::Spares;

/// So small that a history has several segments.
pub(crate) const SEGMENT_BYTES: u64 = 32 << 10;

/// Changes after which a history ends.
pub(crate) const CHANGES_MAX: usize = 120;

type Found = Result<(), String>;

/// A history, and what has to be there of it.
pub(crate) struct History {
    pub(crate) directory: SimDirectory,
    pub(crate) groups: Vec<Group>,
    /// How many changes the disk had when a group was acknowledged, and when its append began.
    pub(crate) acknowledged: Vec<(usize, Position)>,
    begun: Vec<(usize, Position)>,
    /// How many there were when its append had ended.
    pub(crate) written: Vec<(usize, Position)>,
    /// Changes before the journal was created in full, which the vault's directory guards.
    pub(crate) created: usize,
    /// How many groups were refused for want of room.
    refused: usize,
}

/// Says when a history acknowledges.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Acknowledge {
    AfterSync,
    /// Wrongly.
    BeforeSync,
}

pub(crate) fn group(seed: &mut Seed, end: LogEnd) -> Group {
    let size = |seed: &mut Seed| match seed.below(12) {
        0 => seed.below(9_000),
        _ => seed.below(700),
    };
    let sizes: Vec<u64> = (0..1 + seed.below(5)).map(|_| size(seed)).collect();
    group_of(seed, end, &sizes)
}

/// Makes a group of events with payloads of these sizes.
pub(crate) fn group_of(seed: &mut Seed, mut end: LogEnd, sizes: &[u64]) -> Group {
    let events = sizes.iter().map(|bytes| {
        let payload =
            Payload::encode(&char::from(b'a' + seed.below(26) as u8).to_string().repeat(*bytes as usize))
                .unwrap();
        let hash = EventHash::from_bytes(*payload.digest().as_bytes());
        let position = end.position().next();
        let (id, kind) = (EventId::from_u128(seed.bits().into()), Kind::new("crash.test").unwrap());
        let head = Head { position, chain: chain_hash(end.chain(), hash) };
        end = LogEnd { head, assigned_id: id, greatest_id: end.greatest_id.max(id), ..end };
        let parents = if position.get().is_multiple_of(2) { [id].into() } else { [].into() };
        Event::new(
            EventHeader::new(id, kind, Timestamp::EPOCH, parents, payload.digest(), hash, position),
            payload,
        )
    });
    let events = events.collect();
    Group { events, end, owners: Vec::new() }
}

/// Chooses how blocks are stored, by chance.
pub(crate) fn compression(seed: &mut Seed) -> Compression {
    if seed.coin() { Compression::Lz4 } else { Compression::None }
}

pub(crate) fn salts(seed: u64) -> Box<dyn Fn() -> u64 + Send + Sync> {
    let seed = std::sync::Mutex::new(Seed::new(seed));
    Box::new(move || seed.lock().unwrap().bits())
}

pub(crate) fn open(directory: &SimDirectory, salt: u64) -> toka_vault_core::Result<(Journal, LogEnd)> {
    open_acknowledged(directory, Position::ZERO, salt)
}

/// Opens a journal of which a record says that all up to a position was acknowledged.
pub(crate) fn open_acknowledged(
    directory: &SimDirectory,
    acknowledged: Position,
    salt: u64,
) -> toka_vault_core::Result<(Journal, LogEnd)> {
    let shared: Arc<dyn Directory> = Arc::new(directory.clone());
    let check = |end: &LogEnd, durable| match (durable, end.position()) {
        (acknowledged, found) if acknowledged > found => {
            Err(Error::TailLost { path: shared.path(""), acknowledged, found })
        }
        _ => Ok(()),
    };
    let found = recover(&shared, &Pool::default(), acknowledged, check)?;
    let (headers, active, end) = found.expect("a journal that was created is found");
    let spares = Spares::on_demand(shared.clone(), SEGMENT_BYTES);
    Ok((Journal::open(Segments::new(shared, headers), active, end, spares, salts(salt)), end))
}

impl History {
    pub(crate) fn run(seed: &mut Seed, acknowledge: Acknowledge, changes: usize) -> Self {
        let compression = compression(seed);
        Self::run_with(seed, acknowledge, changes, compression)
    }

    pub(crate) fn run_with(
        seed: &mut Seed,
        acknowledge: Acknowledge,
        changes: usize,
        compression: Compression,
    ) -> Self {
        let directory = SimDirectory::default();
        let shared: Arc<dyn Directory> = Arc::new(directory.clone());
        let spares = Spares::on_demand(shared.clone(), SEGMENT_BYTES);
        let journal = Journal::create(shared, spares, 7, salts(seed.bits())).unwrap();
        let journal = journal.with_compression(compression);
        let created = directory.change_count();
        let (groups, acknowledged, begun, written) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut history = Self { directory, groups, acknowledged, begun, written, created, refused: 0 };
        let mut end = LogEnd::EMPTY;
        while history.directory.change_count() < changes {
            let group = group(seed, end);
            // Where there is no room, another group gets the same positions.
            if !history.append(&journal, &group, seed.below(3) == 0) {
                continue;
            }
            end = group.end;
            history.groups.push(group);
            if acknowledge == Acknowledge::BeforeSync {
                history.acknowledged.push((history.directory.change_count(), end.position()));
            }
            // Sometimes several groups share a sync.
            if seed.below(3) > 0 {
                journal.sync().unwrap();
                history.acknowledged.push((history.directory.change_count(), end.position()));
            }
        }
        history
    }

    /// Appends a group, on a disk that is full where it is said to be. Tells whether there was room; where
    /// there was none, nothing is different.
    fn append(&mut self, journal: &Journal, group: &Group, full: bool) -> bool {
        let (before, begun) = (self.directory.disk(), self.directory.change_count());
        self.directory.set_room(full.then(|| before.bytes()));
        let appended = journal.append(group);
        self.directory.set_room(None);
        let Err(error) = appended else {
            self.begun.push((begun, group.end.position()));
            self.written.push((self.directory.change_count(), group.end.position()));
            return true;
        };
        assert!(matches!(error, Unappended::Refused(Error::NoRoom { .. })), "{error:?}");
        let after = self.directory.disk();
        assert_eq!(after.names(), before.names());
        assert!(before.names().iter().all(|name| after.content(name) == before.content(name)));
        self.refused += 1;
        false
    }

    /// Crashes at every change, so many times each.
    fn crash_everywhere(&self, seed: &mut Seed, times: u64) -> Result<u64, String> {
        let (changes, mut disk, mut points) = (self.directory.changes(), SimDisk::default(), 0);
        for (count, change) in (1..).zip(&changes) {
            disk.apply(change);
            for _ in 0..if count < self.created { 0 } else { times } {
                points += 1;
                self.crash(&disk, count, seed).map_err(|found| format!("after change {count}: {found}"))?;
            }
        }
        Ok(points)
    }

    /// Crashes, opens, and with luck crashes again while opening or goes on writing first. Or the disk fails,
    /// before the crash or while the journal is opened behind it.
    fn crash(&self, disk: &SimDisk, count: usize, seed: &mut Seed) -> Found {
        match seed.below(6) {
            0 => return self.fail_syncs(disk.clone(), count, seed),
            1 => return self.fail_opening(disk.crashed(seed), count, seed),
            _ => {}
        }
        let crashed = disk.crashed(seed);
        let directory = SimDirectory::on(crashed.clone());
        let (journal, end) = self.check(&directory, count, seed)?;
        match seed.below(4) {
            0 => {
                let mut again = crashed;
                let made = directory.changes();
                let kept = seed.below(made.len() as u64 + 1) as usize;
                made.iter().take(kept).for_each(|change| again.apply(change));
                self.check(&SimDirectory::on(again.crashed(seed)), count, seed).map(drop)
            }
            1 => self.go_on(&directory, &journal, end, seed),
            _ => Ok(()),
        }
    }

    /// Has the sync of each file fail, opens what can be read, and crashes then: what was found is to stay.
    fn fail_syncs(&self, mut disk: SimDisk, count: usize, seed: &mut Seed) -> Found {
        disk.fail_syncs();
        let directory = SimDirectory::on(disk);
        let (journal, end) = self.check(&directory, count, seed)?;
        if seed.coin() {
            return self.go_on(&directory, &journal, end, seed);
        }
        let (_, after) = self.check(&SimDirectory::on(directory.disk().crashed(seed)), count, seed)?;
        match after == end {
            true => Ok(()),
            false => Err(format!("{} was found, and {} after a crash", end.position(), after.position())),
        }
    }

    /// Opens on a disk that fails at one of the changes that this makes, opens again once it works, and goes on.
    fn fail_opening(&self, disk: SimDisk, count: usize, seed: &mut Seed) -> Found {
        let directory = SimDirectory::on(disk);
        directory.fail_after(seed.below(8));
        // It may have needed fewer changes.
        drop(open(&directory, seed.bits()));
        directory.fail_after(u64::MAX);
        let (journal, end) = self.check(&directory, count, seed)?;
        self.go_on(&directory, &journal, end, seed)
    }

    /// Opens what is on a disk and holds it against what has to be there after so many changes.
    fn check(
        &self,
        directory: &SimDirectory,
        count: usize,
        seed: &mut Seed,
    ) -> Result<(Journal, LogEnd), String> {
        let (journal, end) =
            open(directory, seed.bits()).map_err(|error| format!("it does not open: {error}"))?;
        let position = end.position();
        let until = |marks: &[(usize, Position)]| {
            marks
                .iter()
                .take_while(|(at, _)| *at <= count)
                .last()
                .map_or(Position::ZERO, |(_, position)| *position)
        };
        let (least, most) = (until(&self.acknowledged), until(&self.begun));
        if position < least || position > most {
            return Err(format!("it ends at {position}, not within {least} to {most}"));
        }
        let groups = self.groups.iter().take_while(|group| group.end.position() <= position);
        let expected: Vec<&Event> = groups.flat_map(|group| &group.events).collect();
        let whole = self.groups.iter().map(|group| group.end).find(|whole| whole.position() == position);
        if position > Position::ZERO && whole != Some(end) {
            return Err(format!("it ends at {position}, which ends no group, or with another end"));
        }
        let events = read_all(&journal)?;
        match events.iter().eq(expected) {
            true => Ok((journal, end)),
            false => Err(format!("{} events differ from what was written", events.len())),
        }
    }

    /// Writes another group behind what was found, and crashes once more.
    fn go_on(&self, directory: &SimDirectory, journal: &Journal, end: LogEnd, seed: &mut Seed) -> Found {
        let group = group(seed, end);
        let mut expected = read_all(journal)?;
        expected.extend(group.events.iter().cloned());
        journal
            .append(&group)
            .map_err(Error::from)
            .and_then(|()| journal.sync())
            .map_err(|error| error.to_string())?;
        let directory = SimDirectory::on(directory.disk().crashed(seed));
        let (journal, found) = open(&directory, seed.bits()).map_err(|error| error.to_string())?;
        match found == group.end && read_all(&journal)? == expected {
            true => Ok(()),
            false => Err(format!("what was written after a crash is not there: {}", found.position())),
        }
    }
}

pub(crate) fn read_all(journal: &Journal) -> Result<Vec<Event>, String> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let next = events.last().map_or(Position::FIRST, |event| event.position().next());
        let chunk = journal.read(next, ReadBudget::new(64, 1 << 20));
        let read =
            chunk.and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|error| error.to_string())?;
        if read.is_empty() {
            return Ok(events);
        }
        events.extend(read);
    }
}

/// Returns the number that a variable of the environment asks for.
pub(crate) fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn every_write_ends_with_a_page() {
    // The rest of a page that is written in part would have to be read first.
    let history = History::run(&mut Seed::new(1), Acknowledge::AfterSync, CHANGES_MAX);
    let in_use = history.directory.changes().into_iter().skip(history.created);
    let ends: Vec<u64> = in_use
        .filter_map(|change| match change {
            Change::Write(_, offset, bytes) => Some(offset + bytes.len() as u64),
            _ => None,
        })
        .collect();
    assert!(ends.len() > 20 && ends.iter().all(|end| end.is_multiple_of(PAGE_BYTES as u64)), "{ends:?}");
}

#[test]
fn every_crash_leaves_what_was_acknowledged_and_whole_groups() {
    let (mut points, mut refused) = (0, 0);
    for number in 0..asked("CRASH_SEEDS", 8) {
        let mut seed = Seed::new(number);
        let history = History::run(&mut seed, Acknowledge::AfterSync, CHANGES_MAX);
        let crashed = history.crash_everywhere(&mut seed, asked("CRASHES_PER_CHANGE", 8));
        points += crashed.unwrap_or_else(|found| panic!("seed {number}: {found}"));
        refused += history.refused;
    }
    eprintln!("{points} crashes");
    assert!(refused > 0, "no disk was ever full");
    assert!(points > 1_000, "only {points} crashes were tried");
}

#[test]
fn what_was_never_acknowledged_is_not_taken_for_part_of_what_is_written_in_its_place() {
    let mut seed = Seed::new(9);
    let directory = SimDirectory::default();
    let shared: Arc<dyn Directory> = Arc::new(directory.clone());
    let spares = Spares::on_demand(shared.clone(), SEGMENT_BYTES);
    let journal = Journal::create(shared, spares, 7, salts(1)).unwrap();
    // A group of two frames, of which a crash leaves the second alone.
    journal.append(&group_of(&mut seed, LogEnd::EMPTY, &[700, 700, 1_500])).unwrap();
    let mut disk = directory.disk();
    disk.flip(&disk.names()[0], (PAGE_BYTES + 20) * 8);
    let directory = SimDirectory::on(disk);
    let (journal, end) = open(&directory, 2).unwrap();
    assert_eq!(end, LogEnd::EMPTY);
    // What comes in its place has the size of the first frame, and ends where the second begins.
    let group = group_of(&mut seed, end, &[700, 700]);
    journal.append(&group).map_err(Error::from).and_then(|()| journal.sync()).unwrap();
    let (journal, end) = open(&directory, 3).unwrap();
    assert_eq!(end, group.end);
    assert_eq!(read_all(&journal).unwrap(), group.events);
    // There is nothing before the first position, and nothing behind the last.
    let read = |at| journal.read(at, ReadBudget::ONE).unwrap().next().map(Result::unwrap);
    assert_eq!(read(Position::ZERO).as_ref(), group.events.first());
    assert_eq!(read(end.position().next()), None);
}

#[test]
fn a_journal_that_acknowledges_before_the_sync_is_caught_by_every_seed() {
    for number in 0..12 {
        let mut seed = Seed::new(number);
        let history = History::run(&mut seed, Acknowledge::BeforeSync, CHANGES_MAX);
        assert!(history.crash_everywhere(&mut seed, 8).is_err(), "seed {number}");
    }
}
