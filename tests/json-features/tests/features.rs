//! What only exists with the features of `serde_json` on: numbers of any length, raw values, and
//! maps that keep the order of their insertion.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use toka_vault_core::{Error, Payload};

fn encoded<T: Serialize + ?Sized>(value: &T) -> Payload {
    Payload::encode(value).unwrap()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_features_are_on() {
    assert_eq!(parsed("1.50").to_string(), "1.50", "arbitrary_precision");
    assert_eq!(parsed(r#"{"b":1,"a":2}"#).to_string(), r#"{"b":1,"a":2}"#, "preserve_order");
}

#[test]
fn the_order_of_insertion_does_not_matter() {
    assert_eq!(
        encoded(&parsed(r#"{"b":1,"a":{"d":2,"c":3}}"#)),
        encoded(&parsed(r#"{"a":{"c":3,"d":2},"b":1}"#))
    );
}

#[test]
fn the_digits_of_a_number_do_not_matter() {
    for (one, other) in [("1.50", "1.5"), ("1e2", "100.0"), ("-0", "-0.0"), ("1E+2", "100.0")] {
        assert_eq!(encoded(&parsed(one)), encoded(&parsed(other)), "{one}");
    }
    assert_ne!(encoded(&parsed("1.0")), encoded(&parsed("1")));
}

#[test]
fn a_number_that_no_float_holds_is_refused() {
    for text in ["1e400", "-1e400"] {
        let result = Payload::encode(&parsed(text));
        assert!(matches!(result, Err(Error::PayloadEncoding { .. })), "{text}: {result:?}");
    }
}

#[test]
fn numbers_read_back_equal_those_of_rust_types() {
    #[derive(Serialize)]
    struct Numbers {
        float: f64,
        large: u64,
        small: i64,
    }
    let numbers = Numbers { float: 4.754013023100693e-125, large: u64::MAX, small: i64::MIN };
    assert_eq!(encoded(&serde_json::to_value(&numbers).unwrap()), encoded(&numbers));
    let payload = encoded(&numbers);
    assert_eq!(encoded(&payload.to_json().unwrap()), payload);
}

#[test]
fn a_raw_value_is_the_value_it_says() {
    #[derive(Serialize)]
    struct Holder {
        raw: Box<RawValue>,
    }
    let text = r#" { "b" : [1, 2.50, null], "a" : {"d": "é", "c": -0.0} } "#;
    let raw = RawValue::from_string(text.into()).unwrap();
    assert_eq!(encoded(&raw), encoded(&parsed(text)));
    assert_eq!(encoded(&Holder { raw }), encoded(&json!({ "raw": parsed(text) })));
}

#[test]
fn raw_values_count_into_the_depth() {
    let nested = |depth: usize| {
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        RawValue::from_string(text)
    };
    encoded(&[[nested(120).unwrap()]]);
    let result = Payload::encode(&[[nested(127).unwrap()]]);
    assert!(matches!(result, Err(Error::PayloadEncoding { .. })), "{result:?}");
}

#[test]
fn an_object_that_looks_like_a_disguise_is_an_object() {
    let object = std::collections::HashMap::from([("$serde_json::private::Number", "12")]);
    let payload = encoded(&object);
    assert_ne!(payload, encoded(&12));
    assert_eq!(format!("{payload:?}"), r#"{"$serde_json::private::Number":"12"}"#);
    // serde_json reads it as a number, so it has no JSON form here; it must not become another value.
    assert!(matches!(payload.to_json(), Err(Error::PayloadNotJson { .. })));
}
