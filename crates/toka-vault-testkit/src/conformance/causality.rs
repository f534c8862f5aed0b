//! What led to what: children, ancestors and descendants in graphs of known shape.

use toka_vault_core::limits::PARENTS_MAX;
use toka_vault_core::{Error, Event, EventId, EventStore, EventStoreExt, Walk, WalkOptions, WalkOrder};

use crate::assert_error;
use crate::assertions::assert_same;
use crate::events::{event, fill, id, number, numbers, read};
use crate::graph::{WOVEN, commit_graph, common, node, opened, walk};
use crate::{Backend, Store};

/// Opens a vault with a chain of the numbers from 1 to `length`.
async fn chain(backend: &Backend, length: u64) -> Option<Store> {
    let store = super::roomy(backend, length).await?;
    let link = |n| {
        let parent = (n > 1).then(|| node(n - 1));
        event(n).with_id(node(n)).with_parents(parent.as_slice())
    };
    store.commit_batch((1..=length).map(link).collect()).await.unwrap();
    Some(store)
}

/// Options that turn the default order round.
fn nearest_first() -> WalkOptions {
    WalkOptions::new().with_order(WalkOrder::NearestFirst)
}

/// The numbers of the ancestors of an event.
async fn ancestors(store: &Store, of: u64, options: WalkOptions) -> Vec<u64> {
    walk(store.ancestors(node(of), options)).await
}

/// The numbers of the descendants of an event.
async fn descendants(store: &Store, of: u64, options: WalkOptions) -> Vec<u64> {
    walk(store.descendants(node(of), options)).await
}

/// Asserts that a walk consists of the news that an id is unknown.
async fn assert_unknown(mut walk: Walk<'_>, unknown: EventId) {
    assert_error!(walk.try_next().await, Error::UnknownEvent { id } if id == unknown);
    assert!(walk.try_next().await.unwrap().is_none());
    assert!(walk.try_next().await.unwrap().is_none());
}

/// The children of an event are those that name it, oldest first, and nobody else.
pub async fn children_are_those_that_name_it(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    let children = async |of| numbers(&read(store.children(node(of))).await);
    assert_eq!(children(1).await, [2, 3, 6]);
    assert_eq!(children(3).await, [4, 5]);
    assert_eq!(children(8).await, [9]);
    assert!(children(7).await.is_empty());
}

/// The children of an event that the vault does not have are the news of that.
pub async fn children_of_an_unknown_id_are_an_error(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    let mut children = store.children(id(77));
    assert_error!(children.try_next().await, Error::UnknownEvent { id: unknown } if unknown == id(77));
    assert!(children.try_next().await.unwrap().is_none());
}

/// Children that are committed after the call are not among those that are read.
pub async fn children_end_at_the_head_of_the_call(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    let children = store.children(node(7));
    commit_graph(&store, &[(10, &[7])]).await;
    assert!(read(children).await.is_empty(), "a child was read that was committed after the call");
    assert_same(numbers(&read(store.children(node(7))).await), [10]);
}

/// A child that names an event in the batch that committed both is found.
pub async fn a_batch_is_part_of_the_graph(backend: Backend) {
    let store = backend.open().await;
    let batch = vec![
        event(1).with_id(node(1)),
        event(2).with_id(node(2)).with_parents(&[node(1)]),
        event(3).with_id(node(3)).with_parents(&[node(2), node(1)]),
    ];
    store.commit_batch(batch).await.unwrap();
    assert_same(descendants(&store, 1, WalkOptions::new()).await, [2, 3]);
    assert_same(ancestors(&store, 3, WalkOptions::new()).await, [1, 2]);
}

/// A walk along a chain gives every event of it but the start, in either direction and order.
pub async fn a_chain_is_walked_to_its_end(backend: Backend) {
    let Some(store) = chain(&backend, 500).await else { return };
    assert_same(ancestors(&store, 500, WalkOptions::new()).await, (1..500).collect::<Vec<_>>());
    assert_same(ancestors(&store, 500, nearest_first()).await, (1..500).rev().collect::<Vec<_>>());
    let (down, turned) = (WalkOptions::new().with_limit(300), nearest_first().with_limit(300));
    assert_same(descendants(&store, 1, down).await, (2..302).collect::<Vec<_>>());
    assert_same(descendants(&store, 400, WalkOptions::new()).await, (401..=500).collect::<Vec<_>>());
    assert_same(descendants(&store, 1, turned).await, (2..302).collect::<Vec<_>>());
}

