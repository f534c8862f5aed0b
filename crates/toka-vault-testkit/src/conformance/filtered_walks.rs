//! Walks that give only what a filter means, and go through everything.

use toka_vault_core::{
    Error, EventStore, EventStoreExt, Filter, Kind, NewEvent, Timestamp, WalkOptions, WalkOrder,
};

use crate::events::{event, id};
use crate::graph::{WOVEN, node, opened, walk};
use crate::{Backend, Store, assert_error};

/// Means the events with even numbers, as [`woven`] commits them.
const EVEN: &str = "walk.even";

/// Makes an event of a graph, of a kind and a time that follow from its number.
fn link(number: u64, parents: &[u64]) -> NewEvent {
    let parents: Vec<_> = parents.iter().copied().map(node).collect();
    let mut event = event(number).with_id(node(number)).with_timestamp(second(number)).with_parents(&parents);
    event.kind = Kind::new(if number.is_multiple_of(2) { EVEN } else { "walk.odd" }).unwrap();
    event
}

fn second(number: u64) -> Timestamp {
    Timestamp::from_micros(number as i64 * 1_000_000).unwrap()
}

/// Opens a vault with the woven graph, its events of two kinds.
async fn woven(backend: &Backend) -> Store {
    let store = backend.open().await;
    store.commit_batch(WOVEN.iter().map(|(number, parents)| link(*number, parents)).collect()).await.unwrap();
    store
}

/// Options that give what is of these kinds alone.
fn of_kind(pattern: &str) -> WalkOptions {
    WalkOptions::new().with_filter(Filter::kind(pattern).unwrap())
}

/// The same, nearest first.
fn nearest(options: WalkOptions) -> WalkOptions {
    options.with_order(WalkOrder::NearestFirst)
}

async fn ancestors(store: &Store, of: u64, options: WalkOptions) -> Vec<u64> {
    walk(store.ancestors(node(of), options)).await
}

async fn descendants(store: &Store, of: u64, options: WalkOptions) -> Vec<u64> {
    walk(store.descendants(node(of), options)).await
}

/// What is not meant is not given, and what lies behind it is.
pub async fn a_walk_goes_through_what_is_not_meant(backend: Backend) {
    let store = woven(&backend).await;
    assert_eq!(ancestors(&store, 7, of_kind(EVEN)).await, [2, 4, 6]);
    assert_eq!(ancestors(&store, 7, nearest(of_kind("walk.odd"))).await, [5, 3, 1]);
    assert_eq!(descendants(&store, 1, of_kind(EVEN)).await, [2, 4, 6]);
    assert_eq!(descendants(&store, 1, nearest(of_kind("walk.odd"))).await, [3, 5, 7]);
    assert_eq!(descendants(&store, 2, of_kind("walk.odd")).await, [7]);
    assert_eq!(ancestors(&store, 4, of_kind("walk.odd")).await, [1, 3]);
    assert_eq!(descendants(&store, 8, of_kind("walk.odd")).await, [9]);
}

/// A filter that means everything gives what a walk without one gives.
pub async fn a_filter_that_means_everything_changes_nothing(backend: Backend) {
    let store = opened(&backend, WOVEN).await;
    for all in [Filter::new(), Filter::kind(">").unwrap()] {
        let options = WalkOptions::new().with_filter(all);
        assert_eq!(ancestors(&store, 7, options.clone()).await, [1, 2, 3, 4, 5, 6]);
        assert_eq!(ancestors(&store, 7, nearest(options.clone())).await, [6, 5, 4, 3, 2, 1]);
        assert_eq!(descendants(&store, 1, options.clone().with_limit(3)).await, [2, 3, 4]);
        assert_eq!(descendants(&store, 1, options.with_depth(1)).await, [2, 3, 6]);
    }
}

/// A limit counts the events that are meant, and keeps those nearest to the start in either order.
pub async fn a_limit_counts_what_is_meant(backend: Backend) {
    let store = woven(&backend).await;
    assert_eq!(ancestors(&store, 7, of_kind(EVEN).with_limit(2)).await, [4, 6]);
    assert_eq!(ancestors(&store, 7, nearest(of_kind(EVEN)).with_limit(2)).await, [6, 4]);
    assert_eq!(ancestors(&store, 7, of_kind("walk.odd").with_limit(1)).await, [5]);
    assert_eq!(descendants(&store, 1, of_kind("walk.odd").with_limit(1)).await, [3]);
    assert_eq!(descendants(&store, 1, of_kind("walk.odd").with_limit(3)).await, [3, 5, 7]);
    assert_eq!(descendants(&store, 1, of_kind(EVEN).with_limit(99)).await, [2, 4, 6]);
    assert!(descendants(&store, 1, of_kind(EVEN).with_limit(0)).await.is_empty());
}

