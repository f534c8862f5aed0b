//! Locks whose order a seed decides: those of the crate shuttle, and a timeout that it does not have.
//!
//! Keeps the invariant that no call leaves the simulated threads: none of them waits for the system.

use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, PoisonError};
use std::time::Duration;

use shuttle::rand::Rng;
pub use shuttle::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Most turns of other threads that a wait with a timeout takes: time is a matter of chance here.
const TURNS_MAX: usize = 16;

/// Is a mutex.
#[derive(Debug, Default)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

/// Has a mutex locked, and knows which.
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    guard: shuttle::sync::MutexGuard<'a, T>,
    mutex: &'a Mutex<T>,
}

/// Is a condition to wait on.
#[derive(Debug, Default)]
pub struct Condvar(shuttle::sync::Condvar);

impl<T> Mutex<T> {
    /// Holds a value.
    pub const fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    /// Locks it.
    ///
    /// # Errors
    ///
    /// Where a thread panicked while it had it locked.
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.guarded(self.0.lock())
    }

    fn guarded<'a>(
        &'a self,
        locked: LockResult<shuttle::sync::MutexGuard<'a, T>>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let of = |guard| MutexGuard { guard, mutex: self };
        locked.map(of).map_err(|poisoned| PoisonError::new(of(poisoned.into_inner())))
    }
}

impl Condvar {
    /// Creates a condition that nobody waits on.
    pub const fn new() -> Self {
        Self(shuttle::sync::Condvar::new())
    }

    /// Waits until it is notified.
    ///
    /// # Errors
    ///
    /// Where a thread panicked while it had the mutex locked.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        guard.mutex.guarded(self.0.wait(guard.guard))
    }

    /// Waits for some turns of other threads, which is as likely to be too short as too long. It may end
    /// early, as any wait may: callers look again.
    ///
    /// # Errors
    ///
    /// Where a thread panicked while it had the mutex locked.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, ())> {
        let mutex = guard.mutex;
        drop(guard);
        for _ in 0..shuttle::rand::thread_rng().gen_range(1..=TURNS_MAX) {
            shuttle::thread::yield_now();
        }
        let timed_out = |guard| (guard, ());
        mutex.lock().map(timed_out).map_err(|poisoned| PoisonError::new(timed_out(poisoned.into_inner())))
    }

    /// Wakes one that waits.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all that wait.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}
