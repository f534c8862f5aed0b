//! [`replay`] and [`follow`]: a [`Reader`] as a stream of events.
//!
//! Keeps the invariants that a subscription is the replay that waits for the head to move, so that
//! there is no seam between history and live; and that a slow reader holds a bounded number of events,
//! however far it is behind.
//!
//! Invariants 5 and 6 of `docs/architecture.md`, which names the tests that show them.

mod ahead;
mod filtered;
mod forward;
mod picking;

use std::future::Future;

use futures::stream::{self, Stream};
use toka_vault_core::{
    Direction, Error, Event, Position, Replay, ReplayOptions, Result, StartFrom, SubscribeOptions,
    Subscription,
};

use crate::chunk::Chunk;
use crate::limits::CHUNK_EVENTS_MAX;
use crate::published::State;
use crate::query::Query;
use crate::reader::{Next, Reader};
use filtered::{Filtered, FilteredFollow};
use forward::Forward;

/// What a step of reading brings: events, or what kept them from being read.
type Read = Result<Chunk>;

/// Reads history up to the head at this call, or up to an end before it.
pub(crate) fn replay(reader: Reader, options: ReplayOptions) -> Replay {
    let head = reader.published.position();
    let next = Next::new(options.start, head);
    let last = options.end.map_or(head, |end| end.min(head));
    if !options.filter.is_all() {
        let ReplayOptions { direction, limit, filter, .. } = options;
        let left = limit.unwrap_or(u64::MAX);
        let filtered = Filtered::new(reader, Query::Filter(filter), direction, (next, last), left);
        return Replay::from_chunks(chunks(filtered, Filtered::step));
    }
    match options.direction {
        Direction::Backward => {
            let left = options.limit.unwrap_or(u64::MAX);
            Replay::from_chunks(chunks(Backward::new(reader, next, last, left), Backward::step))
        }
        _ => Replay::from_chunks(chunks(Forward::new(reader, next, last, options.limit), Forward::step)),
    }
}

/// Reads what a query wants, up to the head at this call.
pub(crate) fn search(reader: Reader, query: Query, start: StartFrom) -> Replay {
    let last = reader.published.position();
    let range = (Next::new(start, last), last);
    let filtered = Filtered::new(reader, query, Direction::Forward, range, u64::MAX);
    Replay::from_chunks(chunks(filtered, Filtered::step))
}

/// Follows from a start point for as long as the vault is open.
pub(crate) fn follow(reader: Reader, options: SubscribeOptions) -> Subscription {
    let next = Next::new(options.start, reader.published.position());
    if options.filter.is_all() {
        return Subscription::from_chunks(chunks(Follow { reader, next }, Follow::step));
    }
    let follow = FilteredFollow::new(reader, Query::Filter(options.filter), next);
    Subscription::from_chunks(chunks(follow, FilteredFollow::step))
}

/// Turns a reader into a stream of what it reads.
///
/// A step returns the chunk and the reader that goes on behind it, or `None` at the end. An error
/// that cannot be stepped over is the last item.
fn chunks<R, C, F>(reader: R, step: fn(R) -> F) -> impl Stream<Item = Result<C>>
where
    F: Future<Output = Option<(Result<C>, R)>>,
{
    stream::unfold(Some(reader), move |reader| async move {
        let (chunk, reader) = step(reader?).await?;
        let goes_on = matches!(chunk, Ok(_) | Err(Error::Evicted { .. } | Error::Corrupt { .. }));
        Some((chunk, goes_on.then_some(reader)))
    })
}

/// Reads from new to old, window by window, each read forwards and turned round.
struct Backward {
    reader: Reader,
    /// Where to stop: the lowest position to read.
    start: Next,
    /// The newest position not read yet.
    last: Position,
    left: u64,
    /// How many events to read at once. It shrinks where they are large or damaged, so that a
    /// window is one chunk, and in the end the one event that cannot be read.
    window: u64,
}

impl Backward {
    /// Reads from `last` down to `start`, at most `left` events.
    fn new(reader: Reader, start: Next, last: Position, left: u64) -> Self {
        Self { reader, start, last, left, window: CHUNK_EVENTS_MAX as u64 }
    }

    async fn step(mut self) -> Option<(Read, Self)> {
        if self.left == 0 {
            return None;
        }
        loop {
            let start = match self.reader.resolve(&mut self.start, self.last).await {
                Ok(start) => start.max(Position::FIRST),
                Err(error) => return Some((Err(error), self)),
            };
            let count = self.window.min(self.left);
            let first = self.last.minus(count.saturating_sub(1)).max(start);
            if first > self.last {
                return None;
            }
            let chunk = self.reader.read(first, self.last.get() - first.get() + 1).await;
            let chunk = chunk.and_then(Chunk::into_events);
            // The oldest event was evicted between the look and the read: look again.
            if matches!((&chunk, self.start), (Err(Error::Evicted { .. }), Next::Oldest)) {
                continue;
            }
            let whole = matches!(&chunk, Ok(events) if events.last().map(Event::position) == Some(self.last));
            if whole || first == self.last || matches!(chunk, Err(Error::Evicted { .. })) {
                let chunk = self.take(chunk, first);
                return Some((chunk, self));
            }
            self.window = (self.last.get() - first.get()).div_ceil(2);
        }
    }

    /// Moves in front of what was read, or of what cannot be.
    fn take(&mut self, chunk: Result<Vec<Event>>, first: Position) -> Read {
        match chunk {
            Ok(mut events) => {
                self.left = self.left.saturating_sub(events.len() as u64);
                self.last = first.minus(1);
                self.window = (self.window * 2).min(CHUNK_EVENTS_MAX as u64);
                events.reverse();
                Ok(events.into())
            }
            Err(Error::Evicted { oldest }) => {
                self.start = Next::At(oldest);
                Err(Error::Evicted { oldest })
            }
            Err(Error::Corrupt { first: from, last, reason }) => {
                // One at a time, though all of it may be told of the first one: what was told is left out.
                let last = last.min(self.last);
                self.last = first.minus(1);
                Err(Error::Corrupt { first: from, last, reason })
            }
            Err(error) => {
                self.last = first.minus(1);
                Err(error)
            }
        }
    }
}

/// Reads from old to new and waits at the head.
struct Follow {
    reader: Reader,
    next: Next,
}

impl Follow {
    async fn step(mut self) -> Option<(Read, Self)> {
        loop {
            let State { position, ended, .. } = self.reader.published.state();
            let chunk = self.reader.advance(&mut self.next, position, u64::MAX).await;
            if !matches!(&chunk, Ok(chunk) if chunk.last_position().is_none()) {
                return Some((chunk, self));
            }
            if ended {
                return None;
            }
            let moved = |state: &State| state.position > position || state.ended;
            self.reader.published.wait_for(moved).await;
        }
    }
}
