//! [`Picker`]: the events that a query wants, out of those that an index covers.
//!
//! It merges the positions of several keys in order, some of each key at a time, the fewer the more keys there
//! are, so that what it holds is bounded. Where a range of times is wanted, it looks only where such times
//! are. What lies close together is read at once.
//!
//! Keeps the invariants that each wanted event between its ends is told once, in order; and that a
//! damaged one, which could be wanted, is told as an error in its place.
//!
//! Invariant 17a of `docs/architecture.md`, which names the tests that show it.

mod list;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use toka_vault_core::{Direction, Error, Event, Position, Result};

use crate::chunk::detached;
use crate::index::{Damaged, Postings};
use crate::limits::CHUNK_BYTES_MAX;
use crate::log::{Log, ReadBudget};
use crate::lookup::Storage;
use crate::query::Query;
use list::{List, ListOf, Spans, Way};

/// Most keys that are merged. Beyond, what is wanted is a good part of everything, and all is read.
const KEYS_MAX: usize = 4_096;

const _: () = assert!(cfg!(test) || KEYS_MAX * list::LIST_MIN <= list::HELD_MAX);

/// Most events that are picked at once.
const PICK_MAX: usize = 512;

/// Events of the first part that is read: few, so that they are there soon.
pub(crate) const PART_FIRST: usize = 32;

/// Most events of a part. Waking threads for smaller ones costs more than is gained by sharing the work
/// evenly at the end; larger ones gain little, and all other readers wait for them.
const PART_MAX: usize = 128;

/// Most positions between two wanted events that are read at once: to decode the events between them
/// costs less than another read does.
const GAP_MAX: u64 = 16;

/// Most positions that are read at once.
const SPAN_MAX: u64 = 1_024;

/// Picks events between two positions.
pub(crate) struct Picker {
    query: Arc<Query>,
    direction: Direction,
    lists: Vec<List>,
    /// Where to look; `None` is everywhere.
    spans: Option<Spans>,
    /// The next position of each list, the first to come on top, with the number of the list.
    next: BinaryHeap<Reverse<(u64, usize)>>,
    /// What is told: all before it, or behind it where the direction is backward.
    told: Position,
    first: Position,
    last: Position,
}

/// Says where the events are that come next.
pub(crate) struct Found {
    query: Arc<Query>,
    direction: Direction,
    /// In the picker's direction.
    positions: Vec<Position>,
    /// How many of them are read at once at most.
    together: usize,
    /// How it goes on behind them.
    pub(crate) rest: Rest,
}

/// Says how picking goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// There can be more.
    More,
    /// All is told.
    Nothing,
    /// The index is damaged: the positions between these two are to be read one by one.
    Unindexed(Position, Position),
}

impl Picker {
    /// Starts to pick between two positions, which the index covers. Returns `None` where the index is
    /// of no use for the query.
    ///
    /// # Errors
    ///
    /// A failure to read the log.
    pub(crate) fn new(
        storage: &Storage,
        query: Arc<Query>,
        (first, last): (Position, Position),
        direction: Direction,
    ) -> Result<Option<Self>> {
        let postings = &storage.index.postings;
        let spans = query.times().map(|times| Spans(postings.spans((first, last), times)));
        let keys = match query.keys(storage, first, last)? {
            Ok(Some(keys)) if keys.len() <= KEYS_MAX => keys.into_iter().map(ListOf::Key).collect(),
            _ if spans.as_ref().is_some_and(|spans| spans.are_few((first, last))) => vec![ListOf::All],
            _ => return Ok(None),
        };
        let backward = direction == Direction::Backward;
        let (from, told) = if backward { (last, last.next()) } else { (first, first) };
        let lists: Vec<_> = keys.into_iter().map(|key| List::new(key, from)).collect();
        let mut picker = Self { query, direction, lists, spans, next: BinaryHeap::new(), told, first, last };
        for number in 0..picker.lists.len() {
            if picker.refill(postings, number).is_err() {
                return Ok(None);
            }
        }
        Ok(Some(picker))
    }

