//! [`SimDirectory`]: a simulated disk behind the engine's narrow traits.
//!
//! Keeps the invariant that every change is noted in the order in which it was made, and that a change
//! that fails has no effect.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use toka_vault_core::{Error, Result};
use toka_vault_engine::disk::{Directory, StoredFile};

use super::disk::SimDisk;

/// Is a change to a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A file was created, empty, in the place of one of its name.
    Create(String),
    /// A file was removed.
    Remove(String),
    /// The names were synced.
    SyncNames,
    /// Bytes were written to a file at an offset.
    Write(String, u64, Arc<[u8]>),
    /// A file was synced.
    Sync(String),
}

/// Is a directory on a simulated disk. Clones are the same directory.
#[derive(Clone, Debug, Default)]
pub struct SimDirectory(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    disk: SimDisk,
    changes: Vec<Change>,
    /// How many more changes go well; `None` for all.
    changes_left: Option<u64>,
    /// How many bytes the files may have together; `None` for any number.
    room: Option<u64>,
}

#[derive(Debug)]
struct SimFile {
    directory: SimDirectory,
    path: PathBuf,
    name: String,
}

impl SimDirectory {
    /// Starts with what is on a disk.
    pub fn on(disk: SimDisk) -> Self {
        Self(Arc::new(Mutex::new(State { disk, ..State::default() })))
    }

    /// Has every change fail that comes after so many.
    pub fn fail_after(&self, changes: u64) {
        self.state().changes_left = Some(changes);
    }

    /// Has writes fail that would make the files longer than so many bytes together; `None` has none
    /// fail for that.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.state().room = bytes;
    }

    /// Returns how many changes were made.
    pub fn change_count(&self) -> usize {
        self.state().changes.len()
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
        if let Some(left) = &mut state.changes_left {
            let Some(fewer) = left.checked_sub(1) else { return Err(failure("change", Path::new("disk"))) };
            *left = fewer;
        }
        if state.is_full_for(&change) {
            let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
            return Err(Error::io("write", Path::new("disk"), full));
        }
        state.disk.apply(&change);
        state.changes.push(change);
        Ok(())
    }

    fn file(&self, name: &str) -> Arc<dyn StoredFile> {
        Arc::new(SimFile { directory: self.clone(), path: self.path(name), name: name.to_owned() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Tells whether a change needs more room than there is.
    fn is_full_for(&self, change: &Change) -> bool {
        let (Some(room), Change::Write(name, offset, bytes)) = (self.room, change) else { return false };
        let length = self.disk.content(name).map_or(0, <[u8]>::len) as u64;
        let grows = (offset + bytes.len() as u64).saturating_sub(length);
        grows > 0 && self.disk.bytes() + grows > room
    }
}

/// Returns the failure that a test asked for, or that of a file that is not there.
fn failure(operation: &'static str, path: &Path) -> Error {
    Error::io(operation, path, std::io::Error::other("the simulated disk failed"))
}

impl Directory for SimDirectory {
    fn list(&self) -> Result<Vec<String>> {
        Ok(self.state().disk.names())
    }

    fn create(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.change(Change::Create(name.to_owned()))?;
        Ok(self.file(name))
    }

    fn open(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        match self.state().disk.content(name) {
            Some(_) => Ok(self.file(name)),
            None => Err(failure("open", Path::new(name))),
        }
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.change(Change::Remove(name.to_owned()))
    }

    fn sync(&self) -> Result<()> {
        self.change(Change::SyncNames)
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new("/simulated").join(name)
    }
}

impl SimFile {
    fn content<T>(&self, read: impl FnOnce(&[u8]) -> Option<T>) -> Result<T> {
        let state = self.directory.state();
        state.disk.content(&self.name).and_then(read).ok_or_else(|| failure("read", &self.path))
    }
}

impl StoredFile for SimFile {
    fn len(&self) -> Result<u64> {
        self.content(|content| Some(content.len() as u64))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.content(|content| {
            let start = usize::try_from(offset).ok()?;
            buffer.copy_from_slice(content.get(start..start + buffer.len())?);
            Some(())
        })
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
