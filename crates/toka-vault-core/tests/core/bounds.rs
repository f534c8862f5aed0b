//! The bounds of a payload: its size and its depth, on both sides of the limit.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use toka_vault_core::limits::{PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX};
use toka_vault_core::{Digest, Error, Payload};

/// Encodes what must be encodable.
fn encoded<T: Serialize + ?Sized>(value: &T) -> Payload {
    Payload::encode(value).unwrap()
}

/// Returns why a value cannot be encoded.
fn reason<T: Serialize + ?Sized>(value: &T) -> String {
    match Payload::encode(value) {
        Err(Error::PayloadEncoding { reason }) => reason,
        other => panic!("expected PayloadEncoding, got {other:?}"),
    }
}

/// Nests arrays or maps without being nested itself.
#[derive(Clone, Copy)]
struct Nested {
    depth: usize,
    maps: bool,
}

impl Serialize for Nested {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.depth, self.maps) {
            (0, _) => serializer.serialize_unit(),
            (_, false) => [Self { depth: self.depth - 1, ..*self }].serialize(serializer),
            (_, true) => serializer.collect_map([("k", Self { depth: self.depth - 1, ..*self })]),
        }
    }
}

#[test]
fn nesting_is_bounded_by_the_limit() {
    for maps in [false, true] {
        let deepest = encoded(&Nested { depth: PAYLOAD_DEPTH_MAX, maps });
        assert_eq!(Payload::from_msgpack(deepest.bytes()).unwrap(), deepest);
        deepest.decode::<serde::de::IgnoredAny>().unwrap();
        assert_eq!(encoded(&deepest.to_json().unwrap()), deepest);

        let reason = reason(&Nested { depth: PAYLOAD_DEPTH_MAX + 1, maps });
        assert!(reason.contains("deeper than 128"), "{reason}");
    }
}

/// Has itself as content, by an enum.
#[derive(Serialize, Deserialize)]
enum Link {
    End,
    Next(Box<Link>),
}

#[test]
fn enum_variants_count_as_the_levels_they_are() {
    let chain = |depth| (0..depth).fold(Link::End, |inner, _| Link::Next(Box::new(inner)));
    let deepest = encoded(&chain(PAYLOAD_DEPTH_MAX));
    assert_eq!(Payload::from_msgpack(deepest.bytes()).unwrap(), deepest);
    deepest.decode::<Link>().unwrap();
    assert!(reason(&chain(PAYLOAD_DEPTH_MAX + 1)).contains("deeper than 128"));
}

#[test]
fn bytes_that_nobody_could_encode_do_not_overflow_the_stack_of_whoever_decodes_them() {
    // The variant by its name, and by its number.
    for (level, end) in [(&b"\x81\xa4Next"[..], &b"\xa3End"[..]), (b"\x81\x01", b"\x00")] {
        for depth in [PAYLOAD_DEPTH_MAX + 1, 1_000_000] {
            let bytes = [&level.repeat(depth), end].concat();
            let digest = Digest::of(&bytes);
            let stored = Payload::from_stored(bytes.into(), digest);
            match stored.decode::<Link>() {
                Err(Error::PayloadDecoding { reason, .. }) => {
                    assert!(reason.contains("deeper than 128"), "{reason}")
                }
                other => panic!("{depth} levels: {:?}", other.map(|_| ())),
            }
        }
    }
}

#[test]
fn levels_next_to_each_other_do_not_add_up() {
    #[derive(Serialize)]
    enum Shape {
        One(u8),
        Two(u8, u8),
        Three { a: u8 },
    }
    let many: Vec<Shape> =
        (0..300).flat_map(|_| [Shape::One(1), Shape::Two(1, 2), Shape::Three { a: 1 }]).collect();
    encoded(&many);
}

#[test]
fn a_hundred_thousand_levels_are_refused_without_overflowing_the_stack() {
    for maps in [false, true] {
        assert!(reason(&Nested { depth: 100_000, maps }).contains("deeper than 128"));
    }
    let mut value = Value::Null;
    for _ in 0..100_000 {
        value = Value::Array(vec![value]);
    }
    assert!(reason(&value).contains("deeper than 128"));
    // Dropping it whole would recurse.
    while let Value::Array(mut inner) = value {
        value = inner.pop().unwrap();
    }
}

/// A text whose encoding has `size` bytes.
fn text_of_encoded_size(size: usize) -> String {
    "x".repeat(size - 5)
}

#[test]
fn payloads_up_to_the_limit_are_taken() {
    for size in [PAYLOAD_BYTES_MAX - 1, PAYLOAD_BYTES_MAX] {
        let payload = encoded(&text_of_encoded_size(size));
        assert_eq!(payload.bytes().len(), size);
        assert_eq!(Payload::from_msgpack(payload.bytes()).unwrap(), payload);
    }
}

#[test]
fn a_payload_one_byte_above_the_limit_is_refused() {
    let text = text_of_encoded_size(PAYLOAD_BYTES_MAX + 1);
    let mut bytes = vec![0xdb];
    bytes.extend((text.len() as u32).to_be_bytes());
    bytes.extend(text.as_bytes());
    let results = [
        Payload::encode(&text),
        Payload::encode(&serde_json::from_str::<Value>(&format!("\"{text}\"")).unwrap()),
        Payload::encode(&vec![true; PAYLOAD_BYTES_MAX]),
        Payload::from_msgpack(&bytes),
    ];
    for result in results {
        assert!(matches!(result, Err(Error::PayloadTooLarge { max: PAYLOAD_BYTES_MAX })));
    }
}

#[test]
fn an_endless_value_ends() {
    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(std::iter::repeat(true))
        }
    }
    assert!(matches!(Payload::encode(&Endless), Err(Error::PayloadTooLarge { .. })));
}
