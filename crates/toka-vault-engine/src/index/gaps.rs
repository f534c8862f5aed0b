//! [`Gaps`]: events that could not be read when an index was built, so that it is not known which ids they
//! have.
//!
//! Keeps the invariants that an id which is not found is not said to be absent while it could be that of
//! such an event; and that what is remembered is bounded, whatever is damaged.
//!
//! Invariant 17d of `docs/architecture.md`, which names the tests that show it.

use toka_vault_core::Position;

use super::times::Span;

/// Most ranges that are remembered; few in tests, so that they see some widened.
const GAPS_MAX: usize = if cfg!(test) { 4 } else { 1 << 10 };

/// Holds ranges of positions, in order and apart from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gaps(Vec<Span>);

impl Gaps {
    /// Adds a range behind all others. Where there are too many, the last one is widened up to it: what is
    /// whole between them is read again by whoever asks.
    pub(crate) fn add(&mut self, (first, last): Span) {
        let is_full = self.0.len() >= GAPS_MAX;
        match self.0.last_mut() {
            Some(before) if is_full || before.1.next() >= first => before.1 = before.1.max(last),
            _ => self.0.push((first, last)),
        }
    }

    /// Takes what stands before a position. A range that was widened over it is cut in two.
    pub(crate) fn take_before(&mut self, position: Position) -> Self {
        let behind = self.0.partition_point(|(first, _)| *first < position);
        let mut rest = self.0.split_off(behind);
        if let Some(cut) = self.0.last_mut().filter(|(_, last)| *last >= position) {
            rest.insert(0, (position, cut.1));
            cut.1 = position.minus(1);
        }
        Self(std::mem::replace(&mut self.0, rest))
    }

    /// Tells whether all of them are between two positions.
    pub(crate) fn are_within(&self, (first, last): Span) -> bool {
        self.0.iter().all(|gap| first <= gap.0 && gap.0 <= gap.1 && gap.1 <= last)
    }

    /// Tells whether all events could be read.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the ranges.
    pub(crate) fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        self.0.iter().copied()
    }

    /// Forgets the ranges that end before a position.
    pub(crate) fn forget_before(&mut self, position: Position) {
        self.0.retain(|(_, last)| *last >= position);
    }
}

impl Extend<Span> for Gaps {
    fn extend<I: IntoIterator<Item = Span>>(&mut self, behind: I) {
        behind.into_iter().for_each(|span| self.add(span));
    }
}

impl FromIterator<Span> for Gaps {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut gaps = Self::default();
        gaps.extend(spans);
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(spans: &[(u64, u64)]) -> Gaps {
        spans.iter().map(|(first, last)| (Position::new(*first), Position::new(*last))).collect()
    }

    #[test]
    fn what_touches_is_joined_and_what_is_too_much_widens_the_last() {
        assert_eq!(gaps(&[(1, 2), (3, 3), (5, 9), (7, 8)]), gaps(&[(1, 3), (5, 9)]));
        let many = gaps(&[(1, 1), (3, 3), (5, 5), (7, 7), (20, 21), (30, 30)]);
        assert_eq!(many, gaps(&[(1, 1), (3, 3), (5, 5), (7, 30)]));
    }

    #[test]
    fn what_stands_before_a_position_is_taken() {
        let mut all = gaps(&[(1, 1), (3, 6), (8, 9)]);
        assert_eq!(all.take_before(Position::new(8)), gaps(&[(1, 1), (3, 6)]));
        assert_eq!(all, gaps(&[(8, 9)]));
        let mut widened = gaps(&[(1, 1), (7, 21)]);
        assert_eq!(widened.take_before(Position::new(20)), gaps(&[(1, 1), (7, 19)]));
        assert_eq!(widened, gaps(&[(20, 21)]));
    }

    #[test]
    fn what_is_elsewhere_or_ends_before_it_begins_is_not_between_two_positions() {
        let between = |first, last| (Position::new(first), Position::new(last));
        let all = gaps(&[(3, 6), (8, 9)]);
        assert!(all.are_within(between(3, 9)) && gaps(&[]).are_within(between(1, 1)));
        assert!(!all.are_within(between(4, 9)) && !all.are_within(between(3, 8)));
        assert!(!gaps(&[(7, 5)]).are_within(between(1, 9)));
    }

    #[test]
    fn what_ends_before_a_position_is_forgotten() {
        let mut all = gaps(&[(1, 1), (3, 6), (8, 9)]);
        all.forget_before(Position::new(5));
        assert_eq!(all, gaps(&[(3, 6), (8, 9)]));
    }
}
