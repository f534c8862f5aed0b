//! Reading what a filter means, and nothing else.

use std::collections::BTreeSet;

use serde_json::json;
use toka_vault_core::{
    Direction, Error, Event, EventHeader, EventStore, EventStoreExt, Filter, NewEvent, Position,
    ReplayOptions, StartFrom, SubscribeOptions, Timestamp,
};

use crate::assertions::{assert_dense, assert_same};
use crate::events::{assert_waits, batch, event, fill, history, id, items, number, numbers, read, take};
use crate::{Backend, Store, assert_error};

/// The kinds of the events that [`mixed`] commits, in turn.
const KINDS: [&str; 5] = ["agent.start", "agent.tool.invoked", "agent.tool.failed", "user.said", "agent"];

/// Patterns, with which of the kinds they mean.
const PATTERNS: [(&[&str], &[u64]); 9] = [
    (&["agent.start"], &[0]),
    (&["agent.tool.*"], &[1, 2]),
    (&["agent.>"], &[0, 1, 2]),
    (&["agent.*.failed"], &[2]),
    (&["*"], &[4]),
    (&["*.*"], &[0, 3]),
    (&[">"], &[0, 1, 2, 3, 4]),
    (&["user.said", "agent"], &[3, 4]),
    (&["nobody.*", "agent.stop"], &[]),
];

/// Commits events with the numbers from `from` on, each of the next kind, a second apart.
async fn mixed(store: &Store, numbers: std::ops::Range<u64>) {
    let event = |number: u64| {
        let kind = KINDS[(number % KINDS.len() as u64) as usize];
        let mut event = NewEvent::new(kind, json!({ "n": number })).unwrap();
        event.timestamp = Some(second(number));
        event
    };
    let numbers: Vec<_> = numbers.collect();
    for some in numbers.chunks(50) {
        store.commit_batch(some.iter().copied().map(event).collect()).await.unwrap();
    }
}

fn second(number: u64) -> Timestamp {
    Timestamp::from_micros(number as i64 * 1_000_000).unwrap()
}

fn filter(patterns: &[&str]) -> Filter {
    patterns.iter().fold(Filter::new(), |filter, pattern| filter.or_kind(pattern).unwrap())
}

fn meant(kinds: &[u64], numbers: std::ops::Range<u64>) -> Vec<u64> {
    numbers.filter(|number| kinds.contains(&(number % KINDS.len() as u64))).collect()
}

fn options(filter: Filter) -> ReplayOptions {
    ReplayOptions::new().with_filter(filter)
}

async fn found(store: &Store, options: ReplayOptions) -> Vec<u64> {
    numbers(&read(store.replay(options)).await)
}

/// A replay reads the events of the kinds that are meant, in order, exact or by wildcards.
pub async fn a_replay_reads_what_is_meant(backend: Backend) {
    let store = backend.open().await;
    mixed(&store, 0..500).await;
    for (patterns, kinds) in PATTERNS {
        assert_eq!(found(&store, options(filter(patterns))).await, meant(kinds, 0..500), "{patterns:?}");
    }
}

/// Backwards it reads the same, newest first.
pub async fn a_backward_replay_reads_the_same(backend: Backend) {
    let store = backend.open().await;
    mixed(&store, 0..500).await;
    for (patterns, kinds) in PATTERNS {
        let mut expected = meant(kinds, 0..500);
        expected.reverse();
        let backward = options(filter(patterns)).with_direction(Direction::Backward);
        assert_eq!(found(&store, backward).await, expected, "{patterns:?}");
    }
}

/// A start and a limit hold for what is meant: a limit counts no other event.
pub async fn starts_and_limits_hold_for_what_is_meant(backend: Backend) {
    let store = backend.open().await;
    mixed(&store, 0..100).await;
    let tools = || options(filter(&["agent.tool.*"]));
    let all = meant(&[1, 2], 0..100);
    for limit in [0, 1, 7, 40, 41, u64::MAX] {
        let expected: Vec<_> = all.iter().copied().take(limit.try_into().unwrap_or(usize::MAX)).collect();
        assert_same(found(&store, tools().with_limit(limit)).await, expected);
    }
    let behind = tools().with_start(StartFrom::After(Position::new(52)));
    assert_same(found(&store, behind.clone()).await, meant(&[1, 2], 52..100));
    let backward = behind.with_direction(Direction::Backward).with_limit(3);
    assert_same(found(&store, backward).await, [97, 96, 92]);
    let unknown = tools().with_start(StartFrom::AfterId(id(77)));
    let mut told = items(store.replay(unknown)).await;
    assert_eq!(told.len(), 1);
    assert_error!(told.remove(0), Error::UnknownEvent { .. });
}

/// A range of time takes its start and leaves out its end, alone and with kinds.
pub async fn a_range_of_time_takes_its_start_and_not_its_end(backend: Backend) {
    let store = backend.open().await;
    mixed(&store, 0..100).await;
    let range = |filter: Filter| filter.with_since(second(20)).unwrap().with_until(second(31)).unwrap();
    assert_same(found(&store, options(range(Filter::new()))).await, (20..31).collect::<Vec<_>>());
    let tools = range(filter(&["agent.tool.*"]));
    assert_same(found(&store, options(tools)).await, meant(&[1, 2], 20..31));
    let since = Filter::new().with_since(second(98)).unwrap();
    assert_same(found(&store, options(since)).await, [98, 99]);
    let nothing = Filter::new().with_since(second(5)).unwrap().with_until(second(5)).unwrap();
    assert!(found(&store, options(nothing)).await.is_empty());
}

