//! [`Segments`]: all segments of a journal, by position.
//!
//! Keeps the invariants that the list is complete and in order, and that few of the full segments
//! are open at a time.

use std::sync::Arc;

use toka_vault_core::{Position, Result};
use toka_vault_engine::disk::Directory;
use toka_vault_engine::sync::{Mutex, RwLock, lock, read, write};

use crate::frame_index::FrameIndex;
use crate::journal::Active;
use crate::pool::Pool;
use crate::segment::Segment;
use crate::segment_header::{SegmentHeader, file_name};

/// Full segments that are kept open with their indexes: at most 64 descriptors and 2 MiB.
const OPEN_MAX: usize = 64;

/// Knows a journal's segments.
#[derive(Debug)]
pub(crate) struct Segments {
    directory: Arc<dyn Directory>,
    /// What is needed of their headers, in order. The last one is the one that is written to.
    headers: RwLock<Vec<SegmentHeader>>,
    /// Full segments that were read of late, the newest use last.
    open: Mutex<Vec<Arc<Full>>>,
}

/// Is a segment that is not written to any more.
#[derive(Debug)]
pub(crate) struct Full {
    pub(crate) segment: Segment,
    pub(crate) index: FrameIndex,
    /// The position of its last event.
    pub(crate) last: Position,
}

impl Segments {
    /// Knows the segments with these headers; there is at least one.
    pub(crate) fn new(directory: Arc<dyn Directory>, headers: Vec<SegmentHeader>) -> Self {
        Self { directory, headers: RwLock::new(headers), open: Mutex::default() }
    }

    /// Adds the header of the segment that is written to from now on; `full` was before.
    pub(crate) fn add(&self, header: SegmentHeader, full: &Active) {
        let (segment, index) = (full.segment.clone(), full.index());
        self.keep(Arc::new(Full { segment, index, last: header.before.position() }));
        write(&self.headers).push(header);
    }

    /// Adds the header of the segment that is written to from now on, by somebody else.
    pub(crate) fn go_on(&self, header: SegmentHeader) {
        write(&self.headers).push(header);
    }

    /// Returns the full segment that has a position, `None` where it is in the active one or behind.
    pub(crate) fn full(&self, position: Position, pool: &Pool) -> Result<Option<Arc<Full>>> {
        let Some((header, last)) = self.header_of(position) else { return Ok(None) };
        if let Some(full) = self.opened(header.number) {
            return Ok(Some(full));
        }
        let segment = Segment::new(self.directory.open(&file_name(header.number))?, header);
        let index = FrameIndex::load(&segment, pool, last)?;
        let full = Arc::new(Full { segment, index, last });
        self.keep(full.clone());
        Ok(Some(full))
    }

    /// Returns the header of the full segment that has a position, and its last position.
    fn header_of(&self, position: Position) -> Option<(SegmentHeader, Position)> {
        let headers = read(&self.headers);
        let behind = headers.partition_point(|header| header.first() <= position);
        // A segment that was begun and got no event shares its first position with the next one.
        let last = headers.get(behind)?.before.position();
        Some((*headers.get(behind.checked_sub(1)?)?, last))
    }

    fn opened(&self, number: u64) -> Option<Arc<Full>> {
        let mut open = lock(&self.open);
        let at = open.iter().rposition(|full| full.segment.header.number == number)?;
        let full = open.remove(at);
        open.push(full.clone());
        Some(full)
    }

    fn keep(&self, full: Arc<Full>) {
        let mut open = lock(&self.open);
        if open.len() >= OPEN_MAX {
            open.remove(0);
        }
        open.push(full);
    }
}
