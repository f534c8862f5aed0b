//! [`Passing`]: the events that a walk goes through without giving them.
//!
//! Keeps the invariant that a long search for nothing lets other tasks of its thread run in between.

use crate::let_others_run;

/// Events that a walk passes over before it gives way. A get of a vault in memory costs less than a
/// microsecond, one of a vault on disk waits anyway.
const PASSED_MAX: u32 = 256;

/// Counts the events that a walk has passed over since it gave way.
#[derive(Default)]
pub(super) struct Passing(u32);

impl Passing {
    /// Passes over an event, and gives way to other tasks of the thread from time to time.
    pub(super) async fn pass(&mut self) {
        self.0 += 1;
        if self.0 < PASSED_MAX {
            return;
        }
        self.0 = 0;
        let_others_run().await;
    }
}
