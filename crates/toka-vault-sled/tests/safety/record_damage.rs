//! Damage to one record inside a block that is decoded by whoever takes the events: that event alone
//! is named, and its neighbours are read, whichever way one reads.

use std::path::Path;

use futures::StreamExt;
use futures::executor::block_on;
use toka_vault_core::{
    Direction, Error, Event, EventStore, EventStoreExt, NewEvent, Position, ReplayOptions, Result, StartFrom,
};
use toka_vault_sled::SledVault;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{id, items};

use crate::support::raw;

/// So many that they are several blocks.
const EVENTS: u64 = 400;

/// Names the part of a record that is changed.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// The number of its kind.
    Kind,
    /// The flags: then it says that its payload is outside.
    Flags,
    /// The number of its parents.
    Parents,
    Id,
    /// The last byte of its payload.
    Payload,
}

const PARTS: [Part; 5] = [Part::Kind, Part::Flags, Part::Parents, Part::Id, Part::Payload];

/// Makes the text that stands in the payload of the event at a position, and nowhere else.
fn text(position: u64) -> String {
    format!("event number {position:05}, and no other")
}

/// Makes a closed vault, and damages the records at these positions.
fn damaged(path: &Path, positions: &[u64], part: Part) -> SledVault {
    let vault = SledVault::open(path).unwrap();
    let new = |n| NewEvent::new("test.record", text(n)).unwrap().with_id(id(n));
    block_on(vault.commit_batch((1..=EVENTS).map(new).collect())).unwrap();
    block_on(vault.close()).unwrap();
    raw::change(path, |db| {
        let blocks = raw::blocks(db);
        assert!(blocks.len() > 3, "{blocks:?}");
        for position in positions {
            let first = *blocks.iter().rfind(|first| **first <= *position).unwrap();
            let mut block = db.get(raw::block_key(first)).unwrap().unwrap().to_vec();
            change(&mut block, *position, part);
            db.insert(raw::block_key(first), block).unwrap();
        }
    });
    SledVault::open(path).unwrap()
}

/// Changes a bit of the record at a position. `docs/format.md` says where its parts are.
fn change(block: &mut [u8], position: u64, part: Part) {
    let find = |bytes: &[u8]| block.windows(bytes.len()).rposition(|found| found == bytes).unwrap();
    let id_at = find(&id(position).to_bytes());
    let at = match part {
        Part::Kind => id_at - 5,
        Part::Flags => id_at - 3,
        Part::Parents => id_at - 2,
        Part::Id => id_at + 15,
        Part::Payload => find(text(position).as_bytes()) + text(position).len() - 1,
    };
    block[at] ^= 1;
}

/// Asserts that an item is the event at a position, as it was committed.
fn assert_event(item: &Result<Event>, position: u64) {
    let event = item.as_ref().unwrap();
    assert_eq!((event.position(), event.header.id), (Position::new(position), id(position)));
    assert_eq!(event.payload.decode::<String>().unwrap(), text(position));
}

/// Asserts that items tell of these positions, one each, and of these as damaged.
fn assert_told(items: &[Result<Event>], positions: impl Iterator<Item = u64>, damaged: &[u64]) {
    let positions: Vec<u64> = positions.collect();
    assert_eq!(items.len(), positions.len());
    for (item, position) in items.iter().zip(positions) {
        if damaged.contains(&position) {
            let at = Position::new(position);
            assert_error!(item, Error::Corrupt { first, last, .. } if (*first, *last) == (at, at));
        } else {
            assert_event(item, position);
        }
    }
}

/// Replays and returns what comes.
fn replayed(vault: &SledVault, direction: Direction, limit: Option<u64>) -> Vec<Result<Event>> {
    let mut options = ReplayOptions::new().with_direction(direction);
    options.limit = limit;
    block_on(items(vault.replay(options)))
}

/// Reads in all ways, with these positions damaged.
fn check(vault: &SledVault, damaged: &[u64]) {
    let whole = EVENTS - damaged.len() as u64;
    // A limit counts what is whole, so this one is not reached.
    for limit in [None, Some(whole + 1)] {
        assert_told(&replayed(vault, Direction::Forward, limit), 1..=EVENTS, damaged);
        assert_told(&replayed(vault, Direction::Backward, limit), (1..=EVENTS).rev(), damaged);
    }
    let mut subscription = vault.subscribe_from(StartFrom::Beginning);
    let received: Vec<_> = block_on((&mut subscription).take(EVENTS as usize).collect());
    assert_told(&received, 1..=EVENTS, damaged);
    for position in damaged {
        check_around(vault, *position, damaged);
    }
}

