//! The canonical encoding: content decides the bytes, not the type it came from.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
use toka_vault_core::{Error, Payload};

/// Encodes what must be encodable.
fn encoded<T: Serialize + ?Sized>(value: &T) -> Payload {
    Payload::encode(value).unwrap()
}

/// Asserts the exact bytes of a value.
fn assert_bytes<T: Serialize + ?Sized>(value: &T, expected: &[u8]) {
    assert_eq!(encoded(value).bytes().as_ref(), expected);
}

/// Returns why a value cannot be encoded.
fn reason<T: Serialize + ?Sized>(value: &T) -> String {
    match Payload::encode(value) {
        Err(Error::PayloadEncoding { reason }) => reason,
        other => panic!("expected PayloadEncoding, got {other:?}"),
    }
}

/// Serializes as an array or a map that announces any length.
#[derive(Default)]
struct Announcing {
    is_map: bool,
    announced: Option<usize>,
    entries: Vec<(String, u32)>,
}

impl Serialize for Announcing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_map {
            let mut map = serializer.serialize_map(self.announced)?;
            self.entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
            map.end()
        } else {
            let mut seq = serializer.serialize_seq(self.announced)?;
            self.entries.iter().try_for_each(|(_, value)| seq.serialize_element(value))?;
            seq.end()
        }
    }
}

#[derive(Serialize)]
struct Outer {
    zeta: u8,
    alpha: Inner,
    list: Vec<Inner>,
}

#[derive(Serialize, Clone)]
struct Inner {
    y: Option<i32>,
    x: String,
}

#[test]
fn struct_maps_and_json_of_one_content_are_one_payload_at_every_depth() {
    let inner = Inner { y: None, x: "é".into() };
    let outer = Outer { zeta: 200, alpha: inner.clone(), list: vec![inner.clone(), inner] };
    let expected = encoded(&outer);

    let leaf = || json!({"x": "é", "y": null});
    let as_json = json!({"list": [leaf(), leaf()], "zeta": 200, "alpha": leaf()});
    let sorted: BTreeMap<String, Value> = serde_json::from_value(as_json.clone()).unwrap();
    let hashed: HashMap<String, HashOrValue> = serde_json::from_value(as_json.clone()).unwrap();

    assert_eq!(encoded(&as_json), expected);
    assert_eq!(encoded(&sorted), expected);
    assert_eq!(encoded(&hashed), expected);
    assert_eq!(encoded(&as_json).digest(), expected.digest());
}

/// Keeps the inner maps of a `HashMap` as `HashMap`s.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum HashOrValue {
    Hash(HashMap<String, Value>),
    List(Vec<HashMap<String, Value>>),
    Leaf(Value),
}

#[test]
fn insertion_order_does_not_matter() {
    let names: Vec<String> = (0..100).map(|number| format!("key-{number}")).collect();
    let forward: HashMap<&String, usize> = names.iter().zip(0..).collect();
    let backward: HashMap<&String, usize> = (0..100).rev().map(|number| (&names[number], number)).collect();
    let entries = (0..100).rev().map(|number| (format!("key-{number}"), number)).collect();
    let pairs = Announcing { is_map: true, entries, ..Default::default() };
    assert_eq!(encoded(&forward), encoded(&backward));
    assert_eq!(encoded(&forward), encoded(&pairs));
}

#[test]
fn keys_are_sorted_by_their_encoded_bytes() {
    // The encoded form starts with the length, so a short key comes before a long one.
    let map: HashMap<&str, u8> = [("aa", 1), ("b", 2), ("", 3), ("a", 4)].into();
    assert_bytes(&map, b"\x84\xa0\x03\xa1a\x04\xa1b\x02\xa2aa\x01");
    let numbers: HashMap<i32, u8> = [(-1, 1), (300, 2), (7, 3)].into();
    assert_bytes(&numbers, b"\x83\x07\x03\xcd\x01\x2c\x02\xff\x01");
}

