//! What is decoded as the type that it was encoded from is the same value, in each way that serde has for it.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toka_vault_core::Payload;

/// Asserts that a value comes back, alone and inside of others.
fn assert_comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug + Clone>(value: T) {
    let around = BTreeMap::from([(1u8, (vec![value.clone(), value.clone()], Some(value.clone())))]);
    let payload = Payload::encode(&value).unwrap();
    assert_eq!(payload.decode::<T>().unwrap(), value, "{payload}");
    let payload = Payload::encode(&around).unwrap();
    assert_eq!(payload.decode::<BTreeMap<u8, (Vec<T>, Option<T>)>>().unwrap(), around, "{payload}");
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fields {
    a: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Plain {
    Unit,
    Nothing(()),
    Maybe(Option<u8>),
    Pair(u8, String),
    NoElements(),
    Named { a: u8, b: Option<i64> },
    NoFields {},
    Inner(Box<Plain>),
    Many(Vec<Plain>),
    Large(i128),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t")]
enum Internal {
    Unit,
    New(Fields),
    Named { f: f32, c: char, m: BTreeMap<u8, String> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    New(f32),
    Pair(u8, char),
    Named { a: u8, m: BTreeMap<bool, u8> },
    Maybe(Option<u8>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Bool(bool),
    Natural(u64),
    Integer(i64),
    Float(f64),
    Text(String),
    Many(Vec<Untagged>),
    Named(Fields),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    z: u8,
    #[serde(flatten)]
    fields: Fields,
    #[serde(flatten)]
    inner: Plain,
}

fn plain() -> Vec<Plain> {
    let named = Plain::Named { a: 1, b: Some(-1) };
    vec![
        Plain::Unit,
        Plain::Nothing(()),
        Plain::Maybe(None),
        Plain::Maybe(Some(1)),
        Plain::Pair(1, "one".into()),
        Plain::NoElements(),
        named.clone(),
        Plain::NoFields {},
        Plain::Inner(Box::new(Plain::Unit)),
        Plain::Inner(Box::new(named.clone())),
        Plain::Many(vec![Plain::Unit, named, Plain::Many(Vec::new())]),
        Plain::Large(u64::MAX.into()),
        Plain::Large(i64::MIN.into()),
    ]
}

fn fields() -> Fields {
    Fields { a: 1, b: Some("b".into()) }
}

#[test]
fn enums_come_back_in_each_representation() {
    plain().into_iter().for_each(assert_comes_back);
    let named = Internal::Named { f: 0.1, c: 'é', m: BTreeMap::from([(7, "seven".into())]) };
    [Internal::Unit, Internal::New(fields()), named].into_iter().for_each(assert_comes_back);
    let named = Adjacent::Named { a: 1, m: BTreeMap::from([(true, 1)]) };
    [Adjacent::Unit, Adjacent::New(0.1), Adjacent::Pair(1, 'x'), named, Adjacent::Maybe(None)]
        .into_iter()
        .for_each(assert_comes_back);
    let leaves = [
        Untagged::Bool(true),
        Untagged::Natural(u64::MAX),
        Untagged::Integer(-1),
        Untagged::Float(1.0),
        Untagged::Text("text".into()),
        Untagged::Named(fields()),
    ];
    assert_comes_back(Untagged::Many(leaves.to_vec()));
    leaves.into_iter().for_each(assert_comes_back);
}

#[test]
fn what_is_flattened_comes_back() {
    // The large number lies outside: serde keeps what it flattens in 64 bits.
    for inner in plain().into_iter().filter(|inner| !matches!(inner, Plain::Large(_) | Plain::Unit)) {
        assert_comes_back(Flat { z: 1, fields: fields(), inner });
    }
}

#[test]
fn what_is_no_enum_comes_back() {
    assert_comes_back(0.1f32);
    assert_comes_back(f64::NEG_INFINITY);
    assert_comes_back('\0');
    assert_comes_back(-5i128);
    assert_comes_back(u128::from(u64::MAX));
    assert_comes_back(fields());
    assert_comes_back(std::time::Duration::from_millis(1_500));
    assert_comes_back(std::net::IpAddr::from([127, 0, 0, 1]));
    assert_comes_back(Ok::<u8, String>(1));
    assert_comes_back(std::ops::Bound::Included(3u8));
    assert_comes_back(BTreeMap::from([((1u8, 'c'), vec![None, Some(1u8)])]));
    assert_comes_back(BTreeMap::from([("key".to_owned(), [(); 3])]));
    assert_comes_back(["x".repeat(255), "x".repeat(256), "x".repeat(65_535), "x".repeat(65_536)]);
}

#[test]
fn what_no_enum_is_encoded_to_is_none() {
    let two = BTreeMap::from([("Maybe", Some(1u8)), ("Other", None)]);
    assert!(Payload::encode(&two).unwrap().decode::<Plain>().is_err());
    assert!(Payload::encode(&BTreeMap::<u8, u8>::new()).unwrap().decode::<Plain>().is_err());
    assert!(Payload::encode(&["Unit"]).unwrap().decode::<Plain>().is_err());
    assert!(Payload::encode(&("Maybe", 1)).unwrap().decode::<Plain>().is_err());
    assert!(Payload::encode("Other").unwrap().decode::<Plain>().is_err());
}
