//! [`SledLog`]: a log of blocks in a sled tree.
//!
//! Keeps these invariants:
//!
//! - A group is there whole or not at all: its last block is written last, and without it the
//!   others do not count (`open` removes them). After a crash sled has what was written up to some
//!   moment, and nothing of what came later.
//! - A payload is there before the block that refers to it.
//! - An acknowledged head is recorded outside sled, so that a tail that sled drops is missed.

use bytes::Bytes;
use toka_vault_core::limits::PAYLOAD_BYTES_MAX;
use toka_vault_core::{Error, Event, Head, Payload, Position, Result};
use toka_vault_engine::block::{Block, Layout, Stored, encode};
use toka_vault_engine::disk::{HeadFile, VaultDir};
use toka_vault_engine::{Chunk, Group, Log, ReadBudget};

use crate::keys;
use crate::tree::{ReadFailure, STEP_BYTES_MAX, Tree, VALUE_BYTES_MAX, Value};

/// Largest block of several events. A single event with the most parents and the largest payload
/// inside stays below the largest value.
const BLOCK_BYTES_MAX: usize = 8 << 10;

/// Largest payload that is kept in a block.
const PAYLOAD_INSIDE_MAX: usize = 4 << 10;

/// Bytes of a chunk of a payload that is kept outside the blocks.
const CHUNK_BYTES: usize = 16 << 10;

/// Payload bytes of a group of commits: so many that it is written in one step.
pub(crate) const GROUP_BYTES_MAX: usize = STEP_BYTES_MAX / 2;

const _: () = assert!(PAYLOAD_INSIDE_MAX + 17 * 1_024 + 512 <= VALUE_BYTES_MAX);
const _: () = assert!(CHUNK_BYTES <= VALUE_BYTES_MAX && BLOCK_BYTES_MAX <= VALUE_BYTES_MAX);

/// How the blocks of this log are laid out.
const LAYOUT: Layout = Layout { block_bytes_max: BLOCK_BYTES_MAX, payload_inside_max: PAYLOAD_INSIDE_MAX };

/// Keeps events in sled. Fields are dropped in their order: the lock last.
#[derive(Debug)]
pub(crate) struct SledLog {
    pub(crate) tree: Tree,
    pub(crate) head: HeadFile,
    pub(crate) _dir: VaultDir,
}

impl Log for SledLog {
    fn append(&self, group: &mut Group) -> Result<()> {
        let blocks = encode(group, LAYOUT);
        for (position, payload) in blocks.iter().flat_map(|block| &block.outside) {
            for (number, chunk) in (0..).zip(payload.chunks(CHUNK_BYTES)) {
                self.tree.insert(&keys::chunk(*position, number), chunk)?;
            }
        }
        let entries: Vec<_> = blocks.iter().map(|block| (keys::block(block.first), &*block.bytes)).collect();
        self.tree.insert_together(&entries)?;
        // What is acknowledged before it is synced has to survive the end of this process.
        self.tree.flush()
    }

    fn sync(&self, head: Head) -> Result<()> {
        self.tree.sync()?;
        self.head.record(head)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        let mut found = Found { chunk: Chunk::default(), next: from, budget };
        match self.read_into(&mut found) {
            // What was read before the damage is fine; the next read meets the damage first.
            Err(Error::Corrupt { .. }) if !found.is_empty() => Ok(found.chunk),
            read => read.map(|()| found.chunk),
        }
    }

    fn close(&self) -> Result<()> {
        self.head.close()
    }
}

/// Gathers what a read has found.
struct Found {
    chunk: Chunk,
    next: Position,
    /// What is left of it.
    budget: ReadBudget,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.chunk.last_position().is_none()
    }

    fn is_full(&self) -> bool {
        self.budget.is_used_up() && !self.is_empty()
    }

    fn add_event(&mut self, event: Event) {
        self.budget.events = self.budget.events.saturating_sub(1);
        self.budget.bytes = self.budget.bytes.saturating_sub(event.payload.bytes().len());
        self.next = event.position().next();
        self.chunk.push_event(event);
    }

    fn add_block(&mut self, block: Block) {
        self.next = self.chunk.push_block(block, self.next, &mut self.budget).next();
    }
}

