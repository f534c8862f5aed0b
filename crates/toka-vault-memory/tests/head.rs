//! The head of a vault in memory, whose chain hash is computed when it is asked for: it is the chain
//! over exactly the events up to its position, and no reader sees less than it names.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicBool, Ordering};

use futures::executor::block_on;
use toka_vault_core::hashing::chain_hash;
use toka_vault_core::{Error, EventHeader, EventStore, Head, ReplayOptions, StartFrom};
use toka_vault_memory::InMemoryVault;
use toka_vault_testkit::assertions::{assert_empty, sealed_head};
use toka_vault_testkit::events::{batch, event, fill, history};
use toka_vault_testkit::runner::watched;

/// Computes the heads after each of these events, by hand.
fn chained(headers: &[EventHeader]) -> Vec<Head> {
    let mut head = Head::EMPTY;
    let next = headers.iter().map(|header| {
        head = Head { position: header.position, chain: chain_hash(head.chain, header.hash) };
        head
    });
    next.collect()
}

#[test]
fn the_head_is_the_chain_over_all_events_whenever_it_is_asked_for() {
    let vault = InMemoryVault::unbounded();
    assert_empty(block_on(vault.head()).unwrap());
    let mut next = 0;
    // One step of the chain is some hundred events: less, as much and more than that, and many.
    for size in [1, 510, 1, 1, 1, 512, 0, 3_000, 1] {
        block_on(vault.commit_batch(batch(next..next + size))).unwrap();
        next += size;
        assert_eq!(block_on(vault.head()).unwrap(), sealed_head(&block_on(history(&vault))));
    }
}

#[test]
fn the_head_of_a_bounded_vault_covers_what_it_evicted() {
    for capacity in [1, 7, 600] {
        let vault = InMemoryVault::new(capacity).unwrap();
        let mut headers = Vec::new();
        for round in 0..30 {
            headers.extend(block_on(vault.commit(event(round))));
            headers.extend(block_on(vault.commit_batch(batch(0..round * 10))).unwrap());
            let by_hand = chained(&headers);
            assert_eq!(block_on(vault.head()).unwrap(), by_hand[by_hand.len() - 1], "capacity {capacity}");
        }
    }
}

/// Asks for heads while another thread commits, and asserts that each is right and can be read.
fn heads_during_commits(vault: &InMemoryVault) {
    let done = AtomicBool::new(false);
    let (headers, heads) = std::thread::scope(|scope| {
        let committer = scope.spawn(|| {
            let headers: Vec<EventHeader> = (0..40).flat_map(|_| block_on(fill(&**vault, 1_000))).collect();
            done.store(true, Ordering::SeqCst);
            headers
        });
        let mut heads = Vec::new();
        while !done.load(Ordering::SeqCst) {
            let head = block_on(vault.head()).unwrap();
            assert_readable(vault, head);
            heads.push(head);
        }
        heads.push(block_on(vault.head()).unwrap());
        (committer.join().unwrap(), heads)
    });
    let by_hand = chained(&headers);
    assert!(heads.is_sorted_by_key(|head| head.position), "the head went back");
    assert_eq!(heads.last(), by_hand.last());
    for head in heads.into_iter().filter(|head| *head != Head::EMPTY) {
        assert_eq!(head, by_hand[head.position.minus(1).get() as usize]);
    }
}

/// Asserts that a head which was told can be read, unless it is evicted by now.
fn assert_readable(vault: &InMemoryVault, head: Head) {
    if head == Head::EMPTY {
        return;
    }
    let options = ReplayOptions::new().with_start(StartFrom::After(head.position.minus(1)));
    match block_on(vault.replay(options).try_next()) {
        Ok(Some(event)) => assert_eq!(event.position(), head.position),
        Err(Error::Evicted { oldest }) => assert!(oldest > head.position),
        other => panic!("the head at {} cannot be read: {other:?}", head.position),
    }
}

#[test]
fn each_head_during_commits_is_that_of_its_position() {
    watched(|| heads_during_commits(&InMemoryVault::unbounded()));
}

#[test]
fn each_head_during_evictions_is_that_of_its_position() {
    watched(|| heads_during_commits(&InMemoryVault::new(700).unwrap()));
}
