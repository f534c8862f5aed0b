//! The block: how durable logs keep events in bytes. `docs/format.md` writes it down field by field.
//!
//! Keeps two invariants: bytes that are not what was written are never decoded into an event, since
//! the header and each record carry a checksum; and damage to one record does not hide its
//! neighbours, since the header knows where each record lies.
//!
//! A group becomes one block or more. Every block of a group names the end of the whole group, so
//! that a group of which not all blocks were written can be told, and is one that was never
//! acknowledged.

mod decode;
mod elsewhere;
mod encode;
mod end;
mod kinds;
mod table;

pub(crate) use decode::Record;
pub use decode::{Block, Damage};
pub use elsewhere::{Elsewhere, Place, ReadPayload};
pub use encode::{EncodedBlock, Layout, encode};
pub(crate) use table::Cursor;
pub use table::record_range;

/// Opens every block.
const MAGIC: &[u8; 4] = b"TVB1";

/// Bytes of a block's header before its kinds.
const FIXED_HEADER_BYTES: usize = 106;

/// Where the header has its length, behind the magic and its checksum.
const LENGTH_AT: usize = 8;

/// Bytes that the header has for each record: its length and its checksum.
const ENTRY_BYTES: usize = 8;

/// Bytes of a record without parents and payload.
const FIXED_RECORD_BYTES: usize = 97;

/// Where a record has its flags.
const FLAGS_AT: usize = 2;

/// Set in a record whose payload is kept outside the block.
const PAYLOAD_OUTSIDE: u8 = 1;

/// Set in a record that has the position of an earlier event in the place of its payload, which is the
/// same.
const PAYLOAD_SHARED: u8 = 2;

#[cfg(test)]
mod tests;
