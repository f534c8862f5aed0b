//! The encoder that a thread keeps from one payload to the next: nothing of one is in another.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use toka_vault_core::limits::{PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX};
use toka_vault_core::{Error, Payload};

/// Encodes on a thread that has encoded nothing before.
fn encoded_afresh(value: Value) -> Payload {
    std::thread::spawn(move || Payload::encode(&value).unwrap()).join().unwrap()
}

/// Returns values whose maps and arrays need all that an encoder holds.
fn values() -> Vec<Value> {
    let wide: BTreeMap<String, Value> = (0..100).map(|n| (format!("key-{n}"), json!({"n": n}))).collect();
    vec![
        json!(7),
        json!({"b": {"d": 1, "c": [1, 2, {"z": 0, "y": 1}]}, "a": "x"}),
        json!({"text": "x".repeat(400)}),
        json!({"text": "x".repeat(600), "a": 1}),
        json!(wide),
        json!([]),
    ]
}

/// Encodes other payloads while it is encoded itself, and keeps them.
struct Encoding<'a> {
    inner: &'a [Value],
    made: RefCell<Vec<Payload>>,
}

impl Encoding<'_> {
    fn encode_inner(&self) {
        self.made.borrow_mut().extend(self.inner.iter().map(|value| Payload::encode(value).unwrap()));
    }
}

impl Serialize for Encoding<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.encode_inner();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_key("outer")?;
        self.encode_inner();
        map.serialize_value(&json!({"b": 1, "a": 2}))?;
        map.serialize_entry("inner", &self.inner)?;
        self.encode_inner();
        map.end()
    }
}

#[test]
fn a_value_that_encodes_others_on_the_way_gives_the_bytes_of_each() {
    let inner = values();
    let expected_inner: Vec<Payload> = inner.iter().cloned().map(encoded_afresh).collect();
    let expected = encoded_afresh(json!({"outer": {"b": 1, "a": 2}, "inner": inner}));
    for _ in 0..3 {
        let outer = Encoding { inner: &inner, made: RefCell::default() };
        assert_eq!(Payload::encode(&outer).unwrap(), expected);
        let made = outer.made.into_inner();
        assert_eq!(made.len(), 3 * inner.len());
        assert!(made.chunks(inner.len()).all(|made| *made == expected_inner), "{made:?}");
        // What follows finds whichever encoder was kept last.
        assert_eq!(Payload::encode(&inner).unwrap(), encoded_afresh(json!(inner)));
    }
}

/// Fails in the middle of open maps and arrays, in one of the ways there are.
#[derive(Clone, Copy, Debug)]
enum Failing {
    Error,
    KeyTwice,
    Depth,
    Size,
    Panic,
}

impl Serialize for Failing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut outer = serializer.serialize_map(None)?;
        outer.serialize_entry("a", &json!({"d": [1, 2], "c": 3}))?;
        outer.serialize_entry("b", &Within(*self))?;
        outer.end()
    }
}

/// Is where it fails.
struct Within(Failing);

impl Serialize for Within {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        seq.serialize_element(&json!({"e": 1}))?;
        match self.0 {
            Failing::Error => return Err(S::Error::custom("told to")),
            Failing::KeyTwice => seq.serialize_element(&Twice)?,
            Failing::Depth => seq.serialize_element(&deep(PAYLOAD_DEPTH_MAX))?,
            Failing::Size => seq.serialize_element(&"x".repeat(PAYLOAD_BYTES_MAX + 1))?,
            Failing::Panic => panic!("told to"),
        }
        seq.end()
    }
}

/// Has a key twice.
struct Twice;

impl Serialize for Twice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("k", 1), ("k", 2)])
    }
}

/// Nests arrays.
fn deep(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

#[test]
fn a_payload_that_fails_leaves_nothing_to_the_next() {
    let expected: Vec<Payload> = values().into_iter().map(encoded_afresh).collect();
    let deepest = deep(PAYLOAD_DEPTH_MAX);
    let all = [Failing::Error, Failing::KeyTwice, Failing::Depth, Failing::Size, Failing::Panic];
    for failing in all {
        for (value, expected) in values().iter().zip(&expected) {
            // Each is encoded with what the one before has left.
            let outcome = std::panic::catch_unwind(|| Payload::encode(&failing));
            match (failing, outcome) {
                (Failing::Panic, Err(_)) => {}
                (Failing::Size, Ok(Err(Error::PayloadTooLarge { .. }))) => {}
                (Failing::Error | Failing::KeyTwice | Failing::Depth, Ok(Err(error))) => {
                    assert!(matches!(error, Error::PayloadEncoding { .. }), "{error:?}");
                }
                (_, other) => panic!("{failing:?}: {other:?}"),
            }
            assert_eq!(Payload::encode(value).unwrap(), *expected, "after {failing:?}");
            assert!(Payload::encode(&deepest).is_ok(), "after {failing:?}");
        }
        assert!(Payload::encode(&deep(PAYLOAD_DEPTH_MAX + 1)).is_err());
    }
}
