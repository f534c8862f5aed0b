//! [`in_words`]: a payload for people, also where JSON cannot tell it.
//!
//! Keeps the invariant that what is not JSON does not look like JSON: it stands there as the diagnostic
//! notation of CBOR writes it, `NaN`, `-Infinity` and `h'00ff'` for bytes.

use std::fmt::{self, Write};

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use toka_vault::Payload;

/// Writes a payload on one line.
pub(crate) fn in_words(payload: &Payload) -> String {
    // Where it cannot be read, the library says what is known of it.
    payload.decode().map_or_else(|_| format!("{payload:?}"), |Words(words)| words)
}

/// Is a value that was read, as text.
struct Words(String);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut words = String::new();
        Writing(&mut words).deserialize(deserializer)?;
        Ok(Self(words))
    }
}

/// Writes what is read behind what was read before.
struct Writing<'a>(&'a mut String);

impl Writing<'_> {
    /// Writes what JSON can tell.
    fn json<E: Error>(self, value: &(impl Serialize + ?Sized)) -> Result<(), E> {
        *self.0 += &serde_json::to_string(value).map_err(E::custom)?;
        Ok(())
    }

    /// Writes a number that is none for JSON.
    fn special<E>(self, number: f64) -> Result<(), E> {
        *self.0 += match number {
            _ if number.is_nan() => "NaN",
            _ if number > 0.0 => "Infinity",
            _ => "-Infinity",
        };
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Writing<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writing<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.json(&())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.json(&value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.json(&value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.json(&value)
    }

    fn visit_f32<E: Error>(self, value: f32) -> Result<(), E> {
        if value.is_finite() { self.json(&value) } else { self.special(value.into()) }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        if value.is_finite() { self.json(&value) } else { self.special(value) }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.json(value)
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<(), E> {
        self.0.push_str("h'");
        for byte in value {
            write!(self.0, "{byte:02x}").map_err(E::custom)?;
        }
        self.0.push('\'');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut before = '[';
        loop {
            let end = self.0.len();
            self.0.push(before);
            if items.next_element_seed(Writing(self.0))?.is_none() {
                self.0.truncate(end);
                break;
            }
            before = ',';
        }
        self.0.push_str(if before == '[' { "[]" } else { "]" });
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut before = '{';
        loop {
            let end = self.0.len();
            self.0.push(before);
            if entries.next_key_seed(Writing(self.0))?.is_none() {
                self.0.truncate(end);
                break;
            }
            self.0.push(':');
            entries.next_value_seed(Writing(self.0))?;
            before = ',';
        }
        self.0.push_str(if before == '{' { "{}" } else { "}" });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_json_is_written_as_json() {
        let values = [
            json!(null),
            json!([]),
            json!({}),
            json!([1, -2, 2.5, true, [[]], {}]),
            json!({ "a": { "b": ["x\"\n", "ü漢"] }, "c": u64::MAX }),
        ];
        for value in values {
            assert_eq!(in_words(&Payload::encode(&value).unwrap()), value.to_string());
        }
    }

    #[test]
    fn what_is_not_json_does_not_look_like_it() {
        struct Bytes;
        impl Serialize for Bytes {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(&[0, 255])
            }
        }
        let words = |payload: Payload| in_words(&payload);
        assert_eq!(
            words(Payload::encode(&[f64::NAN, 1.5, f64::NEG_INFINITY]).unwrap()),
            "[NaN,1.5,-Infinity]"
        );
        assert_eq!(
            words(Payload::encode(&(f64::INFINITY, f32::NAN, Bytes)).unwrap()),
            "[Infinity,NaN,h'00ff']"
        );
        let keys = std::collections::BTreeMap::from([(1, "a"), (2, "b")]);
        assert_eq!(words(Payload::encode(&keys).unwrap()), "{1:\"a\",2:\"b\"}");
    }
}
