//! Reading from a time on.

use toka_vault_core::{
    Direction, EventStore, EventStoreExt, Filter, NewEvent, ReplayOptions, StartFrom, SubscribeOptions,
    Timestamp,
};

use crate::assertions::assert_same;
use crate::events::{assert_waits, event, fill, numbers, replayed, take};
use crate::{Backend, Store};

fn second(number: u64) -> Timestamp {
    Timestamp::from_micros(number as i64 * 1_000_000).unwrap()
}

/// Makes an event whose number is its time in seconds.
fn at(number: u64) -> NewEvent {
    event(number).with_timestamp(second(number))
}

/// Commits events that bring these times, in this order.
async fn commit(store: &Store, seconds: &[u64]) {
    store.commit_batch(seconds.iter().copied().map(at).collect()).await.unwrap();
}

/// Opens a vault whose events bring these times.
async fn timed(backend: &Backend, seconds: &[u64]) -> Store {
    let store = backend.open().await;
    commit(&store, seconds).await;
    store
}

/// Starts at the first event of this second or later.
fn from(number: u64) -> ReplayOptions {
    ReplayOptions::new().with_start(StartFrom::Time(second(number)))
}

/// A replay starts at the first event that is of that time or later, and finds none where there is none.
pub async fn it_starts_at_the_first_event_of_that_time(backend: Backend) {
    let store = backend.open().await;
    assert!(replayed(&store, from(5)).await.is_empty());
    commit(&store, &[10, 20, 20, 30]).await;
    assert_same(replayed(&store, from(0)).await, [10, 20, 20, 30]);
    assert_same(replayed(&store, from(10)).await, [10, 20, 20, 30]);
    assert_same(replayed(&store, from(11)).await, [20, 20, 30]);
    assert_same(replayed(&store, from(20)).await, [20, 20, 30]);
    assert_same(replayed(&store, from(30)).await, [30]);
    assert!(replayed(&store, from(31)).await.is_empty());
    let ends = [(Timestamp::MIN, 4), (Timestamp::MAX, 0)];
    for (time, count) in ends {
        let options = ReplayOptions::new().with_start(StartFrom::Time(time));
        assert_eq!(replayed(&store, options).await.len(), count);
    }
}

/// All that stands behind the first event is read; a filter leaves out what brought an earlier time.
pub async fn what_stands_behind_is_read_whatever_its_time(backend: Backend) {
    let store = timed(&backend, &[10, 40, 20, 30, 5, 50]).await;
    assert_same(replayed(&store, from(25)).await, [40, 20, 30, 5, 50]);
    let filter = Filter::new().with_since(second(25)).unwrap();
    assert_same(replayed(&store, from(25).with_filter(filter)).await, [40, 30, 50]);
    assert_same(replayed(&store, from(45)).await, [50]);
    // However many of them are earlier: times that were brought are in no order that a search could halve.
    let early: Vec<_> = (100..200).map(|number| number % 9).collect();
    commit(&store, &early).await;
    assert_same(replayed(&store, from(25)).await, [vec![40, 20, 30, 5, 50], early].concat());
}

/// The time that the vault gave to an event finds that event, or one that it gave the same time before.
pub async fn a_time_that_was_assigned_finds_its_event(backend: Backend) {
    let store = backend.open().await;
    let headers = fill(&store, 30).await;
    for header in &headers {
        let first = headers.iter().find(|other| other.timestamp >= header.timestamp).unwrap();
        let start = ReplayOptions::new().with_start(StartFrom::Time(header.timestamp)).with_limit(1);
        assert_same(replayed(&store, start).await, [first.position.get()]);
    }
}

/// A backward replay begins at the head and ends with the first event of that time or later.
pub async fn a_backward_replay_goes_down_to_it(backend: Backend) {
    let store = timed(&backend, &[10, 40, 20, 30]).await;
    let backward = |number| from(number).with_direction(Direction::Backward);
    assert_same(replayed(&store, backward(15)).await, [30, 20, 40]);
    assert_same(replayed(&store, backward(0)).await, [30, 20, 40, 10]);
    assert_same(replayed(&store, backward(15).with_limit(2)).await, [30, 20]);
    assert!(replayed(&store, backward(41)).await.is_empty());
}

