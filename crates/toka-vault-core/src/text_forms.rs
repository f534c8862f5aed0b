//! serde for ids, times, hashes and kinds, as their text, and for positions, as numbers: so that payloads,
//! configurations and answers of a service can name an event.
//!
//! Keeps the invariant that what reads as one of them is one: the same text is refused here as by `FromStr`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ChainHash, Digest, EventHash, EventId, Kind, Position, Timestamp};

/// Gives types that have a text form that form in serde too.
macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            /// Writes the text form.
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            /// Reads the text form.
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_text!(ChainHash, Digest, EventHash, EventId, Kind, Timestamp);

impl Serialize for Position {
    /// Writes the number.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.get())
    }
}

impl<'de> Deserialize<'de> for Position {
    /// Reads the number.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Payload;

    /// Names an event in every way.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Named {
        id: EventId,
        kind: Kind,
        position: Position,
        time: Timestamp,
        digest: Digest,
        hash: EventHash,
        chain: ChainHash,
    }

    fn named() -> Named {
        Named {
            id: EventId::from_parts(1_700_000_000_000, 1),
            kind: "agent.said".parse().unwrap(),
            position: Position::new(u64::MAX),
            time: "2023-11-14T22:13:20.123456Z".parse().unwrap(),
            digest: Digest::from_bytes([1; 32]),
            hash: EventHash::from_bytes([2; 32]),
            chain: ChainHash::from_bytes([3; 32]),
        }
    }

    #[test]
    fn what_names_an_event_is_text_in_json_and_comes_back() {
        let told = serde_json::to_value(named()).unwrap();
        let expected = json!({
            "id": "01HF7YAT000000000000000001",
            "kind": "agent.said",
            "position": u64::MAX,
            "time": "2023-11-14T22:13:20.123456Z",
            "digest": "01".repeat(32),
            "hash": "02".repeat(32),
            "chain": "03".repeat(32),
        });
        assert_eq!(told, expected);
        assert_eq!(serde_json::from_value::<Named>(told).unwrap(), named());
    }

    #[test]
    fn a_payload_can_name_an_event() {
        let payload = Payload::encode(&named()).unwrap();
        assert_eq!(payload.decode::<Named>().unwrap(), named());
    }

    #[test]
    fn what_is_malformed_is_refused_with_its_reason() {
        let refused = |error: serde_json::Error| error.to_string();
        assert!(refused(serde_json::from_value::<EventId>(json!("01")).unwrap_err()).contains("ULID"));
        assert!(serde_json::from_value::<Kind>(json!("a..b")).is_err());
        assert!(serde_json::from_value::<Timestamp>(json!("yesterday")).is_err());
        assert!(serde_json::from_value::<Digest>(json!("0g".repeat(32))).is_err());
        assert!(serde_json::from_value::<Position>(json!(-1)).is_err());
    }
}
