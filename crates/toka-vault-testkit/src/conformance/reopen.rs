//! What a durable vault holds when it is opened again. Any other back-end passes without a look.

use toka_vault_core::{Error, EventHeader, EventStore, EventStoreExt, Position, ReplayOptions, StartFrom};

use crate::assert_error;
use crate::assertions::{assert_dense, assert_whole};
use crate::events::{assert_waits, event, fill, headers, history, id, numbers, replayed, sized, take};
use crate::{Backend, Store};

/// Commits with `write`, closes, and opens again. None where the back-end is not durable.
async fn reopened<T>(backend: &Backend, write: impl AsyncFnOnce(&Store) -> T) -> Option<(T, Store)> {
    if !backend.is_durable() {
        eprintln!("skipped: the back-end is not durable");
        return None;
    }
    let store = backend.open().await;
    let written = write(&store).await;
    store.close().await.unwrap();
    drop(store);
    Some((written, backend.open().await))
}

/// What was committed is there, to the last byte, and the head with it.
pub async fn what_was_committed_is_there(backend: Backend) {
    let write = async |store: &Store| {
        fill(store, 500).await;
        (history(store).await, store.head().await.unwrap())
    };
    let Some(((events, head), store)) = reopened(&backend, write).await else { return };
    assert_eq!(store.head().await.unwrap(), head);
    assert_eq!(assert_whole(&store).await, events);
    assert_eq!(store.get(events[7].header.id).await.unwrap().unwrap(), events[7]);
}

/// A vault that was dropped rather than closed has every commit that was answered.
pub async fn a_dropped_vault_has_every_answered_commit(backend: Backend) {
    if !backend.is_durable() {
        return;
    }
    let store = backend.open().await;
    let told = fill(&store, 100).await;
    drop(store);
    assert_eq!(headers(&assert_whole(&backend.open().await).await), told);
}

/// An empty vault opens again as an empty one.
pub async fn an_empty_vault_stays_empty(backend: Backend) {
    let Some(((), store)) = reopened(&backend, async |_| ()).await else { return };
    assert!(assert_whole(&store).await.is_empty());
    assert_eq!(fill(&store, 1).await[0].position, Position::FIRST);
}

/// Positions, ids and timestamps go on where they were.
pub async fn order_goes_on_where_it_was(backend: Backend) {
    let Some((before, store)) = reopened(&backend, async |store| fill(store, 20).await).await else { return };
    let after = fill(&store, 20).await;
    let all: Vec<EventHeader> = [before, after].concat();
    for pair in all.windows(2) {
        assert_eq!(pair[1].position, pair[0].position.next());
        assert!(pair[1].id > pair[0].id);
        assert!(pair[1].timestamp >= pair[0].timestamp);
    }
    assert_eq!(headers(&assert_whole(&store).await), all);
}

/// Ids go on from the newest that was assigned, also where the last events brought theirs.
pub async fn assigned_ids_go_on_behind_brought_ones(backend: Backend) {
    let write = async |store: &Store| {
        let assigned = store.commit(event(1)).await.unwrap();
        store.commit(event(2).with_id(id(2)).with_timestamp(toka_vault_core::Timestamp::MAX)).await.unwrap();
        assigned
    };
    let Some((assigned, store)) = reopened(&backend, write).await else { return };
    let next = store.commit(event(3)).await.unwrap();
    assert!(next.id > assigned.id);
    assert!(next.timestamp >= assigned.timestamp && next.timestamp < toka_vault_core::Timestamp::MAX);
}

/// A commit from before can be repeated, and other content under its id is a conflict.
pub async fn ids_are_idempotent_for_ever(backend: Backend) {
    let batch = || (0..50).map(|n| event(n).with_id(id(n))).collect::<Vec<_>>();
    let write = async |store: &Store| store.commit_batch(batch()).await.unwrap();
    let Some((first, store)) = reopened(&backend, write).await else { return };
    assert_eq!(store.commit_batch(batch()).await.unwrap(), first);
    assert_error!(store.commit(event(9).with_id(id(8))).await, Error::Conflict { differs: "payload", .. });
    assert_eq!(assert_whole(&store).await.len(), 50);
}

/// Events from before can be parents.
pub async fn events_from_before_can_be_parents(backend: Backend) {
    let Some((before, store)) = reopened(&backend, async |store| fill(store, 30).await).await else { return };
    let parents: Vec<_> = before.iter().map(|header| header.id).collect();
    store.commit(event(1).with_parents(&parents)).await.unwrap();
    assert_eq!(assert_whole(&store).await.len(), 31);
}

/// A reader that kept its place goes on there.
pub async fn a_reader_goes_on_at_its_place(backend: Backend) {
    let Some((before, store)) = reopened(&backend, async |store| fill(store, 30).await).await else { return };
    let after = ReplayOptions::new().with_start(StartFrom::AfterId(before[19].id));
    assert_eq!(replayed(&store, after).await, (21..=30).collect::<Vec<_>>());
    let mut subscription = store.subscribe_from(StartFrom::After(Position::new(25)));
    let mut live = store.subscribe();
    store.commit(event(31)).await.unwrap();
    assert_eq!(numbers(&take(&mut subscription, 6).await), (26..=31).collect::<Vec<_>>());
    assert_eq!(numbers(&take(&mut live, 1).await), [31]);
    assert_waits(&mut live);
}

/// A vault can be opened again and again, whether commits come in between or not.
pub async fn it_opens_again_and_again(backend: Backend) {
    if !backend.is_durable() {
        return;
    }
    for round in 0..10_u64 {
        let store = backend.open().await;
        assert_eq!(store.head().await.unwrap().position.get(), round.div_ceil(2) * 10);
        if round % 2 == 0 {
            fill(&store, 10).await;
        }
        store.close().await.unwrap();
    }
    assert_dense(&assert_whole(&backend.open().await).await, Position::FIRST);
}

/// Payloads of all sizes are there.
pub async fn large_payloads_are_there(backend: Backend) {
    let sizes = [1, 5_000, 20_000, 200_000, 1_000_000, 16 << 20, 7];
    let write = async |store: &Store| {
        store.commit_batch(sizes.iter().map(|size| sized(*size)).collect()).await.unwrap();
    };
    let Some(((), store)) = reopened(&backend, write).await else { return };
    for (event, size) in assert_whole(&store).await.iter().zip(sizes) {
        assert!(event.payload == sized(size).payload, "payload of {size} bytes");
    }
}
