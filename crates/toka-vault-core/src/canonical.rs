//! The canonical encoder: any `serde::Serialize` to the one MessagePack form of its content.
//!
//! Keeps the invariant that content decides the bytes, not the type it came from: a struct, a
//! `HashMap` and a `serde_json::Value` that say the same encode alike. The rules stand in
//! `docs/format.md`; in short: fields by name, map keys sorted by their encoded bytes at every
//! depth and each of them once, integers in the shortest form, floats in 64 bits, human-readable
//! forms (a UUID is text). [`containers`] does the maps and arrays, [`json_tokens`] unwraps what
//! `serde_json` passes in disguise when other crates turn on its features.
//!
//! Invariant 14 of `docs/architecture.md`, which names the tests that show it.

mod containers;
mod error;
mod json_tokens;
mod serializer;

use std::cell::Cell;

use bytes::Bytes;
use serde::Serialize;

use crate::limits::{PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX};
use crate::{Error, Result};
use error::EncodeError;

/// Encodes `value` to its canonical bytes.
///
/// # Errors
///
/// [`Error::PayloadTooLarge`], or [`Error::PayloadEncoding`] where the value has no canonical form:
/// its `Serialize` fails, a map has a key twice, an integer has more than 64 bits, it is nested too
/// deeply.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Bytes> {
    // Taken, so that a `Serialize` that encodes another payload on the way finds none and makes one.
    // Where the thread is about to end there is none either.
    let spare = SPARE.try_with(Cell::take).ok().flatten();
    let mut encoder = spare.unwrap_or_else(Encoder::with_room);
    match value.serialize(&mut encoder) {
        Ok(()) => Ok(encoder.finish()),
        // An error that passed through a foreign `Serialize` may come back as mere words.
        Err(_) if encoder.too_large => Err(Error::PayloadTooLarge { max: PAYLOAD_BYTES_MAX }),
        Err(error) => Err(Error::PayloadEncoding { reason: error.to_string() }),
    }
}

thread_local! {
    /// The encoder of this thread's last payload, for the next one: it has its room already.
    static SPARE: Cell<Option<Encoder>> = const { Cell::new(None) };
}

/// Bytes and entries that an encoder has room for at first, which spares most payloads the growing.
const ROOM_BYTES: usize = 512;
const ROOM_ENTRIES: usize = 32;

/// Longest payload that is copied out of the encoder, in bytes. A longer one takes the encoder's
/// buffer along, so that what an idle thread keeps is small.
const COPIED_BYTES_MAX: usize = ROOM_BYTES;

/// Holds the bytes written so far and the open containers.
#[derive(Default)]
pub(crate) struct Encoder {
    out: Vec<u8>,
    /// The entries of all open maps, those of the innermost last.
    entries: Vec<Entry>,
    /// The bytes of a map whose entries are being moved.
    moved: Vec<u8>,
    /// How many containers are open.
    depth: usize,
    /// Whether a bound on the size was met.
    too_large: bool,
}

/// Marks where an entry of an open map lies in the output.
#[derive(Clone, Copy)]
struct Entry {
    /// The first bytes of its key as a number, zeros behind a shorter one: this decides most
    /// comparisons. Known once its map is complete, like `end`.
    prefix: u64,
    /// Where its key starts.
    key: usize,
    /// Where its value starts, which is where its key ends.
    value: usize,
    /// Where its value ends.
    end: usize,
}

impl Encoder {
    /// Creates an encoder for a payload of common size.
    fn with_room() -> Self {
        Self {
            out: Vec::with_capacity(ROOM_BYTES),
            entries: Vec::with_capacity(ROOM_ENTRIES),
            ..Self::default()
        }
    }

    /// Returns the bytes of a value that is complete, without room to spare.
    fn finish(mut self) -> Bytes {
        if self.out.len() > COPIED_BYTES_MAX || self.entries.capacity() > ROOM_ENTRIES {
            return Bytes::from(self.out.into_boxed_slice());
        }
        let bytes = Bytes::copy_from_slice(&self.out);
        self.out.clear();
        self.entries.clear();
        // Where the thread is about to end, there is no next one.
        let _ = SPARE.try_with(|spare| spare.set(Some(self)));
        bytes
    }

    /// Fails once the output is larger than a payload may be, so that an endless value ends.
    #[inline]
    fn check_size(&mut self) -> Result<(), EncodeError> {
        if self.out.len() <= PAYLOAD_BYTES_MAX {
            return Ok(());
        }
        self.too_large = true;
        Err(EncodeError::TooLarge)
    }

    /// Returns a length as MessagePack writes it; one that cannot fit fails before it is copied.
    #[inline]
    fn length(&mut self, length: usize) -> Result<u32, EncodeError> {
        match u32::try_from(length) {
            Ok(written) if length <= PAYLOAD_BYTES_MAX => Ok(written),
            _ => {
                self.too_large = true;
                Err(EncodeError::TooLarge)
            }
        }
    }

    /// Enters a container.
    #[inline]
    fn descend(&mut self) -> Result<(), EncodeError> {
        if self.depth >= PAYLOAD_DEPTH_MAX {
            return Err(EncodeError::Message(format!("it is nested deeper than {PAYLOAD_DEPTH_MAX} levels")));
        }
        self.depth += 1;
        Ok(())
    }

    /// Leaves a container.
    #[inline]
    fn ascend(&mut self) {
        self.depth -= 1;
    }
}
