//! [`EventStore`]: the contract of a back-end, and [`EventStoreExt`]: what follows from it.

use std::future::Future;
use std::ops::Deref;

use async_trait::async_trait;

use crate::{
    Condition, Copied, Digest, Error, Event, EventHeader, EventId, EventPayload, Head, NewEvent, Payload,
    Replay, ReplayOptions, Result, StartFrom, SubscribeOptions, Subscription, Walk, WalkOptions, causality,
    copying, find_payload,
};

/// Records events: what every back-end can do, and all that it must.
///
/// The suite of `toka-vault-testkit` checks each sentence here and below. For all methods:
///
/// - Order of commit, of positions, of replay and of subscription are one and the same.
/// - An event is visible to readers only once it is as durable as the vault's options promise, and
///   all events of one commit become visible together.
/// - A failed call stores nothing, unless its error says otherwise.
/// - No method needs a particular async runtime, and none blocks the thread it is polled on.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Commits events atomically, in their order, and returns their headers in the same order.
    ///
    /// - Each parent is in the vault already, or earlier in the batch.
    /// - An event without an id gets one that is greater than every id that the vault has assigned;
    ///   one without a timestamp gets one that is not before any that the vault has assigned.
    /// - An event whose id is in the vault with the same kind, payload and parents (and timestamp,
    ///   where it brings one) is not stored again: its first header is returned.
    /// - An empty batch does nothing.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyParents`], [`Error::DuplicateParent`], [`Error::SelfParent`],
    /// [`Error::UnknownParent`], [`Error::Conflict`], [`Error::BatchTooLarge`] concern the events;
    /// [`Error::Closed`], [`Error::Poisoned`] and [`Error::OutcomeUnknown`] the vault.
    ///
    /// # Cancel safety
    ///
    /// Where the future is dropped, the batch is committed whole or not at all.
    async fn commit_batch(&self, batch: Vec<NewEvent>) -> Result<Vec<EventHeader>> {
        self.commit_batch_if(batch, &[]).await
    }

    /// Commits events like [`EventStore::commit_batch`], if all `conditions` hold at the moment that
    /// they take their place in the vault's order.
    ///
    /// - Nothing comes between the look and the commit, and conditions that fail disturb no other
    ///   commit.
    /// - Where all events of the batch are in the vault already, it is answered with their headers
    ///   before any condition is looked at. An empty batch does nothing, whatever its conditions.
    /// - Once it is refused, the event that broke the condition can be read.
    ///
    /// # Errors
    ///
    /// [`Error::ConditionFailed`], [`Error::UnknownEvent`] where a condition asks about an event that
    /// is not in the vault, and those of [`EventStore::commit_batch`].
    ///
    /// # Cancel safety
    ///
    /// That of [`EventStore::commit_batch`].
    async fn commit_batch_if(
        &self,
        batch: Vec<NewEvent>,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>>;

    /// Reads history from a start point up to the head at this call.
    ///
    /// - With a filter, only the events that it means, as [`Filter::matches`](crate::Filter::matches)
    ///   decides; a limit counts them. A damaged event that it could mean is an error, as without a filter.
    /// - A replay does not hold back commits, and holds a bounded number of events.
    /// - What keeps it from starting, such as an unknown id, is its first item.
    fn replay(&self, options: ReplayOptions) -> Replay;

    /// Follows the vault from a start point: first history, then live, with no gap and no duplicate.
    ///
    /// - [`StartFrom::Head`] means the head at this call, not at the first `recv`.
    /// - With a filter, only the events that it means.
    /// - A subscription ends when the vault is closed, after the events before that.
    fn subscribe_with(&self, options: SubscribeOptions) -> Subscription;

    /// Returns the event with this id, or `None` where the vault does not have it.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where it is damaged.
    async fn get(&self, id: EventId) -> Result<Option<Event>>;

    /// Reads the children of an event: those that name it as a parent, oldest first, up to the head
    /// at this call.
    ///
    /// - An id that the vault does not have is an [`Error::UnknownEvent`], the first item.
    /// - An event that cannot be read and may be a child is an error in its place; the replay goes
    ///   on behind it.
    ///
    /// The provided method reads all that stands behind the event. A store that has an index of
    /// children should answer from it: [`EventStoreExt::descendants`] asks once for each event it
    /// gives.
    fn children(&self, id: EventId) -> Replay {
        causality::children(self, id)
    }

    /// Returns the payload of this digest, whichever event carries it, or `None` where none does.
    ///
    /// The provided method reads the history. A store that has an index of digests should answer from
    /// it.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where no whole event carries it and a damaged one could.
    async fn payload(&self, digest: Digest) -> Result<Option<Payload>> {
        find_payload(self.replay(ReplayOptions::new()), digest).await
    }

    /// Returns how many bytes of payloads are not stored again, because an earlier event has the same
    /// payload. A store that keeps every payload returns 0, as the provided method does; another one
    /// may read its history for it.
    async fn shared_bytes(&self) -> Result<u64> {
        Ok(0)
    }

    /// Returns where the history ends now.
    async fn head(&self) -> Result<Head>;

    /// Closes the vault: finishes the commits that were accepted, makes everything durable, ends
    /// subscriptions and releases what the vault held. Closing a closed vault does nothing.
    ///
    /// # Errors
    ///
    /// The failure to make everything durable.
    ///
    /// # Cancel safety
    ///
    /// The vault is closed for new commits from the first poll on; where the future is dropped, the
    /// rest happens in the background.
    async fn close(&self) -> Result<()>;
}

