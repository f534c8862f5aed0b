//! [`Ending`]: what remains to be done when the writer has ended.
//!
//! Keeps the order in which nothing that was accepted is lost: first the readers, then the index, then the log.

use std::sync::{Arc, OnceLock};

use toka_vault_core::Result;

use crate::flight::Flight;
use crate::guard::guarded;
use crate::health::Health;
use crate::lookup::Storage;
use crate::published::Published;
use crate::readers::ReaderThreads;

/// Does what remains when the writer has ended.
pub(super) struct Ending {
    /// The threads that read.
    pub(super) readers: ReaderThreads,
    /// The log and its index.
    pub(super) storage: Storage,
    /// Who is told that it is over.
    pub(super) published: Arc<Published>,
    /// Whether the storage has failed.
    pub(super) health: Arc<Health>,
    /// How closing went.
    pub(super) outcome: Arc<OnceLock<Result<()>>>,
}

impl Ending {
    /// Takes each step by itself within reach of the watchdog, since each can meet storage that does not return.
    pub(super) fn run(self, flight: &Flight) {
        flight.run(Vec::new(), || self.readers.stop());
        flight.run(Vec::new(), || self.storage.index.close());
        let (closed, _) = flight.run(Vec::new(), || guarded("close", || self.storage.log.close()));
        // The last handle to the log, which releases what it holds. Guarded, because whoever waits
        // for the end waits for what follows: a storage engine can panic where its last sync fails.
        let storage = self.storage;
        let release = move || {
            drop(storage);
            Ok(())
        };
        let (released, _) = flight.run(Vec::new(), || guarded("close", release));
        let _ = self.outcome.set(self.health.check().and(closed).and(released));
        self.published.end();
    }
}
