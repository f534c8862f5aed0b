//! A replay that reads ahead over chunks of all sizes: each position is told of once, in order, and
//! no more is held than is promised.

use std::sync::Barrier;
use std::thread;

use futures::executor::block_on;
use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::Config;
use toka_vault_core::{Direction, Error, Event, Filter, NewEvent, Position, Replay, ReplayOptions, Result};
use toka_vault_engine::EngineOptions;
use toka_vault_engine::limits::{CHUNK_BYTES_MAX, CHUNK_EVENTS_MAX, CHUNKS_AHEAD, PARTS_AHEAD};
use toka_vault_testkit::events::{fill, items, sized};
use toka_vault_testkit::logs::{Call, Rig};
use toka_vault_testkit::runner::watched;

/// Is a stretch of events alike: how many, and the bytes of each payload.
type Stretch = (usize, usize);

/// Is a stretch of damage: at which share of the history, in thousandths, and how many events.
type Damage = (u64, u64);

/// Holds what a replay told, in order.
#[derive(Debug, Default, PartialEq)]
struct Told {
    events: Vec<u64>,
    damaged: Vec<u64>,
}

/// Opens a vault with these events, none of which is in memory.
fn stored(stretches: &[Stretch]) -> Rig {
    let rig = Rig::new(EngineOptions::default());
    for (count, size) in stretches {
        let new = sized(*size);
        let at_once = (CHUNK_EVENTS_MAX).min((8 << 20) / size).max(1);
        for start in (0..*count).step_by(at_once) {
            let batch: Vec<NewEvent> = vec![new.clone(); at_once.min(count - start)];
            block_on(rig.vault.commit_batch(batch)).unwrap();
        }
    }
    rig.reopen()
}

/// Damages events of a vault, and returns which.
fn damage(rig: &Rig, damages: &[Damage]) -> Vec<u64> {
    let head = block_on(rig.vault.head()).unwrap().position.get();
    let mut damaged = Vec::new();
    for (share, length) in damages {
        let first = 1 + (head - 1) * share / 1_000;
        let last = (first + length - 1).min(head);
        rig.disk.damage(Position::new(first), Position::new(last));
        damaged.extend(first..=last);
    }
    damaged.sort_unstable();
    damaged.dedup();
    damaged
}

