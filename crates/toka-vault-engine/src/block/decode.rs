//! [`Block`]: bytes back to events.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use toka_vault_core::{
    ChainHash, Digest, Event, EventHash, EventHeader, EventId, Head, Parents, Payload, Position, Timestamp,
};

use super::kinds::Kinds;
use super::{
    ENTRY_BYTES, Elsewhere, FIXED_HEADER_BYTES, FIXED_RECORD_BYTES, FLAGS_AT, LENGTH_AT, MAGIC,
    PAYLOAD_OUTSIDE, PAYLOAD_SHARED, Place,
};
use crate::fields::Fields;
use crate::log::{LogEnd, ReadBudget};

/// Holds a block whose header is proven whole.
#[derive(Debug)]
pub struct Block {
    bytes: Bytes,
    first: Position,
    end: LogEnd,
    kinds: Kinds,
    records: Vec<RecordEntry>,
    /// Whether all records are known to be as they were written.
    checked: bool,
}

/// Says where a record lies and what it must hash to.
#[derive(Clone, Copy, Debug)]
struct RecordEntry {
    start: usize,
    end: usize,
    checksum: u32,
}

/// Holds what a block has of an event, in one form whether it has the payload or not: the event is put
/// together in one step, where it goes. Moving an event about costs as much as decoding it (measured).
#[derive(Debug)]
pub(crate) struct Record {
    header: EventHeader,
    payload: Kept,
}

/// Says what a record has of the payload.
#[derive(Clone, Copy, Debug)]
enum Kept {
    /// All of it, between these two places in the block.
    Here(usize, usize),
    /// Where it is.
    Elsewhere(Elsewhere),
}

