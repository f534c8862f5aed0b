//! Replay from old to new: start points, limits, and where it ends.

use toka_vault_core::{
    Direction, Error, EventStore, EventStoreExt, Filter, Position, ReplayOptions, StartFrom,
};

use super::roomy;
use crate::Backend;
use crate::assert_error;
use crate::assertions::{assert_dense, assert_same};
use crate::events::{event, fill, history, id, items, number, numbers, read, replayed, sized};

/// Replays from a start point, as numbers.
async fn from(store: &impl EventStore, start: StartFrom) -> Vec<u64> {
    replayed(store, ReplayOptions::new().with_start(start)).await
}

/// By default, a replay reads everything.
pub async fn it_reads_everything(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 300).await;
    assert_same(replayed(&store, ReplayOptions::new()).await, (1..=300).collect::<Vec<_>>());
    assert_eq!(from(&store, StartFrom::Beginning).await.len(), 300);
}

/// It starts behind a position; zero is before the first event.
pub async fn it_starts_after_a_position(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 20).await;
    for position in 0..=20 {
        let start = StartFrom::After(Position::new(position));
        assert_same(from(&store, start).await, (position + 1..=20).collect::<Vec<_>>());
    }
}

/// Behind the head there is nothing, however far.
pub async fn it_finds_nothing_beyond_the_head(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 5).await;
    for position in [5, 6, 1_000, u64::MAX - 1, u64::MAX] {
        assert!(from(&store, StartFrom::After(Position::new(position))).await.is_empty());
    }
    assert!(from(&store, StartFrom::Head).await.is_empty());
}

/// It starts behind an event, by its id, whether the vault assigned it or a caller brought it.
pub async fn it_starts_after_an_id(backend: Backend) {
    let store = backend.open().await;
    let headers = fill(&store, 10).await;
    for header in &headers {
        let expected: Vec<_> = (header.position.get() + 1..=10).collect();
        assert_same(from(&store, StartFrom::AfterId(header.id)).await, expected);
    }
    store.commit_batch(vec![event(11).with_id(id(9)), event(12)]).await.unwrap();
    assert_same(from(&store, StartFrom::AfterId(id(9))).await, [12]);
}

/// An id that the vault does not have is the first item, and the last.
pub async fn an_unknown_id_is_the_first_item(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 3).await;
    let options = ReplayOptions::new().with_start(StartFrom::AfterId(id(77)));
    let mut found = items(store.replay(options)).await;
    assert_eq!(found.len(), 1);
    assert_error!(found.remove(0), Error::UnknownEvent { id: unknown } if unknown == id(77));
}

/// It reads as many events as the limit says, across the sizes in which a store reads.
pub async fn it_stops_at_the_limit(backend: Backend) {
    let Some(store) = roomy(&backend, 3_000).await else { return };
    fill(&store, 3_000).await;
    for limit in [1, 2, 1_023, 1_024, 1_025, 2_048, 2_049, 3_000, 3_001, u64::MAX] {
        let read = replayed(&store, ReplayOptions::new().with_limit(limit)).await;
        assert_eq!(read, (1..=limit.min(3_000)).collect::<Vec<_>>());
    }
}

/// A start point and a limit go together.
pub async fn a_start_and_a_limit_go_together(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 50).await;
    let options = ReplayOptions::new().with_start(StartFrom::After(Position::new(10))).with_limit(5);
    assert_same(replayed(&store, options).await, [11, 12, 13, 14, 15]);
}

/// It ends at a position, and reads what is there, both ways and with a filter; 0 is before the first event.
pub async fn it_ends_at_a_position(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 20).await;
    let start = StartFrom::After(Position::new(5));
    for end in [0, 4, 5, 6, 12, 19, 20, 21, u64::MAX] {
        let forward: Vec<_> = (6..=end.min(20)).collect();
        let backward: Vec<_> = forward.iter().rev().copied().collect();
        let up_to = ReplayOptions::new().with_start(start).with_end(Position::new(end));
        for options in [up_to.clone(), up_to.with_filter(Filter::kind("test.*").unwrap())] {
            assert_same(replayed(&store, options.clone()).await, &forward);
            let turned = options.with_direction(Direction::Backward);
            assert_same(replayed(&store, turned.clone()).await, &backward);
            assert_same(replayed(&store, turned.with_limit(1)).await, backward.get(..1).unwrap_or_default());
        }
    }
    let behind = ReplayOptions::new().with_start(StartFrom::Head).with_end(Position::new(7));
    assert!(replayed(&store, behind).await.is_empty());
}

/// A limit of 0 reads nothing.
pub async fn a_limit_of_zero_reads_nothing(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 5).await;
    assert!(replayed(&store, ReplayOptions::new().with_limit(0)).await.is_empty());
}

/// It ends at the head of the call: what is committed after it is not read, begun or not.
pub async fn it_ends_at_the_head_of_the_call(backend: Backend) {
    let store = backend.open().await;
    let empty = store.replay(ReplayOptions::new());
    fill(&store, 10).await;
    let mut begun = store.replay(ReplayOptions::new());
    let waiting = store.replay(ReplayOptions::new());
    assert_eq!(number(&begun.try_next().await.unwrap().unwrap()), 1);
    fill(&store, 10).await;
    assert!(read(empty).await.is_empty());
    assert_eq!(read(begun).await.len(), 9);
    assert_eq!(read(waiting).await.len(), 10);
}

/// After its end it stays at its end.
pub async fn it_stays_at_its_end(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 2).await;
    let mut replay = store.replay(ReplayOptions::new());
    while replay.try_next().await.unwrap().is_some() {}
    fill(&store, 2).await;
    assert!(replay.try_next().await.unwrap().is_none());
    assert!(replay.try_next().await.unwrap().is_none());

    let mut failed = store.replay(ReplayOptions::new().with_start(StartFrom::AfterId(id(77))));
    assert!(failed.try_next().await.is_err());
    assert!(failed.try_next().await.unwrap().is_none());
    assert!(failed.try_next().await.unwrap().is_none());
}

/// A replay that nobody reads on does not hold back commits.
pub async fn it_does_not_hold_back_commits(backend: Backend) {
    let Some(store) = roomy(&backend, 6_000).await else { return };
    fill(&store, 3_000).await;
    let mut replay = store.replay(ReplayOptions::new());
    assert_eq!(number(&replay.try_next().await.unwrap().unwrap()), 1);
    fill(&store, 3_000).await;
    assert_same(numbers(&read(replay).await), (2..=3_000).collect::<Vec<_>>());
}

/// Thousands of events come without gap or duplicate.
pub async fn it_reads_thousands_without_a_gap(backend: Backend) {
    let Some(store) = roomy(&backend, 10_000).await else { return };
    fill(&store, 10_000).await;
    let events = history(&store).await;
    assert_eq!(events.len(), 10_000);
    assert_dense(&events, Position::FIRST);
}

/// Large payloads among small ones come whole and in order.
pub async fn it_reads_large_payloads_among_small_ones(backend: Backend) {
    let store = backend.open().await;
    let sizes: Vec<_> = (1..=60).map(|n| if n % 7 == 0 { 300_000 + n } else { 10 + n }).collect();
    for size in &sizes {
        if *size != 33 {
            store.commit(sized(*size)).await.unwrap();
        }
    }
    let read: Vec<_> = history(&store).await.iter().map(|event| event.payload.bytes().len()).collect();
    assert_eq!(read, sizes.into_iter().filter(|size| *size != 33).collect::<Vec<_>>());
}
