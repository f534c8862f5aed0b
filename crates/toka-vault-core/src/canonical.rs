//! The canonical encoder: any `serde::Serialize` to the one MessagePack form of its content.
//!
//! Keeps the invariant that content decides the bytes, not the type it came from: a struct, a
//! `HashMap` and a `serde_json::Value` that say the same encode alike. The rules stand in
//! `docs/format.md`; in short: fields by name, map keys sorted by their encoded bytes at every
//! depth and each of them once, integers in the shortest form, floats in 64 bits, human-readable
//! forms (a UUID is text). [`containers`] does the maps and arrays, [`json_tokens`] unwraps what
//! `serde_json` passes in disguise when other crates turn on its features.

mod containers;
mod error;
mod json_tokens;
mod serializer;

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
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let mut encoder = Encoder::default();
    value.serialize(&mut encoder).map_err(|error| match error {
        EncodeError::TooLarge => Error::PayloadTooLarge { max: PAYLOAD_BYTES_MAX },
        EncodeError::Message(reason) => Error::PayloadEncoding { reason },
    })?;
    Ok(encoder.out)
}

/// Holds the bytes written so far and the open containers.
#[derive(Default)]
pub(crate) struct Encoder {
    out: Vec<u8>,
    /// The entries of all open maps, those of the innermost last.
    entries: Vec<Entry>,
    /// How many containers are open.
    depth: usize,
}

/// Marks where an entry of an open map lies in the output.
#[derive(Clone, Copy)]
struct Entry {
    /// Where its key starts.
    key: usize,
    /// Where its value starts, which is where its key ends.
    value: usize,
}

impl Encoder {
    /// Fails once the output is larger than a payload may be, so that an endless value ends.
    fn check_size(&self) -> Result<(), EncodeError> {
        if self.out.len() > PAYLOAD_BYTES_MAX { Err(EncodeError::TooLarge) } else { Ok(()) }
    }

    /// Enters a container.
    fn descend(&mut self) -> Result<(), EncodeError> {
        if self.depth >= PAYLOAD_DEPTH_MAX {
            return Err(EncodeError::Message(format!("it is nested deeper than {PAYLOAD_DEPTH_MAX} levels")));
        }
        self.depth += 1;
        Ok(())
    }

    /// Leaves a container.
    fn ascend(&mut self) {
        self.depth -= 1;
    }
}
