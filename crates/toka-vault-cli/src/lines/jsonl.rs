//! JSON lines: the form that is our own, and the plainest that another system can write.

use serde::Deserialize;
use serde_json::value::RawValue;
use toka_vault::Payload;

use super::fields::{Fields, bytes, field, from_raw, payload_of};
use super::told::Told;
use super::{Line, LineError, Reading};

/// The field that names parents, unless another is said to.
pub(super) const PARENTS: &str = "parents";

/// Reads the event that the fields of a line tell.
pub(super) fn line(Fields(fields): Fields<'_>, reading: &Reading, number: u64) -> Result<Line, LineError> {
    let (mut id, mut parents, mut unknown) = (None, None, None);
    let (mut kind, mut timestamp, mut digest, mut hash) = (None, None, None, None);
    let (mut payload, mut msgpack) = (None, None);
    for (name, value) in fields {
        match &*name {
            "id" => id = from_raw::<Option<Id>>("id", value)?,
            "kind" => kind = field("kind", value)?,
            "timestamp" => timestamp = field("timestamp", value)?,
            "digest" => digest = field("digest", value)?,
            "hash" => hash = field("hash", value)?,
            "payload" => payload = Some(from_json(value)?),
            "payload_msgpack" => msgpack = Some(from_msgpack(value)?),
            name if name == reading.parents => parents = from_raw::<Option<Vec<Id>>>(name, value)?,
            _ => unknown = Some(name.into_owned()),
        }
    }
    let kind = kind.ok_or(LineError::Missing("kind"))?;
    let payload = match (payload, msgpack) {
        (Some(_), Some(_)) => return Err(LineError::TwoPayloads("payload", "payload_msgpack")),
        (payload, msgpack) => payload.or(msgpack).ok_or(LineError::Missing("payload"))?,
    };
    let source = reading.source.clone();
    let parents = parents.unwrap_or_default().into_iter().map(Id::into_text).collect();
    let id = id.map(Id::into_text);
    Told { id, source, kind, timestamp, parents, digest, hash, payload, unknown }.into_line(number)
}

/// Holds an id, which other systems write as a number too.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a whole number")]
enum Id {
    Text(String),
    Number(u64),
    Negative(i64),
}

impl Id {
    /// Returns its text: a number and the text of its digits are the same id.
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Negative(number) => number.to_string(),
        }
    }
}

/// Encodes a payload from its JSON text.
fn from_json(value: &RawValue) -> Result<Payload, LineError> {
    payload_of(value.get()).map_err(|error| LineError::malformed("payload", error))
}

/// Reads a payload from its MessagePack bytes.
fn from_msgpack(value: &RawValue) -> Result<Payload, LineError> {
    let name = "payload_msgpack";
    Payload::from_msgpack(&bytes(name, value)?).map_err(|error| LineError::malformed(name, error))
}