/// An event that is reached on several ways is given once.
pub async fn a_diamond_is_walked_once(backend: Backend) {
    let store = opened(&backend, &[(1, &[]), (2, &[1]), (3, &[1]), (4, &[2, 3]), (5, &[4, 2])]).await;
    assert_same(ancestors(&store, 5, WalkOptions::new()).await, [1, 2, 3, 4]);
    assert_same(ancestors(&store, 5, nearest_first()).await, [4, 3, 2, 1]);
    assert_same(descendants(&store, 1, WalkOptions::new()).await, [2, 3, 4, 5]);
}

/// As many ways as a ladder of diamonds has are no more work than its events.
pub async fn a_ladder_of_diamonds_is_walked_once(backend: Backend) {
    let Some(store) = super::roomy(&backend, 181).await else { return };
    let mut batch = vec![event(1).with_id(node(1))];
    for rung in 0..60 {
        let first = 3 * rung + 1;
        let side = |n| event(n).with_id(node(n)).with_parents(&[node(first)]);
        let closed = event(first + 3).with_id(node(first + 3));
        batch.extend([side(first + 1), side(first + 2)]);
        batch.push(closed.with_parents(&[node(first + 1), node(first + 2)]));
    }
    store.commit_batch(batch).await.unwrap();
    assert_same(ancestors(&store, 181, WalkOptions::new()).await, (1..181).collect::<Vec<_>>());
    assert_same(descendants(&store, 1, WalkOptions::new()).await, (2..=181).collect::<Vec<_>>());
}

/// A fan of children is read whole, or as far as is asked.
pub async fn a_fan_is_walked(backend: Backend) {
    let Some(store) = super::roomy(&backend, 3_001).await else { return };
    store.commit(event(1).with_id(node(1))).await.unwrap();
    let child = |n| event(n).with_id(node(n)).with_parents(&[node(1)]);
    store.commit_batch((2..=3_001).map(child).collect()).await.unwrap();
    let one_step = WalkOptions::new().with_depth(1);
    assert_same(descendants(&store, 1, one_step.clone()).await, (2..=3_001).collect::<Vec<_>>());
    assert_same(descendants(&store, 1, one_step.with_limit(5)).await, [2, 3, 4, 5, 6]);
    assert_same(descendants(&store, 1, WalkOptions::new().with_limit(5)).await, [2, 3, 4, 5, 6]);
    assert_eq!(walk(store.leaves()).await, (2..=3_001).rev().collect::<Vec<_>>());
}

/// An event with as many parents as there may be is walked up from.
pub async fn a_join_of_1024_is_walked(backend: Backend) {
    let Some(store) = super::roomy(&backend, PARENTS_MAX as u64 + 1).await else { return };
    let parents: Vec<_> = fill(&store, PARENTS_MAX as u64).await.iter().map(|header| header.id).collect();
    store.commit(event(0).with_id(node(1)).with_parents(&parents)).await.unwrap();
    assert_same(ancestors(&store, 1, WalkOptions::new()).await, (1..=1_024).collect::<Vec<_>>());
    assert_same(ancestors(&store, 1, nearest_first().with_limit(2)).await, [1_024, 1_023]);
    assert_eq!(walk(store.leaves()).await, [0]);
}

/// In the causal order parents come before their children, whatever the order of the names.
pub async fn parents_come_before_their_children(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    assert_same(ancestors(&store, 7, WalkOptions::new()).await, [1, 2, 3, 4, 5, 6]);
    assert_same(descendants(&store, 1, WalkOptions::new()).await, [2, 3, 4, 5, 6, 7]);
    assert_same(descendants(&store, 3, WalkOptions::new()).await, [4, 5, 6, 7]);
}

/// Nearest first, the newest ancestors come first, and the oldest descendants.
pub async fn the_nearest_come_first_when_asked(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    assert_same(ancestors(&store, 7, nearest_first()).await, [6, 5, 4, 3, 2, 1]);
    assert_same(descendants(&store, 1, nearest_first()).await, [2, 3, 4, 5, 6, 7]);
}

