//! [`Directory`] and [`StoredFile`]: all that a log of our own asks of a file system.
//!
//! Narrow, so that a test can put a simulated disk in the place of the real one and crash it between
//! any two calls. `real.rs` has the real one.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toka_vault_core::Result;

/// Holds files by name.
pub trait Directory: Debug + Send + Sync {
    /// Returns the names of all files.
    fn list(&self) -> Result<Vec<String>>;

    /// Creates an empty file, in the place of one of this name. Its name is durable after
    /// [`Directory::sync`].
    fn create(&self, name: &str) -> Result<Arc<dyn StoredFile>>;

    /// Opens a file to read and write it.
    fn open(&self, name: &str) -> Result<Arc<dyn StoredFile>>;

    /// Removes a file. It is gone for good after [`Directory::sync`].
    fn remove(&self, name: &str) -> Result<()>;

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

    /// Fills `buffer` from `offset` on; an error where the file ends before that.
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