/// Says what of a block is not as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage(pub &'static str);

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Block {
    /// Checks the header of a block and keeps its records for later.
    ///
    /// # Errors
    ///
    /// [`Damage`] where the header is not as it was written; then none of its events can be read.
    pub fn parse(bytes: Bytes) -> Result<Self, Damage> {
        let header = checked_header(&bytes)?;
        let mut fields = Fields(header);
        let parsed = parse_fixed(&mut fields).and_then(|(first, count, end, kinds)| {
            let kinds = Kinds::parse(&mut fields, kinds, FIXED_HEADER_BYTES)?;
            let records = parse_table(&mut fields, count, header.len() + 8)?;
            Some((first, end, kinds, records))
        });
        let (first, end, kinds, records) = parsed.ok_or(Damage("its header is malformed"))?;
        Ok(Self { bytes, first, end, kinds, records, checked: false })
    }

    /// Returns the position of the first event.
    pub fn first(&self) -> Position {
        self.first
    }

    /// Returns the position of the last event.
    pub fn last(&self) -> Position {
        self.first.plus(self.records.len() as u64).minus(1)
    }

    /// Returns where the log ends after the group that this block is part of.
    pub fn end(&self) -> LogEnd {
        self.end
    }

    /// Tells whether this is the last block of its group.
    pub fn ends_group(&self) -> bool {
        self.last() == self.end.position()
    }

    /// Decodes the record of a position, or returns `None` where the block does not have it.
    ///
    /// # Errors
    ///
    /// [`Damage`] where it is not as it was written.
    #[inline]
    pub(crate) fn record(&self, position: Position) -> Option<Result<Record, Damage>> {
        let entry = self.records.get(self.index(position)?)?;
        Some(self.checked_record(*entry, position))
    }

    /// Returns the payload of a record of this block, or where it is.
    #[inline]
    pub(crate) fn payload(&self, record: &Record) -> Result<Payload, Elsewhere> {
        match record.payload {
            Kept::Here(start, end) => Ok(Payload::from_stored(self.bytes.slice(start..end), record.digest())),
            Kept::Elsewhere(elsewhere) => Err(elsewhere),
        }
    }

    /// Checks all records and decodes all kinds at once, so that decoding events need not: for a reader
    /// that has time which whoever takes the events has not. Where one is damaged, each is checked when
    /// it is decoded, as without this.
    #[must_use]
    pub fn with_checked_records(mut self) -> Self {
        self.checked = self.is_whole();
        self.kinds.decode_all(&self.bytes);
        self
    }

    /// Keeps each kind once it is decoded: for whoever takes several events.
    pub(crate) fn keep_kinds(&mut self) {
        self.kinds.keep();
    }

    /// Tells whether all records are as they were written.
    pub fn is_whole(&self) -> bool {
        let whole = |entry: &RecordEntry| {
            let record = self.bytes.get(entry.start..entry.end);
            record.is_some_and(|record| crc32fast::hash(record) == entry.checksum)
        };
        self.records.iter().all(whole)
    }

    /// Returns where the payload of an event is, or `None` where it is inside, as far as the record can
    /// tell: whether it is as it was written is not looked at.
    pub(crate) fn elsewhere(&self, position: Position) -> Option<Elsewhere> {
        let entry = self.records.get(self.index(position)?)?;
        let record = self.bytes.get(entry.start..entry.end)?;
        let flags = *record.get(FLAGS_AT)?;
        if flags == 0 {
            return None;
        }
        let (_, rest) = record.split_at_checked(FIXED_RECORD_BYTES - 4)?;
        let length = Fields(rest).u32()? as usize;
        let (_, shared) = record.split_last_chunk()?;
        elsewhere(flags, length, position, *shared)
    }

    /// Returns up to where the events from `first` on fit a budget, which they use up; that is at least
    /// the first one, however large.
    pub(crate) fn fitting(&self, first: Position, budget: &mut ReadBudget) -> Position {
        let records = self.index(first).and_then(|index| self.records.get(index..)).unwrap_or_default();
        let mut last = first.minus(1);
        for entry in records {
            last = last.next();
            budget.events = budget.events.saturating_sub(1);
            budget.bytes = budget.bytes.saturating_sub(entry.end - entry.start);
            if budget.is_used_up() {
                break;
            }
        }
        last.max(first)
    }

    /// Returns the place of a position in the table of records.
    fn index(&self, position: Position) -> Option<usize> {
        usize::try_from(position.get().checked_sub(self.first.get())?).ok()
    }

    #[inline]
    fn checked_record(&self, entry: RecordEntry, position: Position) -> Result<Record, Damage> {
        let record = self.bytes.get(entry.start..entry.end).ok_or(Damage("its record is cut off"))?;
        if !self.checked && crc32fast::hash(record) != entry.checksum {
            return Err(Damage("its checksum does not match"));
        }
        self.parse_record(record, entry, position).ok_or(Damage("its record is malformed"))
    }

    #[inline]
    fn parse_record(&self, record: &[u8], entry: RecordEntry, position: Position) -> Option<Record> {
        let mut fields = Fields(record);
        let kind = usize::from(fields.u16()?);
        let kind = match self.kinds.kept(kind) {
            Some(kind) => kind.clone(),
            None => self.kinds.decode(kind, &self.bytes)?,
        };
        let flags = fields.u8()?;
        let parents = usize::from(fields.u16()?);
        let id = EventId::from_bytes(fields.array()?);
        let timestamp = Timestamp::from_micros(fields.i64()?).ok()?;
        let digest = Digest::from_bytes(fields.array()?);
        let hash = EventHash::from_bytes(fields.array()?);
        let length = fields.u32()? as usize;
        let (parents, _) = fields.bytes(parents * size_of::<EventId>())?.as_chunks();
        let parents: Parents = parents.iter().copied().map(EventId::from_bytes).collect();
        let payload = if flags == 0 {
            let inside = fields.bytes(length)?.len();
            Kept::Here(entry.end - inside, entry.end)
        } else {
            let shared = if flags == PAYLOAD_SHARED { fields.array()? } else { [0; 8] };
            Kept::Elsewhere(elsewhere(flags, length, position, shared)?)
        };
        if !fields.0.is_empty() {
            return None;
        }
        let header = EventHeader::new(id, kind, timestamp, parents, digest, hash, position);
        Some(Record { header, payload })
    }
}

