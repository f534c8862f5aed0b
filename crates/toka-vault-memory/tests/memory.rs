//! A bounded vault does not grow, and has no thread. Alone in its process, so that nothing else does or has either.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use toka_vault_core::{EventStore, NewEvent, Payload};
use toka_vault_memory::InMemoryVault;

/// Ids that were evicted are let go: a million events take no more memory than a few thousand.
#[test]
fn memory_does_not_grow_with_what_was_evicted() {
    let threads = status("Threads:");
    let vault = InMemoryVault::new(1_000).unwrap();
    let payload = Payload::encode(&1).unwrap();
    let new = NewEvent::new("test.event", &payload).unwrap();
    let commit = |batches: usize| {
        for _ in 0..batches {
            block_on(vault.commit_batch(vec![new.clone(); 1_000])).unwrap();
        }
    };
    commit(50);
    assert_eq!(status("Threads:"), threads, "the vault has threads");
    let before = resident_bytes();
    commit(1_000);
    let grown = resident_bytes().saturating_sub(before);
    // The ids alone of a million events would take 32 MiB.
    assert!(grown < 16 << 20, "grew by {grown} bytes");
}

/// Returns how many bytes of this process are in memory.
fn resident_bytes() -> u64 {
    status("VmRSS:") << 10
}

/// Returns what the system says of this process under a name.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
