//! [`DirLock`]: keeps a second opener out, in this process and in others.
//!
//! Two locks do it: one on a file, and one on the directory itself where the system has such. A file that is
//! always empty looks like one that can be removed, and with it went the only lock.
//!
//! Keeps the invariant that the answer comes at once: nobody waits for a lock.
//!
//! Invariant 21 of `docs/architecture.md`, which names the tests that show it.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use toka_vault_core::{Error, Result};

use super::identity::Identity;

/// Directories that are open in this process. File locks do not tell handles of one process apart
/// on every system, and the error can be more helpful than theirs.
static OPEN_HERE: Mutex<Option<HashSet<Identity>>> = Mutex::new(None);

/// Holds the lock on a vault's directory until it is dropped.
#[derive(Debug)]
pub(super) struct DirLock {
    /// The directory, without links on the way to it.
    canonical: PathBuf,
    identity: Identity,
    /// The process that holds it. A child that was forked has it too, without having opened it.
    process: u32,
    /// The file and the directory, each unlocked when it is closed.
    locked: Vec<File>,
}

impl DirLock {
    /// Locks the directory at `path`, in which `name` is the lock file.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] where it is open already.
    pub(super) fn acquire(path: &Path, name: &str) -> Result<Self> {
        let failed = |error| Error::io("open", path, error);
        let canonical = path.canonicalize().map_err(failed)?;
        let identity = Identity::at(&canonical).map_err(failed)?;
        if !open_here().get_or_insert_default().insert(identity.clone()) {
            return Err(Error::Locked { path: path.to_path_buf(), holder: "this process" });
        }
        // From here on, dropping takes the directory off the list.
        let mut held = Self { canonical, identity, process: std::process::id(), locked: Vec::new() };
        let file_path = held.canonical.join(name);
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&file_path);
        let file = file.map_err(|error| Error::io("open", &file_path, error))?;
        held.lock(path, file)?.map_err(|error| Error::io("lock", &file_path, error))?;
        // Not every file system locks directories.
        if let Ok(directory) = File::open(&held.canonical) {
            let _ = held.lock(path, directory)?;
        }
        Ok(held)
    }

    /// Returns the directory, from the root and without links on the way to it.
    pub(super) fn directory(&self) -> &Path {
        &self.canonical
    }

    /// Locks a file of the directory at `path`, or that itself, and keeps it. What keeps it from being locked, but
    /// for another lock, is returned.
    fn lock(&mut self, path: &Path, file: File) -> Result<std::io::Result<()>> {
        match file.try_lock() {
            Ok(()) => self.locked.push(file),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked { path: path.to_path_buf(), holder: "another process" });
            }
            Err(TryLockError::Error(error)) => return Ok(Err(error)),
        }
        Ok(Ok(()))
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        // First these, then the list: else another opener here could meet our own locks. Unlocked, not only
        // closed: a process that is being started by this one has the files open too, for a moment, and would
        // keep the locks. Not by such a process: the lock is one, and would be gone for us.
        for file in self.locked.drain(..).filter(|_| self.process == std::process::id()) {
            // Fails where it cannot be locked either.
            let _ = file.unlock();
        }
        if let Some(open) = open_here().as_mut() {
            open.remove(&self.identity);
        }
    }
}

/// Locks the list by the system's own lock: it is of the process, whatever threads are simulated in it.
fn open_here() -> MutexGuard<'static, Option<HashSet<Identity>>> {
    OPEN_HERE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    /// Tells whether another process could lock a directory now.
    fn is_free(path: &Path) -> bool {
        File::open(path.join("lock")).unwrap().try_lock().is_ok()
    }

    /// Locks a directory, and keeps its files open as a process does that is just being started.
    fn held(path: &Path) -> (DirLock, Vec<File>) {
        let lock = DirLock::acquire(path, "lock").unwrap();
        let kept = lock.locked.iter().map(|file| file.try_clone().unwrap()).collect();
        (lock, kept)
    }

    #[test]
    fn a_process_that_is_being_started_does_not_keep_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (lock, _kept) = held(dir.path());
        assert!(!is_free(dir.path()));
        drop(lock);
        assert!(is_free(dir.path()));
    }

    #[test]
    fn what_a_forked_process_drops_does_not_unlock_for_the_one_that_locked() {
        let dir = tempfile::tempdir().unwrap();
        let (mut lock, kept) = held(dir.path());
        // As in a child, which has a copy of all of it.
        lock.process += 1;
        drop(lock);
        assert!(!is_free(dir.path()));
        drop(kept);
        assert!(is_free(dir.path()));
    }
}
