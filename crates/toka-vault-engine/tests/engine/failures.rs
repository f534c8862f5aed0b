//! Storage that fails: whoever waits is told, nothing more is written, and reading goes on.

use futures::executor::block_on;
use toka_vault_core::{Error, NewEvent, StartFrom};
use toka_vault_engine::EngineOptions;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{assert_waits, drain, event, fill, history, id, items, numbers, take};
use toka_vault_testkit::logs::{Call, Fault, Rig};
use toka_vault_testkit::runner::watched;

/// All ways in which a call can fail.
const FAULTS: [Fault; 3] = [Fault::Error, Fault::ErrorAfter, Fault::Panic];

/// Asserts that a vault takes no commits, appends and syncs nothing, and is read on as before.
fn assert_poisoned(rig: &Rig, published: u64) {
    let calls = [Call::Append, Call::Sync];
    let before = calls.map(|call| rig.faults.count(call));
    for new in [event(90), event(91).with_id(id(91)), event(1).with_id(id(1))] {
        assert_error!(block_on(rig.vault.commit(new)), Error::Poisoned { .. });
    }
    assert_eq!(block_on(rig.vault.head()).unwrap().position.get(), published);
    let expected: Vec<_> = (1..=published).collect();
    assert_eq!(numbers(&block_on(history(&rig.vault))), expected);
    let first = block_on(rig.vault.get(id(1))).unwrap();
    assert_eq!(first.is_some(), published > 0);

    let subscription = rig.vault.subscribe_from(StartFrom::default());
    assert_error!(block_on(rig.vault.close()), Error::Poisoned { .. });
    let (events, _) = block_on(drain(subscription));
    assert_eq!(numbers(&events), expected[..events.len()]);
    assert_eq!(calls.map(|call| rig.faults.count(call)), before, "the log was written after a failure");
    assert_eq!(rig.faults.count(Call::Close), 1);
    assert_error!(block_on(rig.vault.commit(event(92))), Error::Closed);
}

/// Makes the events of these tests: the number is the id too.
fn named(number: u64) -> NewEvent {
    event(number).with_id(id(number))
}

#[test]
fn a_failed_sync_tells_its_group_and_poisons_the_vault() {
    for fault in FAULTS {
        watched(move || {
            let rig = Rig::new(EngineOptions::default());
            block_on(rig.vault.commit(named(1))).unwrap();
            let mut live = rig.vault.subscribe();
            let held = rig.hold(named(2));
            let later = [rig.begin(named(3)), rig.begin(named(4))];
            rig.faults.fail_next(Call::Sync, fault);
            rig.gate.open();
            assert_error!(block_on(held), Error::OutcomeUnknown { .. });
            for commit in later {
                assert_error!(block_on(commit), Error::Poisoned { .. });
            }
            assert_waits(&mut live);
            assert_poisoned(&rig, 1);
        });
    }
}

#[test]
fn a_failed_append_tells_its_group_and_poisons_the_vault() {
    for fault in FAULTS {
        watched(move || {
            let rig = Rig::new(EngineOptions::default());
            let held = rig.hold(named(1));
            let group = [rig.begin(named(2)), rig.begin(named(3))];
            rig.faults.fail_next(Call::Append, fault);
            rig.gate.open();
            block_on(held).unwrap();
            for commit in group {
                assert_error!(block_on(commit), Error::OutcomeUnknown { .. });
            }
            assert_eq!(rig.faults.count(Call::Sync), 1, "a group that was not appended was synced");
            assert_poisoned(&rig, 1);
        });
    }
}

#[test]
fn the_very_first_append_can_fail() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        rig.faults.fail(Call::Append, 1, Fault::Error);
        assert_error!(block_on(rig.vault.commit(named(1))), Error::OutcomeUnknown { .. });
        assert_poisoned(&rig, 0);
    });
}

