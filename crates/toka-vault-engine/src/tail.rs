//! [`Tail`]: the newest published events, for subscribers that are close to the head.
//!
//! Keeps two invariants: it holds published events only, without a gap up to the newest; and it is
//! bounded in events and in bytes.

use std::collections::VecDeque;

use toka_vault_core::{Event, Position};

use crate::limits::{SPENT_BYTES_MAX, TAIL_BYTES_MAX, TAIL_EVENTS_MAX};

/// Holds the newest events of a vault.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    events: VecDeque<Event>,
    bytes: usize,
}

impl Tail {
    /// Adds events behind the newest and returns the oldest, which it lets go of: of large ones those alone
    /// that are within [`SPENT_BYTES_MAX`], since they may wait for long.
    pub(crate) fn extend(&mut self, events: Vec<Event>) -> Vec<Event> {
        let (mut spent, mut spent_bytes) = (Vec::with_capacity(events.len()), 0);
        for event in events {
            self.bytes += event.payload.bytes().len();
            self.events.push_back(event);
        }
        while self.events.len() > TAIL_EVENTS_MAX || self.bytes > TAIL_BYTES_MAX {
            let Some(oldest) = self.events.pop_front() else { break };
            let bytes = oldest.payload.bytes().len();
            self.bytes -= bytes;
            spent_bytes += bytes;
            if spent_bytes <= SPENT_BYTES_MAX {
                spent.push(oldest);
            }
        }
        spent
    }

    /// Returns up to `count` events from `from` on, or `None` where the tail starts later.
    pub(crate) fn read(&self, from: Position, count: usize) -> Option<impl Iterator<Item = &Event>> {
        let first = self.events.front()?.position();
        let skip = usize::try_from(from.get().checked_sub(first.get())?).ok()?;
        Some(self.events.iter().skip(skip).take(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::given::given;

    #[test]
    fn what_it_lets_go_of_is_returned_but_for_what_would_hold_much_memory() {
        let small = given(TAIL_EVENTS_MAX as u64 + 10, 0).events;
        let mut tail = Tail::default();
        let spent: Vec<Position> = tail.extend(small).iter().map(Event::position).collect();
        assert_eq!(spent, (1..=10).map(Position::new).collect::<Vec<_>>());
        let mut large = given(40, 0).events;
        for event in &mut large {
            event.payload = toka_vault_core::Payload::encode(&"x".repeat(TAIL_BYTES_MAX / 4)).unwrap();
        }
        let spent = Tail::default().extend(large);
        let bytes: usize = spent.iter().map(|event| event.payload.bytes().len()).sum();
        assert!(bytes <= SPENT_BYTES_MAX, "{bytes}");
    }
}
