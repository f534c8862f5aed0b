//! [`SimDirectory`]: a simulated disk behind the engine's narrow traits.
//!
//! Keeps the invariants that every change is noted in the order in which it was made, and that a change
//! that fails has no effect, but for a sync: what that did not write counts as written. Directories inside it are
//! on the same disk, so that a crash cuts through what was done to all of them together; they are there from the
//! start, and no crash takes one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use toka_vault_core::{Error, Result};
use toka_vault_engine::disk::{Directory, StoredFile};

use super::disk::{SECTOR_BYTES, SimDisk};

/// What the system says of a sector that the disk has lost.
const INPUT_OUTPUT_ERROR: i32 = 5;

/// Is a change to a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A file was created, empty, in the place of one of its name.
    Create(String),
    /// A file was given another name, in the place of one of that name.
    Rename(String, String),
    /// A file was removed.
    Remove(String),
    /// The names in a directory were synced: those that begin so, with no `/` behind that.
    SyncNames(String),
    /// Bytes were written to a file at an offset.
    Write(String, u64, Arc<[u8]>),
    /// A file was synced.
    Sync(String),
    /// A file was to be synced, and that failed. What was written to it can be read as before, and no later
    /// sync makes it durable unless it is written again, as on Linux.
    FailedSync(String),
}

/// Is a directory on a simulated disk. Clones are the same directory.
#[derive(Clone, Debug, Default)]
pub struct SimDirectory {
    state: Arc<Mutex<State>>,
    /// What the names of its files begin with on the disk: nothing, or a path that ends with `/`.
    prefix: String,
}

#[derive(Debug, Default)]
struct State {
    disk: SimDisk,
    changes: Vec<Change>,
    /// How many more changes go well; `None` for all.
    changes_left: Option<u64>,
    /// How many bytes the files may have together; `None` for any number.
    room: Option<u64>,
    /// What the system says to whoever creates a file; `None` where it creates one.
    creates_fail: Option<i32>,
    /// Sectors that cannot be read: the names of their files, and where they start.
    unreadable: Vec<(String, u64)>,
    /// How often a file was read.
    reads: usize,
}

#[derive(Debug)]
struct SimFile {
    directory: SimDirectory,
    path: PathBuf,
    /// Where its content is, whatever becomes of its name.
    number: usize,
    /// What it was called on the disk when it was opened. So it is written.
    name: String,
}

impl SimDirectory {
    /// Starts with what is on a disk.
    pub fn on(disk: SimDisk) -> Self {
        let state = Arc::new(Mutex::new(State { disk, ..State::default() }));
        Self { state, prefix: String::new() }
    }

    /// Has every change fail that comes after so many, and from then on every read too.
    pub fn fail_after(&self, changes: u64) {
        self.state().changes_left = Some(changes);
    }

