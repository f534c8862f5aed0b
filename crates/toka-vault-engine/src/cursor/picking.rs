//! [`Picking`]: what a [`Picker`] finds, read by the vault's reader threads.
//!
//! Where other threads read, they read the next parts while the consumer has this one: every event takes a
//! read of its own.
//!
//! Keeps the invariants that events are told in the picker's order, whichever thread has read them; and
//! that what is held of large events is bounded by their bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use toka_vault_core::{Direction, Event, Position, Result, let_others_run};

use super::ahead::Ahead;
use crate::limits::PARTS_AHEAD;
use crate::lookup::Storage;
use crate::picker::{Found, PART_FIRST, Picker, Rest};
use crate::query::Query;
use crate::reader::Reader;

/// How many parts are left to read when more are looked for, so that the threads do not run out of them.
const PARTS_MIN: usize = 3 * PARTS_AHEAD;

/// How many times more is looked for each time that nothing of what was found is wanted.
const GROWTH: usize = 8;

/// Picks events, some at a time.
pub(super) struct Picking {
    finding: Finding,
    /// What was found and not told, in its order. The first ones are asked for.
    parts: VecDeque<Part>,
    /// How many events the next part has at most.
    part_len: usize,
    /// What the index could not tell, behind all that was found.
    unindexed: Option<(Position, Position)>,
    /// How many times more is looked for than is wanted, because of what was found last nothing was.
    growth: usize,
}

/// Looks for more.
enum Finding {
    /// Not now.
    Idle(Box<Picker>),
    /// Now.
    Asked(Ahead<Result<(Found, Box<Picker>)>>),
    /// All is found.
    Done,
}

/// Was found.
struct Part {
    /// How many events it has at most.
    len: usize,
    reading: Ahead<Result<Picked>>,
}

/// Events that were read, and what is still to be read because they are large.
type Picked = (Vec<Result<Event>>, Option<Found>);

/// Says how picking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All is told.
    Complete,
    /// The positions between these two are to be read one by one.
    Unindexed(Position, Position),
}

impl Picking {
    /// Starts to pick what a query wants between two positions, at first up to `max` events, as far as the
    /// index covers them. Returns up to where that is; `None` where the index is of no use.
    ///
    /// The index follows the log before, step by step, so that others get their turn in between.
    pub(super) async fn start(
        reader: &Reader,
        query: &Arc<Query>,
        (first, last): (Position, Position),
        direction: Direction,
        max: usize,
    ) -> Result<Option<(Self, Position)>> {
        let started = loop {
            let query = query.clone();
            let start = move |storage: &Storage| {
                if !storage.follow(last)? {
                    return Ok(None);
                }
                let started = storage.picker(&query, first, last, direction)?.map(|(mut picker, covered)| {
                    (picker.find(&storage.index.postings, max), Box::new(picker), covered)
                });
                Ok(Some(started))
            };
            match reader.source.run(start).await? {
                Some(started) => break started,
                None => let_others_run().await,
            }
        };
        Ok(started.map(|(found, picker, covered)| {
            let mut picking = Self {
                finding: Finding::Done,
                parts: VecDeque::new(),
                part_len: PART_FIRST,
                unindexed: None,
                growth: 1,
            };
            picking.add(reader, found, picker);
            (picking, covered)
        }))
    }

    /// Returns the next events, up to `max` where all that is found is wanted, and whether they are the last.
    pub(super) async fn step(
        &mut self,
        reader: &Reader,
        max: usize,
    ) -> Result<(Vec<Result<Event>>, Option<End>)> {
        self.find(reader, max).await?;
        self.read_ahead(reader, 1 + PARTS_AHEAD).await;
        let mut events = Vec::new();
        if let Some(part) = self.parts.pop_front() {
            let rest;
            (events, rest) = part.reading.take().await?;
            match rest {
                // Not asked for yet: with those behind it, that would be one more than is promised.
                Some(rest) => self.parts.push_front(Part::new(reader, rest)),
                None => self.read_ahead(reader, PARTS_AHEAD).await,
            }
        }
        self.growth = if events.is_empty() { self.growth.saturating_mul(GROWTH) } else { 1 };
        let ended = matches!(self.finding, Finding::Done) && self.parts.is_empty();
        let end = self.unindexed.map_or(End::Complete, |(first, last)| End::Unindexed(first, last));
        Ok((events, ended.then_some(end)))
    }

    /// Looks for more events, so that up to `max` are to be told, and waits for them where nothing else is
    /// to be read.
    async fn find(&mut self, reader: &Reader, max: usize) -> Result<()> {
        let found: usize = self.parts.iter().map(|part| part.len).sum();
        let max = max.saturating_mul(self.growth).saturating_sub(found);
        if self.parts.len() > PARTS_MIN || max == 0 {
            return Ok(());
        }
        let mut asked = match std::mem::replace(&mut self.finding, Finding::Done) {
            Finding::Done => return Ok(()),
            Finding::Asked(asked) => asked,
            Finding::Idle(mut picker) => {
                let source = reader.source.clone();
                let find = move |storage: &Storage| Ok((picker.find(&storage.index.postings, max), picker));
                Ahead::new(async move { source.run(find).await })
            }
        };
        if !asked.ask().await && !self.parts.is_empty() {
            self.finding = Finding::Asked(asked);
            return Ok(());
        }
        match asked.take().await {
            Ok((found, picker)) => self.add(reader, found, picker),
            Err(error) if self.parts.is_empty() => return Err(error),
            // Told behind what was found before.
            Err(error) => self.finding = Finding::Asked(Ahead::There(Err(error))),
        }
        Ok(())
    }

    /// Adds what a picker found.
    fn add(&mut self, reader: &Reader, found: Found, picker: Box<Picker>) {
        match found.rest {
            Rest::More => self.finding = Finding::Idle(picker),
            Rest::Nothing => {}
            Rest::Unindexed(first, last) => self.unindexed = Some((first, last)),
        }
        self.parts.extend(found.into_parts(&mut self.part_len).map(|part| Part::new(reader, part)));
    }

    /// Asks for the first parts, where they are read elsewhere.
    async fn read_ahead(&mut self, reader: &Reader, parts: usize) {
        if reader.source.reads_elsewhere() {
            for part in self.parts.iter_mut().take(parts) {
                part.reading.ask().await;
            }
        }
    }
}

impl Part {
    fn new(reader: &Reader, found: Found) -> Self {
        let (source, len) = (reader.source.clone(), found.len());
        let read = async move { source.run(move |storage| found.read(storage.log.as_ref())).await };
        Self { len, reading: Ahead::new(read) }
    }
}