#[test]
fn integers_have_the_shortest_form_whatever_their_type() {
    assert_bytes(&127u64, &[0x7f]);
    assert_bytes(&127i64, &[0x7f]);
    assert_bytes(&127u128, &[0x7f]);
    assert_bytes(&128u8, &[0xcc, 0x80]);
    assert_bytes(&128i16, &[0xcc, 0x80]);
    assert_bytes(&256i32, &[0xcd, 1, 0]);
    assert_bytes(&65_536i128, &[0xce, 0, 1, 0, 0]);
    assert_bytes(&(1i64 << 32), &[0xcf, 0, 0, 0, 1, 0, 0, 0, 0]);
    assert_bytes(&u64::MAX, &[0xcf, 255, 255, 255, 255, 255, 255, 255, 255]);
    assert_bytes(&-1i8, &[0xff]);
    assert_bytes(&-32i64, &[0xe0]);
    assert_bytes(&-33i128, &[0xd0, 0xdf]);
    assert_bytes(&-128i64, &[0xd0, 0x80]);
    assert_bytes(&-129i32, &[0xd1, 0xff, 0x7f]);
    assert_bytes(&-32_769i64, &[0xd2, 0xff, 0xff, 0x7f, 0xff]);
    assert_bytes(&i64::MIN, &[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn integers_beyond_64_bits_are_refused() {
    for reason in [
        reason(&(u128::from(u64::MAX) + 1)),
        reason(&(i128::from(u64::MAX) + 1)),
        reason(&(i128::from(i64::MIN) - 1)),
    ] {
        assert!(reason.contains("more than 64 bits"), "{reason}");
    }
}

#[test]
fn floats_have_64_bits_and_stay_floats() {
    assert_eq!(encoded(&0.5f32), encoded(&0.5f64));
    assert_bytes(&1.0f32, &[0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]);
    assert_bytes(&-0.0f64, &[0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0]);
    assert_ne!(encoded(&1.0f64), encoded(&1));
    assert_ne!(encoded(&0.0f64), encoded(&-0.0f64));
}

#[test]
fn all_nans_are_one() {
    let canonical = encoded(&f64::NAN);
    for bits in [0x7ff8_0000_0000_0001, 0xfff8_0000_0000_0000, 0x7ff0_0000_0000_0001u64] {
        assert_eq!(encoded(&f64::from_bits(bits)), canonical);
    }
    assert_eq!(encoded(&f32::from_bits(0xffc0_0001)), canonical);
    assert_bytes(&f64::NAN, &[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn nothing_is_nil() {
    #[derive(Serialize)]
    struct Unit;
    assert_bytes(&(), &[0xc0]);
    assert_bytes(&None::<u8>, &[0xc0]);
    assert_bytes(&Unit, &[0xc0]);
    assert_bytes(&Value::Null, &[0xc0]);
}

#[test]
fn wrappers_are_what_they_wrap() {
    #[derive(Serialize)]
    struct Meters(u32);
    assert_bytes(&Meters(7), &[7]);
    assert_bytes(&Some(7), &[7]);
    assert_bytes(&'é', &[0xa2, 0xc3, 0xa9]);
    assert_eq!(encoded(&'é'), encoded("é"));
    assert_bytes(&true, &[0xc3]);
    assert_bytes(&false, &[0xc2]);
}

#[test]
fn enums_are_the_same_as_their_json_form() {
    #[derive(Serialize)]
    enum Shape {
        Point,
        Circle(u32),
        Line(i8, i8),
        Rectangle { width: u16, height: u16 },
    }
    assert_eq!(encoded(&Shape::Point), encoded("Point"));
    assert_eq!(encoded(&Shape::Circle(5)), encoded(&json!({"Circle": 5})));
    assert_eq!(encoded(&Shape::Line(-1, 1)), encoded(&json!({"Line": [-1, 1]})));
    let rectangle = Shape::Rectangle { width: 3, height: 900 };
    assert_eq!(encoded(&rectangle), encoded(&json!({"Rectangle": {"height": 900, "width": 3}})));
}

#[test]
fn human_readable_forms_are_used() {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    assert_eq!(encoded(&address), encoded("127.0.0.1"));
    assert_eq!(encoded(&address).decode::<IpAddr>().unwrap(), address);
}

#[test]
fn flattened_and_skipped_fields_are_as_if_written_in_place() {
    #[derive(Serialize)]
    struct Flat {
        zone: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        present: Option<u8>,
    }
    let rest: BTreeMap<String, u32> = (0..40).map(|number| (format!("k{number}"), number)).collect();
    let mut expected: HashMap<String, u32> = rest.clone().into_iter().collect();
    expected.extend([("zone".into(), 1), ("present".into(), 2)]);
    let flat = Flat { zone: 1, rest, absent: None, present: Some(2) };
    assert_eq!(encoded(&flat), encoded(&expected));
    assert_eq!(encoded(&vec![&flat, &flat]), encoded(&vec![&expected, &expected]));
}

#[test]
fn an_announced_length_that_is_wrong_or_missing_does_not_matter() {
    for count in [0usize, 1, 15, 16, 17, 65_535, 65_536] {
        for announced in [None, Some(0), Some(1), Some(16), Some(70_000), Some(usize::MAX)] {
            for is_map in [false, true] {
                let entries = (0..count as u32).map(|number| (format!("{number:05}"), number)).collect();
                let value = Announcing { is_map, announced, entries };
                let entries = (0..count as u32).map(|number| (format!("{number:05}"), number));
                let expected = if is_map {
                    encoded(&entries.collect::<BTreeMap<_, _>>())
                } else {
                    encoded(&entries.map(|(_, number)| number).collect::<Vec<_>>())
                };
                assert_eq!(encoded(&value).digest(), expected.digest(), "{count} as {announced:?}");
            }
        }
    }
}

#[test]
fn wrongly_announced_containers_inside_maps_keep_their_neighbours_in_place() {
    let list = || Announcing {
        entries: (0..20).map(|number| (String::new(), number)).collect(),
        ..Default::default()
    };
    let expected: Vec<u32> = (0..20).collect();
    let nested = HashMap::from([("b", vec![list(), list()]), ("a", vec![list()])]);
    let plain = HashMap::from([("b", vec![expected.clone(), expected.clone()]), ("a", vec![expected])]);
    assert_eq!(encoded(&nested), encoded(&plain));
}

#[test]
fn a_key_that_comes_twice_is_refused() {
    let entries = vec![("a".into(), 1), ("b".into(), 2), ("a".into(), 1)];
    let twice = Announcing { is_map: true, announced: Some(3), entries };
    let reason = reason(&twice);
    assert!(reason.contains("\"a\" twice"), "{reason}");
    let bytes = b"\x82\x01\x02\xcc\x01\x03";
    assert!(matches!(Payload::from_msgpack(bytes), Err(Error::PayloadEncoding { .. })));
}

#[test]
fn a_part_that_fails_fails_the_whole() {
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("the sensor is offline"))
        }
    }
    struct KeyFails;
    impl Serialize for KeyFails {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([(Fails, 1)])
        }
    }
    for reason in [reason(&Fails), reason(&vec![Fails]), reason(&("a", Fails)), reason(&KeyFails)] {
        assert!(reason.contains("the sensor is offline"), "{reason}");
    }
}

#[test]
fn an_ignored_error_does_not_give_malformed_bytes() {
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("no"))
        }
    }
    struct Careless(u8);
    impl Serialize for Careless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0 == 0 {
                let mut seq = serializer.serialize_seq(Some(1))?;
                let _ = seq.serialize_element(&Fails);
                return seq.end();
            }
            let mut map = serializer.serialize_map(Some(1))?;
            let _ = match self.0 {
                1 => map.serialize_entry("key", &Fails),
                2 => map.serialize_key(&Fails),
                3 => map.serialize_value("value"),
                4 => map.serialize_key("key"),
                _ => map.serialize_key("key").and_then(|()| map.serialize_key("another")),
            };
            map.end()
        }
    }
    for way in 0..=5 {
        let reason = reason(&Careless(way));
        assert!(reason.contains("a part of it is missing"), "{way}: {reason}");
    }
}

#[test]
fn bytes_are_not_an_array() {
    struct Bytes(&'static [u8]);
    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }
    assert_bytes(&Bytes(b"\x01\x02"), &[0xc4, 2, 1, 2]);
    assert_bytes(&[1u8, 2], &[0x92, 1, 2]);
}
