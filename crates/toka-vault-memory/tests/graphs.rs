//! Deep and wide graphs: a walk that is bounded reads and holds as much as its bound, however large
//! the graph is, and none overflows the stack.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::StreamExt;
use futures::executor::block_on;
use toka_vault_core::{
    Condition, Event, EventHeader, EventId, EventStore, EventStoreExt, Filter, Head, NewEvent, Payload,
    Replay, ReplayOptions, Result, SubscribeOptions, Subscription, WalkOptions, WalkOrder,
};
use toka_vault_memory::InMemoryVault;

/// How many events the chain has that is walked as a whole.
const LONGEST: u64 = 1_000_000;

/// How many events the chain has that is walked in part.
const LONG: u64 = 200_000;

/// How many children the fan has.
const WIDE: u64 = 100_000;

/// Most events of one commit.
const BATCH: usize = 5_000;

/// Counts what is read of a vault.
struct Counting {
    vault: InMemoryVault,
    gets: AtomicU64,
    /// How many children were read.
    children: Arc<AtomicU64>,
}

#[async_trait]
impl EventStore for Counting {
    async fn commit_batch_if(
        &self,
        batch: Vec<NewEvent>,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        EventStore::commit_batch_if(&self.vault, batch, conditions).await
    }

    fn children(&self, id: EventId) -> Replay {
        let read = self.children.clone();
        Replay::new(self.vault.children(id).inspect(move |_| {
            read.fetch_add(1, Ordering::Relaxed);
        }))
    }

    fn replay(&self, options: ReplayOptions) -> Replay {
        self.vault.replay(options)
    }

    fn subscribe_with(&self, options: SubscribeOptions) -> Subscription {
        self.vault.subscribe_from(options)
    }

    async fn get(&self, id: EventId) -> Result<Option<Event>> {
        self.gets.fetch_add(1, Ordering::Relaxed);
        EventStore::get(&self.vault, id).await
    }

    async fn head(&self) -> Result<Head> {
        EventStore::head(&self.vault).await
    }

    async fn close(&self) -> Result<()> {
        EventStore::close(&self.vault).await
    }
}

impl Counting {
    /// Returns how often an event was looked up since the last call.
    fn gets(&self) -> u64 {
        self.gets.swap(0, Ordering::Relaxed)
    }
}

fn node(number: u64) -> EventId {
    EventId::from_u128(number.into())
}

/// Commits events from 1 to `count`, each with the parents that `parents` names.
fn store(count: u64, parents: impl Fn(u64) -> Vec<u64>) -> Counting {
    let vault = InMemoryVault::unbounded();
    let payload = Payload::encode(&1).unwrap();
    let new = |number| {
        let parents: Vec<_> = parents(number).into_iter().map(node).collect();
        NewEvent::new("test.event", &payload).unwrap().with_id(node(number)).with_parents(&parents)
    };
    let events: Vec<_> = (1..=count).map(new).collect();
    for batch in events.chunks(BATCH) {
        block_on(vault.commit_batch(batch.to_vec())).unwrap();
    }
    Counting { vault, gets: AtomicU64::new(0), children: Arc::default() }
}

fn chain() -> Counting {
    chain_of(LONG)
}

fn chain_of(events: u64) -> Counting {
    store(events, |number| (1..number).last().into_iter().collect())
}

fn fan() -> Counting {
    store(WIDE + 1, |number| if number == 1 { vec![] } else { vec![1] })
}

fn nearest_first() -> WalkOptions {
    WalkOptions::new().with_order(WalkOrder::NearestFirst)
}

/// Counts the events of a walk.
fn counted(mut walk: toka_vault_core::Walk<'_>) -> u64 {
    let mut events = 0;
    block_on(async {
        while walk.try_next().await.unwrap().is_some() {
            events += 1;
        }
    });
    events
}

#[test]
fn a_long_chain_is_walked_to_its_root() {
    let store = chain_of(LONGEST);
    assert_eq!(counted(store.ancestors(node(LONGEST), nearest_first())), LONGEST - 1);
    // Each event once, the start among them.
    assert_eq!(store.gets(), LONGEST);
    assert_eq!(counted(store.ancestors(node(LONGEST), WalkOptions::new())), LONGEST - 1);
    // Once to find the way, and once to give it.
    assert_eq!(store.gets(), 2 * LONGEST - 1);
    assert!(block_on(store.is_ancestor(node(1), node(LONGEST))).unwrap());
    let common = block_on(store.common_ancestors(node(LONGEST / 2), node(LONGEST))).unwrap();
    assert_eq!(common.first().map(|event| event.header.id), Some(node(LONGEST / 2)));
    assert_eq!((counted(store.roots()), counted(store.leaves())), (1, 1));
}

