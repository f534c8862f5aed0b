//! Damage to what is stored, written through sled itself, so that only our own checks can see it.

use std::path::Path;

use futures::StreamExt;
use futures::executor::block_on;
use toka_vault_core::{
    Condition, Digest, Direction, Error, EventStore, EventStoreExt, Filter, NewEvent, Position, ReplayOptions,
};
use toka_vault_sled::SledVault;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{event, fill, id, items, sized};

use crate::support::{Chance, damaged_positions, raw};

const LARGE: usize = 100_000;

/// Makes a vault of three events, the middle one of a large payload, and changes a chunk of it.
fn with_chunk(path: &Path, change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> SledVault {
    let vault = SledVault::open(path).unwrap();
    let events: Vec<NewEvent> = vec![event(1), sized(LARGE).with_id(id(2)), sized(LARGE + 1).with_id(id(3))];
    events.into_iter().for_each(|event| drop(block_on(vault.commit(event)).unwrap()));
    block_on(vault.close()).unwrap();
    raw::change(path, |db| {
        let key = raw::chunk_key(2, 3);
        match change(db.get(&key).unwrap().unwrap().to_vec()) {
            Some(chunk) => db.insert(key, chunk).unwrap(),
            None => db.remove(key).unwrap(),
        };
    });
    SledVault::open(path).unwrap()
}

/// Asserts that the second of three events is damaged, and that event alone, however it is read.
fn assert_second_damaged(vault: &SledVault) {
    let second = Position::new(2);
    for direction in [Direction::Forward, Direction::Backward] {
        let read = block_on(items(vault.replay(ReplayOptions::new().with_direction(direction))));
        assert_eq!(read.len(), 3);
        assert!(read[0].is_ok() && read[2].is_ok());
        assert_error!(&read[1], Error::Corrupt { first, last, .. } if *first == second && *last == second);
    }
    assert!(!matches!(block_on(vault.get(id(2))), Ok(Some(_))), "it is shown");
    assert!(block_on(vault.get(id(3))).unwrap().unwrap().payload == sized(LARGE + 1).payload);
    block_on(vault.commit(event(4))).unwrap();
}

#[test]
fn a_missing_chunk_damages_its_event_alone() {
    let dir = tempfile::tempdir().unwrap();
    assert_second_damaged(&with_chunk(dir.path(), |_| None));
}

#[test]
fn a_chunk_of_another_length_damages_its_event_alone() {
    for length in [0, 1, (16 << 10) - 1, (16 << 10) + 1] {
        let dir = tempfile::tempdir().unwrap();
        assert_second_damaged(&with_chunk(dir.path(), |_| Some(vec![b'x'; length])));
    }
}

#[test]
fn a_changed_chunk_damages_its_event_alone() {
    let dir = tempfile::tempdir().unwrap();
    let flip = |mut chunk: Vec<u8>| {
        chunk[77] ^= 1;
        Some(chunk)
    };
    assert_second_damaged(&with_chunk(dir.path(), flip));
}

#[test]
fn a_damaged_payload_is_told_for_each_event_that_shares_it() {
    let dir = tempfile::tempdir().unwrap();
    let vault = with_chunk(dir.path(), |_| None);
    // It cannot be read when the next one comes, so that one keeps its own.
    block_on(vault.commit(sized(LARGE))).unwrap();
    block_on(vault.commit(sized(LARGE))).unwrap();
    let which_fail = |vault: &SledVault| {
        let read = block_on(items(vault.replay(ReplayOptions::new())));
        read.iter().map(Result::is_err).collect::<Vec<_>>()
    };
    assert_eq!(which_fail(&vault), [false, true, false, false, false]);
    block_on(vault.close()).unwrap();
    raw::change(dir.path(), |db| drop(db.remove(raw::chunk_key(4, 0)).unwrap().unwrap()));
    let vault = SledVault::open(dir.path()).unwrap();
    let read = block_on(items(vault.replay(ReplayOptions::new())));
    assert_error!(&read[4], Error::Corrupt { first, reason, .. }
        if *first == Position::new(5) && reason.contains("shares the payload of position 4"));
    assert_eq!(which_fail(&vault), [false, true, false, true, true]);
}

/// Makes a closed vault of several blocks.
fn several_blocks(path: &Path) -> u64 {
    let vault = SledVault::open(path).unwrap();
    block_on(fill(&vault, 600));
    block_on(vault.close()).unwrap();
    600
}

#[test]
fn a_flipped_bit_in_a_block_is_named_and_the_rest_is_there() {
    let mut chance = Chance(0xb10c);
    for _ in 0..40 {
        let dir = tempfile::tempdir().unwrap();
        let events = several_blocks(dir.path());
        let mut newest = false;
        raw::change(dir.path(), |db| {
            let blocks = raw::blocks(db);
            let nth = chance.below(blocks.len() as u64) as usize;
            newest = nth + 1 == blocks.len();
            let key = raw::block_key(blocks[nth]);
            let mut block = db.get(&key).unwrap().unwrap().to_vec();
            let at = chance.below(block.len() as u64) as usize;
            block[at] ^= 1 << chance.below(8);
            db.insert(key, block).unwrap();
        });
        match SledVault::open(dir.path()) {
            Ok(vault) => {
                let damaged = damaged_positions(&vault);
                assert!((1..events / 2).contains(&(damaged.len() as u64)), "{damaged:?}");
            }
            Err(Error::Corrupt { .. }) if newest => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_missing_block_is_named_and_the_rest_is_there() {
    let dir = tempfile::tempdir().unwrap();
    several_blocks(dir.path());
    let mut expected = Vec::new();
    raw::change(dir.path(), |db| {
        let blocks = raw::blocks(db);
        db.remove(raw::block_key(blocks[1])).unwrap().unwrap();
        expected = (blocks[1]..blocks[2]).collect();
    });
    assert_eq!(damaged_positions(&SledVault::open(dir.path()).unwrap()), expected);
}

#[test]
fn a_missing_block_is_named_to_whoever_asks_for_what_could_be_in_it() {
    let dir = tempfile::tempdir().unwrap();
    several_blocks(dir.path());
    let mut missing = (0, 0);
    raw::change(dir.path(), |db| {
        let blocks = raw::blocks(db);
        db.remove(raw::block_key(blocks[1])).unwrap().unwrap();
        missing = (blocks[1], blocks[2]);
    });
    let vault = SledVault::open(dir.path()).unwrap();
    let kind = || Filter::kind("test.*").unwrap();
    let asked = block_on(items(vault.replay(ReplayOptions::new().with_filter(kind()))));
    let there = asked.iter().flatten().count() as u64;
    let named: u64 = asked
        .iter()
        .filter_map(|item| match item {
            Err(Error::Corrupt { first, last, .. }) => Some(last.get() - first.get() + 1),
            _ => None,
        })
        .sum();
    assert_eq!((there, named), (600 - (missing.1 - missing.0), missing.1 - missing.0));
    // What stands behind it is found, and what is in it is not denied.
    let behind = asked.iter().flatten().last().unwrap().header.clone();
    assert_eq!(block_on(vault.get(behind.id)).unwrap().unwrap().header, behind);
    assert!(block_on(vault.payload(behind.digest)).unwrap().is_some());
    assert!(block_on(vault.payload(Digest::of(b"nothing has it"))).is_err());
    let none = |after| [Condition::none_after(Position::new(after), kind())];
    let refused = block_on(vault.commit_if(event(601), &none(missing.0 - 1)));
    assert_error!(refused, Error::Corrupt { first, .. } if first.get() == missing.0);
    let refused = block_on(vault.commit_if(event(601), &none(missing.1)));
    assert_error!(refused, Error::ConditionFailed { position, .. } if position.get() == missing.1 + 1);
    block_on(vault.commit_if(event(601), &none(600))).unwrap();
}

#[test]
fn a_block_of_other_events_is_named_and_the_rest_is_there() {
    let dir = tempfile::tempdir().unwrap();
    several_blocks(dir.path());
    let mut expected = Vec::new();
    raw::change(dir.path(), |db| {
        let blocks = raw::blocks(db);
        let other = db.get(raw::block_key(blocks[0])).unwrap().unwrap();
        db.insert(raw::block_key(blocks[1]), other).unwrap();
        expected = (blocks[1]..blocks[2]).collect();
    });
    assert_eq!(damaged_positions(&SledVault::open(dir.path()).unwrap()), expected);
}

#[test]
fn a_subscription_goes_on_behind_damage() {
    let dir = tempfile::tempdir().unwrap();
    let vault = with_chunk(dir.path(), |_| None);
    let mut subscription = vault.subscribe_from(toka_vault_core::StartFrom::Beginning);
    let first: Vec<_> = block_on((&mut subscription).take(3).collect());
    assert!(first[0].is_ok() && first[1].is_err() && first[2].is_ok(), "{first:?}");
    block_on(vault.commit(event(4))).unwrap();
    assert_eq!(block_on(subscription.recv()).unwrap().unwrap().position(), Position::new(4));
}
