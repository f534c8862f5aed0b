//! [`Vault`]: one type over all back-ends.
//!
//! Keeps the invariant that it only dispatches: what a vault does, its back-end decides.

mod store;

use std::future::Future;
use std::sync::Arc;

use futures::future::Either;
use toka_vault_core::{
    Condition, Copied, Digest, Event, EventHeader, EventId, EventPayload, EventStore, EventStoreExt, Head,
    NewEvent, Payload, Replay, ReplayOptions, Result, StartFrom, SubscribeOptions, Subscription, Walk,
    WalkOptions,
};
use toka_vault_engine::LocalVault;
#[cfg(feature = "persist-journal")]
use toka_vault_journal::JournalVault;
use toka_vault_memory::InMemoryVault;
#[cfg(feature = "persist-sled")]
use toka_vault_sled::SledVault;

use crate::url;

/// Is an open vault of any back-end. Clones are handles to the same vault.
///
/// All methods are inherent; no trait has to be imported to use them. To swap the back-end, change
/// the constructor and nothing else.
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
    /// `journal-read-only:`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidUrl`](crate::Error::InvalidUrl) where no back-end of this build is named, or where a
    /// path begins with `~`, which only a shell expands, or with `//` and a name, which would be at the root;
    /// [`Error::ZeroCapacity`](crate::Error::ZeroCapacity); and the errors of the constructor, of which
    /// [`Error::Locked`](crate::Error::Locked) and [`Error::NoVault`](crate::Error::NoVault) are common.
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

    /// Commits one event and returns its header. See [`EventStore::commit_batch`].
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
    /// Those of [`NewEvent::new`] for the kind and the payload, and of
    /// [`EventStore::commit_batch`].
    ///
    /// # Cancel safety
    ///
    /// Where the future is dropped, the event is committed or it is not.
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

    /// Commits events atomically, in their order. See [`EventStore::commit_batch`].
    pub async fn commit_batch(&self, batch: Vec<NewEvent>) -> Result<Vec<EventHeader>> {
        self.store().commit_batch(batch).await
    }

    /// Commits one event, if all conditions hold. See [`EventStore::commit_batch_if`].
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

    /// Follows the vault live: the events committed after this call.
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
    pub fn replay(&self, options: ReplayOptions) -> Replay {
        self.store().replay(options)
    }

    /// Returns the event with this id, or `None`. See [`EventStore::get`].
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

    /// Returns the payload of this digest, or `None` where no event carries it. See
    /// [`EventStore::payload`].
    pub async fn payload(&self, digest: Digest) -> Result<Option<Payload>> {
        self.store().payload(digest).await
    }

    /// Returns how many bytes of payloads are not stored again, because an earlier event has the same
    /// payload. See [`EventStore::shared_bytes`].
    pub async fn shared_bytes(&self) -> Result<u64> {
        self.store().shared_bytes().await
    }

    /// Reads the children of an event, oldest first. See [`EventStore::children`].
    pub fn children(&self, id: EventId) -> Replay {
        self.store().children(id)
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

    /// Walks what led to an event: its parents, their parents, and so on. See
    /// [`EventStoreExt::ancestors`].
    ///
    /// A walk borrows the vault, which a [`Replay`] does not: a task of its own takes a clone of the handle and
    /// begins the walk itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use toka_vault::{Vault, WalkOptions};
    ///
    /// # async fn example() -> Result<(), toka_vault::Error> {
    /// let vault = Vault::open("memory:")?;
    /// let asked = vault.commit_json("user.asked", "When do you open?", &[]).await?;
    /// let looked_up = vault.commit_json("agent.tool.invoked", "hours", &[asked.id]).await?;
    /// let said = vault.commit_json("agent.said", "At nine.", &[looked_up.id]).await?;
    ///
    /// let mut causes = vault.ancestors(said.id, WalkOptions::new());
    /// assert_eq!(causes.try_next().await?.map(|event| event.header), Some(asked));
    /// assert_eq!(causes.try_next().await?.map(|event| event.header), Some(looked_up));
    /// assert!(causes.try_next().await?.is_none());
    /// # Ok(())
    /// # }
    /// # futures::executor::block_on(example()).unwrap();
    /// ```
    pub fn ancestors(&self, id: EventId, options: WalkOptions) -> Walk<'_> {
        self.store().ancestors(id, options)
    }

    /// Walks what an event led to: its children, their children, and so on. See
    /// [`EventStoreExt::descendants`].
    pub fn descendants(&self, id: EventId, options: WalkOptions) -> Walk<'_> {
        self.store().descendants(id, options)
    }

    /// Tells whether `earlier` is among the ancestors of `later`. See
    /// [`EventStoreExt::is_ancestor`].
    pub async fn is_ancestor(&self, earlier: EventId, later: EventId) -> Result<bool> {
        self.store().is_ancestor(earlier, later).await
    }

    /// Finds the nearest events that led to both. See [`EventStoreExt::common_ancestors`].
    pub async fn common_ancestors(&self, one: EventId, other: EventId) -> Result<Vec<Event>> {
        self.store().common_ancestors(one, other).await
    }

    /// Walks the events that name no parents, oldest first. See [`EventStoreExt::roots`].
    pub fn roots(&self) -> Walk<'_> {
        self.store().roots()
    }

    /// Walks the events that nothing follows yet, newest first. See [`EventStoreExt::leaves`].
    pub fn leaves(&self) -> Walk<'_> {
        self.store().leaves()
    }

    /// Returns where the history ends now. See [`EventStore::head`].
    pub async fn head(&self) -> Result<Head> {
        self.store().head().await
    }

    /// Finishes what was accepted, makes it durable, ends subscriptions and closes the vault, for all of its
    /// handles. See [`EventStore::close`].
    ///
    /// Dropping the last handle of a durable vault does the same, but blocks the thread and tells no failure.
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

impl From<Arc<dyn EventStore>> for Vault {
    fn from(store: Arc<dyn EventStore>) -> Self {
        Self::Custom(store)
    }
}

impl From<InMemoryVault> for Vault {
    fn from(vault: InMemoryVault) -> Self {
        Self::Memory(vault)
    }
}

#[cfg(feature = "persist-journal")]
impl From<JournalVault> for Vault {
    fn from(vault: JournalVault) -> Self {
        Self::Journal(vault)
    }
}

#[cfg(feature = "persist-sled")]
impl From<SledVault> for Vault {
    fn from(vault: SledVault) -> Self {
        Self::Sled(vault)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory(vault) => f.debug_tuple("Memory").field(vault).finish(),
            #[cfg(feature = "persist-journal")]
            Self::Journal(vault) => f.debug_tuple("Journal").field(vault).finish(),
            #[cfg(feature = "persist-sled")]
            Self::Sled(vault) => f.debug_tuple("Sled").field(vault).finish(),
            Self::Custom(_) => f.debug_tuple("Custom").finish_non_exhaustive(),
        }
    }
}
