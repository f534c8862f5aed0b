//! `verify` on a store that lies in each way there is, and on one that does not.
//!
//! The store is a third party's in all respects: it implements `EventStore` outside the crate, next
//! to the implementation for pointers, and is used as `Arc<dyn EventStore>`.

use std::sync::Arc;

use crate::listed::{Listed, State};
use futures::executor::block_on;
use toka_vault_core::verify::{Finding, Report, verify};
use toka_vault_core::{
    ChainHash, Digest, Error, EventHash, EventId, EventStore, EventStoreExt, Head, NewEvent, Payload,
    Position,
};

/// Returns the id that the store gives to its event at a position.
fn id(position: u64) -> EventId {
    EventId::from_u128(position.into())
}

/// A store of four events: 2 after 1, 3 after 1 and 2, 4 after none.
fn store() -> Arc<Listed> {
    let store = Arc::new(Listed::default());
    let batch = [vec![], vec![id(1)], vec![id(2), id(1)], vec![]]
        .into_iter()
        .enumerate()
        .map(|(number, parents)| NewEvent::new("test.event", number).unwrap().with_parents(&parents));
    block_on(store.commit_batch(batch.collect())).unwrap();
    store
}

/// Verifies the store after a change to what it returns.
fn verified(change: impl FnOnce(&mut State)) -> Report {
    let store = store();
    store.lie(change);
    let store: Arc<dyn EventStore> = store;
    block_on(verify(&store, |_| {})).unwrap()
}

/// Returns the findings as text, which names each event and its position.
fn findings(report: &Report) -> Vec<String> {
    report.findings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_store_that_tells_the_truth_is_clean() {
    let report = verified(|_| {});
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!((report.events, report.unproven, report.more), (4, 0, 0));
    assert!(report.chain_checked);
}

#[test]
fn an_empty_store_is_clean() {
    let store: Arc<dyn EventStore> = Arc::new(Listed::default());
    let report = block_on(verify(&store, |_| {})).unwrap();
    assert!(report.is_clean() && report.chain_checked);
    assert_eq!(report.events, 0);
}

#[test]
fn progress_is_told_after_each_event() {
    let mut told = Vec::new();
    block_on(verify(&store(), |events| told.push(events))).unwrap();
    assert_eq!(told, [1, 2, 3, 4]);
}

#[test]
fn damaged_events_are_findings_and_the_rest_is_checked() {
    let error = Error::corrupt(Position::new(3), "checksum");
    let report = verified(|state| state.items[2] = Err(error));
    assert!(matches!(report.findings[..], [Finding::Unreadable(Error::Corrupt { .. })]));
    assert_eq!(report.events, 3);
    assert!(!report.chain_checked);
}

#[test]
fn the_children_of_a_damaged_event_are_unproven_not_wrong() {
    let error = Error::corrupt(Position::new(1), "checksum");
    let report = verified(|state| {
        state.items[0] = Err(error.clone());
        state.unreadable = Some((id(1), error));
    });
    assert!(matches!(report.findings[..], [Finding::Unreadable(_)]), "{:?}", report.findings);
    assert_eq!(report.unproven, 2);
}

#[test]
fn a_changed_payload_is_a_wrong_digest() {
    let report = verified(|state| {
        let event = state.event(1);
        let other = Payload::encode("other").unwrap();
        event.payload = Payload::from_stored(other.bytes().clone(), event.header.digest);
    });
    assert!(matches!(report.findings[..], [Finding::WrongDigest { .. }]), "{:?}", report.findings);
    assert!(findings(&report)[0].contains(&format!("event {} at position 2", id(2))));
}

#[test]
fn another_whole_payload_is_a_wrong_digest() {
    let report = verified(|state| state.event(1).payload = Payload::encode("other").unwrap());
    assert!(matches!(report.findings[..], [Finding::WrongDigest { .. }]), "{:?}", report.findings);
}

#[test]
fn each_changed_field_of_a_header_is_a_wrong_hash() {
    let changes: [fn(&mut State); 5] = [
        |state| state.event(2).header.id = id(77),
        |state| state.event(2).header.kind = "another.kind".parse().unwrap(),
        |state| state.event(2).header.timestamp = "2026-01-31T12:00:00Z".parse().unwrap(),
        |state| state.event(2).header.parents = [id(1), id(2)].into(),
        |state| state.event(2).header.parents = [id(2)].into(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let report = verified(change);
        assert!(
            matches!(report.findings[..], [Finding::WrongHash { .. }]),
            "{number}: {:?}",
            report.findings
        );
    }
}

#[test]
fn a_changed_digest_with_its_payload_is_a_wrong_hash() {
    let report = verified(|state| {
        let event = state.event(3);
        event.payload = Payload::encode("other").unwrap();
        event.header.digest = event.payload.digest();
    });
    assert!(matches!(report.findings[..], [Finding::WrongHash { .. }]), "{:?}", report.findings);
}

#[test]
fn a_changed_hash_is_found_at_the_event_and_breaks_its_children_and_the_chain() {
    let report = verified(|state| state.event(0).header.hash = EventHash::from_bytes([7; 32]));
    let found = findings(&report);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!((0..3).all(|index| found[index].contains("do not hash to its event hash")), "{found:?}");
    assert!(matches!(report.findings[3], Finding::WrongChain { .. }));
}

#[test]
fn a_parent_that_is_nowhere_is_missing() {
    let report = verified(|state| state.event(1).header.parents = [id(99)].into());
    assert!(
        matches!(report.findings[..], [Finding::MissingParent { parent, .. }] if parent == id(99)),
        "{:?}",
        report.findings
    );
}

#[test]
fn a_parent_that_comes_later_is_missing() {
    let report = verified(|state| state.event(1).header.parents = [id(4)].into());
    assert!(matches!(report.findings[..], [Finding::MissingParent { .. }]), "{:?}", report.findings);
}

#[test]
fn an_event_that_is_its_own_parent_misses_it() {
    let report = verified(|state| state.event(1).header.parents = [id(2)].into());
    assert!(matches!(report.findings[..], [Finding::MissingParent { .. }]), "{:?}", report.findings);
}

#[test]
fn a_gap_in_the_order_is_a_wrong_position() {
    let report = verified(|state| drop(state.items.remove(1)));
    let expected = |finding: &Finding| match finding {
        Finding::WrongPosition { position, expected, .. } => (position.get(), expected.get()) == (3, 2),
        _ => false,
    };
    assert!(expected(&report.findings[0]), "{:?}", report.findings);
    assert!(!report.chain_checked);
}

#[test]
fn an_event_that_stands_twice_is_a_repeated_id() {
    let report = verified(|state| {
        let first = state.event(0).clone();
        state.items.insert(2, Ok(first));
    });
    let repeated = |finding: &&Finding| matches!(finding, Finding::RepeatedId { .. });
    assert_eq!(report.findings.iter().filter(repeated).count(), 1, "{:?}", report.findings);
}

#[test]
fn two_events_that_change_places_are_wrong_positions() {
    let report = verified(|state| state.items.swap(2, 3));
    let found = report.findings.iter().filter(|finding| matches!(finding, Finding::WrongPosition { .. }));
    assert!(found.count() >= 2, "{:?}", report.findings);
}

#[test]
fn a_history_that_ends_before_the_head_is_a_wrong_chain() {
    let report = verified(|state| drop(state.items.pop()));
    assert!(matches!(report.findings[..], [Finding::WrongChain { .. }]), "{:?}", report.findings);
    let report = verified(|state| state.items.clear());
    assert!(matches!(report.findings[..], [Finding::WrongChain { .. }]), "{:?}", report.findings);
}

#[test]
fn a_head_with_another_chain_is_a_wrong_chain() {
    let report = verified(|state| {
        let chain = ChainHash::from_bytes([7; 32]);
        state.head = Some(Head { position: Position::new(4), chain });
    });
    assert!(matches!(report.findings[..], [Finding::WrongChain { head }] if head == Position::new(4)));
}

#[test]
fn events_behind_the_head_of_the_call_are_left_to_the_next_verification() {
    let report = verified(|state| {
        let mut later = state.event(3).clone();
        later.header.position = Position::new(5);
        later.header.digest = Digest::from_bytes([0; 32]);
        state.items.push(Ok(later));
    });
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.events, 4);
}

#[test]
fn a_store_that_evicted_its_beginning_is_clean_but_not_proven_to_the_root() {
    let report = verified(|state| {
        drop(state.items.remove(0));
        state.found.remove(0);
    });
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!((report.events, report.unproven), (3, 2));
    assert!(!report.chain_checked);
}

#[test]
fn a_store_that_evicts_while_it_is_verified_is_clean() {
    let report = verified(|state| state.items[1] = Err(Error::Evicted { oldest: Position::new(3) }));
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.events, 3);
    assert!(!report.chain_checked);
}

