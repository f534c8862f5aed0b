//! [`Follower`]: a journal that another process writes.
//!
//! Keeps these invariants:
//!
//! - Nothing is written, and no lock is taken.
//! - A group is shown only once something that was written after its sync says that it was durable: a
//!   later frame, the header of the next segment, or the record of the head. So nothing that is shown can
//!   be taken back.
//! - What is not shown is not remembered, but for where it ends, so that nobody reads it again and again: a
//!   writer that was killed and came back may have put something else in its place.
//! - Where no whole frame is, none is there yet, unless it was known before the look that there is one:
//!   only then it is damage.
//!
//! Invariant 19c of `docs/architecture.md`, which names the tests that show it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use toka_vault_core::{Error, Head, Position, Result};
use toka_vault_engine::disk::Directory;
use toka_vault_engine::sync::{Mutex, lock};
use toka_vault_engine::{Chunk, FollowedLog, Group, Log, LogEnd, ReadBudget, Unappended};

use crate::frame::HEADER_BYTES;
use crate::frame_index::FrameIndex;
use crate::groups::{Start, whole_groups};
use crate::journal::{Active, Journal};
use crate::recover::{read_page, segments};
use crate::segment::Segment;
use crate::segment_header::{PAGE_BYTES, Page, SegmentHeader, file_name};
use crate::segments::Segments;
use crate::spares::Spares;

/// How often the segments are listed anew where one goes away meanwhile, as a spare one does.
const LISTS_MAX: usize = 5;

/// Reads the newest record of the head.
pub(crate) type Record = Box<dyn Fn() -> Result<Option<Head>> + Send + Sync>;

/// Follows a journal.
pub(crate) struct Follower {
    pub(crate) journal: Journal,
    directory: Arc<dyn Directory>,
    record: Record,
    place: Mutex<Place>,
}

/// Tells how far a follower has come.
struct Place {
    /// Where the log ends with all that is shown.
    end: LogEnd,
    /// What is known to be durable.
    durable: Position,
    /// What was known to be durable when damage was searched for.
    searched: Position,
    /// What was read, and is not shown.
    unproven: Option<Unproven>,
}

/// Is what stands behind all that is shown, while nothing says that it is durable.
#[derive(Clone, Copy)]
struct Unproven {
    /// The number of its segment.
    segment: u64,
    /// Where it begins.
    at: u64,
    /// The header of the first frame, with its checksum: another one has another.
    first: [u8; HEADER_BYTES],
    /// Where it ends.
    behind: u64,
    /// What was known to be durable when it was read.
    durable: Position,
}

/// Holds the frames behind what is shown.
#[derive(Default)]
struct Ahead {
    frames: Vec<(Position, u64)>,
    /// Where each group ends, and with how many of the frames.
    groups: Vec<(LogEnd, u64, usize)>,
}

impl Follower {
    /// Opens the journal in a directory; `None` where no segment is in use. Nothing of the last segment is
    /// shown before the first look.
    pub(crate) fn open(directory: Arc<dyn Directory>, record: Record) -> Result<Option<Self>> {
        let headers = (0..LISTS_MAX).find_map(|_| segments(directory.as_ref()).ok());
        let headers = headers.map_or_else(|| segments(directory.as_ref()), Ok)?.0;
        let Some(last) = headers.last().copied() else { return Ok(None) };
        let active = begin(directory.as_ref(), last)?;
        let (known, spares) =
            (Segments::new(directory.clone(), headers), Spares::on_demand(directory.clone(), 0));
        // Neither spares nor salts are asked for.
        let journal = Journal::open(known, active, last.before, spares, Box::new(|| 0));
        let durable = last.before.position();
        let place = Mutex::new(Place { end: last.before, durable, searched: durable, unproven: None });
        Ok(Some(Self { journal, directory, record, place }))
    }

    /// Returns the newest position that is known to be durable. After a look all up to it is shown, unless
    /// events are missing.
    pub(crate) fn durable(&self) -> Position {
        lock(&self.place).durable
    }

    /// Returns the header of the segment behind one, if that was begun.
    fn next_header(&self, header: &SegmentHeader) -> Result<Option<SegmentHeader>> {
        // A segment that is not there yet is no failure, and one that cannot be opened is met again.
        let page = read_page(self.directory.as_ref(), header.number + 1).unwrap_or(Page::Unused);
        let right = |next: &SegmentHeader| next.number == header.number + 1 && next.vault == header.vault;
        Ok(match page {
            Page::Header(next) => Some(next).filter(right),
            Page::Unused | Page::Unreadable => None,
        })
    }

