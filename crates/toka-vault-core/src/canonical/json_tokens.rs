//! What `serde_json` passes in disguise when some crate turns on its feature `arbitrary_precision`
//! or `raw_value`: a struct of a private name with one text field.
//!
//! Keeps the invariant that such a feature, which any crate of a build can turn on for all, does not
//! change a digest. The names are `serde_json`'s own and stable in practice: its own `Serializer`
//! and those of other formats depend on them. A test with these features on guards them.

use serde::{Serialize, Serializer};

use super::Encoder;
use super::error::EncodeError;

/// Tells which disguise a struct is.
#[derive(Clone, Copy)]
pub(crate) enum Token {
    /// The field is the text of a number.
    Number,
    /// The field is the text of a JSON value.
    Raw,
}

impl Token {
    /// Recognises a disguise by the name of its struct.
    pub(super) fn of(name: &'static str) -> Option<Self> {
        match name {
            "$serde_json::private::Number" => Some(Self::Number),
            "$serde_json::private::RawValue" => Some(Self::Raw),
            _ => None,
        }
    }

    /// Encodes what the disguised `field` says.
    pub(super) fn encode<T: Serialize + ?Sized>(
        self,
        encoder: &mut Encoder,
        field: &T,
    ) -> Result<(), EncodeError> {
        let text = text_of(field)?;
        match self {
            Self::Number => number(encoder, &text),
            Self::Raw => serde_json::from_str::<serde_json::Value>(&text)
                .map_err(|error| EncodeError::Message(format!("a raw JSON value is malformed: {error}")))?
                .serialize(encoder),
        }
    }
}

/// Encodes the text of a number as `serde_json` reads it without that feature: as an integer of 64
/// bits where it is one, else as a float.
fn number(encoder: &mut Encoder, text: &str) -> Result<(), EncodeError> {
    if let Ok(value) = text.parse::<u64>() {
        return encoder.serialize_u64(value);
    }
    match (text.parse::<i64>(), text.parse::<f64>()) {
        // JSON's `-0` is a float: an integer has no negative zero.
        (Ok(value), _) if value != 0 => encoder.serialize_i64(value),
        (_, Ok(value)) if value.is_finite() => encoder.serialize_f64(value),
        _ => Err(EncodeError::Message(format!("the number {text} does not fit 64 bits"))),
    }
}

/// Returns the text that `field` is, by way of its encoding.
fn text_of<T: Serialize + ?Sized>(field: &T) -> Result<String, EncodeError> {
    let mut encoder = Encoder::default();
    field.serialize(&mut encoder)?;
    rmp_serde::from_slice(&encoder.out).map_err(|_| {
        EncodeError::Message("a number or raw value of serde_json was not passed as text".into())
    })
}
