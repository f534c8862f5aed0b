//! [`salvage`]: what a disk still gives of bytes that it cannot read in one piece.
//!
//! Keeps the invariants that nothing is made up: what cannot be read becomes zeros, which no checksum takes for
//! what was written; and that the failure is told.

use toka_vault_core::{Error, Result};
use toka_vault_engine::disk::{StoredFile, is_unreadable};
use toka_vault_engine::told;

/// Bytes that a disk loses together at least.
const SECTOR_BYTES: u64 = 512;

/// Fills a buffer from an offset on, sector by sector, after `failure` to read all of it at once. Sectors that
/// cannot be read become zeros.
///
/// # Errors
///
/// `failure`, where it says nothing of the bytes themselves, and any other such failure.
pub(crate) fn salvage(file: &dyn StoredFile, buffer: &mut [u8], at: u64, failure: Error) -> Result<()> {
    if !is_unreadable(&failure) {
        return Err(failure);
    }
    let (mut offset, mut rest, mut lost) = (at, buffer, 0);
    while !rest.is_empty() {
        let up_to = SECTOR_BYTES - offset % SECTOR_BYTES;
        let length = rest.len().min(usize::try_from(up_to).unwrap_or(usize::MAX));
        let (sector, behind) = rest.split_at_mut(length);
        match file.read_at(sector, offset) {
            Err(error) if is_unreadable(&error) => {
                sector.fill(0);
                lost += 1;
            }
            read => read?,
        }
        (offset, rest) = (offset + length as u64, behind);
    }
    tracing::warn!(
        at,
        lost,
        error = told(&failure),
        "sectors of a segment cannot be read and count as damaged"
    );
    Ok(())
}
