//! Maps and arrays of the canonical encoder.
//!
//! Keeps two invariants: the entries of a finished map are in the order of their encoded keys, each
//! key once; and the written length of a container is the number of its elements, whatever its
//! `Serialize` announced.
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
        /// Containers around this one that end with it.
        wrappers: usize,
    },
    /// A struct that disguises something else.
    Disguise { encoder: &'a mut Encoder, token: Token },
}

/// Remembers where a container's header is and what it says.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    start: usize,
    end: usize,
    announced: usize,
}

/// Returns a length as MessagePack writes it.
pub(super) fn length(length: usize) -> Result<u32, EncodeError> {
    if length > PAYLOAD_BYTES_MAX {
        return Err(EncodeError::TooLarge);
    }
    u32::try_from(length).map_err(|_| EncodeError::TooLarge)
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

impl Header {
    /// Opens a container and writes its header as announced.
    fn open(encoder: &mut Encoder, announced: usize, write: WriteHeader) -> Result<Self, EncodeError> {
        encoder.descend()?;
        let start = encoder.out.len();
        write(&mut encoder.out, length(announced)?)?;
        Ok(Self { start, end: encoder.out.len(), announced })
    }

    /// Closes the container and writes its header anew where it did not come as announced.
    fn close(self, encoder: &mut Encoder, count: usize, write: WriteHeader) -> Result<(), EncodeError> {
        encoder.ascend();
        if count != self.announced {
            let mut header = Vec::with_capacity(1 + size_of::<u32>());
            write(&mut header, length(count)?)?;
            encoder.out.splice(self.start..self.end, header);
        }
        encoder.check_size()
    }
}

impl<'a> SeqEncoder<'a> {
    /// Opens an array; `wrappers` containers around it end with it.
    pub(super) fn open(encoder: &'a mut Encoder, count: usize, wrappers: usize) -> Result<Self, EncodeError> {
        let header = Header::open(encoder, count, array_header)?;
        Ok(Self { encoder, header, count: 0, wrappers })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.count += 1;
        value.serialize(&mut *self.encoder)
    }

    fn finish(self) -> Result<(), EncodeError> {
        self.header.close(self.encoder, self.count, array_header)?;
        (0..self.wrappers).for_each(|_| self.encoder.ascend());
        Ok(())
    }
}

impl<'a> MapEncoder<'a> {
    /// Opens a map; `wrappers` containers around it end with it.
    pub(super) fn open(encoder: &'a mut Encoder, count: usize, wrappers: usize) -> Result<Self, EncodeError> {
        let header = Header::open(encoder, count, map_header)?;
        let base = encoder.entries.len();
        Ok(Self::Entries { encoder, header, base, wrappers })
    }

    /// Opens a struct that stands for the one text in it.
    pub(super) fn unwrapping(encoder: &'a mut Encoder, token: Token) -> Self {
        Self::Disguise { encoder, token }
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        let Self::Entries { encoder, .. } = self else { return Ok(()) };
        let start = encoder.out.len();
        key.serialize(&mut **encoder)?;
        encoder.entries.push(Entry { key: start, value: encoder.out.len() });
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        match self {
            Self::Entries { encoder, .. } => value.serialize(&mut **encoder),
            Self::Disguise { encoder, token } => token.encode(encoder, value),
        }
    }

    fn finish(self) -> Result<(), EncodeError> {
        let Self::Entries { encoder, header, base, wrappers } = self else { return Ok(()) };
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
        let Some(entries) = self.entries.get(base..) else { return Ok(()) };
        let key = |entry: &Entry| self.out.get(entry.key..entry.value).unwrap_or_default();
        if entries.is_sorted_by(|left, right| key(left) < key(right)) {
            return Ok(());
        }
        let body = entries.first().map_or(self.out.len(), |entry| entry.key);
        let ends = entries.iter().skip(1).map(|entry| entry.key).chain([self.out.len()]);
        let mut sorted: Vec<(&Entry, usize)> = entries.iter().zip(ends).collect();
        sorted.sort_by(|(left, _), (right, _)| key(left).cmp(key(right)));
        if let Some(twice) = sorted.windows(2).find_map(|pair| match pair {
            [(left, _), (right, _)] if key(left) == key(right) => Some(key(left)),
            _ => None,
        }) {
            let text = rmp_serde::from_slice::<String>(twice).unwrap_or_else(|_| format!("{twice:02x?}"));
            return Err(EncodeError::Message(format!("a map has the key {text:?} twice")));
        }
        let mut moved = Vec::with_capacity(self.out.len() - body);
        for (entry, end) in sorted {
            moved.extend_from_slice(self.out.get(entry.key..end).unwrap_or_default());
        }
        self.out.truncate(body);
        self.out.extend_from_slice(&moved);
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
