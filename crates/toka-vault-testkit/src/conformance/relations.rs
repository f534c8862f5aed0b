//! How events are related: ancestor or not, what two have in common, where the graph begins and ends.

use toka_vault_core::{Error, EventStoreExt, WalkOptions};

use crate::Backend;
use crate::assert_error;
use crate::events::id;
use crate::graph::{WOVEN, commit_graph, common, node, opened, walk};

/// An event is an ancestor of what it led to, directly or not, and of nothing else.
pub async fn is_ancestor_tells_every_relation(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    for (of, _) in WOVEN {
        let known = walk(store.ancestors(node(*of), WalkOptions::new())).await;
        for (other, _) in WOVEN {
            let told = store.is_ancestor(node(*other), node(*of)).await.unwrap();
            assert_eq!(told, known.contains(other), "{other} before {of}");
        }
    }
    assert!(!store.is_ancestor(node(7), node(7)).await.unwrap());
}

/// Whether one event led to another cannot be told where the vault does not have both.
pub async fn is_ancestor_of_an_unknown_id_is_an_error(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    for (earlier, later) in [(id(77), node(7)), (node(1), id(77)), (id(77), id(77))] {
        let told = store.is_ancestor(earlier, later).await;
        assert_error!(told, Error::UnknownEvent { id: unknown } if unknown == id(77));
    }
}

/// The common ancestors of two events are the nearest alone, the newest first.
pub async fn common_ancestors_are_the_nearest(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    assert_eq!(common(&store, 2, 3).await, [1]);
    assert_eq!(common(&store, 4, 5).await, [3]);
    assert_eq!(common(&store, 6, 5).await, [3]);
    assert_eq!(common(&store, 5, 6).await, [3]);
}

/// Where both sides took from both, as in a criss-cross, there are several.
pub async fn a_criss_cross_has_several_common_ancestors(backend: Backend) {
    let graph: &[(u64, &[u64])] =
        &[(1, &[]), (2, &[1]), (3, &[1]), (4, &[2, 3]), (5, &[3, 2]), (6, &[4]), (7, &[5])];
    let store = opened(&backend, graph).await;
    assert_eq!(common(&store, 4, 5).await, [3, 2]);
    assert_eq!(common(&store, 6, 7).await, [3, 2]);
    assert_eq!(common(&store, 6, 5).await, [3, 2]);
}

/// Where one event led to the other, it is what they have in common; so is an event with itself.
pub async fn a_common_ancestor_can_be_one_of_the_two(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    assert_eq!(common(&store, 1, 7).await, [1]);
    assert_eq!(common(&store, 7, 3).await, [3]);
    assert_eq!(common(&store, 5, 5).await, [5]);
}

/// Events without a common past have no common ancestor.
pub async fn parts_of_their_own_have_nothing_in_common(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    assert!(common(&store, 7, 9).await.is_empty());
    assert!(common(&store, 8, 1).await.is_empty());
}

/// Common ancestors cannot be told where the vault does not have both events.
pub async fn common_ancestors_of_an_unknown_id_are_an_error(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    for (one, other) in [(id(77), node(7)), (node(1), id(77)), (id(77), id(77))] {
        let told = store.common_ancestors(one, other).await;
        assert_error!(told, Error::UnknownEvent { id: unknown } if unknown == id(77));
    }
}

/// Roots are the events without parents, oldest first; leaves those that nothing follows, newest
/// first.
pub async fn roots_and_leaves_are_the_ends(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    assert_eq!(walk(store.roots()).await, [1, 8]);
    assert_eq!(walk(store.leaves()).await, [7, 9]);
    commit_graph(&store, &[(10, &[9]), (11, &[])]).await;
    assert_eq!(walk(store.roots()).await, [1, 8, 11]);
    assert_eq!(walk(store.leaves()).await, [11, 10, 7]);
}

/// An empty vault has neither roots nor leaves.
pub async fn an_empty_vault_has_no_ends(backend: Backend) {
    let store = backend.open().await;
    assert!(walk(store.roots()).await.is_empty());
    assert!(walk(store.leaves()).await.is_empty());
}
