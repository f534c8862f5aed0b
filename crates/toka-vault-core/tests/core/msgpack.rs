//! `Payload::from_msgpack`: any MessagePack becomes canonical, and no input does harm.

use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;
use toka_vault_core::{Error, Payload};

#[derive(Serialize)]
struct Reading {
    unit: &'static str,
    at: f32,
    level: i64,
}

/// Returns why bytes are refused.
fn reason(bytes: &[u8]) -> String {
    match Payload::from_msgpack(bytes) {
        Err(Error::PayloadEncoding { reason }) => reason,
        other => panic!("expected PayloadEncoding, got {other:?}"),
    }
}

#[test]
fn what_rmp_serde_writes_becomes_canonical() {
    let reading = Reading { unit: "K", at: 1.5, level: 3 };
    let bytes = rmp_serde::to_vec_named(&reading).unwrap();
    let payload = Payload::from_msgpack(&bytes).unwrap();
    assert_ne!(payload.bytes().as_ref(), bytes);
    assert_eq!(payload, Payload::encode(&reading).unwrap());
}

#[test]
fn long_forms_become_the_shortest() {
    let cases: [(&[u8], serde_json::Value); 7] = [
        (&[0xd3, 0, 0, 0, 0, 0, 0, 0, 5], json!(5)),
        (&[0xcf, 0, 0, 0, 0, 0, 0, 1, 0], json!(256)),
        (&[0xd2, 0xff, 0xff, 0xff, 0xff], json!(-1)),
        (&[0xca, 0x3f, 0x80, 0, 0], json!(1.0)),
        (&[0xdb, 0, 0, 0, 1, b'a'], json!("a")),
        (&[0xdd, 0, 0, 0, 1, 0xc3], json!([true])),
        (&[0xdf, 0, 0, 0, 2, 0xd9, 1, b'b', 0xcc, 1, 0xa1, b'a', 0xc0], json!({"a": null, "b": 1})),
    ];
    for (bytes, same) in cases {
        assert_eq!(Payload::from_msgpack(bytes).unwrap(), Payload::encode(&same).unwrap());
    }
}

#[test]
fn an_extension_becomes_the_array_of_its_type_and_bytes() {
    let payload = Payload::from_msgpack(&[0xd5, 0x05, 1, 2]).unwrap();
    assert_eq!(payload.bytes().as_ref(), [0x92, 5, 0xc4, 2, 1, 2]);
}

#[test]
fn a_text_that_is_not_utf8_becomes_bytes() {
    let payload = Payload::from_msgpack(&[0xa2, 0xff, 0xfe]).unwrap();
    assert_eq!(payload.bytes().as_ref(), [0xc4, 2, 0xff, 0xfe]);
}

#[test]
fn two_keys_that_become_one_are_refused() {
    let reason = reason(&[0x82, 0x01, 0xc0, 0xcc, 0x01, 0xc0]);
    assert!(reason.contains("twice"), "{reason}");
}

#[test]
fn bytes_after_the_value_are_refused() {
    assert!(reason(&[1, 2, 3]).contains("2 bytes follow"));
}

#[test]
fn every_truncation_is_refused() {
    let whole =
        rmp_serde::to_vec_named(&json!({"a": [1, 300, -7.5], "b": {"c": "text", "d": null}})).unwrap();
    Payload::from_msgpack(&whole).unwrap();
    for end in 0..whole.len() {
        reason(&whole[..end]);
    }
}

#[test]
fn the_unassigned_byte_is_refused() {
    reason(&[0xc1]);
    reason(&[0x91, 0xc1]);
}

#[test]
fn nested_bombs_are_refused_without_overflowing_the_stack() {
    reason(&vec![0x91; 1 << 20]);
    reason(&[0x81, 0xa1, b'k'].repeat(1 << 18));
    // Maps as keys.
    reason(&vec![0x81; 1 << 20]);
    reason(&[0xdc, 0, 1].repeat(1 << 18));
}

#[test]
fn announced_lengths_are_not_believed() {
    // Allocating for any of these would take gigabytes.
    for marker in [0xc6, 0xc9, 0xdb, 0xdd, 0xdf] {
        reason(&[marker, 0xff, 0xff, 0xff, 0xff]);
        reason(&[marker, 0xff, 0xff, 0xff, 0xff, 1, 1]);
        reason(&[marker, 0x00, 0xff, 0xff, 0xff, 1, 1]);
    }
}

proptest! {
    #[test]
    fn random_bytes_give_a_payload_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        match Payload::from_msgpack(&bytes) {
            Ok(payload) => prop_assert_eq!(Payload::from_msgpack(payload.bytes()).unwrap(), payload),
            Err(error) => prop_assert!(matches!(error, Error::PayloadEncoding { .. }), "{}", error),
        }
    }

    #[test]
    fn a_damaged_byte_gives_a_payload_or_an_error(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = rmp_serde::to_vec_named(&json!({"a": [1, 300, -7.5], "b": {"c": "text"}})).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(payload) = Payload::from_msgpack(&bytes) {
            prop_assert_eq!(Payload::from_msgpack(payload.bytes()).unwrap(), payload);
        }
    }
}