/// A limit keeps what stands nearest to the start, in either order.
pub async fn a_limit_keeps_the_nearest(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    assert_same(ancestors(&store, 7, WalkOptions::new().with_limit(3)).await, [4, 5, 6]);
    assert_same(ancestors(&store, 7, nearest_first().with_limit(3)).await, [6, 5, 4]);
    assert_same(descendants(&store, 1, WalkOptions::new().with_limit(3)).await, [2, 3, 4]);
    assert_eq!(ancestors(&store, 7, WalkOptions::new().with_limit(99)).await.len(), 6);
    assert_eq!(descendants(&store, 1, WalkOptions::new().with_limit(99)).await.len(), 6);
}

/// A depth of one is parents or children alone, and an event is as far away as its shortest way.
pub async fn a_depth_counts_the_shortest_way(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    let depth = |steps| WalkOptions::new().with_depth(steps);
    assert_same(ancestors(&store, 7, depth(1)).await, [5, 6]);
    assert_same(ancestors(&store, 7, depth(2)).await, [1, 3, 4, 5, 6]);
    assert_same(ancestors(&store, 7, depth(3)).await, [1, 2, 3, 4, 5, 6]);
    assert_same(ancestors(&store, 7, nearest_first().with_depth(2)).await, [6, 5, 4, 3, 1]);
    assert_same(descendants(&store, 1, depth(1)).await, [2, 3, 6]);
    assert_same(descendants(&store, 1, depth(2)).await, [2, 3, 4, 5, 6, 7]);
    assert_same(descendants(&store, 3, depth(2)).await, [4, 5, 6, 7]);
    assert_same(ancestors(&store, 7, depth(2).with_limit(2)).await, [5, 6]);
}

/// What lies behind an event that is reached late by a short way counts from there.
pub async fn a_short_way_that_is_found_late_counts(backend: Backend) {
    let up: &[(u64, &[u64])] = &[(1, &[]), (2, &[1]), (3, &[2]), (4, &[3]), (5, &[4, 2])];
    let store = opened(&backend, up).await;
    let three_steps = WalkOptions::new().with_depth(3);
    assert_same(ancestors(&store, 5, three_steps.clone()).await, [1, 2, 3, 4]);
    let down: &[(u64, &[u64])] =
        &[(11, &[]), (12, &[11]), (13, &[12]), (14, &[11]), (15, &[13, 14]), (16, &[15])];
    commit_graph(&store, down).await;
    assert_same(descendants(&store, 11, three_steps).await, [12, 13, 14, 15, 16]);
}

/// No steps, or no events, are nothing.
pub async fn a_bound_of_zero_gives_nothing(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    for options in [WalkOptions::new().with_depth(0), WalkOptions::new().with_limit(0)] {
        let turned = options.clone().with_order(WalkOrder::NearestFirst);
        assert!(ancestors(&store, 7, options.clone()).await.is_empty());
        assert!(ancestors(&store, 7, turned).await.is_empty());
        assert!(descendants(&store, 1, options).await.is_empty());
    }
}

/// A root has no ancestors, a leaf no descendants.
pub async fn walks_from_the_ends_are_empty(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    assert!(ancestors(&store, 1, WalkOptions::new()).await.is_empty());
    assert!(ancestors(&store, 1, nearest_first()).await.is_empty());
    assert!(descendants(&store, 7, WalkOptions::new()).await.is_empty());
    assert!(descendants(&store, 7, WalkOptions::new().with_depth(1)).await.is_empty());
}

/// A walk from an id that the vault does not have is the news of that.
pub async fn an_unknown_id_is_the_only_item(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    assert_unknown(store.ancestors(id(77), WalkOptions::new()), id(77)).await;
    assert_unknown(store.ancestors(id(77), nearest_first()), id(77)).await;
    assert_unknown(store.descendants(id(77), WalkOptions::new()), id(77)).await;
    assert_unknown(store.descendants(id(77), WalkOptions::new().with_depth(1)), id(77)).await;
}

