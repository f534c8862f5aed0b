//! Ids and timestamps: what the vault assigns and what callers bring.

use futures::future::join_all;
use toka_vault_core::{EventHeader, EventId, EventStore, EventStoreExt, Timestamp};

use crate::assertions::assert_whole;
use crate::events::{batch, event, fill, history, id};
use crate::{Backend, Store};

/// Assigned ids grow with every event, and assigned timestamps never go back.
pub async fn assigned_ids_grow(backend: Backend) {
    let store = backend.open().await;
    let mut headers = fill(&store, 100).await;
    for number in 0..100 {
        headers.push(store.commit(event(number)).await.unwrap());
    }
    assert_assigned(&headers);
}

/// Assigned ids grow in the order of positions, whichever task commits.
pub async fn assigned_ids_grow_across_tasks(backend: Backend) {
    let store = backend.open().await;
    let write = |store: Store| async move {
        for round in 0..40 {
            store.commit_batch(batch(round..round + 3)).await.unwrap();
        }
    };
    let tasks = join_all((0..4).map(|_| tokio::spawn(write(store.clone())))).await;
    assert!(tasks.iter().all(Result::is_ok));
    let headers: Vec<_> = history(&store).await.into_iter().map(|event| event.header).collect();
    assert_eq!(headers.len(), 480);
    assert_assigned(&headers);
}

/// An id that a caller brings is kept, in whatever order they come.
pub async fn brought_ids_are_kept(backend: Backend) {
    let store = backend.open().await;
    let ids = [id(5), id(3), EventId::from_u128(u128::MAX), EventId::from_u128(0), id(4)];
    for brought in ids {
        let header = store.commit(event(1).with_id(brought)).await.unwrap();
        assert_eq!(header.id, brought);
        assert_eq!(store.get(brought).await.unwrap().unwrap().header, header);
    }
    assert_eq!(assert_whole(&store).await.into_iter().map(|event| event.header.id).collect::<Vec<_>>(), ids);
}

/// A greater id that a caller brings does not move those that the vault assigns.
pub async fn brought_ids_do_not_move_assigned_ones(backend: Backend) {
    let store = backend.open().await;
    let before = store.commit(event(1)).await.unwrap();
    store.commit(event(2).with_id(EventId::from_u128(u128::MAX))).await.unwrap();
    let after = fill(&store, 20).await;
    assert_assigned(&[vec![before], after].concat());
}

/// The vault passes over an id that a caller brought and that it would assign next.
pub async fn assigned_ids_pass_over_brought_ones(backend: Backend) {
    let store = backend.open().await;
    let mut headers = vec![store.commit(event(1)).await.unwrap()];
    for _ in 0..20 {
        let next = headers.last().unwrap().id.to_u128() + 1;
        let brought: Vec<_> =
            (next..next + 4).map(|bits| event(2).with_id(EventId::from_u128(bits))).collect();
        store.commit_batch(brought).await.unwrap();
        headers.push(store.commit(event(3)).await.unwrap());
    }
    assert_assigned(&headers);
    assert_eq!(assert_whole(&store).await.len(), 101);
}

/// A timestamp that a caller brings is kept, to the microsecond, at both ends of what can be told.
pub async fn brought_timestamps_are_kept(backend: Backend) {
    let store = backend.open().await;
    let odd = Timestamp::from_micros(1_234_567_890_123_457).unwrap();
    for timestamp in [odd, Timestamp::MAX, Timestamp::MIN, Timestamp::EPOCH] {
        let header = store.commit(event(1).with_timestamp(timestamp)).await.unwrap();
        assert_eq!(header.timestamp, timestamp);
    }
    let read: Vec<_> = assert_whole(&store).await.into_iter().map(|event| event.header.timestamp).collect();
    assert_eq!(read, [odd, Timestamp::MAX, Timestamp::MIN, Timestamp::EPOCH]);
}

/// A timestamp that a caller brings, however late, does not move those that the vault assigns.
pub async fn brought_timestamps_do_not_move_assigned_ones(backend: Backend) {
    let store = backend.open().await;
    let before = store.commit(event(1)).await.unwrap();
    store.commit(event(2).with_timestamp(Timestamp::MAX)).await.unwrap();
    let after = store.commit(event(3)).await.unwrap();
    assert_assigned(&[before, after.clone()]);
    assert!(after.timestamp < Timestamp::MAX);
}

/// An assigned timestamp tells the time of the commit.
pub async fn assigned_timestamps_tell_the_time(backend: Backend) {
    let store = backend.open().await;
    let before = Timestamp::now();
    let header = store.commit(event(1)).await.unwrap();
    // A minute either way is for the clock of a back-end on another machine.
    let minute = 60_000_000;
    let told = header.timestamp.as_micros();
    assert!((before.as_micros() - minute..=Timestamp::now().as_micros() + minute).contains(&told));
}

/// Asserts what holds of ids and timestamps that a vault assigned one after the other.
fn assert_assigned(headers: &[EventHeader]) {
    for pair in headers.windows(2) {
        assert!(pair[0].id < pair[1].id, "{} was assigned after {}", pair[1].id, pair[0].id);
        assert!(pair[0].timestamp <= pair[1].timestamp, "assigned timestamps went back");
    }
}
