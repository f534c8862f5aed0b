//! Closing a vault.

use futures::future::{join, join_all};
use toka_vault_core::{Error, EventStore, EventStoreExt, ReplayOptions, StartFrom};

use crate::Backend;
use crate::assert_error;
use crate::events::{assert_waits, batch, drain, event, fill, history, id, items, numbers};
use crate::runner::once_waiting;

/// A closed vault takes no commits, and says so.
pub async fn a_closed_vault_takes_no_commits(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 3).await;
    let other = store.clone();
    store.close().await.unwrap();
    assert_error!(store.commit(event(4)).await, Error::Closed);
    assert_error!(other.commit_batch(batch(0..3)).await, Error::Closed);
    assert_error!(other.commit_json("test.event", 1, &[]).await, Error::Closed);
    assert_error!(other.commit(event(1).with_id(id(1))).await, Error::Closed);
}

/// Closing a closed vault does nothing, from whichever handle and however often.
pub async fn closing_twice_is_fine(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 3).await;
    let other = store.clone();
    for outcome in join_all([store.close(), other.close(), store.close()]).await {
        outcome.unwrap();
    }
    store.close().await.unwrap();
    other.close().await.unwrap();
}

/// An empty vault can be closed.
pub async fn an_empty_vault_can_be_closed(backend: Backend) {
    let store = backend.open().await;
    store.close().await.unwrap();
    assert_error!(store.commit(event(1)).await, Error::Closed);
}

/// A subscriber that waits gets the end: it is woken.
pub async fn a_waiting_subscriber_gets_the_end(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 5).await;
    let mut polled = store.subscribe();
    assert_waits(&mut polled);
    let unpolled = store.subscribe();
    let task = once_waiting(drain(store.subscribe())).await;
    store.close().await.unwrap();
    for (events, ended) in [drain(polled).await, drain(unpolled).await, task.await.unwrap()] {
        assert!(events.is_empty());
        assert!(ended, "a subscriber at the head has read everything: it ends, without an error");
    }
}

/// After the end a subscription stays at its end.
pub async fn an_ended_subscription_stays_at_its_end(backend: Backend) {
    let store = backend.open().await;
    let mut subscription = store.subscribe();
    store.close().await.unwrap();
    for _ in 0..3 {
        assert!(subscription.recv().await.unwrap().is_none());
    }
}

/// A subscription gives the events from before the closing, in order, and then ends; it ends early
/// only by saying that the vault was closed.
pub async fn subscriptions_give_what_was_there_and_end(backend: Backend) {
    let store = backend.open().await;
    let live = store.subscribe();
    fill(&store, 200).await;
    let behind = store.subscribe_from(StartFrom::Beginning);
    store.close().await.unwrap();
    let after = store.subscribe_from(StartFrom::Beginning);
    for subscription in [live, behind, after] {
        let (events, whole) = drain(subscription).await;
        let read = events.len() as u64;
        assert_eq!(numbers(&events), (1..=read).collect::<Vec<_>>());
        assert_eq!(whole, read == 200, "ended after {read} of 200 events");
    }
}

/// A replay of a closed vault gives what can still be read, or says that the vault is closed.
pub async fn a_replay_gives_the_history_or_says_closed(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 20).await;
    let begun = store.replay(ReplayOptions::new());
    store.close().await.unwrap();
    for replay in [begun, store.replay(ReplayOptions::new())] {
        let mut found = items(replay).await;
        let failure = found.pop_if(|item| item.is_err());
        assert!(failure.is_some() || found.len() == 20);
        assert!(matches!(failure, None | Some(Err(Error::Closed))), "{failure:?}");
    }
    assert!(matches!(store.get(id(1)).await, Ok(None) | Err(Error::Closed)));
}

/// Commits that were accepted before the closing are finished, and all others are refused.
pub async fn accepted_commits_are_finished(backend: Backend) {
    let store = backend.open().await;
    let follow = tokio::spawn(drain(store.subscribe()));
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.commit(event(number)).await })
        })
        .collect();
    store.commit(event(1_000)).await.unwrap();
    store.close().await.unwrap();
    let mut acknowledged = 1;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => acknowledged += 1,
            outcome => assert_error!(outcome, Error::Closed),
        }
    }
    let (events, whole) = follow.await.unwrap();
    assert!(!whole || events.len() == acknowledged, "{} of {acknowledged} acknowledged", events.len());
    if backend.is_durable() {
        drop(store);
        assert_eq!(history(&backend.open().await).await.len(), acknowledged);
    }
}

/// A commit that is under way when the vault is closed is finished, and then subscribers get it before
/// their end; or it is refused, and then it is nowhere.
pub async fn a_commit_under_way_is_finished_or_refused(backend: Backend) {
    let store = backend.open().await;
    fill(&store, 3).await;
    let subscription = store.subscribe_from(StartFrom::Beginning);
    // Each commit gets as far as it can without waiting; then the vault is closed and read to its end, and
    // all go on.
    let commits = join_all((0..8).map(|number| store.commit(event(number).with_id(id(number)))));
    let closing = async {
        store.close().await.unwrap();
        drain(subscription).await
    };
    let (outcomes, (events, whole)) = join(commits, closing).await;
    let mut taken = 3;
    for outcome in outcomes {
        match outcome {
            Ok(_) => taken += 1,
            refused => assert_error!(refused, Error::Closed),
        }
    }
    assert!(
        !whole || events.len() == taken,
        "a subscription ended after {} events, {taken} were acknowledged: a commit was taken after the closing",
        events.len()
    );
    if backend.is_durable() {
        drop(store);
        let kept = history(&backend.open().await).await.len();
        assert_eq!(kept, taken, "events that are kept, and those that were acknowledged");
    }
}
