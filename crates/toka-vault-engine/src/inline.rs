//! [`Inline`]: commits to a log that never blocks, where the caller is.
//!
//! Keeps the same order as a group commit (seal, append, publish, answer), all under one short lock.

use std::sync::Arc;

use toka_vault_core::{ChainHash, Condition, Error, Event, EventHeader, Head, NewEvent, Result};

use crate::chain::LazyChain;
use crate::clock::Clock;
use crate::log::{Group, LogEnd};
use crate::lookup::{Known, Storage};
use crate::options::EngineOptions;
use crate::published::Published;
use crate::sequencer::{Access, OrderEnd, Refusal, Sealed, Sequencer, Unsealed};
use crate::sync::{Mutex, lock, lock_briefly};

/// Commits where the caller is.
pub(crate) struct Inline {
    storage: Storage,
    clock: Arc<dyn Clock>,
    published: Arc<Published>,
    chain: LazyChain,
    /// `None` once the vault is closed.
    sequencer: Mutex<Option<Sequencer>>,
}

impl Inline {
    /// Starts with an empty log.
    pub(crate) fn start(storage: Storage, published: Arc<Published>, options: &EngineOptions) -> Self {
        // The log is in memory, so headers need not be remembered beside it.
        let access = Access::Direct(storage.clone());
        let sequencer = Sequencer::new(access, LogEnd::EMPTY, 0);
        let clock = options.clock.clone();
        Self { storage, clock, published, chain: LazyChain::new(), sequencer: Mutex::new(Some(sequencer)) }
    }

    /// Commits a batch, if its conditions hold.
    pub(crate) fn commit(
        &self,
        batch: &mut [NewEvent],
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        let (unsealed, known) = (Unsealed::new(batch, conditions, self.clock.as_ref()), Known::default());
        let mut sequencer = lock_briefly(&self.sequencer);
        let sequencer = sequencer.as_mut().ok_or(Error::Closed)?;
        let Sealed { events, headers, end } =
            sequencer.seal(unsealed, &known).map_err(|refusal| match refusal {
                Refusal::Failed(error) | Refusal::Condition(error) => error,
                // What reads for itself leaves nothing to be read.
                Refusal::Unread(_) => Error::Closed,
            })?;
        if !events.is_empty() {
            self.store(events, end)?;
        }
        Ok(headers)
    }

    /// Appends and publishes events.
    fn store(&self, events: Vec<Event>, end: OrderEnd) -> Result<()> {
        // An event that is gone cannot be hashed later. First locked, and moved on only when all is
        // published, so that no head is told that readers do not see yet.
        let chain = self.storage.log.evicts().then(|| self.chain.extended(&events));
        let mut group = Group { events, end: end.with_chain(ChainHash::EMPTY), owners: Vec::new() };
        self.storage.log.append(&mut group)?;
        self.storage.index.ids.forget(self.storage.log.oldest(), end.position);
        self.published.publish(group.events, end.position, None);
        if let Some(chain) = chain {
            chain.keep();
        }
        Ok(())
    }

    /// Returns where the history ends.
    pub(crate) async fn head(&self) -> Result<Head> {
        self.chain.head(self.storage.log.as_ref(), self.published.position()).await
    }

    /// Takes no more commits.
    pub(crate) fn close(&self) -> Result<()> {
        if lock(&self.sequencer).take().is_none() {
            return Ok(());
        }
        self.published.end();
        self.storage.log.close()
    }
}

impl Drop for Inline {
    /// Ends the subscriptions that outlive the vault.
    fn drop(&mut self) {
        // A log in memory has nothing to fail with.
        let _ = self.close();
    }
}