/// A limit counts from the first event on, and a filter holds for what stands behind it.
pub async fn a_filter_and_a_limit_go_together_with_it(backend: Backend) {
    let store = timed(&backend, &[10, 20, 30, 40]).await;
    assert_same(replayed(&store, from(15).with_limit(2)).await, [20, 30]);
    assert!(replayed(&store, from(15).with_limit(0)).await.is_empty());
    let early = Filter::new().with_until(second(35)).unwrap();
    assert_same(replayed(&store, from(15).with_filter(early.clone())).await, [20, 30]);
    let backward = from(15).with_filter(early).with_direction(Direction::Backward);
    assert_same(replayed(&store, backward.with_limit(1)).await, [30]);
    assert!(replayed(&store, from(15).with_filter(Filter::kind("nobody").unwrap())).await.is_empty());
}

/// A subscription gives history from that time on, and then what comes, whatever its time is.
pub async fn a_subscription_gives_history_and_goes_live(backend: Backend) {
    let store = timed(&backend, &[10, 20, 30]).await;
    let mut live = store.subscribe_from(StartFrom::Time(second(20)));
    assert_same(numbers(&take(&mut live, 2).await), [20, 30]);
    assert_waits(&mut live);
    commit(&store, &[5, 40]).await;
    assert_same(numbers(&take(&mut live, 2).await), [5, 40]);
    store.close().await.unwrap();
    assert!(live.recv().await.unwrap().is_none());
}

/// A subscription that finds no event of that time waits for one, past those of earlier times; so does
/// one with a filter.
pub async fn a_subscription_waits_for_that_time(backend: Backend) {
    let store = timed(&backend, &[10, 20]).await;
    let mut all = store.subscribe_from(StartFrom::Time(second(100)));
    let meant = Filter::kind("test.*").unwrap();
    let start = SubscribeOptions::new(StartFrom::Time(second(100))).with_filter(meant);
    let mut filtered = store.subscribe_from(start);
    for seconds in [[30, 99], [40, 50]] {
        assert_waits(&mut all);
        assert_waits(&mut filtered);
        commit(&store, &seconds).await;
    }
    commit(&store, &[60, 100, 70]).await;
    commit(&store, &[80]).await;
    for subscription in [&mut all, &mut filtered] {
        assert_same(numbers(&take(subscription, 3).await), [100, 70, 80]);
        assert_waits(subscription);
    }
    let mut never = store.subscribe_from(StartFrom::Time(Timestamp::MAX));
    assert_waits(&mut never);
    store.close().await.unwrap();
    assert!(never.recv().await.unwrap().is_none());
}

/// The first event is found far behind the beginning.
pub async fn it_is_found_in_a_long_history(backend: Backend) {
    const LONG: u64 = 9_000;
    let Some(store) = super::roomy(&backend, LONG).await else { return };
    let all: Vec<_> = (0..LONG).collect();
    for some in all.chunks(500) {
        commit(&store, some).await;
    }
    for start in [0, 1, 4_095, 4_096, 8_000, 8_999, 9_000] {
        assert_same(replayed(&store, from(start)).await, (start..LONG).collect::<Vec<_>>());
    }
    let backward = from(8_500).with_direction(Direction::Backward);
    assert_same(replayed(&store, backward).await, (8_500..LONG).rev().collect::<Vec<_>>());
}

/// A durable vault that is opened again starts at the same event. Any other passes without a look.
pub async fn it_is_found_after_reopening(backend: Backend) {
    if !backend.is_durable() {
        return;
    }
    let store = timed(&backend, &[10, 30, 20]).await;
    store.close().await.unwrap();
    drop(store);
    let store = backend.open().await;
    commit(&store, &[40]).await;
    assert_same(replayed(&store, from(15)).await, [30, 20, 40]);
    assert_same(replayed(&store, from(35)).await, [40]);
}

/// In a bounded vault the first event is the first of those that are left.
pub async fn what_was_evicted_is_passed_over(backend: Backend) {
    let Some(capacity) = backend.capacity().filter(|capacity| (10..=10_000).contains(capacity)) else {
        return;
    };
    let store = timed(&backend, &[10, 90, 20]).await;
    let rest: Vec<_> = (30..30 + capacity).collect();
    for some in rest.chunks(100) {
        commit(&store, some).await;
    }
    assert_same(replayed(&store, from(15)).await, &rest);
    assert_same(replayed(&store, from(33)).await, &rest[3..]);
}
