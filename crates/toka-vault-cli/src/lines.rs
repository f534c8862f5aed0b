//! [`Lines`] and [`Line`]: from JSON lines to events to commit.
//!
//! Keeps the invariants that a line is held only up to a bound, and that what a line says of its
//! payload (the digest) holds before it is used.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use toka_vault::limits::PAYLOAD_BYTES_MAX;
use toka_vault::{Digest, EventHash, EventId, Kind, NewEvent, Payload, Timestamp};

/// Longest line, in bytes. JSON needs at most six for one of MessagePack (`false,`, `\u0001`), so
/// that the largest payload fits; the rest of an event has the other MiB.
pub(crate) const LINE_BYTES_MAX: usize = 6 * PAYLOAD_BYTES_MAX + (1 << 20);

/// What some editors put in front of UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Tells what is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// It cannot be read.
    #[error("cannot read it")]
    Read(#[source] io::Error),
    /// It is longer than any event needs.
    #[error("it is longer than the {LINE_BYTES_MAX} bytes that the largest event needs")]
    TooLong,
    /// It is not a JSON object.
    #[error("it is not a JSON object with the fields of an event")]
    NotAnObject(#[source] serde_json::Error),
    /// A field has the wrong form.
    #[error("the field `{field}` is malformed")]
    Field {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        source: anyhow::Error,
    },
    /// A field is missing.
    #[error("the field `{0}` is missing")]
    Missing(&'static str),
    /// The payload is given in both forms.
    #[error("it has both `payload` and `payload_msgpack`; keep one of them")]
    TwoPayloads,
    /// The payload is not the one that the digest was computed of.
    #[error("its `digest` is {told}, but its payload has the digest {computed}: one of them was changed")]
    WrongDigest {
        /// What the line says.
        told: Digest,
        /// What its payload says.
        computed: Digest,
    },
    /// The event is not the one that the hash was computed of.
    #[error("its `hash` is {told}, but its fields and parents hash to {computed}: something was changed")]
    WrongHash {
        /// What the line says.
        told: EventHash,
        /// What its content says.
        computed: EventHash,
    },
    /// There is a hash without all that it covers.
    #[error("it has a `hash`, which can only be checked beside an `id` and a `timestamp`")]
    UncheckableHash,
}

/// Holds the event that a line tells.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// The event.
    pub(crate) event: NewEvent,
    /// The hash that it should have.
    pub(crate) hash: Option<EventHash>,
    /// A field that means nothing here.
    pub(crate) unknown: Option<String>,
}

/// Reads lines from a file or a stream.
pub(crate) struct Lines<R> {
    source: R,
    text: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads from `source`.
    pub(crate) fn new(source: R) -> Self {
        Self { source, text: Vec::new(), number: 0 }
    }

    /// Returns the number of the line that was read last.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line that is not empty; `None` at the end.
    pub(crate) fn next_line(&mut self) -> Result<Option<Line>, LineError> {
        loop {
            self.text.clear();
            let most = LINE_BYTES_MAX as u64 + 1;
            self.number += 1;
            let read = self.source.by_ref().take(most).read_until(b'\n', &mut self.text);
            if read.map_err(LineError::Read)? == 0 {
                return Ok(None);
            }
            if self.text.len() > LINE_BYTES_MAX {
                return Err(LineError::TooLong);
            }
            let text = self.text.as_slice();
            let text =
                if self.number == 1 { text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text) } else { text };
            if !text.trim_ascii().is_empty() {
                return parse(text, self.number).map(Some);
            }
        }
    }
}

/// Reads the event that a line tells.
fn parse(text: &[u8], number: u64) -> Result<Line, LineError> {
    let Fields(fields) = serde_json::from_slice(text).map_err(LineError::NotAnObject)?;
    let mut parts = Parts::default();
    for (name, value) in fields {
        match &*name {
            "id" => parts.id = field("id", value)?,
            "kind" => parts.kind = field("kind", value)?,
            "timestamp" => parts.timestamp = field("timestamp", value)?,
            "parents" => parts.parents = field::<List>("parents", value)?.map(|List(ids)| ids),
            "digest" => parts.digest = field("digest", value)?,
            "hash" => parts.hash = field("hash", value)?,
            "payload" => parts.payload = Some(from_json(value)?),
            "payload_msgpack" => parts.msgpack = Some(from_base64(value)?),
            _ => parts.unknown = Some(name.into_owned()),
        }
    }
    parts.into_line(number)
}

