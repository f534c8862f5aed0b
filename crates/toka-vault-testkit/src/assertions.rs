//! Asserts what must hold of every vault: order, hashes, and that a refused call left no trace.

use std::collections::HashMap;
use std::fmt::Debug;

use toka_vault_core::hashing::{EventContent, chain_hash, event_hash};
use toka_vault_core::{ChainHash, Event, EventStore, Head, Position};

use crate::events::history;

/// Asserts that an expression is an error of a variant, and shows what it is otherwise.
#[macro_export]
macro_rules! assert_error {
    ($outcome:expr, $variant:pat $(if $guard:expr)?) => {
        match $outcome {
            Err($variant) $(if $guard)? => {}
            other => panic!("expected {}{}, got {other:?}", stringify!($variant), concat!($(" where ", stringify!($guard))?)),
        }
    };
}

/// Asserts that what was read is what was expected, and tells where it first differs: two long lists one
/// below the other tell nobody.
#[track_caller]
pub fn assert_same<T: PartialEq + Debug>(read: impl AsRef<[T]>, expected: impl AsRef<[T]>) {
    let (read, expected) = (read.as_ref(), expected.as_ref());
    let differs = (0..read.len().max(expected.len())).find(|at| read.get(*at) != expected.get(*at));
    let Some(at) = differs else { return };
    let item = |of: &[T]| of.get(at).map_or("none".to_owned(), |item| format!("{item:?}"));
    let start = at.saturating_sub(3);
    let near = |of: &[T]| format!("{:?}", of.iter().skip(start).take(7).collect::<Vec<_>>());
    panic!(
        "at place {at} {} was given where {} was expected, of {} given and {} expected:\n  given from {start}: {}\n  expected from {start}: {}",
        item(read),
        item(expected),
        read.len(),
        expected.len(),
        near(read),
        near(expected)
    );
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
        assert_eq!(
            header.digest,
            event.payload.digest(),
            "the digest of {} is not that of its payload",
            header.id
        );
        let parents = header.parents.iter().map(|parent| (*parent, hashes[parent]));
        let content = EventContent {
            id: header.id,
            kind: &header.kind,
            timestamp: header.timestamp,
            digest: header.digest,
        };
        let hash = event_hash(content, parents.collect::<Vec<_>>().into_iter());
        assert_eq!(
            header.hash, hash,
            "the hash of {} is not that of its content and its parents' hashes",
            header.id
        );
        assert!(hashes.insert(header.id, hash).is_none(), "{} is stored twice", header.id);
        head = Head { position: header.position, chain: chain_hash(head.chain, hash) };
    }
    head
}

/// Asserts that a vault that evicted nothing is whole, by computing all hashes here, and by the
/// library's verifier. Returns its history.
pub async fn assert_whole(store: &impl EventStore) -> Vec<Event> {
    let events = history(store).await;
    let head = store.head().await.unwrap();
    assert_eq!(
        head,
        sealed_head(&events),
        "the head is not that of the history: its position, or the chain over all event hashes"
    );
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
