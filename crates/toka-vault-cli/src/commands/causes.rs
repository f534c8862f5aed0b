//! [`causes`]: what led to an event, of what is listed, for those that draw it.
//!
//! Keeps the invariant that what is read and held for one event is bounded, however much of the history
//! is left out.

use std::collections::{HashSet, VecDeque};

use toka_vault::{Error, Event, EventHeader, EventId, Filter, Vault};

use crate::output::{Notes, things};

/// Most events that are looked at for one event that is listed. Each is a read of the vault.
const LOOKED_AT_MAX: usize = 1_000;

/// Names the nearest events that led to one, of those that are listed.
#[derive(Debug, Default)]
pub(super) struct Causes {
    /// Its parents.
    pub(super) parents: Vec<EventId>,
    /// Those that led to it through events that are left out alone.
    pub(super) others: Vec<EventId>,
    /// Whether there may be more of those.
    is_cut: bool,
}

impl Causes {
    /// Returns all of them, the parents first.
    pub(super) fn all(&self) -> Vec<EventId> {
        self.parents.iter().chain(&self.others).copied().collect()
    }
}

/// Says once whether lines are missing in a drawing.
#[derive(Default)]
pub(super) struct Missing(bool);

impl Missing {
    /// Notes whether the causes of an event are all there.
    pub(super) fn look(&mut self, causes: &Causes) {
        self.0 |= causes.is_cut;
    }

    /// Says so where a drawing ends.
    pub(super) fn tell(&self, notes: Notes) {
        if self.0 {
            notes.note(&format!(
                "lines are missing where more than {} that are left out lie in between",
                things(LOOKED_AT_MAX as u64, "event")
            ));
        }
    }
}

/// Finds what led to an event: its parents where everything is listed, else the nearest events that the
/// filter means, on all ways.
pub(super) async fn causes(vault: &Vault, event: &Event, filter: &Filter) -> Result<Causes, Error> {
    let mut causes = Causes::default();
    if filter.is_all() {
        causes.parents.extend(event.header.parents.iter());
        return Ok(causes);
    }
    let mut seen = HashSet::new();
    let mut left_out = VecDeque::from([event.header.clone()]);
    while let Some(child) = left_out.pop_front() {
        for parent in child.parents.iter().copied().filter(|parent| seen.insert(*parent)).collect::<Vec<_>>()
        {
            if seen.len() > LOOKED_AT_MAX {
                causes.is_cut = true;
                return Ok(causes);
            }
            match header(vault, parent).await? {
                Some(header) if !filter.matches(&header) => left_out.push_back(header),
                Some(_) if child.id == event.header.id => causes.parents.push(parent),
                Some(_) => causes.others.push(parent),
                None => {}
            }
        }
    }
    Ok(causes)
}

/// Reads a header, where there is one that can be read.
async fn header(vault: &Vault, id: EventId) -> Result<Option<EventHeader>, Error> {
    match vault.header(id).await {
        Err(Error::Corrupt { .. }) => Ok(None),
        read => read,
    }
}
