//! [`Witness`]: what happened in a life of a vault, and what the disk had seen when it did.

use std::sync::{Arc, Mutex, MutexGuard};

use toka_vault_core::{Digest, EventHeader, Payload, Position};
use toka_vault_testkit::sim::SimDirectory;

use super::promise::SUBSCRIBERS;

/// Is one thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mark {
    /// Events with these payloads were asked to be committed together.
    Asked(Vec<Digest>),
    /// These were acknowledged, with these payloads.
    Acknowledged(Vec<(EventHeader, Payload)>),
    /// The condition of a commit held, or did not for the event at a position.
    Condition(Option<Position>),
    /// A replay had shown all up to a position.
    Replayed(Position),
    /// The vault was closed, which makes durable all that was acknowledged.
    Closed,
    /// A subscriber was shown an event whose payload is right, or where it is `None`, a replay was.
    Shown(Option<usize>, EventHeader),
}

impl Mark {
    /// Tells whether it is kept even by a vault that acknowledges and shows what is not durable yet: who reads
    /// beside it is shown nothing else.
    pub(super) fn is_durable(&self) -> bool {
        match self {
            Self::Asked(_) => true,
            Self::Shown(who, _) => *who == Some(SUBSCRIBERS - 1),
            Self::Acknowledged(_) | Self::Condition(_) | Self::Replayed(_) | Self::Closed => false,
        }
    }
}

/// Notes what happens. Clones note it in the same place.
#[derive(Clone)]
pub(super) struct Witness {
    disk: SimDirectory,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    marks: Vec<(usize, Mark)>,
    /// The newest that each subscriber has seen in this life.
    seen: [Position; SUBSCRIBERS],
    fault: Option<String>,
    /// Whether somebody was told that the storage has failed.
    has_failed: bool,
}

impl Witness {
    /// Starts to look at a vault on a disk.
    pub(super) fn of(disk: SimDirectory) -> Self {
        Self { disk, state: Arc::default() }
    }

    /// Notes what happened, and how many changes the disk had seen.
    pub(super) fn note(&self, mark: Mark) {
        let (count, mut state) = (self.disk.change_count(), self.state());
        if let Mark::Shown(Some(who), header) = &mark
            && let Some(seen) = state.seen.get_mut(*who)
        {
            *seen = header.position;
        }
        state.marks.push((count, mark));
    }

    /// Tells whether some subscribers have seen all up to a position, or something was noted that must not
    /// be.
    pub(super) fn have_seen(&self, mut who: impl Iterator<Item = usize>, position: Position) -> bool {
        let state = self.state();
        state.fault.is_some() || who.all(|who| state.seen.get(who).is_none_or(|seen| *seen >= position))
    }

    /// Notes up to where a subscriber has seen events in lives before.
    pub(super) fn begin(&self, who: usize, seen: Position) {
        if let Some(newest) = self.state().seen.get_mut(who) {
            *newest = seen;
        }
    }

    /// Notes that somebody was told that the storage has failed.
    pub(super) fn fail(&self) {
        self.state().has_failed = true;
    }

    /// Tells whether somebody was told so.
    pub(super) fn has_failed(&self) -> bool {
        self.state().has_failed
    }

    /// Notes what must not be; the first of its kind counts.
    pub(super) fn blame(&self, fault: String) {
        self.state().fault.get_or_insert(fault);
    }

    /// Returns what happened, in order.
    pub(super) fn marks(&self) -> Result<Vec<(usize, Mark)>, String> {
        let mut state = self.state();
        state.fault.take().map_or(Ok(()), Err)?;
        Ok(std::mem::take(&mut state.marks))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}
