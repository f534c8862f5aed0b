//! Futures that are dropped before they are done.

use std::pin::pin;

use futures::FutureExt;
use toka_vault_core::{Error, EventStore, EventStoreExt, Position, ReplayOptions, StartFrom};

use crate::Backend;
use crate::assert_error;
use crate::assertions::{assert_dense, assert_whole};
use crate::events::{assert_waits, batch, event, fill, number, take};
use crate::runner::once_waiting;

/// Polls a future once and drops it.
fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    future.now_or_never()
}

/// A `recv` that is dropped loses no event, whether it waited for storage or for a commit.
pub async fn a_dropped_recv_loses_nothing(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 300).await;
    let mut subscription = store.subscribe_from(StartFrom::Beginning);
    let mut events = Vec::new();
    while events.len() < 300 {
        // Even where it is ready at once, the event counts as received only when it is returned.
        match poll_once(subscription.recv()) {
            Some(event) => events.push(event.unwrap().unwrap()),
            None => tokio::task::yield_now().await,
        }
    }
    assert_dense(&events, Position::FIRST);
    for count in 301..=320 {
        assert_waits(&mut subscription);
        store.commit(event(count)).await.unwrap();
        assert_eq!(number(&take(&mut subscription, 1).await[0]), count);
    }
}

/// A `try_next` that is dropped loses no event.
pub async fn a_dropped_try_next_loses_nothing(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 300).await;
    let mut replay = store.replay(ReplayOptions::new());
    let mut events = Vec::new();
    loop {
        match poll_once(replay.try_next()) {
            Some(event) => match event.unwrap() {
                Some(event) => events.push(event),
                None => break,
            },
            None => tokio::task::yield_now().await,
        }
    }
    assert_eq!(events.len(), 300);
    assert_dense(&events, Position::FIRST);
}

/// A commit that is dropped before it was polled does nothing.
pub async fn a_commit_that_is_never_polled_does_nothing(backend: Backend) {
    let store = backend.open().await;
    drop(store.commit(event(1)));
    drop(store.commit_batch(batch(0..10)));
    fill(&store, 1).await;
    assert_eq!(assert_whole(&store).await.len(), 1);
}

/// A commit that is dropped half way happened whole or not at all, and the vault goes on.
pub async fn a_dropped_commit_happens_whole_or_not_at_all(backend: Backend) {
    let store = backend.open().await;
    for round in 0..100 {
        let dropped = poll_once(store.commit_batch(vec![event(round); 4]));
        assert!(dropped.is_none_or(|outcome| outcome.is_ok()));
        if round % 5 == 0 {
            tokio::task::yield_now().await;
        }
        store.commit_batch(vec![event(1_000 + round); 4]).await.unwrap();
    }
    let events = assert_whole(&store).await;
    let numbers = crate::events::numbers(&events);
    assert!(numbers.chunks(4).all(|batch| batch.iter().all(|number| *number == batch[0])));
    assert!((0..100).all(|round| numbers.contains(&(1_000 + round))), "a commit that was awaited is missing");
}

/// A commit that was dropped can be repeated under its id, whatever became of it.
pub async fn a_dropped_commit_can_be_repeated(backend: Backend) {
    let store = backend.open().await;
    for round in 0..50 {
        let new = event(round).with_id(crate::events::id(round));
        let _ = poll_once(store.commit(new.clone()));
        let header = store.commit(new).await.unwrap();
        assert_eq!(header.position.get(), round + 1);
    }
    assert_eq!(assert_whole(&store).await.len(), 50);
}

/// A commit that is dropped and happened all the same wakes whoever waits for its event.
pub async fn a_dropped_commit_wakes_who_waits(backend: Backend) {
    let store = backend.open().await;
    let mut subscription = store.subscribe();
    for round in 0..50 {
        let waiting = once_waiting(async move { (take(&mut subscription, 1).await, subscription) }).await;
        let new = event(round).with_id(crate::events::id(round));
        let _ = poll_once(store.commit(new.clone()));
        // Where the first one happened this stores nothing, and so wakes nobody.
        store.commit(new).await.unwrap();
        let (events, back) = waiting.await.unwrap();
        assert_eq!(number(&events[0]), round);
        subscription = back;
    }
}

/// A `close` that is dropped closes all the same.
pub async fn a_dropped_close_closes(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 10).await;
    let mut subscription = store.subscribe();
    let _ = poll_once(pin!(store.close()));
    assert_error!(store.commit(event(1)).await, Error::Closed);
    assert!(subscription.recv().await.unwrap().is_none());
    store.close().await.unwrap();
}
