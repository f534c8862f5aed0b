//! Copies into another vault, and out of another: the same events in the same order.
//!
//! The other vault is one on a log in memory. A back-end that evicts is asked where it keeps enough.

use toka_vault_core::{
    Copied, Error, Event, EventStore, EventStoreExt, NewEvent, Position, StartFrom, Timestamp,
};
use toka_vault_engine::LocalVault;

use super::roomy;
use crate::assertions::assert_whole;
use crate::events::{event, fill, history, id, payload_of};
use crate::graph::{WOVEN, commit_graph, node};
use crate::logs::{Disk, open_vault};
use crate::{Backend, Store, assert_error};

/// More events than one batch of a copy has.
const MANY: u64 = 2_500;

/// Opens the other vault, empty.
fn other() -> LocalVault {
    open_vault(&Disk::default())
}

/// Fills a vault with a graph, payloads of many sizes, a time that was brought, and many events.
async fn commit_all_sorts(store: &impl EventStore) {
    commit_graph(store, WOVEN).await;
    let sizes = [1, 300, 5_000, 70_000, 2_000_000].map(payload_of);
    store
        .commit_batch(sizes.map(|payload| NewEvent::new("test.size", payload).unwrap()).into())
        .await
        .unwrap();
    store.commit(event(1).with_timestamp(Timestamp::EPOCH).with_parents(&[node(7), node(9)])).await.unwrap();
    fill(store, MANY).await;
}

/// Copies all that there is, and tells how many events were new and known.
async fn copy(from: &impl EventStore, to: &impl EventStore) -> (u64, u64) {
    let Copied { new, known, .. } = from.copy_to(to, StartFrom::Beginning).await.unwrap();
    (new, known)
}

/// Reads a history without its positions, which are not copied.
async fn content(store: &impl EventStore) -> Vec<Event> {
    let mut events = history(store).await;
    events.iter_mut().for_each(|event| event.header.position = Position::ZERO);
    events
}

/// A copy out of the vault has the same events in the same order, and so the same head.
pub async fn a_copy_is_the_same_history(backend: Backend) {
    let Some(store) = roomy(&backend, 2 * MANY).await else { return };
    commit_all_sorts(&store).await;
    let to = other();
    let (new, known) = copy(&store, &to).await;
    assert_eq!((new, known), (store.head().await.unwrap().position.get(), 0));
    assert_eq!(to.head().await.unwrap(), store.head().await.unwrap());
    assert_eq!(assert_whole(&to).await, history(&store).await);
}

/// So has a copy into the vault.
pub async fn a_copy_from_elsewhere_is_the_same_history(backend: Backend) {
    let Some(store) = roomy(&backend, 2 * MANY).await else { return };
    let from = other();
    commit_all_sorts(&from).await;
    copy(&from, &store).await;
    assert_eq!(store.head().await.unwrap(), from.head().await.unwrap());
    assert_eq!(assert_whole(&store).await, history(&from).await);
}

/// A repeated copy stores nothing, and one after more commits only those.
pub async fn a_repeated_copy_adds_what_is_new(backend: Backend) {
    let Some(store) = roomy(&backend, 2 * MANY).await else { return };
    let from = other();
    fill(&from, MANY).await;
    assert_eq!(copy(&from, &store).await, (MANY, 0));
    assert_eq!(copy(&from, &store).await, (0, MANY));
    fill(&from, 3).await;
    assert_eq!(copy(&from, &store).await, (3, MANY));
    assert_eq!(assert_whole(&store).await, history(&from).await);
}

/// Into a vault with events of its own, before or in between, goes what it does not have.
pub async fn a_vault_with_events_of_its_own_gets_the_rest(backend: Backend) {
    let Some(store) = roomy(&backend, 2 * MANY).await else { return };
    let from = other();
    fill(&from, 5).await;
    fill(&store, 7).await;
    assert_eq!(copy(&from, &store).await, (5, 0));
    fill(&store, 1).await;
    fill(&from, MANY).await;
    assert_eq!(copy(&from, &store).await, (MANY, 5));
    assert_eq!(copy(&from, &store).await, (0, MANY + 5));
    let mut copied = content(&store).await;
    let of_the_other = content(&from).await;
    copied.retain(|event| of_the_other.contains(event));
    assert_eq!(copied, of_the_other);
    assert_eq!(assert_whole(&store).await.len() as u64, MANY + 13);
}