#[test]
fn an_error_keeps_the_failure_as_its_source() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        rig.faults.fail(Call::Sync, 1, Fault::Panic);
        let Err(Error::OutcomeUnknown { source }) = block_on(rig.vault.commit(named(1))) else {
            panic!("a commit outlived a failed sync");
        };
        assert!(source.to_string().contains("Sync was told to panic"), "{source}");
        let Err(Error::Poisoned { source: again }) = block_on(rig.vault.commit(named(2))) else {
            panic!("a poisoned vault took a commit");
        };
        assert_eq!(again.to_string(), source.to_string());
    });
}

#[test]
fn after_reopening_what_was_acknowledged_is_there_and_commits_go_on() {
    for fault in FAULTS {
        watched(move || {
            let rig = Rig::new(EngineOptions::default());
            block_on(rig.vault.commit(named(1))).unwrap();
            rig.faults.fail_next(Call::Sync, fault);
            assert_error!(block_on(rig.vault.commit(named(2))), Error::OutcomeUnknown { .. });
            let rig = rig.reopen();
            // As the error says: commit again under the same id, which stores it once.
            assert_eq!(block_on(rig.vault.commit(named(2))).unwrap().position.get(), 2);
            assert_eq!(numbers(&block_on(history(&rig.vault))), [1, 2]);
        });
    }
}

#[test]
fn a_failed_late_sync_poisons_the_vault() {
    watched(|| {
        let durability = toka_vault_engine::Durability::Interval(std::time::Duration::from_secs(3_600));
        let rig = Rig::new(EngineOptions { durability, ..EngineOptions::default() });
        block_on(rig.vault.commit(named(1))).unwrap();
        rig.faults.fail_next(Call::Sync, Fault::Error);
        assert_error!(block_on(rig.vault.close()), Error::Poisoned { .. });
        assert_eq!((rig.faults.count(Call::Sync), rig.faults.count(Call::Close)), (1, 1));
    });
}

#[test]
fn a_failed_close_is_told_and_ends_subscriptions() {
    for fault in FAULTS {
        watched(move || {
            let rig = Rig::new(EngineOptions::default());
            let mut live = rig.vault.subscribe();
            block_on(rig.vault.commit(named(1))).unwrap();
            rig.faults.fail(Call::Close, 1, fault);
            assert_error!(block_on(rig.vault.close()), Error::Storage { .. });
            assert_eq!(block_on(take(&mut live, 1)).len(), 1);
            assert!(block_on(live.recv()).unwrap().is_none());
        });
    }
}

#[test]
fn a_failed_read_fails_its_reader_and_nobody_else() {
    for fault in [Fault::Error, Fault::Panic] {
        watched(move || {
            let rig = Rig::new(EngineOptions::default());
            block_on(fill(&rig.vault, 10));
            // Opened again, so that nothing is in memory.
            let rig = rig.reopen();
            rig.faults.fail(Call::Read, 1, fault);
            let mut found = block_on(items(rig.vault.replay(Default::default())));
            assert_eq!(found.len(), 1, "after a failure a replay ends");
            assert_error!(found.remove(0), Error::Storage { .. });
            assert_eq!(block_on(history(&rig.vault)).len(), 10);
            block_on(rig.vault.commit(event(11))).unwrap();
            block_on(rig.vault.close()).unwrap();
        });
    }
}

#[test]
fn a_read_that_fails_for_a_commit_refuses_that_commit_only() {
    for fault in [Fault::Error, Fault::Panic] {
        watched(move || {
            let rig = Rig::new(EngineOptions::default());
            block_on(rig.vault.commit(named(1))).unwrap();
            let rig = rig.reopen();
            rig.faults.fail(Call::Read, 1, fault);
            let child = || event(2).with_parents(&[id(1)]);
            assert_error!(block_on(rig.vault.commit(child())), Error::Storage { .. });
            assert_eq!(block_on(rig.vault.head()).unwrap().position.get(), 1);
            block_on(rig.vault.commit(child())).unwrap();
        });
    }
}