impl Record {
    /// Returns the digest of the payload.
    pub(crate) fn digest(&self) -> Digest {
        self.header.digest
    }

    /// Puts the event together, with its payload.
    #[inline]
    pub(crate) fn into_event(self, payload: Payload) -> Event {
        Event::new(self.header, payload)
    }
}

/// Returns where in a block the record of an event lies, by no more than the front of the block, which is not
/// checked; `None` where it does not have the whole header, or the block does not have the event. For a log
/// that reads what one event needs.
pub fn record_range(front: &[u8], position: Position) -> Option<Range<usize>> {
    let mut fields = Fields(front.get(LENGTH_AT..)?);
    let length = fields.u32()? as usize;
    let first = fields.u64()?;
    let count = fields.u32()? as usize;
    let index = usize::try_from(position.get().checked_sub(first)?).ok()?;
    let mut table = Fields(front.get(length.checked_sub(count.checked_mul(ENTRY_BYTES)?)?..length)?);
    let mut start = length;
    for _ in 0..index {
        start = next_entry(&mut table, start)?.end;
    }
    let entry = next_entry(&mut table, start)?;
    Some(entry.start..entry.end)
}

/// Says where the payload of a record with these flags is, which ends with the position of an event where
/// it is shared.
fn elsewhere(flags: u8, length: usize, position: Position, shared: [u8; 8]) -> Option<Elsewhere> {
    let place = match flags {
        PAYLOAD_OUTSIDE => Place::Outside(position),
        PAYLOAD_SHARED => Place::With(Position::new(u64::from_be_bytes(shared))),
        _ => return None,
    };
    Some(Elsewhere { length, place })
}

/// Returns what the checksum of a header covers, once it does.
fn checked_header(bytes: &[u8]) -> Result<&[u8], Damage> {
    let mut fields = Fields(bytes);
    if fields.array().as_ref() != Some(MAGIC) {
        return Err(Damage("it does not start like a block"));
    }
    let checksum = fields.u32().ok_or(Damage("its header is cut off"))?;
    let length = Fields(fields.0).u32().ok_or(Damage("its header is cut off"))? as usize;
    let body = length.checked_sub(8).filter(|_| length >= FIXED_HEADER_BYTES);
    let body = body.and_then(|body| fields.bytes(body)).ok_or(Damage("its header is cut off"))?;
    if crc32fast::hash(body) != checksum {
        return Err(Damage("the checksum of its header does not match"));
    }
    Ok(body)
}

/// Parses the fields of a header that are always there: the first position, the number of events,
/// the end of the group, and the number of kinds.
fn parse_fixed(fields: &mut Fields<'_>) -> Option<(Position, usize, LogEnd, u16)> {
    let _length = fields.u32()?;
    let first = Position::new(fields.u64()?);
    let count = fields.u32()? as usize;
    let head = Head { position: Position::new(fields.u64()?), chain: ChainHash::from_bytes(fields.array()?) };
    let end = LogEnd {
        head,
        assigned_id: EventId::from_bytes(fields.array()?),
        assigned_timestamp: Timestamp::from_micros(fields.i64()?).ok()?,
        greatest_id: EventId::from_bytes(fields.array()?),
    };
    Some((first, count, end, fields.u16()?))
}

/// Parses the table of records, which lie one behind the other from `start` on.
fn parse_table(fields: &mut Fields<'_>, count: usize, start: usize) -> Option<Vec<RecordEntry>> {
    if count == 0 || fields.0.len() != count.checked_mul(ENTRY_BYTES)? {
        return None;
    }
    let mut records = Vec::with_capacity(count);
    let mut start = start;
    for _ in 0..count {
        let entry = next_entry(fields, start)?;
        records.push(entry);
        start = entry.end;
    }
    Some(records)
}

/// Parses an entry of the table of records: that of the record which lies at `start`.
fn next_entry(table: &mut Fields<'_>, start: usize) -> Option<RecordEntry> {
    let end = start.checked_add(table.u32()? as usize)?;
    Some(RecordEntry { start, end, checksum: table.u32()? })
}
