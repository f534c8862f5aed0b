//! [`Directory`] and [`StoredFile`]: all that the journal and the indexes ask of a file system.
//!
//! Narrow, so that a test can put a simulated disk in the place of the real one and crash it between
//! any two calls. `real.rs` has the real one.

use std::fmt::Debug;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toka_vault_core::{Error, Result};

/// Holds files by name. A failure is an [`Error::Io`] or [`Error::PermissionDenied`] with the path; a change of what
/// may only be read is [`Error::ReadOnly`].
pub trait Directory: Debug + Send + Sync {
    /// Returns the names of all files. Where the directory is not there, the error is that of
    /// [`Directory::open`].
    fn list(&self) -> Result<Vec<String>>;

    /// Creates an empty file, in the place of one of this name. Its name is durable after
    /// [`Directory::sync`].
    fn create(&self, name: &str) -> Result<Arc<dyn StoredFile>>;

    /// Opens a file to read and write it. Where there is none, the error is [`Error::Io`] with
    /// [`ErrorKind::NotFound`].
    fn open(&self, name: &str) -> Result<Arc<dyn StoredFile>>;

    /// Gives a file another name, in the place of one of that name. The new name is durable, and the old one
    /// gone for good, after [`Directory::sync`].
    fn rename(&self, from: &str, to: &str) -> Result<()>;

    /// Removes a file; whoever has it open can read on. It is gone for good after [`Directory::sync`]. Where
    /// there is none, the error is that of [`Directory::open`].
    fn remove(&self, name: &str) -> Result<()>;

    /// Returns a directory inside this one, and creates it where there is none and this one may be changed: where
    /// there is no room for it, with its first file.
    fn inside(&self, name: &str) -> Result<Arc<dyn Directory>>;

    /// Makes the names of the files durable.
    fn sync(&self) -> Result<()>;

    /// Returns the path of a file, for errors.
    fn path(&self, name: &str) -> PathBuf;
}

/// Is an open file. It is read and written at offsets, by any thread.
pub trait StoredFile: Debug + Send + Sync {
    /// Returns its length in bytes.
    fn len(&self) -> Result<u64>;

    /// Tells whether it has no bytes.
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `buffer` from `offset` on. Where the file ends before that, the error is [`Error::Io`] with
    /// [`ErrorKind::UnexpectedEof`].
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()>;

    /// Writes `bytes` at `offset`; behind the end, the file grows. They are durable after
    /// [`StoredFile::sync`].
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()>;

    /// Makes a new, empty file `bytes` zeros, durable when this returns. Where zeros wait in memory for a
    /// sync, so that other syncs wait behind them, no more than about `synced` bytes do at a time.
    fn fill(&self, bytes: u64, synced: u64) -> Result<()> {
        super::zeros::fill(self, bytes, synced)
    }

    /// Makes the content durable, and the length.
    fn sync(&self) -> Result<()>;

    /// Returns its path, for errors.
    fn path(&self) -> &Path;
}

/// What systems say where a disk cannot give the bytes of a file, or what it gives fails a checksum below the
/// file: input/output error everywhere; on Linux also no data, bad message, structure needs cleaning, remote I/O
/// error; on Windows CRC, sector not found, read fault, I/O device, file or disk corrupt.
const UNREADABLE: &[i32] = if cfg!(windows) {
    &[23, 27, 30, 1_117, 1_392, 1_393]
} else if cfg!(target_os = "linux") {
    &[5, 61, 74, 117, 121]
} else {
    &[5]
};

/// Tells whether a read failed since the bytes themselves cannot be had: they are as good as damaged. Any other
/// failure, such as too many open files, says nothing of them.
pub fn is_unreadable(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.raw_os_error().is_some_and(|said| UNREADABLE.contains(&said)))
}

/// Tells whether a call failed since a file is not there, or ends too soon.
pub(crate) fn failed_with(error: &Error, kind: ErrorKind) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == kind)
}
