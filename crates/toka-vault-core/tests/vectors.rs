//! The test vectors of `docs/format.md`, computed here without the library's encoder and hashing:
//! the input bytes are laid out by hand and hashed with the `blake3` crate.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test"
)]

use toka_vault_core::hashing::{EventContent, chain_hash, event_hash};
use toka_vault_core::limits::KIND_BYTES_MAX;
use toka_vault_core::{ChainHash, Digest, EventHash, EventId, Kind, Payload, Timestamp};

/// The document that the constants below must stand in.
const FORMAT: &str = include_str!("../../../docs/format.md");

/// The first event: its id, kind, microseconds and payload, in the form that is hashed.
const ID_1: [u8; 16] = [0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01];
const ID_2: [u8; 16] = [0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02];
const ID_3: [u8; 16] = [0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x03];
const MICROS: i64 = 1_700_000_000_123_456;

/// `{"pid": 1234}`: a map of one entry, a text of three bytes, an unsigned integer of two bytes.
const PAYLOAD: &[u8] = b"\x81\xa3pid\xcd\x04\xd2";

const PAYLOAD_DIGEST: &str = "01011e336ac73486d54931493859b596a9197e0ae1bcdce870ebb94362f517b7";
const EMPTY_MAP_DIGEST: &str = "bbe6a9f5a0146a1f4d0381e9b0ed1ac2f1a979ce9d5ad84e46ff0b58f36b5f46";
const NIL_DIGEST: &str = "af2edc674154ff129d9e826727ada0828d3ba480924bbed84bf6dcae2e1f1db2";
const NO_PARENT: &str = "92cd8124089f86f22e77f16d6b1840354c0ebbca8689ae9b1da657635e377ad2";
const ONE_PARENT: &str = "f7af3c90a7bc417c6c3054f375208e9374d9650802e7bfec164f1ecc19652348";
const TWO_PARENTS: &str = "a9d526d98367830b1e5af921cd13a13c20e5aab10bbc966afe28985771627f2e";
const TWO_PARENTS_SWAPPED: &str = "44a99dd65150fb28fb3b253b860c1a6cc6dc172d968654ae67d9b98da4d4a0b3";
const LONGEST_KIND: &str = "3642645a79d9891b90b5dfe8e9f0955cf58487ae3a108a95f9af1a018cbed9a6";
const BEFORE_1970: &str = "83af780d7ccb5ca1fa79ef85d47d31b76c0624195748838f9c9a7c7d4afa0f58";
const CHAIN: [&str; 3] = [
    "ce26b0f29f1511ca9030f399ef07e50b30d7ef972173a15368c57fb7cb20c870",
    "50951b9b2c8069826934b9a2b626e0e7c0877c7dfa2b9737c0754a56e44a4074",
    "b8b44fdb52c54af1ea2addbdf70591193485ac8b220a73fdceaa8ba052becb4d",
];

/// Hashes pieces laid end to end.
fn blake3_of(pieces: &[&[u8]]) -> [u8; 32] {
    *blake3::hash(&pieces.concat()).as_bytes()
}

/// Lays out and hashes an event by the formula of the document.
fn event_by_hand(id: [u8; 16], kind: &str, micros: i64, parents: &[([u8; 16], [u8; 32])]) -> [u8; 32] {
    let mut input = b"toka-vault:event:1".to_vec();
    input.extend(id);
    input.push(kind.len() as u8);
    input.extend(kind.as_bytes());
    input.extend(micros.to_be_bytes());
    input.extend(blake3_of(&[PAYLOAD]));
    input.extend((parents.len() as u16).to_be_bytes());
    for (id, hash) in parents {
        input.extend(id);
        input.extend(hash);
    }
    blake3_of(&[&input])
}

/// Hashes the same event with the library.
fn event_by_library(id: [u8; 16], kind: &str, micros: i64, parents: &[([u8; 16], [u8; 32])]) -> EventHash {
    let content = EventContent {
        id: EventId::from_bytes(id),
        kind: &Kind::new(kind).unwrap(),
        timestamp: Timestamp::from_micros(micros).unwrap(),
        digest: Payload::encode(&serde_json::json!({"pid": 1234})).unwrap().digest(),
    };
    let parents: Vec<_> =
        parents.iter().map(|(id, hash)| (EventId::from_bytes(*id), EventHash::from_bytes(*hash))).collect();
    event_hash(content, parents.into_iter())
}

