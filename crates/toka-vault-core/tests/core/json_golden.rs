//! Digests that no feature of `serde_json` may change.
//!
//! This file is compiled twice: here with the features that this crate turns on, and by
//! `tests/json-features` with `arbitrary_precision`, `preserve_order` and `raw_value`. Both compare
//! with the same constants.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

use serde::Serialize;
use serde_json::{Value, json};
use toka_vault_core::Payload;

/// JSON texts with the canonical bytes of what they say, in hexadecimal.
const GOLDEN: [(&str, &str); 22] = [
    ("4.754013023100693e-125", "cb26201728a073e779"),
    ("null", "c0"),
    ("true", "c3"),
    ("0", "00"),
    ("-0", "cb8000000000000000"),
    ("-0.0", "cb8000000000000000"),
    ("1", "01"),
    ("1.0", "cb3ff0000000000000"),
    ("1e0", "cb3ff0000000000000"),
    ("10E-1", "cb3ff0000000000000"),
    ("-1", "ff"),
    ("-33", "d0df"),
    ("0.5", "cb3fe0000000000000"),
    ("1e300", "cb7e37e43c8800759c"),
    ("18446744073709551615", "cfffffffffffffffff"),
    ("18446744073709551616", "cb43f0000000000000"),
    ("-9223372036854775808", "d38000000000000000"),
    ("-9223372036854775809", "cbc3e0000000000000"),
    ("\"1\"", "a131"),
    ("[1,2.5,\"x\"]", "9301cb4004000000000000a178"),
    ("{\"b\":1,\"a\":{\"d\":-2,\"c\":1.5}}", "82a16182a163cb3ff8000000000000a164fea16201"),
    ("{\"aa\":[{\"z\":0,\"y\":0}],\"b\":{}}", "82a16280a261619182a17900a17a00"),
];

/// The digest of the value that [`big`] builds, computed where no feature was on.
const BIG: &str = "697155e474caa32963395f8f7b4650306c976c0fd9e12ec5b2aeb945cc8d5212";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Builds a value in code, by all ways that `serde_json` has.
fn big() -> Value {
    #[derive(Serialize)]
    struct Fields {
        zeta: f64,
        alpha: i64,
        middle: Vec<u64>,
    }
    let fields = Fields { zeta: 1e16, alpha: i64::MIN, middle: vec![0, 1, u64::MAX] };
    let mut value = json!({"z": 1, "y": {"b": 2.0, "a": -3}, "x": [1.0, 2, "3"]});
    value["fields"] = serde_json::to_value(fields).unwrap();
    value["tiny"] = json!(5e-324);
    value["third"] = json!(1.0 / 3.0);
    value["a"] = Value::Null;
    value
}

#[test]
fn json_texts_have_their_golden_bytes() {
    for (text, expected) in GOLDEN {
        let value: Value = serde_json::from_str(text).unwrap();
        let payload = Payload::encode(&value).unwrap();
        assert_eq!(hex(payload.bytes()), expected, "{text}");
    }
}

#[test]
fn golden_values_come_back_from_payloads() {
    for (text, _) in GOLDEN {
        let payload = Payload::encode(&serde_json::from_str::<Value>(text).unwrap()).unwrap();
        let back = payload.to_json().unwrap();
        assert_eq!(Payload::encode(&back).unwrap(), payload, "{text}");
    }
}

#[test]
fn a_value_built_in_code_has_its_golden_digest() {
    assert_eq!(Payload::encode(&big()).unwrap().digest().to_string(), BIG);
}

#[test]
fn a_value_built_in_code_comes_back_equal() {
    assert_eq!(Payload::encode(&big()).unwrap().to_json().unwrap(), big());
}
