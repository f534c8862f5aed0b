//! [`Writer`]: the thread that makes groups durable, publishes them and answers their callers.
//!
//! Keeps the order that everything rests on: first append, then sync, then publish, then answer; and
//! after the first failure none of them. While it syncs one group, callers seal the next.
//!
//! What a power cut finds, by where it comes:
//!
//! | between | the group | its callers and readers |
//! |---|---|---|
//! | seal and append | is not there | know nothing of it |
//! | append and sync | is there whole or not at all | know nothing of it, but where an interval lets them |
//! | sync and publish | is there | commit it again under its id, and find it |
//! | publish and answer | is there | have seen it perhaps, and see it again |
//!
//! So none of the steps can change places: published before the sync, an event could be taken back from whoever
//! has seen it.
//!
//! A group that the log refuses, for want of room or whatever else, is no failure, nor is one that the index
//! cannot take: the log is as it was. What was sealed from this group on is undone and refused, and sealing goes
//! on behind what is stored.
//!
//! Invariants 3, 7 and 7a of `docs/architecture.md`, which names the tests that show them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use toka_vault_core::{Error, Event, Result};
use tokio::sync::OwnedSemaphorePermit;

use crate::chain::extend;
use crate::flight::Flight;
use crate::group::{Caller, GroupBounds, Pending, SealedGroup, Taken};
use crate::guard::guarded;
use crate::health::Health;
use crate::index::Index;
use crate::log::{Group, Log, LogEnd, Unappended};
use crate::options::Durability;
use crate::published::Published;
use crate::sequencer::{Order, OrderEnd};
use crate::sharing::Sharing;
use crate::sync::lock;
use crate::told::told;

/// Writes groups to the log.
pub(crate) struct Writer {
    /// Where the groups go.
    pub(crate) log: Arc<dyn Log>,
    /// Where their ids are already.
    pub(crate) index: Arc<Index>,
    /// Which of their payloads are in the log already.
    pub(crate) sharing: Sharing,
    /// Where they are sealed.
    pub(crate) order: Arc<Order>,
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
    pub(crate) stored: LogEnd,
    /// What was appended and not synced yet, and since when.
    pub(crate) unsynced: Option<(LogEnd, Instant)>,
}

/// Says why a group is not stored.
enum Unstored {
    /// The log is as it was, and takes the next group.
    Refused(Error),
    /// The vault has failed.
    Failed(Error),
}

impl From<Unstored> for Error {
    fn from(unstored: Unstored) -> Self {
        match unstored {
            Unstored::Refused(error) | Unstored::Failed(error) => error,
        }
    }
}

impl Writer {
    /// Writes groups until there will be no more, and makes the last of them durable.
    pub(crate) fn run(mut self) {
        loop {
            match self.pending.take(self.bounds, self.patience()) {
                Taken::Group(group) => self.write(group),
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

    /// Writes a group and answers its callers.
    fn write(&mut self, group: SealedGroup) {
        let SealedGroup { events, end, callers } = group;
        let flight = self.flight.clone();
        let (outcome, callers) = flight.run(callers, || match self.health.check() {
            Ok(()) if !events.is_empty() => self.store(events, end),
            // What the commits repeat was written before them.
            checked => checked.map_err(Unstored::Failed),
        });
        if let Err(Unstored::Refused(refusal)) = &outcome {
            // First the order, so that nobody who is answered finds what is undone.
            self.take_back(refusal);
        }
        self.answer(callers, outcome);
    }

    /// Answers callers with what has become of their group.
    fn answer(&self, callers: Vec<Caller>, outcome: Result<(), Unstored>) {
        let stored = self.stored.position();
        let was_refused = matches!(outcome, Err(Unstored::Refused(_)));
        let outcome = outcome.map_err(Error::from);
        let mut rooms: Option<OwnedSemaphorePermit> = None;
        for caller in callers {
            // What was stored before is not undone.
            let is_stored = was_refused && caller.repeats(stored);
            let room = caller.answer(if is_stored { Ok(()) } else { outcome.clone() });
            // Given back together: each release takes the lock of the semaphore.
            match &mut rooms {
                Some(rooms) => rooms.merge(room),
                None => rooms = Some(room),
            }
        }
    }

    /// Appends a group, makes it as durable as promised, and publishes it.
    fn store(&mut self, events: Vec<Event>, end: OrderEnd) -> Result<(), Unstored> {
        let unknown = |source| Unstored::Failed(Error::OutcomeUnknown { source });
        let end = end.with_chain(extend(self.stored.head, &events).chain);
        let owners = self.sharing.owners(self.log.as_ref(), &events);
        let mut group = Group { events, end, owners };
        self.wait_for_index()?;
        match guarded("append", || Ok(self.log.append(&mut group))) {
            Ok(Ok(())) => self.stored = end,
            Ok(Err(Unappended::Refused(refusal))) => return Err(Unstored::Refused(refusal)),
            Ok(Err(Unappended::Failed(error))) | Err(error) => {
                return Err(unknown(self.health.poison(error)));
            }
        }
        self.sharing.appended(&group.events, &group.owners);
        self.finish(group).map_err(unknown)
    }

    /// Makes a group that was appended as durable as promised, and publishes it.
    fn finish(&mut self, group: Group) -> Result<(), Arc<Error>> {
        let end = group.end;
        match self.durability {
            Durability::Group => {
                guarded("sync", || self.log.sync(end.head)).map_err(|error| self.health.poison(error))?;
            }
            Durability::Interval(_) => {
                let since = self.unsynced.map_or_else(Instant::now, |(_, since)| since);
                self.unsynced = Some((end, since));
            }
        }
        // Where the watchdog has given up, the callers were told that the outcome is unknown.
        self.health.failure().map_or(Ok(()), Err)?;
        // First the index, so that what is published is found by its id.
        self.index.insert(&group.events);
        let spent = self.published.publish(group.events, end.position(), Some(end.chain()));
        self.pending.free_later(spent);
        if self.durability == Durability::Group {
            // Last, so that the index need not read what it finds published.
            self.index.durable(end.position());
        }
        Ok(())
    }

    /// Undoes what was sealed and is not stored, and refuses all that waits.
    fn take_back(&self, refusal: &Error) {
        let mut order = lock(&self.order);
        if let Some(sequencer) = order.as_mut() {
            sequencer.go_back(self.stored);
        }
        // Under the lock, so that what was sealed before it is taken, and nothing that comes behind it.
        let refused = self.pending.take_all();
        drop(order);
        self.answer(refused, Err(Unstored::Refused(refusal.clone())));
    }

    /// Waits until the index is not too far behind. Where it stays so, nothing was written, and the next group
    /// may fare better.
    fn wait_for_index(&mut self) -> Result<(), Unstored> {
        if !self.index.ids.has_room() {
            // It takes in only what is durable, so it could wait for us.
            self.sync_unsynced();
            // Where that failed, it would wait for ever.
            self.health.check().map_err(Unstored::Failed)?;
        }
        let room = guarded("read", || self.index.ids.wait_for_room(self.log.as_ref()));
        room.map_err(Unstored::Refused)
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
            tracing::error!(error = told(&error), position = %end.position(), "a vault could not sync what it had acknowledged");
            self.health.poison(error);
            return;
        }
        self.index.durable(end.position());
    }
}
