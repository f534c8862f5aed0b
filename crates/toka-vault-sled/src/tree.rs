//! [`Tree`]: the one file that names sled, and everything that sled 0.34.7 has to be protected from.
//!
//! Keeps these invariants:
//!
//! - [`Tree::sync`] is the only thing that makes writes durable, and does: sled's own flush hands
//!   them to the operating system without an fsync.
//! - Values stay far below the size at which sled moves a leaf to a file of its own, which it never
//!   syncs.
//! - Between two syncs goes so little that sled cannot reuse a segment whose content it has moved
//!   since the first of them.
//! - Nothing of sled but this remains in the process when the tree is dropped.
//!
//! Invariant 23 of `docs/architecture.md`, which names the tests that show it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use toka_vault_core::{Error, Result};
use toka_vault_engine::disk::sync_dir;

/// The name of sled's data file.
pub(crate) const DATA: &str = "db";

/// Size of sled's segments, in bytes. A leaf goes to a file of its own from a quarter of it on.
pub(crate) const SEGMENT_BYTES: usize = 2 << 20;

/// Largest value, in bytes. sled splits a leaf by its number of entries, not by their size, so what
/// bounds a leaf is the size of an entry: 16 of these are far below a quarter of a segment.
pub(crate) const VALUE_BYTES_MAX: usize = 24 << 10;

/// Most bytes that are written between two syncs; far below a segment.
pub(crate) const STEP_BYTES_MAX: usize = 256 << 10;

const _: () = assert!(18 * VALUE_BYTES_MAX < SEGMENT_BYTES / 4);
const _: () = assert!(STEP_BYTES_MAX <= SEGMENT_BYTES / 4);

/// What of the cache that a user asks for sled is told. It counts pages as they are on disk and evicts
/// late: told 64 MiB, a process that wrote a million events took 212 MiB at its peak, told 32 MiB
/// 114 to 143 MiB, and replayed them no slower (measured).
const CACHE_DIVISOR: u64 = 2;

/// Most bytes of values that are handed to sled as one piece of memory, which is free again when the
/// last of them is out of its cache; not more than the leaf has that they are likely to share.
///
/// sled allocates its write buffers a segment at a time. Values that are allocated one by one settle
/// where such a buffer was, so that the next one finds no place: a process that wrote a million events
/// took 141 to 235 MiB at its peak, and takes 102 to 114 MiB with values in pieces (measured).
const PIECE_BYTES_MAX: usize = 64 << 10;

/// How long to wait for sled's own lock, which lingers for some milliseconds after a vault of this
/// process was closed. No other process can hold it: it would hold the vault's lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// How often to look for that lock.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Keeps values by key, in the order of their keys.
#[derive(Debug)]
pub(crate) struct Tree {
    db: sled::Db,
    /// sled's data file, to sync it.
    file: File,
    path: PathBuf,
    /// What was inserted since the last sync, in bytes.
    unsynced: AtomicUsize,
}

/// Gathers removals that are made in one atomic step.
#[derive(Default)]
pub(crate) struct Batch {
    changes: sled::Batch,
    bytes: usize,
}

/// Tells why a value cannot be read.
#[derive(Debug)]
pub(crate) enum ReadFailure {
    /// It is not as it was written.
    Damaged(String),
    /// The storage failed.
    Failed(Error),
}

/// A value, which shares sled's memory.
pub(crate) type Value = sled::IVec;

impl Batch {
    /// Removes a value. Counts as the largest value: sled writes those that stand beside it anew.
    pub(crate) fn remove(&mut self, key: &[u8]) {
        self.bytes += key.len() + VALUE_BYTES_MAX;
        self.changes.remove(key);
    }

    /// Returns how many bytes it counts for.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Tree {
    /// Opens the tree in a directory, or creates it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::PermissionDenied`], or [`Error::Storage`] where sled refuses.
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self> {
        remove_unfinished_snapshots(path)?;
        let db = open_patiently(path, cache_bytes)?;
        let data = path.join(DATA);
        let file = File::open(&data).map_err(|error| Error::io("open", &data, error))?;
        Ok(Self { db, file, path: path.to_path_buf(), unsynced: AtomicUsize::new(0) })
    }

    /// Applies removals in one atomic step. They are durable after [`Tree::sync`].
    pub(crate) fn apply(&self, batch: Batch) -> Result<()> {
        self.db.apply_batch(batch.changes).map_err(|error| self.error("write", error))
    }

    /// Adds or replaces a value, after all that was added before: sled's log has them in this order, and
    /// is read up to the first that is not whole.
    ///
    /// It is durable after [`Tree::sync`]. A batch would be atomic, but sled seals its buffer around
    /// one, which costs a second write and wakes all threads of its pool twice.
    ///
    /// Syncs what was inserted before, where this would make it too much between two syncs.
    pub(crate) fn insert(&self, key: &[u8], value: impl Into<Value>) -> Result<()> {
        let value = value.into();
        let bytes = key.len() + value.len();
        // One thread writes, so nothing comes between the look and the sync.
        if self.unsynced.load(Ordering::Relaxed) + bytes > STEP_BYTES_MAX {
            self.sync()?;
        }
        self.unsynced.fetch_add(bytes, Ordering::Relaxed);
        self.db.insert(key, value).map(drop).map_err(|error| self.error("write", error))
    }