    /// Finds up to `max` events, to be read by [`Found::read`].
    pub(crate) fn find(&mut self, postings: &Postings, max: usize) -> Found {
        let mut positions = Vec::new();
        let mut rest = Rest::More;
        while positions.len() < max.min(PICK_MAX) {
            match self.next_position(postings) {
                Ok(Some(position)) if positions.last() == Some(&position) || self.is_told(position) => {}
                Ok(Some(position)) => positions.push(position),
                Ok(None) => {
                    rest = Rest::Nothing;
                    break;
                }
                Err(Damaged) => {
                    rest = self.unindexed(positions.last().copied());
                    break;
                }
            }
        }
        if let Some(newest) = positions.last() {
            self.told = if self.is_backward() { *newest } else { newest.next() };
        }
        Found { query: self.query.clone(), direction: self.direction, positions, together: PICK_MAX, rest }
    }

    fn is_backward(&self) -> bool {
        self.direction == Direction::Backward
    }

    /// Tells whether a position was told: two keys can be one, so that it is listed twice.
    fn is_told(&self, position: Position) -> bool {
        if self.is_backward() { position >= self.told } else { position < self.told }
    }

    /// Returns what is left between the ends, behind a position that is told.
    fn unindexed(&self, told: Option<Position>) -> Rest {
        if self.is_backward() {
            Rest::Unindexed(self.first, told.unwrap_or(self.told).minus(1))
        } else {
            Rest::Unindexed(told.map_or(self.told, Position::next), self.last)
        }
    }

    /// Returns the next position of all lists.
    fn next_position(&mut self, postings: &Postings) -> Result<Option<Position>, Damaged> {
        let Some(Reverse((rank, number))) = self.next.pop() else { return Ok(None) };
        self.refill(postings, number)?;
        Ok(Some(self.position(rank)))
    }

    /// Puts the next position of a list among the next ones.
    fn refill(&mut self, postings: &Postings, number: usize) -> Result<(), Damaged> {
        let (spans, backward, at_once) =
            (self.spans.as_ref(), self.is_backward(), list::at_once(self.lists.len()));
        let way = Way { postings, spans, backward, at_once };
        let Some(list) = self.lists.get_mut(number) else { return Ok(()) };
        let next = list.next(&way)?;
        if let Some(position) = next.filter(|position| (self.first..=self.last).contains(position)) {
            self.next.push(Reverse((self.rank(position), number)));
        }
        Ok(())
    }

    /// Returns a number that is the less the sooner a position comes.
    fn rank(&self, position: Position) -> u64 {
        if self.is_backward() { !position.get() } else { position.get() }
    }

    fn position(&self, rank: u64) -> Position {
        Position::new(if self.is_backward() { !rank } else { rank })
    }
}

impl Found {
    /// Returns how many events are found.
    pub(crate) fn len(&self) -> usize {
        self.positions.len()
    }

    /// Cuts what is found into parts to be read beside each other: the first one of `part_len` events, each of
    /// the next twice as large.
    pub(crate) fn into_parts(self, part_len: &mut usize) -> impl Iterator<Item = Self> {
        let mut rest = self.positions.into_iter();
        let query = self.query;
        std::iter::from_fn(move || {
            let positions: Vec<_> = rest.by_ref().take(*part_len).collect();
            if positions.is_empty() {
                return None;
            }
            *part_len = (*part_len * 2).min(PART_MAX);
            Some(Self { query: query.clone(), positions, ..self })
        })
    }

    /// Reads the events, and tells what keeps others from being read. Where they become too large
    /// together, returns what is still to be read.
    ///
    /// # Errors
    ///
    /// A failure to read the log that is not the damage of an event.
    pub(crate) fn read(mut self, log: &dyn Log) -> Result<(Vec<Result<Event>>, Option<Self>)> {
        let mut events = Vec::with_capacity(self.positions.len());
        let (mut bytes, mut start) = (0, 0);
        while let Some(rest) = self.positions.get(start..).filter(|rest| !rest.is_empty()) {
            if bytes >= CHUNK_BYTES_MAX {
                self.positions.drain(..start);
                return Ok((events, Some(self)));
            }
            let near = close(rest).min(self.together);
            let read_before = events.len();
            let told = self.read_close(log, rest.get(..near).unwrap_or(rest), &mut events)?;
            if self.direction == Direction::Backward {
                // What was too much for one read is not tried again each time.
                self.together = told.saturating_mul(2);
            }
            let read = events.get(read_before..).unwrap_or_default();
            bytes += read.iter().flatten().map(|event| event.payload.bytes().len()).sum::<usize>();
            start += told;
        }
        Ok((events, None))
    }

