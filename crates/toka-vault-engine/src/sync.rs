//! Locks without panics, and the one place that says whose locks they are.
//!
//! A lock is poisoned when a thread panicked while it held it. What the engine and its back-ends guard by
//! locks is changed in steps that cannot panic half way, so the data is whole and the lock is taken anyway.
//!
//! They are the standard library's. In a build with `--cfg toka_sim` they are those of `simulated.rs`, which
//! let a seed decide whose turn it is; `docs/decisions/0024-a-vault-from-one-seed.md` says what for. Whoever
//! locks or waits in a local vault does it through here, or that build would stand still.

#[cfg(toka_sim)]
mod simulated;

#[cfg(toka_sim)]
pub use simulated::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::sync::PoisonError;
#[cfg(not(toka_sim))]
use std::sync::TryLockError;
#[cfg(not(toka_sim))]
pub use std::sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// How often a lock that is held for short is looked at before its thread sleeps: some microseconds.
#[cfg(not(toka_sim))]
const LOOKS: u32 = 200;

/// Locks a mutex.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks a mutex that is held for about a microsecond mostly, and looks again for some before it sleeps: to
/// sleep and to be woken costs more than what the holder does, and costs the holder a system call too. Where it
/// is held longer, as for a large batch, the looks are lost.
/// `docs/decisions/0004-callers-seal-their-own-commits.md` has the figures.
pub fn lock_briefly<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A simulated thread has to wait for its turn.
    #[cfg(not(toka_sim))]
    for _ in 0..LOOKS {
        match mutex.try_lock() {
            Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Ok(guard) => return guard,
        }
    }
    lock(mutex)
}

/// Locks for reading.
pub fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for writing.
pub fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Waits on a condition.
pub fn wait<'a, T>(condition: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condition.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// Waits on a condition, but not longer than `timeout`.
pub fn wait_for<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    timeout: Duration,
) -> MutexGuard<'a, T> {
    condition.wait_timeout(guard, timeout).unwrap_or_else(PoisonError::into_inner).0
}
