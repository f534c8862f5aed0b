//! [`NewEvent`]: an event on its way into a vault.
//!
//! Keeps the invariant that a `NewEvent` is within [`limits`](crate::limits) for its kind and
//! payload; what concerns its parents, [`NewEvent::check`] tells before a vault looks at it.

use crate::limits::PARENTS_MAX;
use crate::{Error, Event, EventId, EventPayload, Kind, Parents, Payload, Result, Timestamp};

/// Describes an event to commit: what happened, its content, what led to it.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{EventId, NewEvent};
///
/// let id = EventId::from_parts(1_700_000_000_000, 7);
/// let event = NewEvent::new("order.placed", serde_json::json!({ "total": 42 }))?.with_id(id);
/// assert_eq!(event.kind, "order.placed");
/// # Ok::<(), toka_vault::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewEvent {
    /// What happened.
    pub kind: Kind,
    /// The content.
    pub payload: Payload,
    /// The events that led to this one. They must be in the vault, or earlier in the same batch.
    pub parents: Parents,
    /// The id that the caller brings; without one the vault assigns it.
    pub id: Option<EventId>,
    /// When it happened, for imports; without one the vault tells the time.
    pub timestamp: Option<Timestamp>,
}

impl NewEvent {
    /// Describes an event without parents, whose id and time the vault assigns.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKind`], [`Error::PayloadEncoding`] or [`Error::PayloadTooLarge`].
    pub fn new<K, P>(kind: K, payload: P) -> Result<Self>
    where
        K: TryInto<Kind>,
        Error: From<K::Error>,
        P: EventPayload,
    {
        let kind = kind.try_into()?;
        Ok(Self {
            kind,
            payload: payload.to_payload()?,
            parents: Parents::default(),
            id: None,
            timestamp: None,
        })
    }

    /// Names the events that led to this one.
    #[inline]
    #[must_use]
    pub fn with_parents(mut self, parents: &[EventId]) -> Self {
        self.parents = parents.into();
        self
    }

    /// Brings an id, which makes the commit safe to repeat: the same id with the same content
    /// returns the first header, for ever.
    #[inline]
    #[must_use]
    pub fn with_id(mut self, id: EventId) -> Self {
        self.id = Some(id);
        self
    }

    /// Brings the time at which it happened, for events that happened before they came here.
    #[inline]
    #[must_use]
    pub fn with_timestamp(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// Checks what can be checked without a vault: how many parents there are, that none is named
    /// twice, and that the event does not name itself.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyParents`], [`Error::DuplicateParent`] or [`Error::SelfParent`].
    #[inline]
    pub fn check(&self) -> Result<()> {
        let count = self.parents.len();
        if count > PARENTS_MAX {
            return Err(Error::TooManyParents { count, max: PARENTS_MAX });
        }
        if let Some(id) = self.id.filter(|id| self.parents.contains(id)) {
            return Err(Error::SelfParent { id });
        }
        match repeated(&self.parents) {
            Some(parent) => Err(Error::DuplicateParent { parent }),
            None => Ok(()),
        }
    }
}

/// Describes the same event once more, with its id and time: for another vault, where it has the same hash.
/// Committed to the vault that it is from, it stores nothing.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{Event, EventStore, NewEvent, ReplayOptions, Result};
///
/// /// Makes `branch` hold what led up to an event of `vault`, to go on from there in another way.
/// async fn branch(vault: &dyn EventStore, at: Event, branch: &dyn EventStore) -> Result<()> {
///     let mut history = vault.replay(ReplayOptions::new().with_end(at.position()));
///     while let Some(event) = history.try_next().await? {
///         branch.commit_batch(vec![event.into()]).await?;
///     }
///     Ok(())
/// }
/// ```
impl From<Event> for NewEvent {
    fn from(Event { header, payload }: Event) -> Self {
        Self {
            kind: header.kind,
            payload,
            parents: header.parents,
            id: Some(header.id),
            timestamp: Some(header.timestamp),
        }
    }
}

/// Finds an id that stands twice in `ids`.
fn repeated(ids: &[EventId]) -> Option<EventId> {
    if ids.len() < 2 {
        return None;
    }
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).find_map(|pair| match pair {
        [left, right] if left == right => Some(*left),
        _ => None,
    })
}