/// Adds to every [`EventStore`] what can be said in terms of its methods.
pub trait EventStoreExt: EventStore {
    /// Commits one event and returns its header. See [`EventStore::commit_batch`].
    fn commit(&self, event: NewEvent) -> impl Future<Output = Result<EventHeader>> + Send {
        async { only(self.commit_batch(vec![event]).await?) }
    }

    /// Encodes a payload and commits it as an event. See [`NewEvent::new`] and
    /// [`EventStore::commit_batch`] for the errors.
    fn commit_json<P: EventPayload>(
        &self,
        kind: &str,
        payload: P,
        parents: &[EventId],
    ) -> impl Future<Output = Result<EventHeader>> + Send {
        // Encoded here rather than in the future, so that a payload need not be `Send`.
        let event = NewEvent::new(kind, payload).map(|event| event.with_parents(parents));
        async { self.commit(event?).await }
    }

    /// Commits one event, if all `conditions` hold. See [`EventStore::commit_batch_if`].
    fn commit_if(
        &self,
        event: NewEvent,
        conditions: &[Condition],
    ) -> impl Future<Output = Result<EventHeader>> + Send {
        async move { only(self.commit_batch_if(vec![event], conditions).await?) }
    }

    /// Follows the vault live: the events committed after this call. See
    /// [`EventStore::subscribe_with`].
    fn subscribe(&self) -> Subscription {
        self.subscribe_from(StartFrom::Head)
    }

    /// Follows the vault from a start point, or with a filter: first history, then live, without gap
    /// or duplicate. See [`EventStore::subscribe_with`].
    fn subscribe_from(&self, options: impl Into<SubscribeOptions>) -> Subscription {
        self.subscribe_with(options.into())
    }

    /// Copies events to another store, of whichever back-end: those after `start` up to the head at
    /// this call, in their order, as the same events. See [`StartFrom::Beginning`] for all.
    ///
    /// - An event keeps its id, kind, time, payload, parents and hash; its position is the target's.
    /// - Events go in batches; those of one commit can become visible in two steps, in their order.
    /// - An event that the target has is known by its id and not stored again. So copying can be
    ///   repeated, after a failure or when there is more to copy.
    /// - Where the target holds the beginning of this history and nothing else, as a copy does, the
    ///   chain hash proves it. Then those events are read and not committed again.
    /// - It holds at most 1,024 events, or 1 MiB of payloads and the event that passes it, and what a
    ///   replay reads ahead.
    ///
    /// # Errors
    ///
    /// - What keeps an event from being read, such as [`Error::Corrupt`] or [`Error::Evicted`]. The
    ///   events before it are copied. Where the target has that event, copying can go on behind it, by
    ///   [`StartFrom::After`]; else its children could not be copied.
    /// - Those of [`EventStore::commit_batch`]: [`Error::UnknownParent`] where a parent stands before
    ///   `start`, or was evicted, and the target does not have it; [`Error::Conflict`] where the
    ///   target has another event of the same id. The batches before that one are copied.
    /// - [`Error::HashDiffers`] where the target has answered with another hash, since it had another
    ///   history of the event's parents. The events of that batch are stored.
    ///
    /// # Cancel safety
    ///
    /// Where the future is dropped, some of the events are copied, the first ones, and each batch
    /// whole or not at all. A repeat copies the rest.
    ///
    /// # Examples
    ///
    /// ```
    /// use toka_vault_core::{EventStore, EventStoreExt, Result, StartFrom};
    ///
    /// /// Makes `backup` hold all that `vault` holds. Returns how many events were missing.
    /// async fn back_up(vault: &dyn EventStore, backup: &dyn EventStore) -> Result<u64> {
    ///     let copied = vault.copy_to(backup, StartFrom::Beginning).await?;
    ///     Ok(copied.new)
    /// }
    /// ```
    fn copy_to<T: EventStore + ?Sized>(
        &self,
        target: &T,
        start: StartFrom,
    ) -> impl Future<Output = Result<Copied>> + Send {
        copying::copy(self, target, start)
    }

