//! Feeds [`Payload`] JSON, MessagePack, and bytes that only a forged record can have.
//!
//! Nothing panics, whatever the bytes are read as. What is canonical stays so; JSON comes back as it was given; and
//! what a type has decoded and encoded again, it decodes to the same once more.

#![no_main]

use std::any::type_name;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toka_vault::{Digest, EventId, Kind, Payload, Timestamp};

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq, Hash)]
enum External {
    Unit,
    One(i32),
    Two(i8, String),
    Fields { x: Option<u64>, y: Vec<External> },
    Deep(Box<External>),
    Nothing(()),
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Text(String),
    List(Vec<Untagged>),
    Map(BTreeMap<String, Untagged>),
    Nothing(()),
    Float(f64),
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    Bytes(Vec<u8>),
    Fields { q: i64 },
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(tag = "t")]
enum Internal {
    Unit,
    Fields { q: i64, r: Option<String> },
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
struct Flattened {
    a: u8,
    #[serde(default)]
    b: Option<f32>,
    #[serde(flatten)]
    rest: HashMap<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
struct List {
    next: Option<Box<List>>,
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((mode, data)) = data.split_first() else { return };
    if mode & 1 == 0 {
        if let Ok(value) = serde_json::from_slice::<Value>(data) {
            json(&value);
        }
        return;
    }
    match Payload::from_msgpack(data) {
        Ok(payload) => {
            assert!(payload.is_intact());
            let again = Payload::from_msgpack(payload.bytes()).unwrap();
            assert_eq!((again.bytes(), again.digest()), (payload.bytes(), payload.digest()));
            show(&payload);
            back_from_json(&payload);
            as_types(&payload);
        }
        Err(error) => assert!(!format!("{error} {error:?}").is_empty()),
    }
    // What a forged record can have: not canonical, with a digest that fits.
    let bytes = Bytes::copy_from_slice(data);
    let payload = Payload::from_stored(bytes.clone(), Digest::of(&bytes));
    show(&payload);
    as_types(&payload);
});

/// Encodes a JSON value, which comes back.
fn json(value: &Value) {
    let Ok(payload) = Payload::encode(value) else { return };
    assert_eq!(payload.to_json().unwrap(), *value);
    show(&payload);
    back_from_json(&payload);
    as_types(&payload);
}

/// Shows a payload in each form that it can be printed in.
fn show(payload: &Payload) {
    assert!(!format!("{payload} {payload:?} {payload:#?} {payload:#}").is_empty());
    if let Err(error) = payload.to_json() {
        assert!(!format!("{error} {error:?}").is_empty());
    }
}

/// Sees that what JSON makes of a payload stays what it is, also as text.
fn back_from_json(payload: &Payload) {
    let Ok(json) = payload.to_json() else { return };
    let again = Payload::encode(&json).unwrap();
    assert_eq!(again.to_json().unwrap(), json);
    // Text can be nested less deeply than a payload.
    let Ok(parsed) = serde_json::from_str::<Value>(&json.to_string()) else { return };
    assert_eq!(parsed, json);
    assert_eq!(Payload::encode(&parsed).unwrap().digest(), again.digest());
}

/// Reads a payload as all kinds of types.
fn as_types(payload: &Payload) {
    as_own_types(payload);
    as_type::<String>(payload);
    as_type::<Vec<u8>>(payload);
    as_type::<u128>(payload);
    as_type::<i128>(payload);
    as_type::<i8>(payload);
    as_type::<f32>(payload);
    as_type::<char>(payload);
    as_type::<()>(payload);
    as_type::<(u8, String, bool)>(payload);
    as_type::<[u16; 3]>(payload);
    as_type::<Option<Option<u8>>>(payload);
    as_type::<BTreeMap<i64, String>>(payload);
    as_type::<BTreeSet<NonZeroU32>>(payload);
    as_type::<IpAddr>(payload);
    as_type::<Duration>(payload);
    as_type::<SystemTime>(payload);
    as_type::<EventId>(payload);
    as_type::<Timestamp>(payload);
    as_type::<Kind>(payload);
}

fn as_own_types(payload: &Payload) {
    as_type::<External>(payload);
    as_type::<Internal>(payload);
    as_type::<List>(payload);
    // What these decode depends on more than the type, such as which variant comes first.
    encoded_again::<Untagged>(payload);
    encoded_again::<Adjacent>(payload);
    encoded_again::<Flattened>(payload);
    encoded_again::<BTreeMap<Vec<u8>, Untagged>>(payload);
    encoded_again::<HashMap<External, ()>>(payload);
    encoded_again::<Value>(payload);
}

/// Sees that a type decodes its own encoding.
fn as_type<T: DeserializeOwned + Serialize>(payload: &Payload) {
    if let Some(again) = encoded_again::<T>(payload) {
        let decoded = again.decode::<T>();
        assert!(decoded.is_ok(), "{} does not decode {:?}", type_name::<T>(), again.bytes());
    }
}

/// Decodes a payload and encodes that again, and sees that this stays the same.
fn encoded_again<T: DeserializeOwned + Serialize>(payload: &Payload) -> Option<Payload> {
    let value = match payload.decode::<T>() {
        Ok(value) => value,
        Err(error) => {
            assert!(!format!("{error} {error:?}").is_empty());
            return None;
        }
    };
    let again = Payload::encode(&value).ok()?;
    if let Ok(value) = again.decode::<T>() {
        let third = Payload::encode(&value).unwrap();
        assert_eq!(third.bytes(), again.bytes(), "{} is not the same again", type_name::<T>());
    }
    Some(again)
}
