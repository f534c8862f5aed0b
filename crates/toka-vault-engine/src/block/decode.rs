//! [`Block`]: bytes back to events.
//!
//! In two steps. The header is proven first, by one checksum, and then says where each record lies; a record is
//! proven by its own checksum when it is taken. So whoever reads one event of a block neither checks nor decodes
//! the others, and a thread that reads ahead leaves the decoding to the task that consumes.
//!
//! Invariant 16 of `docs/architecture.md`, which names the tests that show it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use toka_vault_core::{
    Digest, Error, Event, EventHash, EventHeader, EventId, Parents, Payload, Position, Timestamp,
};

use super::kinds::Kinds;
use super::table::{Cursor, Entry, Table};
use super::{
    ENTRY_BYTES, Elsewhere, FIXED_HEADER_BYTES, FIXED_RECORD_BYTES, FLAGS_AT, MAGIC, PAYLOAD_OUTSIDE,
    PAYLOAD_SHARED, Place,
};
use crate::disk::StoredFile;
use crate::fields::Fields;
use crate::log::LogEnd;

/// Holds a block whose header is proven whole.
#[derive(Debug)]
pub struct Block {
    bytes: Bytes,
    first: Position,
    end: LogEnd,
    kinds: Kinds,
    table: Table,
    /// Whether all records are known to be as they were written.
    checked: bool,
    /// The file that it was read from and where in it, where that is told in errors. Apart, since blocks are moved
    /// about.
    place: Option<Box<(Arc<dyn StoredFile>, u64)>>,
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
    /// Checks the header of a block and leaves its records for later.
    ///
    /// # Errors
    ///
    /// [`Damage`] where the header is not as it was written; then none of its events can be read.
    pub fn parse(bytes: Bytes) -> Result<Self, Damage> {
        let header = checked_header(&bytes)?;
        let mut fields = Fields(header);
        let parsed = parse_fixed(&mut fields).and_then(|(first, count, end, kinds)| {
            let kinds = Kinds::parse(&mut fields, kinds, FIXED_HEADER_BYTES)?;
            let is_full = count > 0 && Some(fields.0.len()) == count.checked_mul(ENTRY_BYTES);
            is_full.then(|| (first, end, kinds, Table::new(header.len() + 8, count)))
        });
        let (first, end, kinds, table) = parsed.ok_or(Damage("its header is malformed"))?;
        Ok(Self { bytes, first, end, kinds, table, checked: false, place: None })
    }

    /// Says where it was read from, for errors of its events.
    #[must_use]
    pub fn at(self, file: Arc<dyn StoredFile>, offset: u64) -> Self {
        Self { place: Some(Box::new((file, offset))), ..self }
    }

    /// Says that an event of it is damaged, and where it was read from.
    pub(crate) fn corrupt(&self, at: Position, reason: &str) -> Error {
        let place = self.place.as_deref();
        match place.and_then(|(file, offset)| Some((file.path().file_name()?, offset))) {
            Some((name, offset)) => {
                Error::corrupt(at, format!("segment {} at byte {offset}: {reason}", name.display()))
            }
            None => Error::corrupt(at, reason),
        }
    }

    /// Returns the position of the first event.
    pub fn first(&self) -> Position {
        self.first
    }

    /// Returns the position of the last event.
    pub fn last(&self) -> Position {
        self.first.plus(self.table.count() as u64).minus(1)
    }

    /// Returns where the log ends after the group that this block is part of.
    pub fn end(&self) -> LogEnd {
        self.end
    }

    /// Tells whether this is the last block of its group.
    pub fn ends_group(&self) -> bool {
        self.last() == self.end.position()
    }

    /// Stands before the record of a position, or behind all where the block does not have it.
    pub(crate) fn cursor(&self, position: Position) -> Cursor {
        let index = position.get().checked_sub(self.first.get()).map(usize::try_from);
        self.table.cursor(&self.bytes, index.and_then(Result::ok).unwrap_or(usize::MAX))
    }

    /// Returns the position of the record that a cursor stands before.
    #[inline]
    pub(crate) fn position(&self, cursor: Cursor) -> Position {
        self.first.plus(cursor.index as u64)
    }

