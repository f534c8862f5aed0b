//! [`ManualClock`]: a clock that a test sets, and that tells how often it was asked.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use toka_vault_core::Timestamp;
use toka_vault_engine::Clock;

use crate::runner::PATIENCE;

/// Tells the time that was set, and counts up for chance. Clones are the same clock.
///
/// The engine asks for the time once for each new event that it seals, which shows a test how far
/// the sequencer is.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    asked: u64,
    entropy: u128,
}

impl ManualClock {
    /// Starts at a time.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new((Mutex::new(State { now, asked: 0, entropy: 0 }), Condvar::new())))
    }

    /// Sets the time, also backwards.
    pub fn set(&self, now: Timestamp) {
        self.with(|state| state.now = now);
    }

    /// Waits until the time was asked for `count` times, ever. Blocks.
    pub fn wait_until_asked(&self, count: u64) {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(state, PATIENCE, |state| state.asked < count);
        let (_state, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!outcome.timed_out(), "the clock was not asked {count} times");
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let (state, changed) = &*self.0;
        let outcome = change(&mut state.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_all();
        outcome
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.with(|state| {
            state.asked += 1;
            state.now
        })
    }

    fn entropy(&self) -> u128 {
        self.with(|state| {
            state.entropy += 1;
            state.entropy
        })
    }
}
