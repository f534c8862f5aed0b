//! [`children`] and [`descendants`]: what an event led to.
//!
//! Keeps the invariant that an event is visited, once, after all of its parents that the walk
//! reaches: the oldest event that was met is always visited next.

use std::collections::BTreeMap;
use std::future::ready;

use futures::{StreamExt, stream};

use super::goes_on;
use super::upward::read;
use crate::{
    Error, Event, EventId, EventStore, Position, Replay, ReplayOptions, Result, StartFrom, Walk, WalkOptions,
};

/// Reads the children of an event by reading all that stands behind it.
pub(crate) fn children<S: EventStore + ?Sized>(store: &S, id: EventId) -> Replay {
    let behind = store.replay(ReplayOptions::new().with_start(StartFrom::AfterId(id)));
    // An error is passed on: it may hide a child.
    let kept = move |item: &Result<Event>| {
        ready(item.as_ref().map_or(true, |event| event.header.parents.contains(&id)))
    };
    Replay::new(behind.filter(kept))
}

/// Walks from an event towards the leaves. See
/// [`EventStoreExt::descendants`](crate::EventStoreExt::descendants).
pub(crate) fn descendants<S: EventStore + ?Sized>(store: &S, id: EventId, options: WalkOptions) -> Walk<'_> {
    let limit = options.limit.unwrap_or(u64::MAX);
    if options.depth == Some(1) && limit > 0 {
        return Walk::new(first(store.children(id), limit));
    }
    let descent = Descent {
        store,
        frontier: BTreeMap::new(),
        newest: None,
        parent: Some((id, Position::ZERO, 0)),
        end: None,
        left: limit,
        depth: options.depth.unwrap_or(u64::MAX),
    };
    Walk::new(stream::unfold(descent, async |mut descent| Some((descent.next_event().await?, descent))))
}

/// Takes the first `limit` events of a replay, and the errors before the last of them.
fn first(replay: Replay, limit: u64) -> impl futures::Stream<Item = Result<Event>> {
    replay.scan(limit, |left, item| {
        let taken = (*left > 0).then_some(item);
        if matches!(taken, Some(Ok(_))) {
            *left -= 1;
        }
        ready(taken)
    })
}

/// Walks down, the oldest event first.
struct Descent<'a, S: ?Sized> {
    store: &'a S,
    /// What was met and not yet visited, with the number of steps from the start.
    frontier: BTreeMap<Position, (Result<EventId>, u64)>,
    /// The event that was met last, which on a chain is the one that is asked for next.
    newest: Option<Event>,
    /// The event that was given last, whose children were not met yet, where it stands and how many
    /// steps from the start.
    parent: Option<(EventId, Position, u64)>,
    /// Where the history ended when the walk began.
    end: Option<Position>,
    /// How many events may still be given.
    left: u64,
    depth: u64,
}

impl<S: EventStore + ?Sized> Descent<'_, S> {
    /// Returns the next event, or an error in its place; `None` at the end.
    async fn next_event(&mut self) -> Option<Result<Event>> {
        if self.left == 0 {
            return None;
        }
        let next = match self.advance().await {
            Ok(()) => self.visit().await.transpose()?,
            Err(error) => Err(error),
        };
        match &next {
            Ok(_) => self.left -= 1,
            Err(error) if goes_on(error) => {}
            Err(_) => self.left = 0,
        }
        Some(next)
    }

    /// Reads the oldest event of the frontier.
    async fn visit(&mut self) -> Result<Option<Event>> {
        let Some((position, (met, steps))) = self.frontier.pop_first() else { return Ok(None) };
        let id = met?;
        let event = match self.newest.take_if(|event| event.header.id == id) {
            Some(event) => event,
            // Evicted since it was met, and with it the way to its children.
            None => read(self.store, id, position).await?.ok_or(Error::UnknownEvent { id })?,
        };
        self.parent = Some((id, position, steps));
        Ok(Some(event))
    }

    /// Meets the children of the event that was given last, or of the start.
    async fn advance(&mut self) -> Result<()> {
        let Some((id, position, steps)) = self.parent.take().filter(|(.., steps)| *steps < self.depth) else {
            return Ok(());
        };
        let end = match self.end {
            Some(end) => end,
            None => self.store.head().await?.position,
        };
        self.end = Some(end);
        // The oldest come first: more of them than may still be given cannot be reached.
        let mut wanted = self.left;
        let mut children = self.store.children(id);
        while wanted > 0 {
            match children.try_next().await {
                Ok(Some(event)) if event.position() > end => break,
                Ok(Some(event)) => {
                    wanted -= 1;
                    self.meet(event.position(), Ok(event.header.id), steps + 1);
                    self.newest = Some(event);
                }
                Ok(None) => break,
                Err(error) => self.hidden(error, position, steps + 1)?,
            }
        }
        Ok(())
    }

    /// Meets an error that hides events, to be told in their place, and once, whichever children they
    /// may be. One that hides nothing behind the parent is none of this walk's.
    fn hidden(&mut self, error: Error, parent: Position, steps: u64) -> Result<()> {
        let (first, last) = match error {
            Error::Corrupt { first, last, .. } => (first, last),
            Error::Evicted { oldest } => (parent.next(), oldest.minus(1)),
            _ => return Err(error),
        };
        if last > parent {
            self.meet(first.max(parent.next()), Err(error), steps);
        }
        Ok(())
    }

    /// Adds an event, or notes that one that was met is nearer than it seemed.
    fn meet(&mut self, position: Position, id: Result<EventId>, steps: u64) {
        let (_, known) = self.frontier.entry(position).or_insert((id, steps));
        *known = steps.min(*known);
    }
}
