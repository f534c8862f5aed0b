//! All back-ends answer alike for the same random operations: each is held against the model, answer by
//! answer. Durable ones are reopened in between.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use proptest::test_runner::Config;
use toka_vault_scenarios::{journal, memory, sled};
use toka_vault_testkit::Backend;
use toka_vault_testkit::model::check_against_model;
use toka_vault_testkit::model::ops::operations;

proptest::proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn all_back_ends_answer_like_the_model(ops in operations(50)) {
        block_on(check_against_model(&Backend::new(memory), &ops));
        for open in [sled, journal] {
            let folder = tempfile::tempdir().unwrap();
            let on_disk = Backend::new(move || open(folder.path()).unwrap()).durable();
            block_on(check_against_model(&on_disk, &ops));
        }
    }
}
