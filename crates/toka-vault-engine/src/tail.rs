//! [`Tail`]: the newest published events, for subscribers that are close to the head.
//!
//! Keeps two invariants: it holds published events only, without a gap up to the newest; and it is
//! bounded in events and in bytes.
//!
//! Events stay in the groups in which they were stored, and leave by groups. To move each of them in and out
//! of one queue is work of the writer, for whom all commits wait: a thirtieth of all that batches cost the
//! processor (measured).
//!
//! Invariant 6 of `docs/architecture.md`, which names the tests that show it.

use std::collections::VecDeque;

use toka_vault_core::{Event, Position};

use crate::limits::{TAIL_BYTES_MAX, TAIL_EVENTS_MAX, TAIL_EVENTS_MIN};

/// Holds the newest events of a vault.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// None is empty.
    groups: VecDeque<KeptGroup>,
    events: usize,
    bytes: usize,
}

/// Holds events that were stored together; at least one.
#[derive(Debug)]
pub(crate) struct KeptGroup {
    pub(crate) events: Vec<Event>,
    /// The bytes of their payloads and of the ids of their parents.
    pub(crate) bytes: usize,
}

/// Returns how many bytes an event holds besides itself.
pub(crate) fn held_by(event: &Event) -> usize {
    event.payload.bytes().len() + size_of_val(&*event.header.parents)
}

impl Tail {
    /// Adds a group behind the newest and returns the oldest ones, which it lets go of.
    pub(crate) fn extend(&mut self, mut events: Vec<Event>) -> Vec<KeptGroup> {
        let (fitting, bytes) = fitting(&events);
        if fitting < events.len() {
            // Of a group that is larger than the tail the newest, and then none of those before it.
            *self = Self::default();
            events.drain(..events.len() - fitting);
        }
        if !events.is_empty() {
            self.events += events.len();
            self.bytes += bytes;
            self.groups.push_back(KeptGroup { events, bytes });
        }
        let mut spent = Vec::new();
        while self.is_too_large() {
            let Some(oldest) = self.groups.pop_front() else { break };
            self.events -= oldest.events.len();
            self.bytes -= oldest.bytes;
            spent.push(oldest);
        }
        spent
    }

    /// Tells whether the oldest group has to leave. A large one stays until there are enough others, so that
    /// the commit behind it does not leave subscribers with next to nothing.
    fn is_too_large(&self) -> bool {
        let others = self.groups.front().map_or(0, |oldest| self.events - oldest.events.len());
        let is_full = self.events > TAIL_EVENTS_MAX && others >= TAIL_EVENTS_MIN;
        is_full || self.bytes > TAIL_BYTES_MAX
    }

    /// Returns up to `count` events from `from` on, or `None` where the tail starts later.
    pub(crate) fn read(&self, from: Position, count: usize) -> Option<impl Iterator<Item = &Event>> {
        let first = |group: &KeptGroup| group.events.first().map(Event::position);
        let starts_by_then = |group: &KeptGroup| first(group).is_some_and(|first| first <= from);
        let group = self.groups.partition_point(starts_by_then).checked_sub(1)?;
        let skip = usize::try_from(from.get() - first(self.groups.get(group)?)?.get()).ok()?;
        let groups = self.groups.iter().skip(group).enumerate();
        let events =
            groups.flat_map(move |(nth, group)| group.events.iter().skip(if nth == 0 { skip } else { 0 }));
        Some(events.take(count))
    }
}

