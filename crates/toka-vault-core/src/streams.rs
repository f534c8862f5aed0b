//! [`Replay`], [`Walk`] and [`Subscription`]: events as they reach a reader.
//!
//! Keeps the invariant that no event is lost to cancellation: the state of a read that is under way
//! lives in the stream, not in the future that waits for it.
//!
//! Invariant 9 of `docs/architecture.md`, which names the tests that show it.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};

use crate::{Event, Result};

/// Reads history as a finite stream, in the order it was committed (or backwards).
///
/// It ends at the head that the vault had when it was created. An error does not end it: after
/// [`Error::Corrupt`](crate::Error::Corrupt) or [`Error::Evicted`](crate::Error::Evicted) it goes on
/// with the next event that can be read; after any other error it ends. It reads ahead by a bounded
/// number of events.
///
/// # Examples
///
/// It is a `futures::Stream`, but no import is needed to read it:
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{Error, Replay, Result};
///
/// async fn count(mut replay: Replay) -> Result<(u64, u64)> {
///     let (mut whole, mut damaged) = (0, 0);
///     loop {
///         match replay.try_next().await {
///             Ok(Some(_)) => whole += 1,
///             Ok(None) => return Ok((whole, damaged)),
///             // What is behind it can still be read.
///             Err(Error::Corrupt { first, last, .. }) => damaged += last.get() - first.get() + 1,
///             Err(error) => return Err(error),
///         }
///     }
/// }
///
/// let nothing = Replay::new(futures::stream::empty());
/// assert_eq!(futures::executor::block_on(count(nothing))?, (0, 0));
/// # Ok::<(), Error>(())
/// ```
#[must_use = "a replay reads nothing until it is asked for events"]
pub struct Replay(Events<'static>);

/// Reads a part of the graph as a finite stream: what led to an event, or what it led to.
///
/// [`EventStoreExt`](crate::EventStoreExt) makes walks. An error does not end one: after
/// [`Error::Corrupt`](crate::Error::Corrupt), [`Error::Evicted`](crate::Error::Evicted) or
/// [`Error::UnknownEvent`](crate::Error::UnknownEvent) it goes on with what can still be reached;
/// after any other error it ends.
#[must_use = "a walk reads nothing until it is asked for events"]
pub struct Walk<'a>(Events<'a>);

/// Follows a vault: history from a start point, then each event once it is committed.
///
/// Events come in commit order, without gap or duplicate. A slow subscriber loses nothing and holds
/// back nobody: it holds a bounded number of events, and reads from storage what it has missed.
///
/// # Examples
///
/// A consumer that can go on where it was, because it notes the position with what it did:
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{EventStore, Position, Result, StartFrom, SubscribeOptions};
///
/// async fn project(store: &dyn EventStore, done: Position) -> Result<()> {
///     let mut subscription = store.subscribe_with(SubscribeOptions::new(StartFrom::After(done)));
///     while let Some(event) = subscription.recv().await? {
///         println!("{} at position {}", event.header.kind, event.position());
///     }
///     Ok(())
/// }
/// ```
#[must_use = "a subscription does nothing until it is asked for events"]
pub struct Subscription(Events<'static>);

/// Hands out events one by one as they arrive chunk by chunk.
struct Events<'a> {
    /// What is left of the newest chunk.
    ready: Chunk,
    chunks: BoxStream<'a, Result<Chunk>>,
}

/// The events of a chunk, or what keeps one of them from being read.
type Chunk = Box<dyn Iterator<Item = Result<Event>> + Send>;

impl Replay {
    /// Makes any stream of events a replay. For back-ends.
    pub fn new(events: impl Stream<Item = Result<Event>> + Send + 'static) -> Self {
        Self::from_chunks(events.map_ok(|event| [Ok(event)]))
    }

