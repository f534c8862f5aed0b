//! What a vault refuses: each with its own error, and nothing stored.

use std::collections::BTreeMap;

use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use toka_vault_core::limits::{KIND_BYTES_MAX, PARENTS_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX};
use toka_vault_core::{Error, EventHeader, EventStore, EventStoreExt, NewEvent, Result};

use crate::assert_error;
use crate::assertions::assert_whole;
use crate::events::{event, fill, id, text_of};
use crate::{Backend, Store};

/// Opens a vault with three events, makes `attempt`, and asserts that it left no trace and that the
/// vault goes on. Returns what the attempt came to.
async fn refused(
    backend: Backend,
    attempt: impl AsyncFnOnce(&Store, &[EventHeader]) -> Result<EventHeader>,
) -> Result<EventHeader> {
    let store = backend.open().await;
    let known = fill(&store, 3).await;
    let before = store.head().await.unwrap();
    let outcome = attempt(&store, &known).await;
    assert!(outcome.is_err(), "it was taken: {outcome:?}");
    assert_eq!(store.head().await.unwrap(), before, "a refused commit moved the head");
    store.commit(event(4).with_parents(&[known[0].id])).await.unwrap();
    assert_eq!(assert_whole(&store).await.len(), 4);
    outcome
}

/// A kind that breaks a rule is refused, whichever.
pub async fn malformed_kinds(backend: Backend) {
    let long = "k".repeat(KIND_BYTES_MAX + 1);
    let kinds = ["", ".", "a.", ".a", "a..b", "a b", "a\n", "a\0b", "é", "a.*", ">", "*", "a>b", &long];
    let outcome = refused(backend, async |store, _| {
        for kind in kinds {
            assert_error!(store.commit_json(kind, 1, &[]).await, Error::InvalidKind { .. });
        }
        store.commit_json("", 1, &[]).await
    });
    assert_error!(outcome.await, Error::InvalidKind { .. });
}

/// The longest kind is taken.
pub async fn the_longest_kind_is_taken(backend: Backend) {
    let store = backend.open().await;
    let long = "k".repeat(KIND_BYTES_MAX);
    for kind in [long.as_str(), "k", "!.~", "A.b-C.9_"] {
        let header = store.commit_json(kind, 1, &[]).await.unwrap();
        assert_eq!(store.get(header.id).await.unwrap().unwrap().header.kind, kind);
    }
}

/// A parent that the vault does not have is refused, also behind parents that it has.
pub async fn unknown_parents(backend: Backend) {
    let outcome = refused(backend, async |store, known| {
        store.commit(event(1).with_parents(&[known[0].id, id(9), known[1].id])).await
    });
    assert_error!(outcome.await, Error::UnknownParent { parent } if parent == id(9));
}

/// An event that names itself is refused.
pub async fn the_event_itself_as_parent(backend: Backend) {
    let outcome = refused(backend, async |store, known| {
        store.commit(event(1).with_id(id(9)).with_parents(&[known[0].id, id(9)])).await
    });
    assert_error!(outcome.await, Error::SelfParent { id: own } if own == id(9));
}

/// A parent that is named twice is refused.
pub async fn duplicate_parents(backend: Backend) {
    let outcome = refused(backend, async |store, known| {
        let [one, two] = [known[0].id, known[1].id];
        store.commit(event(1).with_parents(&[one, two, one])).await
    });
    assert_error!(outcome.await, Error::DuplicateParent { .. });
}

/// More parents than an event may have are refused.
pub async fn too_many_parents(backend: Backend) {
    let many: Vec<_> = (0..=PARENTS_MAX as u64).map(id).collect();
    let outcome = refused(backend, async |store, _| store.commit(event(1).with_parents(&many)).await);
    assert_error!(outcome.await, Error::TooManyParents { count: 1_025, max: 1_024 });
}

/// A payload above the limit is refused.
pub async fn a_payload_above_the_limit(backend: Backend) {
    let text = text_of(PAYLOAD_BYTES_MAX + 1);
    let outcome = refused(backend, async |store, _| store.commit_json("large", &text, &[]).await);
    assert_error!(outcome.await, Error::PayloadTooLarge { max: PAYLOAD_BYTES_MAX });
}

/// A payload that cannot be encoded is refused: its `Serialize` fails, a key fails, it is too deep.
pub async fn payloads_that_cannot_be_encoded(backend: Backend) {
    let outcome = refused(backend, async |store, _| {
        let deep = (0..=PAYLOAD_DEPTH_MAX).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
        assert_error!(store.commit_json("deep", &deep, &[]).await, Error::PayloadEncoding { .. });
        assert_error!(store.commit_json("failing", &Failing, &[]).await, Error::PayloadEncoding { .. });
        let keyed = BTreeMap::from([(FailingKey, 1)]);
        assert_error!(store.commit_json("failing.key", &keyed, &[]).await, Error::PayloadEncoding { .. });
        store.commit_json("twice", &TwiceTheKey, &[]).await
    });
    assert_error!(outcome.await, Error::PayloadEncoding { .. });
}

/// A payload with keys that are no text is stored; only its JSON form is refused.
pub async fn a_payload_without_json_form(backend: Backend) {
    let store = backend.open().await;
    let keyed = BTreeMap::from([(vec![1, 2], "list"), (vec![3], "other")]);
    let header = store.commit_json("keyed", &keyed, &[]).await.unwrap();
    let event = store.get(header.id).await.unwrap().unwrap();
    assert_error!(event.payload.to_json(), Error::PayloadNotJson { .. });
    assert_eq!(event.payload.decode::<BTreeMap<Vec<i32>, String>>().unwrap()[&vec![3]], "other");
    assert_error!(event.payload.decode::<String>(), Error::PayloadDecoding { .. });
}

/// A bad event between good ones leaves them be.
pub async fn bad_commits_do_not_disturb_good_ones(backend: Backend) {
    let store = backend.open().await;
    let commits = (0..100).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let parents = [id(1_000)];
            let bad = number % 3 == 0;
            let new: NewEvent = event(number).with_parents(if bad { &parents } else { &[] });
            (bad, store.commit(new).await)
        })
    });
    for outcome in futures::future::join_all(commits).await {
        match outcome.unwrap() {
            (true, outcome) => assert_error!(outcome, Error::UnknownParent { .. }),
            (false, outcome) => drop(outcome.unwrap()),
        }
    }
    assert_eq!(assert_whole(&store).await.len(), 66);
}

/// A value that cannot be encoded.
struct Failing;

/// A map key that cannot be encoded.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct FailingKey;

/// A map that has a key twice.
struct TwiceTheKey;

impl Serialize for Failing {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("told to fail"))
    }
}

impl Serialize for FailingKey {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("told to fail"))
    }
}

impl Serialize for TwiceTheKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("key", &1)?;
        map.serialize_entry("key", &2)?;
        map.end()
    }
}
