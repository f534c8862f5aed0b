//! [`Zones`]: the range of times of each thousand consecutive events.
//!
//! Positions follow the order of commits, and times that a vault assigns never go back; only events that
//! brought their own time stand elsewhere. So the events of a range of times lie in few places, and for each
//! zone its least and its greatest time say whether to look there: 24 bytes for a thousand events, all of
//! which fit in memory.
//!
//! Keeps the invariant that the time of each event is within the range of its zone; where an event cannot be
//! read, its zone has every time.

use toka_vault_core::{Position, Timestamp};

use crate::limits::sized;

/// Events of a zone: reading as many without need costs about a millisecond. Few in tests, so that they see
/// many.
const ZONE_EVENTS: u64 = sized(1 << 10, 8, 2) as u64;

/// Is a range of positions, the last one included.
pub(crate) type Span = (Position, Position);

/// Says which times are wanted: from the first on, and before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeRange {
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

/// Tells the times of events from one position on to the next zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    pub(crate) first: Position,
    pub(crate) least: Timestamp,
    pub(crate) greatest: Timestamp,
}

/// Tells the times of consecutive events, zone by zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Zones(pub(crate) Vec<Zone>);

impl TimeRange {
    /// Tells whether a zone could have a time that is wanted.
    fn meets(self, zone: &Zone) -> bool {
        self.since.is_none_or(|since| zone.greatest >= since)
            && self.until.is_none_or(|until| zone.least < until)
    }
}

impl Zones {
    /// Adds an event behind all others.
    pub(crate) fn add(&mut self, position: Position, time: Timestamp) {
        self.widen(Zone { first: position, least: time, greatest: time }, position);
    }

    /// Adds an event that cannot be read behind all others.
    pub(crate) fn add_unknown(&mut self, position: Position) {
        self.widen(Zone { first: position, least: Timestamp::MIN, greatest: Timestamp::MAX }, position);
    }

    /// Adds the zones of the events that follow, which end at `last`.
    pub(crate) fn append(&mut self, behind: &Self, last: Position) {
        for (zone, (_, end)) in behind.0.iter().zip(behind.ranges(last)) {
            self.widen(*zone, end);
        }
    }

    /// Tells whether an event can have this time; one that no zone tells of cannot.
    pub(crate) fn allows(&self, position: Position, time: Timestamp) -> bool {
        let zone = self.0.partition_point(|zone| zone.first <= position).checked_sub(1);
        let zone = zone.and_then(|at| self.0.get(at));
        zone.is_some_and(|zone| (zone.least..=zone.greatest).contains(&time))
    }

    /// Tells whether nothing is told.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether each event between two positions is in one zone.
    pub(crate) fn cover(&self, (first, last): Span) -> bool {
        self.0.first().is_some_and(|zone| zone.first == first)
            && self.0.last().is_some_and(|zone| zone.first <= last)
            && self.0.is_sorted_by(|zone, next| zone.first < next.first)
    }

    /// Returns where events up to `last` could be that a range of times wants.
    pub(crate) fn spans(&self, last: Position, times: TimeRange) -> impl Iterator<Item = Span> + '_ {
        let zones = self.0.iter().zip(self.ranges(last));
        zones.filter(move |(zone, _)| times.meets(zone)).map(|(_, span)| span)
    }

    /// Returns the positions of each zone.
    fn ranges(&self, last: Position) -> impl Iterator<Item = Span> + '_ {
        let ends = self.0.iter().skip(1).map(|next| next.first.minus(1)).chain([last]);
        self.0.iter().zip(ends).map(|(zone, end)| (zone.first, end))
    }

    /// Adds a zone that ends at `last` behind all others, or makes it a part of the newest.
    fn widen(&mut self, zone: Zone, last: Position) {
        match self.0.last_mut() {
            Some(newest) if last.get().saturating_sub(newest.first.get()) < ZONE_EVENTS => {
                newest.least = newest.least.min(zone.least);
                newest.greatest = newest.greatest.max(zone.greatest);
            }
            _ => self.0.push(zone),
        }
    }
}

