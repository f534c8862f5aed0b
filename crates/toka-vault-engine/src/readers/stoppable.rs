//! [`StoppableLog`]: a log as a reader thread sees it, so that a job which reads for long does not hold up the
//! end of the vault.
//!
//! Keeps the invariant that a job which has begun before the vault was closed reads so much more that any look
//! at single events can finish, and no more than that.
//!
//! Invariant 8 of `docs/architecture.md`, which names the tests that show it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use toka_vault_core::{Error, Head, Position, Result};

use crate::chunk::Chunk;
use crate::log::{Group, Log, ReadBudget, Unappended};

/// Reads of one job that are answered though the vault is closed.
const READS_MAX: usize = 64;

/// Reads a log until it is told to stop.
pub(super) struct StoppableLog {
    log: Arc<dyn Log>,
    stop: Arc<AtomicBool>,
    /// Reads of the job at hand since the vault was closed. One thread has it.
    late: AtomicUsize,
}

impl StoppableLog {
    /// Reads `log` until `stop` is set.
    pub(super) fn new(log: Arc<dyn Log>, stop: Arc<AtomicBool>) -> Self {
        Self { log, stop, late: AtomicUsize::new(0) }
    }

    /// Says that another job begins.
    pub(super) fn begin(&self) {
        self.late.store(0, Ordering::Relaxed);
    }
}

impl Log for StoppableLog {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        self.log.append(group)
    }

    fn sync(&self, head: Head) -> Result<()> {
        self.log.sync(head)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        if self.stop.load(Ordering::Relaxed) && self.late.fetch_add(1, Ordering::Relaxed) >= READS_MAX {
            return Err(Error::Closed);
        }
        self.log.read(from, budget)
    }

    fn shared_bytes(&self) -> Option<u64> {
        self.log.shared_bytes()
    }

    fn evicts(&self) -> bool {
        self.log.evicts()
    }

    fn oldest(&self) -> Position {
        self.log.oldest()
    }

    fn close(&self) -> Result<()> {
        self.log.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::given::given;

    #[test]
    fn a_job_of_a_few_reads_can_finish_after_the_end_and_no_other() {
        let stop = Arc::<AtomicBool>::default();
        let log = StoppableLog::new(Arc::new(given(10, 0)), stop.clone());
        let read = || log.read(Position::FIRST, ReadBudget::ONE).map(drop);
        assert!((0..2 * READS_MAX).all(|_| read().is_ok()), "while the vault is open");
        stop.store(true, Ordering::Relaxed);
        assert!((0..READS_MAX).all(|_| read().is_ok()));
        assert!(matches!(read(), Err(Error::Closed)));
        log.begin();
        assert!(read().is_ok(), "the next job was there before the end too");
    }
}
