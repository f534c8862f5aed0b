//! [`EventStore`]: the contract of a back-end.
//!
//! It is as small as it can be: one way to commit, one to read, one to follow, one to look up. All else is said in
//! terms of these, once for every store, here or in [`EventStoreExt`](crate::EventStoreExt); a back-end overrides
//! what it can answer faster. So what two back-ends could do differently is little, and the suite asks for it.

use std::ops::Deref;

use async_trait::async_trait;

use crate::verify::Finding;
use crate::{
    Condition, Digest, Event, EventHeader, EventId, Head, NewEvent, Payload, Replay, ReplayOptions, Result,
    SubscribeOptions, Subscription, by_id, causality, find_payload,
};
#[cfg(doc)]
use crate::{Error, EventStoreExt, StartFrom};

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
    ///   where it brings one) is not stored again: its first header is returned. With other content it
    ///   refuses the batch, once the event that is there is as durable as an acknowledged one.
    /// - An empty batch does nothing.
    ///
    /// # Errors
    ///
    /// About the events, of which none is stored then:
    ///
    /// - [`Error::TooManyParents`] beyond [`PARENTS_MAX`](crate::limits::PARENTS_MAX), [`Error::DuplicateParent`],
    ///   [`Error::SelfParent`], and [`Error::UnknownParent`] where one is neither in the vault nor earlier in the
    ///   batch.
    /// - [`Error::Conflict`] where an id has other content already.
    /// - [`Error::BatchTooLarge`] beyond [`BATCH_EVENTS_MAX`](crate::limits::BATCH_EVENTS_MAX) or
    ///   [`BATCH_BYTES_MAX`](crate::limits::BATCH_BYTES_MAX).
    /// - [`Error::Corrupt`] where an event that cannot be read could have the id that was brought or named.
    ///
    /// About the vault: [`Error::Closed`], [`Error::ReadOnly`], [`Error::NoRoom`] and [`Error::Poisoned`], with
    /// which nothing is stored either, and [`Error::OutcomeUnknown`], with which nobody knows.
    ///
    /// # Cancel safety
    ///
    /// Where the future is dropped, the batch is committed whole or not at all. One that was polled should be
    /// polled on, or be a task of its own: while it waits, it keeps its place, and others wait behind it.
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
    /// [`Error::Corrupt`] where it is damaged, or is not found while an event that cannot be read could have
    /// its id; [`Error::Closed`] where the store reads no more.
    ///
    /// # Cancel safety
    ///
    /// That of every method which only reads: where the future is dropped, nothing has happened.
    async fn get(&self, id: EventId) -> Result<Option<Event>>;

    /// Returns the header of the event with this id, or `None` where the vault does not have it.
    ///
    /// The provided method reads the whole event. A store that finds a header without its payload
    /// should answer with that.
    ///
    /// # Errors
    ///
    /// Those of [`EventStore::get`]; but where the payload alone cannot be read, the header may be answered.
    async fn header(&self, id: EventId) -> Result<Option<EventHeader>> {
        Ok(self.get(id).await?.map(|event| event.header))
    }

    /// Returns the events with these ids, in the order of the ids: `None` where the vault does not
    /// have one, and an event twice where its id stands twice.
    ///
    /// - Each id is looked up for itself: what is committed or evicted meanwhile may be found or not.
    /// - The answer holds all of the events at once. Whoever wants very many, or very large ones, asks
    ///   in parts.
    ///
    /// The provided method has at most [`GETS_AT_ONCE_MAX`](crate::limits::GETS_AT_ONCE_MAX) calls of
    /// [`EventStore::get`] under way at a time. A store that can look up several ids in one go should
    /// do that.
    ///
    /// # Errors
    ///
    /// The error of the first of the ids whose event cannot be read, such as [`Error::Corrupt`]; the
    /// others can be read by themselves.
    async fn get_many(&self, ids: &[EventId]) -> Result<Vec<Option<Event>>> {
        by_id::get_many(self, ids).await
    }

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
    ///
    /// # Errors
    ///
    /// What keeps the history from being read.
    async fn shared_bytes(&self) -> Result<u64> {
        Ok(0)
    }

    /// Compares the indexes that the store answers from with its history, and returns what does not
    /// fit. A store without any has nothing to compare, as the provided method says.
    ///
    /// [`verify`](crate::verify::verify) asks for it. It reads the whole history and the whole index.
    ///
    /// # Errors
    ///
    /// What keeps the history from being read, but for damage: what does not fit is a finding.
    async fn verify_indexes(&self) -> Result<Vec<Finding>> {
        Ok(Vec::new())
    }

    /// Returns where the history ends now: the newest position that readers see, and the chain hash up to
    /// it. A store may compute the chain when it is asked for, over what came since it was asked last.
    ///
    /// # Errors
    ///
    /// What keeps a store from computing it.
    async fn head(&self) -> Result<Head>;

    /// Closes the vault: finishes the commits that were accepted, makes everything durable, ends
    /// subscriptions and releases what the vault held. Closing a closed vault does nothing.
    ///
    /// Whoever reads gets what is in memory, and then the end. A vault on disk keeps its newest events there,
    /// some thousands; a reader that is further behind gets [`Error::Closed`] and goes on where it was once the
    /// vault is open again. To have all read first, wait until the last event it gave is the
    /// [`head`](EventStore::head).
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

    async fn header(&self, id: EventId) -> Result<Option<EventHeader>> {
        self.deref().header(id).await
    }

    async fn get_many(&self, ids: &[EventId]) -> Result<Vec<Option<Event>>> {
        self.deref().get_many(ids).await
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

    async fn verify_indexes(&self) -> Result<Vec<Finding>> {
        self.deref().verify_indexes().await
    }

    async fn head(&self) -> Result<Head> {
        self.deref().head().await
    }

    async fn close(&self) -> Result<()> {
        self.deref().close().await
    }
}
