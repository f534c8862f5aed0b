//! An index that is lost while no file of it can be written, of a log with more events than may be in memory.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::*;
use crate::disk::{Directory, StoredFile};
use crate::limits::CHUNK_EVENTS_MAX;

/// What the system says where a disk is full.
const NO_SPACE: i32 = 28;

/// An event that cannot be read, among those that there is no room for.
const DAMAGED: u64 = 5_000;

/// A directory on a disk that is full at times.
#[derive(Debug)]
struct Full {
    dir: Arc<dyn Directory>,
    is_full: Arc<AtomicBool>,
}

impl Directory for Full {
    fn list(&self) -> Result<Vec<String>> {
        self.dir.list()
    }

    fn create(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        if self.is_full.load(Ordering::Relaxed) {
            let source = Arc::new(std::io::Error::from_raw_os_error(NO_SPACE));
            return Err(Error::Io { operation: "test", path: self.path(name), source });
        }
        self.dir.create(name)
    }

    fn open(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.dir.open(name)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.dir.rename(from, to)
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.dir.remove(name)
    }

    fn inside(&self, name: &str) -> Result<Arc<dyn Directory>> {
        self.dir.inside(name)
    }

    fn sync(&self) -> Result<()> {
        self.dir.sync()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path(name)
    }
}

/// Opens an index on a full disk, and returns what makes room there.
fn open_full(dir: &Path, log: &Given) -> (IdIndex, Arc<AtomicBool>) {
    let is_full = Arc::new(AtomicBool::new(true));
    let full = Arc::new(Full { dir: directory(dir), is_full: is_full.clone() });
    (IdIndex::open(full, log, Position::new(log.events.len() as u64)).unwrap(), is_full)
}

#[test]
fn an_index_that_is_lost_on_a_full_disk_opens_and_is_completed_once_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let log = Given { damaged: [DAMAGED].into(), ..given(CHUNK_EVENTS_MAX as u64 * 4, 0) };
    let (index, is_full) = open_full(dir.path(), &log);
    let gathered = read(&index.recent).gathered.len();
    assert!(gathered <= WAITING_IDS_MAX + CHUNK_EVENTS_MAX, "{gathered} ids are in memory");
    assert!(!index.has_room(), "an event would come behind those that are missing");
    assert!(matches!(index.wait_for_room(&log), Err(Error::NoRoom { .. })));
    let last = Position::new(log.events.len() as u64);
    let events = log.events.clone();
    let storage = Storage {
        index: Arc::new(whole(index)),
        log: Arc::new(Given { events, damaged: log.damaged.clone(), ..Given::default() }),
        seen: None,
    };
    let assert_found = || {
        for event in log.events.iter().filter(|event| event.position().get() != DAMAGED).step_by(97) {
            assert_eq!(storage.event(event.header.id, last).unwrap().as_ref(), Some(event));
        }
        assert!(matches!(storage.event(id(DAMAGED, 0), last), Err(Error::Corrupt { .. })));
    };
    assert_found();
    is_full.store(false, Ordering::Relaxed);
    storage.index.ids.wait_for_room(&log).unwrap();
    assert!(storage.index.ids.has_room());
    assert_found();
    settle(&storage.index.ids);
    assert!(read(&storage.index.ids.recent).unread.is_none());
    storage.index.ids.close();
    // As good as if there had been room from the start.
    let again = Given { damaged: log.damaged.clone(), ..given(last.get(), 0) };
    let index = open(dir.path(), &again);
    assert!(again.read.load(Ordering::Relaxed) < 200, "the index was not completed");
    assert_eq!(index.find(id(7, 0)), Lookup::At(Position::new(7)));
}
