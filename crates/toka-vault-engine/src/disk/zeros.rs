//! Filling a new file with zeros, so that later it is only overwritten.
//!
//! Keeps the invariant that a file is durable in full, or the failure is told.

use std::io;
use std::path::Path;

use toka_vault_core::Result;

use super::storage::StoredFile;

/// Bytes that are written at once.
const STEP_BYTES: u64 = 512 << 10;

/// Fills a file with zeros through the memory of the file system, and syncs it each time that it has
/// `synced` bytes more, and at its end.
pub(super) fn fill<F: StoredFile + ?Sized>(file: &F, bytes: u64, synced: u64) -> Result<()> {
    let zeros = vec![0; STEP_BYTES as usize];
    let (mut at, mut unsynced) = (0, 0);
    while at < bytes {
        let step = STEP_BYTES.min(bytes - at);
        file.write_at(zeros.get(..step as usize).unwrap_or(&zeros), at)?;
        at += step;
        unsynced += step;
        if unsynced >= synced || at >= bytes {
            file.sync()?;
            unsynced = 0;
        }
    }
    Ok(())
}

/// Fills the file at `path` with zeros that go to the disk without lying in memory first, where they would
/// cost the processor twice: as they come, and as they go to the disk. Their place on the disk is durable
/// after a sync. Tells whether that can be done: on some file systems it cannot.
#[cfg(target_os = "linux")]
pub(super) fn fill_directly(path: &Path, bytes: u64) -> io::Result<bool> {
    use std::os::unix::fs::{FileExt, OpenOptionsExt};

    // What offsets, lengths and the place of the zeros in memory have to be a multiple of, on any disk in use.
    const ALIGNMENT: usize = 4 << 10;

    let zeros = vec![0; STEP_BYTES as usize + ALIGNMENT];
    let start = zeros.as_ptr().align_offset(ALIGNMENT);
    let zeros = zeros.get(start..start + STEP_BYTES as usize).unwrap_or_default();
    let fill = || {
        let file = std::fs::File::options().write(true).custom_flags(libc::O_DIRECT).open(path)?;
        // A write that makes a file longer would have the length written to the disk each time.
        file.set_len(bytes)?;
        for at in (0..bytes).step_by(STEP_BYTES as usize) {
            let step = STEP_BYTES.min((bytes - at).next_multiple_of(ALIGNMENT as u64));
            file.write_all_at(zeros.get(..step as usize).unwrap_or(zeros), at)?;
        }
        // What the last write had to have more than was asked for.
        file.set_len(bytes)
    };
    match fill() {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Tells that it cannot be done.
#[cfg(not(target_os = "linux"))]
pub(super) fn fill_directly(_: &Path, _: u64) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDirectory;
    use crate::disk::storage::Directory;

    /// Lengths that are and are not a multiple of a step and of a page.
    const LENGTHS: [u64; 5] = [0, 1, 4 << 10, STEP_BYTES + 1, 2 * STEP_BYTES];

    #[test]
    fn a_file_is_filled_to_the_byte_in_both_ways() {
        let dir = tempfile::tempdir().unwrap();
        let directory = RealDirectory::open(dir.path()).unwrap();
        for bytes in LENGTHS {
            let (direct, other) = (directory.create("direct").unwrap(), directory.create("other").unwrap());
            direct.fill(bytes, bytes).unwrap();
            fill(other.as_ref(), bytes, bytes).unwrap();
            for file in [direct, other] {
                let zeros = vec![0; bytes as usize];
                assert!(std::fs::read(file.path()).unwrap() == zeros, "{bytes} bytes of {:?}", file.path());
            }
        }
    }
}
