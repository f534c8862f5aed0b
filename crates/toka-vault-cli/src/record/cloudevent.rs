//! [`CloudEvent`]: an event in the JSON format of CloudEvents 1.0.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use toka_vault::{Event, EventId};

use super::json_of;
use crate::cloudevents::{DIGEST, HASH, JSON, MSGPACK, PARENTS, VERSION};

/// Writes an event as a CloudEvent, without its position, which is not the same in every vault.
pub(crate) struct CloudEvent<'a> {
    event: &'a Event,
    source: &'a str,
}

impl<'a> CloudEvent<'a> {
    /// Names `source` as the context in which the event happened.
    pub(crate) fn new(event: &'a Event, source: &'a str) -> Self {
        Self { event, source }
    }
}

impl Serialize for CloudEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let header = &self.event.header;
        let json = json_of(&self.event.payload);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", VERSION)?;
        map.serialize_entry("id", &header.id.to_string())?;
        map.serialize_entry("source", self.source)?;
        map.serialize_entry("type", header.kind.as_str())?;
        map.serialize_entry("time", &header.timestamp.to_string())?;
        if !header.parents.is_empty() {
            map.serialize_entry(PARENTS, &joined(&header.parents))?;
        }
        map.serialize_entry(DIGEST, &header.digest.to_string())?;
        map.serialize_entry(HASH, &header.hash.to_string())?;
        map.serialize_entry("datacontenttype", if json.is_some() { JSON } else { MSGPACK })?;
        match json {
            Some(json) => map.serialize_entry("data", &json)?,
            None => map.serialize_entry("data_base64", &BASE64.encode(self.event.payload.bytes()))?,
        }
        map.end()
    }
}

/// Writes ids into one text, since an attribute of a CloudEvent can be no list.
fn joined(ids: &[EventId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(" ")
}
