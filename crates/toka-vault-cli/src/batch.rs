//! [`Batch`]: events on their way into a vault, committed many at a time.
//!
//! Keeps the invariants that events are committed in the order they were added; that a batch is
//! stored whole or not at all; and that an event which the vault refuses is named by its source.

use std::fmt::Display;
use std::time::{Duration, Instant};

use toka_vault::{Error, EventHeader, NewEvent, Vault};

use crate::output::{count, things};

/// Events after which a batch is committed.
const BATCH_EVENTS: usize = 512;

/// Payload bytes after which a batch is committed.
const BATCH_BYTES: usize = 1 << 20;

/// Gathers events and commits them.
pub(crate) struct Batch<'a, S> {
    vault: &'a Vault,
    sources: Vec<S>,
    events: Vec<NewEvent>,
    bytes: usize,
    tally: Tally,
}

/// Counts what became of the events so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    started: Instant,
    /// Events that were not in the vault before.
    pub(crate) new: u64,
    /// Events that were.
    pub(crate) known: u64,
}

/// Tells which event a vault refused.
#[derive(Debug)]
pub(crate) struct Refused<S> {
    /// Where the event came from; `None` where the vault failed and no event is to blame.
    pub(crate) source: Option<S>,
    /// Why.
    pub(crate) error: Error,
}

impl Tally {
    /// Leaves out events that were new and read nowhere.
    pub(crate) fn without(self, new: u64) -> Self {
        Self { new: self.new.saturating_sub(new), ..self }
    }

    /// Says how many were new and how many known, and how long it took.
    pub(crate) fn summary(&self, what: &str) -> String {
        let (new, known) = (count(self.new), count(self.known));
        let read = things(self.new + self.known, what);
        format!("read {read}: {new} new, {known} already there, in {}", seconds(self.started.elapsed()))
    }
}

/// Writes a duration in seconds.
fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

impl<'a, S: Clone + Display> Batch<'a, S> {
    /// Starts with nothing.
    pub(crate) fn new(vault: &'a Vault) -> Self {
        let tally = Tally { started: Instant::now(), new: 0, known: 0 };
        Self { vault, sources: Vec::new(), events: Vec::new(), bytes: 0, tally }
    }

    /// Counts what was committed so far.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Tells whether enough events have gathered.
    pub(crate) fn is_full(&self) -> bool {
        self.events.len() >= BATCH_EVENTS || self.bytes >= BATCH_BYTES
    }

    /// Adds an event.
    pub(crate) fn add(&mut self, source: S, event: NewEvent) {
        self.bytes += event.payload.bytes().len();
        self.sources.push(source);
        self.events.push(event);
    }

    /// Counts an event that is in the vault already as done.
    pub(crate) fn skip_known(&mut self) {
        self.tally.known += 1;
    }

    /// Drops what has gathered.
    pub(crate) fn discard(&mut self) {
        self.sources.clear();
        self.events.clear();
        self.bytes = 0;
    }

    /// Commits what has gathered and returns the headers.
    ///
    /// Where the vault refuses an event, those before it are committed all the same; it and those
    /// after it are left for another call, which makes the same attempt again.
    pub(crate) async fn commit(&mut self) -> Result<Vec<EventHeader>, Refused<S>> {
        if self.events.is_empty() {
            return Ok(Vec::new());
        }
        match self.commit_first(self.events.len()).await {
            Ok(headers) => Ok(headers),
            Err(error) if concerns_an_event(&error) => self.commit_one_by_one().await,
            Err(error) => Err(Refused { source: None, error }),
        }
    }

    /// Drops the first event that has gathered.
    pub(crate) fn drop_first(&mut self) {
        if !self.events.is_empty() {
            self.sources.remove(0);
            let event = self.events.remove(0);
            self.bytes -= event.payload.bytes().len();
        }
    }

    /// Commits event by event, up to the one that is refused.
    async fn commit_one_by_one(&mut self) -> Result<Vec<EventHeader>, Refused<S>> {
        let mut headers = Vec::with_capacity(self.events.len());
        while let Some(source) = self.sources.first().cloned() {
            match self.commit_first(1).await {
                Ok(committed) => headers.extend(committed),
                Err(error) if concerns_an_event(&error) => {
                    return Err(Refused { source: Some(source), error });
                }
                Err(error) => return Err(Refused { source: None, error }),
            }
        }
        Ok(headers)
    }

    /// Commits the first `count` events atomically and counts them.
    async fn commit_first(&mut self, count: usize) -> toka_vault::Result<Vec<EventHeader>> {
        let batch: Vec<NewEvent> = self.events.iter().take(count).cloned().collect();
        let bytes: usize = batch.iter().map(|event| event.payload.bytes().len()).sum();
        // Nobody else commits to a vault that this process has open.
        let before = self.vault.head().await?.position;
        let headers = self.vault.commit_batch(batch).await?;
        let after = self.vault.head().await?.position;
        let new = after.get() - before.get();
        self.tally.new += new;
        self.tally.known += (count as u64).saturating_sub(new);
        self.sources.drain(..count);
        self.events.drain(..count);
        self.bytes -= bytes;
        Ok(headers)
    }
}

/// Tells whether an event is to blame, and the vault is fine and has stored nothing.
fn concerns_an_event(error: &Error) -> bool {
    matches!(
        error,
        Error::UnknownParent { .. }
            | Error::Conflict { .. }
            | Error::DuplicateParent { .. }
            | Error::SelfParent { .. }
            | Error::TooManyParents { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use toka_vault::{EventId, InMemoryVault};

    fn event(number: u128) -> NewEvent {
        NewEvent::new("a", number as u64).unwrap().with_id(EventId::from_u128(number))
    }

    #[test]
    fn new_and_known_events_are_counted() {
        let vault = Vault::Memory(InMemoryVault::unbounded());
        block_on(vault.commit(event(1))).unwrap();
        let mut batch = Batch::new(&vault);
        for number in [1, 2, 2, 3] {
            batch.add(number, event(number));
        }
        assert_eq!(block_on(batch.commit()).unwrap().len(), 4);
        assert_eq!((batch.tally().new, batch.tally().known), (2, 2));
    }

    #[test]
    fn a_refused_event_is_named_and_those_before_it_are_stored() {
        let vault = Vault::Memory(InMemoryVault::unbounded());
        let mut batch = Batch::new(&vault);
        batch.add(1, event(1));
        batch.add(2, event(2).with_parents(&[EventId::from_u128(9)]));
        batch.add(3, event(3));
        let refused = block_on(batch.commit()).unwrap_err();
        assert_eq!(refused.source, Some(2));
        assert!(matches!(refused.error, Error::UnknownParent { .. }));
        assert_eq!(batch.tally().new, 1);
        batch.drop_first();
        block_on(batch.commit()).unwrap();
        assert!(block_on(vault.get(EventId::from_u128(3))).unwrap().is_some());
    }
}
