//! What waits is bounded, and what is dropped while it waits.

use futures::FutureExt;
use futures::executor::block_on;
use futures::future::join_all;
use toka_vault_core::{Error, NewEvent};
use toka_vault_engine::EngineOptions;
use toka_vault_engine::limits::{EVENT_WEIGHT, QUEUE_BYTES_MAX};
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::events::{batch, event, history, numbers, payload_of};
use toka_vault_testkit::logs::{Rig, UnderWay};
use toka_vault_testkit::runner::watched;

/// Payload bytes of a large event, of which few fill the queue.
const LARGE: usize = 8 << 20;

/// How many large events fill it.
const FITTING: usize = QUEUE_BYTES_MAX / (LARGE + EVENT_WEIGHT);

/// Holds the syncs of a vault back and begins more large commits than there is room for.
fn overfull(rig: &Rig) -> Vec<UnderWay> {
    rig.gate.shut();
    let payload = payload_of(LARGE);
    (0..FITTING + 5).map(|_| rig.begin(NewEvent::new("large", &payload).unwrap())).collect()
}

#[test]
fn commits_beyond_the_bound_wait_for_room() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let commits = overfull(&rig);
        // What waits for room was not accepted, so closing refuses it: that tells how many did.
        let mut close = Box::pin(rig.vault.close());
        assert!((&mut close).now_or_never().is_none());
        rig.gate.open();
        block_on(close).unwrap();
        let (taken, refused): (Vec<_>, Vec<_>) =
            block_on(join_all(commits)).into_iter().partition(Result::is_ok);
        assert_eq!((taken.len(), refused.len()), (FITTING, 5));
        assert!(refused.iter().all(|outcome| matches!(outcome, Err(Error::Closed))), "{refused:?}");
        assert_eq!(rig.disk.synced_events(), FITTING);
    });
}

#[test]
fn commits_that_waited_for_room_are_stored_when_there_is_some() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let commits = overfull(&rig);
        rig.gate.open();
        for outcome in block_on(join_all(commits)) {
            outcome.unwrap();
        }
        assert_eq!(rig.disk.synced_events(), FITTING + 5);
    });
}

#[test]
fn a_commit_that_is_dropped_while_it_waits_for_room_does_nothing() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let mut commits = overfull(&rig);
        drop(commits.split_off(FITTING + 1));
        rig.gate.open();
        block_on(join_all(commits));
        let after = block_on(rig.vault.commit(event(1))).unwrap();
        assert_eq!(after.position.get(), FITTING as u64 + 2);
    });
}

#[test]
fn a_batch_that_is_dropped_under_way_is_stored_whole_or_not_at_all() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let held = rig.hold(event(0));
        let mut dropped = Box::pin(rig.vault.commit_batch(batch(1..6)));
        assert!((&mut dropped).now_or_never().is_none());
        drop(dropped);
        let last = rig.begin(event(9));
        rig.gate.open();
        block_on(held).unwrap();
        block_on(last).unwrap();
        let stored = numbers(&block_on(assert_whole(&rig.vault)));
        assert!(stored == [0, 9] || stored == [0, 1, 2, 3, 4, 5, 9], "{stored:?}");
    });
}

#[test]
fn a_held_sync_does_not_hold_back_readers() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        block_on(rig.vault.commit(event(1))).unwrap();
        let held = rig.hold(event(2));
        assert_eq!(numbers(&block_on(history(&rig.vault))), [1]);
        rig.gate.open();
        block_on(held).unwrap();
    });
}

#[test]
fn closing_refuses_commits_from_the_first_poll_on() {
    watched(|| {
        let rig = Rig::new(EngineOptions { group_events_max: 1, ..EngineOptions::default() });
        let held = rig.hold(event(0));
        let accepted: Vec<_> = (1..=5).map(|number| rig.begin(event(number))).collect();
        let mut close = Box::pin(rig.vault.close());
        assert!((&mut close).now_or_never().is_none());
        let late = rig.vault.commit(event(9)).now_or_never();
        assert!(matches!(late, Some(Err(Error::Closed))), "{late:?}");
        rig.gate.open();
        block_on(held).unwrap();
        assert!(block_on(join_all(accepted)).iter().all(Result::is_ok));
        block_on(close).unwrap();
        assert_eq!(rig.disk.synced_events(), 6);
    });
}
