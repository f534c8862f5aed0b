//! A subscriber that sleeps does not make the vault hold what it missed. Alone in its process, so that
//! what the process holds is what the vault does.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use toka_vault::{NewEvent, Payload};
use toka_vault_scenarios::sled;
use toka_vault_testkit::runner::run;

/// What the vault may hold: sled's cache of 64 MiB, and as much again for all else.
const HELD_BYTES_MAX: u64 = 128 << 20;

#[test]
fn memory_does_not_grow_with_what_a_subscriber_missed() {
    let folder = tempfile::tempdir().unwrap();
    run(move || async move {
        let vault = sled(folder.path()).unwrap();
        let before = resident_bytes();
        let mut sleeper = vault.subscribe();
        // 50,000 events of 4 KiB are 195 MiB.
        let payload = Payload::encode(&"x".repeat(4_000)).unwrap();
        for _ in 0..500 {
            let batch = (0..100).map(|_| NewEvent::new("sleep.test", &payload).unwrap());
            vault.commit_batch(batch.collect()).await.unwrap();
        }
        let written = resident_bytes();
        for position in 1..=50_000 {
            assert_eq!(sleeper.recv().await.unwrap().unwrap().position().get(), position);
        }
        for held in [written, resident_bytes()].map(|now| now.saturating_sub(before)) {
            assert!(held < HELD_BYTES_MAX, "the vault holds {held} bytes");
        }
    });
}

/// Returns how many bytes of this process are in memory.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}
