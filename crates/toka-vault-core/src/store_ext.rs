//! [`EventStoreExt`]: what follows from the contract of [`EventStore`], for every store.
//!
//! It is a trait of its own since its methods are generic, or return futures without a box, which a
//! `dyn EventStore` could not have.

use std::future::Future;

use crate::{
    Condition, Copied, Error, Event, EventHeader, EventId, EventPayload, EventStore, NewEvent, Result,
    StartFrom, SubscribeOptions, Subscription, Walk, WalkOptions, causality, copying,
};

/// Adds to every [`EventStore`] what can be said in terms of its methods.
///
/// # Examples
///
/// A function for whichever store its caller has, in a test one in memory:
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use serde_json::json;
/// use toka_vault::{EventId, EventStore, EventStoreExt, Result};
///
/// async fn invoke(store: &dyn EventStore, tool: &str, asked: EventId) -> Result<EventId> {
///     let invoked = store.commit_json("agent.tool.invoked", json!({ "tool": tool }), &[asked]).await?;
///     assert!(store.is_ancestor(asked, invoked.id).await?);
///     Ok(invoked.id)
/// }
/// ```
pub trait EventStoreExt: EventStore {
    /// Commits one event and returns its header. See [`EventStore::commit_batch`].
    fn commit(&self, event: NewEvent) -> impl Future<Output = Result<EventHeader>> + Send {
        async { only(self.commit_batch(vec![event]).await?) }
    }

    /// Encodes a payload and commits it as an event. See [`NewEvent::new`] and
    /// [`EventStore::commit_batch`] for the errors, all of which the future tells.
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
    /// # use toka_vault_core as toka_vault;
    /// use toka_vault::{EventStore, EventStoreExt, Result, StartFrom};
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
    /// - With a filter, only the events that it means, which alone count for the limit: the walk goes
    ///   through the others, and reads them.
    /// - In the causal order the whole way is found before the first event is given, at 24 bytes for
    ///   each that will be; a limit bounds it. Nearest first, the walk holds the headers of as many
    ///   events as the graph is wide.
    /// - What a bounded vault has evicted is not part of the graph any more: the walk is over where
    ///   it comes to it, as history begins with the oldest event there is.
    /// - A damaged ancestor is an [`Error::Corrupt`] in its place, and does not count for the limit.
    ///   The walk goes on with what can be reached on other ways.
    /// - An id that the vault does not have is an [`Error::UnknownEvent`], the only item; a limit of 0 asks for
    ///   none.
    fn ancestors(&self, id: EventId, options: WalkOptions) -> Walk<'_> {
        causality::ancestors(self, id, options)
    }

    /// Walks the descendants of an event: its children, their children, and so on, each once, up to
    /// the head at the first item. The event itself is not among them.
    ///
    /// - With a filter, only the events that it means, which alone count for the limit: the walk goes
    ///   through the others.
    /// - The walk holds the ids of what it has met and not yet given, and no more of them than the
    ///   limit for the children of one event; with a filter, also of those in between that it does
    ///   not mean.
    /// - A damaged event that is a child, or may be one, is an [`Error::Corrupt`] in its place, and
    ///   does not count for the limit. The walk goes on with what can be reached on other ways.
    /// - An event that a bounded vault evicts while the walk is on its way to it, or to its
    ///   children, is an [`Error::UnknownEvent`].
    /// - An id that the vault does not have is an [`Error::UnknownEvent`], the only item; a limit or a depth of 0
    ///   asks for none.
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
    /// head at this call. Reads the history backwards, as far as events are asked for: to the beginning
    /// for all of them.
    ///
    /// Holds the ids that newer events name and that the walk has not reached yet. An event that
    /// only a damaged event names is given: nobody can tell.
    fn leaves(&self) -> Walk<'_> {
        causality::leaves(self)
    }
}

impl<S: EventStore + ?Sized> EventStoreExt for S {}

/// Takes the header of a batch of one.
fn only(headers: Vec<EventHeader>) -> Result<EventHeader> {
    headers.into_iter().next().ok_or_else(|| Error::Backend {
        reason: "it acknowledged a commit of one event with no header".into(),
        source: None,
    })
}
