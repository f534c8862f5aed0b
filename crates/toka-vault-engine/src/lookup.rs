//! [`Storage`] and [`Known`]: events that are looked up by id, and what was found.
//!
//! Keeps the invariant that an id which was not found counts as unused only for as long as every
//! event that was sealed since is certain to be among the recent ones.

use std::ops::ControlFlow;
use std::sync::Arc;

use toka_vault_core::{Error, Event, EventHeader, EventId, Position, Result};

use crate::chunk::scan;
use crate::id_map::IdMap;
use crate::index::{IdIndex, Lookup};
use crate::limits::RECENT_HEADERS_MAX;
use crate::log::{Log, ReadBudget};

/// Gives access to what is stored. Calls may block as the log does.
#[derive(Clone)]
pub(crate) struct Storage {
    /// The events.
    pub(crate) log: Arc<dyn Log>,
    /// Where they are, by id.
    pub(crate) index: Arc<IdIndex>,
    /// Whether the index has them; else the log is searched.
    pub(crate) is_indexed: bool,
}

/// Holds headers that were looked up for a commit.
#[derive(Debug, Default)]
pub(crate) struct Known {
    headers: IdMap<Option<EventHeader>>,
    /// The age of the order when they were looked up.
    as_of: Position,
}

impl Storage {
    /// Reads the header of an event, or `None` where there is none or it was evicted.
    pub(crate) fn header(&self, id: EventId) -> Result<Option<EventHeader>> {
        Ok(self.event(id, Position::new(u64::MAX))?.map(|event| event.header))
    }

    /// Reads an event, or returns `None` where there is none up to position `last`.
    pub(crate) fn event(&self, id: EventId, last: Position) -> Result<Option<Event>> {
        let Some(position) = self.position(id)?.filter(|position| *position <= last) else {
            return Ok(None);
        };
        match self.log.read(position, ReadBudget::ONE).and_then(|mut chunk| chunk.next().transpose()) {
            // The index can be behind the log by an eviction.
            Ok(event) => Ok(event.filter(|event| event.header.id == id)),
            Err(Error::Evicted { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Finds the position of an event.
    pub(crate) fn position(&self, id: EventId) -> Result<Option<Position>> {
        if !self.is_indexed {
            return self.search(id, &[(self.log.oldest(), Position::new(u64::MAX))]);
        }
        match self.index.find(id) {
            Lookup::At(position) => Ok(Some(position)),
            Lookup::Absent => Ok(None),
            Lookup::Unread(ranges) => {
                tracing::warn!(%id, "a part of the index is damaged; searching the log");
                self.search(id, &ranges)
            }
        }
    }

    /// Searches ranges of the log for an event.
    fn search(&self, id: EventId, ranges: &[(Position, Position)]) -> Result<Option<Position>> {
        for (first, last) in ranges {
            let found = scan(self.log.as_ref(), *first..=*last, |events| {
                Ok(match events.iter().find(|event| event.header.id == id) {
                    Some(event) => ControlFlow::Break(event.position()),
                    None => ControlFlow::Continue(()),
                })
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Looks up headers.
    pub(crate) fn known(&self, ids: Vec<EventId>, as_of: Position) -> Result<Known> {
        let find = |id| Ok((id, self.header(id)?));
        Ok(Known { headers: ids.into_iter().map(find).collect::<Result<_>>()?, as_of })
    }
}

impl Known {
    /// Returns what was found under an id, or `None` where that is not known, or no more now that
    /// the order has come to an age of `now`.
    pub(crate) fn find(&self, id: EventId, now: Position) -> Option<Option<&EventHeader>> {
        let found = self.headers.get(&id)?.as_ref();
        let since = now.get().saturating_sub(self.as_of.get());
        let certain = found.is_some() || since < RECENT_HEADERS_MAX as u64;
        certain.then_some(found)
    }
}
