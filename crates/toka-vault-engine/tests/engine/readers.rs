//! Where readers read: in memory when they are close to the head, in the log when they are not.

use futures::executor::block_on;
use toka_vault_core::{Filter, NewEvent, Position, ReplayOptions, StartFrom, SubscribeOptions};
use toka_vault_engine::EngineOptions;
use toka_vault_engine::limits::TAIL_EVENTS_MAX;
use toka_vault_testkit::assertions::assert_dense;
use toka_vault_testkit::events::{assert_waits, event, fill, sized, take};
use toka_vault_testkit::logs::{Call, Rig};
use toka_vault_testkit::runner::watched;

#[test]
fn a_subscriber_close_to_the_head_reads_nothing_from_the_log() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let mut live = rig.vault.subscribe();
        for _ in 0..10 {
            block_on(fill(&rig.vault, 500));
            block_on(take(&mut live, 500));
        }
        assert_eq!(rig.faults.count(Call::Read), 0);
    });
}

#[test]
fn a_subscriber_that_fell_behind_reads_the_log_and_catches_up() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let mut slow = rig.vault.subscribe();
        let count = 2 * TAIL_EVENTS_MAX as u64;
        block_on(fill(&rig.vault, count));
        assert_dense(&block_on(take(&mut slow, count as usize)), Position::FIRST);
        assert_waits(&mut slow);
        let reads = rig.faults.count(Call::Read);
        assert!(reads > 0);
        block_on(rig.vault.commit(event(1))).unwrap();
        block_on(take(&mut slow, 1));
        assert_eq!(rig.faults.count(Call::Read), reads, "caught up, it reads from memory again");
    });
}

#[test]
fn a_subscriber_to_a_kind_reads_from_the_first_event_on_no_more_than_a_replay_of_it() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        block_on(fill(&rig.vault, TAIL_EVENTS_MAX as u64));
        let wanted = NewEvent::new("rare", 1).unwrap();
        block_on(rig.vault.commit(wanted)).unwrap();
        block_on(fill(&rig.vault, 2 * TAIL_EVENTS_MAX as u64));
        let filter = || Filter::kind("rare").unwrap();
        let replay = || block_on(rig.vault.replay(ReplayOptions::new().with_filter(filter())).try_next());
        // The first one has the index read what there is.
        replay().unwrap().unwrap();
        let (first, position) = (rig.faults.count(Call::Read), TAIL_EVENTS_MAX as u64 + 1);
        assert_eq!(replay().unwrap().unwrap().position().get(), position);
        let second = rig.faults.count(Call::Read);
        let options = SubscribeOptions::new(StartFrom::Beginning).with_filter(filter());
        let mut live = rig.vault.subscribe_from(options);
        assert_eq!(block_on(live.recv()).unwrap().unwrap().position().get(), position);
        assert_eq!(rig.faults.count(Call::Read) - second, second - first);
    });
}

#[test]
fn a_payload_larger_than_the_tail_is_read_from_the_log() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let mut live = rig.vault.subscribe();
        for size in [10, 9 << 20, 11] {
            block_on(rig.vault.commit(sized(size))).unwrap();
            assert_eq!(block_on(take(&mut live, 1))[0].payload.bytes().len(), size);
        }
        assert_eq!(rig.faults.count(Call::Read), 1);
    });
}

#[test]
fn a_subscriber_that_was_behind_when_the_vault_closed_is_told() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let subscription = rig.vault.subscribe_from(StartFrom::After(Position::ZERO));
        block_on(fill(&rig.vault, 2 * TAIL_EVENTS_MAX as u64));
        block_on(rig.vault.close()).unwrap();
        let (events, ended) = block_on(toka_vault_testkit::events::drain(subscription));
        assert!(events.is_empty() && !ended, "what it had not read is gone with the log");
    });
}
