//! Storage that does not return: whoever waits is told after a bound of time.

use std::time::Duration;

use futures::FutureExt;
use futures::executor::block_on;
use toka_vault_core::{Error, Head, Position, ReplayOptions, Result};
use toka_vault_engine::{
    Chunk, EngineOptions, FollowedLog, Group, Index, IndexBeside, Log, LogEnd, ReadBudget, Unappended,
    open_following, open_threaded,
};
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{batch, event, history, id, numbers};
use toka_vault_testkit::logs::{Disk, Gate, GatedLog, Rig, VecLog};
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
            let vault = open_threaded(log, disk.end(), index, &options).unwrap();
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
fn subscriptions_end_with_a_vault_whose_storage_hangs() {
    watched(|| {
        for closes in [false, true] {
            let rig = Rig::new(impatient());
            let mut live = rig.vault.subscribe();
            let held = rig.hold(event(1));
            if closes {
                assert_error!(block_on(rig.vault.close()), Error::Poisoned { .. });
            }
            assert_error!(block_on(held), Error::OutcomeUnknown { .. });
            drop(rig.vault);
            assert_eq!(block_on(live.recv()).unwrap(), None);
            rig.gate.open();
        }
    });
}

#[test]
fn a_read_that_hangs_is_answered_once_the_vault_is_closed() {
    watched(|| {
        let (read, disk) = (Gate::default(), Disk::default());
        let log = GatedLog::new(disk.log(), Gate::default()).with_read_gate(read.clone());
        let index = Index::in_memory(&disk.log(), Position::ZERO).unwrap();
        let options = EngineOptions { stall_max: Duration::from_secs(1), ..EngineOptions::default() };
        let vault = open_threaded(log, disk.end(), index, &options).unwrap();
        block_on(vault.commit(event(1).with_id(id(1)))).unwrap();
        // More than is remembered, so that the first is read from the log.
        for number in 1..6 {
            block_on(vault.commit_batch(batch(number * 8_000..(number + 1) * 8_000))).unwrap();
        }
        read.shut();
        let mut repeat = Box::pin(vault.commit(event(1).with_id(id(1))));
        assert!((&mut repeat).now_or_never().is_none());
        read.wait_until_held();
        let mut reads = Box::pin(vault.get(id(1)));
        assert!((&mut reads).now_or_never().is_none());
        assert_error!(block_on(vault.close()), Error::Poisoned { .. });
        assert_error!(block_on(repeat), Error::Closed);
        assert_error!(block_on(reads), Error::Closed);
        read.open();
    });
}

/// Is a log that is written elsewhere, and cannot be looked at.
struct Hanging(VecLog, Gate);

impl Log for Hanging {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        self.0.append(group)
    }

    fn sync(&self, head: Head) -> Result<()> {
        self.0.sync(head)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        self.0.read(from, budget)
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl FollowedLog for Hanging {
    fn look(&self) -> Result<LogEnd> {
        self.1.pass();
        Ok(LogEnd::EMPTY)
    }
}

#[test]
fn a_vault_that_is_read_only_is_closed_and_dropped_though_its_storage_hangs() {
    watched(|| {
        let gate = Gate::default();
        gate.shut();
        let log = Hanging(Disk::default().log(), gate.clone());
        let vault = open_following(log, LogEnd::EMPTY, IndexBeside::default(), &impatient()).unwrap();
        gate.wait_until_held();
        let mut live = vault.subscribe();
        block_on(vault.close()).unwrap();
        assert_eq!(block_on(live.recv()).unwrap(), None);
        drop(vault);
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
