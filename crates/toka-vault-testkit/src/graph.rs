//! Makes graphs of numbered events, and reads walks along them.

use toka_vault_core::{EventId, EventStore, EventStoreExt, Walk};

use crate::events::{event, id, number, numbers};
use crate::{Backend, Store};

/// Joins, forks, ways of several lengths and a part of its own: 1 and 8 are roots, 7 and 9 leaves.
pub const WOVEN: &[(u64, &[u64])] = &[
    (1, &[]),
    (2, &[1]),
    (3, &[1]),
    (8, &[]),
    (4, &[2, 3]),
    (5, &[3]),
    (6, &[4, 1]),
    (9, &[8]),
    (7, &[6, 5]),
];

/// Returns the id of the event of a graph that has this number.
pub fn node(number: u64) -> EventId {
    id(1_000 + number)
}

/// Commits a graph in one batch; each pair is a number and those of its parents.
pub async fn commit_graph(store: &impl EventStore, graph: &[(u64, &[u64])]) {
    let new = |(number, parents): &(u64, &[u64])| {
        let parents: Vec<_> = parents.iter().copied().map(node).collect();
        event(*number).with_id(node(*number)).with_parents(&parents)
    };
    store.commit_batch(graph.iter().map(new).collect()).await.unwrap();
}

/// Opens a vault that holds a graph.
pub async fn opened(backend: &Backend, graph: &[(u64, &[u64])]) -> Store {
    let store = backend.open().await;
    commit_graph(&store, graph).await;
    store
}

/// Returns the numbers of the common ancestors of two events.
pub async fn common(store: &impl EventStore, one: u64, other: u64) -> Vec<u64> {
    numbers(&store.common_ancestors(node(one), node(other)).await.unwrap())
}

/// Reads a walk to its end, which no error may come before, as numbers.
pub async fn walk(mut walk: Walk<'_>) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Some(event) = walk.try_next().await.unwrap() {
        numbers.push(number(&event));
    }
    numbers
}
