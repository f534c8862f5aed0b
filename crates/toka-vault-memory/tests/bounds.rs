//! What is special to a vault of bounded capacity in memory; eviction itself is in the suite.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use toka_vault_core::{Error, EventStore};
use toka_vault_memory::InMemoryVault;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{event, history, numbers};

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
