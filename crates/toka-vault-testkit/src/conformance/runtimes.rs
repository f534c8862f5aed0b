//! Any executor will do, and none.

use std::sync::Arc;

use futures::executor::block_on;
use toka_vault_core::{EventStore, EventStoreExt, StartFrom};

use crate::assertions::assert_whole;
use crate::events::{event, fill, history, numbers, take};
use crate::runner::elsewhere;
use crate::{Backend, Store};

/// Opens a vault and does a bit of everything.
async fn use_all(backend: &Backend) {
    let store = backend.open().await;
    let mut subscription = store.subscribe_from(StartFrom::Beginning);
    fill(&store, 100).await;
    let last = store.commit(event(101)).await.unwrap();
    assert!(store.get(last.id).await.unwrap().is_some());
    assert_eq!(numbers(&take(&mut subscription, 101).await), (1..=101).collect::<Vec<_>>());
    assert_whole(&store).await;
    store.close().await.unwrap();
    assert!(subscription.recv().await.unwrap().is_none());
}

/// A vault works without any runtime, under `block_on` of `futures`.
pub async fn it_works_without_a_runtime(backend: Backend) {
    elsewhere(move || block_on(use_all(&backend))).await;
}

/// A vault works on a current-thread runtime that has neither timers nor I/O.
pub async fn it_works_on_a_current_thread_runtime(backend: Backend) {
    elsewhere(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(use_all(&backend));
    })
    .await;
}

/// A vault works on a multi-thread runtime.
pub async fn it_works_on_a_multi_thread_runtime(backend: Backend) {
    elsewhere(move || crate::runner::runtime().block_on(use_all(&backend))).await;
}

/// On one thread, a writer and a reader that wait for each other get on: nothing blocks the thread.
pub async fn one_thread_is_enough_for_readers_and_writers(backend: Backend) {
    let store = backend.open().await;
    elsewhere(move || {
        let mut subscription = store.subscribe();
        let write = async {
            for number in 1..=100 {
                store.commit(event(number)).await.unwrap();
            }
        };
        let (events, ()) = block_on(futures::future::join(take(&mut subscription, 100), write));
        assert_eq!(numbers(&events), (1..=100).collect::<Vec<_>>());
    })
    .await;
}

/// Threads without a runtime share a vault with tasks on one.
pub async fn threads_and_tasks_share_a_vault(backend: Backend) {
    let store = backend.open().await;
    let write = |store: Store| async move {
        for number in 0..50 {
            store.commit(event(number)).await.unwrap();
        }
    };
    let task = tokio::spawn(write(store.clone()));
    let (one, two) = (write(store.clone()), write(store.clone()));
    futures::future::join(elsewhere(|| block_on(one)), elsewhere(|| block_on(two))).await;
    task.await.unwrap();
    assert_eq!(history(&store).await.len(), 150);
    assert_whole(&store).await;
}

/// A subscription goes on when it is moved from one runtime to another.
pub async fn a_subscription_moves_between_runtimes(backend: Backend) {
    let store = backend.open().await;
    let mut subscription = store.subscribe();
    crate::events::assert_waits(&mut subscription);
    fill(&store, 10).await;
    let mut subscription = elsewhere(move || {
        assert_eq!(block_on(take(&mut subscription, 4)).len(), 4);
        subscription
    })
    .await;
    assert_eq!(numbers(&take(&mut subscription, 6).await), (5..=10).collect::<Vec<_>>());
}

/// Behind `Arc<dyn EventStore>` a store does the same.
pub async fn it_works_behind_a_pointer(backend: Backend) {
    let store: Arc<dyn EventStore> = Arc::new(backend.open().await);
    let mut subscription = store.subscribe();
    let header = store.commit_json("test.event", 1, &[]).await.unwrap();
    assert_eq!(take(&mut subscription, 1).await[0].header, header);
    assert_eq!(store.get(header.id).await.unwrap().unwrap().header, header);
    assert_whole(&store).await;
    store.close().await.unwrap();
}
