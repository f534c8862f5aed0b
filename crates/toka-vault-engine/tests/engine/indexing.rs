//! What readers and indexes cost: a filtered reader reads just what it wants, whatever the vault has besides; a vault that
//! is opened again reads next to nothing; and a commit waits for no file of an index.
//!
//! In reads and bytes, which do not depend on the machine.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use futures::StreamExt;
use futures::executor::block_on;
use toka_vault_core::{
    Direction, Filter, Head, NewEvent, Position, ReplayOptions, Result, StartFrom, SubscribeOptions,
};
use toka_vault_engine::disk::{Directory, RealDirectory, StoredFile};
use toka_vault_engine::{
    Chunk, EngineOptions, Group, Index, Indexing, LocalVault, Log, ReadBudget, Unappended, open_threaded,
};
use toka_vault_testkit::events::{positions, read};
use toka_vault_testkit::logs::{Disk, VecLog};
use toka_vault_testkit::runner::watched;

/// Events: both indexes have files of them, and merge none.
const EVENTS: u64 = 100_000;

/// The events are of so many kinds, in turn.
const KINDS: u64 = 1_000;

/// The kind that is asked for.
const ASKED: u64 = 500;

/// Counts what is read.
#[derive(Clone, Debug, Default)]
struct Counts {
    /// Reads of the log, and the events that they brought.
    reads: Arc<AtomicU64>,
    events: Arc<AtomicU64>,
    /// Bytes of the indexes.
    bytes: Arc<AtomicU64>,
}

/// A log whose reads are counted.
struct CountedLog(VecLog, Counts);

/// Holds back whoever creates a file, once it is shut.
#[derive(Clone, Debug, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

/// A directory whose files are counted, and held back where they are created.
#[derive(Debug)]
struct WatchedDirectory(Arc<dyn Directory>, Counts, Gate);

#[derive(Debug)]
struct CountedFile(Arc<dyn StoredFile>, Counts);

impl Counts {
    /// Returns all three, and begins anew.
    fn take(&self) -> [u64; 3] {
        [&self.reads, &self.events, &self.bytes].map(|count| count.swap(0, Ordering::Relaxed))
    }
}

impl Gate {
    fn set(&self, is_shut: bool) {
        *self.0.0.lock().unwrap() = is_shut;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        drop(self.0.1.wait_while(self.0.0.lock().unwrap(), |is_shut| *is_shut).unwrap());
    }
}

