//! [`Fields`]: the fields of a JSON object, and how each is read from its text.
//!
//! Keeps the invariant that a field stands once, and that none is built as a value before it is known
//! what it is to be.

use std::borrow::Cow;
use std::fmt;

use anyhow::bail;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use toka_vault::{Digest, EventHash, Kind, Payload, Timestamp};

use super::LineError;
use super::error::without_type;
use super::large_numbers::too_large;

/// Holds the fields of a JSON object in their order, each of them once.
pub(super) struct Fields<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

/// Reads an optional field from its text form; `null` is a field that is not there.
pub(super) fn field<T: FromText>(name: &str, value: &RawValue) -> Result<Option<T>, LineError> {
    let json: Option<T::Json> = from_raw(name, value)?;
    json.map(T::from_text).transpose().map_err(|error| LineError::malformed(name, error))
}

/// Reads the JSON of a field.
pub(super) fn from_raw<T: DeserializeOwned>(name: &str, value: &RawValue) -> Result<T, LineError> {
    serde_json::from_str(value.get()).map_err(|error| LineError::malformed(name, error))
}

/// Reads bytes from a field of base64.
pub(super) fn bytes(name: &str, value: &RawValue) -> Result<Vec<u8>, LineError> {
    let text: String = from_raw(name, value)?;
    BASE64.decode(text).map_err(|error| LineError::malformed(name, error))
}

/// Encodes JSON text without building its value first, which would drop keys that stand twice.
///
/// # Errors
///
/// What keeps the text from being a payload. Whole numbers are stored to the last digit or not at all.
pub(crate) fn payload_of(json: &str) -> anyhow::Result<Payload> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let encoded = Payload::encode(&serde_transcode::Transcoder::new(&mut reader));
    match encoded {
        Ok(payload) => {
            reader.end()?;
            match too_large(json) {
                None => Ok(payload),
                // So much of it that it is found.
                Some(number) => bail!(
                    "the whole number {number:.30} does not fit 64 bits and could lose its last digits; \
                     put it in quotes, as text"
                ),
            }
        }
        // The encoder can only pass on in words what the reader met; the reader says it better.
        Err(error) => match serde_json::from_str::<serde::de::IgnoredAny>(json) {
            Err(syntax) => Err(syntax.into()),
            Ok(_) => Err(without_type(error.into())),
        },
    }
}

/// Can be read from a JSON value.
pub(super) trait FromText: Sized {
    /// The type of the JSON value.
    type Json: DeserializeOwned;
    /// Reads it.
    fn from_text(json: Self::Json) -> toka_vault::Result<Self>;
}

/// Reads a type from a JSON string by its `FromStr`.
macro_rules! from_text {
    ($($name:ty),*) => {$(
        impl FromText for $name {
            type Json = String;

            fn from_text(json: String) -> toka_vault::Result<Self> {
                json.parse()
            }
        }
    )*};
}

from_text!(Kind, Timestamp, Digest, EventHash);

impl FromText for String {
    type Json = Self;

    fn from_text(json: Self) -> toka_vault::Result<Self> {
        Ok(json)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor(Vec::new()))
    }
}

/// Collects the fields of a JSON object.
struct FieldsVisitor<'de>(Vec<(Cow<'de, str>, &'de RawValue)>);

impl<'de> Visitor<'de> for FieldsVisitor<'de> {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        while let Some((name, value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            if self.0.iter().any(|(other, _)| *other == name.0) {
                return Err(serde::de::Error::custom(format_args!("the field `{}` stands twice", name.0)));
            }
            self.0.push((name.0, value));
        }
        Ok(Fields(self.0))
    }
}

/// Holds the name of a field, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