/// A subscription gives what is meant: first history, then live, without a seam.
pub async fn a_subscription_gives_what_is_meant(backend: Backend) {
    let store = backend.open().await;
    mixed(&store, 0..100).await;
    let tools = || filter(&["agent.tool.*"]);
    let mut all = store.subscribe_from(SubscribeOptions::new(StartFrom::Beginning).with_filter(tools()));
    let mut live = store.subscribe_from(SubscribeOptions::new(StartFrom::Head).with_filter(tools()));
    assert_waits(&mut live);
    mixed(&store, 100..200).await;
    let live_expected = meant(&[1, 2], 100..200);
    assert_eq!(numbers(&take(&mut live, live_expected.len()).await), live_expected);
    let expected = meant(&[1, 2], 0..200);
    assert_eq!(numbers(&take(&mut all, expected.len()).await), expected);
    store.commit(event(1)).await.unwrap();
    assert_waits(&mut all);
    assert_waits(&mut live);
    store.close().await.unwrap();
    assert!(all.recv().await.unwrap().is_none());
    assert!(live.recv().await.unwrap().is_none());
}

/// Thousands of events are found without a gap, while more are being committed.
pub async fn what_is_meant_is_found_while_more_is_committed(backend: Backend) {
    let Some(store) = super::roomy(&backend, 12_000).await else { return };
    let writer = store.clone();
    let write = tokio::spawn(async move { mixed(&writer, 0..12_000).await });
    let start = SubscribeOptions::new(StartFrom::Beginning).with_filter(filter(&["*.*"]));
    let mut subscription = store.subscribe_from(start);
    let expected = meant(&[0, 3], 0..12_000);
    assert_eq!(numbers(&take(&mut subscription, expected.len()).await), expected);
    write.await.unwrap();
    assert_same(found(&store, options(filter(&["*.*"]))).await, &expected);
    let mut backward = found(&store, options(filter(&["*.*"])).with_direction(Direction::Backward)).await;
    backward.reverse();
    assert_same(backward, expected);
}

/// A filter that means everything reads everything.
pub async fn a_filter_that_means_everything_reads_everything(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 300).await;
    assert_eq!(read(store.replay(options(Filter::new()))).await, history(&store).await);
    assert_eq!(read(store.replay(options(filter(&[">"])))).await, history(&store).await);
}

/// What is meant is found again after the vault was closed and opened, and after that was new.
pub async fn what_is_meant_is_found_after_reopening(backend: Backend) {
    if !backend.is_durable() {
        return;
    }
    for round in 0..4 {
        let store = backend.open().await;
        let end = (round + 1) * 500;
        mixed(&store, round * 500..end).await;
        for (patterns, kinds) in PATTERNS {
            assert_eq!(found(&store, options(filter(patterns))).await, meant(kinds, 0..end), "{patterns:?}");
        }
        store.close().await.unwrap();
    }
}

/// Of what a bounded vault has evicted a filtered reader is told, and it finds what is left.
pub async fn what_is_evicted_is_told(backend: Backend) {
    let Some(capacity) = backend.capacity().filter(|capacity| (10..=10_000).contains(capacity)) else {
        return;
    };
    let store = backend.open().await;
    store.commit_batch(batch(0..capacity)).await.unwrap();
    mixed(&store, 0..capacity - 1).await;
    let oldest: Vec<Event> = history(&store).await;
    assert_dense(&oldest, Position::new(capacity));
    assert_same(found(&store, options(filter(&["agent.>"]))).await, meant(&[0, 1, 2], 0..capacity - 1));
    let early = options(filter(&["agent.>"])).with_start(StartFrom::After(Position::ZERO));
    let mut told = items(store.replay(early)).await;
    assert_error!(told.remove(0), Error::Evicted { oldest } if oldest == Position::new(capacity));
    let rest: Vec<u64> = told.into_iter().map(|event| number(&event.unwrap())).collect();
    assert_eq!(rest, meant(&[0, 1, 2], 0..capacity - 1));
}

/// Many kinds, with few events each, are told apart.
pub async fn many_kinds_are_told_apart(backend: Backend) {
    let Some(store) = super::roomy(&backend, 4_000).await else { return };
    let event = |number: u64| {
        NewEvent::new(format!("shop.{}.order.{}", number % 7, number % 997), json!({ "n": number })).unwrap()
    };
    for start in (0..4_000).step_by(500) {
        store.commit_batch((start..start + 500).map(event).collect()).await.unwrap();
    }
    let one: Vec<u64> = (0..4_000).filter(|n| n % 997 == 5 && n % 7 == 3).collect();
    assert_same(found(&store, options(filter(&["shop.3.order.5"]))).await, one);
    let shop: Vec<u64> = (0..4_000).filter(|n| n % 7 == 3).collect();
    assert_same(found(&store, options(filter(&["shop.3.>"]))).await, shop);
    let order: Vec<u64> = (0..4_000).filter(|n| n % 997 == 5).collect();
    assert_same(found(&store, options(filter(&["shop.*.order.5"]))).await, order);
}

/// A header that a filter means is a header that a replay with it reads: one function decides.
pub async fn one_function_decides(backend: Backend) {
    let store = backend.open().await;
    mixed(&store, 0..100).await;
    let all = history(&store).await;
    for (patterns, _) in PATTERNS {
        let filter = filter(patterns);
        let meant = |header: &&EventHeader| filter.matches(header);
        let expected: BTreeSet<_> =
            all.iter().map(|event| &event.header).filter(meant).map(|h| h.id).collect();
        let read = read(store.replay(options(filter.clone()))).await;
        assert_eq!(read.iter().map(|event| event.header.id).collect::<BTreeSet<_>>(), expected);
    }
}
