//! [`Spent`]: events that nobody needs any more, until callers free them.
//!
//! Keeps the invariant that what waits here takes no more than [`SPENT_BYTES_MAX`] bytes: it may wait for
//! long, since it is freed by those who commit.

use std::collections::VecDeque;

use toka_vault_core::Event;

use crate::limits::SPENT_BYTES_MAX;
use crate::tail::{KeptGroup, held_by};

/// Holds events to be freed, in the groups in which they came.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    groups: VecDeque<KeptGroup>,
    bytes: usize,
}

impl Spent {
    /// Adds groups, and returns those that are too many.
    pub(crate) fn add(&mut self, groups: Vec<KeptGroup>) -> Vec<KeptGroup> {
        self.bytes += groups.iter().map(bytes_of).sum::<usize>();
        self.groups.extend(groups);
        let mut excess = Vec::new();
        while self.bytes > SPENT_BYTES_MAX {
            let Some(group) = self.groups.pop_front() else { break };
            self.bytes -= bytes_of(&group);
            excess.push(group);
        }
        excess
    }

    /// Takes up to `count` events: a group as it is, or the end of one, moved to `room`, which is empty.
    pub(crate) fn take(&mut self, count: usize, room: &mut Vec<Event>) {
        let Some(group) = self.groups.front_mut() else { return };
        self.bytes -= bytes_of(group);
        match group.events.len().checked_sub(count) {
            Some(kept @ 1..) => {
                room.extend(group.events.drain(kept..));
                group.bytes -= room.iter().map(held_by).sum::<usize>();
                self.bytes += bytes_of(group);
            }
            _ => {
                std::mem::swap(&mut group.events, room);
                self.groups.pop_front();
            }
        }
    }
}

/// Returns how many bytes the events of a group take.
fn bytes_of(group: &KeptGroup) -> usize {
    group.bytes + group.events.len() * size_of::<Event>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::given::given;

    /// Returns groups of so many events, which take as much as each other.
    fn groups(lens: &[usize]) -> Vec<KeptGroup> {
        let alike = |mut event: Event| {
            event.header.parents = [].into();
            event
        };
        let group = |len| KeptGroup::of(given(len, 0).events.into_iter().map(alike).collect());
        lens.iter().map(|len| group(*len as u64)).collect()
    }

    fn lens(groups: &[KeptGroup]) -> Vec<usize> {
        groups.iter().map(|group| group.events.len()).collect()
    }

    /// Returns how many events are taken for so many new ones.
    fn taken(spent: &mut Spent, count: usize) -> usize {
        let mut room = Vec::new();
        spent.take(count, &mut room);
        room.len()
    }

    #[test]
    fn no_more_are_taken_than_come_and_all_are_taken_in_time() {
        let mut spent = Spent::default();
        assert!(spent.add(groups(&[3, 1, 2])).is_empty());
        let counts = [1, 1, 5, 0, 1, 1, 2, 4].map(|count| taken(&mut spent, count));
        assert_eq!(counts, [1, 1, 1, 0, 1, 1, 1, 0]);
        assert_eq!((spent.groups.len(), spent.bytes), (0, 0));
    }

    #[test]
    fn what_would_take_too_much_memory_is_given_back() {
        let fitting = SPENT_BYTES_MAX / bytes_of(&groups(&[1])[0]);
        let mut spent = Spent::default();
        assert!(spent.add(groups(&[fitting - 1, 1])).is_empty());
        assert_eq!(lens(&spent.add(groups(&[2]))), [fitting - 1]);
        assert_eq!(lens(&spent.add(groups(&[2 * fitting]))), [1, 2, 2 * fitting]);
        assert_eq!((spent.groups.len(), spent.bytes), (0, 0));
    }
}