/// Sorts what a replay gave, and asserts that each position was told of once, in order.
fn told(items: Vec<Result<Event>>) -> Told {
    let (mut told, mut due) = (Told::default(), 1);
    for item in items {
        match item {
            Ok(event) => {
                assert_eq!(event.position().get(), due, "an event out of its turn");
                told.events.push(due);
                due += 1;
            }
            Err(Error::Corrupt { first, last, .. }) => {
                assert_eq!(first.get(), due, "damage out of its turn");
                told.damaged.extend(due..=last.get());
                due = last.get() + 1;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    told
}

/// Returns what a replay has to tell: all, or up to the last of `limit` events that are whole.
fn expected(head: u64, damaged: &[u64], limit: Option<u64>) -> Told {
    let whole = (1..=head).filter(|position| damaged.binary_search(position).is_err());
    let events: Vec<u64> = whole.take(limit.unwrap_or(head) as usize).collect();
    let is_cut = limit.is_some_and(|limit| events.len() as u64 == limit);
    let last = if is_cut { events.last().copied().unwrap_or(0) } else { head };
    Told { events, damaged: damaged.iter().copied().filter(|position| *position <= last).collect() }
}

/// Replays with and without a limit, and asserts that it is told what has to be.
fn check(stretches: &[Stretch], damages: &[Damage], limit: u64) {
    let rig = stored(stretches);
    let damaged = damage(&rig, damages);
    let head = block_on(rig.vault.head()).unwrap().position.get();
    for limit in [None, Some(limit)] {
        let mut options = ReplayOptions::new();
        options.limit = limit;
        let found = told(block_on(items(rig.vault.replay(options))));
        assert!(found == expected(head, &damaged, limit), "limit {limit:?}, damaged {damaged:?}: {found:?}");
    }
}

#[test]
fn large_and_small_events_in_turns_are_told_once_in_order() {
    watched(|| {
        let small = (3 * CHUNK_EVENTS_MAX, 10);
        let full = (5, CHUNK_BYTES_MAX - 1);
        check(&[small, full, small, (3, CHUNK_BYTES_MAX), (1, 10), (60, 70_000), small, full], &[], 7_000);
    });
}

#[test]
fn damage_in_the_middle_of_chunks_is_told_once_in_its_place() {
    watched(|| {
        let damages = [(100, 1), (101, 700), (400, 3), (500, 1), (501, 1), (999, 40)];
        check(&[(9 * CHUNK_EVENTS_MAX, 10)], &damages, 12_000);
    });
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_history_is_told_once_in_order(
        stretches in prop::collection::vec(
            prop_oneof![
                (1..2 * CHUNK_EVENTS_MAX, 1..30_usize),
                (1..40_usize, 60_000..65_000_usize),
                (1..4_usize, CHUNK_BYTES_MAX - 2..CHUNK_BYTES_MAX + 2),
            ],
            1..6,
        ),
        damages in prop::collection::vec((0..1_000_u64, 1..30_u64), 0..6),
        limit in 1..10_000_u64,
    ) {
        watched(move || check(&stretches, &damages, limit));
    }
}

/// Counts the reads that a replay of a history takes.
fn reads(stretches: &[Stretch]) -> u64 {
    let rig = stored(stretches);
    let before = rig.faults.count(Call::Read);
    told(block_on(items(rig.vault.replay(ReplayOptions::new()))));
    rig.faults.count(Call::Read) - before
}

#[test]
fn chunks_grow_again_behind_large_events() {
    watched(|| {
        let reads = reads(&[(40, CHUNK_BYTES_MAX), (40_000, 10)]);
        // One for each large event, some hundred while they grow, and some that were given up.
        assert!((40..300).contains(&reads), "{reads} reads");
    });
}

#[test]
fn large_events_are_seldom_read_in_vain() {
    watched(|| {
        let events = 2 * CHUNK_EVENTS_MAX + 900;
        let reads = reads(&[(events, CHUNK_BYTES_MAX)]);
        assert!((events as u64..events as u64 * 6 / 5).contains(&reads), "{reads} reads");
    });
}

#[test]
fn a_replay_reads_three_chunks_ahead_and_no_more() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let (chunk, ahead) = (CHUNK_EVENTS_MAX, CHUNKS_AHEAD as u64);
        block_on(fill(&rig.vault, 8 * chunk as u64));
        let rig = rig.reopen();
        let before = rig.faults.count(Call::Read);
        let reads = || rig.faults.count(Call::Read) - before;
        let mut replay = rig.vault.replay(ReplayOptions::new());
        for taken in 0..4 {
            for _ in 0..chunk {
                block_on(replay.try_next()).unwrap().unwrap();
            }
            let due = taken + 1 + ahead;
            while reads() < due {
                thread::yield_now();
            }
            assert_eq!(reads(), due, "after {} chunks", taken + 1);
        }
    });
}

/// How many events the parts of what is picked first have: each twice as many as the one before, up to 128.
const PARTS: [u64; 6] = [32, 64, 128, 128, 128, 32];

/// How many events the parts of what is picked later have.
const LATER: u64 = 128;

/// Events of which one is of the kind that is asked for, so that each of those takes a read of its own.
const APART: u64 = 20;

/// Opens a vault with so many events of a kind, each `apart` from the one before, none of which is in memory.
/// Its index is up to date.
fn apart(apart: u64, wanted: u64) -> (Rig, ReplayOptions) {
    let rig = Rig::new(EngineOptions::default());
    let kind = |number: u64| if number.is_multiple_of(apart) { "wanted" } else { "other" };
    let event = |number| NewEvent::new(kind(number), number).unwrap();
    for first in (0..apart * wanted).step_by(2_000) {
        let batch = (first..(first + 2_000).min(apart * wanted)).map(event).collect();
        block_on(rig.vault.commit_batch(batch)).unwrap();
    }
    let rig = rig.reopen();
    let options = ReplayOptions::new().with_filter(Filter::kind("wanted").unwrap());
    block_on(items(rig.vault.replay(options.clone().with_limit(1))));
    (rig, options)
}

