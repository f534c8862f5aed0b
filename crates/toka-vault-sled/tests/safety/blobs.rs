//! sled's folder for large values stays empty, whatever is committed: it is never synced, and a full
//! disk hangs on it.

use futures::executor::block_on;
use toka_vault_core::{EventId, EventStore};
use toka_vault_sled::SledVault;
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::events::{batch, distinct, event, fill};

use crate::support::{Chance, filled, folder, raw};

/// Asserts that a vault is whole and has no large value, now and when it was opened again.
fn assert_no_blobs(path: &std::path::Path, events: usize) {
    assert_eq!(folder::blobs(path), Vec::<std::path::PathBuf>::new());
    let vault = SledVault::open(path).unwrap();
    assert_eq!(block_on(assert_whole(&vault)).len(), events);
    block_on(vault.close()).unwrap();
    assert_eq!(folder::blobs(path), Vec::<std::path::PathBuf>::new());
}

#[test]
fn the_largest_payloads_make_none() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=2 {
        let vault = SledVault::open(dir.path()).unwrap();
        block_on(vault.commit(distinct(round, 16 << 20))).unwrap();
        block_on(vault.commit_batch(vec![distinct(round, 9 << 20), event(1), distinct(round, 3 << 20)]))
            .unwrap();
        drop(vault);
        assert_no_blobs(dir.path(), 4 * round as usize);
    }
}

#[test]
fn the_most_parents_on_many_events_make_none() {
    let dir = tempfile::tempdir().unwrap();
    let vault = SledVault::open(dir.path()).unwrap();
    let parents: Vec<EventId> = block_on(fill(&vault, 1_024)).iter().map(|header| header.id).collect();
    // As much as a block takes: the most parents, and the largest payload inside.
    let large = |number| distinct(number, 4 << 10).with_parents(&parents);
    for number in 0..40 {
        block_on(vault.commit(large(number))).unwrap();
    }
    block_on(vault.commit_batch((40..240).map(large).collect())).unwrap();
    drop(vault);
    assert_no_blobs(dir.path(), 1_024 + 240);
}

#[test]
fn mixed_sizes_over_several_openings_make_none() {
    let dir = tempfile::tempdir().unwrap();
    let mut chance = Chance(0x5eed);
    let mut events = 0;
    for _ in 0..8 {
        let vault = SledVault::open(dir.path()).unwrap();
        for _ in 0..20 {
            let sizes = [40, 300, 4_000, 4_096, 4_097, 8_000, 16_384, 16_385, 70_000, 700_000];
            let commit: Vec<_> = (0..=chance.below(6))
                .map(|_| distinct(chance.below(u64::MAX), sizes[chance.below(10) as usize]))
                .collect();
            events += commit.len();
            block_on(vault.commit_batch(commit)).unwrap();
        }
        drop(vault);
        assert_no_blobs(dir.path(), events);
    }
}

#[test]
fn a_removed_tail_makes_none() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 500);
    for round in 0..3_u64 {
        raw::change(dir.path(), |db| {
            // A group of which the last block is missing, with many chunks.
            let mut tail = sled::Batch::default();
            (0..600_u32).for_each(|chunk| tail.insert(raw::chunk_key(10_000, chunk), vec![7; 16 << 10]));
            (0..40_u64).for_each(|block| tail.insert(raw::block_key(10_000 + block), vec![7; 8 << 10]));
            db.apply_batch(tail).unwrap();
        });
        let vault = crate::support::open_accepting(dir.path()).unwrap();
        block_on(vault.commit_batch(batch(0..10))).unwrap();
        drop(vault);
        assert_no_blobs(dir.path(), 500 + 10 * (round as usize + 1));
        raw::change(dir.path(), |db| assert_eq!(raw::chunks(db), 0));
    }
}