    /// Decodes the next record and goes behind it; `None` behind the last.
    ///
    /// # Errors
    ///
    /// [`Damage`] where it is not as it was written.
    #[inline]
    pub(crate) fn next_record(&self, cursor: &mut Cursor) -> Option<Result<Record, Damage>> {
        let position = self.position(*cursor);
        let entry = self.table.next(&self.bytes, cursor)?;
        Some(self.checked_record(entry, position))
    }

    /// Goes behind the next record, and returns its bytes, and where its payload is if not inside, as far as
    /// the record can tell: whether it is as it was written is not looked at. `None` behind the last.
    pub(crate) fn next_outline(&self, cursor: &mut Cursor) -> Option<(usize, Option<Elsewhere>)> {
        let position = self.position(*cursor);
        let entry = self.table.next(&self.bytes, cursor)?;
        let record = self.bytes.get(entry.start..entry.end).unwrap_or_default();
        Some((entry.end - entry.start, outlined_elsewhere(record, position)))
    }

    /// Returns the payload of a record of this block, or where it is.
    #[inline]
    pub(crate) fn payload(&self, record: &Record) -> Result<Payload, Elsewhere> {
        match record.payload {
            Kept::Here(start, end) => Ok(Payload::from_stored(self.bytes.slice(start..end), record.digest())),
            Kept::Elsewhere(elsewhere) => Err(elsewhere),
        }
    }

    /// Checks all records at once, so that decoding events need not: for a reader that has time which
    /// whoever takes the events has not. Where one is damaged, each is checked when it is decoded, as
    /// without this.
    #[must_use]
    pub fn with_checked_records(mut self) -> Self {
        self.checked = self.is_whole();
        self
    }

    /// Decodes all kinds at once: for whoever takes several events.
    pub(crate) fn decode_kinds(&mut self) {
        self.kinds.decode_all(&self.bytes);
    }

    /// Tells whether all records are as they were written.
    pub fn is_whole(&self) -> bool {
        let whole = |entry: Entry| {
            let record = self.bytes.get(entry.start..entry.end);
            record.is_some_and(|record| crc32fast::hash(record) == entry.checksum)
        };
        let mut cursor = self.cursor(self.first);
        std::iter::from_fn(|| self.table.next(&self.bytes, &mut cursor)).all(whole)
    }

    #[inline]
    fn checked_record(&self, entry: Entry, position: Position) -> Result<Record, Damage> {
        let record = self.bytes.get(entry.start..entry.end).ok_or(Damage("its record is cut off"))?;
        if !self.checked && crc32fast::hash(record) != entry.checksum {
            return Err(Damage("its checksum does not match"));
        }
        self.parse_record(record, entry, position).ok_or(Damage("its record is malformed"))
    }

    #[inline]
    fn parse_record(&self, record: &[u8], entry: Entry, position: Position) -> Option<Record> {
        let mut fields = Fields(record);
        let kind = usize::from(fields.u16()?);
        let kind = match self.kinds.decoded(kind) {
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

    /// Returns the header of the event.
    pub(crate) fn into_header(self) -> EventHeader {
        self.header
    }

    /// Puts the event together, with its payload.
    #[inline]
    pub(crate) fn into_event(self, payload: Payload) -> Event {
        Event::new(self.header, payload)
    }
}

/// Says where the payload is of a record that is not looked at closer, `None` where it is inside.
fn outlined_elsewhere(record: &[u8], position: Position) -> Option<Elsewhere> {
    let flags = *record.get(FLAGS_AT)?;
    if flags == 0 {
        return None;
    }
    let (_, rest) = record.split_at_checked(FIXED_RECORD_BYTES - 4)?;
    let length = Fields(rest).u32()? as usize;
    let (_, shared) = record.split_last_chunk()?;
    elsewhere(flags, length, position, *shared)
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
    let count = fields.u32()?;
    // Else the block would say that it ends before it begins, or that it has what no log has.
    let is_placed = first >= Position::FIRST && first.get().checked_add(count.into()).is_some();
    let end = LogEnd::from_bytes(&fields.array()?)?;
    is_placed.then_some((first, count as usize, end, fields.u16()?))
}
