//! [`Refusal`]: why a model refuses an event.

use toka_vault_core::limits::{BATCH_EVENTS_MAX, PARENTS_MAX};
use toka_vault_core::{Error, EventHeader, EventId, NewEvent, Position};

/// Says what is wrong with an event. Where several things are, a store may name any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// More events than a batch may have.
    TooManyEvents,
    /// More parents than there may be.
    TooManyParents,
    /// This parent is named twice.
    DuplicateParent(EventId),
    /// The event names itself.
    SelfParent(EventId),
    /// This parent is not there.
    UnknownParent(EventId),
    /// The id belongs to an event that differs in this part.
    Conflict(EventId, &'static str),
    /// A condition is broken by the event at this position.
    Condition(Position),
    /// A condition asks about this event, which is not there.
    UnknownEvent(EventId),
}

impl Refusal {
    /// Tells whether an error says this.
    pub fn is_told_by(self, error: &Error) -> bool {
        match (self, error) {
            (Self::TooManyEvents, Error::BatchTooLarge { unit, .. }) => *unit == "events",
            (Self::TooManyParents, Error::TooManyParents { .. }) => true,
            (Self::DuplicateParent(id), Error::DuplicateParent { parent }) => id == *parent,
            (Self::SelfParent(own), Error::SelfParent { id }) => own == *id,
            (Self::UnknownParent(id), Error::UnknownParent { parent }) => id == *parent,
            (Self::Conflict(taken, part), Error::Conflict { id, differs }) => {
                (taken, part) == (*id, *differs)
            }
            (Self::Condition(at), Error::ConditionFailed { position, .. }) => at == *position,
            (Self::UnknownEvent(unknown), Error::UnknownEvent { id }) => unknown == *id,
            _ => false,
        }
    }
}

/// Finds what is wrong with a batch and its events by themselves.
pub(super) fn malformed(batch: &[NewEvent]) -> Vec<Refusal> {
    let mut found: Vec<_> = batch.iter().flat_map(malformed_event).collect();
    if batch.len() > BATCH_EVENTS_MAX {
        found.push(Refusal::TooManyEvents);
    }
    found
}

fn malformed_event(event: &NewEvent) -> Vec<Refusal> {
    let parents = &event.parents;
    let mut found = Vec::new();
    if parents.len() > PARENTS_MAX {
        found.push(Refusal::TooManyParents);
    }
    found.extend(event.id.filter(|id| parents.contains(id)).map(Refusal::SelfParent));
    let repeated = |at: &usize| parents[..*at].contains(&parents[*at]);
    found.extend((0..parents.len()).filter(repeated).map(|at| Refusal::DuplicateParent(parents[at])));
    found
}

/// Finds in what an event differs from the stored one of its id.
pub(super) fn conflicts(stored: &EventHeader, event: &NewEvent) -> Vec<Refusal> {
    let parts = [
        (stored.kind != event.kind, "kind"),
        (stored.digest != event.payload.digest(), "payload"),
        (*stored.parents != *event.parents, "parents"),
        (event.timestamp.is_some_and(|timestamp| timestamp != stored.timestamp), "timestamp"),
    ];
    let differing = parts.into_iter().filter(|(differs, _)| *differs);
    differing.map(|(_, part)| Refusal::Conflict(stored.id, part)).collect()
}
