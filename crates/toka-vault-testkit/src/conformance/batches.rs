//! Batches: atomic, contiguous, never split for anybody.

use futures::executor::block_on;
use futures::future::join_all;
use toka_vault_core::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, PAYLOAD_BYTES_MAX};
use toka_vault_core::{Error, Event, EventStore, EventStoreExt, NewEvent, StartFrom};
use tokio::sync::oneshot;

use super::roomy;
use crate::Backend;
use crate::assert_error;
use crate::assertions::assert_whole;
use crate::events::{batch, event, fill, history, id, numbers, payload_of, take};
use crate::runner::elsewhere;

/// Events of each batch in these cases.
const SIZE: usize = 8;

/// Headers come in the order of the batch, at positions that follow each other.
pub async fn headers_come_in_the_order_of_the_batch(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 3).await;
    let headers = store.commit_batch(batch(10..30)).await.unwrap();
    let events = history(&store).await.split_off(3);
    assert_eq!(numbers(&events), (10..30).collect::<Vec<_>>());
    assert_eq!(headers, events.into_iter().map(|event| event.header).collect::<Vec<_>>());
}

/// A later event of a batch may name an earlier one as parent, by an id that the caller brought.
pub async fn a_later_event_can_name_an_earlier_one(backend: Backend) {
    let store = backend.open().await;
    let link = |n| event(n).with_id(id(n)).with_parents(&[id(n - 1)]);
    let chain = [vec![event(1).with_id(id(1))], (2..=5).map(link).collect()].concat();
    let headers = store.commit_batch(chain).await.unwrap();
    assert_eq!(*headers[4].parents, [id(4)]);
    assert_eq!(assert_whole(&store).await.len(), 5);
}

/// An earlier event of a batch cannot name a later one; nothing is stored.
pub async fn an_earlier_event_cannot_name_a_later_one(backend: Backend) {
    let store = backend.open().await;
    let before = store.head().await.unwrap();
    let batch = vec![event(1).with_parents(&[id(2)]), event(2).with_id(id(2))];
    assert_error!(store.commit_batch(batch).await, Error::UnknownParent { parent } if parent == id(2));
    assert_eq!(store.head().await.unwrap(), before);
    assert!(store.get(id(2)).await.unwrap().is_none());
}

/// One event that is refused refuses its batch, wherever it stands in it; nothing is stored, and the
/// ids of the others stay free.
pub async fn one_bad_event_refuses_the_batch(backend: Backend) {
    let store = backend.open().await;
    for bad in 0..SIZE {
        let mut batch: Vec<_> = (0..SIZE as u64).map(|n| event(n).with_id(id(n))).collect();
        batch[bad] = event(99).with_parents(&[id(1_000)]);
        assert_error!(store.commit_batch(batch).await, Error::UnknownParent { .. });
        assert!(history(&store).await.is_empty(), "a batch whose event {bad} was refused left events");
        assert!(store.get(id(0)).await.unwrap().is_none(), "the refused batch left an id");
    }
    store.commit(event(100).with_id(id(0))).await.unwrap();
}

/// The largest batch is taken, and one event more is not.
pub async fn the_largest_batch_is_taken_and_no_larger(backend: Backend) {
    let Some(store) = roomy(&backend, BATCH_EVENTS_MAX as u64).await else { return };
    let over = batch(0..BATCH_EVENTS_MAX as u64 + 1);
    assert_error!(
        store.commit_batch(over).await,
        Error::BatchTooLarge { size: 8_193, max: 8_192, unit: "events" }
    );
    assert!(history(&store).await.is_empty());
    let headers = store.commit_batch(batch(0..BATCH_EVENTS_MAX as u64)).await.unwrap();
    assert_eq!(headers.len(), BATCH_EVENTS_MAX);
    assert_eq!(assert_whole(&store).await.len(), BATCH_EVENTS_MAX);
}

/// A batch of more payload bytes than one commit may have is refused.
pub async fn too_many_bytes_are_refused(backend: Backend) {
    let store = backend.open().await;
    let largest = payload_of(PAYLOAD_BYTES_MAX);
    let mut batch: Vec<_> = (0..4).map(|_| NewEvent::new("large", &largest).unwrap()).collect();
    batch.push(event(1));
    let outcome = store.commit_batch(batch).await;
    assert_error!(outcome, Error::BatchTooLarge { max: BATCH_BYTES_MAX, unit: "bytes", .. });
    assert!(history(&store).await.is_empty());
}

/// Batches of writers that commit at the same time stay contiguous.
pub async fn batches_of_concurrent_writers_stay_whole(backend: Backend) {
    let store = backend.open().await;
    join_all((0..4).map(|writer| tokio::spawn(write_batches(store.clone(), writer)))).await;
    let events = assert_whole(&store).await;
    assert_eq!(events.len(), 4 * 15 * SIZE);
    assert_whole_batches(&events);
}

/// All events of a batch become visible together: whoever sees its first event finds its last.
pub async fn a_batch_becomes_visible_at_once(backend: Backend) {
    let store = backend.open().await;
    let mut subscription = store.subscribe_from(StartFrom::Beginning);
    let writers: Vec<_> = (0..2).map(|writer| tokio::spawn(write_batches(store.clone(), writer))).collect();
    for _ in 0..2 * 15 {
        let first = take(&mut subscription, 1).await.remove(0);
        let last = first.position().plus(SIZE as u64 - 1);
        assert!(store.head().await.unwrap().position >= last, "the head stands inside a batch");
        let head = store.head().await.unwrap().position.get();
        assert_eq!(head % SIZE as u64, 0, "the head stands at {head}, inside a batch of {SIZE}");
        assert_eq!(history(&store).await.len() % SIZE, 0, "a replay ended inside a batch");
        take(&mut subscription, SIZE - 1).await;
    }
    join_all(writers).await;
}

/// So do those of a batch of thousands, for who looks all the time.
pub async fn thousands_become_visible_at_once(backend: Backend) {
    const MANY: u64 = 4_096;
    let Some(store) = roomy(&backend, MANY).await else { return };
    let reader = store.clone();
    let (tell, told) = oneshot::channel();
    let look = elsewhere(move || {
        block_on(async {
            tell.send(()).unwrap();
            loop {
                let seen = reader.head().await.unwrap().position.get();
                assert!([0, MANY].contains(&seen), "the head stood at {seen}, inside a batch of {MANY}");
                let first = reader.get(id(0)).await.unwrap().is_some();
                if first {
                    let last = reader.get(id(MANY - 1)).await.unwrap();
                    assert!(last.is_some(), "the first event of a batch was found before its last");
                }
                if seen == MANY {
                    break;
                }
                std::thread::yield_now();
            }
        });
    });
    let batch: Vec<_> = (0..MANY).map(|number| event(number).with_id(id(number))).collect();
    let commit = async {
        told.await.expect("somebody looks");
        store.commit_batch(batch).await.unwrap()
    };
    futures::future::join(look, commit).await;
}

/// Commits 15 batches whose events carry the number of the batch.
async fn write_batches(store: impl EventStore, writer: u64) {
    for round in 0..15 {
        let number = writer * 1_000 + round;
        store.commit_batch(vec![event(number); SIZE]).await.unwrap();
    }
}

/// Asserts that events of one number stand together.
fn assert_whole_batches(events: &[Event]) {
    for batch in numbers(events).chunks(SIZE) {
        assert!(batch.iter().all(|number| *number == batch[0]), "a batch was split: {batch:?}");
    }
}
