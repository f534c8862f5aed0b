//! Subscriptions: history from a start point, then live.

use futures::StreamExt;
use toka_vault_core::{Error, EventStore, EventStoreExt, Position, StartFrom};

use super::roomy;
use crate::Backend;
use crate::assert_error;
use crate::assertions::{assert_dense, assert_same};
use crate::events::{assert_waits, event, fill, history, id, numbers, take};
use crate::runner::once_waiting;

/// From the beginning: history, then what is committed, then it waits.
pub async fn it_gives_history_and_then_goes_live(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 100).await;
    let mut subscription = store.subscribe_from(StartFrom::Beginning);
    assert_same(numbers(&take(&mut subscription, 100).await), (1..=100).collect::<Vec<_>>());
    assert_waits(&mut subscription);
    store.commit_batch(vec![event(101), event(102)]).await.unwrap();
    assert_same(numbers(&take(&mut subscription, 2).await), [101, 102]);
    assert_waits(&mut subscription);
}

/// It gives the events that the history has.
pub async fn it_gives_what_replay_gives(backend: Backend) {
    let store = backend.open().await;
    let mut subscription = store.subscribe();
    fill(&store, 100).await;
    assert_eq!(take(&mut subscription, 100).await, history(&store).await);
}

/// A live subscription starts at the head of the call, not of the first `recv`.
pub async fn head_is_that_of_the_call(backend: Backend) {
    let store = backend.open().await;
    let mut on_empty = store.subscribe();
    fill(&store, 3).await;
    let mut later = store.subscribe_from(StartFrom::Head);
    fill(&store, 2).await;
    assert_same(numbers(&take(&mut on_empty, 5).await), [1, 2, 3, 1, 2]);
    assert_same(numbers(&take(&mut later, 2).await), [1, 2]);
}

/// It starts behind a position.
pub async fn it_starts_after_a_position(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 10).await;
    for position in 0..10 {
        let mut subscription = store.subscribe_from(StartFrom::After(Position::new(position)));
        let rest = take(&mut subscription, 10 - position as usize).await;
        assert_eq!(numbers(&rest), (position + 1..=10).collect::<Vec<_>>());
        assert_waits(&mut subscription);
    }
}

/// Behind a position that is yet to come, it waits for what stands behind that.
pub async fn it_waits_for_a_position_to_come(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 2).await;
    let mut subscription = store.subscribe_from(StartFrom::After(Position::new(4)));
    assert_waits(&mut subscription);
    for number in 3..=6 {
        store.commit(event(number)).await.unwrap();
    }
    assert_same(numbers(&take(&mut subscription, 2).await), [5, 6]);
}

/// It starts behind an event, by its id.
pub async fn it_starts_after_an_id(backend: Backend) {
    let store = backend.open().await;
    let headers = fill(&store, 5).await;
    let mut middle = store.subscribe_from(StartFrom::AfterId(headers[2].id));
    let mut end = store.subscribe_from(StartFrom::AfterId(headers[4].id));
    assert_same(numbers(&take(&mut middle, 2).await), [4, 5]);
    store.commit(event(6)).await.unwrap();
    assert_same(numbers(&take(&mut end, 1).await), [6]);
}

/// An id that the vault does not have is an error, after which the subscription is at its end.
pub async fn an_unknown_id_is_an_error(backend: Backend) {
    let store = backend.open().await;
    let mut subscription = store.subscribe_from(StartFrom::AfterId(id(77)));
    assert_error!(subscription.recv().await, Error::UnknownEvent { id: unknown } if unknown == id(77));
    assert!(subscription.recv().await.unwrap().is_none());
    assert!(subscription.recv().await.unwrap().is_none());
}

/// A subscriber that waits is woken by a commit.
pub async fn a_commit_wakes_who_waits(backend: Backend) {
    let store = backend.open().await;
    let mut subscription = store.subscribe();
    for number in 1..=200 {
        let receiving = async move { (take(&mut subscription, 1).await, subscription) };
        // Once the subscriber waits already, once it may not.
        let waiting = if number % 2 == 0 { once_waiting(receiving).await } else { tokio::spawn(receiving) };
        store.commit(event(number)).await.unwrap();
        let (events, back) = waiting.await.unwrap();
        assert_eq!(numbers(&events), [number]);
        subscription = back;
    }
}

/// Many subscribers see each event, each at its own pace.
pub async fn subscribers_do_not_share(backend: Backend) {
    let store = backend.open().await;
    let mut all: Vec<_> = (0..10).map(|_| store.subscribe()).collect();
    fill(&store, 20).await;
    drop(all.pop());
    for (pace, subscription) in all.iter_mut().enumerate() {
        assert_same(numbers(&take(subscription, pace).await), (1..=pace as u64).collect::<Vec<_>>());
    }
    for (pace, subscription) in all.iter_mut().enumerate() {
        let rest = take(subscription, 20 - pace).await;
        assert_eq!(numbers(&rest), (pace as u64 + 1..=20).collect::<Vec<_>>());
    }
}

/// A subscriber that reads nothing for thousands of events loses none and holds back nobody.
pub async fn a_slow_subscriber_loses_nothing(backend: Backend) {
    let Some(store) = roomy(&backend, 10_000).await else { return };
    let mut subscription = store.subscribe();
    fill(&store, 1).await;
    assert_eq!(take(&mut subscription, 1).await.len(), 1);
    fill(&store, 9_999).await;
    let missed = take(&mut subscription, 9_999).await;
    assert_dense(&missed, Position::new(2));
    assert_waits(&mut subscription);
}

/// Between history and live there is no gap and no duplicate, whenever it starts.
pub async fn there_is_no_seam(backend: Backend) {
    let store = backend.open().await;
    for round in 0..60 {
        let first = round * 6;
        let writer = {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..3 {
                    store.commit_batch(vec![event(number), event(number)]).await.unwrap();
                }
            })
        };
        for _ in 0..round % 10 {
            tokio::task::yield_now().await;
        }
        let mut subscription = store.subscribe_from(StartFrom::After(Position::new(first)));
        assert_dense(&take(&mut subscription, 6).await, Position::new(first + 1));
        assert_waits(&mut subscription);
        writer.await.unwrap();
    }
}

/// It is a stream of the same events.
pub async fn it_is_a_stream(backend: Backend) {
    let store = backend.open().await;
    let subscription = store.subscribe();
    fill(&store, 10).await;
    let events: Vec<_> = subscription.take(10).map(Result::unwrap).collect().await;
    assert_eq!(events, history(&store).await);
}
