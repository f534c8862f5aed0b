//! What is special to a vault of bounded capacity in memory; eviction itself is in the suite.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use async_trait::async_trait;
use futures::FutureExt;
use futures::executor::block_on;
use toka_vault_core::verify::verify;
use toka_vault_core::{
    Condition, Error, Event, EventHeader, EventId, EventStore, Head, NewEvent, Replay, ReplayOptions, Result,
    SubscribeOptions, Subscription,
};
use toka_vault_memory::InMemoryVault;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{batch, event, history, numbers, sized};

#[test]
fn a_capacity_of_zero_is_an_error() {
    assert_error!(InMemoryVault::new(0), Error::ZeroCapacity);
}

#[test]
fn the_smallest_and_the_largest_capacity_are_taken() {
    for (capacity, kept) in [(1, 1), (usize::MAX, 5)] {
        let vault = InMemoryVault::new(capacity).unwrap();
        block_on(vault.commit_batch((1..=5).map(event).collect())).unwrap();
        let events = block_on(history(&vault));
        assert_eq!(numbers(&events), (6 - kept..=5).collect::<Vec<_>>());
    }
}

#[test]
fn what_is_evicted_while_it_is_verified_is_no_damage() {
    for kept in [1_000, 4_096] {
        let vault = InMemoryVault::new(kept).unwrap();
        block_on(vault.commit_batch(batch(1..kept as u64))).unwrap();
        let mut seen = 0;
        let report = block_on(verify(&*vault, |events| {
            // All up to the head where it began is gone, while some of it is not read yet.
            if seen == 0 {
                for first in [10_000, 20_000] {
                    let commit = vault.commit_batch(batch(first..first + kept as u64));
                    commit.now_or_never().unwrap().unwrap();
                }
            }
            seen = events;
        }));
        let report = report.unwrap();
        assert!(report.is_clean() && report.events > 0, "{:?}", report.findings);
    }
}

/// Evicts all that was there when its head was asked for, before it is read.
struct Hasty(InMemoryVault);

#[async_trait]
impl EventStore for Hasty {
    async fn commit_batch_if(&self, batch: Vec<NewEvent>, all: &[Condition]) -> Result<Vec<EventHeader>> {
        self.0.commit_batch_if(batch, all).await
    }

    fn replay(&self, options: ReplayOptions) -> Replay {
        self.0.commit_batch(batch(10..20)).now_or_never().unwrap().unwrap();
        self.0.replay(options)
    }

    fn subscribe_with(&self, options: SubscribeOptions) -> Subscription {
        self.0.subscribe_from(options)
    }

    async fn get(&self, id: EventId) -> Result<Option<Event>> {
        self.0.get(id).await
    }

    async fn head(&self) -> Result<Head> {
        self.0.head().await
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await
    }
}

#[test]
fn a_history_that_is_evicted_before_it_is_verified_is_no_damage() {
    let store = Hasty(InMemoryVault::new(3).unwrap());
    block_on(store.0.commit_batch(batch(1..6))).unwrap();
    let report = block_on(verify(&store, |_| ())).unwrap();
    assert!(report.is_clean() && report.events == 0, "{:?}", report.findings);
}

#[test]
fn equal_payloads_are_kept_once_among_the_events_that_are_kept() {
    let vault = InMemoryVault::new(3).unwrap();
    let shared = || block_on(vault.shared_bytes()).unwrap();
    let commit = |size| {
        let header = block_on(vault.commit(sized(size))).unwrap();
        block_on(vault.get(header.id)).unwrap().unwrap().payload
    };
    let first = commit(4_096);
    let second = commit(4_096);
    // One piece of memory, though each commit brought its own.
    assert_eq!((shared(), first.bytes().as_ptr()), (4_096, second.bytes().as_ptr()));
    commit(4_096);
    assert_eq!(shared(), 2 * 4_096);
    // Those that share it go, one by one, and a payload of another length comes.
    for (size, left) in [(5_000, 4_096), (5_001, 0), (10, 0), (10, 0), (5_001, 0)] {
        commit(size);
        assert_eq!(shared(), left, "after {size} bytes");
    }
    let again = block_on(vault.payload(first.digest())).unwrap();
    assert_eq!(again, None, "its events are gone");
}

#[test]
fn what_was_committed_can_be_read_after_closing() {
    let vault = InMemoryVault::unbounded();
    block_on(vault.commit(event(1))).unwrap();
    block_on(vault.close()).unwrap();
    assert_eq!(block_on(history(&vault)).len(), 1);
}

#[test]
fn dropping_the_last_handle_ends_subscriptions() {
    let vault = InMemoryVault::unbounded();
    let mut subscription = vault.subscribe();
    block_on(vault.commit(event(1))).unwrap();
    drop(vault.clone());
    drop(vault);
    assert!(block_on(subscription.recv()).unwrap().is_some());
    assert!(block_on(subscription.recv()).unwrap().is_none());
}
