//! CloudEvents in JSON, one a line: ours, and those of any other system.
//!
//! Keeps the invariant that the attributes which CloudEvents requires are there, and of its version.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use toka_vault::{Kind, Payload};

use super::fields::{Fields, bytes, field, from_raw, payload_of};
use super::told::Told;
use super::{Line, LineError, Reading};
use crate::cloudevents::{Content, DIGEST, HASH, VERSION};

/// Reads the event that the attributes of a line tell.
pub(super) fn line(Fields(fields): Fields<'_>, reading: &Reading, number: u64) -> Result<Line, LineError> {
    let (mut version, mut id, mut source, mut kind) = (None, None, None, None);
    let (mut timestamp, mut parents, mut digest, mut hash) = (None, None, None, None);
    let (mut data, mut unknown) = (Data::default(), None);
    for (name, value) in fields {
        match &*name {
            "specversion" => version = field("specversion", value)?,
            "id" => id = field("id", value)?,
            "source" => source = field("source", value)?,
            "type" => kind = field::<String>("type", value)?,
            "time" => timestamp = field("time", value)?,
            "datacontenttype" => data.media_type = field("datacontenttype", value)?,
            "data" => data.json = Some(value),
            "data_base64" => data.base64 = Some(value).filter(|value| value.get() != "null"),
            DIGEST => digest = field(DIGEST, value)?,
            HASH => hash = field(HASH, value)?,
            name if name == reading.parents => parents = field::<String>(name, value)?,
            _ if value.get() == "null" => {}
            _ => unknown = Some(name.into_owned()),
        }
    }
    let version = required("specversion", version)?;
    if version != VERSION {
        return Err(LineError::OtherVersion(version));
    }
    let id = Some(required("id", id)?);
    let source = required("source", source)?;
    let kind: String = required("type", kind)?;
    let kind = kind.parse::<Kind>().map_err(|error| LineError::malformed("type", error))?;
    let parents = parents.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect();
    let payload = data.payload()?;
    Told { id, source, kind, timestamp, parents, digest, hash, payload, unknown }.into_line(number)
}

/// Takes the value of an attribute that every CloudEvent has.
fn required(name: &'static str, value: Option<String>) -> Result<String, LineError> {
    let value = value.ok_or(LineError::Missing(name))?;
    if value.is_empty() { Err(LineError::Empty(name)) } else { Ok(value) }
}

/// Holds the data of an event, as it stands there.
#[derive(Default)]
struct Data<'a> {
    media_type: Option<String>,
    json: Option<&'a RawValue>,
    base64: Option<&'a RawValue>,
}

impl Data<'_> {
    /// Makes a payload of it. An event without data has the payload `null`.
    fn payload(&self) -> Result<Payload, LineError> {
        let content = self.media_type.as_deref().map(Content::of);
        match (self.json, self.base64) {
            (Some(_), Some(_)) => Err(LineError::TwoPayloads("data", "data_base64")),
            (Some(value), None) => from_data(value, content.unwrap_or(Content::Json)),
            (None, Some(value)) => {
                from_binary(&bytes("data_base64", value)?, content.unwrap_or(Content::Other))
            }
            (None, None) => Payload::encode(&()).map_err(|error| LineError::malformed("data", error)),
        }
    }
}

/// Makes a payload of `data`: JSON is taken as it is, anything else is a text.
fn from_data(value: &RawValue, content: Content) -> Result<Payload, LineError> {
    let payload = match content {
        Content::Json => payload_of(value.get()),
        Content::MsgPack | Content::Other => {
            let text: String = from_raw("data", value)?;
            Payload::encode(&text).map_err(Into::into)
        }
    };
    payload.map_err(|error| LineError::malformed("data", error))
}

/// Makes a payload of `data_base64`: bytes, unless it is known what is in them.
fn from_binary(binary: &[u8], content: Content) -> Result<Payload, LineError> {
    let payload = match content {
        Content::Json => str::from_utf8(binary).map_err(Into::into).and_then(payload_of),
        Content::MsgPack => Payload::from_msgpack(binary).map_err(Into::into),
        Content::Other => Payload::encode(&Binary(binary)).map_err(Into::into),
    };
    payload.map_err(|error| LineError::malformed("data_base64", error))
}

/// Encodes as bytes, and not as a list of numbers.
struct Binary<'a>(&'a [u8]);

impl Serialize for Binary<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}