    /// Shows what is durable of the segment that is written to.
    fn advance(&self, place: &mut Place) -> Result<()> {
        let active = self.journal.active();
        let at = active.written.load(Ordering::Relaxed);
        let due = place.end.position().next();
        let missing = due <= place.durable && place.durable > place.searched;
        let first = front(&active, at)?;
        if !missing && (is_blank(&active, at, &first) || is_as_before(&active, at, &first, place)?) {
            return Ok(());
        }
        let suspect = if missing { place.durable } else { Position::ZERO };
        let start = Start { offset: at, due, durable: place.durable, suspect };
        let mut ahead = Ahead::default();
        let durable = whole_groups(&active.segment, &self.journal.pool, start, |group| {
            ahead.frames.extend(group.frames);
            ahead.groups.push((group.end, group.behind, ahead.frames.len()));
        })?;
        place.searched = place.searched.max(suspect);
        place.durable = durable;
        let is_durable = |group: &&(LogEnd, u64, usize)| group.0.position() <= durable;
        let shown = ahead.groups.iter().take_while(is_durable).last().copied();
        let newest = ahead.groups.last().filter(|_| shown.is_none());
        let segment = active.segment.header.number;
        place.unproven =
            newest.map(|(_, behind, _)| Unproven { segment, at, first, behind: *behind, durable });
        if let Some((end, behind, frames)) = shown {
            active.extend(ahead.frames.into_iter().take(frames), behind, end.position());
            place.end = end;
        }
        Ok(())
    }
}

/// Tells whether all that stands at an offset, with `first` in front, is what was read there at an earlier look,
/// with nothing behind it. What has come in its place meanwhile and begins alike is met once a record says that it
/// is durable.
fn is_as_before(active: &Active, at: u64, first: &[u8; HEADER_BYTES], place: &Place) -> Result<bool> {
    let stands = (active.segment.header.number, at, place.durable);
    let known =
        |before: &Unproven| (before.segment, before.at, before.durable) == stands && before.first == *first;
    match place.unproven.filter(known) {
        Some(Unproven { behind, .. }) => Ok(is_blank(active, behind, &front(active, behind)?)),
        None => Ok(false),
    }
}

/// Tells whether no frame begins at an offset, where these bytes stand.
fn is_blank(active: &Active, at: u64, front: &[u8]) -> bool {
    active.segment.frame_header(at, front).is_none()
}

/// Reads the header of a frame; zeros where the segment ends before. No more, for it is asked again and again.
fn front(active: &Active, at: u64) -> Result<[u8; HEADER_BYTES]> {
    let mut header = [0; HEADER_BYTES];
    if at + HEADER_BYTES as u64 <= active.segment.file.len()? {
        active.segment.file.read_at(&mut header, at)?;
    }
    Ok(header)
}

/// Opens a segment that somebody else has begun, and shows nothing of it yet.
fn begin(directory: &dyn Directory, header: SegmentHeader) -> Result<Active> {
    let segment = Segment::new(directory.open(&file_name(header.number))?, header);
    let index = FrameIndex::new(segment.file.len()?);
    Active::new(segment, index, PAGE_BYTES as u64, header.before.position())
}

impl FollowedLog for Follower {
    fn look(&self) -> Result<LogEnd> {
        let mut place = lock(&self.place);
        // First what is said to be durable, then the frames: so these have to be there.
        let recorded = (self.record)()?.map_or(Position::ZERO, |head| head.position);
        place.durable = place.durable.max(recorded);
        while let Some(next) = self.next_header(&self.journal.active().segment.header)? {
            self.journal.go_on(begin(self.directory.as_ref(), next)?);
            // All before it is durable; what of that is damaged, its readers are told.
            place.end = next.before;
            place.durable = place.durable.max(next.before.position());
        }
        self.advance(&mut place)?;
        Ok(place.end)
    }
}

impl Log for Follower {
    fn append(&self, _group: &mut Group) -> Result<(), Unappended> {
        Err(Unappended::Refused(Error::ReadOnly))
    }

    fn sync(&self, _head: Head) -> Result<()> {
        Err(Error::ReadOnly)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        self.journal.read(from, budget)
    }

    fn close(&self) -> Result<()> {
        self.journal.close()
    }
}
