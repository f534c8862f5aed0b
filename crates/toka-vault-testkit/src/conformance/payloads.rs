//! Payloads of all sizes and shapes.

use serde_json::json;
use toka_vault_core::limits::{BATCH_BYTES_MAX, PAYLOAD_BYTES_MAX};
use toka_vault_core::{Digest, Event, EventStore, EventStoreExt, NewEvent, Payload, StartFrom};

use super::roomy;
use crate::assertions::assert_whole;
use crate::events::{fill, history, payload_of, sized, take};
use crate::{Backend, Store};

/// Sizes around every bound at which a format or a store may change its ways. Sizes that no text
/// has are left out.
const SIZES: [usize; 25] = [
    1, 2, 32, 34, 127, 128, 255, 256, 257, 4_095, 4_096, 4_097, 16_383, 16_384, 16_385, 65_535, 65_536,
    65_537, 131_071, 131_072, 131_073, 524_287, 524_288, 524_289, 1_048_577,
];

/// Payloads of all sizes come back byte for byte.
pub async fn all_sizes_come_back(backend: Backend) {
    let store = backend.open().await;
    for size in SIZES {
        let new = sized(size);
        let header = store.commit(new.clone()).await.unwrap();
        let found = store.get(header.id).await.unwrap().unwrap();
        assert_eq!(found.payload, new.payload, "payload of {size} bytes");
        assert!(found.payload.is_intact());
    }
    let sizes: Vec<_> = assert_whole(&store).await.iter().map(|event| event.payload.bytes().len()).collect();
    assert_eq!(sizes, SIZES);
}

/// Payloads of all sizes go into one batch.
pub async fn all_sizes_go_into_one_batch(backend: Backend) {
    let store = backend.open().await;
    let batch: Vec<_> = SIZES.iter().map(|size| sized(*size)).collect();
    store.commit_batch(batch.clone()).await.unwrap();
    for (event, new) in assert_whole(&store).await.iter().zip(batch) {
        assert_eq!(event.payload, new.payload);
    }
}

/// A payload of just the limit, and of a byte less, is taken.
pub async fn the_largest_payload_is_taken(backend: Backend) {
    let store = backend.open().await;
    for size in [PAYLOAD_BYTES_MAX - 1, PAYLOAD_BYTES_MAX] {
        let header = store.commit(sized(size)).await.unwrap();
        assert_eq!(store.get(header.id).await.unwrap().unwrap().payload, payload_of(size));
    }
    assert_whole(&store).await;
}

/// A batch of payloads of the largest size, of as many bytes as one commit may have, is taken among
/// small ones, and reaches subscribers.
pub async fn a_batch_of_the_largest_payloads_is_taken(backend: Backend) {
    let store = backend.open().await;
    let mut subscription = store.subscribe_from(StartFrom::Head);
    store.commit(sized(10)).await.unwrap();
    let payloads: Vec<_> = (0..4).map(|less| payload_of(PAYLOAD_BYTES_MAX - less)).collect();
    let mut batch: Vec<_> = payloads.iter().map(|payload| NewEvent::new("large", payload).unwrap()).collect();
    // With this one they have as many bytes as there may be, and not one more.
    batch.push(sized(BATCH_BYTES_MAX - payloads.iter().map(|payload| payload.bytes().len()).sum::<usize>()));
    store.commit_batch(batch).await.expect("a batch of just the limit is taken");
    store.commit(sized(11)).await.unwrap();
    let events = take(&mut subscription, 7).await;
    for (event, payload) in events[1..5].iter().zip(&payloads) {
        assert!(event.payload == *payload, "a large payload came back changed");
    }
    assert_whole(&store).await;
}

/// Values of every shape come back as they were.
pub async fn all_shapes_come_back(backend: Backend) {
    let store = backend.open().await;
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!(""),
        json!("smile 😀 and a \u{0} byte"),
        json!([]),
        json!({}),
        json!({ "b": [1, { "z": null, "a": [] }], "a": { "": "empty key" } }),
    ];
    for value in &values {
        let header = store.commit_json("shape", value, &[]).await.unwrap();
        let event = store.get(header.id).await.unwrap().unwrap();
        assert_eq!(event.payload.to_json().unwrap(), *value);
    }
    assert_eq!(assert_whole(&store).await.len(), values.len());
}

