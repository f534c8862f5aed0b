//! [`check`]: how far sled will find its log whole, found out before sled looks, which is too late:
//! from the first message that does not match its checksum on, sled wipes the rest of the segment
//! and drops the segments behind it, also where it then fails to open.
//!
//! Keeps the invariant that a vault is refused untouched where sled would wipe what must be there:
//!
//! - what a snapshot covers, which was synced before the snapshot was written, so that sled cannot
//!   open without it;
//! - the block that ends with the acknowledged head, found intact behind the damage and nowhere
//!   else.
//!
//! All else is left to sled: a crash tears what was not acknowledged, at any place and in any order.
//! It reads the segments that sled scans for the end of its log, one to four, as sled does
//! (`check_contiguity_in_unstable_tail` of sled 0.34.7).
//!
//! Invariant 22 of `docs/architecture.md`, which names the tests that show it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use toka_vault_core::{Error, Head, Remedy, Result};
use toka_vault_engine::block::Block;

use crate::message::{Message, read_message};
use crate::segments::{HEADER_BYTES, header_numbers};
use crate::tree::DATA;

/// Bytes at the end of a segment in which no message begins.
const RED_ZONE_BYTES: usize = 32;

/// Where in a block the head stands that its group ends with.
const HEAD_AT: usize = 24;

/// Refuses a database in which sled would wipe what must be there, without changing it.
///
/// # Errors
///
/// [`Error::Damaged`], [`Error::Io`] and [`Error::PermissionDenied`].
pub(crate) fn check(sled: &Path, segment_bytes: usize, acknowledged: Option<Head>) -> Result<()> {
    let data = sled.join(DATA);
    match lost(sled, &data, segment_bytes, acknowledged) {
        Ok(None) => Ok(()),
        Ok(Some(lost)) => Err(refusal(&data, lost)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("read", &data, error)),
    }
}

/// Says what is damaged.
fn refusal(data: &Path, Lost { offset, remedy }: Lost) -> Error {
    let reason =
        format!("the log at byte {offset}, before its end, and sled would wipe what stands behind it");
    Error::Damaged { path: data.to_path_buf(), reason, remedy }
}

/// Says where damage is that would lose something.
struct Lost {
    offset: u64,
    remedy: Remedy,
}

/// Finds damage that would lose something.
fn lost(
    sled: &Path,
    data: &Path,
    segment_bytes: usize,
    acknowledged: Option<Head>,
) -> std::io::Result<Option<Lost>> {
    let covered = snapshot(sled)?;
    let mut log = LogFile { file: File::open(data)?, segment_bytes };
    let segments = log.segments(covered)?;
    let Some(end) = log.end(&segments, covered)? else { return Ok(None) };
    let offset = segments.get(&log.start_of(end)).map_or(0, |segment| segment.offset + log.within(end));
    if end < covered {
        return Ok(Some(Lost { offset, remedy: Remedy::Restore }));
    }
    let Some(head) = acknowledged else { return Ok(None) };
    let needle = [head.position.get().to_be_bytes().as_slice(), head.chain.as_bytes()].concat();
    let behind = log.find(&needle, head, |lsn| lsn >= end, &segments)?;
    let lost = behind && !log.find(&needle, head, |lsn| lsn < end, &segments)?;
    Ok(lost.then_some(Lost { offset, remedy: Remedy::AcceptTailLoss }))
}

/// Returns up to where the newest snapshot covers the log, which its name tells.
fn snapshot(sled: &Path) -> std::io::Result<i64> {
    let mut newest = 0;
    for entry in std::fs::read_dir(sled)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("snap."));
        let number = number.and_then(|number| i64::from_str_radix(number, 16).ok());
        newest = newest.max(number.unwrap_or(0));
    }
    Ok(newest)
}

/// Is sled's data file.
struct LogFile {
    file: File,
    segment_bytes: usize,
}

/// Says where a segment is, and up to where the log was stable when it was begun.
struct Segment {
    offset: u64,
    stable: i64,
}

impl LogFile {
    /// Returns the number of the segment that has a place in the log.
    fn start_of(&self, lsn: i64) -> i64 {
        lsn - lsn.rem_euclid(self.segment_bytes as i64)
    }

    /// Returns how far into its segment a place in the log is.
    fn within(&self, lsn: i64) -> u64 {
        lsn.rem_euclid(self.segment_bytes as i64) as u64
    }

