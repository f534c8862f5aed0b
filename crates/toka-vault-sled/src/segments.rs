//! [`check`]: a look at sled's data file before sled opens it.
//!
//! sled finds the end of its log by the headers of its segments, and believes every one: a segment
//! whose header does not match its checksum counts as unused. Where that is the one which tells how
//! far the log had come, sled takes the vault for empty and overwrites the rest.
//!
//! Keeps the invariant that sled never sees a header that no crash can leave. What a crash leaves is
//! known, because sled writes a header in one piece with what follows it, at the start of a sector:
//!
//! | state of the process or the disk | header |
//! |---|---|
//! | the segment was never written, or only its later part | zeros |
//! | sled had freed it and has not written it again | the old one, whole |
//! | sled was wiping it while it opened | the old one, whole, or zeros |
//! | the file ends inside the header | none, for sled as well |
//!
//! So a header is zeros or matches its checksum. It cannot see a header that was replaced by zeros.
//!
//! Invariant 22 of `docs/architecture.md`, which names the tests that show it.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use toka_vault_core::{Error, Remedy, Result};

/// Bytes of a header: its checksum, then two log sequence numbers.
pub(crate) const HEADER_BYTES: usize = 20;

/// Refuses a data file in which the header of a segment is damaged, without changing it. One that
/// is not there is fine.
///
/// # Errors
///
/// [`Error::Damaged`] for a damaged header, [`Error::Io`] and [`Error::PermissionDenied`].
pub(crate) fn check(data: &Path, segment_bytes: u64) -> Result<()> {
    match damaged_header(data, segment_bytes) {
        Ok(None) => Ok(()),
        Ok(Some(offset)) => Err(refusal(data, offset)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("read", data, error)),
    }
}

/// Finds the first damaged header, and returns where it is.
fn damaged_header(data: &Path, segment_bytes: u64) -> std::io::Result<Option<u64>> {
    let mut file = File::open(data)?;
    let length = file.metadata()?.len();
    let mut offset = 0;
    while offset + HEADER_BYTES as u64 <= length {
        let mut header = [0; HEADER_BYTES];
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut header)?;
        if !is_possible(&header) {
            return Ok(Some(offset));
        }
        offset += segment_bytes;
    }
    Ok(None)
}

/// Tells whether sled, or a crash of it, can have left this header.
fn is_possible(header: &[u8; HEADER_BYTES]) -> bool {
    header == &[0; HEADER_BYTES] || header_numbers(header).is_some()
}

/// Reads where in the log a segment begins and up to where the log was stable then, from a header
/// that matches its checksum.
pub(crate) fn header_numbers(header: &[u8]) -> Option<(i64, i64)> {
    let (checksum, numbers) = header.split_at_checked(4)?;
    let (lsn, stable) = numbers.split_at_checked(8)?;
    let number = |bytes: &[u8]| Some(i64::from_le_bytes(bytes.try_into().ok()?) ^ i64::MAX);
    let matches = checksum == (crc32fast::hash(numbers) ^ u32::MAX).to_le_bytes();
    Some((number(lsn)?, number(stable)?)).filter(|_| matches)
}

/// Says what is damaged.
fn refusal(data: &Path, offset: u64) -> Error {
    let reason = format!(
        "the segment header at byte {offset}, without which sled would overwrite what it cannot find"
    );
    Error::Damaged { path: data.to_path_buf(), reason, remedy: Remedy::AcceptTailLoss }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const SEGMENT_BYTES: u64 = 4_096;

    /// Returns the header that sled wrote first into a file on a machine of ours.
    fn first_header() -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        let numbers = [i64::MAX.to_le_bytes(), (-1 ^ i64::MAX).to_le_bytes()].concat();
        let checksum = (crc32fast::hash(&numbers) ^ u32::MAX).to_le_bytes();
        header.copy_from_slice(&[checksum.as_slice(), &numbers].concat());
        header
    }

    fn file(segments: &[&[u8]]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for segment in segments {
            let mut bytes = segment.to_vec();
            bytes.resize(SEGMENT_BYTES as usize, 7);
            file.write_all(&bytes).unwrap();
        }
        file
    }

    #[test]
    fn headers_that_a_crash_can_leave_pass() {
        let zeros = [0; HEADER_BYTES];
        let whole = file(&[&first_header(), &zeros, &first_header()]);
        assert_eq!(damaged_header(whole.path(), SEGMENT_BYTES).unwrap(), None);
        whole.as_file().set_len(2 * SEGMENT_BYTES + HEADER_BYTES as u64 - 1).unwrap();
        assert_eq!(damaged_header(whole.path(), SEGMENT_BYTES).unwrap(), None);
        assert!(check(&whole.path().join("missing"), SEGMENT_BYTES).is_err(), "its parent is a file");
        assert!(check(&whole.path().with_extension("missing"), SEGMENT_BYTES).is_ok());
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_found() {
        for bit in 0..HEADER_BYTES * 8 {
            let mut header = first_header();
            header[bit / 8] ^= 1 << (bit % 8);
            let damaged = file(&[&first_header(), &header]);
            assert_eq!(
                damaged_header(damaged.path(), SEGMENT_BYTES).unwrap(),
                Some(SEGMENT_BYTES),
                "bit {bit}"
            );
        }
    }
}
