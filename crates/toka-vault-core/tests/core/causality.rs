//! What walks do about damage, on a store of a third party that has some; and that every answer
//! that depends on it is an error.

#[allow(dead_code, reason = "the tests of `verify` need more of it")]
use std::sync::Arc;

use crate::listed::Listed;
use futures::StreamExt;
use futures::executor::block_on;
use toka_vault_core::{
    Error, Event, EventId, EventStore, EventStoreExt, Filter, NewEvent, Position, Result, Walk, WalkOptions,
    WalkOrder,
};

/// Where the damage is.
const DAMAGED: u64 = 3;

/// Returns the id that the store gives to its event at a position.
fn id(position: u64) -> EventId {
    EventId::from_u128(position.into())
}

/// Makes a store of a graph with its third event damaged:
///
/// ```text
/// 1 ── 2 ────────── 5 ── 6
///  \── 3 (damaged) ─/ \
///       \── 4          7
/// ```
fn damaged() -> Arc<dyn EventStore> {
    let store = Arc::new(Listed::default());
    let parents: [&[u64]; 7] = [&[], &[1], &[1], &[3], &[2, 3], &[5], &[5]];
    let batch = parents.iter().enumerate().map(|(number, parents)| {
        let parents: Vec<_> = parents.iter().copied().map(id).collect();
        NewEvent::new("test.event", number).unwrap().with_parents(&parents)
    });
    block_on(store.commit_batch(batch.collect())).unwrap();
    store.lie(|state| {
        let error = Error::corrupt(Position::new(DAMAGED), "checksum");
        state.items[DAMAGED as usize - 1] = Err(error.clone());
        state.unreadable = Some((id(DAMAGED), error));
    });
    store
}

/// Reads a walk: the position of each event, and the negative position of each damaged one.
fn places(walk: Walk<'_>) -> Vec<i64> {
    let place = |item: Result<Event>| match item {
        Ok(event) => event.position().get() as i64,
        Err(Error::Corrupt { first, .. }) => -(first.get() as i64),
        Err(other) => panic!("{other:?}"),
    };
    block_on(walk.map(place).collect())
}

fn nearest_first() -> WalkOptions {
    WalkOptions::new().with_order(WalkOrder::NearestFirst)
}

#[test]
fn a_damaged_ancestor_is_told_in_its_place_and_the_rest_is_reached() {
    let store = damaged();
    assert_eq!(places(store.ancestors(id(6), WalkOptions::new())), [1, 2, -3, 5]);
    assert_eq!(places(store.ancestors(id(6), nearest_first())), [5, -3, 2, 1]);
    assert_eq!(places(store.ancestors(id(4), WalkOptions::new())), [-3]);
}

#[test]
fn damage_does_not_count_for_a_limit() {
    let store = damaged();
    assert_eq!(places(store.ancestors(id(6), nearest_first().with_limit(2))), [5, -3, 2]);
    assert_eq!(places(store.ancestors(id(6), WalkOptions::new().with_limit(2))), [2, -3, 5]);
    assert_eq!(places(store.descendants(id(1), WalkOptions::new().with_limit(2))), [2, -3, 5]);
}

#[test]
fn damage_is_told_whatever_is_meant_for_it_could_be() {
    let store = damaged();
    let nothing = || WalkOptions::new().with_filter(Filter::kind("nobody").unwrap());
    assert_eq!(places(store.ancestors(id(6), nothing())), [-3]);
    assert_eq!(places(store.ancestors(id(6), nothing().with_order(WalkOrder::NearestFirst))), [-3]);
    assert_eq!(places(store.descendants(id(1), nothing().with_limit(1))), [-3]);
}

#[test]
fn a_damaged_descendant_is_told_once_and_the_rest_is_reached() {
    let store = damaged();
    assert_eq!(places(store.descendants(id(1), WalkOptions::new())), [2, -3, 5, 6, 7]);
}

#[test]
fn a_walk_from_a_damaged_event_is_the_news_of_that() {
    let store = damaged();
    assert_eq!(places(store.ancestors(id(3), WalkOptions::new())), [-3]);
    assert_eq!(places(store.ancestors(id(3), nearest_first())), [-3]);
}

#[test]
fn roots_and_leaves_go_on_behind_damage() {
    let store = damaged();
    assert_eq!(places(store.roots()), [1, -3]);
    assert_eq!(places(store.leaves()).iter().filter(|place| **place < 0).count(), 1);
}

#[test]
fn a_relation_that_damage_does_not_touch_is_told() {
    let store = damaged();
    assert!(block_on(store.is_ancestor(id(1), id(6))).unwrap());
    assert!(block_on(store.is_ancestor(id(5), id(6))).unwrap());
    assert!(!block_on(store.is_ancestor(id(4), id(6))).unwrap());
    assert!(!block_on(store.is_ancestor(id(6), id(1))).unwrap());
    let common = block_on(store.common_ancestors(id(6), id(7))).unwrap();
    assert_eq!(common.iter().map(Event::position).collect::<Vec<_>>(), [Position::new(5)]);
}

#[test]
fn a_relation_that_damage_could_change_is_an_error() {
    let store = damaged();
    for (earlier, later) in [(1, 4), (2, 4), (3, 6)] {
        let told = block_on(store.is_ancestor(id(earlier), id(later)));
        assert!(matches!(told, Err(Error::Corrupt { .. })), "{earlier} before {later}: {told:?}");
    }
    for (one, other) in [(4, 6), (2, 4), (1, 3)] {
        let told = block_on(store.common_ancestors(id(one), id(other)));
        assert!(matches!(told, Err(Error::Corrupt { .. })), "{one} and {other}: {told:?}");
    }
}

#[test]
fn a_dropped_future_loses_no_event() {
    let store = damaged();
    let mut walk = store.ancestors(id(6), WalkOptions::new());
    drop(walk.try_next());
    assert_eq!(block_on(walk.try_next()).unwrap().map(|event| event.position()), Some(Position::FIRST));
}
