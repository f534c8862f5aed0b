//! The suite of the test kit on the vault on sled, and random operations held against the model,
//! with sled opened anew in between.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use proptest::test_runner::Config;
use toka_vault_sled::SledVault;
use toka_vault_testkit::Backend;
use toka_vault_testkit::model::check_against_model;
use toka_vault_testkit::model::ops::operations;

/// Makes vaults in a folder of their own, which goes with them.
fn on_disk() -> Backend {
    let dir = tempfile::tempdir().unwrap();
    Backend::new(move || SledVault::open(dir.path().join("vault")).unwrap()).durable()
}

toka_vault_testkit::conformance!(sled, on_disk());

proptest::proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn it_answers_like_the_model(ops in operations(60)) {
        block_on(check_against_model(&on_disk(), &ops));
    }
}
