//! [`each_sector`]: what a disk still gives of bytes that it cannot read in one piece.
//!
//! Keeps the invariant that a sector which is lost is told from one that was read: nothing is made up.

use toka_vault_core::Result;

use super::storage::{StoredFile, is_unreadable};

/// Bytes that a disk loses together at least.
const SECTOR_BYTES: u64 = 512;

/// Is a sector of a file, or as much of it as was asked for.
#[derive(Debug)]
pub enum Sector<'a> {
    /// The disk gives its bytes.
    Read {
        /// What is in it.
        bytes: &'a [u8],
        /// Where in the file that is.
        at: u64,
    },
    /// The disk cannot read it.
    Lost {
        /// The room for its bytes, with anything in it.
        bytes: &'a mut [u8],
    },
}

/// Reads a part of a file from an offset on, sector by sector, and gives each to `take` in order. It is for bytes
/// that cannot be read at once: this takes much longer.
///
/// # Errors
///
/// A failure to read that says nothing of the bytes themselves, and those of `take`.
pub fn each_sector(
    file: &dyn StoredFile,
    buffer: &mut [u8],
    mut at: u64,
    mut take: impl FnMut(Sector<'_>) -> Result<()>,
) -> Result<()> {
    let mut rest = buffer;
    while !rest.is_empty() {
        let up_to = SECTOR_BYTES - at % SECTOR_BYTES;
        let length = rest.len().min(usize::try_from(up_to).unwrap_or(usize::MAX));
        let (bytes, behind) = rest.split_at_mut(length);
        match file.read_at(bytes, at) {
            Err(error) if is_unreadable(&error) => take(Sector::Lost { bytes })?,
            read => read.and_then(|()| take(Sector::Read { bytes, at }))?,
        }
        (at, rest) = (at + length as u64, behind);
    }
    Ok(())
}
