//! Payloads and JSON: what is told alike, what JSON cannot tell, what `Debug` shows.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use toka_vault_core::{Digest, Error, EventPayload, Payload};

/// Encodes what must be encodable.
fn encoded<T: Serialize + ?Sized>(value: &T) -> Payload {
    Payload::encode(value).unwrap()
}

/// Returns why a payload has no JSON form.
fn reason<T: Serialize + ?Sized>(value: &T) -> String {
    match encoded(value).to_json() {
        Err(Error::PayloadNotJson { reason }) => reason,
        other => panic!("expected PayloadNotJson, got {other:?}"),
    }
}

/// Serializes as MessagePack bytes.
struct Bytes(&'static [u8]);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Says in Rust's own types, with maps of random order, what a JSON value says.
#[derive(Serialize)]
#[serde(untagged)]
enum Plain {
    Nothing,
    Bool(bool),
    Natural(u64),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Plain>),
    Fields(HashMap<String, Plain>),
}

impl From<&Value> for Plain {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(natural), _) => Self::Natural(natural),
                (_, Some(integer)) => Self::Integer(integer),
                _ => Self::Float(number.as_f64().unwrap()),
            },
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(fields) => {
                Self::Fields(fields.iter().map(|(name, value)| (name.clone(), value.into())).collect())
            }
        }
    }
}

/// Any JSON value, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    json_with(any::<f64>())
}

/// Any JSON value whose floats are among `floats`.
fn json_with(floats: impl Strategy<Value = f64> + 'static) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-300i32..300).prop_map(Value::from),
        floats.prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
            proptest::collection::vec((".{0,6}", inner), 0..20)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_and_rust_maps_of_one_content_are_one_payload(value in any_json()) {
        prop_assert_eq!(encoded(&Plain::from(&value)).digest(), encoded(&value).digest());
    }

    #[test]
    fn json_comes_back_as_it_went_in(value in any_json()) {
        let payload = encoded(&value);
        prop_assert_eq!(&payload.to_json().unwrap(), &value);
        prop_assert_eq!(&payload.decode::<Value>().unwrap(), &value);
    }

    #[test]
    fn canonical_bytes_are_canonical_already(value in any_json()) {
        let payload = encoded(&value);
        prop_assert_eq!(&Payload::from_msgpack(payload.bytes()).unwrap(), &payload);
        let foreign = rmp_serde::to_vec_named(&Plain::from(&value)).unwrap();
        prop_assert_eq!(&Payload::from_msgpack(&foreign).unwrap(), &payload);
    }

    #[test]
    fn debug_shows_json_as_json(
        // serde_json reads back exactly only floats of few digits, unless its `float_roundtrip` is on.
        value in json_with((-1_000i32..1_000).prop_map(|quarters| f64::from(quarters) / 4.0)),
    ) {
        let shown = format!("{:?}", encoded(&value));
        prop_assert_eq!(encoded(&serde_json::from_str::<Value>(&shown).unwrap()), encoded(&value));
    }

    #[test]
    fn damaged_payloads_neither_decode_by_accident_nor_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..256),
    ) {
        let payload = Payload::from_stored(bytes.clone().into(), Digest::from_bytes([0; 32]));
        prop_assert!(!payload.is_intact());
        let shown = format!("{payload:?}");
        prop_assert_eq!(shown.starts_with("<damaged"), Payload::from_msgpack(&bytes).is_err());
        let _ = payload.decode::<BTreeMap<String, Vec<u32>>>();
        if let Ok(json) = payload.to_json() {
            let again = encoded(&json);
            prop_assert_eq!(again.bytes(), payload.bytes());
        }
    }
}

#[test]
fn keys_that_are_not_text_have_no_json_form() {
    reason(&HashMap::from([(7, "seven")]));
    reason(&HashMap::from([((1, 2), true)]));
    reason(&HashMap::from([(true, 1)]));
    reason(&HashMap::from([((), 1)]));
    reason(&vec![HashMap::from([(-1, 1)])]);
}

#[test]
fn bytes_have_no_json_form() {
    reason(&Bytes(b"\x00\xff"));
    reason(&Bytes(b"text"));
    reason(&HashMap::from([("inside", vec![Bytes(b"")])]));
}

#[test]
fn numbers_that_json_cannot_write_have_no_json_form() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(reason(&number).contains("number that JSON cannot write"));
        reason(&HashMap::from([("inside", vec![number])]));
    }
}

#[test]
fn integers_and_floats_of_json_stay_what_they_are() {
    for text in
        ["1", "1.0", "-0.0", "0.0", "0", "-1", "18446744073709551615", "1e300", "0.1", "-9223372036854775808"]
    {
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(encoded(&encoded(&value).to_json().unwrap()), encoded(&value), "{text}");
    }
    assert_ne!(encoded(&json!(1)), encoded(&json!(1.0)));
    assert_ne!(encoded(&json!(0.0)), encoded(&json!(-0.0)));
}

#[test]
fn a_payload_of_another_type_is_told_with_the_type_asked_for() {
    let error = encoded(&json!({"pid": "text"})).decode::<HashMap<String, u32>>().unwrap_err();
    assert!(matches!(error, Error::PayloadDecoding { .. }), "{error}");
    assert!(error.to_string().contains("HashMap"), "{error}");
}

#[test]
fn debug_shows_the_value() {
    let payload = encoded(&json!({"pid": 1234, "name": "é", "nested": [null, true]}));
    assert_eq!(format!("{payload:?}"), r#"{"pid":1234,"name":"é","nested":[null,true]}"#);
    assert_eq!(format!("{:?}", encoded(&Bytes(b"\x01\x02"))), "[1,2]");
    assert_eq!(format!("{:?}", encoded(&f64::NAN)), "null");
    assert_eq!(format!("{:?}", encoded(&HashMap::from([(7, "seven")]))), r#"{"7":"seven"}"#);
}

#[test]
fn a_payload_shows_itself_on_one_line() {
    for value in [json!({"said": "a\nb\u{1b}"}), json!(null), json!([1.5, true])] {
        let payload = encoded(&value);
        assert_eq!(payload.to_string(), value.to_string());
        assert_eq!(payload.to_string(), format!("{payload:?}"));
        assert_eq!(payload.to_string().lines().count(), 1);
    }
}

#[test]
fn debug_shows_size_and_digest_of_what_json_cannot_show() {
    let payload = encoded(&HashMap::from([((1, 2), true)]));
    assert_eq!(format!("{payload:?}"), format!("<5 bytes, digest {}>", payload.digest()));
}

#[test]
fn debug_shows_damaged_bytes_as_damaged() {
    let digest = Digest::of(b"");
    for bytes in [&b""[..], b"\xc1", b"\x92\x01", b"\x01\x02", b"\xd9\xff", &[0x91; 1_000]] {
        let payload = Payload::from_stored(bytes.to_vec().into(), digest);
        let expected = format!("<damaged: {} bytes, digest {digest}>", bytes.len());
        assert_eq!(format!("{payload:?}"), expected);
    }
}

#[test]
fn payloads_are_payloads_themselves() {
    /// Makes a payload the way that a commit does.
    fn committed(payload: impl EventPayload) -> Payload {
        payload.to_payload().unwrap()
    }
    let payload = encoded(&json!({"a": 1}));
    assert_eq!(committed(&payload), payload);
    assert_eq!(committed(payload.clone()), payload);
    let value = json!({"a": 1});
    assert_eq!(committed(&value), payload);
    assert_eq!(committed(value), payload);
}