    /// Makes a stream of chunks of events a replay, which costs less for each event. For back-ends.
    ///
    /// An event of a chunk that is an error is passed on, and does not end the chunk.
    pub fn from_chunks<C>(chunks: impl Stream<Item = Result<C>> + Send + 'static) -> Self
    where
        C: IntoIterator<Item = Result<Event>, IntoIter: Send> + 'static,
    {
        Self(Events::new(chunks))
    }

    /// Returns the next event, or `None` at the end, however often it is asked.
    ///
    /// # Errors
    ///
    /// Whatever keeps the next event from being read; see [`Replay`] for what comes after.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped loses no event: the next call returns it.
    #[inline]
    pub async fn try_next(&mut self) -> Result<Option<Event>> {
        self.0.next().await
    }
}

impl<'a> Walk<'a> {
    /// Makes any stream of events a walk.
    pub(crate) fn new(events: impl Stream<Item = Result<Event>> + Send + 'a) -> Self {
        Self(Events::new(events.map_ok(|event| [Ok(event)])))
    }

    /// Returns the next event, or `None` at the end, however often it is asked.
    ///
    /// # Errors
    ///
    /// Whatever keeps the next event from being read; see [`Walk`] for what comes after.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped loses no event: the next call returns it.
    pub async fn try_next(&mut self) -> Result<Option<Event>> {
        self.0.next().await
    }
}

impl Subscription {
    /// Makes any stream of events a subscription. For back-ends.
    pub fn new(events: impl Stream<Item = Result<Event>> + Send + 'static) -> Self {
        Self::from_chunks(events.map_ok(|event| [Ok(event)]))
    }

    /// Makes a stream of chunks of events a subscription, which costs less for each event. For back-ends.
    ///
    /// An event of a chunk that is an error is passed on, and does not end the chunk.
    pub fn from_chunks<C>(chunks: impl Stream<Item = Result<C>> + Send + 'static) -> Self
    where
        C: IntoIterator<Item = Result<Event>, IntoIter: Send> + 'static,
    {
        Self(Events::new(chunks))
    }

    /// Waits for the next event and returns it, or `None` once the vault is closed and all of its
    /// events were returned, however often it is asked.
    ///
    /// # Errors
    ///
    /// [`Error::Evicted`](crate::Error::Evicted) where a bounded vault no longer has the next event,
    /// and [`Error::Corrupt`](crate::Error::Corrupt) where it is damaged; after both, the
    /// subscription goes on behind the gap. [`Error::Closed`](crate::Error::Closed) where the vault
    /// was closed before this subscription had read everything.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped loses no event: the next call returns it.
    #[inline]
    pub async fn recv(&mut self) -> Result<Option<Event>> {
        self.0.next().await
    }
}

impl<'a> Events<'a> {
    fn new<C>(chunks: impl Stream<Item = Result<C>> + Send + 'a) -> Self
    where
        C: IntoIterator<Item = Result<Event>, IntoIter: Send> + 'static,
    {
        let chunks = chunks.map_ok(|chunk| -> Chunk { Box::new(chunk.into_iter()) });
        Self { ready: Box::new(std::iter::empty()), chunks: chunks.fuse().boxed() }
    }

    #[inline]
    async fn next(&mut self) -> Result<Option<Event>> {
        // Most events are there already: each way round that is spared is a move of the event.
        match self.ready.next() {
            Some(event) => event.map(Some),
            None => poll_fn(|cx| self.poll_next(cx)).await.transpose(),
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event>>> {
        loop {
            if let Some(event) = self.ready.next() {
                return Poll::Ready(Some(event));
            }
            match ready!(self.chunks.poll_next_unpin(cx)) {
                Some(Ok(chunk)) => self.ready = chunk,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl Stream for Replay {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next(cx)
    }
}

impl Stream for Walk<'_> {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next(cx)
    }
}

impl Stream for Subscription {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next(cx)
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Replay")
    }
}

impl fmt::Debug for Walk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Walk")
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}
