//! Order of commit, of positions, of replay and of subscription: one and the same.

use std::collections::HashMap;

use futures::future::join_all;
use toka_vault_core::{Event, EventHeader, EventId, EventStore, EventStoreExt, StartFrom};

use crate::assertions::assert_whole;
use crate::events::{event, headers, ids, take};
use crate::{Backend, Store};

/// Writers in this file's cases.
const WRITERS: u64 = 4;

/// Commits of each writer.
const COMMITS: u64 = 120;

/// What four writers committed, three subscribers and a replay see in the same order: that of the
/// positions that the writers were told.
pub async fn all_readers_see_one_order(backend: Backend) {
    let store = backend.open().await;
    let all = (WRITERS * COMMITS) as usize;
    let readers: Vec<_> = [StartFrom::Beginning, StartFrom::Head, StartFrom::After(Default::default())]
        .map(|start| tokio::spawn(collect(store.subscribe_from(start), all)))
        .into();
    let mut told = write(&store).await;
    let events = assert_whole(&store).await;
    told.sort_by_key(|header| header.position);
    assert_eq!(headers(&events), told);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), events);
    }
}

/// Each writer's events keep its order.
pub async fn each_writer_keeps_its_order(backend: Backend) {
    let store = backend.open().await;
    write(&store).await;
    let mut last: HashMap<u64, u64> = HashMap::new();
    for number in crate::events::numbers(&assert_whole(&store).await) {
        let (writer, round) = (number / 1_000, number % 1_000);
        if let Some(before) = last.insert(writer, round) {
            assert_eq!(round, before + 1, "commits of writer {writer} changed places");
        }
    }
}

/// A child stands behind its parents, for every reader.
pub async fn children_stand_behind_their_parents(backend: Backend) {
    let store = backend.open().await;
    let follow = tokio::spawn(collect(store.subscribe(), (WRITERS * COMMITS) as usize));
    let write = |store: Store, writer| async move {
        let mut parent: Option<EventId> = None;
        for round in 0..COMMITS {
            let parents: Vec<_> = parent.into_iter().collect();
            let header = store.commit(event(writer * 1_000 + round).with_parents(&parents)).await.unwrap();
            parent = Some(header.id);
        }
    };
    join_all((0..WRITERS).map(|writer| tokio::spawn(write(store.clone(), writer)))).await;
    let events = follow.await.unwrap();
    let place: HashMap<_, _> = ids(&events).into_iter().zip(0..).collect::<HashMap<_, u64>>();
    for event in &events {
        let own = place[&event.header.id];
        assert!(event.header.parents.iter().all(|parent| place[parent] < own));
    }
}

/// Commits from four tasks and returns all headers that they were told.
async fn write<S: EventStore + Clone + 'static>(store: &S) -> Vec<EventHeader> {
    let tasks = (0..WRITERS).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut told = Vec::new();
            for round in 0..COMMITS {
                told.push(store.commit(event(writer * 1_000 + round)).await.unwrap());
            }
            told
        })
    });
    join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect()
}

/// Receives `count` events.
async fn collect(mut subscription: toka_vault_core::Subscription, count: usize) -> Vec<Event> {
    take(&mut subscription, count).await
}
