//! [`List`]: the positions of one key, or of all events, some fetched at a time.
//!
//! Keeps the invariants that positions outside of the [`Spans`] that a range of times leaves are passed over,
//! and not fetched where others are between them; and that the lists of one reader together hold a bounded
//! number of positions, however many they are.

use toka_vault_core::Position;

use crate::index::times::Span;
use crate::index::{Damaged, Key, Postings};

/// Positions that are fetched at once: a good part of what a page of a file has.
const LIST_MAX: usize = 512;

/// The same at least: reading a page for so many costs less than reading their events.
pub(super) const LIST_MIN: usize = 16;

/// Positions that all lists of a reader hold: half a MiB. Few in tests, so that they see them shared out.
pub(super) const HELD_MAX: usize = if cfg!(test) { 256 } else { 1 << 16 };

/// Holds the positions that come next.
pub(super) struct List {
    key: ListOf,
    fetched: std::vec::IntoIter<Position>,
    /// Where to fetch on; `None` at the end.
    from: Option<Position>,
}

/// Says which events a list is of.
#[derive(Clone, Copy, Debug)]
pub(super) enum ListOf {
    /// Those that have a key.
    Key(Key),
    /// All that the spans have.
    All,
}

/// Says where to look, in order and apart from each other.
#[derive(Debug)]
pub(super) struct Spans(pub(super) Vec<Span>);

/// Says where a list leads.
pub(super) struct Way<'a> {
    pub(super) postings: &'a Postings,
    /// `None` where all positions are meant.
    pub(super) spans: Option<&'a Spans>,
    pub(super) backward: bool,
    /// How many positions are fetched at once.
    pub(super) at_once: usize,
}

/// Returns how many positions are fetched at once where there are so many lists.
pub(super) fn at_once(lists: usize) -> usize {
    (HELD_MAX / lists.max(1)).clamp(LIST_MIN, LIST_MAX)
}

impl Spans {
    /// Tells whether they leave out at least half of the positions between two.
    pub(super) fn are_few(&self, (first, last): Span) -> bool {
        let positions = |(from, to): Span| to.get().saturating_sub(from.get()).saturating_add(1);
        let left: u64 = self.0.iter().map(|span| positions(*span)).sum();
        left <= positions((first, last)) / 2
    }

    /// Returns the position itself where it is in a span, else the next one that is.
    fn next(&self, position: Position, backward: bool) -> Option<Position> {
        if backward {
            let before = self.0.partition_point(|span| span.0 <= position).checked_sub(1)?;
            self.0.get(before).map(|span| position.min(span.1))
        } else {
            let at = self.0.partition_point(|span| span.1 < position);
            self.0.get(at).map(|span| position.max(span.0))
        }
    }
}

impl Way<'_> {
    /// Returns the position itself where it is meant, else the next one that is.
    fn next(&self, position: Position) -> Option<Position> {
        self.spans.map_or(Some(position), |spans| spans.next(position, self.backward))
    }

    /// Returns the position behind another.
    fn behind(&self, position: Position) -> Position {
        if self.backward { position.minus(1) } else { position.next() }
    }

    /// Tells whether the first of two positions comes sooner.
    fn is_sooner(&self, one: Position, other: Position) -> bool {
        if self.backward { one > other } else { one < other }
    }
}

impl List {
    /// Starts at a position.
    pub(super) fn new(key: ListOf, from: Position) -> Self {
        Self { key, fetched: Vec::new().into_iter(), from: Some(from) }
    }

    /// Returns the next position.
    pub(super) fn next(&mut self, way: &Way<'_>) -> Result<Option<Position>, Damaged> {
        loop {
            let Some(position) = self.fetched.next() else {
                if self.fetch(way)? {
                    continue;
                }
                return Ok(None);
            };
            match way.next(position) {
                Some(meant) if meant == position => return Ok(Some(position)),
                Some(meant) => self.skip(way, meant),
                None => (self.fetched, self.from) = (Vec::new().into_iter(), None),
            }
        }
    }

    /// Passes over what comes sooner than a position.
    fn skip(&mut self, way: &Way<'_>, to: Position) {
        while self.fetched.as_slice().first().is_some_and(|next| way.is_sooner(*next, to)) {
            self.fetched.next();
        }
    }

    /// Fetches the next positions; tells whether there are any.
    fn fetch(&mut self, way: &Way<'_>) -> Result<bool, Damaged> {
        let Some(from) = self.from.take().and_then(|from| way.next(from)) else { return Ok(false) };
        let fetched = match self.key {
            ListOf::Key(key) if way.backward => way.postings.descending(key, from, way.at_once)?,
            ListOf::Key(key) => way.postings.ascending(key, from, way.at_once)?,
            ListOf::All => {
                let next = |position: &Position| way.next(way.behind(*position));
                std::iter::successors(Some(from), next).take(way.at_once).collect()
            }
        };
        self.from = fetched.last().filter(|_| fetched.len() >= way.at_once).map(|last| way.behind(*last));
        self.fetched = fetched.into_iter();
        Ok(!self.fetched.as_slice().is_empty())
    }

    /// Counts the positions that it holds.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.fetched.as_slice().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(spans: &[(u64, u64)], from: u64, backward: bool) -> Vec<u64> {
        let spans = spans.iter().map(|(from, to)| (Position::new(*from), Position::new(*to))).collect();
        let (postings, spans) = (Postings::default(), Spans(spans));
        let way = Way { postings: &postings, spans: Some(&spans), backward, at_once: at_once(1) };
        let mut list = List::new(ListOf::All, Position::new(from));
        std::iter::from_fn(|| list.next(&way).unwrap()).map(Position::get).collect()
    }

    #[test]
    fn all_positions_of_the_spans_are_listed_either_way() {
        let spans = [(3, 5), (9, 9), (12, 13)];
        assert_eq!(listed(&spans, 1, false), [3, 4, 5, 9, 12, 13]);
        assert_eq!(listed(&spans, 4, false), [4, 5, 9, 12, 13]);
        assert!(listed(&spans, 14, false).is_empty());
        assert_eq!(listed(&spans, 20, true), [13, 12, 9, 5, 4, 3]);
        assert_eq!(listed(&spans, 10, true), [9, 5, 4, 3]);
        assert!(listed(&spans, 2, true).is_empty());
        assert!(listed(&[], 1, false).is_empty());
    }

    #[test]
    fn more_than_is_fetched_at_once_is_listed_too() {
        let expected: Vec<u64> = (1..=2_000).collect();
        assert_eq!(listed(&[(1, 2_000)], 1, false), expected);
        assert!(listed(&[(1, 2_000)], 2_000, true).into_iter().eq(expected.into_iter().rev()));
    }

    #[test]
    fn spans_that_leave_little_out_are_not_few() {
        let all = (Position::FIRST, Position::new(10));
        assert!(Spans(vec![(Position::new(2), Position::new(6))]).are_few(all));
        assert!(!Spans(vec![(Position::new(2), Position::new(7))]).are_few(all));
        assert!(Spans(Vec::new()).are_few(all));
    }
}
