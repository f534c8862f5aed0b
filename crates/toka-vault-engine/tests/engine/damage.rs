//! Events that storage says are damaged: never shown, named, and stepped over.

use futures::executor::block_on;
use toka_vault_core::verify::{Finding, verify};
use toka_vault_core::{
    Direction, Error, Event, EventId, EventStoreExt, Filter, Position, ReplayOptions, Result, StartFrom,
    Timestamp, WalkOptions,
};
use toka_vault_engine::EngineOptions;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{batch, event, fill, id, items, numbers};
use toka_vault_testkit::logs::Rig;
use toka_vault_testkit::runner::watched;

/// Opens a vault of 3,000 events of which 1,500 to 1,502 are damaged.
fn damaged() -> Rig {
    let rig = Rig::new(EngineOptions::default());
    block_on(fill(&rig.vault, 3_000));
    let rig = rig.reopen();
    rig.disk.damage(Position::new(1_500), Position::new(1_502));
    rig
}

/// Sorts items into the positions of events and how many errors there were; all are `Corrupt`.
fn sorted(items: Vec<Result<Event>>) -> (Vec<u64>, usize) {
    let (events, errors): (Vec<_>, Vec<_>) = items.into_iter().partition(Result::is_ok);
    let count = errors.len();
    for error in errors {
        assert_error!(error, Error::Corrupt { last, .. } if last == Position::new(1_502));
    }
    (events.into_iter().map(|event| event.unwrap().position().get()).collect(), count)
}

/// Returns all positions but the damaged ones.
fn whole() -> Vec<u64> {
    (1..1_500).chain(1_503..=3_000).collect()
}

#[test]
fn a_replay_names_the_damage_once_and_goes_on_behind_it() {
    watched(|| {
        let rig = damaged();
        assert_eq!(sorted(block_on(items(rig.vault.replay(ReplayOptions::new())))), (whole(), 1));
    });
}

#[test]
fn ids_are_assigned_though_one_that_cannot_be_read_could_have_any() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        block_on(fill(&rig.vault, 2));
        // Greater than any that is assigned, so that those are looked up.
        block_on(rig.vault.commit(event(3).with_id(EventId::from_u128(u128::MAX)))).unwrap();
        rig.disk.damage(Position::FIRST, Position::FIRST);
        // The index is built anew, and does not know the id of what is damaged.
        let rig = rig.reopen();
        block_on(rig.vault.commit(event(4))).unwrap();
        assert_eq!(block_on(rig.vault.commit_batch(batch(5..8))).unwrap().len(), 3);
        // An id that somebody brought is another matter.
        assert_error!(block_on(rig.vault.commit(event(9).with_id(id(77)))), Error::Corrupt { .. });
    });
}

#[test]
fn a_backward_replay_reads_all_that_is_whole() {
    watched(|| {
        let rig = damaged();
        let options = ReplayOptions::new().with_direction(Direction::Backward);
        let mut told = Vec::new();
        for item in block_on(items(rig.vault.replay(options))) {
            match item {
                Ok(event) => told.push(event.position().get()),
                // Each position once, whatever the errors cover.
                Err(Error::Corrupt { first, last, .. }) => told.extend((first.get()..=last.get()).rev()),
                Err(error) => panic!("{error}"),
            }
        }
        assert!(told.into_iter().eq((1..=3_000).rev()));
    });
}

#[test]
fn behind_an_event_that_may_be_damaged_nothing_is_read_and_nobody_asks_for_ever() {
    watched(|| {
        let rig = damaged();
        let gone = rig.disk.events()[1_500].header.id;
        // The index is built anew, and does not know the ids of what is damaged.
        let rig = rig.reopen();
        for id in [gone, id(77_777)] {
            let behind = ReplayOptions::new().with_start(StartFrom::AfterId(id));
            let streams = [
                rig.vault.replay(behind.clone()),
                rig.vault.replay(behind.clone().with_limit(500)),
                rig.vault.replay(behind.clone().with_direction(Direction::Backward)),
                rig.vault.replay(behind.clone().with_filter(Filter::kind("test.*").unwrap())),
                rig.vault.children(id),
            ];
            for mut stream in streams {
                assert_error!(block_on(stream.try_next()), Error::Storage { .. });
                assert!(block_on(stream.try_next()).unwrap().is_none());
            }
            let mut subscription = rig.vault.subscribe_from(StartFrom::AfterId(id));
            assert_error!(block_on(subscription.recv()), Error::Storage { .. });
            assert!(block_on(subscription.recv()).unwrap().is_none());
            let mut walk = rig.vault.descendants(id, WalkOptions::new());
            assert_error!(block_on(walk.try_next()), Error::Storage { .. });
        }
    });
}

