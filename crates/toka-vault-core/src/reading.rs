//! Where reading starts, which way it goes, what it takes and how far: [`StartFrom`],
//! [`ReplayOptions`], [`SubscribeOptions`], [`Head`].

use crate::{ChainHash, EventId, Filter, Position, Timestamp};

/// Says after which event a reader starts.
///
/// | a reader that | starts at |
/// |---|---|
/// | wants all there is | `Beginning` |
/// | noted how far it was in this vault | `After` |
/// | noted it, and the vault may be put back from a copy meanwhile | `AfterId` |
/// | wants what happened since yesterday | `Time` |
/// | wants only what is new from now on | `Head` |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StartFrom {
    /// The oldest event that the vault has.
    #[default]
    Beginning,
    /// The event after this position; [`Position::ZERO`] is the very first.
    ///
    /// Unlike `Beginning`, a position that a bounded vault has evicted is an
    /// [`Error::Evicted`](crate::Error::Evicted): the reader would miss events that it never saw. One that is
    /// ahead of the head is no error: a replay ends at once, and a subscription waits for what comes behind it.
    After(Position),
    /// The event after this one. An id that the vault does not have is an
    /// [`Error::UnknownEvent`](crate::Error::UnknownEvent).
    AfterId(EventId),
    /// The first event in the vault's order that is of this moment or later, and all behind it,
    /// whatever their times are.
    ///
    /// Times that a vault assigns never go back, so that all of those are of this moment or later; an
    /// event that brought an earlier time can stand among them. Where every event must be of this
    /// moment or later, add [`Filter::with_since`].
    ///
    /// The first event is searched where the vault's index says that such times are; without an index, from
    /// the oldest on, in as little memory as reading takes. A subscription that finds none waits for one. A
    /// damaged event on the way is an [`Error::Corrupt`](crate::Error::Corrupt), for it could be the first;
    /// the search goes on behind it.
    Time(Timestamp),
    /// The first event that is committed after the call.
    Head,
}

/// Says which way a replay goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Direction {
    /// From the oldest event to the newest.
    #[default]
    Forward,
    /// From the newest event to the oldest, down to the start.
    Backward,
}

/// Says which part of the history a replay reads: by default all of it, up to the head at the call.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{Direction, ReplayOptions};
///
/// let newest_ten = ReplayOptions::new().with_direction(Direction::Backward).with_limit(10);
/// assert_eq!(newest_ten.limit, Some(10));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ReplayOptions {
    /// Where the part begins; for a backward replay, where it ends.
    pub start: StartFrom,
    /// The last position of the part, where it ends before the head; for a backward replay, the first.
    pub end: Option<Position>,
    /// Which way to go.
    pub direction: Direction,
    /// How many events to read at most, of those that are meant.
    pub limit: Option<u64>,
    /// Which events are meant.
    pub filter: Filter,
}

/// Says from where on a subscription follows, and which events: all of them, unless a filter says otherwise.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{Filter, StartFrom, SubscribeOptions};
///
/// let calls = SubscribeOptions::new(StartFrom::Beginning).with_filter(Filter::kind("agent.tool.*")?);
/// assert_eq!(calls.start, StartFrom::Beginning);
/// # Ok::<(), toka_vault::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscribeOptions {
    /// Where to start.
    pub start: StartFrom,
    /// Which events are meant.
    pub filter: Filter,
}

impl ReplayOptions {
    /// Reads the whole history, oldest first.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads only what stands after `start`.
    #[must_use]
    pub fn with_start(mut self, start: StartFrom) -> Self {
        self.start = start;
        self
    }

    /// Reads only what stands up to `end`, and at it: the history as it was when that event was the newest. One
    /// that is ahead of the head is no bound.
    #[must_use]
    pub fn with_end(mut self, end: Position) -> Self {
        self.end = Some(end);
        self
    }

    /// Reads in this direction.
    #[must_use]
    pub fn with_direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Reads at most `limit` events.
    #[must_use]
    pub fn with_limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Reads only the events that `filter` means.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }
}

impl SubscribeOptions {
    /// Follows all events from `start` on.
    pub fn new(start: StartFrom) -> Self {
        Self { start, filter: Filter::new() }
    }

    /// Follows only the events that `filter` means.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }
}

impl From<StartFrom> for SubscribeOptions {
    fn from(start: StartFrom) -> Self {
        Self::new(start)
    }
}

/// Tells where a vault's history ends: its newest position, and the chain hash over all events up
/// to it.
///
/// Two vaults with the same head have the same events in the same order: so a head that is kept elsewhere proves
/// later that nothing before it was changed.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::hashing::chain_hash;
/// use toka_vault::{Head, Replay, Result};
///
/// /// Computes the head of a history from its first event on.
/// async fn head_of(mut history: Replay) -> Result<Head> {
///     let mut head = Head::EMPTY;
///     while let Some(event) = history.try_next().await? {
///         head = Head { position: event.position(), chain: chain_hash(head.chain, event.header.hash) };
///     }
///     Ok(head)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The newest position; [`Position::ZERO`] where the vault is empty.
    pub position: Position,
    /// Seals all events up to that position.
    pub chain: ChainHash,
}

impl Head {
    /// The head of an empty vault.
    pub const EMPTY: Self = Self { position: Position::ZERO, chain: ChainHash::EMPTY };
}