#[test]
fn a_bounded_walk_up_reads_what_it_gives() {
    let store = chain();
    for options in [nearest_first().with_limit(10), nearest_first().with_depth(10)] {
        assert_eq!(counted(store.ancestors(node(LONG), options)), 10);
        assert!(store.gets() <= 11);
    }
    for options in [WalkOptions::new().with_limit(10), WalkOptions::new().with_depth(10)] {
        assert_eq!(counted(store.ancestors(node(LONG), options)), 10);
        assert!(store.gets() <= 21);
    }
    let mut walk = store.ancestors(node(LONG), nearest_first());
    block_on(walk.try_next()).unwrap();
    drop(walk);
    assert!(store.gets() <= 2);
}

#[test]
fn whether_one_event_led_to_another_is_read_between_the_two() {
    let store = chain();
    assert!(block_on(store.is_ancestor(node(LONG - 10), node(LONG))).unwrap());
    assert!(store.gets() <= 12);
    assert!(!block_on(store.is_ancestor(node(LONG), node(LONG - 10))).unwrap());
    assert!(store.gets() <= 3);
    let common = block_on(store.common_ancestors(node(LONG), node(LONG - 10))).unwrap();
    assert_eq!(common.len(), 1);
    assert!(store.gets() <= 15);
}

#[test]
fn a_bounded_walk_down_reads_what_it_gives() {
    let store = chain();
    for options in [WalkOptions::new().with_limit(10), WalkOptions::new().with_depth(10)] {
        assert_eq!(counted(store.descendants(node(1), options)), 10);
        assert!(store.gets() <= 10);
    }
}

#[test]
fn children_are_read_as_far_as_the_limit() {
    let store = fan();
    for depth in [1, 2] {
        let bounded = WalkOptions::new().with_depth(depth).with_limit(10);
        assert_eq!(counted(store.descendants(node(1), bounded)), 10);
        assert_eq!(store.children.swap(0, Ordering::Relaxed), 10, "in {depth} steps");
    }
}

#[test]
fn a_filtered_walk_reads_what_it_goes_through_and_nothing_behind() {
    let store = chain();
    let meant = block_on(store.get(node(LONG - 1_000))).unwrap().unwrap();
    let marked = NewEvent::new("test.marked", 1).unwrap().with_parents(&[meant.header.id]);
    let marked = block_on(store.commit(marked)).unwrap();
    let marks = || WalkOptions::new().with_filter(Filter::kind("test.marked").unwrap()).with_limit(1);
    let child = NewEvent::new("test.event", 1).unwrap().with_parents(&[node(LONG), marked.id]);
    let child = block_on(store.commit(child)).unwrap();
    store.gets();
    assert_eq!(
        counted(store.ancestors(child.id, nearest_first().with_filter(marks().filter).with_limit(1))),
        1
    );
    assert!(store.gets() <= 4);
    // Down the chain, what is not meant is found by its parent and not read again.
    assert_eq!(counted(store.descendants(node(LONG - 1_002), marks())), 1);
    assert!(store.gets() <= 2);
}

#[test]
fn a_wide_fan_is_read_as_far_as_is_asked() {
    let store = fan();
    assert_eq!(counted(store.descendants(node(1), WalkOptions::new().with_limit(10))), 10);
    assert!(store.gets() <= 10);
    assert_eq!(counted(store.descendants(node(1), WalkOptions::new().with_depth(1))), WIDE);
    assert_eq!(store.gets(), 0);
    assert_eq!(counted(store.leaves()), WIDE);
    assert!(block_on(store.is_ancestor(node(1), node(WIDE))).unwrap());
    let siblings = block_on(store.common_ancestors(node(2), node(WIDE))).unwrap();
    assert_eq!(siblings.first().map(|event| event.header.id), Some(node(1)));
}

#[test]
fn each_event_of_a_dense_graph_is_read_once_on_the_way() {
    // Each event names the 50 before it: 20 times as many links as events.
    let store = store(1_000, |number| (number.saturating_sub(50).max(1)..number).collect());
    assert_eq!(counted(store.ancestors(node(1_000), WalkOptions::new())), 999);
    assert_eq!(store.gets(), 1_000 + 999);
}
