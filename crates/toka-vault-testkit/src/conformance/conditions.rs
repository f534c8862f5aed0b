//! Commits that happen only where something holds.

use toka_vault_core::{
    Condition, Error, EventStore, EventStoreExt, Filter, NewEvent, Position, ReplayOptions, StartFrom,
    Timestamp,
};

use crate::events::{batch, event, fill, history, id, read};
use crate::{Backend, Store, assert_error};

fn of_kind(kind: &str) -> NewEvent {
    NewEvent::new(kind, kind).unwrap()
}

fn none_after(position: u64, kind: &str) -> Condition {
    Condition::none_after(Position::new(position), Filter::kind(kind).unwrap())
}

/// Asserts that a condition refuses a commit, because of the event at a position, and stores nothing.
async fn assert_refused(store: &Store, condition: Condition, position: u64) {
    let head = store.head().await.unwrap();
    let refused = store.commit_if(event(1), std::slice::from_ref(&condition)).await;
    match refused {
        Err(Error::ConditionFailed { condition: named, position: at }) => {
            assert_eq!(
                (named, at),
                (condition, Position::new(position)),
                "the refusal names another condition, or another position than the first that breaks it"
            );
        }
        other => panic!("expected a refusal of {condition}, got {other:?}"),
    }
    assert_eq!(store.head().await.unwrap(), head);
}

/// A commit happens where the head is still at its position, and not where it has moved.
pub async fn the_head_is_still_there(backend: Backend) {
    let store = backend.open().await;
    store.commit_if(event(1), &[Condition::HeadAt(Position::ZERO)]).await.unwrap();
    store.commit_if(event(2), &[Condition::HeadAt(Position::new(1))]).await.unwrap();
    fill(&store, 3).await;
    assert_refused(&store, Condition::HeadAt(Position::new(2)), 3).await;
    assert_refused(&store, Condition::HeadAt(Position::ZERO), 1).await;
    assert_refused(&store, Condition::HeadAt(Position::new(9)), 5).await;
}

/// A commit happens where nothing that is meant came after a position; else the first such is named.
pub async fn nothing_came_in_between(backend: Backend) {
    let store = backend.open().await;
    for kind in ["a.one", "b.one", "a.two", "b.two"] {
        store.commit(of_kind(kind)).await.unwrap();
    }
    assert_refused(&store, none_after(0, "a.*"), 1).await;
    assert_refused(&store, none_after(1, "a.*"), 3).await;
    assert_refused(&store, none_after(0, ">"), 1).await;
    assert_refused(&store, none_after(1, "b.two"), 4).await;
    let header = store.commit_if(of_kind("a.three"), &[none_after(3, "a.*")]).await.unwrap();
    assert_eq!(header.position, Position::new(5));
    store.commit_if(event(1), &[none_after(0, "c.>"), none_after(99, ">")]).await.unwrap();
}

/// A commit happens where nothing follows an event yet; else the first child is named.
pub async fn an_event_is_still_a_leaf(backend: Backend) {
    let store = backend.open().await;
    let root = store.commit(event(1)).await.unwrap();
    let leaf = [Condition::Leaf(root.id)];
    store.commit_if(event(2), &leaf).await.unwrap();
    let child = event(3).with_parents(&[root.id]);
    store.commit_if(child.clone(), &leaf).await.unwrap();
    fill(&store, 2).await;
    store.commit(child).await.unwrap();
    assert_refused(&store, Condition::Leaf(root.id), 3).await;
    // A child follows all that it names, and not the first alone.
    let last = store.commit(event(5)).await.unwrap();
    store.commit(event(6).with_parents(&[root.id, last.id])).await.unwrap();
    assert_refused(&store, Condition::Leaf(last.id), 8).await;
    assert_error!(store.commit_if(event(4), &[Condition::Leaf(id(77))]).await, Error::UnknownEvent { id: unknown } if unknown == id(77));
}

