//! Parents: the graph of what led to what.

use toka_vault_core::limits::PARENTS_MAX;
use toka_vault_core::{Error, EventId, EventStore, EventStoreExt};

use crate::Backend;
use crate::assert_error;
use crate::assertions::assert_whole;
use crate::events::{event, fill, id};

/// Parents are kept in the order in which the caller named them.
pub async fn parents_keep_their_order(backend: Backend) {
    let store = backend.open().await;
    let ids: Vec<_> = fill(&store, 5).await.into_iter().map(|header| header.id).collect();
    let parents = [ids[3], ids[0], ids[4], ids[1]];
    let header = store.commit(event(1).with_parents(&parents)).await.unwrap();
    assert_eq!(*header.parents, parents);
    assert_eq!(*store.get(header.id).await.unwrap().unwrap().header.parents, parents);
}

/// The order of parents is part of the event: its hash tells it.
pub async fn the_order_of_parents_is_hashed(backend: Backend) {
    let store = backend.open().await;
    let ids: Vec<_> = fill(&store, 2).await.into_iter().map(|header| header.id).collect();
    store.commit(event(1).with_parents(&[ids[0], ids[1]])).await.unwrap();
    store.commit(event(1).with_parents(&[ids[1], ids[0]])).await.unwrap();
    assert_whole(&store).await;
}

/// An event takes as many parents as there may be.
pub async fn an_event_takes_1024_parents(backend: Backend) {
    let Some(store) = super::roomy(&backend, PARENTS_MAX as u64 + 1).await else { return };
    let ids: Vec<_> = fill(&store, PARENTS_MAX as u64).await.into_iter().map(|header| header.id).collect();
    let header = store.commit(event(1).with_parents(&ids)).await.unwrap();
    assert_eq!(*header.parents, *ids);
    assert_whole(&store).await;
}

/// An event from long ago can be a parent.
pub async fn old_events_can_be_parents(backend: Backend) {
    let Some(store) = super::roomy(&backend, 5_001).await else { return };
    let old = fill(&store, 5_000).await.remove(0).id;
    store.commit(event(1).with_parents(&[old])).await.unwrap();
    assert_whole(&store).await;
}

/// Chains and diamonds of events verify.
pub async fn chains_and_diamonds_verify(backend: Backend) {
    let store = backend.open().await;
    let mut tip: Vec<EventId> = vec![store.commit(event(0)).await.unwrap().id];
    for number in 1..=40 {
        let left = store.commit(event(number).with_parents(&tip)).await.unwrap().id;
        let right = store.commit(event(number).with_parents(&tip)).await.unwrap().id;
        tip = vec![store.commit(event(number).with_parents(&[left, right])).await.unwrap().id];
    }
    assert_eq!(assert_whole(&store).await.len(), 121);
}

/// A parent that the vault does not have is refused by name; once it is there, the event is taken.
pub async fn a_parent_has_to_be_there_first(backend: Backend) {
    let store = backend.open().await;
    let child = || event(2).with_parents(&[id(1)]);
    assert_error!(store.commit(child()).await, Error::UnknownParent { parent } if parent == id(1));
    assert_eq!(store.head().await.unwrap().position.get(), 0);
    store.commit(event(1).with_id(id(1))).await.unwrap();
    assert_eq!(*store.commit(child()).await.unwrap().parents, [id(1)]);
}

/// An event that is repeated in a batch can be named as parent there.
pub async fn a_repeated_event_can_be_a_parent(backend: Backend) {
    let store = backend.open().await;
    store.commit(event(1).with_id(id(1))).await.unwrap();
    let batch = vec![event(1).with_id(id(1)), event(2).with_parents(&[id(1)])];
    assert_eq!(store.commit_batch(batch).await.unwrap()[1].position.get(), 2);
    assert_whole(&store).await;
}
