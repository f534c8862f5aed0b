//! [`GatedLog`]: any log, but its syncs, its reads or its close wait at a [`Gate`] until the test lets them pass.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use toka_vault_core::{Head, Position, Result};
use toka_vault_engine::{Chunk, Group, Log, ReadBudget, Unappended};

use crate::runner::PATIENCE;

/// Holds callers back. Clones are the same gate. It is open at first.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    shut: bool,
    /// How many callers came, ever.
    came: u64,
    /// How many callers wait now.
    held: u64,
}

/// Lets no call through a shut gate.
#[derive(Debug)]
pub struct GatedLog<L> {
    inner: L,
    sync: Gate,
    read: Gate,
    close: Gate,
}

impl Gate {
    /// Holds back whoever comes from now on.
    pub fn shut(&self) {
        self.change(|state| state.shut = true);
    }

    /// Lets pass whoever waits, and whoever comes.
    pub fn open(&self) {
        self.change(|state| state.shut = false);
    }

    /// Waits until a caller waits at the gate. Blocks; not for async tests' own thread.
    pub fn wait_until_held(&self) {
        self.wait(|state| state.held > 0);
    }

    /// Waits until `count` callers have come, ever. Blocks.
    pub fn wait_until_came(&self, count: u64) {
        self.wait(|state| state.came >= count);
    }

    /// Comes to the gate: returns at once where it is open, else when it is opened. Blocks.
    pub fn pass(&self) {
        self.change(|state| {
            state.came += 1;
            state.held += 1;
        });
        self.wait(|state| !state.shut);
        self.change(|state| state.held -= 1);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let (state, changed) = &*self.0;
        change(&mut state.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_all();
    }

    fn wait(&self, until: impl Fn(&State) -> bool) {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(state, PATIENCE, |state| !until(state));
        let (_state, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!outcome.timed_out(), "nobody came to the gate, or opened it");
    }
}

impl<L> GatedLog<L> {
    /// Puts a gate before the syncs of a log.
    pub fn new(inner: L, gate: Gate) -> Self {
        Self { inner, sync: gate, read: Gate::default(), close: Gate::default() }
    }

    /// Puts a gate before its reads too.
    #[must_use]
    pub fn with_read_gate(self, read: Gate) -> Self {
        Self { read, ..self }
    }

    /// Puts a gate before its close too.
    #[must_use]
    pub fn with_close_gate(self, close: Gate) -> Self {
        Self { close, ..self }
    }
}

impl<L: Log> Log for GatedLog<L> {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        self.inner.append(group)
    }

    fn sync(&self, head: Head) -> Result<()> {
        self.sync.pass();
        self.inner.sync(head)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        self.read.pass();
        self.inner.read(from, budget)
    }

    fn evicts(&self) -> bool {
        self.inner.evicts()
    }

    fn oldest(&self) -> Position {
        self.inner.oldest()
    }

    fn close(&self) -> Result<()> {
        self.close.pass();
        self.inner.close()
    }
}
