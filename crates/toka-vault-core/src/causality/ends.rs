//! [`roots`] and [`leaves`]: where the graph begins, and where it ends so far.
//!
//! Keeps the invariant that no more is held than the ids that newer events name and that were not
//! reached yet.

use std::collections::HashSet;
use std::future::ready;

use futures::StreamExt;

use crate::{Direction, Event, EventStore, ReplayOptions, Result, Walk};

/// Reads the events without parents, oldest first. See
/// [`EventStoreExt::roots`](crate::EventStoreExt::roots).
pub(crate) fn roots<S: EventStore + ?Sized>(store: &S) -> Walk<'_> {
    let is_root = |event: &Event| event.header.parents.is_empty();
    let history = store.replay(ReplayOptions::new());
    Walk::new(history.filter(move |item| ready(item.as_ref().map_or(true, is_root))))
}

/// Reads the events that are no event's parent, newest first. See
/// [`EventStoreExt::leaves`](crate::EventStoreExt::leaves).
pub(crate) fn leaves<S: EventStore + ?Sized>(store: &S) -> Walk<'_> {
    let mut named = HashSet::new();
    // Children stand behind their parents: each event is reached after all that name it.
    let mut is_leaf = move |event: &Event| {
        named.extend(event.header.parents.iter().copied());
        !named.remove(&event.header.id)
    };
    let history = store.replay(ReplayOptions::new().with_direction(Direction::Backward));
    Walk::new(history.filter(move |item: &Result<Event>| ready(item.as_ref().map_or(true, &mut is_leaf))))
}
