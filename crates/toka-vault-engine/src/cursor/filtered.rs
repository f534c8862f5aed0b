//! [`Filtered`] and [`FilteredFollow`]: a replay and a subscription of what a [`Query`] wants.
//!
//! What the index covers is picked, what is newer is read and compared. A subscription that has fallen
//! far behind is picked for again.
//!
//! Keeps the invariants that picking and reading meet at one position, so that no wanted event is told
//! twice or left out where one ends and the other begins; and that a long search for nothing lets other
//! tasks run in between.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::BoxStream;
use toka_vault_core::{Direction, Event, Position, Result, let_others_run};

use super::forward::Forward;
use super::picking::{End, Picking};
use super::{Backward, Read, chunks};
use crate::chunk::Chunk;
use crate::limits::CHUNK_EVENTS_MAX;
use crate::published::State;
use crate::query::Query;
use crate::reader::{Next, Reader};

/// How far behind the head a subscription is before it is picked for.
const BEHIND_MIN: u64 = 4 * CHUNK_EVENTS_MAX as u64;

/// Is a chunk of what is wanted.
pub(super) type Wanted = Result<Vec<Result<Event>>>;

/// Replays what is wanted.
pub(super) struct Filtered {
    reader: Reader,
    query: Arc<Query>,
    direction: Direction,
    start: Next,
    last: Position,
    left: u64,
    /// What is still to do, `None` before it is known.
    parts: Option<VecDeque<Part>>,
}

/// Is a part of a replay.
enum Part {
    Pick(Picking),
    Read(BoxStream<'static, Read>),
}

impl Filtered {
    /// Reads between `start` and `last`, at most `left` events.
    pub(super) fn new(
        reader: Reader,
        query: Query,
        direction: Direction,
        (start, last): (Next, Position),
        left: u64,
    ) -> Self {
        Self { reader, query: Arc::new(query), direction, start, last, left, parts: None }
    }

    /// Returns the next of what is wanted.
    pub(super) async fn step(mut self) -> Option<(Wanted, Self)> {
        while self.left > 0 {
            let Some(parts) = &mut self.parts else {
                match self.plan().await {
                    Ok(parts) => self.parts = Some(parts),
                    Err(error) => return Some((Err(error), self)),
                }
                continue;
            };
            let wanted = match parts.pop_front()? {
                Part::Pick(picking) => self.pick(picking).await,
                Part::Read(stream) => self.read(stream).await,
            };
            match wanted.map(|wanted| self.cut(wanted)) {
                Ok(wanted) if wanted.is_empty() => let_others_run().await,
                wanted => return Some((wanted, self)),
            }
        }
        None
    }

    /// Says what is picked and what is read.
    async fn plan(&mut self) -> Result<VecDeque<Part>> {
        let at = self.reader.resolve(&mut self.start, self.last).await?.max(Position::FIRST);
        let picking = match self.reader.published.read_tail(at, 1) {
            Some(_) => None,
            None => {
                let range = (at, self.last);
                Picking::start(&self.reader, &self.query, range, self.direction, self.left()).await?
            }
        };
        Ok(match picking {
            None => VecDeque::from([self.part(self.start, self.last)]),
            Some((picking, covered)) => {
                let mut parts = VecDeque::from([Part::Pick(picking)]);
                let newer = self.part(Next::At(covered.next()), self.last);
                if self.is_backward() {
                    parts.push_front(newer)
                } else {
                    parts.push_back(newer)
                }
                parts
            }
        })
    }

    /// Returns how many events are left to tell, or more than can be told at once.
    fn left(&self) -> usize {
        usize::try_from(self.left).unwrap_or(usize::MAX)
    }

    fn is_backward(&self) -> bool {
        self.direction == Direction::Backward
    }

    /// Reads all between two positions.
    fn part(&self, start: Next, last: Position) -> Part {
        let reader = self.reader.clone();
        Part::Read(if self.is_backward() {
            chunks(Backward::new(reader, start, last, u64::MAX), Backward::step).boxed()
        } else {
            chunks(Forward::new(reader, start, last, None), Forward::step).boxed()
        })
    }