/// Reads what is around a damaged position, from just before it, and by id.
fn check_around(vault: &SledVault, position: u64, damaged: &[u64]) {
    let from = position.saturating_sub(2);
    let start = StartFrom::After(Position::new(from));
    let subscription = vault.subscribe_from(start);
    let to = (position + 2).min(EVENTS);
    let received: Vec<_> = block_on(subscription.take((to - from) as usize).collect());
    assert_told(&received, from + 1..=to, damaged);
    // Ends with the event before the damage, which it does not come to.
    let before = position - 1 - from;
    if before > 0 && !damaged.contains(&(position - 1)) {
        let options = ReplayOptions::new().with_start(start).with_limit(before);
        assert_told(&block_on(items(vault.replay(options))), from + 1..position, damaged);
    }
    for near in from + 1..=to {
        match damaged.contains(&near) {
            true => assert_error!(block_on(vault.get(id(near))), Error::Corrupt { .. }),
            false => assert_event(&block_on(vault.get(id(near))).map(Option::unwrap), near),
        }
    }
}

#[test]
fn a_damaged_record_is_named_and_its_neighbours_are_read() {
    for part in PARTS {
        for position in [2, EVENTS / 2] {
            let dir = tempfile::tempdir().unwrap();
            check(&damaged(dir.path(), &[position], part), &[position]);
        }
    }
}

#[test]
fn damaged_records_beside_each_other_are_each_named() {
    for part in [Part::Flags, Part::Payload] {
        let dir = tempfile::tempdir().unwrap();
        let positions = [1, 7, 8, 9, 200, 202];
        check(&damaged(dir.path(), &positions, part), &positions);
    }
}

#[test]
fn an_id_that_could_be_that_of_a_damaged_event_is_neither_missing_nor_free() {
    let dir = tempfile::tempdir().unwrap();
    let damaged_at = Position::new(7);
    // No file of the index has so few ids, so that they are read from the log.
    let vault = damaged(dir.path(), &[7], Part::Payload);
    let new = |text: &str| NewEvent::new("test.record", text).unwrap();
    let at = |error: &Error| matches!(error, Error::Corrupt { first, .. } if *first == damaged_at);
    for unknown in [id(7), id(0)] {
        let found = block_on(vault.get(unknown)).unwrap_err();
        assert!(at(&found) && found.to_string().contains(&unknown.to_string()), "{found}");
        let again = block_on(vault.commit(new("other").with_id(unknown))).unwrap_err();
        assert!(at(&again), "{again}");
        let child = block_on(vault.commit(new("child").with_parents(&[unknown]))).unwrap_err();
        assert!(at(&child), "{child}");
    }
    // What is known is answered, and what is new goes on.
    let known = NewEvent::new("test.record", text(8)).unwrap().with_id(id(8));
    assert_eq!(block_on(vault.commit(known)).unwrap().position, Position::new(8));
    let brought = block_on(vault.commit(new("greater than all").with_id(id(EVENTS + 9)))).unwrap();
    let next = block_on(vault.commit(new("next").with_parents(&[id(8)]))).unwrap();
    assert_eq!((brought.position.get(), next.position.get()), (EVENTS + 1, EVENTS + 2));
}

#[test]
fn a_relation_that_one_of_several_damaged_events_could_change_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let vault = SledVault::open(dir.path()).unwrap();
    let commit = |number: u64, parents: &[u64]| {
        let parents: Vec<_> = parents.iter().copied().map(id).collect();
        let new = NewEvent::new("test.record", text(number)).unwrap().with_id(id(number));
        block_on(vault.commit(new.with_parents(&parents))).unwrap();
    };
    // 2 leads to 4 by way of 3 alone; 5 leads nowhere.
    for (at, parents) in [(1, &[][..]), (2, &[]), (3, &[2]), (4, &[3]), (5, &[2]), (6, &[])] {
        commit(at, parents);
    }
    block_on(vault.close()).unwrap();
    drop(vault);
    raw::change(dir.path(), |db| {
        for position in [1, 3] {
            let first = *raw::blocks(db).iter().rfind(|first| **first <= position).unwrap();
            let mut block = db.get(raw::block_key(first)).unwrap().unwrap().to_vec();
            change(&mut block, position, Part::Payload);
            db.insert(raw::block_key(first), block).unwrap();
        }
    });
    let vault = SledVault::open(dir.path()).unwrap();
    let unknown = |error: &Error| matches!(error, Error::Corrupt { first, last, .. } if (first.get(), last.get()) == (1, 3));
    assert!(unknown(&block_on(vault.get(id(3))).unwrap_err()));
    assert!(unknown(&block_on(vault.is_ancestor(id(2), id(4))).unwrap_err()));
    assert!(unknown(&block_on(vault.common_ancestors(id(4), id(5))).unwrap_err()));
    assert!(block_on(vault.is_ancestor(id(2), id(5))).unwrap());
    assert!(!block_on(vault.is_ancestor(id(4), id(6))).unwrap());
}
