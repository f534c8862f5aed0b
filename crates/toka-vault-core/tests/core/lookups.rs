//! `get_many` on a store of a third party: what it fails with, and how many reads it has under way.

#[allow(dead_code, reason = "the tests of `verify` need more of it")]
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use crate::listed::Listed;
use async_trait::async_trait;
use futures::executor::block_on;
use toka_vault_core::limits::GETS_AT_ONCE_MAX;
use toka_vault_core::{
    Condition, Error, Event, EventHeader, EventId, EventStore, Head, NewEvent, Position, Replay,
    ReplayOptions, Result, SubscribeOptions, Subscription,
};

/// Makes a store of this many events, with the ids from 1 on.
fn listed(count: u64) -> Arc<Listed> {
    let store = Arc::new(Listed::default());
    let batch = (1..=count).map(|number| NewEvent::new("test.event", number).unwrap());
    block_on(store.commit_batch(batch.collect())).unwrap();
    store
}

fn ids(count: u64) -> Vec<EventId> {
    (1..=count).map(|number| EventId::from_u128(number.into())).collect()
}

/// Counts the reads that are under way; those that are asked for first take longest.
struct Slow {
    store: Arc<Listed>,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl EventStore for Slow {
    async fn commit_batch_if(
        &self,
        batch: Vec<NewEvent>,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        self.store.commit_batch_if(batch, conditions).await
    }

    fn replay(&self, options: ReplayOptions) -> Replay {
        self.store.replay(options)
    }

    fn subscribe_with(&self, options: SubscribeOptions) -> Subscription {
        self.store.subscribe_with(options)
    }

    async fn get(&self, id: EventId) -> Result<Option<Event>> {
        let now = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        let mut waits = 20 - id.to_u128() % 20;
        poll_fn(|context| {
            context.waker().wake_by_ref();
            waits -= 1;
            if waits == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        self.store.get(id).await
    }

    async fn head(&self) -> Result<Head> {
        self.store.head().await
    }

    async fn close(&self) -> Result<()> {
        self.store.close().await
    }
}

#[test]
fn a_bounded_number_of_reads_is_under_way_and_answers_keep_their_order() {
    let store = Slow { store: listed(200), under_way: AtomicUsize::new(0), most: AtomicUsize::new(0) };
    let found = block_on(store.get_many(&ids(201))).unwrap();
    let positions: Vec<_> = found.iter().map(|event| event.as_ref().map(|e| e.position().get())).collect();
    assert_eq!(positions, (1..=200).map(Some).chain([None]).collect::<Vec<_>>());
    assert_eq!(store.most.into_inner(), GETS_AT_ONCE_MAX);
}

#[test]
fn what_cannot_be_read_is_the_error_and_the_others_can_be_read_alone() {
    let store = listed(40);
    let damaged = ids(40)[29];
    store.lie(|state| state.unreadable = Some((damaged, Error::corrupt(Position::new(30), "checksum"))));
    let failed = block_on(store.get_many(&ids(40)));
    assert!(matches!(failed, Err(Error::Corrupt { first, .. }) if first == Position::new(30)), "{failed:?}");
    assert!(matches!(block_on(store.header(damaged)), Err(Error::Corrupt { .. })));
    assert!(block_on(store.get_many(&ids(29))).unwrap().iter().all(Option::is_some));
}
