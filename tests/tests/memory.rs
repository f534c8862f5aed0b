//! A subscriber that sleeps does not make the vault hold what it missed. Alone in its process, so that
//! what the process holds is what the vault does.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use toka_vault::{NewEvent, Vault};
use toka_vault_scenarios::sled;
use toka_vault_testkit::runner::run;

/// What may come and go while 229 MiB are missed.
const GROWTH_BYTES_MAX: u64 = 64 << 20;

#[test]
fn memory_does_not_grow_with_what_a_subscriber_missed() {
    let folder = tempfile::tempdir().unwrap();
    run(move || async move {
        let vault = sled(folder.path()).unwrap();
        let mut sleeper = vault.subscribe();
        // First so many that caches are full, for they are not what is measured.
        write(&vault, 0..200).await;
        for position in 1..=20_000 {
            assert_eq!(sleeper.recv().await.unwrap().unwrap().position().get(), position);
        }
        let before = resident_bytes();
        write(&vault, 200..500).await;
        assert_held(before);
        for position in 20_001..=50_000 {
            assert_eq!(sleeper.recv().await.unwrap().unwrap().position().get(), position);
        }
        assert_held(before);
    });
}

/// Commits batches of a hundred events of 8 KB, no two of them alike.
async fn write(vault: &Vault, batches: std::ops::Range<usize>) {
    let text = "x".repeat(8_000);
    for number in batches {
        let event = |nth| NewEvent::new("sleep.test", (number, nth, &text)).unwrap();
        let batch = (0..100).map(event);
        vault.commit_batch(batch.collect()).await.unwrap();
    }
}

/// Asserts that this process holds about what it held before.
fn assert_held(before: u64) {
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "the vault holds {grown} bytes more");
}

/// Returns how many bytes of this process are in memory.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}
