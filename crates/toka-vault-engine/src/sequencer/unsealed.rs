//! [`Unsealed`]: what a caller wants sealed, with all that can be had before it is its turn.
//!
//! Keeps the invariant that nobody asks for the time while others wait for the lock; nor for memory, but for
//! what a queue grows by now and then, and the copy of a long list of parents. Each costs more than it takes,
//! because whoever waits for long goes to sleep (`docs/decisions/0026-little-under-the-lock.md` has the figures).

use toka_vault_core::{Condition, Event, EventHeader, NewEvent, Timestamp};

use crate::clock::Clock;
use crate::id_map::IdMap;

/// Is a batch to be sealed.
pub(crate) struct Unsealed<'a> {
    pub(super) batch: &'a mut [NewEvent],
    /// What has to hold for it.
    pub(super) conditions: &'a [Condition],
    /// Gives chance for their ids.
    pub(super) clock: &'a dyn Clock,
    /// The time of all events of it that bring none.
    pub(super) now: Timestamp,
    /// Room for its new events.
    pub(super) events: Vec<Event>,
    /// Room for a header for each event.
    pub(super) headers: Vec<EventHeader>,
    /// Room to find the new events by their ids, where there are several.
    pub(super) new: Option<IdMap<usize>>,
}

impl<'a> Unsealed<'a> {
    /// Asks for the time, and makes room for what a batch becomes.
    pub(crate) fn new(batch: &'a mut [NewEvent], conditions: &'a [Condition], clock: &'a dyn Clock) -> Self {
        let count = batch.len();
        let new = (count > 1).then(|| IdMap::with_capacity_and_hasher(count, <_>::default()));
        let (events, headers) = (Vec::with_capacity(count), Vec::with_capacity(count));
        Self { batch, conditions, clock, now: clock.now(), events, headers, new }
    }
}
