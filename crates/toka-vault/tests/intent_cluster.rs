//! The feature `intent-cluster` is reserved: with it and without it, the same program does the same.
//!
//! `cargo xtask ci` runs this file with the feature on and off. The digests and hashes below are
//! written down, so both runs compare with the same ones.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use toka_vault::{EventId, InMemoryVault, NewEvent, Timestamp, Vault};

/// The head of the history of this test, in every build.
const CHAIN: &str = "1b948546a6f15e8302934a9791124778553ed18ae5ac3367ebd72b398942ce0e";

#[test]
fn it_changes_nothing() {
    let vault = Vault::Memory(InMemoryVault::unbounded());
    block_on(async {
        for number in 0..10_u64 {
            let parents: Vec<_> = (number.saturating_sub(2)..number).map(id).collect();
            let event = NewEvent::new("intent.none", serde_json::json!({ "n": number })).unwrap();
            let event = event.with_id(id(number)).with_timestamp(Timestamp::EPOCH).with_parents(&parents);
            vault.commit(event).await.unwrap();
        }
        assert_eq!(vault.head().await.unwrap().chain.to_string(), CHAIN);
    });
}

#[test]
fn it_brings_no_dependency() {
    let manifest = include_str!("../Cargo.toml");
    assert!(manifest.lines().any(|line| line == "intent-cluster = []"), "the feature is no longer empty");
}

#[test]
fn no_source_asks_for_it() {
    for source in
        [include_str!("../src/lib.rs"), include_str!("../src/vault.rs"), include_str!("../src/url.rs")]
    {
        assert!(!source.contains("\"intent-cluster\""), "a source depends on the feature");
    }
}

/// Makes an id.
fn id(number: u64) -> EventId {
    EventId::from_parts(1_600_000_000_000, number.into())
}
