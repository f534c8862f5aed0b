//! [`Vault`]: one type over all back-ends.
//!
//! Keeps the invariant that it only dispatches: what a vault does, its back-end decides.

mod conversions;
mod graph;
mod store;

use std::future::Future;
use std::sync::Arc;

use futures::future::Either;
use toka_vault_core::{
    Condition, Copied, Digest, Event, EventHeader, EventId, EventPayload, EventStore, EventStoreExt, Head,
    NewEvent, Payload, Replay, ReplayOptions, Result, StartFrom, SubscribeOptions, Subscription,
};
use toka_vault_engine::LocalVault;
#[cfg(feature = "persist-journal")]
use toka_vault_journal::JournalVault;
use toka_vault_memory::InMemoryVault;
#[cfg(feature = "persist-sled")]
use toka_vault_sled::SledVault;

#[cfg(doc)]
use crate::Error;
use crate::url;

/// Is an open vault of any back-end. Clones are handles to the same vault.
///
/// All methods are inherent; no trait has to be imported to use them. To swap the back-end, change
/// the constructor and nothing else.
///
/// For all methods:
///
/// - **Tasks.** Futures are `Send` and borrow the handle, so that a task of its own takes a clone. A [`Replay`] and
///   a [`Subscription`] borrow nothing. No async runtime is needed.
/// - **Blocking.** Only opening a vault and dropping its last handle block the thread.
/// - **Cancel safety.** A commit whose future is dropped is stored whole or not at all; of a copy, the first events
///   are; a close goes on. Every other future can be dropped without a trace: an event that a dropped `recv` or
///   `try_next` waited for comes with the next call.
/// - **Panics.** None, also where a library for storage panics: that is an error, as any failure of storage.
/// - **Errors** of storage that every commit can meet: [`Error::Closed`], [`Error::NoRoom`],
///   [`Error::OutcomeUnknown`], [`Error::Poisoned`] and [`Error::ReadOnly`]. Every read of an event can meet
///   [`Error::Corrupt`], and one of a closed vault on disk [`Error::Closed`].
///
/// # Examples
///
/// ```
/// use toka_vault::{InMemoryVault, Vault};
///
/// # async fn example() -> Result<(), toka_vault::Error> {
/// let vault = Vault::Memory(InMemoryVault::new(1024)?);
/// let start = vault.commit_json("system.start", serde_json::json!({ "pid": 1234 }), &[]).await?;
/// vault.commit_json("system.ready", "all up", &[start.id]).await?;
/// # Ok(())
/// # }
/// # futures::executor::block_on(example()).unwrap();
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Vault {
    /// In memory.
    Memory(InMemoryVault),
    /// Durable, on a journal of segments.
    #[cfg(feature = "persist-journal")]
    Journal(JournalVault),
    /// Durable, on sled.
    #[cfg(feature = "persist-sled")]
    Sled(SledVault),
    /// Any other implementation of [`EventStore`].
    Custom(Arc<dyn EventStore>),
}

