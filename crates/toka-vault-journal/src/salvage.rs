//! [`salvage`]: what a disk still gives of bytes that it cannot read in one piece.
//!
//! Keeps the invariants that nothing is made up: what cannot be read becomes zeros, which no checksum takes for
//! what was written; and that the failure is told.
//!
//! Invariant 16 of `docs/architecture.md`, which names the tests that show it.

use toka_vault_core::{Error, Result};
use toka_vault_engine::disk::{Sector, StoredFile, each_sector, is_unreadable};
use toka_vault_engine::told;

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
    let mut lost = 0;
    each_sector(file, buffer, at, |sector| {
        if let Sector::Lost { bytes } = sector {
            bytes.fill(0);
            lost += 1;
        }
        Ok(())
    })?;
    tracing::warn!(
        at,
        lost,
        error = told(&failure),
        "sectors of a segment cannot be read and count as damaged"
    );
    Ok(())
}