    /// Picks some of what is wanted.
    async fn pick(&mut self, mut picking: Picking) -> Wanted {
        let (events, end) = picking.step(&self.reader, self.left()).await?;
        let rest = match end {
            None => Some(Part::Pick(picking)),
            Some(End::Unindexed(first, last)) => Some(self.part(Next::At(first), last)),
            Some(End::Complete) => None,
        };
        if let Some(rest) = rest {
            self.parts.get_or_insert_default().push_front(rest);
        }
        Ok(events)
    }

    /// Reads some events and takes what is wanted.
    async fn read(&mut self, mut stream: BoxStream<'static, Read>) -> Wanted {
        let Some(chunk) = stream.next().await else { return Ok(Vec::new()) };
        self.parts.get_or_insert_default().push_front(Part::Read(stream));
        chunk.map(|chunk| wanted(chunk, &self.query))
    }

    /// Counts events, and cuts off what is too many.
    fn cut(&mut self, mut wanted: Vec<Result<Event>>) -> Vec<Result<Event>> {
        let mut left = self.left;
        wanted.retain(|event| {
            let takes = left > 0;
            left -= u64::from(takes && event.is_ok());
            takes
        });
        self.left = left;
        wanted
    }
}

/// Follows what is wanted.
pub(super) struct FilteredFollow {
    reader: Reader,
    query: Arc<Query>,
    next: Next,
    picking: Option<Picking>,
    /// Up to where the index is of no use.
    unindexed: Position,
}

impl FilteredFollow {
    /// Starts at `next`.
    pub(super) fn new(reader: Reader, query: Query, next: Next) -> Self {
        Self { reader, query: Arc::new(query), next, picking: None, unindexed: Position::ZERO }
    }

    /// Returns the next of what is wanted, once it is there.
    pub(super) async fn step(mut self) -> Option<(Wanted, Self)> {
        loop {
            let State { position, ended, .. } = self.reader.published.state();
            let step = match self.picking.take() {
                Some(picking) => self.pick(picking).await.map(Some),
                None => self.advance(position).await,
            };
            match step {
                Ok(Some(wanted)) if wanted.is_empty() => let_others_run().await,
                Ok(Some(wanted)) => return Some((Ok(wanted), self)),
                Err(error) => return Some((Err(error), self)),
                Ok(None) if ended => return None,
                Ok(None) => {
                    let moved = |state: &State| state.position > position || state.ended;
                    self.reader.published.wait_for(moved).await;
                }
            }
        }
    }

    /// Picks some of what is wanted.
    async fn pick(&mut self, mut picking: Picking) -> Wanted {
        let (events, end) = picking.step(&self.reader, usize::MAX).await?;
        match end {
            None => self.picking = Some(picking),
            Some(End::Complete) => {}
            Some(End::Unindexed(first, last)) => (self.next, self.unindexed) = (Next::At(first), last),
        }
        Ok(events)
    }

    /// Starts to pick where that is worth while, and otherwise reads some events. Returns none at the
    /// head.
    async fn advance(&mut self, head: Position) -> Result<Option<Vec<Result<Event>>>> {
        let at = self.reader.resolve(&mut self.next, head).await?.max(Position::FIRST);
        // Never of a log that evicts: it has no index of kinds.
        if at > self.unindexed && head.get().saturating_sub(at.get()) > BEHIND_MIN {
            let range = (at, head);
            match Picking::start(&self.reader, &self.query, range, Direction::Forward, usize::MAX).await? {
                Some((picking, covered)) => {
                    self.picking = Some(picking);
                    self.next = Next::At(covered.next());
                    return Ok(Some(Vec::new()));
                }
                None => self.unindexed = head,
            }
        }
        let chunk = self.reader.advance(&mut self.next, head, u64::MAX).await?;
        Ok(chunk.last_position().map(|_| wanted(chunk, &self.query)))
    }
}

/// Takes what is wanted out of a chunk, and what is damaged: it could be.
fn wanted(chunk: Chunk, query: &Query) -> Vec<Result<Event>> {
    chunk.filter(|event| event.as_ref().map_or(true, |event| query.matches(&event.header))).collect()
}
