//! Maps and arrays of the canonical encoder.
//!
//! Keeps three invariants: the entries of a finished map are in the order of their encoded keys, each
//! key once; the written length of a container is the number of its elements, whatever its
//! `Serialize` announced; and a container that lacks a part does not finish, even where its
//! `Serialize` ignores the error of that part.
//!
//! A container's header is written at once with the announced length, and mended at the end in the
//! rare case that it was wrong. Entries are written in the order they come, and moved at the end
//! only where that is not the order of their keys.

use std::mem::size_of;

use rmp::encode as msgpack;
use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::error::EncodeError;
use super::json_tokens::Token;
use super::{Encoder, Entry};
use crate::limits::PAYLOAD_BYTES_MAX;

/// Writes the header of a container of `count` elements.
type WriteHeader = fn(&mut Vec<u8>, u32) -> Result<(), EncodeError>;

/// Writes the elements of an array.
pub(crate) struct SeqEncoder<'a> {
    encoder: &'a mut Encoder,
    header: Header,
    count: usize,
    /// Whether all elements so far are written in full.
    whole: bool,
    /// Containers around this one that end with it.
    wrappers: usize,
}

/// Writes the entries of a map.
pub(crate) enum MapEncoder<'a> {
    /// An ordinary map or struct.
    Entries {
        encoder: &'a mut Encoder,
        header: Header,
        /// Where the entries of this map start among those of all open maps.
        base: usize,
        due: Due,
        /// Containers around this one that end with it.
        wrappers: usize,
    },
    /// A struct that disguises something else.
    Disguise { encoder: &'a mut Encoder, token: Token, due: Due },
}

/// Says what a map takes next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Key,
    Value,
    /// Nothing, for a part of it failed.
    Nothing,
}

/// Remembers where a container's header is and what it says.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    start: usize,
    end: usize,
    announced: usize,
}

/// Writes an array's header.
fn array_header(out: &mut Vec<u8>, count: u32) -> Result<(), EncodeError> {
    msgpack::write_array_len(out, count)?;
    Ok(())
}

/// Writes a map's header.
fn map_header(out: &mut Vec<u8>, count: u32) -> Result<(), EncodeError> {
    msgpack::write_map_len(out, count)?;
    Ok(())
}

/// Returns the first bytes of the key of `length` bytes at the start of `bytes`, as a number that
/// sorts as they do.
#[inline]
fn prefix(bytes: &[u8], length: usize) -> u64 {
    let first = match bytes.first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        None => bytes.iter().rev().fold(0, |first, byte| (first >> 8) | (u64::from(*byte) << 56)),
    };
    // What follows a short key is its value, which must not count.
    if length < size_of::<u64>() { first & !(u64::MAX >> (8 * length)) } else { first }
}

impl Header {
    /// Opens a container and writes its header as announced. Inlined, as its callers are: else what it returns
    /// is moved several times, which takes longer than all that it does (measured).
    #[inline]
    fn open(encoder: &mut Encoder, announced: usize, write: WriteHeader) -> Result<Self, EncodeError> {
        encoder.descend()?;
        // More than can fit is announced wrongly, or found out as the elements come.
        let announced = announced.min(PAYLOAD_BYTES_MAX);
        let length = encoder.length(announced)?;
        let start = encoder.out.len();
        write(&mut encoder.out, length)?;
        Ok(Self { start, end: encoder.out.len(), announced })
    }

    /// Closes the container and writes its header anew where it did not come as announced.
    fn close(self, encoder: &mut Encoder, count: usize, write: WriteHeader) -> Result<(), EncodeError> {
        encoder.ascend();
        if count != self.announced {
            let mut header = Vec::with_capacity(1 + size_of::<u32>());
            write(&mut header, encoder.length(count)?)?;
            encoder.out.splice(self.start..self.end, header);
        }
        encoder.check_size()
    }
}

impl<'a> SeqEncoder<'a> {
    /// Opens an array; `wrappers` containers around it end with it.
    #[inline]
    pub(super) fn open(encoder: &'a mut Encoder, count: usize, wrappers: usize) -> Result<Self, EncodeError> {
        let header = Header::open(encoder, count, array_header)?;
        Ok(Self { encoder, header, count: 0, whole: true, wrappers })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.count += 1;
        let written = value.serialize(&mut *self.encoder);
        self.whole &= written.is_ok();
        written
    }

    fn finish(self) -> Result<(), EncodeError> {
        if !self.whole {
            return Err(EncodeError::incomplete());
        }
        self.header.close(self.encoder, self.count, array_header)?;
        (0..self.wrappers).for_each(|_| self.encoder.ascend());
        Ok(())
    }
}

