//! [`Witness`]: what happened in a life of a vault, and what the disk had seen when it did.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use toka_vault_core::{Digest, EventHeader};
use toka_vault_testkit::sim::SimDirectory;

/// Is one thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mark {
    /// Events with these payloads were asked to be committed together.
    Asked(Vec<Digest>),
    /// These were acknowledged.
    Acknowledged(Vec<EventHeader>),
    /// A subscriber was shown an event whose payload is right, or where it is `None`, a replay was.
    Shown(Option<usize>, EventHeader),
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
    fault: Option<String>,
}

impl Witness {
    /// Starts to look at a vault on a disk.
    pub(super) fn of(disk: SimDirectory) -> Self {
        Self { disk, state: Arc::default() }
    }

    /// Notes what happened, and how many changes the disk had seen.
    pub(super) fn note(&self, mark: Mark) {
        let count = self.disk.change_count();
        self.state().marks.push((count, mark));
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
