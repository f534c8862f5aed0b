//! Events under an id that the caller brought: safe to repeat, for ever.

use futures::future::join_all;
use serde_json::json;
use toka_vault_core::{Error, EventStore, EventStoreExt, NewEvent, Timestamp};

use crate::Backend;
use crate::assert_error;
use crate::assertions::assert_whole;
use crate::events::{event, fill, headers, history, id};

/// A commit that is repeated returns the first header and stores nothing.
pub async fn a_repeated_commit_returns_the_first_header(backend: Backend) {
    let store = backend.open().await;
    let first = store.commit(event(1).with_id(id(1))).await.unwrap();
    let head = store.head().await.unwrap();
    for _ in 0..3 {
        assert_eq!(store.commit(event(1).with_id(id(1))).await.unwrap(), first);
    }
    assert_eq!(store.head().await.unwrap(), head);
}

/// It does so for ever: thousands of events later too.
pub async fn old_commits_can_be_repeated(backend: Backend) {
    let Some(store) = super::roomy(&backend, 3_100).await else { return };
    let batch: Vec<_> = (0..100).map(|n| event(n).with_id(id(n))).collect();
    let first = store.commit_batch(batch.clone()).await.unwrap();
    fill(&store, 3_000).await;
    assert_eq!(store.commit_batch(batch).await.unwrap(), first);
    assert_eq!(store.head().await.unwrap().position.get(), 3_100);
}

/// An event whose id the vault assigned can be repeated under that id.
pub async fn an_assigned_id_can_be_repeated(backend: Backend) {
    let store = backend.open().await;
    let first = store.commit(event(1)).await.unwrap();
    assert_eq!(store.commit(event(1).with_id(first.id)).await.unwrap(), first);
    let other = store.commit(event(2).with_id(first.id)).await;
    assert_error!(other, Error::Conflict { .. });
}

/// In a batch, repeated events return their first headers and new ones are stored.
pub async fn a_batch_can_hold_repeated_and_new_events(backend: Backend) {
    let store = backend.open().await;
    let one = store.commit(event(1).with_id(id(1))).await.unwrap();
    let two = store.commit(event(2).with_id(id(2))).await.unwrap();
    let batch =
        vec![event(3), event(2).with_id(id(2)), event(4).with_parents(&[id(1)]), event(1).with_id(id(1))];
    let got = store.commit_batch(batch).await.unwrap();
    assert_eq!((&got[1], &got[3]), (&two, &one));
    assert_eq!((got[0].position.get(), got[2].position.get()), (3, 4));
    assert_eq!(assert_whole(&store).await.len(), 4);
}

/// An event that stands twice in one batch is stored once.
pub async fn an_event_twice_in_a_batch_is_stored_once(backend: Backend) {
    let store = backend.open().await;
    let batch = vec![event(1).with_id(id(1)), event(2), event(1).with_id(id(1))];
    let got = store.commit_batch(batch).await.unwrap();
    assert_eq!(got[0], got[2]);
    assert_eq!(headers(&assert_whole(&store).await), got[..2]);
}

/// An id that stands twice in one batch with other content is a conflict; nothing is stored.
pub async fn an_id_twice_in_a_batch_with_other_content_is_a_conflict(backend: Backend) {
    let store = backend.open().await;
    let batch = vec![event(1).with_id(id(1)), event(2).with_id(id(1))];
    assert_error!(store.commit_batch(batch).await, Error::Conflict { id: taken, .. } if taken == id(1));
    assert!(history(&store).await.is_empty());
}

/// The same id with other content is a conflict that names the part; nothing is stored.
pub async fn other_content_is_a_conflict_that_names_the_part(backend: Backend) {
    let store = backend.open().await;
    let parents = fill(&store, 2).await;
    let parents = [parents[0].id, parents[1].id];
    let first = event(1).with_id(id(1)).with_parents(&parents).with_timestamp(Timestamp::EPOCH);
    store.commit(first.clone()).await.unwrap();
    let head = store.head().await.unwrap();

    let (mut renamed, mut changed) = (first.clone(), first.clone());
    renamed.kind = "other.kind".parse().unwrap();
    changed.payload = event(2).payload;
    let turned = first.clone().with_parents(&[parents[1], parents[0]]);
    let fewer = first.clone().with_parents(&parents[..1]);
    let later = first.clone().with_timestamp(Timestamp::from_micros(1).unwrap());
    let cases = [
        (renamed, "kind"),
        (changed, "payload"),
        (turned, "parents"),
        (fewer, "parents"),
        (later, "timestamp"),
    ];
    for (other, part) in cases {
        let outcome = store.commit(other).await;
        assert_error!(outcome, Error::Conflict { id: taken, differs } if (taken, differs) == (id(1), part));
        assert_eq!(store.head().await.unwrap(), head);
    }
}

/// A conflict refuses its whole batch.
pub async fn a_conflict_refuses_its_batch(backend: Backend) {
    let store = backend.open().await;
    store.commit(event(1).with_id(id(1))).await.unwrap();
    let head = store.head().await.unwrap();
    let batch = vec![event(2).with_id(id(2)), event(3).with_id(id(1)), event(4)];
    assert_error!(store.commit_batch(batch).await, Error::Conflict { .. });
    assert_eq!(store.head().await.unwrap(), head);
    assert!(store.get(id(2)).await.unwrap().is_none());
}

/// A repeated event need not bring the timestamp, and may bring the one that was assigned.
pub async fn the_timestamp_need_not_be_repeated(backend: Backend) {
    let store = backend.open().await;
    let brought = store.commit(event(1).with_id(id(1)).with_timestamp(Timestamp::EPOCH)).await.unwrap();
    assert_eq!(store.commit(event(1).with_id(id(1))).await.unwrap(), brought);
    let assigned = store.commit(event(2).with_id(id(2))).await.unwrap();
    let again = event(2).with_id(id(2)).with_timestamp(assigned.timestamp);
    assert_eq!(store.commit(again).await.unwrap(), assigned);
}

/// Content is compared by what it is, not by the Rust type that it came from.
pub async fn equal_content_of_another_type_is_a_repeat(backend: Backend) {
    let store = backend.open().await;
    let map = std::collections::HashMap::from([("n", 1)]);
    let from_json = NewEvent::new("typed", json!({ "n": 1 })).unwrap().with_id(id(1));
    let from_map = NewEvent::new("typed", &map).unwrap().with_id(id(1));
    let first = store.commit(from_json).await.unwrap();
    assert_eq!(store.commit(from_map).await.unwrap(), first);
}

/// Where several tasks commit the same event at once, one is stored and all get the same header.
pub async fn concurrent_repeats_store_one_event(backend: Backend) {
    let store = backend.open().await;
    for round in 0..20 {
        let tasks = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.commit(event(round).with_id(id(round))).await.unwrap() })
        });
        let got: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        assert!(got.iter().all(|header| *header == got[0]), "headers differ: {got:?}");
        assert_eq!(store.head().await.unwrap().position.get(), round + 1);
    }
    assert_whole(&store).await;
}

/// Where several tasks commit other content under one id at once, one wins and the others conflict.
pub async fn concurrent_conflicts_have_one_winner(backend: Backend) {
    let store = backend.open().await;
    for round in 0..20 {
        let tasks = (0..6).map(|task| {
            let store = store.clone();
            tokio::spawn(async move { store.commit(event(task).with_id(id(round))).await })
        });
        let outcomes: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 5));
        for outcome in lost {
            assert_error!(outcome, Error::Conflict { differs: "payload", .. });
        }
    }
}