impl Vault {
    /// Opens the vault that a URL names. Blocks while it opens.
    ///
    /// | URL | back-end |
    /// |---|---|
    /// | `memory:` | [`InMemoryVault::unbounded`] |
    /// | `memory:1024` | [`InMemoryVault::new`] with that capacity |
    /// | `journal:PATH` | `JournalVault::open`, with the feature `persist-journal` |
    /// | `journal-read-only:PATH` | `JournalVault::open_read_only`, with the same feature |
    /// | `sled:PATH` | `SledVault::open`, with the feature `persist-sled` |
    ///
    /// `PATH` is all that follows the colon, as it stands: a relative one starts at the working directory of
    /// now, and neither `%20` nor `?` has a meaning. A vault that is not there is created, but not by
    /// `journal-read-only:`. Options have no place in a URL: open the vault by the constructor that takes them,
    /// and make it a `Vault` by `into()`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidUrl`] where no back-end of this build is named, or where a path begins with `~`, which
    /// only a shell expands, or with `//` and a name, which would be at the root; [`Error::ZeroCapacity`]; and
    /// the errors of the constructor, of which [`Error::Locked`] and [`Error::NoVault`] are common.
    ///
    /// # Examples
    ///
    /// ```
    /// use toka_vault::{Error, Vault};
    ///
    /// let vault = Vault::open("memory:1024")?;
    /// assert!(matches!(vault, Vault::Memory(_)));
    /// assert!(matches!(Vault::open("events.db"), Err(Error::InvalidUrl { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn open(url: &str) -> Result<Self> {
        url::open(url)
    }

    /// Commits one event and returns its header. See [`EventStore::commit_batch`] for its errors.
    ///
    /// On disk it waits for one sync, which all commits share that wait at the same time. So commits that do not
    /// depend on each other are fastest beside each other, or in one [`Vault::commit_batch`].
    pub fn commit(&self, event: NewEvent) -> impl Future<Output = Result<EventHeader>> + Send + '_ {
        // No future around these, which would move the event and its header once more.
        match self.backend() {
            Either::Left(local) => Either::Left(local.commit(event)),
            Either::Right(store) => Either::Right(EventStoreExt::commit(store, event)),
        }
    }

    /// Encodes a payload, by value or by reference, and commits it as an event.
    ///
    /// # Errors
    ///
    /// Those of [`NewEvent::new`] for the kind and the payload, and of [`EventStore::commit_batch`], all told by
    /// the future.
    pub fn commit_json<P: EventPayload>(
        &self,
        kind: &str,
        payload: P,
        parents: &[EventId],
    ) -> impl Future<Output = Result<EventHeader>> + Send + use<'_, P> {
        // Encoded here rather than in the future, so that a payload need not be `Send`.
        let event = NewEvent::new(kind, payload).map(|event| event.with_parents(parents));
        async { self.commit(event?).await }
    }

    /// Commits events atomically, in their order: at most 8,192 of them, and 64 MiB of payloads. See
    /// [`EventStore::commit_batch`] for its errors.
    ///
    /// # Examples
    ///
    /// An event of the batch can be a parent of a later one, by an id that its caller brings:
    ///
    /// ```
    /// use toka_vault::{EventId, NewEvent, Vault};
    ///
    /// # async fn example() -> Result<(), toka_vault::Error> {
    /// let vault = Vault::open("memory:")?;
    /// let asked = EventId::generate();
    /// let headers = vault
    ///     .commit_batch(vec![
    ///         NewEvent::new("user.asked", "When do you open?")?.with_id(asked),
    ///         NewEvent::new("agent.said", "At nine.")?.with_parents(&[asked]),
    ///     ])
    ///     .await?;
    /// assert_eq!((headers.len(), vault.head().await?.position.get()), (2, 2));
    /// # Ok(())
    /// # }
    /// # futures::executor::block_on(example()).unwrap();
    /// ```
    pub async fn commit_batch(&self, batch: Vec<NewEvent>) -> Result<Vec<EventHeader>> {
        self.store().commit_batch(batch).await
    }

    /// Commits one event, if all conditions hold. See [`EventStore::commit_batch_if`] for its errors, of which
    /// [`Error::ConditionFailed`] says where the event stands that is in the way.
    ///
    /// A condition costs what finding such an event costs: a look into an index for kinds without wildcards, or
    /// little at all where its position is among the newest events.
    ///
    /// # Examples
    ///
    /// ```
    /// use toka_vault::{Condition, Error, Filter, InMemoryVault, NewEvent, Position, Vault};
    ///
    /// # async fn example() -> Result<(), Error> {
    /// let vault = Vault::Memory(InMemoryVault::unbounded());
    /// let taken = || NewEvent::new("seat.1.taken", "by me");
    /// let free = [Condition::none_after(Position::ZERO, Filter::kind("seat.1.taken")?)];
    /// vault.commit_if(taken()?, &free).await?;
    /// assert!(matches!(vault.commit_if(taken()?, &free).await, Err(Error::ConditionFailed { .. })));
    /// # Ok(())
    /// # }
    /// # futures::executor::block_on(example()).unwrap();
    /// ```
    pub async fn commit_if(&self, event: NewEvent, conditions: &[Condition]) -> Result<EventHeader> {
        EventStoreExt::commit_if(self.store(), event, conditions).await
    }

    /// Commits events atomically, if all conditions hold. See [`EventStore::commit_batch_if`].
    pub async fn commit_batch_if(
        &self,
        batch: Vec<NewEvent>,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        self.store().commit_batch_if(batch, conditions).await
    }

    /// Follows the vault live: the events committed after this call, also those before the first `recv`.
    ///
    /// For history first, use [`Vault::subscribe_from`].
    pub fn subscribe(&self) -> Subscription {
        self.store().subscribe_with(StartFrom::Head.into())
    }

    /// Follows the vault from a start point, or with a filter: first history, then live, without gap or
    /// duplicate. See [`EventStore::subscribe_with`].
    ///
    /// # Examples
    ///
    /// A consumer that notes how far it is goes on there, after a restart too:
    ///
    /// ```
    /// use toka_vault::{Filter, Position, StartFrom, SubscribeOptions, Vault};
    ///
    /// # async fn example() -> Result<(), toka_vault::Error> {
    /// let vault = Vault::open("memory:")?;
    /// for (kind, order) in [("order.placed", 1), ("order.paid", 1), ("order.placed", 2)] {
    ///     vault.commit_json(kind, order, &[]).await?;
    /// }
    ///
    /// // Kept with what was done, such as in the same transaction of a database.
    /// let mut done = Position::new(1);
    /// let placed = SubscribeOptions::new(StartFrom::After(done)).with_filter(Filter::kind("order.placed")?);
    /// let mut orders = vault.subscribe_from(placed);
    /// if let Some(event) = orders.recv().await? {
    ///     assert_eq!(event.payload.decode::<u32>()?, 2);
    ///     done = event.position();
    /// }
    /// # assert_eq!(done, Position::new(3));
    /// # Ok(())
    /// # }
    /// # futures::executor::block_on(example()).unwrap();
    /// ```
    pub fn subscribe_from(&self, options: impl Into<SubscribeOptions>) -> Subscription {
        self.store().subscribe_with(options.into())
    }

    /// Reads history up to the head at this call, as far as the options say. See [`EventStore::replay`].
    ///
    /// What keeps it from being read, such as an id that the vault does not have, the replay tells when it is
    /// asked for events; see [`Replay`].
    ///
    /// # Examples
    ///
    /// The state that events come to, as it was up to a position:
    ///
    /// ```
    /// use futures::TryStreamExt;
    /// use toka_vault::{Position, ReplayOptions, Vault};
    ///
    /// # async fn example() -> Result<(), toka_vault::Error> {
    /// let vault = Vault::open("memory:")?;
    /// for amount in [5_i64, -2, 7] {
    ///     vault.commit_json("account.changed", amount, &[]).await?;
    /// }
    /// let then = vault.replay(ReplayOptions::new().with_end(Position::new(2)));
    /// let add = |sum, event: toka_vault::Event| async move { Ok(sum + event.payload.decode::<i64>()?) };
    /// assert_eq!(then.try_fold(0, add).await?, 3);
    /// # Ok(())
    /// # }
    /// # futures::executor::block_on(example()).unwrap();
    /// ```
    pub fn replay(&self, options: ReplayOptions) -> Replay {
        self.store().replay(options)
    }

    /// Returns the event with this id, or `None`. See [`EventStore::get`]. On disk it takes a page or two of the
    /// index, and the event.
    pub async fn get(&self, id: EventId) -> Result<Option<Event>> {
        self.store().get(id).await
    }

    /// Returns the header of the event with this id, or `None`. See [`EventStore::header`].
    pub async fn header(&self, id: EventId) -> Result<Option<EventHeader>> {
        self.store().header(id).await
    }

    /// Returns the events with these ids in their order, each `None` where the vault does not have it.
    /// See [`EventStore::get_many`].
    pub async fn get_many(&self, ids: &[EventId]) -> Result<Vec<Option<Event>>> {
        self.store().get_many(ids).await
    }

    /// Returns the payload of this digest, or `None` where no event carries it. See [`EventStore::payload`].
    /// Without an index of payloads, which `Indexing::Ids` leaves out, it reads the history.
    pub async fn payload(&self, digest: Digest) -> Result<Option<Payload>> {
        self.store().payload(digest).await
    }

    /// Returns how many bytes of payloads are not stored again, because an earlier event has the same
    /// payload. See [`EventStore::shared_bytes`]. On disk it reads the history for it.
    pub async fn shared_bytes(&self) -> Result<u64> {
        self.store().shared_bytes().await
    }

    /// Copies events to another vault, of whichever back-end, as the same events; repeating it copies
    /// only what is new. See [`EventStoreExt::copy_to`].
    ///
    /// # Examples
    ///
    /// ```
    /// use toka_vault::{StartFrom, Vault};
    ///
    /// # async fn example() -> Result<(), toka_vault::Error> {
    /// let (vault, backup) = (Vault::open("memory:")?, Vault::open("memory:")?);
    /// let asked = vault.commit_json("user.asked", "When do you open?", &[]).await?;
    /// assert_eq!(vault.copy_to(&backup, StartFrom::Beginning).await?.new, 1);
    ///
    /// vault.commit_json("agent.said", "At nine.", &[asked.id]).await?;
    /// let copied = vault.copy_to(&backup, StartFrom::Beginning).await?;
    /// assert_eq!((copied.new, copied.known), (1, 1));
    /// // The head seals every event and their order.
    /// assert_eq!(backup.head().await?, vault.head().await?);
    /// # Ok(())
    /// # }
    /// # futures::executor::block_on(example()).unwrap();
    /// ```
    pub async fn copy_to<T: EventStore + ?Sized>(&self, target: &T, start: StartFrom) -> Result<Copied> {
        self.store().copy_to(target, start).await
    }

    /// Returns where the history ends now. See [`EventStore::head`]. Two vaults with the same head have the same
    /// events in the same order.
    pub async fn head(&self) -> Result<Head> {
        self.store().head().await
    }

    /// Finishes what was accepted, makes it durable, ends subscriptions and closes the vault, for all of its
    /// handles. See [`EventStore::close`].
    ///
    /// Dropping the last handle of a durable vault does the same, but blocks the thread and tells no failure.
    ///
    /// # Examples
    ///
    /// ```
    /// use toka_vault::{Error, Vault};
    ///
    /// # async fn example() -> Result<(), Error> {
    /// let vault = Vault::open("memory:")?;
    /// let mut events = vault.subscribe();
    /// vault.commit_json("system.stop", "bye", &[]).await?;
    /// vault.close().await?;
    ///
    /// assert!(matches!(vault.commit_json("system.start", "up", &[]).await, Err(Error::Closed)));
    /// // Who follows gets what was committed before, then the end.
    /// assert!(events.recv().await?.is_some());
    /// assert!(events.recv().await?.is_none());
    /// # Ok(())
    /// # }
    /// # futures::executor::block_on(example()).unwrap();
    /// ```
    pub async fn close(&self) -> Result<()> {
        self.store().close().await
    }

    /// Returns the back-end.
    fn store(&self) -> &dyn EventStore {
        match self.backend() {
            Either::Left(local) => local,
            Either::Right(store) => store,
        }
    }

    /// Returns the engine of a local back-end, else the store of a caller.
    fn backend(&self) -> Either<&LocalVault, &dyn EventStore> {
        match self {
            Self::Memory(vault) => Either::Left(vault),
            #[cfg(feature = "persist-journal")]
            Self::Journal(vault) => Either::Left(vault),
            #[cfg(feature = "persist-sled")]
            Self::Sled(vault) => Either::Left(vault),
            Self::Custom(store) => Either::Right(&**store),
        }
    }
}