/// Asserts that hand, library, constant and document agree.
fn assert_vector(by_hand: [u8; 32], by_library: [u8; 32], constant: &str) {
    let hex: String = by_hand.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, constant);
    assert_eq!(by_library, by_hand);
    assert!(FORMAT.contains(constant), "{constant} is not in docs/format.md");
}

/// Asserts a vector of the event hash.
fn assert_event(id: [u8; 16], kind: &str, micros: i64, parents: &[([u8; 16], [u8; 32])], constant: &str) {
    let by_library = event_by_library(id, kind, micros, parents);
    assert_eq!(by_library.to_string(), constant);
    assert_vector(event_by_hand(id, kind, micros, parents), *by_library.as_bytes(), constant);
}

/// The first event of the vectors and its hash.
fn first() -> ([u8; 16], [u8; 32]) {
    (ID_1, event_by_hand(ID_1, "system.start", MICROS, &[]))
}

/// The second event of the vectors and its hash.
fn second() -> ([u8; 16], [u8; 32]) {
    (ID_2, event_by_hand(ID_2, "agent.tool.invoked", MICROS + 1, &[first()]))
}

#[test]
fn payload_digests() {
    let cases: [(&[u8], serde_json::Value, &str); 3] = [
        (PAYLOAD, serde_json::json!({"pid": 1234}), PAYLOAD_DIGEST),
        (b"\x80", serde_json::json!({}), EMPTY_MAP_DIGEST),
        (b"\xc0", serde_json::json!(null), NIL_DIGEST),
    ];
    for (bytes, value, constant) in cases {
        let payload = Payload::encode(&value).unwrap();
        assert_eq!(payload.bytes().as_ref(), bytes);
        assert_eq!(payload.digest(), Digest::of(bytes));
        assert_vector(blake3_of(&[bytes]), *payload.digest().as_bytes(), constant);
    }
}

#[test]
fn event_without_parents() {
    assert_event(ID_1, "system.start", MICROS, &[], NO_PARENT);
}

#[test]
fn event_with_one_parent() {
    assert_event(ID_2, "agent.tool.invoked", MICROS + 1, &[first()], ONE_PARENT);
}

#[test]
fn event_with_two_parents_whose_order_counts() {
    assert_event(ID_3, "agent.tool.joined", MICROS + 2, &[first(), second()], TWO_PARENTS);
    assert_event(ID_3, "agent.tool.joined", MICROS + 2, &[second(), first()], TWO_PARENTS_SWAPPED);
    assert_ne!(TWO_PARENTS, TWO_PARENTS_SWAPPED);
}

#[test]
fn event_of_the_longest_kind() {
    assert_event(ID_1, &"k".repeat(KIND_BYTES_MAX), MICROS, &[], LONGEST_KIND);
}

#[test]
fn event_before_1970() {
    assert_event(ID_1, "system.start", -1, &[], BEFORE_1970);
}

#[test]
fn chain_of_three() {
    let third = event_by_hand(ID_3, "agent.tool.joined", MICROS + 2, &[first(), second()]);
    let mut by_hand = [0; 32];
    let mut by_library = ChainHash::EMPTY;
    for (event, constant) in [first().1, second().1, third].into_iter().zip(CHAIN) {
        by_hand = blake3_of(&[b"toka-vault:chain:1", &by_hand, &event]);
        by_library = chain_hash(by_library, EventHash::from_bytes(event));
        assert_vector(by_hand, *by_library.as_bytes(), constant);
    }
}

#[test]
fn text_forms_of_the_vectors() {
    let id = EventId::from_bytes(ID_1).to_string();
    let time = Timestamp::from_micros(MICROS).unwrap().to_string();
    assert_eq!(time, "2023-11-14T22:13:20.123456Z");
    assert_eq!(id, "01HF7YAT000000000000000001");
    assert!(FORMAT.contains(&id) && FORMAT.contains(&time));
}
