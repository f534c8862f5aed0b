//! [`Tail`]: the newest published events, for subscribers that are close to the head.
//!
//! Keeps two invariants: it holds published events only, without a gap up to the newest; and it is
//! bounded in events and in bytes.

use std::collections::VecDeque;

use toka_vault_core::{Event, Position};

use crate::limits::{TAIL_BYTES_MAX, TAIL_EVENTS_MAX};

/// Holds the newest events of a vault.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    events: VecDeque<Event>,
    bytes: usize,
}

impl Tail {
    /// Adds events behind the newest and returns the oldest, which it lets go of.
    pub(crate) fn extend(&mut self, events: Vec<Event>) -> Vec<Event> {
        let mut spent = Vec::with_capacity(events.len());
        for event in events {
            self.bytes += event.payload.bytes().len();
            self.events.push_back(event);
        }
        while self.events.len() > TAIL_EVENTS_MAX || self.bytes > TAIL_BYTES_MAX {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.payload.bytes().len();
            spent.push(oldest);
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
