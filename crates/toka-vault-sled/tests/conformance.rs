//! The suite of the test kit on the vault on sled, and random operations held against the model,
//! with sled opened anew in between.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "safety/support/raw.rs"]
mod raw;

use futures::executor::block_on;
use proptest::test_runner::Config;
use toka_vault_core::Event;
use toka_vault_sled::SledVault;
use toka_vault_testkit::Backend;
use toka_vault_testkit::model::check_against_model;
use toka_vault_testkit::model::ops::operations;

/// Makes vaults in a folder of their own, which goes with them.
fn on_disk() -> Backend {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let damage = move |event: &Event| raw::change(&path, |db| damage(db, event.payload.bytes()));
    Backend::new(move || SledVault::open(dir.path().join("vault")).unwrap()).durable().with_damage(damage)
}

/// Changes a bit of a payload, which no other event has, in the block that it is in.
fn damage(db: &::sled::Db, payload: &[u8]) {
    for first in raw::blocks(db) {
        let mut block = db.get(raw::block_key(first)).unwrap().unwrap().to_vec();
        if let Some(at) = block.windows(payload.len()).position(|bytes| bytes == payload) {
            block[at + payload.len() - 1] ^= 1;
            db.insert(raw::block_key(first), block).unwrap();
        }
    }
}

toka_vault_testkit::conformance!(sled, on_disk());

proptest::proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn it_answers_like_the_model(ops in operations(60)) {
        block_on(check_against_model(&on_disk(), &ops));
    }
}
