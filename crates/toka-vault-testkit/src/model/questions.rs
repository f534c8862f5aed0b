//! [`ask`]: a question about the graph, put to a vault and to the model.

use futures::TryStreamExt;
use toka_vault_core::{Error, Event, EventId, EventStore, EventStoreExt, Result};

use super::graph::Graph;
use super::ops::Question;
use super::vault::Model;
use crate::events::items;

/// Asks a vault about one event or two, and compares its answer with the model's.
///
/// # Panics
///
/// Where they differ.
pub(super) async fn ask(
    store: &impl EventStore,
    model: &Model,
    question: &Question,
    [one, other]: [EventId; 2],
) {
    let graph = Graph::of(model);
    let place = |id| graph.place(id).ok_or(id);
    let (got, expected) = match question {
        Question::Children => {
            let got = items(store.children(one)).await.into_iter().collect();
            (got, place(one).map(|at| graph.children(at)))
        }
        // No event, no look at the id: whether it is unknown is a matter of taste.
        Question::Ancestors(options) | Question::Descendants(options)
            if options.limit == Some(0) || options.depth == Some(0) =>
        {
            return;
        }
        Question::Ancestors(options) => {
            let got = store.ancestors(one, options.clone()).try_collect().await;
            (got, place(one).map(|at| graph.ancestors(at, options)))
        }
        Question::Descendants(options) => {
            let got = store.descendants(one, options.clone()).try_collect().await;
            (got, place(one).map(|at| graph.descendants(at, options)))
        }
        Question::IsAncestor => {
            let got = store.is_ancestor(one, other).await;
            return compare(
                got,
                both(&graph, one, other).map(|(at, to)| graph.led_to(at, to)),
                &[one, other],
            );
        }
        Question::Common => {
            let got = store.common_ancestors(one, other).await;
            (got, both(&graph, one, other).map(|(at, to)| graph.common(at, to)))
        }
        Question::Roots => (store.roots().try_collect().await, Ok(graph.roots())),
        Question::Leaves => (store.leaves().try_collect().await, Ok(graph.leaves())),
    };
    compare::<Vec<Event>>(got, expected, &[one, other]);
}

/// Finds where two events stand, or one that is unknown.
fn both(
    graph: &Graph<'_>,
    one: EventId,
    other: EventId,
) -> Result<(toka_vault_core::Position, toka_vault_core::Position), EventId> {
    Ok((graph.place(one).ok_or(one)?, graph.place(other).ok_or(other)?))
}

/// Compares answers; where an id is unknown, a vault can name any of those that were asked about.
fn compare<T: PartialEq + std::fmt::Debug>(got: Result<T>, expected: Result<T, EventId>, asked: &[EventId]) {
    match (got, expected) {
        (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{asked:?}"),
        (Err(Error::UnknownEvent { id }), Err(_)) => assert!(asked.contains(&id), "{id} of {asked:?}"),
        (got, expected) => panic!("{got:?} where {expected:?} was expected"),
    }
}