    /// Adds or replaces values that stand beside each other, like [`Tree::insert`], in pieces of up to
    /// [`PIECE_BYTES_MAX`].
    pub(crate) fn insert_together(&self, entries: &[(impl AsRef<[u8]>, &[u8])]) -> Result<()> {
        let mut rest = entries;
        while !rest.is_empty() {
            let (entries, later) = rest.split_at_checked(fitting(rest)).unwrap_or((rest, &[]));
            let piece = entries.iter().map(|(_, value)| *value).collect::<Vec<_>>().concat();
            let (piece, mut start) = (Value::from(piece), 0);
            for (key, value) in entries {
                self.insert(key.as_ref(), piece.subslice(start, value.len()))?;
                start += value.len();
            }
            rest = later;
        }
        Ok(())
    }

    /// Hands all that was applied to the operating system.
    pub(crate) fn flush(&self) -> Result<()> {
        self.db.flush().map(drop).map_err(|error| self.error("flush", error))
    }

    /// Makes all that was applied durable.
    ///
    /// The second step is unconditional: sled's flush can return without having written, when
    /// another of its threads already has.
    pub(crate) fn sync(&self) -> Result<()> {
        self.flush()?;
        let synced = self.file.sync_data().map_err(|error| Error::io("sync", &self.path.join(DATA), error));
        self.unsynced.store(0, Ordering::Relaxed);
        synced
    }

    /// Makes the names of sled's files durable, after its creation.
    pub(crate) fn sync_names(&self) -> Result<()> {
        let blobs = self.path.join("blobs");
        if blobs.is_dir() {
            sync_dir(&blobs)?;
        }
        sync_dir(&self.path)
    }

    /// Returns the value of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Value>, ReadFailure> {
        self.db.get(key).map_err(|error| self.failure(error))
    }

    /// Returns the entry with the greatest key up to `key`.
    pub(crate) fn at_or_before(&self, key: &[u8]) -> Result<Option<(Value, Value)>, ReadFailure> {
        self.db.range(..=key).next_back().transpose().map_err(|error| self.failure(error))
    }

    /// Returns the entries from `key` on.
    ///
    /// After an error it goes on returning it for ever, so stop at the first.
    pub(crate) fn from(&self, key: &[u8]) -> impl Iterator<Item = Result<(Value, Value), ReadFailure>> + '_ {
        self.db.range(key..).map(|entry| entry.map_err(|error| self.failure(error)))
    }

    /// Sorts a failed read by whether the value or the storage is at fault.
    fn failure(&self, error: sled::Error) -> ReadFailure {
        match error {
            sled::Error::Corruption { .. } => ReadFailure::Damaged("sled found it damaged".into()),
            error => ReadFailure::Failed(self.error("read", error)),
        }
    }

    fn error(&self, operation: &'static str, error: sled::Error) -> Error {
        translate(operation, &self.path, error)
    }
}

/// Counts the entries at the front whose values fit a piece; at least one.
fn fitting(entries: &[(impl AsRef<[u8]>, &[u8])]) -> usize {
    let mut bytes = 0;
    let fits = |(_, value): &&(_, &[u8])| {
        bytes += value.len();
        bytes <= PIECE_BYTES_MAX
    };
    entries.iter().take_while(fits).count().max(1)
}

/// Turns sled's error into the crate's own.
fn translate(operation: &'static str, path: &Path, error: sled::Error) -> Error {
    match error {
        sled::Error::Io(error) => Error::io(operation, path, as_told_first(error)),
        error => Error::Storage { operation, reason: error.to_string() },
    }
}

/// Returns what the system said: where sled tells a failure again, it tells it as that is debugged, such as
/// `Os { code: 28, kind: StorageFull, message: "No space left on device" }`.
fn as_told_first(error: std::io::Error) -> std::io::Error {
    let text = error.to_string();
    let code = text.split_once("Os { code: ").and_then(|(_, rest)| rest.split_once(','));
    match (error.raw_os_error(), code.and_then(|(code, _)| code.parse().ok())) {
        (None, Some(code)) => std::io::Error::from_raw_os_error(code),
        _ => error,
    }
}

/// Opens sled, and waits for its lock where an earlier handle of this process still holds it.
fn open_patiently(path: &Path, cache_bytes: u64) -> Result<sled::Db> {
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(cache_bytes / CACHE_DIVISOR)
        .segment_size(SEGMENT_BYTES)
        // sled's own flusher only logs a failed fsync.
        .flush_every_ms(None);
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match config.open() {
            Err(sled::Error::Io(error)) if is_lock(&error) && Instant::now() < deadline => {
                std::thread::sleep(LOCK_PAUSE);
            }
            opened => return opened.map_err(|error| translate("open", path, error)),
        }
    }
}

/// Tells whether sled failed to take its lock, which it reports as an error of its own making.
fn is_lock(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::Other && error.to_string().contains("could not acquire lock")
}

/// Removes what a kill during a snapshot left: sled would take it for a snapshot and never open.
fn remove_unfinished_snapshots(path: &Path) -> Result<()> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| Error::io("read the directory", path, error))?,
    };
    for entry in entries {
        let entry = entry.map_err(|error| Error::io("read the directory", path, error))?;
        if entry.file_name().to_string_lossy().ends_with(".generating") {
            fs::remove_file(entry.path()).map_err(|error| Error::io("remove", &entry.path(), error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_that_sled_tells_again_is_told_as_the_first_time() {
        let system = || sled::Error::Io(std::io::Error::from_raw_os_error(28));
        let told = |error| {
            let Error::Io { source, .. } = translate("write", Path::new("db"), error) else {
                panic!("no I/O")
            };
            (source.kind(), source.to_string())
        };
        // sled hands on copies of copies.
        assert_eq!(told(system().clone()), told(system()));
        assert_eq!(told(system().clone().clone()), told(system()));
        let own = sled::Error::Io(std::io::Error::other("could not acquire lock"));
        assert_eq!(told(own).1, "could not acquire lock");
    }
}
