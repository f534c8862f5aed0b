//! [`Seeded`]: a clock and chance that are the same in each process.

use std::sync::atomic::{AtomicU64, Ordering};

use toka_vault::Timestamp;
use toka_vault_engine::Clock;

/// The time that it starts with, in microseconds.
const START: u64 = 1_700_000_000_000_000;

/// Counts how often it was asked; from that come the time and what counts as chance.
#[derive(Debug)]
pub struct Seeded(AtomicU64);

impl Seeded {
    /// Starts a clock; two of different seeds draw different numbers.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed << 32))
    }

    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl Clock for Seeded {
    fn now(&self) -> Timestamp {
        let micros = START + (self.next() & 0xffff_ffff) * 700;
        Timestamp::from_micros(micros as i64).unwrap()
    }

    fn entropy(&self) -> u128 {
        // Spread over all bits, as chance is.
        let spread = |number: u64| (number ^ number >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let low = spread(self.next().wrapping_add(1).wrapping_mul(0xbf58_476d_1ce4_e5b9));
        u128::from(spread(low)) << 64 | u128::from(low)
    }
}