/// The digest in the header is that of the canonical bytes, whatever they were encoded from.
pub async fn the_digest_is_that_of_the_bytes(backend: Backend) {
    let store = backend.open().await;
    let payload = Payload::encode(&json!({ "b": 2, "a": 1 })).unwrap();
    let first = store.commit_json("digest", &payload, &[]).await.unwrap();
    let second = store.commit_json("digest", json!({ "a": 1, "b": 2 }), &[]).await.unwrap();
    assert_eq!(first.digest, Digest::of(payload.bytes()));
    assert_eq!(first.digest, second.digest);
}

/// Thousands of events with one payload come back.
pub async fn one_payload_can_be_stored_often(backend: Backend) {
    let Some(store) = roomy(&backend, 2_000).await else { return };
    let payload = payload_of(1_000);
    for _ in 0..4 {
        let batch = (0..500).map(|_| NewEvent::new("often", &payload).unwrap()).collect();
        store.commit_batch(batch).await.unwrap();
    }
    assert!(assert_whole(&store).await.iter().all(|event| event.payload == payload));
}

/// A payload is found by its digest, small or large, old or new, whichever event carries it; a digest
/// that no event has finds none.
pub async fn a_payload_is_found_by_its_digest(backend: Backend) {
    let store = backend.open().await;
    let nobody = Digest::of(b"nobody's");
    assert_eq!(store.payload(nobody).await.unwrap(), None, "an empty vault has no payload");
    for size in [1, 600, 600, 70_000, 300_000, 5] {
        store.commit(sized(size)).await.unwrap();
    }
    assert_found_by_digest(&store, &history(&store).await).await;
    assert_eq!(store.payload(nobody).await.unwrap(), None, "no event carries that digest");
    fill(&store, 3_000).await;
    let events = history(&store).await;
    let some: Vec<_> = events.iter().take(9).chain(events.iter().rev().take(3)).cloned().collect();
    assert_found_by_digest(&store, &some).await;
}

/// A durable vault that is opened again finds what it held by its digest. Any other passes without a
/// look.
pub async fn a_payload_is_found_by_its_digest_after_reopening(backend: Backend) {
    if !backend.is_durable() {
        return;
    }
    let store = backend.open().await;
    for size in [7, 600, 70_000, 600] {
        store.commit(sized(size)).await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);
    let store = backend.open().await;
    store.commit(sized(600)).await.unwrap();
    let events = assert_whole(&store).await;
    assert_eq!(events.len(), 5);
    assert_found_by_digest(&store, &events).await;
}

/// Asserts that the payload of each event is found by the digest in its header.
async fn assert_found_by_digest(store: &Store, events: &[Event]) {
    for event in events {
        let (digest, position) = (event.header.digest, event.position());
        let found = store.payload(digest).await.unwrap();
        let found = found.unwrap_or_else(|| panic!("the payload of the event at {position} is not found"));
        assert!(found == event.payload, "the payload of the event at {position} is another one");
    }
}

/// What a vault says to keep once is no more than events repeat of earlier ones: nothing where all
/// payloads differ.
pub async fn no_more_is_shared_than_is_repeated(backend: Backend) {
    let store = backend.open().await;
    assert_eq!(store.shared_bytes().await.unwrap(), 0, "an empty vault shares nothing");
    for size in [600, 2_000, 70_000] {
        store.commit(sized(size)).await.unwrap();
    }
    assert_eq!(store.shared_bytes().await.unwrap(), 0, "payloads that differ share nothing");
    for _ in 0..3 {
        store.commit(sized(2_000)).await.unwrap();
    }
    let shared = store.shared_bytes().await.unwrap();
    assert!(shared <= 3 * 2_000, "{shared} bytes are said to be shared where 6000 are repeated");
}
