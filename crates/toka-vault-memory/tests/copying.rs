//! Copies out of and into stores that are not as they should be, and how much a copy does at once.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::executor::block_on;
use toka_vault_core::{
    Condition, Error, Event, EventHash, EventHeader, EventId, EventStore, EventStoreExt, Head, NewEvent,
    Payload, Position, Replay, ReplayOptions, Result, StartFrom, SubscribeOptions, Subscription, Timestamp,
};
use toka_vault_memory::InMemoryVault;
use toka_vault_testkit::events::{fill, ids, sized};

/// What the store shows of an event, or answers to a commit, in the place of the truth.
type Change<T> = fn(T) -> T;

/// Is a vault that counts the events of each commit, and that lies.
struct Lying {
    vault: InMemoryVault,
    commits: Mutex<Vec<usize>>,
    shows: Change<Result<Event>>,
    answers: Change<Vec<EventHeader>>,
}

#[async_trait]
impl EventStore for Lying {
    async fn commit_batch_if(
        &self,
        batch: Vec<NewEvent>,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        self.commits.lock().unwrap().push(batch.len());
        let headers = EventStore::commit_batch_if(&self.vault, batch, conditions).await?;
        Ok((self.answers)(headers))
    }

    fn replay(&self, options: ReplayOptions) -> Replay {
        Replay::new(self.vault.replay(options).map(self.shows))
    }

    fn subscribe_with(&self, options: SubscribeOptions) -> Subscription {
        self.vault.subscribe_from(options)
    }

    async fn get(&self, id: EventId) -> Result<Option<Event>> {
        EventStore::get(&self.vault, id).await
    }

    async fn head(&self) -> Result<Head> {
        EventStore::head(&self.vault).await
    }

    async fn close(&self) -> Result<()> {
        EventStore::close(&self.vault).await
    }
}

impl Lying {
    /// Creates an empty store that tells the truth.
    fn new() -> Self {
        let vault = InMemoryVault::unbounded();
        Self { vault, commits: Mutex::default(), shows: |shown| shown, answers: |headers| headers }
    }

    /// Returns the sizes of the commits since the last call.
    fn commits(&self) -> Vec<usize> {
        std::mem::take(&mut self.commits.lock().unwrap())
    }
}

/// Copies all events of `from`.
fn copy(from: &Lying, to: &Lying) -> Result<(u64, u64)> {
    block_on(from.copy_to(to, StartFrom::Beginning)).map(|copied| (copied.new, copied.known))
}

/// Changes the third event.
fn third(shown: Result<Event>, change: impl FnOnce(Event) -> Result<Event>) -> Result<Event> {
    match shown {
        Ok(event) if event.position() == Position::new(3) => change(event),
        other => other,
    }
}

/// Asserts that a copy ends with damage at the third event, behind the first two.
#[track_caller]
fn assert_ends_at_damage(shows: Change<Result<Event>>) {
    let (from, to) = (Lying { shows, ..Lying::new() }, Lying::new());
    block_on(fill(&from.vault, 5));
    let damaged = copy(&from, &to).unwrap_err();
    assert!(matches!(damaged, Error::Corrupt { first, .. } if first == Position::new(3)), "{damaged}");
    assert_eq!(block_on(to.head()).unwrap().position, Position::new(2));
}

#[test]
fn batches_are_bounded_in_events_and_in_bytes() {
    let (from, to) = (Lying::new(), Lying::new());
    block_on(fill(&from.vault, 3_000));
    block_on(from.vault.commit_batch((0..5).map(|n| sized((1 << 19) + n)).collect())).unwrap();
    assert_eq!(copy(&from, &to).unwrap(), (3_005, 0));
    assert_eq!(to.commits(), [1_024, 1_024, 954, 2, 1]);
}

#[test]
fn what_a_copy_has_is_not_committed_again() {
    let (from, to) = (Lying::new(), Lying::new());
    block_on(fill(&from.vault, 3_000));
    copy(&from, &to).unwrap();
    to.commits();
    assert_eq!(copy(&from, &to).unwrap(), (0, 3_000));
    block_on(fill(&from.vault, 1));
    assert_eq!(copy(&from, &to).unwrap(), (1, 3_000));
    assert_eq!(to.commits(), [1]);
}

#[test]
fn events_in_another_order_are_not_taken_for_a_copy() {
    let (from, to) = (Lying::new(), Lying::new());
    let at = |n: usize| sized(n).with_id(EventId::from_u128(n as u128)).with_timestamp(Timestamp::EPOCH);
    block_on(from.vault.commit_batch((1..=4).map(at).collect())).unwrap();
    // As many events, and the same last one: only the first is missing.
    block_on(to.vault.commit(sized(9))).unwrap();
    block_on(to.vault.commit_batch((2..=4).map(at).collect())).unwrap();
    assert_eq!(copy(&from, &to).unwrap(), (1, 3));
    assert!(block_on(to.get(EventId::from_u128(1))).unwrap().is_some());
}

#[test]
fn a_copy_ends_at_an_event_that_cannot_be_read() {
    assert_ends_at_damage(|shown| third(shown, |event| Err(Error::corrupt(event.position(), "checksum"))));
}

#[test]
fn a_payload_that_is_not_that_of_its_digest_is_not_copied() {
    assert_ends_at_damage(|shown| {
        third(shown, |mut event| {
            event.payload = Payload::from_stored(Bytes::from_static(b"\xc0"), event.header.digest);
            Ok(event)
        })
    });
}

#[test]
fn damage_to_what_the_copy_has_is_no_reason_to_pass_over_it() {
    let (mut from, to) = (Lying::new(), Lying::new());
    block_on(fill(&from.vault, 5));
    copy(&from, &to).unwrap();
    block_on(fill(&from.vault, 1));
    from.shows = |shown| third(shown, |event| Err(Error::corrupt(event.position(), "checksum")));
    assert!(matches!(copy(&from, &to), Err(Error::Corrupt { .. })));
}

#[test]
fn what_the_source_no_longer_has_is_not_copied() {
    let from = Lying { vault: InMemoryVault::new(10).unwrap(), ..Lying::new() };
    let to = Lying::new();
    block_on(fill(&from.vault, 10));
    assert_eq!(copy(&from, &to).unwrap(), (10, 0));
    block_on(fill(&from.vault, 15));
    assert_eq!(copy(&from, &to).unwrap(), (10, 0));
    let all = block_on(toka_vault_testkit::events::history(&to.vault));
    assert_eq!(ids(&all).len(), 20);
    let missed = block_on(from.copy_to(&to, StartFrom::After(Position::new(10))));
    assert!(matches!(missed, Err(Error::Evicted { oldest }) if oldest == Position::new(16)), "{missed:?}");
}

#[test]
fn another_hash_in_the_answer_is_an_error() {
    let answers: Change<Vec<EventHeader>> = |mut headers| {
        headers.iter_mut().for_each(|header| header.hash = EventHash::from_bytes([1; 32]));
        headers
    };
    let (from, to) = (Lying::new(), Lying { answers, ..Lying::new() });
    block_on(fill(&from.vault, 2));
    assert!(matches!(copy(&from, &to), Err(Error::HashDiffers { .. })));
}

#[test]
fn an_answer_that_is_too_short_is_an_error() {
    let (from, to) = (Lying::new(), Lying { answers: |_| Vec::new(), ..Lying::new() });
    block_on(fill(&from.vault, 2));
    assert!(matches!(copy(&from, &to), Err(Error::Backend { .. })));
}