#[test]
fn a_failure_of_the_store_ends_the_verification() {
    let store = store();
    store.lie(|state| state.items[2] = Err(Error::Closed));
    assert!(matches!(block_on(verify(&store, |_| {})), Err(Error::Closed)));
}

#[test]
fn more_findings_than_a_report_lists_are_counted() {
    let report = verified(|state| {
        let damaged = |position| Err(Error::corrupt(Position::new(position), "checksum"));
        state.items = (1..=10_003).map(damaged).collect();
        state.head = Some(Head { position: Position::new(10_003), chain: ChainHash::EMPTY });
    });
    assert_eq!((report.findings.len(), report.more), (10_000, 3));
    assert!(!report.is_clean());
}

#[test]
fn a_store_of_a_third_party_works_behind_every_pointer() {
    let shared: Arc<dyn EventStore> = Arc::new(Listed::default());
    let boxed: Box<dyn EventStore> = Box::new(Arc::clone(&shared));
    let first = block_on(shared.commit_json("a", 1, &[])).unwrap();
    let second = block_on(boxed.commit_json("b", 2, &[first.id])).unwrap();
    assert_eq!(block_on(boxed.get(second.id)).unwrap().unwrap().header, second);
    assert_eq!(block_on(shared.head()).unwrap().position, second.position);
}

#[test]
fn an_error_of_a_third_party_store_reaches_the_caller() {
    let unknown = block_on(store().commit_json("a", 1, &[id(99)]));
    assert!(matches!(unknown, Err(Error::UnknownParent { .. })));
}
