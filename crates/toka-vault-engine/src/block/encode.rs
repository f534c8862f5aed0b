//! [`encode`]: a group of events to blocks.
//!
//! A block is its header and then its records. Where each record lies, and the checksum of each, stand in the
//! header: so that one event can be read without the others, and a damaged record hides none but its own. A kind
//! is written once in a block, since few kinds are in many events, and a payload that an earlier event has is a
//! position in its place. `docs/format.md` has the bytes.

use bytes::Bytes;
use toka_vault_core::{Event, Kind, Position};

use super::{ENTRY_BYTES, FIXED_HEADER_BYTES, FIXED_RECORD_BYTES, MAGIC, PAYLOAD_OUTSIDE, PAYLOAD_SHARED};
use crate::log::{Group, LogEnd};

/// Says how a log wants its blocks.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Largest block of several events, in bytes. An event that is larger by itself gets a block of its own, which
    /// is as large as that takes.
    pub block_bytes_max: usize,
    /// Largest payload that is kept inside a block, in bytes: a larger one is kept outside, however much room its
    /// block has.
    pub payload_inside_max: usize,
}

/// Holds a block and what belongs to it.
#[derive(Debug)]
pub struct EncodedBlock {
    /// The position of its first event.
    pub first: Position,
    /// The block.
    pub bytes: Vec<u8>,
    /// The payloads that are kept outside, by the position of their events.
    pub outside: Vec<(Position, Bytes)>,
}

/// Encodes a group as blocks.
pub fn encode(group: &Group, layout: Layout) -> Vec<EncodedBlock> {
    let mut blocks = Vec::new();
    let mut rest: &[Event] = &group.events;
    let encoder = Encoder { group, layout };
    while let Some(first) = rest.first() {
        let (events, later) = rest.split_at_checked(encoder.fitting(rest)).unwrap_or((rest, &[]));
        blocks.push(encoder.block(first.position(), events));
        rest = later;
    }
    blocks
}

/// Encodes blocks of a group.
struct Encoder<'a> {
    group: &'a Group,
    layout: Layout,
}

/// Says what a record has of the payload of its event.
enum Kept {
    /// All of it.
    Inside,
    /// Nothing.
    Outside,
    /// The position of the event that has it.
    With(Position),
}

impl Encoder<'_> {
    /// Counts the events at the front that fit a block; at least one.
    fn fitting(&self, events: &[Event]) -> usize {
        let mut kinds: Vec<&Kind> = Vec::new();
        let mut bytes = FIXED_HEADER_BYTES;
        let mut count = 0;
        for event in events {
            let kind = &event.header.kind;
            if !kinds.contains(&kind) {
                kinds.push(kind);
                bytes += 1 + kind.len();
            }
            bytes += ENTRY_BYTES + self.record_bytes(event);
            if count > 0 && bytes > self.layout.block_bytes_max {
                break;
            }
            count += 1;
        }
        count
    }

    /// Says how an event's payload is kept.
    fn kept(&self, event: &Event) -> Kept {
        match self.group.owner_of(event) {
            Some(owner) => Kept::With(owner),
            None if event.payload.bytes().len() > self.layout.payload_inside_max => Kept::Outside,
            None => Kept::Inside,
        }
    }

    /// Computes the size of an event's record.
    fn record_bytes(&self, event: &Event) -> usize {
        let payload = match self.kept(event) {
            Kept::Inside => event.payload.bytes().len(),
            Kept::Outside => 0,
            Kept::With(_) => size_of::<u64>(),
        };
        FIXED_RECORD_BYTES + event.header.parents.len() * 16 + payload
    }

    /// Encodes one block.
    fn block(&self, first: Position, events: &[Event]) -> EncodedBlock {
        let mut kinds: Vec<&Kind> = Vec::new();
        let mut table = Vec::with_capacity(events.len() * ENTRY_BYTES);
        let mut records = Vec::with_capacity(self.layout.block_bytes_max);
        let mut outside = Vec::new();
        for event in events {
            let start = records.len();
            let kept = self.kept(event);
            write_record(&mut records, event, kind_index(&mut kinds, &event.header.kind), &kept);
            let record = records.get(start..).unwrap_or_default();
            table.extend_from_slice(&(record.len() as u32).to_be_bytes());
            table.extend_from_slice(&crc32fast::hash(record).to_be_bytes());
            if matches!(kept, Kept::Outside) {
                outside.push((event.position(), event.payload.bytes().clone()));
            }
        }
        let mut bytes = header(first, events.len(), &self.group.end, &kinds, &table);
        bytes.extend_from_slice(&records);
        EncodedBlock { first, bytes, outside }
    }
}

/// Finds a kind in the block's dictionary, or adds it.
fn kind_index<'a>(kinds: &mut Vec<&'a Kind>, kind: &'a Kind) -> u16 {
    let index = kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
        kinds.push(kind);
        kinds.len() - 1
    });
    // A block has fewer events, and so kinds, than that.
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// Writes the header, which ends with the table of records.
fn header(first: Position, count: usize, end: &LogEnd, kinds: &[&Kind], table: &[u8]) -> Vec<u8> {
    let kinds_bytes: usize = kinds.iter().map(|kind| 1 + kind.len()).sum();
    let length = FIXED_HEADER_BYTES + kinds_bytes + table.len();
    let mut body = Vec::with_capacity(length);
    body.extend_from_slice(&(length as u32).to_be_bytes());
    body.extend_from_slice(&first.get().to_be_bytes());
    body.extend_from_slice(&(count as u32).to_be_bytes());
    end.write_to(&mut body);
    body.extend_from_slice(&(kinds.len() as u16).to_be_bytes());
    for kind in kinds {
        body.push(kind.len() as u8);
        body.extend_from_slice(kind.as_bytes());
    }
    body.extend_from_slice(table);
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

/// Writes an event's record.
fn write_record(out: &mut Vec<u8>, event: &Event, kind: u16, kept: &Kept) {
    let header = &event.header;
    let payload = event.payload.bytes();
    out.extend_from_slice(&kind.to_be_bytes());
    out.push(match kept {
        Kept::Inside => 0,
        Kept::Outside => PAYLOAD_OUTSIDE,
        Kept::With(_) => PAYLOAD_SHARED,
    });
    out.extend_from_slice(&(header.parents.len() as u16).to_be_bytes());
    out.extend_from_slice(&header.id.to_bytes());
    out.extend_from_slice(&header.timestamp.as_micros().to_be_bytes());
    out.extend_from_slice(header.digest.as_bytes());
    out.extend_from_slice(header.hash.as_bytes());
    out.extend_from_slice(&(payload.len() as u32).to_be_bytes());
    for parent in header.parents.iter() {
        out.extend_from_slice(&parent.to_bytes());
    }
    match kept {
        Kept::Inside => out.extend_from_slice(payload),
        Kept::Outside => {}
        Kept::With(owner) => out.extend_from_slice(&owner.get().to_be_bytes()),
    }
}
