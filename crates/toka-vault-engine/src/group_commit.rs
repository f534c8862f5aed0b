//! [`GroupCommit`]: commits to a log that blocks.
//!
//! A caller seals its own commit, under a short lock, and leaves it to the writer's thread, which
//! stores all that have gathered by one append and one sync. So nobody waits for another thread to
//! seal, and what is sealed while a group syncs is the next group.
//!
//! Keeps the invariants that commits are handed to the writer in the order in which they were
//! sealed; and that the threads end in an order in which nothing that was accepted is lost: first
//! the writer after its last sync, then the readers, then the log.
//!
//! Invariants 8, 9 and 24 of `docs/architecture.md`, which names the tests that show them.

mod ending;
mod watchdog;

use std::sync::{Arc, OnceLock};

use toka_vault_core::{Condition, Error, Event, EventHeader, NewEvent, Position, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::clock::Clock;
use crate::flight::{Flight, Watched};
use crate::group::{Caller, GroupBounds, Pending, PendingCommit};
use crate::health::Health;
use crate::index::Index;
use crate::limits::{EVENT_WEIGHT, QUEUE_BYTES_MAX, RECENT_HEADERS_MAX};
use crate::log::LogEnd;
use crate::lookup::{Known, Storage, Unread};
use crate::options::EngineOptions;
use crate::published::Published;
use crate::readers::{ReaderThreads, Source};
use crate::sequencer::{Access, Order, Refusal, Sequencer, Unsealed};
use crate::sharing::Sharing;
use crate::sync::{Mutex, lock, lock_briefly};
use crate::thread::{JoinHandle, is_ours};
use crate::writer::Writer;
use ending::Ending;
use watchdog::Watchdog;

/// Commits through a writer's thread.
pub(crate) struct GroupCommit {
    order: Arc<Order>,
    clock: Arc<dyn Clock>,
    pending: Arc<Pending>,
    health: Arc<Health>,
    source: Source,
    index: Arc<Index>,
    published: Arc<Published>,
    /// What commits may weigh together until they are answered: the back-pressure.
    room: Arc<Semaphore>,
    /// How closing went, once it did.
    outcome: Arc<OnceLock<Result<()>>>,
    flight: Arc<Flight>,
    /// The thread that ends last.
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// Answers a caller, once its commit is stored, or what it is refused for.
struct Answered {
    stored: oneshot::Receiver<Result<Vec<EventHeader>>>,
    /// Why the commit is refused. Boxed, since it is moved with every commit, and few are.
    refused: Option<Box<Error>>,
    /// Events to free, now that no lock is held.
    spent: Vec<Event>,
}

/// Says what holds a commit back.
struct Held {
    /// What has to be looked up first.
    unread: Unread,
    /// The age that the order had come to.
    as_of: Position,
    /// The room that the commit keeps until it comes again.
    room: OwnedSemaphorePermit,
}

impl GroupCommit {
    /// Starts the threads of a vault whose log ends at `end`.
    pub(crate) fn start(
        storage: Storage,
        end: LogEnd,
        published: Arc<Published>,
        options: &EngineOptions,
    ) -> Result<Self> {
        let access = Access::InMemory(storage.index.clone());
        let sequencer = Sequencer::new(access, end, RECENT_HEADERS_MAX);
        let order = Arc::new(Mutex::new(Some(sequencer)));
        let (pending, health, outcome) = (Arc::default(), Arc::default(), Arc::default());
        let index = storage.index.clone();
        let flight = Arc::<Flight>::default();
        let writer = Writer {
            log: storage.log.clone(),
            index: storage.index.clone(),
            sharing: Sharing::new(storage.index.clone()),
            order: order.clone(),
            pending: Arc::clone(&pending),
            bounds: GroupBounds { events: options.group_events_max, bytes: options.group_bytes_max },
            published: published.clone(),
            health: Arc::clone(&health),
            flight: Arc::clone(&flight),
            durability: options.durability,
            stored: end,
            unsynced: None,
        };
        let (readers, source) = ReaderThreads::start(&storage, &published)?;
        let ending = Ending {
            readers,
            storage,
            published: published.clone(),
            health: health.clone(),
            outcome: Arc::clone(&outcome),
        };
        let watchdog = Watchdog {
            flight: flight.clone(),
            order: order.clone(),
            pending: Arc::clone(&pending),
            published: published.clone(),
            health: Arc::clone(&health),
            outcome: Arc::clone(&outcome),
            bound: options.stall_max,
        };
        crate::thread::spawn("toka-watch", move || watchdog.run())?;
        let watched = Watched(flight.clone());
        let writer = crate::thread::spawn("toka-write", move || {
            writer.run();
            ending.run(&watched.0);
        })?;
        Ok(Self {
            order,
            clock: options.clock.clone(),
            pending,
            health,
            source,
            index,
            published,
            room: Arc::new(Semaphore::new(QUEUE_BYTES_MAX)),
            outcome,
            flight,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Returns the way of reads to the reader threads.
    pub(crate) fn source(&self) -> Source {
        self.source.clone()
    }

    /// Commits a batch of so many payload bytes, if its conditions hold.
    ///
    /// # Cancel safety
    ///
    /// Before the batch is sealed, nothing happens; from then on it is stored as a whole.
    pub(crate) async fn commit(
        &self,
        batch: &mut [NewEvent],
        bytes: usize,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        let room = self.room(batch, bytes).await?;
        let answered = match self.hand_over(batch, bytes, conditions, &Known::default(), room)? {
            Ok(answered) => answered,
            // Boxed, since few commits need it: the future of each would have room for it.
            Err(held) => Box::pin(self.look_up_and_hand_over(batch, bytes, conditions, held)).await?,
        };
        answered.outcome().await
    }

    /// Takes no more commits; those that were handed over are still stored.
    pub(crate) fn close(&self) {
        // Under the lock, so that no commit is handed over behind the end.
        let mut sequencer = lock(&self.order);
        *sequencer = None;
        self.pending.finish();
        self.room.close();
    }

    /// Waits until the vault is closed, or its storage was given up, and returns how it went.
    pub(crate) async fn closed(&self, published: &Published) -> Result<()> {
        published.wait_for(|state| state.ended || self.flight.is_given_up()).await;
        self.end_where_given_up();
        self.outcome()
    }

    /// Ends reading in the place of threads that hang in the storage. The vault is closed.
    fn end_where_given_up(&self) {
        if self.flight.is_given_up() {
            self.published.end();
        }
    }

    /// Returns how closing went, once it did.
    fn outcome(&self) -> Result<()> {
        self.outcome.get().cloned().unwrap_or(Ok(()))
    }

    /// Waits until there is room for a commit.
    async fn room(&self, batch: &[NewEvent], bytes: usize) -> Result<OwnedSemaphorePermit> {
        let parents: usize = batch.iter().map(|event| size_of_val(&*event.parents)).sum();
        // A batch is within its own bounds, which are below those of all together, unless it has many parents.
        let weight = (bytes + parents + batch.len() * EVENT_WEIGHT).min(QUEUE_BYTES_MAX);
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        self.room.clone().acquire_many_owned(weight).await.map_err(|_| Error::Closed)
    }

    /// Hands a batch over as soon as all that it was held back for is looked up.
    async fn look_up_and_hand_over(
        &self,
        batch: &mut [NewEvent],
        bytes: usize,
        conditions: &[Condition],
        mut held: Held,
    ) -> Result<Answered> {
        let mut known = Known::default();
        loop {
            known.extend(self.look_up(held.unread, held.as_of).await?);
            match self.hand_over(batch, bytes, conditions, &known, held.room)? {
                Ok(answered) => return Ok(answered),
                Err(again) => held = again,
            }
        }
    }

    /// Looks up what a commit was held back for when the order had come to an age.
    async fn look_up(&self, unread: Unread, as_of: Position) -> Result<Known> {
        let head = self.published.position();
        // Without postings a search leads through the log.
        let is_long = !unread.searches.is_empty() && self.index.postings.covered() == Position::ZERO;
        let look_up = move |storage: &Storage| storage.known(unread, as_of, head);
        match is_long {
            true => self.source.run_long(look_up).await,
            false => self.source.run(look_up).await,
        }
    }

    /// Seals a batch and leaves it to the writer, or tells what holds it back.
    ///
    /// # Errors
    ///
    /// What the commit is refused for. The order is not locked any more when its room is given back.
    fn hand_over(
        &self,
        batch: &mut [NewEvent],
        bytes: usize,
        conditions: &[Condition],
        known: &Known,
        room: OwnedSemaphorePermit,
    ) -> Result<Result<Answered, Held>> {
        let (answer, stored) = oneshot::channel();
        let unsealed = Unsealed::new(batch, conditions, self.clock.as_ref());
        let mut guard = lock_briefly(&self.order);
        let Some(sequencer) = guard.as_mut() else { return Err(Error::Closed) };
        self.health.check()?;
        let (sealed, refused) = match sequencer.seal(unsealed, known) {
            Err(Refusal::Failed(error)) => return Err(error),
            Err(Refusal::Unread(unread)) => return Ok(Err(Held { unread, as_of: sequencer.age(), room })),
            // Told only once what stands against it is durable, and can be read.
            Err(Refusal::Opposed(error)) => (sequencer.nothing(), Some(Box::new(error))),
            Ok(sealed) => (sealed, None),
        };
        let count = sealed.events.len();
        let caller = Caller { headers: sealed.headers, answer, room };
        let commit = PendingCommit { events: sealed.events, bytes, end: sealed.end, caller };
        let added = self.pending.add(commit);
        drop(guard);
        let mut spent = added.map_err(|(error, _room)| error)?;
        // What held the new ones takes as many old ones.
        self.pending.take_spent(count, &mut spent);
        Ok(Ok(Answered { stored, refused, spent }))
    }
}

impl Answered {
    /// Waits for the answer.
    fn outcome(self) -> impl Future<Output = Result<Vec<EventHeader>>> {
        let Self { stored, refused, spent } = self;
        drop(spent);
        async move {
            // It is never dropped unsent: the writer ends after all that was handed over.
            let headers = stored.await.map_err(|_| Error::Closed)??;
            refused.map_or(Ok(headers), |error| Err(*error))
        }
    }
}

impl Drop for GroupCommit {
    /// Ends the threads and waits for them, so that the vault can be opened again at once.
    ///
    /// No commit waits any more, since all handles are gone: this takes as long as one group, and no longer than
    /// the bound where the storage does not return. On a thread of a vault nothing is waited for.
    fn drop(&mut self) {
        self.close();
        let writer = lock(&self.writer).take();
        // Where an answer ends a task that held the last handle, that is dropped by who answers. A writer that
        // hangs in the storage is left behind.
        if let Some(writer) = writer.filter(|_| !is_ours() && self.flight.wait_for_end()) {
            // A panic in it was reported by the thread itself.
            let _ = writer.join();
        }
        self.end_where_given_up();
    }
}
