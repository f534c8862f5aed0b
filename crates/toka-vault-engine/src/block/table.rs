//! [`Table`]: where the records of a block lie.
//!
//! It stands in the block's header and is read there, entry by entry. A copy of it in memory of its own
//! would be made by the thread that reads and freed by the task that consumes, for each block: the two
//! waited for each other's allocator (measured: a tenth of the reader's time).

use toka_vault_core::Position;

use super::{ENTRY_BYTES, LENGTH_AT};
use crate::fields::Fields;

/// Finds the records of a block, which lie one behind the other, by its header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Where the first record starts, which is where the table ends.
    records_at: usize,
    count: usize,
}

/// Says where a record lies and what it must hash to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) checksum: u32,
}

/// Stands before a record of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    pub(super) index: usize,
    start: usize,
}

impl Table {
    /// Knows the table of a header of `header_bytes` bytes, which ends with it.
    pub(super) fn new(header_bytes: usize, count: usize) -> Self {
        Self { records_at: header_bytes, count }
    }

    /// Returns how many records there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Stands before a record, or behind all where there is none of that index.
    pub(super) fn cursor(&self, block: &[u8], index: usize) -> Cursor {
        let mut cursor = Cursor { index: 0, start: self.records_at };
        while cursor.index < index && self.next(block, &mut cursor).is_some() {}
        cursor
    }

    /// Returns the entry of the next record and goes behind it; `None` behind the last.
    #[inline]
    pub(super) fn next(&self, block: &[u8], cursor: &mut Cursor) -> Option<Entry> {
        let left = self.count.checked_sub(cursor.index).filter(|left| *left > 0)?;
        let at = self.records_at.checked_sub(left.checked_mul(ENTRY_BYTES)?)?;
        let mut entry = Fields(block.get(at..)?);
        let start = cursor.start;
        let end = start.checked_add(entry.u32()? as usize)?;
        *cursor = Cursor { index: cursor.index + 1, start: end };
        Some(Entry { start, end, checksum: entry.u32()? })
    }
}

/// Returns where in a block the record of an event lies, by no more than the front of the block, which is not
/// checked; `None` where it does not have the whole header, or the block does not have the event. For a log
/// that reads what one event needs.
pub fn record_range(front: &[u8], position: Position) -> Option<std::ops::Range<usize>> {
    let mut fields = Fields(front.get(LENGTH_AT..)?);
    let length = fields.u32()? as usize;
    let first = fields.u64()?;
    let table = Table::new(length, fields.u32()? as usize);
    let index = usize::try_from(position.get().checked_sub(first)?).ok()?;
    let header = front.get(..length)?;
    let mut cursor = table.cursor(header, index);
    let entry = table.next(header, &mut cursor)?;
    (cursor.index == index + 1).then_some(entry.start..entry.end)
}
