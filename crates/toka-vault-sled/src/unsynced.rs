//! [`Unsynced`]: remembers beyond the end of the process that a write to sled's file has failed.
//!
//! What such a write has left may be in the memory of the system alone, and sled's log does not say what was durable
//! when it was written: the next open cannot tell by itself.
//!
//! Keeps the invariant that what is found after such a failure is on the disk before anybody is shown it: the
//! next open writes the file again. Where not even the failure could be noted, because the disk is full or the
//! process ended at that moment, that is lost, and a warning says so if it can.
//!
//! Invariant 19e of `docs/architecture.md`, which names the tests that show it.

use std::fs;
use std::path::{Path, PathBuf};

use toka_vault_core::{Error, Result};
use toka_vault_engine::disk::{Directory, RealDirectory, sync_dir, write_again, write_synced};
use toka_vault_engine::told;

/// What the note says to a person who finds it.
const CONTENT: &str =
    "A write to sled/db failed. The next open writes that file again, and removes this one.\n";

/// Is a file in the vault's directory that is there from such a failure on until it is mended.
#[derive(Debug)]
pub(crate) struct Unsynced {
    directory: PathBuf,
    note: PathBuf,
}

impl Unsynced {
    /// Looks after the note of this name in a vault's directory.
    pub(crate) fn new(directory: &Path, name: &str) -> Self {
        Self { directory: directory.to_path_buf(), note: directory.join(name) }
    }

    /// Notes that a write has failed. It is too late to refuse anything, so a failure to note it is told by a
    /// warning alone.
    pub(crate) fn note(&self) {
        let noted = write_synced(&self.note, CONTENT.as_bytes()).and_then(|()| sync_dir(&self.directory));
        if let Err(error) = noted {
            tracing::warn!(
                error = told(&error),
                "a vault could not note that a write has failed; until the machine has been restarted, it can show events that a power cut takes"
            );
        }
    }

    /// Writes the file of this name in a directory again, if a write to it has failed since that was done last.
    /// Nobody else uses it.
    ///
    /// # Errors
    ///
    /// Those of reading and writing the file. The note stays then, and the next open tries again.
    pub(crate) fn settle(&self, directory: &Path, name: &str) -> Result<()> {
        if !self.note.try_exists().map_err(|error| Error::io("open", &self.note, error))? {
            return Ok(());
        }
        let path = directory.join(name);
        tracing::warn!(path = %path.display(), "a write to this file had failed, so it is written again");
        if path.exists() {
            let file = RealDirectory::open(directory)?.open(name)?;
            write_again(file.as_ref(), 0..file.len()?)?;
            file.sync()?;
        }
        fs::remove_file(&self.note).map_err(|error| Error::io("remove", &self.note, error))?;
        sync_dir(&self.directory)
    }
}