impl<'a> MapEncoder<'a> {
    /// Opens a map; `wrappers` containers around it end with it.
    #[inline]
    pub(super) fn open(encoder: &'a mut Encoder, count: usize, wrappers: usize) -> Result<Self, EncodeError> {
        let header = Header::open(encoder, count, map_header)?;
        let base = encoder.entries.len();
        Ok(Self::Entries { encoder, header, base, due: Due::Key, wrappers })
    }

    /// Opens a struct that stands for the one text in it.
    pub(super) fn unwrapping(encoder: &'a mut Encoder, token: Token) -> Self {
        Self::Disguise { encoder, token, due: Due::Value }
    }

    /// Writes a key. The name of a disguise's field says nothing; a second field is an error of
    /// [`Self::value`].
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        let Self::Entries { encoder, due, .. } = self else { return Ok(()) };
        if std::mem::replace(due, Due::Nothing) != Due::Key {
            return Err(EncodeError::incomplete());
        }
        let start = encoder.out.len();
        key.serialize(&mut **encoder)?;
        encoder.entries.push(Entry { prefix: 0, key: start, value: encoder.out.len(), end: 0 });
        *due = Due::Value;
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let (Self::Entries { due, .. } | Self::Disguise { due, .. }) = self;
        if std::mem::replace(due, Due::Nothing) != Due::Value {
            return Err(EncodeError::incomplete());
        }
        let due = match self {
            Self::Entries { encoder, due, .. } => {
                value.serialize(&mut **encoder)?;
                due
            }
            Self::Disguise { encoder, token, due } => {
                token.encode(encoder, value)?;
                due
            }
        };
        *due = Due::Key;
        Ok(())
    }

    fn finish(self) -> Result<(), EncodeError> {
        let (Self::Entries { due, .. } | Self::Disguise { due, .. }) = &self;
        if *due != Due::Key {
            return Err(EncodeError::incomplete());
        }
        let Self::Entries { encoder, header, base, wrappers, .. } = self else { return Ok(()) };
        let count = encoder.entries.len() - base;
        encoder.sort_entries(base)?;
        encoder.entries.truncate(base);
        header.close(encoder, count, map_header)?;
        (0..wrappers).for_each(|_| encoder.ascend());
        Ok(())
    }
}

impl Encoder {
    /// Brings the entries of the innermost map, those from `base` on, into the order of their keys.
    ///
    /// # Errors
    ///
    /// A key that comes twice: which of the values counts would be a guess.
    fn sort_entries(&mut self, base: usize) -> Result<(), EncodeError> {
        let Self { out, entries, moved, .. } = self;
        let entries = entries.get_mut(base..).unwrap_or_default();
        entries.iter_mut().rev().fold(out.len(), |end, entry| {
            entry.end = end;
            entry.prefix = prefix(out.get(entry.key..end).unwrap_or_default(), entry.value - entry.key);
            entry.key
        });
        let key = |entry: &Entry| out.get(entry.key..entry.value).unwrap_or_default();
        let compare = |left: &Entry, right: &Entry| {
            left.prefix.cmp(&right.prefix).then_with(|| key(left).cmp(key(right)))
        };
        if entries.is_sorted_by(|left, right| compare(left, right).is_lt()) {
            return Ok(());
        }
        let body = entries.first().map_or(out.len(), |entry| entry.key);
        entries.sort_unstable_by(compare);
        if let Some(twice) = entries.windows(2).find_map(|pair| match pair {
            [left, right] if compare(left, right).is_eq() => Some(key(left)),
            _ => None,
        }) {
            let text = rmp_serde::from_slice::<String>(twice).unwrap_or_else(|_| format!("{twice:02x?}"));
            return Err(EncodeError::Message(format!("a map has the key {text:?} twice")));
        }
        moved.clear();
        moved.reserve(out.len() - body);
        for entry in entries {
            moved.extend_from_slice(out.get(entry.key..entry.end).unwrap_or_default());
        }
        out.truncate(body);
        out.extend_from_slice(moved);
        Ok(())
    }
}

/// Implements serde's traits for the elements of an array.
macro_rules! elements {
    ($($trait:ident :: $method:ident),*) => {
        $(impl $trait for SeqEncoder<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                self.element(value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.finish()
            }
        })*
    };
}

/// Implements serde's traits for the fields of a struct.
macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl $trait for MapEncoder<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn serialize_field<T>(&mut self, name: &'static str, value: &T) -> Result<(), EncodeError>
            where
                T: Serialize + ?Sized,
            {
                self.key(name)?;
                self.value(value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.finish()
            }
        })*
    };
}

elements!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);
fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for MapEncoder<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.value(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.finish()
    }
}
