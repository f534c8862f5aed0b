//! The suite of the test kit on the vault on a journal, and random operations held against the model,
//! with the journal opened anew in between. Once with segments of the usual size, once with so small
//! ones that nearly every group begins one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use proptest::test_runner::Config;
use toka_vault_journal::{JournalOptions, JournalVault};
use toka_vault_testkit::Backend;
use toka_vault_testkit::model::check_against_model;
use toka_vault_testkit::model::ops::operations;

/// Makes vaults in a folder of their own, which goes with them.
fn on_disk(segment_bytes: u64) -> Backend {
    let dir = tempfile::tempdir().unwrap();
    let options = JournalOptions::new().with_segment_bytes(segment_bytes);
    Backend::new(move || JournalVault::open_with(dir.path().join("vault"), options).unwrap()).durable()
}

toka_vault_testkit::conformance!(journal, on_disk(16 << 20));

toka_vault_testkit::conformance!(small_segments, on_disk(64 << 10));

proptest::proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn it_answers_like_the_model(ops in operations(60)) {
        block_on(check_against_model(&on_disk(64 << 10), &ops));
    }
}
