//! [`Condition`]: what has to hold for a commit to happen.

use std::fmt;

use crate::{EventId, Filter, Position};

/// Has to hold at the moment that a commit takes its place in the vault's order, or the commit is
/// refused with [`Error::ConditionFailed`](crate::Error::ConditionFailed).
///
/// Nothing comes between the look and the commit. The events of the batch itself do not count. Where
/// all events of a commit are in the vault already, with ids that their caller brought, it is
/// answered with their headers and no condition is looked at: so a commit can be repeated until its
/// answer arrives.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{Condition, Filter, Position};
///
/// // Nobody has taken the name since we looked, when the head was at position 41.
/// let free = Condition::none_after(Position::new(41), Filter::kind("user.registered.ada")?);
/// assert_eq!(free.to_string(), "no events of kind user.registered.ada are after position 41");
/// # Ok::<(), toka_vault::Error>(())
/// ```
///
/// A thread that must not branch: each step is committed only if it is the first behind the one before.
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{Condition, EventHeader, EventId, EventStore, EventStoreExt, NewEvent, Result};
///
/// async fn step(store: &dyn EventStore, last: EventId, said: &str) -> Result<EventHeader> {
///     let next = NewEvent::new("agent.said", said)?.with_parents(&[last]);
///     store.commit_if(next, &[Condition::Leaf(last)]).await
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// The newest event is at this position; [`Position::ZERO`] where there is none. Any commit at all breaks it,
    /// whatever it is about: for one writer, or few.
    HeadAt(Position),
    /// No event that the filter means stands behind the position. With [`Position::ZERO`]: there is
    /// none at all, of those that the vault still has.
    NoneAfter {
        /// Up to where events do not count.
        position: Position,
        /// Which events count.
        filter: Filter,
    },
    /// No event names this one as a parent. The event has to be in the vault.
    Leaf(EventId),
}

impl Condition {
    /// Returns [`Condition::NoneAfter`].
    pub fn none_after(position: Position, filter: Filter) -> Self {
        Self::NoneAfter { position, filter }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeadAt(position) => write!(f, "the head is at position {position}"),
            Self::NoneAfter { position, filter } => {
                write!(f, "no {filter} are after position {position}")
            }
            Self::Leaf(id) => write!(f, "nothing follows event {id}"),
        }
    }
}

/// Tells what stands against a condition, for [`Error::ConditionFailed`](crate::Error::ConditionFailed).
pub(crate) struct Against<'a>(pub(crate) &'a Condition, pub(crate) Position);

impl fmt::Display for Against<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Condition::HeadAt(wanted) if self.1 <= *wanted => write!(f, "it is at position {}", self.1),
            _ => write!(f, "see the event at position {}", self.1),
        }
    }
}