/// What is committed while a walk goes on is not part of it.
pub async fn a_walk_down_ends_at_the_head_of_its_first_item(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    let mut walk = store.descendants(node(4), WalkOptions::new());
    assert_eq!(walk.try_next().await.unwrap().as_ref().map(number), Some(6));
    commit_graph(&store, &[(10, &[7])]).await;
    assert_eq!(walk.try_next().await.unwrap().as_ref().map(number), Some(7));
    assert!(walk.try_next().await.unwrap().is_none());
}

/// The events of a walk are those that `get` returns, to the last byte.
pub async fn a_walk_gives_whole_events(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    let up = all(store.ancestors(node(7), WalkOptions::new())).await;
    let down = all(store.descendants(node(1), WalkOptions::new())).await;
    assert_eq!((up.len(), down.len()), (6, 6));
    for event in up.into_iter().chain(down) {
        assert_eq!(store.get(event.header.id).await.unwrap(), Some(event));
    }
}

/// A durable vault that is opened again answers as before. Any other passes without a look.
pub async fn the_graph_is_there_after_reopening(backend: Backend) {
    if !backend.is_durable() {
        return;
    }
    let store = opened(&backend, WOVEN).await;
    store.close().await.unwrap();
    drop(store);
    let store = backend.open().await;
    assert_same(ancestors(&store, 7, WalkOptions::new()).await, [1, 2, 3, 4, 5, 6]);
    assert_same(descendants(&store, 3, WalkOptions::new()).await, [4, 5, 6, 7]);
    assert_eq!(common(&store, 4, 5).await, [3]);
    assert!(store.is_ancestor(node(2), node(7)).await.unwrap());
    assert_eq!(walk(store.leaves()).await, [7, 9]);
    commit_graph(&store, &[(10, &[1, 9])]).await;
    assert_same(numbers(&read(store.children(node(1))).await), [2, 3, 6, 10]);
    assert_same(ancestors(&store, 10, WalkOptions::new()).await, [1, 8, 9]);
}

/// In a vault that evicts, the graph is what is left: walks are over where they come to what is gone.
pub async fn what_was_evicted_is_no_part_of_the_graph(backend: Backend) {
    let Some(capacity) = backend.capacity().filter(|capacity| *capacity <= 10_000) else { return };
    let store = opened(&backend, &[(1, &[]), (2, &[1]), (3, &[1]), (4, &[2]), (5, &[3, 4])]).await;
    fill(&store, capacity - 2).await;
    for options in [WalkOptions::new(), nearest_first()] {
        assert_same(ancestors(&store, 5, options).await, [4]);
    }
    assert!(common(&store, 5, 4).await == [4]);
    assert_unknown(store.ancestors(node(3), WalkOptions::new()), node(3)).await;
    assert_unknown(store.descendants(node(3), WalkOptions::new()), node(3)).await;
    assert_error!(store.is_ancestor(node(2), node(5)).await, Error::UnknownEvent { .. });
    assert!(store.is_ancestor(node(4), node(5)).await.unwrap());
}

/// An event that took an evicted id anew is another event: it has not what the first one led to.
pub async fn an_id_that_was_evicted_and_came_back_is_another_event(backend: Backend) {
    let Some(capacity) = backend.capacity().filter(|capacity| *capacity <= 10_000) else { return };
    let store = opened(&backend, &[(1, &[])]).await;
    fill(&store, capacity - 2).await;
    commit_graph(&store, &[(2, &[1])]).await;
    fill(&store, 1).await;
    commit_graph(&store, &[(1, &[2])]).await;
    for options in [WalkOptions::new(), nearest_first()] {
        assert_same(ancestors(&store, 1, options.clone()).await, [2]);
        assert!(ancestors(&store, 2, options.clone()).await.is_empty());
        assert!(descendants(&store, 1, options.clone()).await.is_empty());
        assert_same(descendants(&store, 2, options).await, [1]);
    }
    assert!(!store.is_ancestor(node(1), node(2)).await.unwrap());
    assert!(store.is_ancestor(node(2), node(1)).await.unwrap());
}

/// Reads a walk to its end, which no error may come before.
async fn all(mut walk: Walk<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = walk.try_next().await.unwrap() {
        events.push(event);
    }
    events
}
