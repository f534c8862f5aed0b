//! [`LocalVault`]: an open vault over a log of this machine, and the `EventStore` of every local
//! back-end.
//!
//! Keeps the invariant that a caller's mistakes are found on the caller's task, before anything is
//! queued: only what depends on the vault's content is left to the sequencer.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use toka_vault_core::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};
use toka_vault_core::verify::Finding;
use toka_vault_core::{
    Condition, Digest, Error, Event, EventHeader, EventId, EventPayload, EventStore, Head, NewEvent, Payload,
    Replay, ReplayOptions, Result, StartFrom, SubscribeOptions, Subscription, find_payload,
};

use crate::cursor;
use crate::following::Following;
use crate::group_commit::GroupCommit;
use crate::inline::Inline;
use crate::published::Published;
use crate::query::Query;
use crate::reader::Reader;
use crate::readers::Source;

/// Is an open vault over a [`Log`](crate::Log). Clones are handles to the same vault.
///
/// The vault closes when its last handle is dropped, which waits for the group of commits under
/// way; [`LocalVault::close`] does the same without blocking the thread.
///
/// Applications get one from the back-ends' own types, which dereference to it.
#[derive(Clone)]
pub struct LocalVault(Arc<Inner>);

struct Inner {
    published: Arc<Published>,
    source: Source,
    committer: Committer,
}

/// Says how commits reach the log.
#[allow(clippy::large_enum_variant, reason = "a vault has one, which is not moved")]
pub(crate) enum Committer {
    Inline(Inline),
    Grouped(GroupCommit),
    /// Not at all.
    Elsewhere(Following),
}

impl LocalVault {
    /// Puts a vault together.
    pub(crate) fn new(published: Arc<Published>, source: Source, committer: Committer) -> Self {
        Self(Arc::new(Inner { published, source, committer }))
    }

    /// Commits one event and returns its header. See [`EventStore::commit_batch`].
    #[expect(clippy::manual_async_fn, reason = "an async function would move the event twice more")]
    pub fn commit(&self, mut event: NewEvent) -> impl Future<Output = Result<EventHeader>> + Send + '_ {
        async move {
            let headers = self.commit_all(std::slice::from_mut(&mut event), &[]).await?;
            // As many headers as events are answered.
            headers.into_iter().next().ok_or(Error::Closed)
        }
    }

    /// Encodes a payload and commits it as an event. See [`NewEvent::new`] and
    /// [`EventStore::commit_batch`] for the errors.
    pub fn commit_json<P: EventPayload>(
        &self,
        kind: &str,
        payload: P,
        parents: &[EventId],
    ) -> impl Future<Output = Result<EventHeader>> + Send + use<'_, P> {
        let event = NewEvent::new(kind, payload).map(|event| event.with_parents(parents));
        async { self.commit(event?).await }
    }

    /// Commits events atomically, in their order. See [`EventStore::commit_batch`].
    pub async fn commit_batch(&self, mut batch: Vec<NewEvent>) -> Result<Vec<EventHeader>> {
        self.commit_all(&mut batch, &[]).await
    }

    /// Commits events atomically, if all conditions hold. See [`EventStore::commit_batch_if`].
    pub async fn commit_batch_if(
        &self,
        mut batch: Vec<NewEvent>,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        self.commit_all(&mut batch, conditions).await
    }

    /// Follows the vault live: the events committed after this call.
    pub fn subscribe(&self) -> Subscription {
        self.subscribe_from(StartFrom::Head)
    }

    /// Follows the vault from a start point, or with a filter: first history, then live. See
    /// [`EventStore::subscribe_with`].
    pub fn subscribe_from(&self, options: impl Into<SubscribeOptions>) -> Subscription {
        cursor::follow(self.reader(), options.into())
    }

    /// Reads history up to the head at this call. See [`EventStore::replay`].
    pub fn replay(&self, options: ReplayOptions) -> Replay {
        cursor::replay(self.reader(), options)
    }

    /// Returns the event with this id, or `None`. See [`EventStore::get`].
    pub async fn get(&self, id: EventId) -> Result<Option<Event>> {
        self.reader().get(id).await
    }

    /// Returns the header of the event with this id, or `None`. See [`EventStore::header`].
    pub async fn header(&self, id: EventId) -> Result<Option<EventHeader>> {
        self.reader().header(id).await
    }

    /// Reads the children of an event. See [`EventStore::children`].
    pub fn children(&self, id: EventId) -> Replay {
        cursor::search(self.reader(), Query::Children(id), StartFrom::AfterId(id))
    }

    /// Returns the payload of this digest, or `None`. See [`EventStore::payload`].
    pub async fn payload(&self, digest: Digest) -> Result<Option<Payload>> {
        let replay = cursor::search(self.reader(), Query::Payload(digest), StartFrom::Beginning);
        find_payload(replay, digest).await
    }

    /// Sums up the bytes of payloads that are kept once. See [`EventStore::shared_bytes`].
    pub async fn shared_bytes(&self) -> Result<u64> {
        self.reader().shared_bytes().await
    }

    /// Compares the indexes with the log. See [`EventStore::verify_indexes`].
    pub async fn verify_indexes(&self) -> Result<Vec<Finding>> {
        self.0.source.run_long(|storage| storage.index.findings(storage.log.as_ref())).await
    }

    /// Returns where the history ends now.
    pub async fn head(&self) -> Result<Head> {
        match (&self.0.committer, self.0.published.head()) {
            (Committer::Inline(inline), _) => inline.head().await,
            (Committer::Grouped(_) | Committer::Elsewhere(_), head) => Ok(head.unwrap_or(Head::EMPTY)),
        }
    }

    /// Finishes what was accepted and closes the vault. See [`EventStore::close`].
    pub async fn close(&self) -> Result<()> {
        match &self.0.committer {
            Committer::Inline(inline) => inline.close(),
            Committer::Grouped(grouped) => {
                grouped.close();
                grouped.closed(&self.0.published).await
            }
            Committer::Elsewhere(following) => {
                following.close();
                Ok(())
            }
        }
    }

    /// Commits events if all conditions hold, and takes their payloads.
    async fn commit_all(&self, batch: &mut [NewEvent], conditions: &[Condition]) -> Result<Vec<EventHeader>> {
        let bytes = check(batch)?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        match &self.0.committer {
            Committer::Inline(inline) => inline.commit(batch, conditions).await,
            Committer::Grouped(grouped) => grouped.commit(batch, bytes, conditions).await,
            Committer::Elsewhere(_) => Err(Error::ReadOnly),
        }
    }

    fn reader(&self) -> Reader {
        Reader { source: self.0.source.clone(), published: self.0.published.clone() }
    }
}

