//! What a vault of bounded capacity does with what it no longer keeps. Any other back-end passes
//! without a look, and so does one of more than 10,000 events.

use toka_vault_core::{
    Direction, Error, Event, EventStore, EventStoreExt, Position, ReplayOptions, Result, StartFrom,
};

use crate::assert_error;
use crate::assertions::assert_dense;
use crate::events::{batch, event, fill, history, id, items, number, take};
use crate::{Backend, Store};

/// Opens a vault of bounded capacity and commits one event with id 1, then twice as many as it keeps.
/// Returns its capacity too.
async fn overfull(backend: &Backend) -> Option<(u64, Store)> {
    let capacity = backend.capacity().filter(|capacity| *capacity <= 10_000)?;
    let store = backend.open().await;
    store.commit(event(0).with_id(id(1))).await.unwrap();
    fill(&store, 2 * capacity).await;
    Some((capacity, store))
}

/// The newest events are kept, as many as the capacity, and the history begins with them.
pub async fn the_newest_events_are_kept(backend: Backend) {
    let Some((capacity, store)) = overfull(&backend).await else { return };
    let events = history(&store).await;
    assert_eq!(events.len() as u64, capacity);
    assert_dense(&events, Position::new(capacity + 2));
    assert_eq!(store.head().await.unwrap().position.get(), 2 * capacity + 1);
}

/// A reader that would miss events is told where the history begins, and goes on there.
pub async fn a_reader_is_told_and_goes_on(backend: Backend) {
    let Some((capacity, store)) = overfull(&backend).await else { return };
    let oldest = Position::new(capacity + 2);
    for start in [0, 1, capacity] {
        let options = ReplayOptions::new().with_start(StartFrom::After(Position::new(start)));
        let (told, events) = told_and_read(items(store.replay(options)).await);
        assert_eq!(told, [oldest]);
        assert_eq!(events, history(&store).await);
    }
    let newest = ReplayOptions::new().with_start(StartFrom::After(oldest.minus(1)));
    assert_eq!(items(store.replay(newest)).await.len() as u64, capacity);
}

/// A replay backwards down to what is gone reads all there is, and is told.
pub async fn a_backward_replay_is_told(backend: Backend) {
    let Some((capacity, store)) = overfull(&backend).await else { return };
    let backward = ReplayOptions::new().with_direction(Direction::Backward);
    let (told, events) = told_and_read(items(store.replay(backward.clone())).await);
    assert!(told.is_empty());
    assert_eq!(events.len() as u64, capacity);
    let options = backward.with_start(StartFrom::After(Position::ZERO));
    let (told, again) = told_and_read(items(store.replay(options)).await);
    assert_eq!(told, [Position::new(capacity + 2)]);
    assert_eq!(again, events);
}

/// A subscriber that fell behind is told, and goes on with the oldest event that is left.
pub async fn a_slow_subscriber_is_told_and_goes_on(backend: Backend) {
    let Some(capacity) = backend.capacity().filter(|capacity| *capacity <= 10_000) else { return };
    let store = backend.open().await;
    let mut slow = store.subscribe();
    let mut started = store.subscribe();
    fill(&store, 1).await;
    assert_eq!(number(&take(&mut started, 1).await[0]), 1);
    fill(&store, 3 * capacity).await;
    for subscription in [&mut slow, &mut started] {
        assert_error!(subscription.recv().await, Error::Evicted { oldest } if oldest.get() == 2 * capacity + 2);
        let rest = take(subscription, capacity as usize).await;
        assert_dense(&rest, Position::new(2 * capacity + 2));
    }
    store.commit(event(7)).await.unwrap();
    assert_eq!(number(&take(&mut slow, 1).await[0]), 7);
}

/// A subscription from the beginning starts with the oldest event there is, and is told nothing.
pub async fn the_beginning_is_the_oldest_there_is(backend: Backend) {
    let Some((capacity, store)) = overfull(&backend).await else { return };
    let mut subscription = store.subscribe_from(StartFrom::Beginning);
    assert_dense(&take(&mut subscription, capacity as usize).await, Position::new(capacity + 2));
}

/// An event that is gone is not found.
pub async fn an_evicted_event_is_not_found(backend: Backend) {
    let Some((_, store)) = overfull(&backend).await else { return };
    assert!(store.get(id(1)).await.unwrap().is_none());
}

/// A reader cannot start behind an event that is gone: the vault does not have it.
pub async fn an_evicted_id_is_unknown(backend: Backend) {
    let Some(capacity) = backend.capacity().filter(|capacity| *capacity <= 10_000) else { return };
    let store = backend.open().await;
    store.commit(event(0).with_id(id(1))).await.unwrap();
    // Just gone, so that the next event is the oldest; and long gone.
    for _ in 0..4 {
        fill(&store, capacity).await;
        let options = ReplayOptions::new().with_start(StartFrom::AfterId(id(1)));
        let mut found = items(store.replay(options)).await;
        assert_error!(found.remove(0), Error::UnknownEvent { .. });
        let mut subscription = store.subscribe_from(StartFrom::AfterId(id(1)));
        assert_error!(subscription.recv().await, Error::UnknownEvent { .. });
    }
}

/// An event that is gone cannot be a parent; one that is still there can.
pub async fn an_evicted_parent_is_unknown(backend: Backend) {
    let Some((_, store)) = overfull(&backend).await else { return };
    let head = store.head().await.unwrap();
    assert_error!(store.commit(event(1).with_parents(&[id(1)])).await, Error::UnknownParent { parent } if parent == id(1));
    assert_eq!(store.head().await.unwrap(), head);
    let newest = history(&store).await.pop().unwrap().header.id;
    store.commit(event(1).with_parents(&[newest])).await.unwrap();
}

/// The id of an event that is gone counts as new, with whatever content.
pub async fn an_evicted_id_counts_as_new(backend: Backend) {
    let Some((capacity, store)) = overfull(&backend).await else { return };
    let header = store.commit(event(99).with_id(id(1))).await.unwrap();
    assert_eq!(header.position.get(), 2 * capacity + 2);
    assert_eq!(number(&store.get(id(1)).await.unwrap().unwrap()), 99);
    assert_error!(store.commit(event(98).with_id(id(1))).await, Error::Conflict { .. });
}

/// A batch larger than the capacity leaves its newest events.
pub async fn a_batch_above_the_capacity_leaves_its_newest(backend: Backend) {
    let Some(capacity) = backend.capacity().filter(|capacity| *capacity < 8_000) else { return };
    let store = backend.open().await;
    let headers = store.commit_batch(batch(0..capacity + 3)).await.unwrap();
    assert_eq!(headers.len() as u64, capacity + 3);
    assert_dense(&history(&store).await, Position::new(4));
}

/// The library's verifier finds nothing wrong with what is left, and says that the chain could not
/// be checked.
pub async fn what_is_left_verifies(backend: Backend) {
    let Some((capacity, store)) = overfull(&backend).await else { return };
    let report = toka_vault_core::verify::verify(&store, |_| ()).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.events, capacity);
    assert!(!report.chain_checked);
}

/// Sorts what a reader got into the positions that it was told of and the events that it read.
fn told_and_read(items: Vec<Result<Event>>) -> (Vec<Position>, Vec<Event>) {
    let (mut told, mut events) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Ok(event) => events.push(event),
            Err(Error::Evicted { oldest }) => told.push(oldest),
            Err(other) => panic!("{other:?}"),
        }
    }
    (told, events)
}
