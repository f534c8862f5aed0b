//! [`ancestors`]: what led to an event.
//!
//! Keeps the invariant that a bounded walk reads no more than it gives or passes over, and the parents
//! of that: an event's parents are read once another event is asked for.

use futures::stream;

use super::goes_on;
use super::passing::Passing;
use super::upward::{Mark, Met, Upward, read};
use crate::{
    Error, Event, EventHeader, EventId, EventStore, Filter, Position, Result, Walk, WalkOptions, WalkOrder,
};

/// Walks from an event towards the roots. See
/// [`EventStoreExt::ancestors`](crate::EventStoreExt::ancestors).
pub(crate) fn ancestors<S: EventStore + ?Sized>(store: &S, id: EventId, options: WalkOptions) -> Walk<'_> {
    match options.order {
        WalkOrder::NearestFirst => {
            let climb = Climb::new(store, id, options);
            Walk::new(stream::unfold(climb, async |mut climb| Some((climb.next_event().await?, climb))))
        }
        WalkOrder::Causal => {
            let turned = Turned { store, left: Err(Climb::new(store, id, options)) };
            Walk::new(stream::unfold(turned, async |mut turned| Some((turned.next_event().await?, turned))))
        }
    }
}

/// Counts the steps from the start.
#[derive(Clone, Copy)]
struct Steps(u64);

impl Mark for Steps {
    fn join(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }
}

/// Walks up, the newest event first.
struct Climb<'a, S: ?Sized> {
    upward: Upward<'a, S, Steps>,
    /// The event to start from, until that is done.
    start: Option<EventId>,
    /// The event that was given or passed over last, whose parents were not met yet.
    child: Option<(EventHeader, Steps)>,
    /// How many events may still be given.
    left: u64,
    depth: u64,
    filter: Filter,
    passing: Passing,
}

impl<'a, S: EventStore + ?Sized> Climb<'a, S> {
    fn new(store: &'a S, id: EventId, options: WalkOptions) -> Self {
        Self {
            upward: Upward::new(store),
            start: Some(id),
            child: None,
            left: options.limit.unwrap_or(u64::MAX),
            depth: options.depth.unwrap_or(u64::MAX),
            filter: options.filter,
            passing: Passing::default(),
        }
    }

    /// Returns the next event, or an error in its place; `None` at the end.
    async fn next_event(&mut self) -> Option<Result<Event>> {
        loop {
            let header = match self.next_met().await?.and_then(|met| met.header) {
                Ok(header) => header,
                Err(error) => return Some(Err(error)),
            };
            match self.upward.read(&header).await {
                // Evicted since it was met.
                Ok(None) => {}
                Ok(Some(event)) => return Some(Ok(event)),
                Err(error) => return Some(Err(self.stop_at(error))),
            }
        }
    }

    /// Returns the next event that is meant without its payload, or why an event cannot be read, or why
    /// the walk ends.
    async fn next_met(&mut self) -> Option<Result<Met<Steps>>> {
        while self.left > 0 {
            if let Err(error) = self.advance().await {
                return Some(Err(self.end_at(error)));
            }
            let met = self.upward.pop()?;
            // What cannot be read could be meant.
            let Ok(header) = &met.header else { return Some(Ok(met)) };
            self.child = Some((header.clone(), met.mark));
            if self.filter.matches(header) {
                self.left -= 1;
                return Some(Ok(met));
            }
            self.passing.pass().await;
        }
        None
    }

    /// Meets the parents of the event that was visited last, or of the start.
    async fn advance(&mut self) -> Result<()> {
        if let Some(id) = self.start.take() {
            self.upward.start(id, Steps(0)).await?;
            self.child = self.upward.pop().and_then(|met| Some((met.header.ok()?, met.mark)));
        }
        match self.child.take() {
            Some((child, Steps(steps))) if steps < self.depth => {
                self.upward.parents_of(&child, Steps(steps + 1)).await
            }
            _ => Ok(()),
        }
    }

    /// Ends the walk with an error.
    fn end_at(&mut self, error: Error) -> Error {
        self.left = 0;
        error
    }

    /// Ends the walk with an error, unless it hides one event only.
    fn stop_at(&mut self, error: Error) -> Error {
        if goes_on(&error) { error } else { self.end_at(error) }
    }
}

/// Turns a walk up round: notes the way up, then reads it downwards.
struct Turned<'a, S: ?Sized> {
    store: &'a S,
    /// What is left to read, the next at the end; or the walk that has to come first.
    left: Result<Vec<(Position, EventId)>, Climb<'a, S>>,
}

impl<S: EventStore + ?Sized> Turned<'_, S> {
    /// Returns the next event, or an error in its place; `None` at the end.
    async fn next_event(&mut self) -> Option<Result<Event>> {
        loop {
            let left = match &mut self.left {
                Ok(left) => left,
                Err(climb) => {
                    let noted = note(climb).await;
                    let (left, failed) =
                        noted.map_or_else(|error| (Vec::new(), Some(error)), |way| (way, None));
                    self.left = Ok(left);
                    match failed {
                        Some(error) => return Some(Err(error)),
                        None => continue,
                    }
                }
            };
            let (position, id) = left.pop()?;
            match read(self.store, id, position).await {
                // Evicted since it was noted.
                Ok(None) => {}
                Ok(Some(event)) => return Some(Ok(event)),
                Err(error) => {
                    if !goes_on(&error) {
                        left.clear();
                    }
                    return Some(Err(error));
                }
            }
        }
    }
}

/// Notes all events of a walk up, those too that cannot be read: reading them again tells why.
async fn note<S: EventStore + ?Sized>(climb: &mut Climb<'_, S>) -> Result<Vec<(Position, EventId)>> {
    let mut way = Vec::new();
    while let Some(met) = climb.next_met().await.transpose()? {
        let position = met.header.map_or(Position::ZERO, |header| header.position);
        way.push((position, met.id));
    }
    Ok(way)
}