    /// Has writes fail that would make the files longer than so many bytes together; `None` has none
    /// fail for that.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.state().room = bytes;
    }

    /// Has no file be created, with what the system says then; `None` has files be created again.
    pub fn fail_creates(&self, os_error: Option<i32>) {
        self.state().creates_fail = os_error;
    }

    /// Has reads of the sector at an offset of a file fail, as those of a disk that has lost it.
    pub fn lose_sector(&self, name: &str, offset: u64) {
        let start = offset - offset % SECTOR_BYTES;
        let name = self.on_disk(name);
        self.state().unreadable.push((name, start));
    }

    /// Returns how many changes were made.
    pub fn change_count(&self) -> usize {
        self.state().changes.len()
    }

    /// Returns how often a file was read.
    pub fn read_count(&self) -> usize {
        self.state().reads
    }

    /// Returns the changes that were made, in order.
    pub fn changes(&self) -> Vec<Change> {
        self.state().changes.clone()
    }

    /// Returns the disk as it is.
    pub fn disk(&self) -> SimDisk {
        self.state().disk.clone()
    }

    fn change(&self, change: Change) -> Result<()> {
        let mut state = self.state();
        match state.changes_left {
            Some(0) => {
                if let Change::Sync(name) = change {
                    state.make(Change::FailedSync(name));
                }
                return Err(failure("change", Path::new("disk")));
            }
            Some(left) => state.changes_left = Some(left - 1),
            None => {}
        }
        if state.is_full_for(&change) {
            let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
            return Err(Error::io("write", Path::new("disk"), full));
        }
        state.make(change);
        Ok(())
    }

    fn file(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        let (number, path) = (self.number("open", name)?, self.path(name));
        Ok(Arc::new(SimFile { directory: self.clone(), path, number, name: self.on_disk(name) }))
    }

    /// Returns what a file is called on the disk.
    fn on_disk(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Returns the number of a file, which has to be there.
    fn number(&self, operation: &'static str, name: &str) -> Result<usize> {
        let number = self.state().disk.number(&self.on_disk(name));
        number.ok_or_else(|| Error::io(operation, &self.path(name), std::io::ErrorKind::NotFound.into()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn make(&mut self, change: Change) {
        self.disk.apply(&change);
        self.changes.push(change);
    }

    /// Fails where the disk does.
    fn check_read(&self, path: &Path) -> Result<()> {
        if self.changes_left == Some(0) { Err(failure("read", path)) } else { Ok(()) }
    }

    /// Tells whether some of these bytes cannot be read.
    fn has_lost(&self, name: &str, offset: u64, length: u64) -> bool {
        let overlaps = |start: u64| start < offset + length && offset < start + SECTOR_BYTES;
        self.unreadable.iter().any(|(lost, start)| lost == name && overlaps(*start))
    }

    /// Tells whether a change needs more room than there is.
    fn is_full_for(&self, change: &Change) -> bool {
        let (Some(room), Change::Write(name, offset, bytes)) = (self.room, change) else { return false };
        let length = self.disk.content(name).map_or(0, <[u8]>::len) as u64;
        let grows = (offset + bytes.len() as u64).saturating_sub(length);
        grows > 0 && self.disk.bytes() + grows > room
    }
}

/// Returns the failure that a test asked for.
fn failure(operation: &'static str, path: &Path) -> Error {
    Error::io(operation, path, std::io::Error::other("the simulated disk failed"))
}

/// Fails with what the system says, where it says something.
fn refuse(os_error: Option<i32>, operation: &'static str, path: &Path) -> Result<()> {
    let refusal = os_error.map(std::io::Error::from_raw_os_error);
    refusal.map_or(Ok(()), |refusal| Err(Error::io(operation, path, refusal)))
}

impl Directory for SimDirectory {
    fn list(&self) -> Result<Vec<String>> {
        Ok(self.state().disk.names_in(&self.prefix).map(str::to_owned).collect())
    }

    fn create(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        refuse(self.state().creates_fail, "create", &self.path(name))?;
        self.change(Change::Create(self.on_disk(name)))?;
        self.file(name)
    }

    fn open(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.file(name)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.number("rename", from)?;
        self.change(Change::Rename(self.on_disk(from), self.on_disk(to)))
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.number("remove", name)?;
        self.change(Change::Remove(self.on_disk(name)))
    }

    fn inside(&self, name: &str) -> Result<Arc<dyn Directory>> {
        Ok(Arc::new(Self { state: self.state.clone(), prefix: format!("{}{name}/", self.prefix) }))
    }

    fn sync(&self) -> Result<()> {
        self.change(Change::SyncNames(self.prefix.clone()))
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new("/simulated").join(&self.prefix).join(name)
    }
}

impl StoredFile for SimFile {
    fn len(&self) -> Result<u64> {
        let state = self.directory.state();
        state.check_read(&self.path)?;
        Ok(state.disk.content_of(self.number).len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        let mut state = self.directory.state();
        state.check_read(&self.path)?;
        state.reads += 1;
        if state.has_lost(&self.name, offset, buffer.len() as u64) {
            return refuse(Some(INPUT_OUTPUT_ERROR), "read", &self.path);
        }
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let range = start..start.saturating_add(buffer.len());
        let Some(bytes) = state.disk.content_of(self.number).get(range) else {
            return Err(Error::io("read", &self.path, std::io::ErrorKind::UnexpectedEof.into()));
        };
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.directory.change(Change::Write(self.name.clone(), offset, bytes.into()))
    }

    fn sync(&self) -> Result<()> {
        self.directory.change(Change::Sync(self.name.clone()))
    }

    fn path(&self) -> &Path {
        &self.path
    }
}
