//! [`Log`]: what the engine needs of a place to keep events, and nothing else.

use crate::chunk::Chunk;
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_EVENTS_MAX};
use toka_vault_core::{ChainHash, Error, Event, EventId, Head, Position, Result, Timestamp};

/// Keeps events in order. The engine does the rest: ids, hashes, grouping, reading, subscriptions.
///
/// One thread at a time appends and syncs; any number read meanwhile. Calls may block, and are given up after
/// [`STALL_MAX`](crate::limits::STALL_MAX). A panic in one is caught, and counts as its failure.
pub trait Log: Send + Sync + 'static {
    /// Appends a group behind everything appended before.
    ///
    /// - After a crash the group is there whole or not at all.
    /// - It need not be durable before [`Log::sync`], but [`Log::read`] finds it at once, and it
    ///   survives the end of this process, however that ends.
    /// - [`Unappended::Refused`] says that nothing was appended or changed, and that the log takes the next
    ///   group as if this one had never been: its positions come again.
    /// - After [`Unappended::Failed`], which any error becomes by `?`, the engine appends no more.
    /// - A log behind [`open_inline`](crate::open_inline) may take the events out of the
    ///   group. Every other leaves them there: close readers are served from them.
    fn append(&self, group: &mut Group) -> Result<(), Unappended>;

    /// Makes everything that was appended durable. `head` is where the last group ended.
    ///
    /// - After an error the engine neither appends nor syncs any more.
    fn sync(&self, head: Head) -> Result<()>;

    /// Reads events from position `from` on, in order and without a gap.
    ///
    /// - Returns at least one event where there is one, and as many more as `budget` allows.
    /// - Returns none where `from` is behind the end.
    /// - [`Error::Evicted`](toka_vault_core::Error::Evicted) where `from` is before the oldest.
    /// - [`Error::Corrupt`](toka_vault_core::Error::Corrupt), with `first` being `from`, where the
    ///   event there is damaged; `last` tells where to read on. Damage further on is in the chunk, or
    ///   ends it before that, so that the next read meets it first.
    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk>;

    /// Returns how many bytes of payloads are not kept again because an earlier event has them; `None` where
    /// only reading tells: then the vault adds up what the chunks of its history tell.
    fn shared_bytes(&self) -> Option<u64> {
        None
    }

    /// Tells whether the log lets go of old events. Only one behind
    /// [`open_inline`](crate::open_inline) may.
    fn evicts(&self) -> bool {
        false
    }

    /// Returns the position of the oldest event that can be read; [`Position::FIRST`] unless the log
    /// evicts.
    fn oldest(&self) -> Position {
        Position::FIRST
    }

    /// Ends all use of the log. The engine calls nothing after it.
    fn close(&self) -> Result<()>;
}

/// Says why a group was not appended.
#[derive(Clone, Debug)]
pub enum Unappended {
    /// The log is as it was, for instance since it got no room for the group: the callers are told this error,
    /// and later groups are tried.
    Refused(Error),
    /// What the log holds now is known only after it was opened again.
    Failed(Error),
}

impl From<Error> for Unappended {
    /// Takes a failure for one that may have left something: to refuse is a promise, and is said by name.
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Unappended> for Error {
    fn from(unappended: Unappended) -> Self {
        match unappended {
            Unappended::Refused(error) | Unappended::Failed(error) => error,
        }
    }
}

/// Holds the events of one or more commits that are appended in one atomic step.
#[derive(Debug)]
pub struct Group {
    /// The events, in order. There is at least one.
    pub events: Vec<Event>,
    /// Where the log ends after them. A log behind [`open_inline`](crate::open_inline) is
    /// given no chain hash: nothing opens it again, and it is computed from the events when needed.
    pub end: LogEnd,
    /// For each event the earlier one that has the same payload, so that a log can keep it once; empty
    /// where there is none, or nobody looked. Each of them has its payload itself.
    pub owners: Vec<Option<Position>>,
}

impl Group {
    /// Returns the earlier event that has the payload of this one, which is of the group.
    pub(crate) fn owner_of(&self, event: &Event) -> Option<Position> {
        let first = self.events.first()?.position().get();
        let index = usize::try_from(event.position().get().checked_sub(first)?).ok()?;
        *self.owners.get(index)?
    }
}

/// Tells where a log ends, and so where sealing goes on when it is opened again.
///
/// A log stores it with each group: the newest id and timestamp that the vault *assigned* cannot be
/// told from the events, because imported events bring their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEnd {
    /// The newest position, and the chain hash up to it.
    pub head: Head,
    /// The newest id that was assigned.
    pub assigned_id: EventId,
    /// The newest timestamp that was assigned.
    pub assigned_timestamp: Timestamp,
    /// The greatest id in the log, assigned or brought: a greater one is unused without a look.
    pub greatest_id: EventId,
}

impl Default for LogEnd {
    /// Returns [`LogEnd::EMPTY`].
    fn default() -> Self {
        Self::EMPTY
    }
}

impl LogEnd {
    /// The end of an empty log.
    pub const EMPTY: Self = Self {
        head: Head::EMPTY,
        assigned_id: EventId::from_u128(0),
        assigned_timestamp: Timestamp::MIN,
        greatest_id: EventId::from_u128(0),
    };

    /// Returns the position of the newest event.
    pub fn position(&self) -> Position {
        self.head.position
    }

    /// Returns the chain hash up to the newest event.
    pub fn chain(&self) -> ChainHash {
        self.head.chain
    }
}

/// Says how much one read may return.
#[derive(Clone, Copy, Debug)]
pub struct ReadBudget {
    /// Most events.
    pub events: usize,
    /// Bytes of events after which no further one is added.
    pub bytes: usize,
    /// What is read of each.
    pub(crate) wanted: Wanted,
}

/// Says what is read of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    Event,
    /// Its header. A payload that is not beside it need not be read.
    Header,
}

impl ReadBudget {
    /// Room for one event.
    pub const ONE: Self = Self::new(1, 0);

    /// Room for a chunk.
    pub const CHUNK: Self = Self::new(CHUNK_EVENTS_MAX, CHUNK_BYTES_MAX);

    /// Room for the header of one event.
    pub(crate) const HEADER: Self = Self { wanted: Wanted::Header, ..Self::ONE };

    /// Makes room for so many events, of which none is added after so many bytes.
    pub const fn new(events: usize, bytes: usize) -> Self {
        Self { events, bytes, wanted: Wanted::Event }
    }

    /// Room for what a chunk can have of the events between two positions.
    pub(crate) fn between(first: Position, last: Position) -> Self {
        let events = last.get().saturating_sub(first.get()).saturating_add(1);
        let events = usize::try_from(events).unwrap_or(usize::MAX).min(CHUNK_EVENTS_MAX);
        Self { events, ..Self::CHUNK }
    }

    /// Tells whether no further event may be added.
    pub fn is_used_up(&self) -> bool {
        self.events == 0 || self.bytes == 0
    }
}
