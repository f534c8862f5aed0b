//! [`Feed`]: where the postings get the next events from.
//!
//! Keeps the invariant that each position is told of once and in order: by the event, or by that it
//! cannot be read.

use toka_vault_core::{Error, Position, Result};

use super::gathered::{KindKeys, Part, Sorted};
use crate::log::{Log, ReadBudget};
use crate::published::Published;

/// Events that are taken from the tail at once: the writer waits for some 5 µs.
const VISITED_MAX: u64 = 128;

/// Gives events: the newest from memory, where that is there, and the others from the log.
#[derive(Clone, Copy)]
pub(super) struct Feed<'a> {
    log: &'a dyn Log,
    published: Option<&'a Published>,
}

impl<'a> Feed<'a> {
    /// Reads all from the log.
    pub(super) fn of(log: &'a dyn Log) -> Self {
        Self { log, published: None }
    }

    /// Takes from the tail what it has: that needs no read, and nothing decoded anew.
    pub(super) fn with_tail(log: &'a dyn Log, published: &'a Published) -> Self {
        Self { log, published: Some(published) }
    }

    /// Returns what the next events say, from `from` up to `head` at most; of at least one, as long as
    /// `head` is not before it.
    pub(super) fn part(self, kinds: &mut KindKeys, from: Position, head: Position) -> Result<Sorted> {
        let budget = ReadBudget::between(from, head);
        let mut part = Part::after(from.minus(1), budget.events);
        if let Some(published) = self.published {
            take(&mut part, kinds, published, from.minus(1).plus(budget.events as u64));
        }
        if part.last() < from {
            read(&mut part, kinds, self.log, budget, head)?;
        }
        Ok(part.sorted())
    }
}

/// Adds the events of the tail, up to `last` at most.
fn take(part: &mut Part, kinds: &mut KindKeys, published: &Published, last: Position) {
    loop {
        let (before, left) = (part.last(), last.get().saturating_sub(part.last().get()));
        published.visit_tail(before.next(), left.min(VISITED_MAX) as usize, |event| part.add(event, kinds));
        if part.last() == before {
            return;
        }
    }
}

/// Adds events of the log, up to `head` at most.
fn read(
    part: &mut Part,
    kinds: &mut KindKeys,
    log: &dyn Log,
    budget: ReadBudget,
    head: Position,
) -> Result<()> {
    let from = part.last().next();
    let chunk = match log.read(from, budget) {
        Err(Error::Corrupt { last, .. }) => {
            part.add_damaged(last.max(from).min(head));
            return Ok(());
        }
        chunk => chunk?,
    };
    if chunk.last_position().is_none() {
        // The log says that there are events up to the head.
        part.add_damaged(from);
    }
    for event in chunk {
        match event {
            Ok(event) => part.add(&event, kinds),
            Err(Error::Corrupt { .. }) => part.add_damaged(part.last().next()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use toka_vault_core::ChainHash;

    use super::*;
    use crate::index::given::{Given, given};
    use crate::index::postings::gathered::Gathered;
    use crate::limits::TAIL_EVENTS_MAX;

    /// Takes parts behind a position until there are no more, and returns their entries and how many
    /// parts there were.
    fn taken(feed: Feed<'_>, after: u64, head: u64) -> (Vec<crate::index::runs::Entry>, usize) {
        let mut gathered = Gathered::after(Position::new(after));
        let (mut kinds, mut parts) = (KindKeys::default(), 0);
        while gathered.last().get() < head {
            let part = feed.part(&mut kinds, gathered.last().next(), Position::new(head)).unwrap();
            gathered.add(part, 1 << 12);
            parts += 1;
        }
        (gathered.entries(), parts)
    }

    fn published(log: &Given, last: usize) -> Published {
        let published = Published::new(Position::ZERO, Some(ChainHash::EMPTY));
        let events = log.events.iter().take(last).cloned().collect();
        published.publish(events, Position::new(last as u64), Some(ChainHash::EMPTY));
        published
    }

    #[test]
    fn what_the_tail_has_is_not_read_and_says_the_same() {
        const HEAD: u64 = 5_000;
        let log = given(HEAD, 0);
        let published = published(&log, HEAD as usize);
        let unreadable = Given { damaged: (1..=HEAD).collect(), ..Given::default() };
        let (from_log, from_tail) = (Feed::of(&log), Feed::with_tail(&unreadable, &published));
        assert_eq!(taken(from_tail, 0, HEAD), taken(from_log, 0, HEAD));
        assert_eq!(taken(from_tail, 1_000, 1_001), taken(from_log, 1_000, 1_001));
    }

    #[test]
    fn what_is_before_or_behind_the_tail_is_read() {
        let head = TAIL_EVENTS_MAX as u64 + 2_000;
        let log = given(head, 0);
        // Its last events are durable and not published yet, and the first ones have left the tail.
        let published = published(&log, head as usize - 500);
        let (from_tail, parts) = taken(Feed::with_tail(&log, &published), 0, head);
        let (from_log, _) = taken(Feed::of(&log), 0, head);
        assert!(parts > 2);
        assert_eq!(from_tail, from_log);
    }
}
