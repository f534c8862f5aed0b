//! [`Unsynced`]: remembers beyond the end of the process that a write to sled's file has failed.
//!
//! After a write or a sync that failed, Linux keeps in memory what it could not write, counts it as written,
//! and shows it to whoever opens the file next. Every later sync goes well, and a power cut takes it. The log
//! does not say what was durable when it was written, so the next open cannot tell by itself.
//!
//! Keeps the invariant that what is found after such a failure is on the disk before anybody is shown it: the
//! next open writes the file again. Where not even the failure could be noted, because the disk is full or the
//! process ended at that moment, that is lost, and a warning says so if it can.

use std::fs;
use std::path::{Path, PathBuf};

use toka_vault_core::{Error, Result};
use toka_vault_engine::disk::{Directory, RealDirectory, StoredFile, is_unreadable, sync_dir, write_synced};
use toka_vault_engine::told;

/// Bytes that are written again at once.
const STEP_BYTES: usize = 1 << 20;

/// Bytes that a disk loses together at least.
const SECTOR_BYTES: usize = 512;

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
            write_again(RealDirectory::open(directory)?.open(name)?.as_ref())?;
        }
        fs::remove_file(&self.note).map_err(|error| Error::io("remove", &self.note, error))?;
        sync_dir(&self.directory)
    }
}

/// Writes a file again, with the same bytes, and syncs it.
fn write_again(file: &dyn StoredFile) -> Result<()> {
    let (length, mut buffer) = (file.len()?, vec![0; STEP_BYTES]);
    for at in (0..length).step_by(STEP_BYTES) {
        let step = usize::try_from(length - at).unwrap_or(STEP_BYTES).min(STEP_BYTES);
        let bytes = buffer.get_mut(..step).unwrap_or_default();
        match file.read_at(bytes, at) {
            Err(error) if is_unreadable(&error) => write_sectors(file, bytes, at)?,
            read => read.and_then(|()| file.write_at(bytes, at))?,
        }
    }
    file.sync()
}

/// Writes a part of a file again of which the disk cannot read all. A sector that it cannot read stays as it is,
/// and is told of as damage by who reads it.
fn write_sectors(file: &dyn StoredFile, bytes: &mut [u8], at: u64) -> Result<()> {
    for (sector, at) in bytes.chunks_mut(SECTOR_BYTES).zip((at..).step_by(SECTOR_BYTES)) {
        match file.read_at(sector, at) {
            Err(error) if is_unreadable(&error) => {}
            read => read.and_then(|()| file.write_at(sector, at))?,
        }
    }
    Ok(())
}
