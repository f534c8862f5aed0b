//! `serde::Serializer` for the canonical encoder: the values that are no containers, and which
//! container stands for which Rust shape.

use rmp::encode as msgpack;
use serde::ser::{Serialize, Serializer};

use super::Encoder;
use super::containers::{MapEncoder, SeqEncoder};
use super::error::EncodeError;
use super::json_tokens;

impl Encoder {
    /// Writes a text.
    #[inline]
    fn text(&mut self, text: &str) -> Result<(), EncodeError> {
        match u8::try_from(text.len()) {
            // Most keys and many texts: the header is one byte, which needs no general writer.
            Ok(short @ ..32) => self.out.push(0xa0 | short),
            _ => {
                let length = self.length(text.len())?;
                msgpack::write_str_len(&mut self.out, length)?;
            }
        }
        self.out.extend_from_slice(text.as_bytes());
        self.check_size()
    }

    /// Opens the map of one entry that stands for an enum's variant with content.
    #[inline]
    fn variant(&mut self, variant: &'static str) -> Result<(), EncodeError> {
        self.descend()?;
        msgpack::write_map_len(&mut self.out, 1)?;
        self.text(variant)
    }
}

impl<'a> Serializer for &'a mut Encoder {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = SeqEncoder<'a>;
    type SerializeTuple = SeqEncoder<'a>;
    type SerializeTupleStruct = SeqEncoder<'a>;
    type SerializeTupleVariant = SeqEncoder<'a>;
    type SerializeMap = MapEncoder<'a>;
    type SerializeStruct = MapEncoder<'a>;
    type SerializeStructVariant = MapEncoder<'a>;

    /// Human-readable forms, as in JSON: else a UUID would have one digest from its own type and
    /// another from a `serde_json::Value`.
    #[inline]
    fn is_human_readable(&self) -> bool {
        true
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        self.out.push(if value { 0xc3 } else { 0xc2 });
        self.check_size()
    }

    #[inline]
    fn serialize_i8(self, value: i8) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    #[inline]
    fn serialize_i16(self, value: i16) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    #[inline]
    fn serialize_i32(self, value: i32) -> Result<(), EncodeError> {
        self.serialize_i64(value.into())
    }

    #[inline]
    fn serialize_i64(self, value: i64) -> Result<(), EncodeError> {
        msgpack::write_sint(&mut self.out, value)?;
        self.check_size()
    }

    #[inline]
    fn serialize_i128(self, value: i128) -> Result<(), EncodeError> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => self.serialize_i64(value),
            (_, Ok(value)) => self.serialize_u64(value),
            _ => Err(EncodeError::Message(format!("the integer {value} has more than 64 bits"))),
        }
    }

    #[inline]
    fn serialize_u8(self, value: u8) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    #[inline]
    fn serialize_u16(self, value: u16) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    #[inline]
    fn serialize_u32(self, value: u32) -> Result<(), EncodeError> {
        self.serialize_u64(value.into())
    }

    #[inline]
    fn serialize_u64(self, value: u64) -> Result<(), EncodeError> {
        msgpack::write_uint(&mut self.out, value)?;
        self.check_size()
    }

    #[inline]
    fn serialize_u128(self, value: u128) -> Result<(), EncodeError> {
        match u64::try_from(value) {
            Ok(value) => self.serialize_u64(value),
            Err(_) => Err(EncodeError::Message(format!("the integer {value} has more than 64 bits"))),
        }
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<(), EncodeError> {
        self.serialize_f64(value.into())
    }

    /// All NaNs are one NaN; else their hidden bits would decide the digest.
    #[inline]
    fn serialize_f64(self, value: f64) -> Result<(), EncodeError> {
        msgpack::write_f64(&mut self.out, if value.is_nan() { f64::NAN } else { value })?;
        self.check_size()
    }

    #[inline]
    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        self.text(value)
    }

    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<(), EncodeError> {
        let length = self.length(value.len())?;
        msgpack::write_bin_len(&mut self.out, length)?;
        self.out.extend_from_slice(value);
        self.check_size()
    }

    #[inline]
    fn serialize_none(self) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.out.push(0xc0);
        self.check_size()
    }

    #[inline]
    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.text(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T>(self, _name: &'static str, value: &T) -> Result<(), EncodeError>
    where
        T: Serialize + ?Sized,
    {
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_variant<T>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError>
    where
        T: Serialize + ?Sized,
    {
        self.variant(variant)?;
        value.serialize(&mut *self)?;
        self.ascend();
        Ok(())
    }

    #[inline]
    fn serialize_seq(self, count: Option<usize>) -> Result<SeqEncoder<'a>, EncodeError> {
        SeqEncoder::open(self, count.unwrap_or(0), 0)
    }

    #[inline]
    fn serialize_tuple(self, count: usize) -> Result<SeqEncoder<'a>, EncodeError> {
        SeqEncoder::open(self, count, 0)
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, count: usize) -> Result<SeqEncoder<'a>, EncodeError> {
        SeqEncoder::open(self, count, 0)
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        count: usize,
    ) -> Result<SeqEncoder<'a>, EncodeError> {
        self.variant(variant)?;
        SeqEncoder::open(self, count, 1)
    }

    #[inline]
    fn serialize_map(self, count: Option<usize>) -> Result<MapEncoder<'a>, EncodeError> {
        MapEncoder::open(self, count.unwrap_or(0), 0)
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, count: usize) -> Result<MapEncoder<'a>, EncodeError> {
        match json_tokens::Token::of(name) {
            Some(token) => Ok(MapEncoder::unwrapping(self, token)),
            None => MapEncoder::open(self, count, 0),
        }
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        count: usize,
    ) -> Result<MapEncoder<'a>, EncodeError> {
        self.variant(variant)?;
        MapEncoder::open(self, count, 1)
    }
}
