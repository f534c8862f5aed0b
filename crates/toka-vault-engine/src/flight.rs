//! [`Flight`]: what is asked of the storage, from the first commit to the end, within reach of a watchdog.
//!
//! Keeps the invariant that a caller is answered even where a call of the storage never returns:
//! after a bound of time the watchdog poisons the vault and answers in the writer's place. The
//! thread that hangs is left behind; it publishes nothing any more.
//!
//! Invariant 8 of `docs/architecture.md`, which names the tests that show it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::group::Caller;
use crate::sync::{Condvar, Mutex, lock, wait, wait_for};

/// Parts of the bound that the watchdog sleeps between two looks: it costs a commit nothing, and is
/// late by no more than one part.
const LOOKS: u32 = 4;

/// Holds the callers of the group that is being stored.
#[derive(Default)]
pub(crate) struct Flight {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Since when the storage is being called.
    since: Option<Instant>,
    callers: Vec<Caller>,
    given_up: bool,
    over: bool,
}

impl Flight {
    /// Runs `call` on the storage with `callers` waiting for it. Returns its outcome with the
    /// callers to answer: none where the watchdog has done so. One call at a time: they do not nest.
    pub(crate) fn run<T>(&self, callers: Vec<Caller>, call: impl FnOnce() -> T) -> (T, Vec<Caller>) {
        {
            let mut state = lock(&self.state);
            state.since = Some(Instant::now());
            state.callers = callers;
        }
        let outcome = call();
        let mut state = lock(&self.state);
        state.since = None;
        (outcome, std::mem::take(&mut state.callers))
    }

    /// Waits until a call takes longer than `bound`, and returns who waits for it, or returns `None`
    /// once there will be no more calls.
    pub(crate) fn watch(&self, bound: Duration) -> Option<Vec<Caller>> {
        let mut state = lock(&self.state);
        loop {
            if state.over {
                return None;
            }
            if state.since.is_some_and(|since| since.elapsed() > bound) {
                return Some(std::mem::take(&mut state.callers));
            }
            state = wait_for(&self.changed, state, bound / LOOKS);
        }
    }

    /// Says that the watchdog has given up on a call, once all that follows from it can be seen.
    pub(crate) fn give_up(&self) {
        lock(&self.state).given_up = true;
        self.changed.notify_all();
    }

    /// Waits until there will be no more calls, and tells whether that came to be: not where the watchdog has
    /// given up on one.
    pub(crate) fn wait_for_end(&self) -> bool {
        let mut state = lock(&self.state);
        while !state.over && !state.given_up {
            state = wait(&self.changed, state);
        }
        !state.given_up
    }

    /// Tells whether the watchdog has given up on a call.
    pub(crate) fn is_given_up(&self) -> bool {
        lock(&self.state).given_up
    }

    /// Ends the watch.
    fn end(&self) {
        lock(&self.state).over = true;
        self.changed.notify_all();
    }
}

/// Ends the watch when it is dropped, however the thread ends that calls the storage.
pub(crate) struct Watched(pub(crate) Arc<Flight>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.end();
    }
}