impl SledLog {
    /// Reads block after block, each by its key.
    ///
    /// Not by a range: sled's iterator ends without an error where a damaged page was rolled back,
    /// and reads pages past its cache, which then grows without bound.
    fn read_into(&self, found: &mut Found) -> Result<()> {
        let Some((mut first, mut value)) = self.block_before(found.next)? else { return Ok(()) };
        loop {
            first = self.read_block(first, value, found)?.next();
            if found.is_full() {
                return Ok(());
            }
            let next = self.tree.get(&keys::block(first));
            match next.map_err(|failure| self.unreadable(found.next, failure))? {
                Some(next) => value = next,
                None => return Ok(()),
            }
        }
    }

    /// Finds the block that has `position`, if any has, and the position of its first event.
    fn block_before(&self, position: Position) -> Result<Option<(Position, Value)>> {
        let entry = self.tree.at_or_before(&keys::block(position));
        let entry = entry.map_err(|failure| self.unreadable(position, failure))?;
        Ok(entry.and_then(|(key, value)| Some((keys::block_position(&key)?, value))))
    }

    /// Adds the events of a block, as many as are asked for, and returns the block's last position. A
    /// block that has all payloads is added as it is, and decoded by whoever takes its events.
    fn read_block(&self, first: Position, value: Value, found: &mut Found) -> Result<Position> {
        let block = match Block::parse(Bytes::from_owner(value)) {
            Ok(block) if block.first() == first => block,
            Ok(_) => return Err(self.corrupt_block(first, found.next, "it is the block of other events")),
            Err(damage) => return Err(self.corrupt_block(first, found.next, damage.0)),
        };
        let last = block.last();
        if found.next <= last && block.has_payloads(found.next, last) {
            found.add_block(block);
            return Ok(last);
        }
        while !found.is_full() {
            let Some(stored) = block.event(found.next) else { break };
            match stored.map_err(|damage| Error::corrupt(found.next, damage.0))? {
                Stored::Event(event) => found.add_event(event),
                Stored::Header(header, length) => {
                    let payload = Payload::from_stored(self.read_payload(found.next, length)?, header.digest);
                    // The checksums of the block cover what is inside; this has its digest alone.
                    if !payload.is_intact() {
                        return Err(Error::corrupt(found.next, "its payload does not hash to its digest"));
                    }
                    found.add_event(Event::new(header, payload));
                }
            }
        }
        Ok(last)
    }

    /// Reads a payload that is kept outside its block, as it is stored.
    fn read_payload(&self, position: Position, length: usize) -> Result<Bytes> {
        if length > PAYLOAD_BYTES_MAX {
            return Err(Error::corrupt(position, "its payload is longer than one can be"));
        }
        let mut payload = Vec::with_capacity(length);
        for number in 0..length.div_ceil(CHUNK_BYTES) as u32 {
            let chunk = self.tree.get(&keys::chunk(position, number));
            match chunk.map_err(|failure| self.unreadable(position, failure))? {
                Some(chunk) => payload.extend_from_slice(&chunk),
                None => return Err(Error::corrupt(position, "a part of its payload is missing")),
            }
        }
        if payload.len() != length {
            return Err(Error::corrupt(position, "its payload has another length"));
        }
        Ok(Bytes::from(payload))
    }

    /// Says that the block which should have `from` cannot be read.
    fn corrupt_block(&self, first: Position, from: Position, reason: &str) -> Error {
        let next = self.tree.from(&keys::block(first.next())).next();
        let next = next.and_then(|entry| keys::block_position(&entry.ok()?.0));
        let last = next.map_or(from, |next| next.minus(1)).max(from);
        Error::Corrupt { first: from, last, reason: reason.into() }
    }

    /// Says that sled cannot read what should have `from`.
    fn unreadable(&self, from: Position, failure: ReadFailure) -> Error {
        match failure {
            ReadFailure::Damaged(reason) => Error::corrupt(from, reason),
            ReadFailure::Failed(error) => error,
        }
    }
}
