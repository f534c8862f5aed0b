//! [`Clock`]: the two things that the engine takes from outside, the time and chance.
//!
//! Keeps the invariant that nothing else in the engine asks the system for the time of an event or for chance,
//! so that a test can replay a whole history from a seed. How long a call or an interval takes is told by the
//! system's monotonic clock, which decides only when a vault syncs late and when its watchdog gives up.

use toka_vault_core::Timestamp;

/// Tells the time and gives random bits.
pub trait Clock: Send + Sync + 'static {
    /// Returns the time now. It may go back; the engine sees to that.
    fn now(&self) -> Timestamp;

    /// Returns at least 80 random bits, the low ones.
    fn entropy(&self) -> u128;
}

/// Asks the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn entropy(&self) -> u128 {
        ulid::Ulid::generate().random()
    }
}