/// Checks what can be checked of a batch without the vault, and returns its payload bytes.
fn check(batch: &[NewEvent]) -> Result<usize> {
    let (size, max) = (batch.len(), BATCH_EVENTS_MAX);
    if size > max {
        return Err(Error::BatchTooLarge { size, max, unit: "events" });
    }
    batch.iter().try_for_each(NewEvent::check)?;
    let (size, max) = (batch.iter().map(|event| event.payload.bytes().len()).sum(), BATCH_BYTES_MAX);
    if size > max {
        return Err(Error::BatchTooLarge { size, max, unit: "bytes" });
    }
    Ok(size)
}

#[async_trait]
impl EventStore for LocalVault {
    async fn commit_batch(&self, mut batch: Vec<NewEvent>) -> Result<Vec<EventHeader>> {
        self.commit_all(&mut batch, &[]).await
    }

    async fn commit_batch_if(
        &self,
        mut batch: Vec<NewEvent>,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        self.commit_all(&mut batch, conditions).await
    }

    fn replay(&self, options: ReplayOptions) -> Replay {
        Self::replay(self, options)
    }

    fn subscribe_with(&self, options: SubscribeOptions) -> Subscription {
        self.subscribe_from(options)
    }

    async fn get(&self, id: EventId) -> Result<Option<Event>> {
        Self::get(self, id).await
    }

    async fn header(&self, id: EventId) -> Result<Option<EventHeader>> {
        Self::header(self, id).await
    }

    fn children(&self, id: EventId) -> Replay {
        Self::children(self, id)
    }

    async fn payload(&self, digest: Digest) -> Result<Option<Payload>> {
        Self::payload(self, digest).await
    }

    async fn shared_bytes(&self) -> Result<u64> {
        Self::shared_bytes(self).await
    }

    async fn verify_indexes(&self) -> Result<Vec<Finding>> {
        Self::verify_indexes(self).await
    }

    async fn head(&self) -> Result<Head> {
        Self::head(self).await
    }

    async fn close(&self) -> Result<()> {
        Self::close(self).await
    }
}

impl fmt::Debug for LocalVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalVault").field("position", &self.0.published.position()).finish_non_exhaustive()
    }
}
