//! Every bound of an event, of a commit and of a lookup, in one place.
//!
//! A bound here is part of the contract: all back-ends share it, so that an event accepted by one
//! vault can be copied into every other. Bounds of one back-end or of the engine stand with them.
//!
//! | what | at most | beyond it |
//! |---|---|---|
//! | kind | 255 bytes | [`Error::InvalidKind`] |
//! | parents of an event | 1,024 | [`Error::TooManyParents`] |
//! | encoded payload | 16 MiB | [`Error::PayloadTooLarge`] |
//! | levels of maps and arrays in it | 128 | [`Error::PayloadEncoding`] |
//! | events of a commit | 8,192 | [`Error::BatchTooLarge`] |
//! | payload bytes of a commit | 64 MiB | [`Error::BatchTooLarge`] |

#[cfg(doc)]
use crate::Error;

/// Longest kind, in bytes. It fits the one-byte length of the event hash and of the block format.
pub const KIND_BYTES_MAX: usize = 255;

/// Most parents of one event.
pub const PARENTS_MAX: usize = 1_024;

/// Largest encoded payload, in bytes (16 MiB).
pub const PAYLOAD_BYTES_MAX: usize = 16 << 20;

/// Deepest nesting of maps and arrays in a payload, as in most JSON parsers. Encoding and decoding
/// recurse once a level, so this bounds the stack they need.
pub const PAYLOAD_DEPTH_MAX: usize = 128;

/// Most events of one atomic commit.
pub const BATCH_EVENTS_MAX: usize = 8_192;

/// Most payload bytes of one atomic commit (64 MiB): four payloads of the largest size.
pub const BATCH_BYTES_MAX: usize = 64 << 20;

/// Most events that one [`EventStore::get_many`](crate::EventStore::get_many) reads at the same time,
/// where a store has no better way: enough to keep storage busy, and a quarter of the reads that a
/// vault on disk lets wait.
pub const GETS_AT_ONCE_MAX: usize = 16;

const _: () = assert!(KIND_BYTES_MAX <= u8::MAX as usize);
const _: () = assert!(PARENTS_MAX <= u16::MAX as usize);
const _: () = assert!(PAYLOAD_BYTES_MAX <= u32::MAX as usize);
const _: () = assert!(PAYLOAD_BYTES_MAX <= BATCH_BYTES_MAX);