/// A range of time holds in a condition as in a replay: its start is in it, its end is not.
pub async fn a_range_of_time_holds_for_conditions(backend: Backend) {
    let store = backend.open().await;
    let second = |number: i64| Timestamp::from_micros(number * 1_000_000).unwrap();
    for number in [10, 20, 30] {
        store.commit(of_kind("a.one").with_timestamp(second(number))).await.unwrap();
    }
    let range = |since, until| {
        let filter = Filter::kind("a.*").unwrap().with_since(second(since)).unwrap();
        Condition::none_after(Position::ZERO, filter.with_until(second(until)).unwrap())
    };
    assert_refused(&store, range(20, 25), 2).await;
    assert_refused(&store, range(11, 31), 2).await;
    assert_refused(&store, range(30, 31), 3).await;
    store.commit_if(of_kind("b.one"), &[range(21, 30), range(31, 40), range(0, 10)]).await.unwrap();
}

/// Conditions look at what is old as well as at what is new.
pub async fn old_events_count_as_well_as_new_ones(backend: Backend) {
    let Some(store) = super::roomy(&backend, 30_000).await else { return };
    let root = store.commit(of_kind("old.one")).await.unwrap();
    store.commit(of_kind("old.child").with_parents(&[root.id])).await.unwrap();
    for _ in 0..24 {
        store.commit_batch(batch(0..1_000)).await.unwrap();
    }
    assert_refused(&store, none_after(0, "old.one"), 1).await;
    assert_refused(&store, none_after(1, "old.*"), 2).await;
    assert_refused(&store, Condition::Leaf(root.id), 2).await;
    let new = store.commit_if(of_kind("new.one"), &[none_after(2, "old.>"), none_after(0, "new.*")]).await;
    assert_refused(&store, none_after(2, "new.>"), new.unwrap().position.get()).await;
}

/// All conditions have to hold, for all events of a batch: else nothing of it is stored.
pub async fn all_conditions_hold_for_the_whole_batch(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 3).await;
    let (holds, fails) = (Condition::HeadAt(Position::new(3)), none_after(1, ">"));
    let refused = store.commit_batch_if(batch(0..3), &[holds.clone(), fails.clone()]).await;
    assert_error!(refused, Error::ConditionFailed { position, .. } if position == Position::new(2));
    assert_eq!(history(&store).await.len(), 3);
    // What the batch itself brings does not count.
    let own = [holds, none_after(3, ">")];
    assert_eq!(store.commit_batch_if(batch(0..3), &own).await.unwrap().len(), 3);
    assert!(store.commit_batch_if(Vec::new(), &[fails]).await.unwrap().is_empty());
}

/// A commit that is repeated is answered with its header before its conditions are looked at.
pub async fn a_repeat_is_answered_before_its_conditions(backend: Backend) {
    let store = backend.open().await;
    let once = event(1).with_id(id(1));
    let condition = [Condition::HeadAt(Position::ZERO)];
    let first = store.commit_if(once.clone(), &condition).await.unwrap();
    fill(&store, 5).await;
    assert_eq!(store.commit_if(once.clone(), &condition).await.unwrap(), first);
    // A batch with anything new in it is no repeat.
    let refused = store.commit_batch_if(vec![once, event(2)], &condition).await;
    assert_error!(refused, Error::ConditionFailed { .. });
}

/// What broke a condition can be read by the time that the refusal arrives.
pub async fn what_broke_a_condition_can_be_read(backend: Backend) {
    let store = backend.open().await;
    let write = |store: Store| async move {
        for _ in 0..50 {
            let head = store.head().await.unwrap().position;
            if let Err(Error::ConditionFailed { position, .. }) =
                store.commit_if(event(1), &[Condition::HeadAt(head)]).await
            {
                let start =
                    ReplayOptions::new().with_start(StartFrom::After(position.minus(1))).with_limit(1);
                assert_eq!(read(store.replay(start)).await[0].position(), position);
            }
        }
    };
    futures::future::join_all((0..4).map(|_| tokio::spawn(write(store.clone()))))
        .await
        .into_iter()
        .for_each(Result::unwrap);
}

