//! Memory and sled answer alike for the same random operations: both are held against the model,
//! answer by answer, and against each other by what they hold in the end. Sled is reopened in between.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use proptest::test_runner::Config;
use toka_vault_scenarios::{memory, sled};
use toka_vault_testkit::FromFn;
use toka_vault_testkit::model::check_against_model;
use toka_vault_testkit::model::ops::operations;

proptest::proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn memory_and_sled_answer_like_the_model(ops in operations(50)) {
        block_on(check_against_model(&FromFn::new(memory), &ops));
        let folder = tempfile::tempdir().unwrap();
        let on_sled = FromFn::new(move || sled(folder.path()).unwrap()).durable();
        block_on(check_against_model(&on_sled, &ops));
    }
}
