//! [`Inline`]: commits to a log that never blocks, where the caller is.
//!
//! Keeps the same order as a group commit (seal, append, publish, answer), all under one short lock; what a
//! condition needs searched is searched before, without it.
//!
//! Invariant 24 of `docs/architecture.md`, which names the tests that show it.

use std::sync::Arc;

use toka_vault_core::{
    ChainHash, Condition, Error, Event, EventHeader, Head, NewEvent, Position, Result, let_others_run,
};

use crate::chain::LazyChain;
use crate::clock::Clock;
use crate::log::{Group, LogEnd};
use crate::lookup::{Known, Search, Storage, Unread};
use crate::options::EngineOptions;
use crate::published::Published;
use crate::query::Query;
use crate::sequencer::{Access, OrderEnd, Refusal, Sealed, Sequencer, Unsealed};
use crate::sync::{Mutex, lock, lock_briefly};

/// Events that a search looks at before others on its thread get their turn.
const SEARCHED_AT_ONCE: u64 = 8_192;

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
    ///
    /// # Cancel safety
    ///
    /// It pauses only before the batch is sealed, while it searches.
    pub(crate) async fn commit(
        &self,
        batch: &mut [NewEvent],
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        match self.commit_if_known(batch, conditions, &Known::default()) {
            Ok(headers) => Ok(headers),
            // Boxed, since few commits search: the future of each would have room for it.
            Err(refusal) => Box::pin(self.search_and_commit(batch, conditions, refusal.unread()?)).await,
        }
    }

    /// Commits a batch as soon as all that it was held back for is searched. Headers it has read for itself.
    async fn search_and_commit(
        &self,
        batch: &mut [NewEvent],
        conditions: &[Condition],
        mut unread: Unread,
    ) -> Result<Vec<EventHeader>> {
        let mut known = Known::default();
        loop {
            for Search { number, query, after } in unread.searches {
                let head = self.published.position();
                known.add_searched(number, self.search(&query, after, head).await?, head);
            }
            match self.commit_if_known(batch, conditions, &known) {
                Ok(headers) => return Ok(headers),
                Err(refusal) => unread = refusal.unread()?,
            }
        }
    }

    /// Commits a batch, unless something has to be searched first that is not known.
    fn commit_if_known(
        &self,
        batch: &mut [NewEvent],
        conditions: &[Condition],
        known: &Known,
    ) -> Result<Vec<EventHeader>, Refusal> {
        let unsealed = Unsealed::new(batch, conditions, self.clock.as_ref());
        let mut sequencer = lock_briefly(&self.sequencer);
        let sequencer = sequencer.as_mut().ok_or(Error::Closed)?;
        let Sealed { events, headers, end } = sequencer.seal(unsealed, known)?;
        if !events.is_empty() {
            self.store(events, end)?;
        }
        Ok(headers)
    }

    /// Finds the first event that a query wants, in steps, so that others on this thread get their turn: but not
    /// behind the last one, or what they commit would have to be searched too, and so on for ever.
    async fn search(&self, query: &Arc<Query>, after: Position, head: Position) -> Result<Option<Position>> {
        let mut searched = after;
        while searched < head {
            let last = head.min(searched.plus(SEARCHED_AT_ONCE));
            match self.storage.first_match(query, searched.next(), last) {
                Ok(None) => searched = last,
                // From the oldest that there is by now.
                Err(Error::Evicted { .. }) => {}
                found => return found,
            }
            if searched < head {
                let_others_run().await;
            }
        }
        Ok(None)
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