    /// Reads from an offset on as much as there is of a buffer.
    fn read(&mut self, offset: u64, bytes: usize) -> std::io::Result<Vec<u8>> {
        let mut buffer = Vec::with_capacity(bytes);
        self.file.seek(SeekFrom::Start(offset))?;
        (&mut self.file).take(bytes as u64).read_to_end(&mut buffer)?;
        Ok(buffer)
    }

    /// Finds the segments that sled looks at: those that no snapshot covers as a whole.
    fn segments(&mut self, covered: i64) -> std::io::Result<BTreeMap<i64, Segment>> {
        let mut segments = BTreeMap::new();
        let length = self.file.metadata()?.len();
        let mut offset = 0;
        while offset + HEADER_BYTES as u64 <= length {
            let header = self.read(offset, HEADER_BYTES)?;
            if let Some((lsn, stable)) =
                header_numbers(&header).filter(|(lsn, _)| *lsn >= self.start_of(covered))
            {
                segments.insert(lsn, Segment { offset, stable });
            }
            offset += self.segment_bytes as u64;
        }
        Ok(segments)
    }

    /// Finds where sled will end the log, or nothing where it has no segment to look at.
    fn end(&mut self, segments: &BTreeMap<i64, Segment>, covered: i64) -> std::io::Result<Option<i64>> {
        let stable = segments.values().map(|segment| segment.stable).max();
        let mut due = self.start_of(stable.unwrap_or(0).max(self.start_of(covered)));
        let mut end = None;
        while let Some(segment) = segments.get(&due) {
            let (lsn, whole) = self.end_of_segment(due, segment.offset)?;
            end = Some(lsn);
            if !whole {
                break;
            }
            due += self.segment_bytes as i64;
        }
        Ok(end)
    }

    /// Finds where the messages of a segment end, and tells whether the log goes on in the next.
    fn end_of_segment(&mut self, lsn: i64, offset: u64) -> std::io::Result<(i64, bool)> {
        let bytes = self.read(offset, self.segment_bytes)?;
        let number = (lsn / self.segment_bytes as i64) as u64;
        let mut at = HEADER_BYTES;
        while at <= self.segment_bytes - RED_ZONE_BYTES {
            match read_message(&bytes, at, number, self.segment_bytes) {
                Some(Message::Whole(length)) => at += length,
                Some(Message::Cap) => return Ok((lsn + at as i64, true)),
                None => return Ok((lsn + at as i64, false)),
            }
        }
        Ok((lsn + at as i64, true))
    }

    /// Tells whether the block that ends with a head lies where `part` of the log does. What is in
    /// no segment of the log counts as its beginning.
    fn find(
        &mut self,
        needle: &[u8],
        head: Head,
        part: impl Fn(i64) -> bool,
        segments: &BTreeMap<i64, Segment>,
    ) -> std::io::Result<bool> {
        let lsns: BTreeMap<u64, i64> = segments.iter().map(|(lsn, segment)| (segment.offset, *lsn)).collect();
        let length = self.file.metadata()?.len();
        for offset in (0..length).step_by(self.segment_bytes) {
            let lsn = lsns.get(&offset).copied();
            let last = lsn.map_or(-1, |lsn| lsn + self.segment_bytes as i64 - 1);
            if !part(lsn.unwrap_or(-1)) && !part(last) {
                continue;
            }
            let bytes = self.read(offset, self.segment_bytes)?;
            let is_there = |at: usize| part(lsn.map_or(-1, |lsn| lsn + at as i64));
            if places(&bytes, needle).any(|at| is_there(at) && is_block(&bytes, at, head)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Finds all places of a needle.
fn places<'a>(bytes: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes.windows(needle.len()).enumerate().filter(move |(_, window)| *window == needle).map(|(at, _)| at)
}

/// Tells whether an intact block that ends with a head names it at this place.
fn is_block(bytes: &[u8], at: usize, head: Head) -> bool {
    let block = at.checked_sub(HEAD_AT).and_then(|start| bytes.get(start..));
    let Some(Ok(block)) = block.map(|block| Block::parse(Bytes::copy_from_slice(block))) else {
        return false;
    };
    block.end().head == head && block.ends_group() && block.is_whole()
}