/// Holds the fields of a line, as far as they are there.
#[derive(Default)]
struct Parts {
    id: Option<EventId>,
    kind: Option<Kind>,
    timestamp: Option<Timestamp>,
    parents: Option<Vec<EventId>>,
    digest: Option<Digest>,
    hash: Option<EventHash>,
    payload: Option<Payload>,
    msgpack: Option<Payload>,
    unknown: Option<String>,
}

impl Parts {
    /// Puts the event together and checks what can be checked without a vault.
    fn into_line(self, number: u64) -> Result<Line, LineError> {
        let kind = self.kind.ok_or(LineError::Missing("kind"))?;
        let payload = match (self.payload, self.msgpack) {
            (Some(_), Some(_)) => return Err(LineError::TwoPayloads),
            (payload, msgpack) => payload.or(msgpack).ok_or(LineError::Missing("payload"))?,
        };
        let computed = payload.digest();
        if let Some(told) = self.digest.filter(|told| *told != computed) {
            return Err(LineError::WrongDigest { told, computed });
        }
        if self.hash.is_some() && (self.id.is_none() || self.timestamp.is_none()) {
            return Err(LineError::UncheckableHash);
        }
        let mut event = NewEvent::new(kind, payload).map_err(|error| malformed("payload", error))?;
        event.parents = self.parents.unwrap_or_default().into();
        event.id = self.id;
        event.timestamp = self.timestamp;
        Ok(Line { number, event, hash: self.hash, unknown: self.unknown })
    }
}

/// Reads an optional field from its text form.
fn field<T: FromText>(name: &'static str, value: &RawValue) -> Result<Option<T>, LineError> {
    let text: Option<T::Json> = from_raw(name, value)?;
    text.map(T::from_text).transpose().map_err(|error| malformed(name, error))
}

/// Reads the JSON of a field.
fn from_raw<T: DeserializeOwned>(name: &'static str, value: &RawValue) -> Result<T, LineError> {
    serde_json::from_str(value.get()).map_err(|error| malformed(name, error))
}

/// Says that a field is malformed.
fn malformed(field: &'static str, error: impl Into<anyhow::Error>) -> LineError {
    LineError::Field { field, source: error.into() }
}

/// Encodes a payload from its JSON text.
fn from_json(value: &RawValue) -> Result<Payload, LineError> {
    payload_of(value.get()).map_err(|error| malformed("payload", error))
}

/// Encodes JSON text without building its value first, which would drop keys that stand twice.
pub(crate) fn payload_of(json: &str) -> anyhow::Result<Payload> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let encoded = Payload::encode(&serde_transcode::Transcoder::new(&mut reader));
    match encoded {
        Ok(payload) => {
            reader.end()?;
            Ok(payload)
        }
        // The encoder can only pass on in words what the reader met; the reader says it better.
        Err(error) => match serde_json::from_str::<serde::de::IgnoredAny>(json) {
            Err(syntax) => Err(syntax.into()),
            Ok(_) => Err(error.into()),
        },
    }
}

/// Reads a payload from its MessagePack bytes.
fn from_base64(value: &RawValue) -> Result<Payload, LineError> {
    let name = "payload_msgpack";
    let text: String = from_raw(name, value)?;
    let bytes = BASE64.decode(text).map_err(|error| malformed(name, error))?;
    Payload::from_msgpack(&bytes).map_err(|error| malformed(name, error))
}

/// Can be read from a JSON value.
trait FromText: Sized {
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

from_text!(EventId, Kind, Timestamp, Digest, EventHash);

/// Holds a list of ids.
struct List(Vec<EventId>);

impl FromText for List {
    type Json = Vec<String>;

    fn from_text(json: Vec<String>) -> toka_vault::Result<Self> {
        json.iter().map(|text| text.parse()).collect::<toka_vault::Result<_>>().map(Self)
    }
}

/// Holds the fields of a JSON object in their order, each of them once.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

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

#[cfg(test)]
#[path = "lines/tests.rs"]
mod tests;
