//! What is special to a vault of bounded capacity in memory; eviction itself is in the suite.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use toka_vault_core::{Error, EventStore};
use toka_vault_memory::InMemoryVault;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{event, history, numbers, sized};

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
