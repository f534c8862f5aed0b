//! [`Reader`]: the one way to read published events, from the tail or from the log.
//!
//! Keeps the invariant that nothing behind the published head is ever shown.
//!
//! Invariant 4 of `docs/architecture.md`, which names the tests that show it.

use std::sync::Arc;

use toka_vault_core::{Error, Event, EventHeader, EventId, Position, Result, StartFrom, Timestamp};

use crate::chunk::Chunk;
use crate::index::Lookup;
use crate::limits::CHUNK_EVENTS_MAX;
use crate::log::ReadBudget;
use crate::lookup::Storage;
use crate::published::Published;
use crate::readers::Source;

/// Reads published events.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) source: Source,
    pub(crate) published: Arc<Published>,
}

/// Says where a reader goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next {
    /// At the oldest event there is, whichever that is when it is read.
    Oldest,
    /// At a position.
    At(Position),
    /// Behind an event whose position is not looked up yet.
    AfterId(EventId),
    /// At the first event of a moment or later that stands at a position or behind it, or anywhere.
    Since(Timestamp, Option<Position>),
}

impl Next {
    /// Says where a reader starts, if the head is at `head` now.
    pub(crate) fn new(start: StartFrom, head: Position) -> Self {
        match start {
            StartFrom::After(position) => Self::At(position.next()),
            StartFrom::AfterId(id) => Self::AfterId(id),
            StartFrom::Head => Self::At(head.next()),
            StartFrom::Time(time) => Self::Since(time, None),
            _ => Self::Oldest,
        }
    }
}

impl Reader {
    /// Reads the next events up to position `last`, at most `count`, and moves `next` behind what
    /// was read, or behind what cannot be read. Returns none where `next` is behind `last`.
    pub(crate) async fn advance(&self, next: &mut Next, last: Position, count: u64) -> Result<Chunk> {
        loop {
            let at = self.resolve(next, last).await?;
            let there = last.get().saturating_sub(at.minus(1).get());
            if there == 0 {
                // What was not found up to here is looked for in what comes.
                if !matches!(next, Next::Since(..)) {
                    *next = Next::At(at);
                }
                return Ok(Chunk::default());
            }
            let read = self.read(at, there.min(count)).await;
            // The oldest event was evicted between the look and the read: look again.
            if matches!((&read, *next), (Err(Error::Evicted { .. }), Next::Oldest)) {
                continue;
            }
            *next = Next::At(behind(&read, at));
            return read;
        }
    }

    /// Reads events from `at` on, where there is at least one.
    pub(crate) async fn read(&self, at: Position, count: u64) -> Result<Chunk> {
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(CHUNK_EVENTS_MAX);
        if let Some(events) = self.published.read_tail(at, count).filter(|events| !events.is_empty()) {
            return Ok(events.into());
        }
        let budget = ReadBudget { events: count, ..ReadBudget::CHUNK };
        let chunk = self.source.run(move |storage| storage.log.read(at, budget)).await?;
        match chunk.last_position() {
            Some(_) => Ok(chunk),
            None => Err(Error::corrupt(at, "it is not in the log")),
        }
    }

    /// Finds the position that a reader goes on at, up to position `last`, or one behind it. Where that
    /// is searched, `next` keeps how far the search has come; where it is looked up by an id, it is kept.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvent`], and any failure to look up an id; not [`Error::Corrupt`], behind which a reader
    /// goes on.
    pub(crate) async fn resolve(&self, next: &mut Next, last: Position) -> Result<Position> {
        match *next {
            Next::At(position) => Ok(position),
            Next::Oldest => Ok(self.source.oldest()),
            Next::Since(..) => self.search(next, last).await,
            Next::AfterId(id) => {
                let find = |storage: &Storage, id, told, head| {
                    // The index can be behind the log by an eviction.
                    let oldest = storage.log.oldest();
                    Ok(storage.position_told(id, told, head)?.filter(|position| *position >= oldest))
                };
                let found = self.look_up(id, find).await.map_err(|error| start_unknown(id, error))?;
                let at = found.ok_or(Error::UnknownEvent { id })?.next();
                // Looked up once: the event may be evicted while what stands behind it is read.
                *next = Next::At(at);
                Ok(at)
            }
        }
    }

    /// Finds an event by its id.
    pub(crate) async fn get(&self, id: EventId) -> Result<Option<Event>> {
        self.look_up(id, Storage::event_told).await
    }

    /// Finds the header of an event by its id.
    pub(crate) async fn header(&self, id: EventId) -> Result<Option<EventHeader>> {
        self.look_up(id, Storage::header_told).await
    }

    /// Reads what is told of an id leads to, up to the head. Where that takes a search of much of the log, as where
    /// a file of the index is damaged, a thread is left for other reads meanwhile.
    async fn look_up<T>(
        &self,
        id: EventId,
        read: fn(&Storage, EventId, Lookup, Position) -> Result<T>,
    ) -> Result<T>
    where
        T: Send + 'static,
    {
        let head = self.published.position();
        let read_at_once = move |storage: &Storage| match storage.told(id, head)? {
            told if told.takes_long() => Ok(Err(told)),
            told => read(storage, id, told, head).map(Ok),
        };
        match self.source.run(read_at_once).await? {
            Ok(found) => Ok(found),
            Err(told) => self.source.run_long(move |storage| read(storage, id, told, head)).await,
        }
    }

    /// Sums up the bytes of payloads that the log does not have again, because an earlier event has them.
    pub(crate) async fn shared_bytes(&self) -> Result<u64> {
        if let Some(bytes) = self.source.run(|storage| Ok(storage.log.shared_bytes())).await? {
            return Ok(bytes);
        }
        let last = self.published.position();
        let (mut at, mut bytes) = (self.source.oldest(), 0);
        while at <= last {
            let budget = ReadBudget::between(at, last);
            let read = self.source.run(move |storage| storage.log.read(at, budget)).await;
            at = behind(&read, at).max(at.next());
            match read {
                Ok(chunk) => bytes += chunk.shared_bytes(),
                Err(Error::Corrupt { .. } | Error::Evicted { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(bytes)
    }
}

/// Turns the error of a lookup into one that whoever reads on behind damage does not step over: where a reader
/// starts is not known, so there is nothing behind.
fn start_unknown(id: EventId, error: Error) -> Error {
    let Error::Corrupt { first, last, .. } = error else { return error };
    let reason = format!(
        "the events at positions {first} to {last} cannot be read, and one of them could have the id {id}"
    );
    Error::Storage { operation: "find the event to start behind", reason }
}

/// Returns the position behind what was read from `at` on, or behind what could not be.
pub(crate) fn behind(read: &Result<Chunk>, at: Position) -> Position {
    match read {
        Ok(chunk) => chunk.last_position().map_or(at, Position::next),
        Err(Error::Evicted { oldest }) => *oldest,
        Err(Error::Corrupt { last, .. }) => last.next(),
        Err(_) => at,
    }
}