    /// Adds the events at the first of these positions, which lie close together, and returns at how many.
    fn read_close(
        &self,
        log: &dyn Log,
        mut span: &[Position],
        events: &mut Vec<Result<Event>>,
    ) -> Result<usize> {
        let (backward, before) = (self.direction == Direction::Backward, events.len());
        loop {
            let (first, last) = ends(span);
            let behind = self.read_span(log, first, last, events)?;
            if !backward {
                let told = span.iter().filter(|position| **position < behind).count();
                return Ok(told.max(1));
            }
            // Backward, a read that ends early leaves out what is to be told first: less is read then.
            if behind > last || span.len() == 1 {
                events.get_mut(before..).unwrap_or_default().reverse();
                return Ok(span.len());
            }
            events.truncate(before);
            span = span.get(..span.len() / 2).unwrap_or_default();
        }
    }

    /// Adds the wanted events from `first` to `last`, or as far as one read goes, and returns the position
    /// behind.
    fn read_span(
        &self,
        log: &dyn Log,
        first: Position,
        last: Position,
        events: &mut Vec<Result<Event>>,
    ) -> Result<Position> {
        let chunk = match log.read(first, ReadBudget::between(first, last)) {
            Err(Error::Corrupt { first: from, last: to, reason }) => {
                // Told up to where this reads: what is wanted behind it meets the damage itself.
                let to = to.clamp(first, last);
                events.push(Err(Error::Corrupt { first: from, last: to, reason }));
                return Ok(to.next());
            }
            chunk => chunk?,
        };
        let Some(end) = chunk.last_position() else {
            events.push(Err(Error::corrupt(first, "it is not in the log")));
            return Ok(first.next());
        };
        // An event that is read alone shares no memory.
        let alone = first == end;
        for event in chunk {
            match event {
                Ok(event) if !self.query.matches(&event.header) => {}
                Ok(event) if !alone => events.push(Ok(detached(event))),
                event => events.push(event),
            }
        }
        Ok(end.next())
    }
}

/// Returns the lowest and the highest of positions that are sorted, either way.
fn ends(positions: &[Position]) -> (Position, Position) {
    let (one, other) =
        positions.first().zip(positions.last()).map_or_else(Default::default, |ends| (*ends.0, *ends.1));
    (one.min(other), one.max(other))
}

/// Returns how many of the first positions, which are sorted either way, lie so close together that they
/// are read at once.
fn close(positions: &[Position]) -> usize {
    let Some(first) = positions.first() else { return 0 };
    let near = |pair: &&[Position]| match pair {
        [one, next] => {
            one.get().abs_diff(next.get()) <= GAP_MAX && next.get().abs_diff(first.get()) < SPAN_MAX
        }
        _ => false,
    };
    positions.windows(2).take_while(near).count() + 1
}

#[cfg(test)]
mod tests {
    use toka_vault_core::Filter;

    use super::*;
    use crate::index::Index;
    use crate::index::given::given;

    #[test]
    fn however_many_kinds_there_are_what_is_held_of_them_is_bounded() {
        const EVENTS: u64 = 3_000;
        let index = Arc::new(Index::empty(&given(0, 0)));
        let storage = Storage { log: Arc::new(given(EVENTS, 0)), index, seen: None };
        let query = Arc::new(Query::Filter(Filter::kind("kind.*").unwrap()));
        for direction in [Direction::Forward, Direction::Backward] {
            let started = storage.picker(&query, Position::FIRST, Position::new(EVENTS), direction);
            let (mut picker, _) = started.unwrap().unwrap();
            let (mut told, mut rest) = (0, Rest::More);
            while rest == Rest::More {
                let held: usize = picker.lists.iter().map(List::held).sum();
                assert!(held <= list::HELD_MAX, "{held} positions of {} lists", picker.lists.len());
                let found = picker.find(&storage.index.postings, 50);
                (told, rest) = (told + found.len() as u64, found.rest);
            }
            assert_eq!(told, EVENTS);
        }
    }
}
