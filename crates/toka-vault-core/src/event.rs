//! [`Event`] and [`EventHeader`]: what a vault has recorded.

use std::fmt;

use crate::{Digest, Error, EventHash, EventId, Kind, Parents, Payload, Position, Result, Timestamp};

/// Tells all of an event but its content.
///
/// Everything but the position is immutable and the same in every vault that the event is copied
/// to. Cloning is cheap.
///
/// # Examples
///
/// It shows itself on one line, for a log: position, time, kind and id.
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{EventStore, EventStoreExt, NewEvent, Result};
///
/// async fn place(store: &dyn EventStore) -> Result<()> {
///     let placed = store.commit(NewEvent::new("order.placed", 42)?).await?;
///     // 1 2026-01-31T12:00:00.5Z order.placed 01KGA8Z2HW7X7E3V6R2X0CVZ6Q
///     println!("{placed}");
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventHeader {
    /// Identifies the event for ever.
    pub id: EventId,
    /// What happened.
    pub kind: Kind,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The events that led to this one, in the order that the caller named them.
    pub parents: Parents,
    /// Addresses the payload.
    pub digest: Digest,
    /// Seals the event and all that led to it.
    pub hash: EventHash,
    /// Where the event stands in the order of the vault it was read from or committed to.
    pub position: Position,
}

/// Records something that happened: a header and its payload.
///
/// It shows itself on one line, for a log: the header, then the payload as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// All but the content.
    pub header: EventHeader,
    /// The content.
    pub payload: Payload,
}

impl EventHeader {
    /// Puts a header together. For back-ends: nothing is checked.
    #[inline]
    pub fn new(
        id: EventId,
        kind: Kind,
        timestamp: Timestamp,
        parents: Parents,
        digest: Digest,
        hash: EventHash,
        position: Position,
    ) -> Self {
        Self { id, kind, timestamp, parents, digest, hash, position }
    }
}

impl Event {
    /// Puts an event together. For back-ends: nothing is checked.
    #[inline]
    pub fn new(header: EventHeader, payload: Payload) -> Self {
        Self { header, payload }
    }

    /// Gives the event a payload of its own, by a copy.
    ///
    /// Events that are read one after the other share a buffer, of up to 256 KiB, which stays in memory for as
    /// long as one of them. Whoever keeps few of them for long keeps less that way.
    ///
    /// # Examples
    ///
    /// ```
    /// # use toka_vault_core as toka_vault;
    /// use toka_vault::{Event, Replay, Result};
    ///
    /// /// Keeps the last event of each hundred.
    /// async fn samples(mut history: Replay) -> Result<Vec<Event>> {
    ///     let mut kept = Vec::new();
    ///     while let Some(event) = history.try_next().await? {
    ///         if event.position().get() % 100 == 0 {
    ///             kept.push(event.detached());
    ///         }
    ///     }
    ///     Ok(kept)
    /// }
    /// ```
    #[must_use]
    pub fn detached(mut self) -> Self {
        self.payload = self.payload.detached();
        self
    }

    /// Tells whether the payload is the one that the header addresses. Takes the time to hash it, as
    /// [`Payload::is_intact`] does.
    pub fn is_intact(&self) -> bool {
        self.payload.digest() == self.header.digest && self.payload.is_intact()
    }

    /// Returns the event where [`Event::is_intact`] holds, for whoever hands it on: a store takes over the digest of
    /// a payload that is encoded already, so that nobody would notice later. The checksums of a vault are shorter than
    /// a digest, and can fit by chance.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where it does not hold.
    pub fn into_intact(self) -> Result<Self> {
        if self.is_intact() {
            return Ok(self);
        }
        Err(Error::corrupt(self.position(), "its payload does not hash to its digest"))
    }

    /// Returns the event's place in the order of its vault.
    #[inline]
    pub fn position(&self) -> Position {
        self.header.position
    }
}

/// `POSITION TIME KIND ID`: what tells one event from another at a glance.
impl fmt::Display for EventHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.position, self.timestamp, self.kind, self.id)
    }
}

/// The header, and the payload as it shows itself.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.header, self.payload)
    }
}
