//! Looking events up by their ids: one, its header, many.

use futures::FutureExt;
use toka_vault_core::limits::GETS_AT_ONCE_MAX;
use toka_vault_core::{EventHeader, EventId, EventStore, EventStoreExt};

use crate::assertions::assert_same;
use crate::events::{event, fill, history, id, sized};
use crate::{Backend, Store};

/// The numbers of what was found, `None` for what was not.
async fn positions(store: &Store, ids: &[EventId]) -> Vec<Option<u64>> {
    let found = store.get_many(ids).await.unwrap();
    found.into_iter().map(|event| event.map(|event| event.position().get())).collect()
}

fn ids(headers: &[EventHeader]) -> Vec<EventId> {
    headers.iter().map(|header| header.id).collect()
}

/// Events are answered in the order of their ids, whatever order they were committed in.
pub async fn events_come_in_the_order_that_is_asked(backend: Backend) {
    let store = backend.open().await;
    let mut asked = ids(&fill(&store, 9).await);
    asked.reverse();
    asked.swap(1, 6);
    assert_same(positions(&store, &asked).await, [9, 3, 7, 6, 5, 4, 8, 2, 1].map(Some));
    for (asked, found) in asked.iter().zip(store.get_many(&asked).await.unwrap()) {
        assert_eq!(store.get(*asked).await.unwrap(), found);
    }
}

/// An id that is asked twice is answered twice.
pub async fn an_id_twice_is_answered_twice(backend: Backend) {
    let store = backend.open().await;
    let asked = ids(&fill(&store, 2).await);
    let twice = [asked[1], asked[0], asked[1], asked[1]];
    assert_same(positions(&store, &twice).await, [2, 1, 2, 2].map(Some));
}

/// What the vault does not have is `None`, and moves nothing else from its place.
pub async fn what_is_unknown_is_none_in_its_place(backend: Backend) {
    let store = backend.open().await;
    assert_same(positions(&store, &[id(77)]).await, [None]);
    assert_eq!(store.header(id(77)).await.unwrap(), None);
    let asked = ids(&fill(&store, 2).await);
    let mixed = [id(77), asked[0], id(78), asked[1], id(77)];
    assert_same(positions(&store, &mixed).await, [None, Some(1), None, Some(2), None]);
}

/// No ids have no answers.
pub async fn nothing_asked_is_nothing_answered(backend: Backend) {
    let store = backend.open().await;
    assert!(store.get_many(&[]).await.unwrap().is_empty());
    fill(&store, 3).await;
    assert!(store.get_many(&[]).await.unwrap().is_empty());
}

/// As many as are asked are answered, many times more than are read at once.
pub async fn thousands_are_looked_up(backend: Backend) {
    let Some(store) = super::roomy(&backend, 3_000).await else { return };
    let mut asked = ids(&fill(&store, 3_000).await);
    asked.reverse();
    assert!(asked.len() > 100 * GETS_AT_ONCE_MAX);
    assert_same(positions(&store, &asked).await, (1..=3_000).rev().map(Some).collect::<Vec<_>>());
}

/// Events that are read in many pieces are answered whole, beside small ones.
pub async fn large_events_are_looked_up(backend: Backend) {
    let store = backend.open().await;
    let mut headers = Vec::new();
    for size in [1, 200_000, 2, 3_000_000, 70_000] {
        headers.push(store.commit(sized(size)).await.unwrap());
    }
    let mut stored = history(&store).await;
    headers.reverse();
    stored.reverse();
    // A bounded vault may keep the newest of them only.
    let found = store.get_many(&ids(&headers)).await.unwrap();
    assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), stored);
}

/// A header that is looked up is that of the event, and the one that the commit returned.
pub async fn a_header_is_that_of_its_event(backend: Backend) {
    let store = backend.open().await;
    let first = store.commit(event(1)).await.unwrap();
    let second = store.commit(event(2).with_parents(&[first.id])).await.unwrap();
    for header in [first, second] {
        assert_eq!(store.header(header.id).await.unwrap().as_ref(), Some(&header));
        assert_eq!(store.get(header.id).await.unwrap().map(|event| event.header), Some(header));
    }
}

/// What a bounded vault has evicted is `None`.
pub async fn what_was_evicted_is_none(backend: Backend) {
    let Some(capacity) = backend.capacity().filter(|capacity| (3..=10_000).contains(capacity)) else {
        return;
    };
    let store = backend.open().await;
    let first = ids(&fill(&store, 3).await);
    fill(&store, capacity - 1).await;
    assert_same(positions(&store, &first).await, [None, None, Some(3)]);
    assert_eq!(store.header(first[0]).await.unwrap(), None);
    assert!(store.header(first[2]).await.unwrap().is_some());
}

/// What the vault held before it was closed and opened again is found. Any other vault than a durable
/// one passes without a look.
pub async fn what_was_there_before_is_found(backend: Backend) {
    if !backend.is_durable() {
        return;
    }
    let store = backend.open().await;
    let mut headers = fill(&store, 50).await;
    store.close().await.unwrap();
    drop(store);
    let store = backend.open().await;
    headers.extend(fill(&store, 50).await);
    assert_same(positions(&store, &ids(&headers)).await, (1..=100).map(Some).collect::<Vec<_>>());
    assert_eq!(store.header(headers[7].id).await.unwrap().as_ref(), Some(&headers[7]));
}

/// A lookup that nobody waits for any more leaves the vault as it was.
pub async fn a_dropped_lookup_disturbs_nothing(backend: Backend) {
    let store = backend.open().await;
    let asked = ids(&fill(&store, 40).await);
    let kept = positions(&store, &asked).await;
    for _ in 0..20 {
        // Polled once, and dropped with its reads under way where it is not done by then.
        let _ = store.get_many(&asked).now_or_never();
    }
    assert_same(positions(&store, &asked).await, kept);
}
