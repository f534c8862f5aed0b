//! [`look`] and [`Looked::mend`]: from files, as a crash may have left them, to a journal that is whole.
//!
//! Keeps these invariants:
//!
//! - Looking changes nothing, so that a vault that is not opened stays as it is.
//! - What is behind the last whole group and was never acknowledged is overwritten by zeros before
//!   anything is written, so that nobody takes it for something later.
//! - Where a later frame proves that what is not whole was durable once, it is damage: it stays, and
//!   whoever reads it is told.

use std::sync::Arc;

use toka_vault_core::{Error, Position, Result};
use toka_vault_engine::LogEnd;
use toka_vault_engine::block::Block;
use toka_vault_engine::disk::{Directory, StoredFile};

use crate::frame_index::FrameIndex;
use crate::journal::Active;
use crate::pool::{BUFFER_BYTES, Pool};
use crate::segment::{Frame, Segment};
use crate::segment_header::{PAGE_BYTES, Page, SegmentHeader, file_name, file_number};

/// Bytes that are looked at together.
const PIECE_BYTES: usize = 256;

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
    /// Where the last whole group ends.
    whole: u64,
    index: FrameIndex,
}

/// Looks at the segments in a directory; `None` where none is in use.
pub(crate) fn look(directory: &dyn Directory, pool: &Pool) -> Result<Option<Looked>> {
    let (headers, unused) = segments(directory)?;
    let Some(header) = headers.last().copied() else { return Ok(None) };
    let segment = Segment::new(directory.open(&file_name(header.number))?, header);
    let scan = Scan::of(&segment, pool)?;
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

    /// Makes the end of the log fit to be written to, and removes what is not in use.
    pub(crate) fn mend(self, directory: &dyn Directory, pool: &Pool) -> Result<(Vec<SegmentHeader>, Active)> {
        // What a killed process has written is read here, and may not be durable yet.
        wipe(self.segment.file.as_ref(), pool, self.scan.whole)?;
        self.segment.file.sync()?;
        for number in self.unused.iter().rev() {
            directory.remove(&file_name(*number))?;
        }
        directory.sync()?;
        let active = Active::new(self.segment, self.scan.index, self.scan.whole)?;
        Ok((self.headers, active))
    }
}

impl Scan {
    /// Reads all frames of a segment.
    fn of(segment: &Segment, pool: &Pool) -> Result<Self> {
        let bytes = segment.file.len()?;
        let (mut end, mut whole) = (segment.header.before, PAGE_BYTES as u64);
        let (mut index, mut group) = (FrameIndex::new(bytes), Vec::new());
        let from = (PAGE_BYTES as u64, segment.header.first());
        whole_frames(segment, pool, from, Position::new(u64::MAX), |frame, block, behind| {
            group.push((frame.header.first, frame.offset));
            if block.ends_group() {
                (end, whole) = (block.end(), behind);
                group.drain(..).for_each(|(first, offset)| index.add(first, offset));
            }
        })?;
        Ok(Self { end, whole, index })
    }
}

/// Visits the whole frames of a segment from an offset on, where the event at a position is due, with
/// their blocks and the offsets behind them. Where one is missing whose first event is at most at
/// `suspect`, it looks for a frame behind it that proves the missing one damaged; without such a frame,
/// and behind `suspect`, that is the end.
pub(crate) fn whole_frames(
    segment: &Segment,
    pool: &Pool,
    (from, mut due): (u64, Position),
    suspect: Position,
    mut visit: impl FnMut(&Frame, &Block, u64),
) -> Result<()> {
    let bytes = segment.file.len()?;
    let mut walk = segment.walk(pool, from, bytes, BUFFER_BYTES);
    loop {
        let at = walk.offset();
        match walk.next()?.and_then(|frame| whole_block(segment, &frame, due).map(|block| (frame, block))) {
            Some((frame, block)) => {
                due = frame.header.last().next();
                visit(&frame, &block, walk.offset());
            }
            None if due > suspect => return Ok(()),
            None => {
                let Some(frame) = behind_damage(segment, pool, at, due)? else { return Ok(()) };
                tracing::warn!(segment = segment.name(), at, first = %due, "a segment is damaged");
                due = frame.header.first;
                walk = segment.walk(pool, frame.offset, bytes, BUFFER_BYTES);
            }
        }
    }
}

/// Parses the block of a frame that has the events from `due` on, where it is whole.
fn whole_block(segment: &Segment, frame: &Frame, due: Position) -> Option<Block> {
    let right = frame.header.first == due && frame.is_whole(&segment.salted);
    let block = right.then(|| Block::parse(frame.block()?).ok()).flatten()?;
    (block.first() == due && block.last() == frame.header.last()).then_some(block)
}

/// Returns the next whole frame behind `at`, where no frame with the events from `due` on is, if a
/// frame proves that those events were durable once. If none does, they were never acknowledged.
fn behind_damage(segment: &Segment, pool: &Pool, at: u64, due: Position) -> Result<Option<Frame>> {
    if last_nonzero(segment.file.as_ref(), pool, at)?.is_none() {
        // So it is in nearly every segment, and a search would take much longer.
        return Ok(None);
    }
    let mut walk = segment.walk(pool, at, segment.file.len()?, BUFFER_BYTES);
    let mut next: Option<Frame> = None;
    while walk.search(due.next())? {
        // One frame follows the other, until one is damaged too.
        while let Some(frame) = walk.next()? {
            if frame.header.first <= due || !frame.is_whole(&segment.salted) {
                continue;
            }
            let proves = frame.header.synced >= due;
            next = next.or(Some(frame));
            if proves {
                return Ok(next);
            }
        }
    }
    Ok(None)
}

/// Overwrites what is not zero from an offset on.
fn wipe(file: &dyn StoredFile, pool: &Pool, from: u64) -> Result<()> {
    while let Some(last) = last_nonzero(file, pool, from)? {
        let start = last.saturating_sub(BUFFER_BYTES as u64).max(from);
        let bytes = usize::try_from(last + 1 - start).unwrap_or(BUFFER_BYTES);
        file.write_at(&vec![0; bytes], start)?;
    }
    Ok(())
}

/// Finds the last byte from an offset on that is not zero.
fn last_nonzero(file: &dyn StoredFile, pool: &Pool, from: u64) -> Result<Option<u64>> {
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
    Error::Damaged { path: directory.path(&file_name(number)), reason: reason.into() }
}

/// Opens what is in a directory for tests and for the vault alike: looks, has `check` look at the end,
/// and mends.
pub(crate) fn recover(
    directory: &Arc<dyn Directory>,
    pool: &Pool,
    check: impl FnOnce(&LogEnd) -> Result<()>,
) -> Result<Option<(Vec<SegmentHeader>, Active, LogEnd)>> {
    let Some(looked) = look(directory.as_ref(), pool)? else { return Ok(None) };
    let end = looked.end();
    check(&end)?;
    let (headers, active) = looked.mend(directory.as_ref(), pool)?;
    Ok(Some((headers, active, end)))
}