    /// Walks the ancestors of an event: its parents, their parents, and so on, each once. The event
    /// itself is not among them.
    ///
    /// - In the causal order the whole way is found before the first event is given, at 24 bytes an
    ///   event; a limit bounds it. Nearest first, the walk holds the headers of as many events as
    ///   the graph is wide.
    /// - What a bounded vault has evicted is not part of the graph any more: the walk is over where
    ///   it comes to it, as history begins with the oldest event there is.
    /// - A damaged ancestor is an [`Error::Corrupt`] in its place, and does not count for the limit.
    ///   The walk goes on with what can be reached on other ways.
    /// - An id that the vault does not have is an [`Error::UnknownEvent`], the only item.
    fn ancestors(&self, id: EventId, options: WalkOptions) -> Walk<'_> {
        causality::ancestors(self, id, options)
    }

    /// Walks the descendants of an event: its children, their children, and so on, each once, up to
    /// the head at the first item. The event itself is not among them.
    ///
    /// - The walk holds the ids of what it has met and not yet given, and no more of them than the
    ///   limit for the children of one event.
    /// - A damaged event that is a child, or may be one, is an [`Error::Corrupt`] in its place, and
    ///   does not count for the limit. The walk goes on with what can be reached on other ways.
    /// - An event that a bounded vault evicts while the walk is on its way to it, or to its
    ///   children, is an [`Error::UnknownEvent`].
    /// - An id that the vault does not have is an [`Error::UnknownEvent`], the only item.
    fn descendants(&self, id: EventId, options: WalkOptions) -> Walk<'_> {
        causality::descendants(self, id, options)
    }

    /// Tells whether `earlier` is among the ancestors of `later`. No event is its own ancestor.
    ///
    /// Reads the ancestors of `later` that stand behind `earlier`, and their parents.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvent`] where the vault does not have one of the two, and
    /// [`Error::Corrupt`] where the answer depends on an event that is damaged.
    fn is_ancestor(&self, earlier: EventId, later: EventId) -> impl Future<Output = Result<bool>> + Send {
        causality::is_ancestor(self, earlier, later)
    }

    /// Finds the nearest common ancestors of two events: all events that led to both, but for those
    /// that led to another of them. The newest comes first.
    ///
    /// As in `git merge-base --all`, an event counts as leading to itself here: where one event is
    /// an ancestor of the other, it alone is the answer, and so is an event asked for with itself.
    /// Events without a common past have none. What a bounded vault has evicted does not count.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvent`] where the vault does not have one of the two, and
    /// [`Error::Corrupt`] where the answer depends on an event that is damaged.
    fn common_ancestors(
        &self,
        one: EventId,
        other: EventId,
    ) -> impl Future<Output = Result<Vec<Event>>> + Send {
        causality::common_ancestors(self, one, other)
    }

    /// Walks the events that name no parents, oldest first, up to the head at this call. Reads the
    /// whole history.
    fn roots(&self) -> Walk<'_> {
        causality::roots(self)
    }

    /// Walks the events that nothing follows yet, being no event's parent, newest first, from the
    /// head at this call. Reads the whole history.
    ///
    /// Holds the ids that newer events name and that the walk has not reached yet. An event that
    /// only a damaged event names is given: nobody can tell.
    fn leaves(&self) -> Walk<'_> {
        causality::leaves(self)
    }
}

impl<S: EventStore + ?Sized> EventStoreExt for S {}

/// Makes every pointer to a store a store: `Arc<dyn EventStore>`, `Box`, `&S`, and the vaults of
/// back-ends, which dereference to the engine that they share.
#[async_trait]
impl<P> EventStore for P
where
    P: Deref + Send + Sync,
    P::Target: EventStore,
{
    async fn commit_batch(&self, batch: Vec<NewEvent>) -> Result<Vec<EventHeader>> {
        self.deref().commit_batch(batch).await
    }

    async fn commit_batch_if(
        &self,
        batch: Vec<NewEvent>,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        self.deref().commit_batch_if(batch, conditions).await
    }

    fn replay(&self, options: ReplayOptions) -> Replay {
        self.deref().replay(options)
    }

    fn subscribe_with(&self, options: SubscribeOptions) -> Subscription {
        self.deref().subscribe_with(options)
    }

    async fn get(&self, id: EventId) -> Result<Option<Event>> {
        self.deref().get(id).await
    }

    fn children(&self, id: EventId) -> Replay {
        self.deref().children(id)
    }

    async fn payload(&self, digest: Digest) -> Result<Option<Payload>> {
        self.deref().payload(digest).await
    }

    async fn shared_bytes(&self) -> Result<u64> {
        self.deref().shared_bytes().await
    }

    async fn head(&self) -> Result<Head> {
        self.deref().head().await
    }

    async fn close(&self) -> Result<()> {
        self.deref().close().await
    }
}

/// Takes the header of a batch of one.
fn only(headers: Vec<EventHeader>) -> Result<EventHeader> {
    headers.into_iter().next().ok_or_else(|| Error::Backend {
        reason: "it acknowledged a commit of one event with no header".into(),
        source: None,
    })
}
