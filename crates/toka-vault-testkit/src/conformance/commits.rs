//! What a commit returns and stores.

use serde_json::json;
use toka_vault_core::{EventStore, EventStoreExt, Head, Position, ReplayOptions, StartFrom};

use crate::Backend;
use crate::assertions::{assert_dense, assert_empty};
use crate::events::{event, fill, headers, history, id, read};

/// An empty vault has no head, no history and no event.
pub async fn an_empty_vault_has_nothing(backend: Backend) {
    let store = backend.open().await;
    assert_empty(store.head().await.unwrap());
    assert_eq!(store.head().await.unwrap(), Head::EMPTY);
    assert!(history(&store).await.is_empty());
    assert!(store.get(id(1)).await.unwrap().is_none());
}

/// A committed event is found as it was committed, by its id and in the history.
pub async fn an_event_is_stored_as_committed(backend: Backend) {
    let store = backend.open().await;
    let new = event(7);
    let header = store.commit(new.clone()).await.unwrap();
    assert_eq!(header.kind, new.kind);
    assert_eq!(header.digest, new.payload.digest());
    assert!(header.parents.is_empty());

    let found = store.get(header.id).await.unwrap().expect("it was committed");
    assert_eq!(found.header, header);
    assert_eq!(found.payload.bytes(), new.payload.bytes());
    assert_eq!(history(&store).await, [found]);
}

/// Every header that a commit returned is the one that is read back, wherever it is read.
pub async fn headers_are_those_that_are_read(backend: Backend) {
    let store = backend.open().await;
    let committed = fill(&store, 60).await;
    assert_eq!(headers(&history(&store).await), committed);
    let last = store.replay(ReplayOptions::new().with_start(StartFrom::After(Position::new(59))));
    assert_eq!(headers(&read(last).await), committed[59..]);
    for header in committed {
        assert_eq!(store.get(header.id).await.unwrap().unwrap().header, header);
    }
}

/// Positions start at 1 and follow each other without a gap, over single commits and batches.
pub async fn positions_are_dense_from_one(backend: Backend) {
    let store = backend.open().await;
    let mut events = 0;
    for size in [1, 3, 1, 20, 2] {
        let headers = store.commit_batch((0..size).map(event).collect()).await.unwrap();
        events += size;
        assert_eq!(headers.last().unwrap().position, Position::new(events));
        assert_eq!(store.head().await.unwrap().position, Position::new(events));
    }
    assert_dense(&history(&store).await, Position::FIRST);
}

/// An empty batch does nothing.
pub async fn an_empty_batch_does_nothing(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 2).await;
    let before = store.head().await.unwrap();
    assert!(store.commit_batch(Vec::new()).await.unwrap().is_empty());
    assert_eq!(store.head().await.unwrap(), before);
}

/// A payload can be committed by value and by reference, with parents, in one call.
pub async fn commit_json_takes_values_and_references(backend: Backend) {
    let store = backend.open().await;
    let payload = json!({ "pid": 1234 });
    let first = store.commit_json("system.start", &payload, &[]).await.unwrap();
    let second = store.commit_json("system.ready", payload, &[first.id]).await.unwrap();
    let third = store.commit_json("system.note", "text", &[first.id, second.id]).await.unwrap();
    assert_eq!(second.digest, first.digest);
    assert_eq!(*third.parents, [first.id, second.id]);
    assert_eq!(history(&store).await[2].payload.decode::<String>().unwrap(), "text");
}

/// The same content can be committed again and again, as events of their own.
pub async fn equal_content_makes_events_of_their_own(backend: Backend) {
    let store = backend.open().await;
    let first = store.commit(event(1)).await.unwrap();
    let second = store.commit(event(1)).await.unwrap();
    assert_ne!(first.id, second.id);
    assert_ne!(first.hash, second.hash);
    assert_eq!(first.digest, second.digest);
    assert_eq!(history(&store).await.len(), 2);
}

/// A clone of the store is a handle to the same vault.
pub async fn clones_share_the_vault(backend: Backend) {
    let store = backend.open().await;
    let other = store.clone();
    let header = other.commit(event(1)).await.unwrap();
    assert_eq!(store.get(header.id).await.unwrap().unwrap().header, header);
    drop(other);
    store.commit(event(2)).await.unwrap();
}

/// An event is visible to readers once its commit was answered.
pub async fn an_answered_commit_is_visible(backend: Backend) {
    let store = backend.open().await;
    for number in 1..=50 {
        let header = store.commit(event(number)).await.unwrap();
        let head = store.head().await.unwrap();
        assert_eq!(head.position, header.position);
        assert!(store.get(header.id).await.unwrap().is_some());
        assert_eq!(history(&store).await.len() as u64, number);
    }
}
