//! The suite of the test kit on the vault on a journal, and random operations held against the model,
//! with the journal opened anew in between. Once with segments of the usual size, once with so small
//! ones that nearly every group begins one, compressed, and with the index of ids alone.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use futures::executor::block_on;
use proptest::test_runner::Config;
use toka_vault_journal::{Compression, Indexing, JournalOptions, JournalVault};
use toka_vault_testkit::Backend;
use toka_vault_testkit::model::check_against_model;
use toka_vault_testkit::model::ops::operations;

/// Makes vaults in a folder of their own, which goes with them.
fn on_disk(options: JournalOptions) -> Backend {
    let dir = tempfile::tempdir().unwrap();
    Backend::new(move || JournalVault::open_with(dir.path().join("vault"), options).unwrap()).durable()
}

/// Other than usual in all that makes a difference for the bytes on disk, but for the indexes.
fn small_segments() -> JournalOptions {
    JournalOptions::new().with_segment_bytes(64 << 10).with_compression(Compression::Lz4)
}

/// Makes vaults of the usual kind, which can be read only, and damaged.
fn usual() -> Backend {
    let dir = tempfile::tempdir().unwrap();
    let (readable, damaged) = (dir.path().join("vault"), dir.path().join("vault/journal"));
    Backend::new(move || JournalVault::open(dir.path().join("vault")).unwrap())
        .durable()
        .with_read_only(move || JournalVault::open_read_only(&readable).unwrap())
        .with_damage(move |event| damage(&damaged, event.payload.bytes()))
}

/// Changes a bit of a payload, which no other event has, in the segment that it is in.
fn damage(journal: &Path, payload: &[u8]) {
    for segment in std::fs::read_dir(journal).unwrap() {
        let segment = segment.unwrap().path();
        let mut bytes = std::fs::read(&segment).unwrap();
        if let Some(at) = bytes.windows(payload.len()).position(|found| found == payload) {
            bytes[at + payload.len() - 1] ^= 1;
            std::fs::write(&segment, bytes).unwrap();
        }
    }
}

toka_vault_testkit::conformance!(journal, usual());

toka_vault_testkit::conformance!(small_segments, on_disk(small_segments().with_indexing(Indexing::Ids)));

proptest::proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn it_answers_like_the_model(ops in operations(60)) {
        block_on(check_against_model(&on_disk(small_segments()), &ops));
    }
}