#[test]
fn a_search_for_a_time_tells_damage_once_and_goes_on_behind_it() {
    watched(|| {
        let rig = damaged();
        block_on(rig.vault.commit(event(1).with_timestamp(Timestamp::MAX))).unwrap();
        let from = ReplayOptions::new().with_start(StartFrom::Time(Timestamp::MAX));
        let meant = Filter::kind("test.*").unwrap();
        let backward = from.clone().with_direction(Direction::Backward);
        let ways = [
            from.clone(),
            from.clone().with_limit(1),
            from.with_filter(meant.clone()),
            backward.clone(),
            backward.with_filter(meant),
        ];
        for options in ways {
            let found = block_on(items(rig.vault.replay(options.clone())));
            assert_eq!(sorted(found), (vec![3_001], 1), "{options:?}");
        }
        let mut subscription = rig.vault.subscribe_from(StartFrom::Time(Timestamp::MAX));
        assert_error!(block_on(subscription.recv()), Error::Corrupt { first, .. } if first.get() == 1_500);
        assert_eq!(block_on(subscription.recv()).unwrap().unwrap().position().get(), 3_001);
    });
}

#[test]
fn a_subscription_goes_on_behind_the_damage() {
    watched(|| {
        let rig = damaged();
        let mut subscription = rig.vault.subscribe_from(StartFrom::After(Position::new(1_498)));
        let mut receive = || block_on(subscription.recv()).map(|event| event.unwrap().position().get());
        assert_eq!(receive().unwrap(), 1_499);
        assert_error!(receive(), Error::Corrupt { first, last, .. } if (first.get(), last.get()) == (1_500, 1_502));
        assert_eq!(receive().unwrap(), 1_503);
        block_on(rig.vault.commit(event(1))).unwrap();
        for expected in 1_504..=3_001 {
            assert_eq!(receive().unwrap(), expected);
        }
    });
}

#[test]
fn a_damaged_event_is_never_returned_and_cannot_be_a_parent() {
    watched(|| {
        let rig = damaged();
        let damaged = rig.disk.events()[1_500].header.id;
        assert_error!(block_on(rig.vault.get(damaged)), Error::Corrupt { .. });
        let child = event(1).with_parents(&[damaged]);
        assert_error!(block_on(rig.vault.commit(child)), Error::Corrupt { .. });
        assert_eq!(block_on(rig.vault.head()).unwrap().position.get(), 3_000);
        block_on(rig.vault.commit(event(1))).unwrap();
    });
}

#[test]
fn verifying_names_the_damage() {
    watched(|| {
        let rig = damaged();
        let report = block_on(verify(&rig.vault, |_| ())).unwrap();
        assert_eq!(report.events, 2_997);
        assert!(matches!(report.findings[..], [Finding::Unreadable(Error::Corrupt { .. })]), "{report:?}");
    });
}

#[test]
fn damage_at_either_end_is_stepped_over() {
    watched(|| {
        for (first, last) in [(1, 2), (9, 10), (1, 10)] {
            let rig = Rig::new(EngineOptions::default());
            block_on(fill(&rig.vault, 10));
            let rig = rig.reopen();
            rig.disk.damage(Position::new(first), Position::new(last));
            for direction in [Direction::Forward, Direction::Backward] {
                let options = ReplayOptions::new().with_direction(direction);
                let found = block_on(items(rig.vault.replay(options)));
                let mut read = numbers(&found.into_iter().flatten().collect::<Vec<_>>());
                read.sort_unstable();
                assert_eq!(read, (1..=10).filter(|n| !(first..=last).contains(n)).collect::<Vec<_>>());
            }
        }
    });
}