/// Cuts spans to what is between two positions, and joins those that touch.
pub(crate) fn joined(mut spans: Vec<Span>, (first, last): Span) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for (from, to) in spans {
        let (from, to) = (from.max(first), to.min(last));
        match joined.last_mut() {
            _ if from > to => {}
            Some(newest) if from <= newest.1.next() => newest.1 = newest.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000).unwrap()
    }

    fn range(since: Option<i64>, until: Option<i64>) -> TimeRange {
        TimeRange { since: since.map(time), until: until.map(time) }
    }

    /// Events at positions from `first` on, at these times.
    fn zones(first: u64, times: impl IntoIterator<Item = i64>) -> Zones {
        let mut zones = Zones::default();
        for (position, seconds) in (first..).zip(times) {
            zones.add(Position::new(position), time(seconds));
        }
        zones
    }

    fn spans(zones: &Zones, last: u64, times: TimeRange) -> Vec<(u64, u64)> {
        let (first, last) = (Position::FIRST, Position::new(last));
        let spans = joined(zones.spans(last, times).collect(), (first, last));
        spans.into_iter().map(|(from, to)| (from.get(), to.get())).collect()
    }

    #[test]
    fn times_that_grow_are_in_one_place() {
        let zones = zones(1, 0..100);
        assert_eq!(spans(&zones, 100, range(Some(40), Some(50))), [(41, 56)]);
        assert_eq!(spans(&zones, 100, range(Some(90), None)), [(89, 100)]);
        assert_eq!(spans(&zones, 100, range(None, Some(1))), [(1, 8)]);
        assert_eq!(spans(&zones, 100, range(Some(100), None)), []);
        assert_eq!(spans(&zones, 100, range(None, Some(0))), []);
    }

    #[test]
    fn an_event_with_a_time_of_its_own_is_looked_for_where_it_stands() {
        let mut times: Vec<i64> = (0..100).collect();
        times[70] = 5;
        let zones = zones(1, times);
        assert_eq!(spans(&zones, 100, range(Some(5), Some(6))), [(1, 8), (65, 72)]);
    }

    #[test]
    fn what_cannot_be_read_could_be_of_any_time() {
        let mut zones = zones(1, 0..10);
        zones.add_unknown(Position::new(11));
        assert_eq!(spans(&zones, 11, range(Some(1_000), None)), [(9, 11)]);
        assert!(zones.allows(Position::new(9), time(1_000)));
        assert!(!zones.allows(Position::new(8), time(1_000)));
    }

    #[test]
    fn zones_that_leave_an_event_out_do_not_cover() {
        let between = |first, last| (Position::new(first), Position::new(last));
        let told = zones(1, 0..30);
        assert!(told.cover(between(1, 30)));
        assert!(!told.cover(between(1, 20)));
        assert!(!zones(2, 0..30).cover(between(1, 31)));
        assert!(!Zones::default().cover(between(1, 1)));
        let mut shuffled = told.clone();
        shuffled.0.swap(1, 2);
        assert!(!shuffled.cover(between(1, 30)));
    }

    #[test]
    fn small_parts_are_put_together_and_large_ones_stay() {
        let mut all = Zones::default();
        for (first, count) in [(1, 3), (4, 4), (8, 1), (9, 20), (29, 2)] {
            let behind = zones(first, first as i64..(first + count) as i64);
            all.append(&behind, Position::new(first + count - 1));
        }
        let firsts: Vec<_> = all.0.iter().map(|zone| zone.first.get()).collect();
        assert_eq!(firsts, [1, 9, 17, 25]);
        for position in 1..31 {
            assert!(all.allows(Position::new(position), time(position as i64)), "{position}");
        }
        assert_eq!(spans(&all, 30, range(Some(29), None)), [(25, 30)]);
    }
}
