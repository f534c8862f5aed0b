//! Conditions of commits to a vault in memory, which is searched where the caller is.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::FutureExt;
use futures::executor::block_on;
use toka_vault_core::{Condition, Error, EventId, Filter, NewEvent, Position};
use toka_vault_memory::InMemoryVault;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{batch, event, id};

/// Events that are searched.
const EVENTS: u64 = 40_000;

/// Fills vaults that keep all of it and vaults that evict a part; the first event has an id that is known.
fn filled() -> [InMemoryVault; 2] {
    let vaults = [InMemoryVault::unbounded(), InMemoryVault::new(EVENTS as usize / 2).unwrap()];
    for vault in &vaults {
        block_on(vault.commit(event(0).with_id(id(0)))).unwrap();
        for first in (1..EVENTS).step_by(8_000) {
            block_on(vault.commit_batch(batch(first..(first + 8_000).min(EVENTS)))).unwrap();
        }
    }
    vaults
}

/// Makes an event of a kind that no other has.
fn rare(id: EventId) -> NewEvent {
    NewEvent::new("test.rare", 1).unwrap().with_id(id)
}

#[test]
fn a_search_gives_way_and_commits_go_on_meanwhile() {
    for vault in filled() {
        let none = Condition::none_after(Position::ZERO, Filter::kind("test.rare").unwrap());
        let mut searching = Box::pin(vault.commit_batch_if(vec![rare(id(1))], std::slice::from_ref(&none)));
        assert!((&mut searching).now_or_never().is_none(), "all was searched at once");
        // One that is searched for comes behind all that is being searched.
        let broken = block_on(vault.commit(rare(id(2)))).unwrap().position;
        let mut pauses = 1;
        let refused = loop {
            match (&mut searching).now_or_never() {
                Some(outcome) => break outcome,
                None => pauses += 1,
            }
        };
        assert!(pauses >= EVENTS / 8_192 / 2, "{pauses} pauses");
        assert_error!(refused, Error::ConditionFailed { position, .. } if position == broken);
        // What is little is looked at where it is.
        let none = Condition::none_after(broken, Filter::kind("test.rare").unwrap());
        let committed = vault.commit_batch_if(vec![rare(id(3))], &[none]).now_or_never();
        assert_eq!(committed.unwrap().unwrap().len(), 1);
    }
}

#[test]
fn a_leaf_is_searched_for_children_far_behind_it() {
    let [vault, _] = filled();
    let leaf = [Condition::Leaf(id(0))];
    block_on(vault.commit_batch_if(vec![rare(id(1)).with_parents(&[id(0)])], &leaf)).unwrap();
    block_on(vault.commit_batch(batch(EVENTS..EVENTS + 5_000))).unwrap();
    let second = block_on(vault.commit_batch_if(vec![rare(id(2))], &leaf));
    assert_error!(second, Error::ConditionFailed { position, .. } if position.get() == EVENTS + 1);
}

#[test]
fn who_commits_much_on_the_same_thread_keeps_no_condition_from_being_decided() {
    let vault = InMemoryVault::unbounded();
    block_on(vault.commit_batch(batch(0..8_000))).unwrap();
    let none = [Condition::none_after(Position::ZERO, Filter::kind("test.rare").unwrap())];
    let mut searching = Box::pin(vault.commit_batch_if(vec![rare(id(1))], &none));
    // In each turn more than is looked at in the end.
    let turns = (1..20).take_while(|turn| {
        let outcome = (&mut searching).now_or_never();
        block_on(vault.commit_batch(batch(turn * 8_000..turn * 8_000 + 2_000))).unwrap();
        outcome.map(Result::unwrap).is_none()
    });
    assert!(turns.count() < 10, "the others go first for ever");
}
