//! The chain hash: sealed over the events of a vault, one after the other.
//!
//! Sealing an event does not need it, so it is computed outside the sequencer's lock: by the writer
//! for each group; in memory, where it is of use only to whoever asks for the head, when asked.
//!
//! Keeps the invariant that a head names the chain hash over exactly the events up to its position.

use toka_vault_core::hashing::chain_hash;
use toka_vault_core::{Event, Head, Position, Result, let_others_run};

use crate::chunk::Chunk;
use crate::log::{Log, ReadBudget};
use crate::sync::{Mutex, MutexGuard, lock};

/// Events that are hashed between two looks at what else the thread has to do: some 50 µs.
const STEP_EVENTS: usize = 512;

/// Extends a chain by the events that follow its head.
pub(crate) fn extend(head: Head, events: &[Event]) -> Head {
    events.iter().fold(head, |head, event| Head {
        position: event.position(),
        chain: chain_hash(head.chain, event.header.hash),
    })
}

/// Computes the chain of a log in memory when it is asked for.
#[derive(Debug)]
pub(crate) struct LazyChain(Mutex<Head>);

impl LazyChain {
    /// Starts with the chain of an empty log.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Head::EMPTY))
    }

    /// Extends the chain at once, by events that follow all that it was extended by. Whoever asks for
    /// the head waits until that is kept.
    pub(crate) fn extended(&self, events: &[Event]) -> Extended<'_> {
        let head = lock(&self.0);
        Extended { extended: extend(*head, events), head }
    }

    /// Returns the head at `position`, or at a later one that was published meanwhile. It lets other
    /// tasks run between its steps.
    pub(crate) async fn head(&self, log: &dyn Log, position: Position) -> Result<Head> {
        loop {
            let head = self.step(log, position)?;
            if head.position >= position {
                return Ok(head);
            }
            let_others_run().await;
        }
    }

    /// Extends the chain by the next events of the log up to `position`.
    fn step(&self, log: &dyn Log, position: Position) -> Result<Head> {
        let mut head = lock(&self.0);
        if head.position < position {
            // Not further: the log has events already that are not published yet.
            let left = usize::try_from(position.get() - head.position.get()).unwrap_or(usize::MAX);
            let budget = ReadBudget::new(left.min(STEP_EVENTS), usize::MAX);
            let events = log.read(head.position.next(), budget).and_then(Chunk::into_events)?;
            *head = extend(*head, &events);
        }
        Ok(*head)
    }
}

/// Holds a chain that was extended, locked; dropping it leaves the chain as it was.
#[derive(Debug)]
pub(crate) struct Extended<'a> {
    head: MutexGuard<'a, Head>,
    extended: Head,
}

impl Extended<'_> {
    /// Makes it the chain.
    pub(crate) fn keep(mut self) {
        *self.head = self.extended;
    }
}
