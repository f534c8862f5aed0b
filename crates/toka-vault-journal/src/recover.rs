//! [`look`] and [`Looked::mend`]: from files, as a crash may have left them, to a journal that is whole.
//!
//! Keeps these invariants:
//!
//! - Looking changes nothing, so that a vault that is not opened stays as it is.
//! - What is behind the last whole group and was never acknowledged is overwritten by zeros before
//!   anything is written, so that nobody takes it for something later.
//! - Where it is known that what is not whole was durable once, from the record of the head or from a frame,
//!   it is damage: it stays, and whoever reads it is told. Where such a position is behind the end that is
//!   found, whoever opens the vault is told.
//! - What is found and not known to have been durable is written again before it counts as durable, since
//!   what is read may not be on the disk, whatever a sync says.
//!
//! Invariants 19a, 19e and 22 of `docs/architecture.md`, which names the tests that show them.

use std::ops::Range;
use std::sync::Arc;

use toka_vault_core::{Error, Position, Remedy, Result};
use toka_vault_engine::LogEnd;
use toka_vault_engine::disk::{Directory, write_again};

use crate::frame_index::FrameIndex;
use crate::groups::{Start, whole_groups};
use crate::journal::Active;
use crate::pool::{BUFFER_BYTES, Pool};
use crate::segment::Segment;
use crate::segment_header::{PAGE_BYTES, Page, SegmentHeader, file_name, file_number};
use crate::wipe::{wipe, zero};

/// What a look at the files has found.
#[derive(Debug)]
pub(crate) struct Looked {
    /// The headers of all segments in use, in order.
    headers: Vec<SegmentHeader>,
    /// The last of them.
    segment: Segment,
    scan: Scan,
    /// Segments that were made ahead, or whose header was torn.
    unused: Vec<u64>,
}

/// What the frames of the last segment say.
#[derive(Debug)]
struct Scan {
    /// Where the log ends.
    end: LogEnd,
    /// Where the last group ends.
    whole: u64,
    /// The newest position that is known to have been durable.
    durable: Position,
    index: FrameIndex,
}

/// Looks at the segments in a directory, where all up to a position was acknowledged; `None` where none is in
/// use.
pub(crate) fn look(directory: &dyn Directory, pool: &Pool, acknowledged: Position) -> Result<Option<Looked>> {
    let (headers, unused) = segments(directory)?;
    let Some(header) = headers.last().copied() else { return Ok(None) };
    let segment = Segment::new(directory.open(&file_name(header.number))?, header);
    let scan = Scan::of(&segment, pool, acknowledged)?;
    Ok(Some(Looked { headers, segment, scan, unused }))
}

/// Returns the headers of the segments in use, in order, and the numbers of the others.
pub(crate) fn segments(directory: &dyn Directory) -> Result<(Vec<SegmentHeader>, Vec<u64>)> {
    let mut numbers: Vec<u64> = directory.list()?.iter().filter_map(|name| file_number(name)).collect();
    numbers.sort_unstable();
    let pages = numbers.iter().map(|number| read_page(directory, *number)).collect::<Result<Vec<_>>>()?;
    let Some(last) = pages.iter().rposition(|page| matches!(page, Page::Header(_))) else {
        return Ok((Vec::new(), numbers));
    };
    let used = numbers.iter().copied().zip(pages).take(last + 1);
    let headers = used.map(|(number, page)| in_use(directory, number, page)).collect::<Result<Vec<_>>>()?;
    check_order(directory, &headers)?;
    let unused = numbers.split_off(last + 1);
    Ok((headers, unused))
}

impl Looked {
    /// Returns where the log ends.
    pub(crate) fn end(&self) -> LogEnd {
        self.scan.end
    }

    /// Returns the newest position that is known to have been durable. Where the log ends before it, events are
    /// missing.
    pub(crate) fn durable(&self) -> Position {
        self.scan.durable
    }

    /// Makes what was found durable and the end of the log fit to be written to, and removes what is not in
    /// use.
    pub(crate) fn mend(self, directory: &dyn Directory, pool: &Pool) -> Result<(Vec<SegmentHeader>, Active)> {
        let file = self.segment.file.as_ref();
        // What a killed process has written is read here, and may not be durable yet.
        write_again(file, self.scan.doubtful(&self.segment, pool)?)?;
        let mark = wipe(file, pool, self.scan.whole)?;
        file.sync()?;
        // No frame, so that the next sync is soon enough.
        zero(file, mark)?;
        for number in self.unused.iter().rev() {
            directory.remove(&file_name(*number))?;
        }
        directory.sync()?;
        let active = Active::new(self.segment, self.scan.index, self.scan.whole, self.scan.end.position())?;
        Ok((self.headers, active))
    }
}