/// Children that are not meant do not use up a limit: one that is meant is found behind all of them,
/// and so is what they lead to.
pub async fn a_child_behind_many_others_is_reached(backend: Backend) {
    let Some(store) = super::roomy(&backend, 420).await else { return };
    let mut batch = vec![link(0, &[])];
    batch.extend((0..200).map(|number| link(2 * number + 1, &[0])));
    batch.extend([link(402, &[0]), link(404, &[1]), link(406, &[404])]);
    store.commit_batch(batch).await.unwrap();
    for (limit, given) in [(1, &[402][..]), (2, &[402, 404]), (3, &[402, 404, 406])] {
        assert_eq!(descendants(&store, 0, of_kind(EVEN).with_limit(limit)).await, given);
    }
    assert_eq!(descendants(&store, 0, of_kind(EVEN).with_depth(1).with_limit(1)).await, [402]);
}

/// A depth counts all steps, those too that lead to what is not meant.
pub async fn a_filter_and_a_depth_go_together(backend: Backend) {
    let store = woven(&backend).await;
    assert_eq!(ancestors(&store, 7, of_kind("walk.odd").with_depth(1)).await, [5]);
    assert_eq!(ancestors(&store, 7, of_kind("walk.odd").with_depth(2)).await, [1, 3, 5]);
    assert_eq!(ancestors(&store, 7, of_kind(EVEN).with_depth(2)).await, [4, 6]);
    assert_eq!(descendants(&store, 1, of_kind(EVEN).with_depth(1)).await, [2, 6]);
    assert_eq!(descendants(&store, 1, of_kind("walk.odd").with_depth(1)).await, [3]);
    assert_eq!(descendants(&store, 3, of_kind("walk.odd").with_depth(2)).await, [5, 7]);
    assert_eq!(descendants(&store, 3, of_kind(EVEN).with_depth(2).with_limit(1)).await, [4]);
}

/// Where nothing is meant nothing is given.
pub async fn a_filter_that_means_nothing_gives_nothing(backend: Backend) {
    let store = woven(&backend).await;
    for options in [of_kind("walk"), of_kind("walk").with_limit(2), of_kind("walk").with_depth(1)] {
        assert!(ancestors(&store, 7, options.clone()).await.is_empty());
        assert!(ancestors(&store, 7, nearest(options.clone())).await.is_empty());
        assert!(descendants(&store, 1, options).await.is_empty());
    }
}

/// A range of time holds for walks as for a replay: its start is in it, its end is not.
pub async fn a_range_of_time_holds_for_walks(backend: Backend) {
    let store = woven(&backend).await;
    let range = Filter::new().with_since(second(3)).unwrap().with_until(second(6)).unwrap();
    let options = WalkOptions::new().with_filter(range);
    assert_eq!(ancestors(&store, 7, options.clone()).await, [3, 4, 5]);
    assert_eq!(descendants(&store, 1, options.clone()).await, [3, 4, 5]);
    let odd = options.filter.or_kind("walk.odd").unwrap();
    assert_eq!(descendants(&store, 1, WalkOptions::new().with_filter(odd)).await, [3, 5]);
}

/// A way along which nothing is meant is gone to its end.
pub async fn a_long_way_through_others_is_walked(backend: Backend) {
    const LONG: u64 = 2_000;
    let Some(store) = super::roomy(&backend, LONG).await else { return };
    let chain = (0..LONG).map(|number| {
        let parent = number.checked_sub(1).map(|parent| 2 * parent + 1);
        link(2 * number + 1, parent.as_slice())
    });
    let mut chain: Vec<_> = chain.collect();
    for end in [0, chain.len() - 1] {
        chain[end].kind = Kind::new("walk.end").unwrap();
    }
    store.commit_batch(chain).await.unwrap();
    let last = 2 * LONG - 1;
    for options in [of_kind("walk.end"), nearest(of_kind("walk.end")), of_kind("walk.end").with_limit(1)] {
        assert_eq!(ancestors(&store, last, options.clone()).await, [1]);
        assert_eq!(descendants(&store, 1, options).await, [last]);
    }
}

/// That an id is unknown is told, whatever is meant.
pub async fn an_unknown_id_is_told_whatever_is_meant(backend: Backend) {
    let store = woven(&backend).await;
    for options in [of_kind(EVEN), of_kind("nobody"), of_kind(EVEN).with_depth(1)] {
        assert_error!(store.ancestors(id(77), options.clone()).try_next().await, Error::UnknownEvent { id: unknown } if unknown == id(77));
        assert_error!(store.descendants(id(77), options).try_next().await, Error::UnknownEvent { id: unknown } if unknown == id(77));
    }
}
