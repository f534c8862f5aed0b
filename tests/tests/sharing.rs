//! Equal payloads are kept once, in memory, on disk and for ever, and come back for each event that has them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use toka_vault::{Digest, InMemoryVault, NewEvent, Payload, ReplayOptions, Result, Vault};
#[cfg(feature = "journal")]
use toka_vault::{JournalOptions, JournalVault};
use toka_vault_scenarios::{size_of, sled};
use toka_vault_testkit::runner::run;

const EVENTS: u64 = 10_000;

#[cfg(feature = "journal")]
/// Opens a vault on a journal whose segments are so small that what they have ahead does not matter.
fn small_journal(folder: &Path) -> Result<Vault> {
    let options = JournalOptions::default().with_segment_bytes(1 << 20);
    JournalVault::open_with(folder.join("vault"), options).map(Vault::Journal)
}

/// A payload of just 4 KiB.
fn payload() -> Payload {
    let payload = Payload::encode(&"p".repeat((4 << 10) - 3)).unwrap();
    assert_eq!(payload.bytes().len(), 4 << 10);
    payload
}

async fn commit(vault: &Vault, events: u64) {
    let payload = payload();
    for _ in 0..events / 100 {
        let batch = (0..100).map(|_| NewEvent::new("shared", &payload).unwrap());
        vault.commit_batch(batch.collect()).await.unwrap();
    }
}

fn shares(open: fn(&Path) -> Result<Vault>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_path_buf();
    run(move || async move {
        let vault = open(&path).unwrap();
        commit(&vault, EVENTS / 2).await;
        vault.close().await.unwrap();
        drop(vault);
        let vault = open(&path).unwrap();
        // It is looked for before the log is followed, or after: the payload is found by then.
        assert!(vault.payload(payload().digest()).await.unwrap().is_some());
        commit(&vault, EVENTS / 2).await;
        assert_eq!(vault.shared_bytes().await.unwrap(), (EVENTS - 1) * (4 << 10));
        assert_eq!(vault.payload(payload().digest()).await.unwrap(), Some(payload()));
        assert_eq!(vault.payload(Digest::of(b"another")).await.unwrap(), None);
        let mut history = vault.replay(ReplayOptions::new());
        let mut events = 0;
        while let Some(event) = history.try_next().await.unwrap() {
            assert!(event.payload == payload() && event.payload.is_intact());
            events += 1;
        }
        assert_eq!(events, EVENTS);
        vault.close().await.unwrap();
    });
    let bytes = size_of(folder.path()).unwrap();
    assert!(bytes < 4 << 20, "{bytes} bytes on disk");
}

#[test]
fn ten_thousand_events_with_one_payload_are_small_in_memory() {
    run(|| async {
        let vault = Vault::Memory(InMemoryVault::unbounded());
        commit(&vault, EVENTS).await;
        assert_eq!(vault.shared_bytes().await.unwrap(), (EVENTS - 1) * (4 << 10));
        assert_eq!(vault.payload(payload().digest()).await.unwrap(), Some(payload()));
    });
}

#[test]
fn ten_thousand_events_with_one_payload_are_small_on_sled() {
    shares(sled);
}

#[cfg(feature = "journal")]
#[test]
fn ten_thousand_events_with_one_payload_are_small_on_a_journal() {
    shares(small_journal);
}