#[test]
fn what_is_picked_is_read_two_parts_ahead_and_no_more() {
    watched(|| {
        let (rig, options) = apart(APART, 2_000);
        let before = rig.faults.count(Call::Read);
        let reads = || rig.faults.count(Call::Read) - before;
        let mut replay = rig.vault.replay(options);
        let parts: Vec<u64> = PARTS.into_iter().chain([LATER; 11]).collect();
        let mut due = 1;
        for (taken, part) in parts.iter().enumerate().take(15) {
            for _ in 0..*part {
                let event = block_on(replay.try_next()).unwrap().unwrap();
                assert_eq!(event.position().get(), due);
                due += APART;
            }
            let ahead: u64 = parts.iter().take(taken + 1 + PARTS_AHEAD).sum();
            // The first parts are found at once. What is asked for behind them may not be found yet.
            while taken + PARTS_AHEAD < PARTS.len() && reads() < ahead {
                thread::yield_now();
            }
            assert!(reads() <= ahead, "{} reads after {} parts", reads(), taken + 1);
        }
    });
}

#[test]
fn of_large_picks_no_more_is_held_than_of_small_ones() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let mut large = sized(CHUNK_BYTES_MAX);
        large.kind = "wanted".parse().unwrap();
        for _ in 0..PARTS[0] + PARTS[1] + 6 {
            let mut batch = vec![sized(10); APART as usize];
            batch.push(large.clone());
            block_on(rig.vault.commit_batch(batch)).unwrap();
        }
        let rig = rig.reopen();
        let options = || ReplayOptions::new().with_filter(Filter::kind("wanted").unwrap());
        block_on(items(rig.vault.replay(options().with_limit(1))));
        let before = rig.faults.count(Call::Read);
        let reads = || rig.faults.count(Call::Read) - before;
        let mut replay = rig.vault.replay(options());
        for taken in 1..PARTS[0] {
            block_on(replay.try_next()).unwrap().unwrap();
            let due = taken + PARTS_AHEAD as u64;
            while reads() < due {
                thread::yield_now();
            }
            assert_eq!(reads(), due, "after {taken} events");
        }
    });
}

#[test]
fn what_is_picked_is_not_read_beyond_a_limit() {
    watched(|| {
        let (rig, options) = apart(APART, 700);
        for limit in [1, 31, 33, 600] {
            let before = rig.faults.count(Call::Read);
            let found = block_on(items(rig.vault.replay(options.clone().with_limit(limit))));
            assert_eq!(found.len() as u64, limit);
            assert_eq!(rig.faults.count(Call::Read) - before, limit, "reads");
        }
    });
}

#[test]
fn what_is_picked_is_told_once_in_order_either_way_however_close_together() {
    watched(|| {
        for step in [1, 2, 5, 17, 40] {
            let (rig, options) = apart(step, 3_000);
            let due: Vec<_> = (0..3_000).map(|number| 1 + step * number).collect();
            let told = |options| {
                let events = block_on(items(rig.vault.replay(options))).into_iter();
                events.map(|event| event.unwrap().position().get()).collect::<Vec<_>>()
            };
            assert!(told(options.clone()) == due, "every {step}");
            let backward = told(options.with_direction(Direction::Backward));
            assert!(backward.into_iter().eq(due.into_iter().rev()), "every {step}, backward");
        }
    });
}

#[test]
fn what_was_asked_for_ahead_and_is_left_keeps_nobody_from_reading() {
    watched(|| {
        let rig = stored(&[(4 * CHUNK_EVENTS_MAX, 10)]);
        let id = block_on(rig.vault.replay(ReplayOptions::new()).try_next()).unwrap().unwrap().header.id;
        let mut replays: Vec<_> = (0..200).map(|_| rig.vault.replay(ReplayOptions::new())).collect();
        // All at once, so that more is asked for than there is room for.
        let firsts = block_on(join_all(replays.iter_mut().map(Replay::try_next)));
        assert!(firsts.into_iter().all(|first| first.unwrap().is_some()));
        assert!(block_on(rig.vault.get(id)).unwrap().is_some());
        block_on(rig.vault.close()).unwrap();
        drop(replays);
    });
}

#[test]
fn a_vault_closes_while_many_read() {
    watched(|| {
        let rig = stored(&[(100, 10)]);
        let id = block_on(rig.vault.replay(ReplayOptions::new()).try_next()).unwrap().unwrap().header.id;
        let started = Barrier::new(201);
        thread::scope(|scope| {
            for _ in 0..200 {
                scope.spawn(|| {
                    started.wait();
                    while block_on(rig.vault.get(id)).is_ok_and(|event| event.is_some()) {}
                });
            }
            started.wait();
            block_on(rig.vault.close()).unwrap();
        });
        assert!(matches!(block_on(rig.vault.get(id)), Err(Error::Closed)));
    });
}
