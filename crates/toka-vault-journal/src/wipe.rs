//! [`wipe`]: zeros over what was never acknowledged at the end of a segment.
//!
//! Keeps the invariant that each part of a file is read once, and in steps, so that the time grows with its length
//! and the memory does not.

use std::ops::Range;

use toka_vault_core::Result;
use toka_vault_engine::disk::StoredFile;

use crate::frame::{ALIGNMENT, HEADER_BYTES};
use crate::pool::{BUFFER_BYTES, Pool};

/// Bytes that are looked at together.
const PIECE_BYTES: usize = 256;

// What `wipe` leaves is no header.
const _: () = assert!(ALIGNMENT < HEADER_BYTES);

/// Overwrites by zeros what is not zero from an offset on, but for the last bytes of it, which are too few
/// for a frame. Returns where those are: they go once the zeros are durable. If the sync of the zeros fails,
/// and they count as written without being on the disk, whoever comes next still sees how far to wipe.
pub(crate) fn wipe(file: &dyn StoredFile, pool: &Pool, from: u64) -> Result<Range<u64>> {
    let Some(last) = last_nonzero(file, pool, from)? else { return Ok(from..from) };
    let mark = last - last % ALIGNMENT as u64;
    let mark = mark.max(from);
    zero(file, from..mark)?;
    Ok(mark..last + 1)
}

/// Overwrites a part of a file by zeros.
pub(crate) fn zero(file: &dyn StoredFile, part: Range<u64>) -> Result<()> {
    let zeros = vec![0; BUFFER_BYTES];
    for (at, bytes) in steps(part) {
        file.write_at(zeros.get(..bytes).unwrap_or(&zeros), at)?;
    }
    Ok(())
}

/// Finds the last byte from an offset on that is not zero.
pub(crate) fn last_nonzero(file: &dyn StoredFile, pool: &Pool, from: u64) -> Result<Option<u64>> {
    let mut end = file.len()?;
    while end > from {
        let start = end.saturating_sub(BUFFER_BYTES as u64).max(from);
        let step = usize::try_from(end - start).unwrap_or(BUFFER_BYTES);
        let window = pool.filled(step, |buffer| file.read_at(buffer, start))?;
        // Piece by piece, each of which the compiler looks at as a whole.
        let pieces = window.chunks(PIECE_BYTES);
        let is_blank = |piece: &&[u8]| piece.iter().fold(0, |bits, byte| bits | byte) == 0;
        let blank: usize = pieces.rev().take_while(is_blank).map(<[u8]>::len).sum();
        if let Some(last) = window.iter().take(step - blank).rposition(|byte| *byte != 0) {
            return Ok(Some(start + last as u64));
        }
        end = start;
    }
    Ok(None)
}

/// Cuts a part of a file into steps: where each begins, and its bytes.
fn steps(part: Range<u64>) -> impl Iterator<Item = (u64, usize)> {
    let end = part.end;
    part.step_by(BUFFER_BYTES).map(move |at| (at, (end - at).min(BUFFER_BYTES as u64) as usize))
}