/// What a copy has that was begun at the wrong end is known, and the rest is added.
pub async fn a_part_from_the_middle_is_known(backend: Backend) {
    let store = backend.open().await;
    let from = other();
    fill(&from, 9).await;
    let part = from.copy_to(&store, StartFrom::After(Position::new(6))).await.unwrap();
    assert_eq!((part.new, part.known), (3, 0));
    assert_eq!(copy(&from, &store).await, (6, 3));
    assert_eq!(assert_whole(&store).await.len(), 9);
}

/// A copy starts where it is told, and a parent that stands before that has to be there.
pub async fn a_parent_before_the_start_has_to_be_there(backend: Backend) {
    let store = backend.open().await;
    let from = other();
    commit_graph(&from, &[(1, &[]), (2, &[1]), (3, &[])]).await;
    let refused = from.copy_to(&store, StartFrom::AfterId(node(1))).await;
    assert_error!(refused, Error::UnknownParent { parent } if parent == node(1));
    assert_eq!(store.head().await.unwrap().position, Position::ZERO);
    let copied = from.copy_to(&store, StartFrom::AfterId(node(2))).await.unwrap();
    assert_eq!((copied.new, copied.known), (1, 0));
    let nowhere = from.copy_to(&store, StartFrom::AfterId(id(77))).await;
    assert_error!(nowhere, Error::UnknownEvent { id: unknown } if unknown == id(77));
    assert_eq!(from.copy_to(&store, StartFrom::Head).await.unwrap(), Copied::default());
}

/// An id that has other content in the target is a conflict, and stays as it is.
pub async fn an_id_with_other_content_is_a_conflict(backend: Backend) {
    let store = backend.open().await;
    let from = other();
    from.commit(event(1).with_id(id(1))).await.unwrap();
    store.commit(event(2).with_id(id(1))).await.unwrap();
    let before = history(&store).await;
    let refused = from.copy_to(&store, StartFrom::Beginning).await;
    assert_error!(refused, Error::Conflict { id: taken, differs: "payload" } if taken == id(1));
    assert_eq!(history(&store).await, before);
}

/// An event whose past is another in the target gets another hash there, which is told.
pub async fn another_past_is_told(backend: Backend) {
    let store = backend.open().await;
    let from = other();
    commit_graph(&from, &[(1, &[]), (2, &[1])]).await;
    store.commit(event(99).with_id(node(1))).await.unwrap();
    let told = from.copy_to(&store, StartFrom::After(Position::FIRST)).await;
    let hash = from.get(node(2)).await.unwrap().unwrap().header.hash;
    assert_error!(told, Error::HashDiffers { id, expected, found }
        if id == node(2) && expected == hash && found != hash);
}

/// A copy that is dropped on the way has the first events, each as it was, and a repeat adds the rest.
pub async fn a_dropped_copy_can_be_repeated(backend: Backend) {
    let Some(store) = roomy(&backend, 2 * MANY).await else { return };
    let from = other();
    fill(&from, MANY).await;
    for polls in 1..20 {
        drop_after(polls, &from, &store).await;
    }
    let (new, known) = copy(&from, &store).await;
    assert_eq!(new + known, MANY);
    assert_eq!(assert_whole(&store).await, history(&from).await);
}

/// Polls a copy so often, and drops it.
async fn drop_after(polls: u32, from: &LocalVault, to: &Store) {
    let copying = async {
        let _ = from.copy_to(to, StartFrom::Beginning).await;
    };
    let enough = async {
        for _ in 0..polls {
            tokio::task::yield_now().await;
        }
    };
    futures::future::select(std::pin::pin!(copying), std::pin::pin!(enough)).await;
}