impl Log for CountedLog {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        self.0.append(group)
    }

    fn sync(&self, head: Head) -> Result<()> {
        self.0.sync(head)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        let events = self.0.read(from, budget)?.into_events()?;
        self.1.reads.fetch_add(1, Ordering::Relaxed);
        self.1.events.fetch_add(events.len() as u64, Ordering::Relaxed);
        Ok(events.into())
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl WatchedDirectory {
    fn counted(&self, file: Arc<dyn StoredFile>) -> Arc<dyn StoredFile> {
        Arc::new(CountedFile(file, self.1.clone()))
    }
}

impl Directory for WatchedDirectory {
    fn list(&self) -> Result<Vec<String>> {
        self.0.list()
    }

    fn create(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.2.pass();
        self.0.create(name).map(|file| self.counted(file))
    }

    fn open(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.0.open(name).map(|file| self.counted(file))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.0.remove(name)
    }

    fn inside(&self, name: &str) -> Result<Arc<dyn Directory>> {
        Ok(Arc::new(Self(self.0.inside(name)?, self.1.clone(), self.2.clone())))
    }

    fn sync(&self) -> Result<()> {
        self.0.sync()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }
}

impl StoredFile for CountedFile {
    fn len(&self) -> Result<u64> {
        self.0.len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.1.bytes.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.0.write_at(bytes, offset)
    }

    fn sync(&self) -> Result<()> {
        self.0.sync()
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Opens a vault with all indexes.
fn open(dir: &Path, disk: &Disk, counts: &Counts, gate: &Gate) -> LocalVault {
    let directory = Arc::new(RealDirectory::open(dir).unwrap());
    let directory = WatchedDirectory(directory, counts.clone(), gate.clone());
    let log = CountedLog(disk.log(), counts.clone());
    let index = Index::open(&directory, Indexing::All, &log, disk.end().position()).unwrap();
    open_threaded(log, disk.end(), index, &EngineOptions::default()).unwrap()
}

/// Returns the kind of the event with a number, which is its position less one.
fn kind(number: u64) -> String {
    format!("indexing.kind.{}", number % KINDS)
}

fn fill(vault: &LocalVault) {
    for first in (0..EVENTS).step_by(5_000) {
        let event = |number| NewEvent::new(kind(number), number).unwrap();
        block_on(vault.commit_batch((first..first + 5_000).map(event).collect())).unwrap();
    }
}

/// Asks for one kind out of a thousand in this direction.
fn asked(vault: &LocalVault, direction: Direction) -> Vec<u64> {
    let filter = Filter::kind(&kind(ASKED)).unwrap();
    let options = ReplayOptions::new().with_filter(filter).with_direction(direction);
    positions(&block_on(read(vault.replay(options))))
}

/// Asks by a subscription, which is behind by all there is.
fn caught_up(vault: &LocalVault) -> Vec<u64> {
    let filter = Filter::kind(&kind(ASKED)).unwrap();
    let subscription = vault.subscribe_from(SubscribeOptions::new(StartFrom::Beginning).with_filter(filter));
    let events = subscription.take((EVENTS / KINDS) as usize);
    block_on(events.map(|event| event.unwrap().position().get()).collect())
}

/// Adds up the bytes of the files of the indexes.
fn index_bytes(dir: &Path) -> u64 {
    let files = ["ids", "postings"].map(|name| std::fs::read_dir(dir.join(name)).unwrap());
    files.into_iter().flatten().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn one_kind_of_a_thousand_costs_its_events_and_a_few_pages_of_the_index() {
    watched(|| {
        let (dir, disk, counts) = (tempfile::tempdir().unwrap(), Disk::default(), Counts::default());
        let vault = open(dir.path(), &disk, &counts, &Gate::default());
        fill(&vault);
        settle(&vault, &counts);
        block_on(vault.close()).unwrap();
        drop(vault);
        counts.take();
        let vault = open(dir.path(), &disk, &counts, &Gate::default());
        let expected: Vec<u64> = (1..=EVENTS).filter(|position| (position - 1) % KINDS == ASKED).collect();
        // What is in no file yet is read once, by whoever asks first.
        assert_eq!(asked(&vault, Direction::Forward), expected);
        let [_, events, bytes] = counts.take();
        let all = index_bytes(dir.path());
        assert!(
            events < EVENTS / 10 && bytes < all / 4,
            "opening reads {events} events and {bytes} bytes of {all}"
        );
        settle(&vault, &counts);
        for direction in [Direction::Forward, Direction::Backward] {
            let mut found = asked(&vault, direction);
            found.sort_unstable();
            assert_eq!(found, expected);
            assert_cost(&counts, all);
        }
        assert_eq!(caught_up(&vault), expected);
        assert_cost(&counts, all);
        assert_eq!(block_on(read(vault.replay(ReplayOptions::new()))).len() as u64, EVENTS);
        assert_eq!(counts.take()[1], EVENTS, "a whole replay reads each event");
    });
}

/// Waits until the index has followed the log to its end, which a thread of its own does.
fn settle(vault: &LocalVault, counts: &Counts) {
    counts.take();
    while asked(vault, Direction::Forward).is_empty() || counts.take()[1] > EVENTS / KINDS {
        std::thread::yield_now();
    }
}

/// Asserts that just the events of one kind were read, and little of the indexes.
fn assert_cost(counts: &Counts, all: u64) {
    let [reads, events, bytes] = counts.take();
    assert_eq!((reads, events), (EVENTS / KINDS, EVENTS / KINDS));
    assert!(bytes < 64 << 10 && bytes < all / 20, "{bytes} bytes of {all} were read");
}

#[test]
fn a_commit_waits_for_no_file_of_an_index() {
    watched(|| {
        let (dir, disk, counts) = (tempfile::tempdir().unwrap(), Disk::default(), Counts::default());
        let gate = Gate::default();
        let vault = open(dir.path(), &disk, &counts, &gate);
        gate.set(true);
        // More than either index writes at once, and answered though neither can write.
        fill(&vault);
        assert_eq!(index_bytes(dir.path()), 0);
        assert_eq!(asked(&vault, Direction::Forward).len() as u64, EVENTS / KINDS);
        gate.set(false);
        block_on(vault.close()).unwrap();
        assert!(index_bytes(dir.path()) > 0);
    });
}
