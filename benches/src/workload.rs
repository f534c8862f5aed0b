//! The events that floors and vaults store, and how many.
//!
//! Keeps the invariant that both store the same payloads, of exactly [`PAYLOAD_BYTES`] each.

use anyhow::{Result, ensure};
use serde::Serialize;
use toka_vault_core::{
    ChainHash, Event, EventHash, EventHeader, EventId, Head, NewEvent, Payload, Position, Timestamp,
};
use toka_vault_engine::block::{Layout, encode};
use toka_vault_engine::{Group, LogEnd};

use crate::args::Row;

/// What happened, in every event.
pub const KIND: &str = "bench.event";

/// Bytes of an encoded payload.
pub const PAYLOAD_BYTES: usize = 256;

/// Fills a payload up to its size.
const TEXT_BYTES: usize = 239;

/// The lowest number of a payload: numbers from here on take the same number of bytes.
const NUMBER_MIN: u64 = 1_000_000;

/// Is the payload of an event.
#[derive(Serialize)]
pub struct Note {
    seq: u64,
    text: String,
}

/// Says how many tasks commit, and how many events each.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub tasks: u64,
    pub each: u64,
}

impl Size {
    /// Returns how much a turn of a row measures: a fraction of a second.
    pub fn of(row: Row) -> Self {
        let (tasks, each) = match row {
            Row::One | Row::JournalOne => (1, 1_000),
            Row::Many | Row::JournalMany | Row::Indexed | Row::JournalIndexed => (256, 400),
            Row::Crowd | Row::JournalCrowd => (1_024, 150),
            // So many batches of so many events.
            Row::JournalBatch => (100, 1_000),
            Row::Memory => (1, 200_000),
            Row::Replay | Row::JournalReplay => (256, 1_000),
            Row::Soak | Row::Picked | Row::JournalPicked => (1_000, 1_000),
            Row::JournalSoak => (1_000, 10_000),
        };
        Self { tasks, each }
    }

    /// Returns how many events there are.
    pub fn events(self) -> u64 {
        self.tasks * self.each
    }

    /// Returns the number of an event of a task.
    pub fn number(self, task: u64, nth: u64) -> u64 {
        task * self.each + nth
    }
}

impl Note {
    /// Builds the payload of a number.
    pub fn new(number: u64) -> Self {
        Self { seq: NUMBER_MIN + number, text: "x".repeat(TEXT_BYTES) }
    }
}

/// Builds an event, and encodes and hashes its payload.
pub fn event(number: u64, parent: Option<EventId>) -> Result<NewEvent> {
    let event = NewEvent::new(KIND, Note::new(number))?;
    Ok(event.with_parents(parent.as_slice()))
}

/// Returns the bytes of a block of one event.
pub fn block_bytes() -> Result<usize> {
    encoded_bytes(1)
}

/// Returns the bytes that an event adds to a block.
pub fn record_bytes() -> Result<usize> {
    Ok(encoded_bytes(2)? - encoded_bytes(1)?)
}

/// Returns the bytes of a block of so many events.
fn encoded_bytes(count: u64) -> Result<usize> {
    let layout = Layout { block_bytes_max: 8 << 10, payload_inside_max: 4 << 10 };
    let events = (1..=count).map(stored).collect::<Result<Vec<_>>>()?;
    let head = Head { position: Position::new(count), chain: ChainHash::EMPTY };
    let group = Group { events, end: LogEnd { head, ..LogEnd::EMPTY }, owners: Vec::new() };
    let blocks = encode(&group, layout);
    ensure!(blocks.len() == 1, "the events do not fit one block");
    Ok(blocks.iter().map(|block| block.bytes.len()).sum())
}

/// Returns an event as a log is given it.
fn stored(number: u64) -> Result<Event> {
    let payload = Payload::encode(&Note::new(number))?;
    ensure!(payload.bytes().len() == PAYLOAD_BYTES, "a payload has {} bytes", payload.bytes().len());
    let hash = EventHash::from_bytes(*payload.digest().as_bytes());
    let (id, parents) = (EventId::from_u128(number.into()), [EventId::from_u128(0)].into());
    let (kind, time) = (KIND.parse()?, Timestamp::now());
    let header = EventHeader::new(id, kind, time, parents, payload.digest(), hash, Position::new(number));
    Ok(Event::new(header, payload))
}
