//! [`Copied`] and what makes it: the events of one store in another, as the same events.
//!
//! Keeps the invariants that events are committed in the order they were read; that no event of the
//! source is passed over, unless the chain hash proves that the target has it; and that what the
//! target has answered was compared with the source.
//!
//! Invariant 12a of `docs/architecture.md`, which names the tests that show it.

use crate::hashing::chain_hash;
use crate::{
    ChainHash, Error, Event, EventHash, EventHeader, EventStore, Head, NewEvent, Position, Replay,
    ReplayOptions, Result, StartFrom, limits,
};

/// Events after which a batch is committed.
const BATCH_EVENTS: usize = 1_024;

/// Payload bytes after which a batch is committed (1 MiB). The event that passes it is in the batch.
const BATCH_BYTES: usize = 1 << 20;

const _: () = assert!(BATCH_EVENTS <= limits::BATCH_EVENTS_MAX);
const _: () = assert!(BATCH_BYTES + limits::PAYLOAD_BYTES_MAX <= limits::BATCH_BYTES_MAX);

/// Tells what became of the events that were to be copied. Both together are the events of the source behind
/// the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Copied {
    /// Events that the target did not have when copying began.
    pub new: u64,
    /// Events that it had.
    pub known: u64,
}

/// Copies the events of `source` after `start` to `target`. See
/// [`EventStoreExt::copy_to`](crate::EventStoreExt::copy_to).
pub(crate) async fn copy<S, T>(source: &S, target: &T, start: StartFrom) -> Result<Copied>
where
    S: EventStore + ?Sized,
    T: EventStore + ?Sized,
{
    let before = target.head().await?;
    let mut copying = Copying::new(target, before.position);
    let mut options = ReplayOptions::new().with_start(start);
    if start == StartFrom::Beginning && begins_with(source, before).await {
        copying.copied.known = before.position.get();
        options = options.with_start(StartFrom::After(before.position));
    }
    copying.all(source.replay(options)).await
}

/// Proves that the history of `store` begins with all events up to `end`, the head of another.
///
/// Reads as many events, but writes none and looks none up. What keeps them from being read proves
/// nothing here; copying meets it again, and tells it.
async fn begins_with<S: EventStore + ?Sized>(store: &S, end: Head) -> bool {
    if end.position == Position::ZERO {
        return false;
    }
    match store.head().await {
        Ok(head) if head == end => return true,
        Ok(head) if head.position >= end.position => {}
        _ => return false,
    }
    let first = ReplayOptions::new().with_limit(end.position.get());
    chain_of(store.replay(first)).await.is_ok_and(|head| head == end)
}

/// Computes the head of a history from its first event on.
async fn chain_of(mut history: Replay) -> Result<Head> {
    let mut head = Head { position: Position::ZERO, chain: ChainHash::EMPTY };
    while let Some(event) = history.try_next().await? {
        head.position = head.position.next();
        if event.position() != head.position {
            return Err(Error::Evicted { oldest: event.position() });
        }
        head.chain = chain_hash(head.chain, event.header.hash);
    }
    Ok(head)
}

/// Carries events from one store to another, some at a time.
struct Copying<'a, T: ?Sized> {
    target: &'a T,
    /// Where the target's head was when copying began: what stands behind it is new.
    before: Position,
    batch: Vec<NewEvent>,
    /// The hashes that the events of the batch have in the source.
    hashes: Vec<EventHash>,
    bytes: usize,
    copied: Copied,
}

impl<'a, T: EventStore + ?Sized> Copying<'a, T> {
    /// Starts with nothing.
    fn new(target: &'a T, before: Position) -> Self {
        let copied = Copied::default();
        Self { target, before, batch: Vec::new(), hashes: Vec::new(), bytes: 0, copied }
    }

    /// Copies a history to its end, or to the first event that cannot be read.
    async fn all(mut self, mut history: Replay) -> Result<Copied> {
        loop {
            let next = history.try_next().await;
            match next.and_then(|found| found.map(Event::into_intact).transpose()) {
                Ok(Some(event)) => self.add(event),
                Ok(None) => break,
                Err(error) => {
                    self.commit().await?;
                    return Err(error);
                }
            }
            if self.batch.len() >= BATCH_EVENTS || self.bytes >= BATCH_BYTES {
                self.commit().await?;
            }
        }
        self.commit().await?;
        Ok(self.copied)
    }

    /// Adds an event to the batch.
    fn add(&mut self, event: Event) {
        self.bytes += event.payload.bytes().len();
        self.hashes.push(event.header.hash);
        self.batch.push(event.into());
    }

    /// Commits the batch, compares what the target answers, and counts.
    async fn commit(&mut self) -> Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let headers = self.target.commit_batch(std::mem::take(&mut self.batch)).await?;
        let hashes = std::mem::take(&mut self.hashes);
        self.bytes = 0;
        if headers.len() != hashes.len() {
            let reason = "it acknowledged a commit with a header too many or too few".into();
            return Err(Error::Backend { reason, source: None });
        }
        headers.iter().zip(hashes).try_for_each(|(header, expected)| self.count(header, expected))
    }

    /// Counts an event of the target that has the hash that it should have.
    fn count(&mut self, header: &EventHeader, expected: EventHash) -> Result<()> {
        if header.hash != expected {
            return Err(Error::HashDiffers { id: header.id, expected, found: header.hash });
        }
        if header.position > self.before {
            self.copied.new += 1;
        } else {
            self.copied.known += 1;
        }
        Ok(())
    }
}
