//! [`ManualClock`]: a clock that a test sets.

use std::sync::{Arc, Mutex, PoisonError};

use toka_vault_core::Timestamp;
use toka_vault_engine::Clock;

/// Tells the time that was set, and counts up for chance. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    entropy: u128,
}

impl ManualClock {
    /// Starts at a time.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State { now, entropy: 0 })))
    }

    /// Sets the time, also backwards.
    pub fn set(&self, now: Timestamp) {
        self.with(|state| state.now = now);
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.with(|state| state.now)
    }

    fn entropy(&self) -> u128 {
        self.with(|state| {
            state.entropy += 1;
            state.entropy
        })
    }
}
