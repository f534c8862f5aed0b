//! Random operations on vaults in memory, held against the reference model.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use proptest::test_runner::Config;
use toka_vault_memory::InMemoryVault;
use toka_vault_testkit::Backend;
use toka_vault_testkit::model::check_against_model;
use toka_vault_testkit::model::ops::operations;

proptest::proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    #[test]
    fn unbounded_answers_like_the_model(ops in operations(60)) {
        block_on(check_against_model(&Backend::new(InMemoryVault::unbounded), &ops));
    }

    #[test]
    fn bounded_answers_like_the_model(ops in operations(60), capacity in 1..40_usize) {
        let open = move || InMemoryVault::new(capacity).unwrap();
        block_on(check_against_model(&Backend::new(open).bounded(capacity as u64), &ops));
    }
}
