//! [`children`] and [`descendants`]: what an event led to.
//!
//! Keeps the invariant that an event is visited, once, after all of its parents that the walk
//! reaches: the oldest event that was met is always visited next. What the filter does not mean is
//! visited like the rest, without being read again or given.
//!
//! Invariant 11a of `docs/architecture.md`, which names the tests that show it.

use std::collections::BTreeMap;
use std::future::ready;

use futures::{StreamExt, stream};

use super::goes_on;
use super::passing::Passing;
use super::upward::read;
use crate::{
    Error, Event, EventId, EventStore, Filter, Position, Replay, ReplayOptions, Result, StartFrom, Walk,
    WalkOptions,
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
        return Walk::new(first(store.children(id), options.filter, limit));
    }
    let descent = Descent {
        store,
        frontier: BTreeMap::new(),
        newest: None,
        parent: Some((id, Position::ZERO, 0)),
        end: None,
        left: limit,
        depth: options.depth.unwrap_or(u64::MAX),
        filter: options.filter,
        passing: Passing::default(),
    };
    Walk::new(stream::unfold(descent, async |mut descent| Some((descent.next_event().await?, descent))))
}

/// Takes the first `limit` events of a replay that are meant, and the errors before the last of them.
fn first(replay: Replay, filter: Filter, limit: u64) -> impl futures::Stream<Item = Result<Event>> {
    let meant =
        move |item: &Result<Event>| ready(item.as_ref().map_or(true, |event| filter.matches(&event.header)));
    // Asked for nothing once the last one is given: the next that is meant could stand at the end of history.
    stream::unfold((replay.filter(meant), limit), async |(mut replay, left)| {
        if left == 0 {
            return None;
        }
        let item = replay.next().await?;
        let left = left - u64::from(item.is_ok());
        Some((item, (replay, left)))
    })
}

/// Walks down, the oldest event first.
struct Descent<'a, S: ?Sized> {
    store: &'a S,
    /// What was met and not yet visited.
    frontier: BTreeMap<Position, Met>,
    /// The event that was met last, which on a chain is the one that is asked for next.
    newest: Option<Event>,
    /// The event that was visited last, whose children were not met yet, where it stands and how many
    /// steps from the start.
    parent: Option<(EventId, Position, u64)>,
    /// Where the history ended when the walk began.
    end: Option<Position>,
    /// How many events may still be given.
    left: u64,
    depth: u64,
    filter: Filter,
    passing: Passing,
}

/// Is an event that was met, or an error in its place.
struct Met {
    id: Result<EventId>,
    /// Whether the filter means it.
    is_meant: bool,
    /// How many steps it is away from the start.
    steps: u64,
}

impl<S: EventStore + ?Sized> Descent<'_, S> {
    /// Returns the next event, or an error in its place; `None` at the end.
    async fn next_event(&mut self) -> Option<Result<Event>> {
        if self.left == 0 {
            return None;
        }
        let next = self.next_meant().await.transpose()?;
        match &next {
            Ok(_) => self.left -= 1,
            Err(error) if goes_on(error) => {}
            Err(_) => self.left = 0,
        }
        Some(next)
    }

    /// Visits events up to the next one that is meant, and reads that.
    async fn next_meant(&mut self) -> Result<Option<Event>> {
        loop {
            self.advance().await?;
            let Some((position, met)) = self.frontier.pop_first() else { return Ok(None) };
            let id = met.id?;
            if met.is_meant {
                let event = self.read(id, position).await?;
                self.parent = Some((id, position, met.steps));
                return Ok(Some(event));
            }
            self.parent = Some((id, position, met.steps));
            self.passing.pass().await;
        }
    }

    /// Reads an event that was met.
    async fn read(&mut self, id: EventId, position: Position) -> Result<Event> {
        match self.newest.take_if(|event| event.header.id == id) {
            Some(event) => Ok(event),
            // Evicted since it was met, and with it the way to its children.
            None => read(self.store, id, position).await?.ok_or(Error::UnknownEvent { id }),
        }
    }

    /// Meets the children of the event that was visited last, or of the start.
    async fn advance(&mut self) -> Result<()> {
        let Some((id, position, steps)) = self.parent.take().filter(|(.., steps)| *steps < self.depth) else {
            return Ok(());
        };
        let end = match self.end {
            Some(end) => end,
            None => self.store.head().await?.position,
        };
        self.end = Some(end);
        // The oldest come first: what stands behind as many as may still be given cannot be reached.
        let mut wanted = self.left;
        let mut children = self.store.children(id);
        while wanted > 0 {
            match children.try_next().await {
                Ok(Some(event)) if event.position() > end => break,
                Ok(Some(event)) => wanted -= u64::from(self.meet_child(event, steps + 1)),
                Ok(None) => break,
                Err(error) => self.hidden(error, position, steps + 1)?,
            }
        }
        Ok(())
    }

    /// Meets a child, and tells whether it is meant.
    fn meet_child(&mut self, child: Event, steps: u64) -> bool {
        let is_meant = self.filter.matches(&child.header);
        // At the last step, what is not meant leads to nothing.
        if is_meant || steps < self.depth {
            self.meet(child.position(), Met { id: Ok(child.header.id), is_meant, steps });
        }
        if is_meant {
            self.newest = Some(child);
        }
        is_meant
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
            let met = Met { id: Err(error), is_meant: true, steps };
            self.meet(first.max(parent.next()), met);
        }
        Ok(())
    }

    /// Adds an event, or notes that one that was met is nearer than it seemed.
    fn meet(&mut self, position: Position, met: Met) {
        let steps = met.steps;
        let known = self.frontier.entry(position).or_insert(met);
        known.steps = steps.min(known.steps);
    }
}
