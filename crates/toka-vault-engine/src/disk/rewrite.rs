//! [`write_again`]: makes what is read of a file durable, which it need not be though a sync says so.
//!
//! After a write or a sync that failed, Linux keeps in memory what it could not write, counts it as written, and
//! shows it to whoever opens the file next. Every later sync goes well, and a power cut takes it. Only what is
//! written again is durable after the next sync.
//!
//! Keeps the invariants that no byte of the file changes; and that each is read once, and in steps, so that the
//! time grows with the length and the memory does not.
//!
//! Invariant 19e of `docs/architecture.md`, which names the tests that show it.

use std::ops::Range;

use toka_vault_core::Result;

use super::sectors::{Sector, each_sector};
use super::storage::{StoredFile, is_unreadable};

/// Bytes that are written at once.
const STEP_BYTES: usize = 1 << 20;

/// Writes a part of a file again, with the same bytes; they are durable after a sync. A sector that the disk cannot
/// read stays as it is, and is told as damage to whoever reads it.
///
/// # Errors
///
/// Those of reading and writing the file.
pub fn write_again(file: &dyn StoredFile, part: Range<u64>) -> Result<()> {
    let length = |from: u64| usize::try_from(part.end - from).unwrap_or(STEP_BYTES).min(STEP_BYTES);
    if part.is_empty() {
        return Ok(());
    }
    let mut buffer = vec![0; length(part.start)];
    for at in part.clone().step_by(STEP_BYTES) {
        let bytes = buffer.get_mut(..length(at)).unwrap_or_default();
        match file.read_at(bytes, at) {
            Err(error) if is_unreadable(&error) => {
                each_sector(file, bytes, at, |sector| match sector {
                    Sector::Read { bytes, at } => file.write_at(bytes, at),
                    Sector::Lost { .. } => Ok(()),
                })?;
            }
            read => read.and_then(|()| file.write_at(bytes, at))?,
        }
    }
    Ok(())
}
