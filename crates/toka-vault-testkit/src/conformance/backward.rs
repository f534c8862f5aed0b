//! Replay from new to old.

use toka_vault_core::{Direction, Error, EventStore, EventStoreExt, Position, ReplayOptions, StartFrom};

use super::roomy;
use crate::Backend;
use crate::assert_error;
use crate::assertions::assert_same;
use crate::events::{event, fill, history, id, items, read, replayed, sized};

/// Reads backwards.
fn backward() -> ReplayOptions {
    ReplayOptions::new().with_direction(Direction::Backward)
}

/// Counts down from `newest` to `oldest`.
fn down(newest: u64, oldest: u64) -> Vec<u64> {
    (oldest..=newest).rev().collect()
}

/// It reads everything, newest first.
pub async fn it_reads_everything_newest_first(backend: Backend) {
    let store = backend.open().await;
    assert!(replayed(&store, backward()).await.is_empty());
    fill(&store, 300).await;
    assert_same(replayed(&store, backward()).await, down(300, 1));
}

/// It is the forward replay turned round, event by event.
pub async fn it_is_the_forward_replay_turned_round(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 50).await;
    let mut forward = history(&store).await;
    forward.reverse();
    assert_eq!(read(store.replay(backward())).await, forward);
}

/// It stops at the limit, across the sizes in which a store reads.
pub async fn it_stops_at_the_limit(backend: Backend) {
    let Some(store) = roomy(&backend, 5_000).await else { return };
    fill(&store, 5_000).await;
    for limit in [1, 10, 1_023, 1_024, 1_025, 2_048, 2_049, 4_999, 5_000, 5_001, u64::MAX] {
        let oldest = 5_001_u64.saturating_sub(limit).max(1);
        assert_same(replayed(&store, backward().with_limit(limit)).await, down(5_000, oldest));
    }
}

/// A limit of 0 reads nothing.
pub async fn a_limit_of_zero_reads_nothing(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 5).await;
    assert!(replayed(&store, backward().with_limit(0)).await.is_empty());
}

/// It goes down to its start, which it does not read.
pub async fn it_goes_down_to_its_start(backend: Backend) {
    let Some(store) = roomy(&backend, 2_600).await else { return };
    let headers = fill(&store, 2_600).await;
    for start in [0_u64, 1, 500, 1_575, 1_576, 1_577, 2_598, 2_599, 2_600, 2_601, u64::MAX] {
        let options = backward().with_start(StartFrom::After(Position::new(start)));
        assert_same(replayed(&store, options).await, down(2_600, start.saturating_add(1)));
    }
    let options = backward().with_start(StartFrom::AfterId(headers[2_000].id));
    assert_same(replayed(&store, options).await, down(2_600, 2_002));
    assert!(replayed(&store, backward().with_start(StartFrom::Head)).await.is_empty());
}

/// A start and a limit go together: whichever comes first ends it.
pub async fn a_start_and_a_limit_go_together(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 50).await;
    let start = backward().with_start(StartFrom::After(Position::new(40)));
    assert_same(replayed(&store, start.clone().with_limit(3)).await, down(50, 48));
    assert_same(replayed(&store, start.with_limit(30)).await, down(50, 41));
}

/// An id that the vault does not have is the first item, and the last.
pub async fn an_unknown_id_is_the_first_item(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 3).await;
    let mut found = items(store.replay(backward().with_start(StartFrom::AfterId(id(77))))).await;
    assert_eq!(found.len(), 1);
    assert_error!(found.remove(0), Error::UnknownEvent { .. });
}

/// It begins at the head of the call.
pub async fn it_begins_at_the_head_of_the_call(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 10).await;
    let replay = store.replay(backward());
    store.commit(event(11)).await.unwrap();
    assert_eq!(crate::events::numbers(&read(replay).await), down(10, 1));
}

/// Large payloads among small ones come whole, newest first.
pub async fn it_reads_large_payloads(backend: Backend) {
    let store = backend.open().await;
    let mut sizes: Vec<usize> = (1..=40).map(|n| if n % 3 == 0 { 400_000 + n } else { 100 + n }).collect();
    for size in &sizes {
        store.commit(sized(*size)).await.unwrap();
    }
    sizes.reverse();
    let read = read(store.replay(backward())).await;
    assert_eq!(read.iter().map(|event| event.payload.bytes().len()).collect::<Vec<_>>(), sizes);
    assert!(read.iter().all(|event| event.payload.is_intact()));
}