impl Scan {
    /// Reads all frames of a segment.
    fn of(segment: &Segment, pool: &Pool, acknowledged: Position) -> Result<Self> {
        let (mut end, mut whole) = (segment.header.before, PAGE_BYTES as u64);
        let mut index = FrameIndex::new(segment.file.len()?);
        let start = Start {
            offset: PAGE_BYTES as u64,
            due: segment.header.first(),
            // The header is written when all before it is durable.
            durable: acknowledged.max(end.position()),
            suspect: Position::new(u64::MAX),
        };
        let durable = whole_groups(segment, pool, start, |group| {
            (end, whole) = (group.end, group.behind);
            group.frames.into_iter().for_each(|(first, offset)| index.add(first, offset));
        })?;
        Ok(Self { end, whole, durable, index })
    }

    /// Returns the part of the segment that is not known to be durable: none where the vault was closed.
    fn doubtful(&self, segment: &Segment, pool: &Pool) -> Result<Range<u64>> {
        let SegmentHeader { number, before, .. } = segment.header;
        if number > 0 && self.durable <= before.position() {
            // The page of a segment is synced with its first frames; that of the first one, at its creation.
            return Ok(0..self.whole);
        }
        if self.end.position() <= self.durable {
            return Ok(self.whole..self.whole);
        }
        let (near, _) = self.index.find(self.durable.next(), self.durable.next());
        let mut walk = segment.walk(pool, near, self.whole, BUFFER_BYTES);
        let mut from = walk.offset();
        while walk.next()?.is_some_and(|frame| frame.header.last() <= self.durable) {
            from = walk.offset();
        }
        Ok(from..self.whole)
    }
}

/// Reads the first page of a segment; one that is shorter is not in use.
pub(crate) fn read_page(directory: &dyn Directory, number: u64) -> Result<Page> {
    let file = directory.open(&file_name(number))?;
    if file.len()? < PAGE_BYTES as u64 {
        return Ok(Page::Unused);
    }
    SegmentHeader::read_from(file.as_ref())
}

/// Returns the header of a segment that has to have one.
fn in_use(directory: &dyn Directory, number: u64, page: Page) -> Result<SegmentHeader> {
    match page {
        Page::Header(header) if header.number == number => Ok(header),
        Page::Header(_) => Err(damaged(directory, number, "it has the header of another segment")),
        Page::Unused => Err(damaged(directory, number, "it is empty, and segments behind it are not")),
        Page::Unreadable => Err(damaged(directory, number, "both copies of its header are damaged")),
    }
}

/// Checks that segments follow each other and are of one vault.
fn check_order(directory: &dyn Directory, headers: &[SegmentHeader]) -> Result<()> {
    if let Some(first) = headers.first().filter(|first| first.number != 0) {
        return Err(damaged(directory, first.number - 1, "it is missing"));
    }
    if let Some(first) = headers.first().filter(|first| first.first() != Position::FIRST) {
        return Err(damaged(
            directory,
            first.number,
            "its header says that it does not begin with the first event",
        ));
    }
    for pair in headers.windows(2) {
        let [before, after] = pair else { continue };
        if before.number + 1 != after.number {
            return Err(damaged(directory, before.number + 1, "it is missing"));
        }
        if before.vault != after.vault || before.first() > after.first() {
            return Err(damaged(directory, after.number, "it is a segment of another vault"));
        }
    }
    Ok(())
}

fn damaged(directory: &dyn Directory, number: u64, reason: &str) -> Error {
    let path = directory.path(&file_name(number));
    Error::Damaged { path, reason: reason.into(), remedy: Remedy::Restore }
}

/// Opens what is in a directory for tests and for the vault alike: looks, has `check` look at the end and at
/// what is known to have been durable, and mends.
pub(crate) fn recover(
    directory: &Arc<dyn Directory>,
    pool: &Pool,
    acknowledged: Position,
    check: impl FnOnce(&LogEnd, Position) -> Result<()>,
) -> Result<Option<(Vec<SegmentHeader>, Active, LogEnd)>> {
    let Some(looked) = look(directory.as_ref(), pool, acknowledged)? else { return Ok(None) };
    let end = looked.end();
    check(&end, looked.durable())?;
    let (headers, active) = looked.mend(directory.as_ref(), pool)?;
    Ok(Some((headers, active, end)))
}