/// Counts the newest events that the tail has room for, and what they hold.
fn fitting(events: &[Event]) -> (usize, usize) {
    let bytes = events.iter().rev().take(TAIL_EVENTS_MAX).map(held_by);
    let sums = bytes.scan(0, |sum: &mut usize, bytes| {
        *sum += bytes;
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= TAIL_BYTES_MAX).fold((0, 0), |(count, _), sum| (count + 1, sum))
}

#[cfg(test)]
impl KeptGroup {
    /// Makes a group of events.
    pub(crate) fn of(events: Vec<Event>) -> Self {
        let bytes = events.iter().map(held_by).sum();
        Self { events, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::given::given;

    /// Adds groups of so many events, each with a payload of some bytes.
    fn tail_of(groups: &[(u64, usize)]) -> (Tail, Position) {
        let (mut tail, mut end) = (Tail::default(), 0);
        for (count, bytes) in groups {
            let mut events = given(end + count, 0).events.split_off(end as usize);
            for event in &mut events {
                event.payload = toka_vault_core::Payload::encode(&"x".repeat(*bytes)).unwrap();
            }
            tail.extend(events);
            end += count;
        }
        (tail, Position::new(end))
    }

    /// Returns the positions that are read from `from` on.
    fn read(tail: &Tail, from: Position, count: usize) -> Option<Vec<u64>> {
        Some(tail.read(from, count)?.map(|event| event.position().get()).collect())
    }

    #[test]
    fn events_are_read_across_groups_and_none_from_before_the_oldest() {
        let (tail, end) = tail_of(&[(3, 1), (1, 1), (5, 1)]);
        for from in 1..=end.get() + 2 {
            for count in 0..10 {
                let expected: Vec<u64> = (from..=end.get()).take(count).collect();
                assert_eq!(read(&tail, Position::new(from), count), Some(expected), "{count} from {from}");
            }
        }
        assert_eq!(read(&tail, Position::ZERO, 1), None);
        assert_eq!(read(&Tail::default(), Position::FIRST, 1), None);
    }

    #[test]
    fn it_is_bounded_and_has_no_gap_whatever_the_sizes_of_groups() {
        let half = TAIL_BYTES_MAX / 2 - 100;
        let most = TAIL_EVENTS_MAX as u64;
        for (groups, kept) in [
            // Whole groups leave.
            (vec![(2, half), (1, 1), (1, half)], 2),
            (vec![(5, 1), (most, 1)], most),
            // A large one stays until enough others are there.
            (vec![(most, 1), (1, 1)], most + 1),
            (vec![(most, 1), (most / 2 - 1, 1)], most + most / 2 - 1),
            (vec![(most, 1), (1, 1), (most / 2 - 1, 1)], most / 2),
            // Of a group that does not fit, the newest stay.
            (vec![(5, 1), (4, half)], 2),
            (vec![(5, 1), (most + 7, 1)], most),
            // An event that does not fit leaves nothing, so that none is missing behind those before it.
            (vec![(5, 1), (1, 3 * half)], 0),
            (vec![(5, 1), (1, 3 * half), (2, 1)], 2),
        ] {
            let (tail, end) = tail_of(&groups);
            let first = end.get() - kept + 1;
            assert_eq!(read(&tail, Position::new(first - 1), 1), None, "{groups:?}");
            let all = read(&tail, Position::new(first), usize::MAX).unwrap_or_default();
            assert!(all.iter().copied().eq(first..=end.get()), "{} of {groups:?}", all.len());
            assert_eq!((tail.events as u64, tail.groups.is_empty()), (kept, kept == 0), "{groups:?}");
        }
    }

    #[test]
    fn what_it_lets_go_of_is_returned() {
        let (mut tail, _) = tail_of(&[(10, 1), (TAIL_EVENTS_MAX as u64 - 10, 1)]);
        let next = given(TAIL_EVENTS_MAX as u64 + 1, 0).events.split_off(TAIL_EVENTS_MAX);
        let spent = tail.extend(next);
        let spent: Vec<Position> =
            spent.iter().flat_map(|group| &group.events).map(Event::position).collect();
        assert_eq!(spent, (1..=10).map(Position::new).collect::<Vec<_>>());
    }

    #[test]
    fn parents_count_as_what_they_take() {
        let mut tail = Tail::default();
        let mut events = given(2_000, 0).events;
        for event in &mut events {
            event.header.parents = (1..=1_000).map(toka_vault_core::EventId::from_u128).collect();
        }
        let parents = size_of_val(&*events[0].header.parents);
        let mut spent = 0;
        for group in events.chunks(100) {
            spent += tail.extend(group.to_vec()).len();
        }
        assert_eq!(spent, 20 - TAIL_BYTES_MAX / (100 * (parents + events[0].payload.bytes().len())));
    }
}
