//! The test vectors of `docs/format.md`, computed here without the library's encoder and hashing:
//! the input bytes are laid out by hand and hashed with the `blake3` crate.

use toka_vault_core::hashing::{EventContent, chain_hash, event_hash, foreign_id};
use toka_vault_core::limits::KIND_BYTES_MAX;
use toka_vault_core::{ChainHash, Digest, EventHash, EventId, Kind, Payload, Timestamp};

/// The document that the constants below must stand in.
const FORMAT: &str = include_str!("../../../../docs/format.md");

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
const NO_PARENT: &str = "17f106cc96c4cffca79b69c52ee8b457b03279566e7d6dc1a1a6d9e96a156984";
const ONE_PARENT: &str = "4d7458f011249b5dbf4308b312ec861dda66ddad6064b0fbc6dc4a3c1a9d35a7";
const TWO_PARENTS: &str = "9bc09e14bb1e8c4b8b836eed89b8ab8536d76e8b7bb5a085a4edf75f93d3aecf";
const TWO_PARENTS_SWAPPED: &str = "72b27d60f9d04252d3651cb67368e782ec9099d05a484fb4f76e450efbd2d727";
const LONGEST_KIND: &str = "f0452f454cb999ecdcf048d0b95a789ee7a28139082b58e92bc28425be11d725";
const BEFORE_1970: &str = "ca80e70aa46fac2d9c9d1859debcd2f3bad124d4274344f9e869e0e9ee63cd0e";
const CHAIN: [&str; 3] = [
    "374c126798fd5995011c6cae4efafa02f0429be0d6870869ae9ba7a54bb83c55",
    "42640def6d55e95dabf3783e9ec81fb141d3006d5941c0b032c5a87a113e7166",
    "bcf9f20e79ed15dc4c35970af9b62ad51ed05207d08aecd2d742bf28bd306049",
];

/// Sources and ids of other systems, with the ids that they get here.
const FOREIGN: [(&str, &str, &str); 3] = [
    ("https://example.com/orders", "order-123", "002QYXZXD7ZFDG2RA2N2MXXZA8"),
    ("", "17", "005MA18JP4V69027MRNBHV9303"),
    ("é", "a b", "00GNW3D2BSHADJC5D020AKHA3N"),
];

/// Hashes pieces laid end to end.
fn blake3_of(pieces: &[&[u8]]) -> [u8; 32] {
    *blake3::hash(&pieces.concat()).as_bytes()
}

/// Hashes with a key, which tells the purpose.
fn keyed(key: &[u8; 32], input: &[u8]) -> [u8; 32] {
    *blake3::keyed_hash(key, input).as_bytes()
}

/// Lays out and hashes an event by the formula of the document.
fn event_by_hand(id: [u8; 16], kind: &str, micros: i64, parents: &[([u8; 16], [u8; 32])]) -> [u8; 32] {
    let mut input = id.to_vec();
    input.push(kind.len() as u8);
    input.extend(kind.as_bytes());
    input.extend(micros.to_be_bytes());
    input.extend(blake3_of(&[PAYLOAD]));
    input.extend((parents.len() as u16).to_be_bytes());
    for (id, hash) in parents {
        input.extend(id);
        input.extend(hash);
    }
    keyed(b"toka-vault event hash, version 1", &input)
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
        by_hand = keyed(b"toka-vault chain hash, version 1", &[by_hand, event].concat());
        by_library = chain_hash(by_library, EventHash::from_bytes(event));
        assert_vector(by_hand, *by_library.as_bytes(), constant);
    }
}

#[test]
fn ids_of_other_systems() {
    for (source, id, constant) in FOREIGN {
        let mut input = (source.len() as u64).to_be_bytes().to_vec();
        input.extend(source.as_bytes());
        input.extend(id.as_bytes());
        let mut by_hand = [0; 16];
        by_hand[1..].copy_from_slice(&keyed(b"toka-vault foreign id, version 1", &input)[..15]);
        assert_eq!(EventId::from_bytes(by_hand).to_string(), constant);
        assert_eq!(foreign_id(source, id).to_string(), constant);
        assert!(constant.starts_with("00"));
        assert!(FORMAT.contains(constant), "{constant} is not in docs/format.md");
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
