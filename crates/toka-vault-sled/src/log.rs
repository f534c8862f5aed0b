//! [`SledLog`]: a log of blocks in a sled tree.
//!
//! Keeps these invariants:
//!
//! - A group is there whole or not at all: its last block is written last, and without it the
//!   others do not count (`open` removes them). After a crash sled has what was written up to some
//!   moment, and nothing of what came later.
//! - A payload is there before the block that refers to it.
//! - An acknowledged head is recorded outside sled, so that a tail that sled drops is missed.
//!
//! Invariants 2 and 16 of `docs/architecture.md`, which names the tests that show them.

use bytes::Bytes;
use toka_vault_core::limits::PAYLOAD_BYTES_MAX;
use toka_vault_core::{Digest, Error, Head, Payload, Position, Result};
use toka_vault_engine::block::{Block, Layout, ReadPayload, encode};
use toka_vault_engine::disk::{HeadFile, VaultDir};
use toka_vault_engine::{Chunk, Group, Log, ReadBudget, Unappended, guarded};

use crate::keys;
use crate::tree::{ReadFailure, STEP_BYTES_MAX, Tree, VALUE_BYTES_MAX, Value};
use crate::unsynced::Unsynced;

/// Largest block of several events: sled reads 16 of them to give one, so that the smaller they are the
/// faster a single event is read, and the slower all of them. A single event with the most parents and
/// the largest payload inside stays below the largest value.
const BLOCK_BYTES_MAX: usize = 5 << 10;

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
    pub(crate) unsynced: Unsynced,
    pub(crate) _dir: VaultDir,
}

impl Log for SledLog {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        // Guarded here already, because sled can panic where a write fails.
        Ok(guarded("append", || self.insert(group)).inspect_err(|_| self.unsynced.note())?)
    }

    fn sync(&self, head: Head) -> Result<()> {
        guarded("sync", || self.tree.sync()).inspect_err(|_| self.unsynced.note())?;
        self.head.record(head)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        let outside = |position, length| self.read_payload(position, length);
        let event = |position, payload: ReadPayload<'_>| self.read_with(position, ReadBudget::ONE, payload);
        self.read_with(from, budget, &|elsewhere| elsewhere.read(&outside, &event))
    }

    fn close(&self) -> Result<()> {
        self.head.close()
    }
}

impl SledLog {
    fn insert(&self, group: &Group) -> Result<()> {
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

    fn read_with(&self, from: Position, mut budget: ReadBudget, payload: ReadPayload<'_>) -> Result<Chunk> {
        let (mut chunk, mut next) = (Chunk::default(), from);
        match self.read_into(&mut chunk, &mut next, &mut budget, payload) {
            // What was read before the damage is fine; the next read meets the damage first.
            Err(Error::Corrupt { .. }) if chunk.last_position().is_some() => Ok(chunk),
            Ok(()) if chunk.last_position().is_none() => self.missing(from).map_or(Ok(chunk), Err),
            read => read.map(|()| chunk),
        }
    }

    /// Reads block after block, each by its key.
    ///
    /// Not by a range: sled's iterator ends without an error where a damaged page was rolled back,
    /// and reads pages past its cache, which then grows without bound.
    fn read_into(
        &self,
        chunk: &mut Chunk,
        next: &mut Position,
        budget: &mut ReadBudget,
        payload: ReadPayload<'_>,
    ) -> Result<()> {
        let mut found = self.block_before(*next)?;
        while let Some((first, value)) = found {
            let block = self.block(first, value, *next)?;
            let behind = block.last().next();
            if *next < behind {
                *next = chunk.push_block(block, *next, budget, payload)?.next();
                if budget.is_used_up() {
                    break;
                }
            }
            let value = self.tree.get(&keys::block(behind));
            found = value.map_err(|failure| self.unreadable(*next, failure))?.map(|value| (behind, value));
        }
        Ok(())
    }

    /// Finds the block that has `position`, if any has, and the position of its first event.
    fn block_before(&self, position: Position) -> Result<Option<(Position, Value)>> {
        let entry = self.tree.at_or_before(&keys::block(position));
        let entry = entry.map_err(|failure| self.unreadable(position, failure))?;
        Ok(entry.and_then(|(key, value)| Some((keys::block_position(&key)?, value))))
    }

    /// Parses the block whose first event is at `first`, to read `next`.
    fn block(&self, first: Position, value: Value, next: Position) -> Result<Block> {
        match Block::parse(Bytes::from_owner(value)) {
            Ok(block) if block.first() == first => Ok(block),
            Ok(_) => Err(self.corrupt_block(first, next, "it is the block of other events")),
            Err(damage) => Err(self.corrupt_block(first, next, damage.0)),
        }
    }

    /// Reads a payload that is kept outside its block. Its digest is computed: the checksums of the
    /// block do not cover it.
    fn read_payload(&self, position: Position, length: usize) -> Result<Payload> {
        if length > PAYLOAD_BYTES_MAX {
            return Err(Error::corrupt(position, "its payload is longer than one can be"));
        }
        let mut bytes = Vec::with_capacity(length);
        for number in 0..length.div_ceil(CHUNK_BYTES) as u32 {
            let chunk = self.tree.get(&keys::chunk(position, number));
            match chunk.map_err(|failure| self.unreadable(position, failure))? {
                Some(chunk) => bytes.extend_from_slice(&chunk),
                None => return Err(Error::corrupt(position, "a part of its payload is missing")),
            }
        }
        if bytes.len() != length {
            return Err(Error::corrupt(position, "its payload has another length"));
        }
        let digest = Digest::of(&bytes);
        Ok(Payload::from_stored(Bytes::from(bytes), digest))
    }

    /// Says that nothing has `from`, where there are events behind it.
    fn missing(&self, from: Position) -> Option<Error> {
        match self.block_from(from) {
            Ok(next) => Some(corrupt_up_to(next?, from, "its block is missing")),
            Err(failure) => Some(self.unreadable(from, failure)),
        }
    }

    /// Says that the block which should have `from` cannot be read.
    fn corrupt_block(&self, first: Position, from: Position, reason: &str) -> Error {
        let next = self.block_from(first.next()).ok().flatten();
        corrupt_up_to(next.unwrap_or(from.next()), from, reason)
    }

    /// Finds the first event of the first block at a position or behind it.
    fn block_from(&self, position: Position) -> Result<Option<Position>, ReadFailure> {
        let entry = self.tree.from(&keys::block(position)).next().transpose()?;
        Ok(entry.and_then(|(key, _)| keys::block_position(&key)))
    }

    /// Says that sled cannot read what should have `from`.
    fn unreadable(&self, from: Position, failure: ReadFailure) -> Error {
        match failure {
            ReadFailure::Damaged(reason) => Error::corrupt(from, reason),
            ReadFailure::Failed(error) => error,
        }
    }
}

/// Says that what stands from `from` up to the event before `next` is damaged; at least the one at `from`.
fn corrupt_up_to(next: Position, from: Position, reason: &str) -> Error {
    Error::Corrupt { first: from, last: next.minus(1).max(from), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use toka_vault_testkit::logs::check_log;

    use crate::open::open;
    use crate::options::SledOptions;

    #[test]
    fn the_log_keeps_what_it_promises() {
        let dir = tempfile::tempdir().unwrap();
        check_log(|| {
            let (log, end, _index) = open(dir.path(), &SledOptions::new()).unwrap();
            (log, end)
        });
    }
}
