//! Asserts what must hold of every vault: order, hashes, and that a refused call left no trace.

use std::collections::HashMap;

use toka_vault_core::hashing::{EventContent, chain_hash, event_hash};
use toka_vault_core::{ChainHash, Event, EventStore, Head, Position};

use crate::events::history;

/// Asserts that an expression is an error of a variant, and shows what it is otherwise.
#[macro_export]
macro_rules! assert_error {
    ($outcome:expr, $variant:pat $(if $guard:expr)?) => {
        match $outcome {
            Err($variant) $(if $guard)? => {}
            other => panic!("expected {}, got {other:?}", stringify!($variant)),
        }
    };
}

/// Asserts that positions go from `first` on without a gap.
pub fn assert_dense(events: &[Event], first: Position) {
    for (offset, event) in events.iter().enumerate() {
        assert_eq!(event.position(), first.plus(offset as u64), "events do not follow each other");
    }
}

/// Computes every digest, hash and the chain of a whole history, without the library's verifier, and
/// returns the head that it must have.
pub fn sealed_head(events: &[Event]) -> Head {
    let mut hashes = HashMap::new();
    let mut head = Head::EMPTY;
    for event in events {
        let header = &event.header;
        assert_eq!(header.position, head.position.next(), "events do not follow each other");
        assert!(event.payload.is_intact(), "the payload of {} is damaged", header.id);
        assert_eq!(header.digest, event.payload.digest(), "digest of {}", header.id);
        let parents = header.parents.iter().map(|parent| (*parent, hashes[parent]));
        let content = EventContent {
            id: header.id,
            kind: &header.kind,
            timestamp: header.timestamp,
            digest: header.digest,
        };
        let hash = event_hash(content, parents.collect::<Vec<_>>().into_iter());
        assert_eq!(header.hash, hash, "hash of {}", header.id);
        assert!(hashes.insert(header.id, hash).is_none(), "{} is stored twice", header.id);
        head = Head { position: header.position, chain: chain_hash(head.chain, hash) };
    }
    head
}

/// Asserts that a vault that evicted nothing is whole, by computing all hashes here, and by the
/// library's verifier. Returns its history.
pub async fn assert_whole(store: &impl EventStore) -> Vec<Event> {
    let events = history(store).await;
    assert_eq!(store.head().await.unwrap(), sealed_head(&events), "head");
    let report = toka_vault_core::verify::verify(store, |_| ()).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.events, events.len() as u64);
    assert!(report.chain_checked);
    events
}

/// Asserts that `head` is that of a vault without events.
pub fn assert_empty(head: Head) {
    assert_eq!(head.position, Position::ZERO);
    assert_eq!(head.chain, ChainHash::EMPTY);
}
