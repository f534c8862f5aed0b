//! [`Record`], [`HeaderRecord`] and [`PayloadRecord`]: events and their parts as JSON objects, on
//! stdout and in exported files.
//!
//! Keeps the invariant that a record loses nothing: a payload is written as JSON only where that
//! reads back as the same bytes, and as its MessagePack bytes otherwise. The keys stand in one order.

mod cloudevent;
mod words;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use toka_vault::{Event, EventHeader, Payload};

pub(crate) use cloudevent::CloudEvent;
pub(crate) use words::in_words;

/// Deepest payload that is written as JSON. Common parsers refuse 128 levels, and a record or an
/// array around it takes some.
const JSON_DEPTH_MAX: usize = 120;

/// Writes an event as a JSON object.
pub(crate) struct Record<'a> {
    event: &'a Event,
    with_position: bool,
}

impl<'a> Record<'a> {
    /// Writes all of an event as it stands in its vault.
    pub(crate) fn new(event: &'a Event) -> Self {
        Self { event, with_position: true }
    }

    /// Leaves the position out, which is the one thing that is not the same in every vault.
    pub(crate) fn portable(event: &'a Event) -> Self {
        Self { event, with_position: false }
    }
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        header_entries(&mut map, &self.event.header, self.with_position)?;
        payload_entry(&mut map, &self.event.payload)?;
        map.end()
    }
}

/// Writes the header of an event as a JSON object.
pub(crate) struct HeaderRecord<'a>(pub(crate) &'a EventHeader);

impl Serialize for HeaderRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        header_entries(&mut map, self.0, true)?;
        map.end()
    }
}

/// Writes a payload and its digest as a JSON object.
pub(crate) struct PayloadRecord<'a>(pub(crate) &'a Payload);

impl Serialize for PayloadRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("digest", &self.0.digest().to_string())?;
        payload_entry(&mut map, self.0)?;
        map.end()
    }
}

/// Writes the entry of a payload.
fn payload_entry<M: SerializeMap>(map: &mut M, payload: &Payload) -> Result<(), M::Error> {
    match json_of(payload) {
        Some(json) => map.serialize_entry("payload", &json),
        None => map.serialize_entry("payload_msgpack", &BASE64.encode(payload.bytes())),
    }
}

/// Writes the entries of a header.
fn header_entries<M: SerializeMap>(
    map: &mut M,
    header: &EventHeader,
    with_position: bool,
) -> Result<(), M::Error> {
    let parents: Vec<String> = header.parents.iter().map(ToString::to_string).collect();
    if with_position {
        map.serialize_entry("position", &header.position.get())?;
    }
    map.serialize_entry("id", &header.id.to_string())?;
    map.serialize_entry("kind", header.kind.as_str())?;
    map.serialize_entry("timestamp", &header.timestamp.to_string())?;
    map.serialize_entry("parents", &parents)?;
    map.serialize_entry("digest", &header.digest.to_string())?;
    map.serialize_entry("hash", &header.hash.to_string())
}

/// Returns a payload as JSON where that reads back as the same payload.
pub(crate) fn json_of(payload: &Payload) -> Option<Value> {
    payload.to_json().ok().filter(|json| is_at_most(json, JSON_DEPTH_MAX))
}

/// Tells whether `json` is nested at most `levels` deep.
fn is_at_most(json: &Value, levels: usize) -> bool {
    match (json, levels.checked_sub(1)) {
        (Value::Array(items), Some(below)) => items.iter().all(|item| is_at_most(item, below)),
        (Value::Object(entries), Some(below)) => entries.values().all(|item| is_at_most(item, below)),
        (Value::Array(_) | Value::Object(_), None) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An array in an array and so on.
    fn nested(levels: usize) -> Value {
        (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
    }

    #[test]
    fn a_payload_is_json_only_where_it_reads_back() {
        let json = |payload: Payload| json_of(&payload).is_some();
        assert!(json(Payload::encode(&nested(JSON_DEPTH_MAX)).unwrap()));
        assert!(!json(Payload::encode(&nested(JSON_DEPTH_MAX + 1)).unwrap()));
        assert!(!json(Payload::encode(&f64::NAN).unwrap()));
        assert!(!json(
            Payload::encode(&[(1, 2)].into_iter().collect::<std::collections::HashMap<_, _>>()).unwrap()
        ));
    }
}