/// Of many that want the same thing under the condition that nobody has it, one gets it.
pub async fn one_of_many_wins(backend: Backend) {
    let store = backend.open().await;
    for seat in 0..20 {
        let kind = format!("seat.{seat}.taken");
        let tries = (0..32).map(|_| {
            let (store, kind) = (store.clone(), kind.clone());
            tokio::spawn(async move { store.commit_if(of_kind(&kind), &[none_after(0, &kind)]).await })
        });
        let outcomes = futures::future::join_all(tries).await;
        let won = outcomes.into_iter().map(Result::unwrap).filter(|outcome| match outcome {
            Ok(_) => true,
            Err(Error::ConditionFailed { .. }) => false,
            Err(other) => panic!("{other:?}"),
        });
        assert_eq!(won.count(), 1, "seat {seat}");
    }
    if backend.capacity().is_none_or(|capacity| capacity >= 20) {
        assert_eq!(history(&store).await.len(), 20);
    }
}

/// Writers that read, decide and try again lose no update.
pub async fn no_update_is_lost(backend: Backend) {
    const ADDED: usize = 15;
    let Some(store) = super::roomy(&backend, 200).await else { return };
    let add = |store: Store| async move {
        for _ in 0..ADDED {
            loop {
                let events =
                    read(store.replay(ReplayOptions::new().with_filter(Filter::kind("counter.*").unwrap())))
                        .await;
                let seen = events.last().map_or(Position::ZERO, |event| event.position());
                let sum = events.last().map_or(0, |event| event.payload.decode::<u64>().unwrap());
                let next = NewEvent::new("counter.added", sum + 1).unwrap();
                match store.commit_if(next, &[none_after(seen.get(), "counter.*")]).await {
                    Ok(_) => break,
                    Err(Error::ConditionFailed { .. }) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
    };
    futures::future::join_all((0..8).map(|_| tokio::spawn(add(store.clone()))))
        .await
        .into_iter()
        .for_each(Result::unwrap);
    let sums: Vec<u64> = history(&store).await.iter().map(|event| event.payload.decode().unwrap()).collect();
    assert_eq!(sums, (1..=8 * ADDED as u64).collect::<Vec<_>>());
}

/// A condition that fails disturbs no other commit.
pub async fn a_refusal_disturbs_no_other_commit(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 1).await;
    let attempt = |number: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            let conditions =
                if number.is_multiple_of(2) { vec![Condition::HeadAt(Position::ZERO)] } else { Vec::new() };
            store.commit_if(event(number), &conditions).await.is_ok()
        })
    };
    let outcomes = futures::future::join_all((0..100).map(attempt)).await;
    let taken: Vec<bool> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(taken, (0..100).map(|number| number % 2 == 1).collect::<Vec<_>>());
    assert_eq!(store.head().await.unwrap().position, Position::new(51));
}

/// Conditions look at what the vault held before it was opened.
pub async fn what_was_there_before_counts(backend: Backend) {
    if !backend.is_durable() {
        return;
    }
    let store = backend.open().await;
    let root = store.commit(of_kind("a.one")).await.unwrap();
    store.commit(of_kind("a.two").with_parents(&[root.id])).await.unwrap();
    store.close().await.unwrap();
    let store = backend.open().await;
    assert_refused(&store, none_after(1, "a.*"), 2).await;
    assert_refused(&store, Condition::Leaf(root.id), 2).await;
    assert_refused(&store, Condition::HeadAt(Position::new(1)), 2).await;
    store.commit_if(event(1), &[none_after(2, "a.*"), Condition::HeadAt(Position::new(2))]).await.unwrap();
}
