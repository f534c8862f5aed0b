//! Hashes: what seals an event and a history.

use toka_vault_core::hashing::{EventContent, chain_hash, event_hash};
use toka_vault_core::{ChainHash, EventHash, EventHeader, EventStore, EventStoreExt, Timestamp};

use crate::Backend;
use crate::assertions::assert_whole;
use crate::events::{event, fill, id};

/// Computes the hash of an event from its header and its parents' headers.
fn computed(header: &EventHeader, parents: &[&EventHeader]) -> EventHash {
    let content = EventContent {
        id: header.id,
        kind: &header.kind,
        timestamp: header.timestamp,
        digest: header.digest,
    };
    event_hash(content, parents.iter().map(|parent| (parent.id, parent.hash)))
}

/// The hash in a header is computed from the content and the parents.
pub async fn the_event_hash_covers_content_and_parents(backend: Backend) {
    let store = backend.open().await;
    let one = store.commit(event(1)).await.unwrap();
    let two = store.commit(event(2).with_id(id(2)).with_timestamp(Timestamp::EPOCH)).await.unwrap();
    let three = store.commit(event(3).with_parents(&[two.id, one.id])).await.unwrap();
    assert_eq!(one.hash, computed(&one, &[]));
    assert_eq!(two.hash, computed(&two, &[]));
    assert_eq!(three.hash, computed(&three, &[&two, &one]));
    assert_ne!(three.hash, computed(&three, &[&one, &two]));
}

/// The hash of an event does not tell where it stands: with id and timestamp brought, it is the same
/// wherever it is computed.
pub async fn the_event_hash_is_the_same_everywhere(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 7).await;
    let new = event(1).with_id(id(1)).with_timestamp(Timestamp::EPOCH);
    let header = store.commit(new.clone()).await.unwrap();
    let content = EventContent {
        id: id(1),
        kind: &new.kind,
        timestamp: Timestamp::EPOCH,
        digest: new.payload.digest(),
    };
    assert_eq!(header.hash, event_hash(content, [].into_iter()));
}

/// The chain hash of the head is the fold of all event hashes, after every commit.
pub async fn the_chain_folds_all_event_hashes(backend: Backend) {
    let store = backend.open().await;
    let mut chain = ChainHash::EMPTY;
    for size in [1, 2, 1, 30, 1] {
        for header in store.commit_batch(vec![event(size); size as usize]).await.unwrap() {
            chain = chain_hash(chain, header.hash);
        }
        assert_eq!(store.head().await.unwrap().chain, chain);
    }
}

/// A refused or repeated commit does not move the chain.
pub async fn the_chain_moves_with_stored_events_only(backend: Backend) {
    let store = backend.open().await;
    store.commit(event(1).with_id(id(1))).await.unwrap();
    let head = store.head().await.unwrap();
    store.commit(event(1).with_id(id(1))).await.unwrap();
    store.commit(event(2).with_id(id(1))).await.unwrap_err();
    store.commit(event(2).with_parents(&[id(9)])).await.unwrap_err();
    assert_eq!(store.head().await.unwrap(), head);
}

/// The library's verifier finds nothing wrong with a history of thousands.
pub async fn a_long_history_verifies(backend: Backend) {
    let Some(store) = super::roomy(&backend, 6_000).await else { return };
    for _ in 0..3 {
        let parents: Vec<_> = fill(&store, 1_999).await.iter().step_by(100).map(|header| header.id).collect();
        store.commit(event(1).with_parents(&parents)).await.unwrap();
    }
    assert_eq!(assert_whole(&store).await.len(), 6_000);
}
