//! [`Writer`]: the thread that makes groups durable, publishes them and answers their callers.
//!
//! Keeps the order that everything rests on: first append, then sync, then publish, then answer; and
//! after the first failure none of them. While it syncs one group, callers seal the next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use toka_vault_core::{Error, Head, Result};
use tokio::sync::OwnedSemaphorePermit;

use crate::chain::extend;
use crate::flight::Flight;
use crate::group::{Caller, GroupBounds, Pending, PendingCommit, Taken};
use crate::guard::guarded;
use crate::health::Health;
use crate::index::Index;
use crate::log::{Group, Log, LogEnd};
use crate::options::Durability;
use crate::published::Published;

/// Writes groups to the log.
pub(crate) struct Writer {
    /// Where the groups go.
    pub(crate) log: Arc<dyn Log>,
    /// Where their ids are already.
    pub(crate) index: Arc<Index>,
    /// Where they come from.
    pub(crate) pending: Arc<Pending>,
    /// How large they become.
    pub(crate) bounds: GroupBounds,
    /// Who is told of them.
    pub(crate) published: Arc<Published>,
    /// Who is told of a failure.
    pub(crate) health: Arc<Health>,
    /// What is being stored.
    pub(crate) flight: Arc<Flight>,
    /// When a commit counts as stored.
    pub(crate) durability: Durability,
    /// Where the log ends with all that was written.
    pub(crate) head: Head,
    /// What was appended and not synced yet, and since when.
    pub(crate) unsynced: Option<(LogEnd, Instant)>,
}

impl Writer {
    /// Writes groups until there will be no more, and makes the last of them durable.
    pub(crate) fn run(mut self) {
        loop {
            match self.pending.take(self.bounds, self.patience()) {
                Taken::Commits(commits) => self.write(commits),
                Taken::Nothing => {}
                Taken::Finished => break,
            }
            if self.patience().is_some_and(|patience| patience.is_zero()) {
                self.sync_late();
            }
        }
        self.sync_late();
    }

    /// Returns how long unsynced groups may still wait.
    fn patience(&self) -> Option<Duration> {
        let (_, since) = self.unsynced?;
        match self.durability {
            Durability::Group => Some(Duration::ZERO),
            Durability::Interval(interval) => Some(interval.saturating_sub(since.elapsed())),
        }
    }

    /// Writes commits as one group and answers their callers.
    fn write(&mut self, commits: Vec<PendingCommit>) {
        let mut callers: Vec<Caller> = Vec::with_capacity(commits.len());
        let mut events = Vec::with_capacity(commits.iter().map(|commit| commit.events.len()).sum());
        let mut end = None;
        for commit in commits {
            events.extend(commit.events);
            callers.push(commit.caller);
            end = Some(commit.end);
        }
        let flight = self.flight.clone();
        let (outcome, callers) = flight.run(callers, || match (self.health.check(), end) {
            (Err(poisoned), _) => Err(poisoned),
            (Ok(()), Some(end)) if !events.is_empty() => {
                self.head = extend(self.head, &events);
                let end = end.with_chain(self.head.chain);
                self.store(Group { events, end }).map_err(|source| Error::OutcomeUnknown { source })
            }
            // What the commits repeat was written before them.
            (Ok(()), _) => Ok(()),
        });
        let mut rooms: Option<OwnedSemaphorePermit> = None;
        for caller in callers {
            let room = caller.answer(outcome.clone());
            // Given back together: each release takes the lock of the semaphore.
            match &mut rooms {
                Some(rooms) => rooms.merge(room),
                None => rooms = Some(room),
            }
        }
    }

    /// Appends a group, makes it as durable as promised, and publishes it.
    fn store(&mut self, mut group: Group) -> Result<(), Arc<Error>> {
        self.wait_for_index()?;
        let end = group.end;
        let poison = |error| self.health.poison(error);
        guarded("append", || self.log.append(&mut group)).map_err(poison)?;
        match self.durability {
            Durability::Group => {
                guarded("sync", || self.log.sync(end.head)).map_err(poison)?;
                self.index.durable(end.position());
            }
            Durability::Interval(_) => {
                let since = self.unsynced.map_or_else(Instant::now, |(_, since)| since);
                self.unsynced = Some((end, since));
            }
        }
        // Where the watchdog has given up, the callers were told that the outcome is unknown.
        self.health.failure().map_or(Ok(()), Err)?;
        self.published.publish(group.events, end.position(), Some(end.chain()));
        Ok(())
    }

    /// Waits until the index is not too far behind.
    fn wait_for_index(&mut self) -> Result<(), Arc<Error>> {
        if !self.index.ids.has_room() {
            // It takes in only what is durable, so it could wait for us.
            self.sync_unsynced();
        }
        self.index.ids.wait_for_room().map_err(|error| self.health.poison(error))
    }

    /// Syncs what was acknowledged before it was durable.
    fn sync_late(&mut self) {
        if self.unsynced.is_some() {
            let flight = self.flight.clone();
            flight.run(Vec::new(), || self.sync_unsynced());
        }
    }

    /// Syncs what is not synced, unless the storage has failed.
    fn sync_unsynced(&mut self) {
        let Some((end, _)) = self.unsynced.take() else { return };
        if self.health.check().is_err() {
            return;
        }
        if let Err(error) = guarded("sync", || self.log.sync(end.head)) {
            tracing::error!(%error, position = %end.position(), "a vault could not sync what it had acknowledged");
            self.health.poison(error);
            return;
        }
        self.index.durable(end.position());
    }
}
