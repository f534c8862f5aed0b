//! Storage that does not return: whoever waits is told after a bound of time.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use futures::FutureExt;
use futures::executor::block_on;
use toka_vault_core::{Error, Position, ReplayOptions};
use toka_vault_engine::{EngineOptions, Index, LocalVault};
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{batch, event, history, id, numbers};
use toka_vault_testkit::logs::{Disk, Gate, GatedLog, Rig};
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
        drop(rig.vault);
        rig.gate.open();
    });
}

#[test]
fn a_vault_can_be_dropped_before_its_storage_is_given_up() {
    watched(|| {
        let rig = Rig::new(impatient());
        // Nobody waits for the answer.
        drop(rig.hold(event(1)));
        drop(rig.vault);
        rig.gate.open();
    });
}

#[test]
fn a_vault_whose_storage_does_not_close_or_read_is_closed_after_the_bound() {
    watched(|| {
        for closes in [false, true] {
            let (close, read, disk) = (Gate::default(), Gate::default(), Disk::default());
            let log = GatedLog::new(disk.log(), Gate::default());
            let log = log.with_read_gate(read.clone()).with_close_gate(close.clone());
            let index = Index::in_memory(&disk.log(), Position::ZERO).unwrap();
            // Long enough for large batches on a busy machine.
            let options = EngineOptions { stall_max: Duration::from_secs(1), ..EngineOptions::default() };
            let vault = LocalVault::threaded(log, disk.end(), index, &options).unwrap();
            // More than the tail keeps, so that the first is read from the log.
            for number in 0..3 {
                block_on(vault.commit_batch(batch(number * 8_000..(number + 1) * 8_000))).unwrap();
            }
            let hanging = if closes { &close } else { &read };
            hanging.shut();
            let mut replay = vault.replay(ReplayOptions::new());
            if !closes {
                assert!(replay.try_next().now_or_never().is_none());
                hanging.wait_until_held();
            }
            assert_error!(block_on(vault.close()), Error::Poisoned { .. });
            hanging.open();
        }
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
