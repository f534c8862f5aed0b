//! Storage that does not return: whoever waits is told after a bound of time.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use futures::executor::block_on;
use toka_vault_core::Error;
use toka_vault_engine::EngineOptions;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{event, history, id, numbers};
use toka_vault_testkit::logs::Rig;
use toka_vault_testkit::runner::watched;

/// A bound that a test can wait for.
fn impatient() -> EngineOptions {
    EngineOptions { stall_max: Duration::from_millis(50), ..EngineOptions::default() }
}

#[test]
fn a_sync_that_hangs_is_answered_as_unknown_and_poisons_the_vault() {
    watched(|| {
        let rig = Rig::new(impatient());
        block_on(rig.vault.commit(event(1).with_id(id(1)))).unwrap();
        let held = rig.hold(event(2));
        let later = rig.begin(event(3));
        assert_error!(block_on(held), Error::OutcomeUnknown { .. });
        assert_error!(block_on(later), Error::Poisoned { .. });
        assert_error!(block_on(rig.vault.commit(event(4))), Error::Poisoned { .. });
        assert_eq!(numbers(&block_on(history(&rig.vault))), [1]);
        assert_error!(block_on(rig.vault.close()), Error::Poisoned { .. });
        assert_error!(block_on(rig.vault.commit(event(5))), Error::Closed);
        rig.gate.open();
    });
}

#[test]
fn a_vault_whose_storage_hangs_can_be_dropped() {
    watched(|| {
        let rig = Rig::new(impatient());
        let held = rig.hold(event(1));
        assert_error!(block_on(held), Error::OutcomeUnknown { .. });
        let gate = rig.gate.clone();
        drop(rig);
        gate.open();
    });
}

#[test]
fn a_group_that_is_late_is_not_published_after_its_callers_were_told() {
    watched(|| {
        let rig = Rig::new(impatient());
        let held = rig.hold(event(1));
        assert_error!(block_on(held), Error::OutcomeUnknown { .. });
        rig.gate.open();
        assert_error!(block_on(rig.vault.close()), Error::Poisoned { .. });
        assert_eq!(block_on(rig.vault.head()).unwrap().position.get(), 0);
    });
}
