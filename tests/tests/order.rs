//! Replay order = commit order = subscription order, at size: 8 writers, 8 subscribers, 100,000
//! events, batches never split; and a subscriber that sleeps through 50,000.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use futures::future::join_all;
use toka_vault::{Event, EventHeader, EventId, NewEvent, ReplayOptions, StartFrom, Subscription, Vault};
use toka_vault_scenarios::{journal, memory, sled};
use toka_vault_testkit::runner::run;

const WRITERS: u64 = 8;
const SUBSCRIBERS: usize = 8;
const EVENTS: u64 = 100_000;

/// Commits of different sizes, one after the other.
const BATCHES: [u64; 6] = [1, 7, 1, 20, 64, 3];

#[test]
fn all_readers_see_the_order_of_commit_in_memory() {
    run(|| all_readers_see_the_order_of_commit(memory()));
}

#[test]
fn all_readers_see_the_order_of_commit_on_sled() {
    let folder = tempfile::tempdir().unwrap();
    run(move || async move { all_readers_see_the_order_of_commit(sled(folder.path()).unwrap()).await });
}

#[test]
fn a_sleeping_subscriber_misses_nothing_in_memory() {
    run(|| a_sleeping_subscriber_misses_nothing(memory()));
}

#[test]
fn a_sleeping_subscriber_misses_nothing_on_sled() {
    let folder = tempfile::tempdir().unwrap();
    run(move || async move { a_sleeping_subscriber_misses_nothing(sled(folder.path()).unwrap()).await });
}

#[test]
fn all_readers_see_the_order_of_commit_on_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    run(move || async move { all_readers_see_the_order_of_commit(journal(folder.path()).unwrap()).await });
}

#[test]
fn a_sleeping_subscriber_misses_nothing_on_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    run(move || async move { a_sleeping_subscriber_misses_nothing(journal(folder.path()).unwrap()).await });
}

async fn all_readers_see_the_order_of_commit(vault: Vault) {
    let starts = [StartFrom::Beginning, StartFrom::Head];
    let subscribers: Vec<_> =
        (0..SUBSCRIBERS).map(|n| tokio::spawn(follow(vault.subscribe_from(starts[n % 2])))).collect();
    let writers = (0..WRITERS).map(|writer| tokio::spawn(write(vault.clone(), writer)));
    let mut told: Vec<_> = join_all(writers).await.into_iter().flat_map(Result::unwrap).collect();
    told.sort_by_key(|batch| batch[0].position);
    let told = told.concat();

    let mut replay = vault.replay(ReplayOptions::new());
    for header in &told {
        assert_eq!(replay.try_next().await.unwrap().unwrap().header, *header);
    }
    assert!(replay.try_next().await.unwrap().is_none());
    assert_eq!(told.len() as u64, EVENTS);
    let order: Vec<_> = told.iter().map(|header| header.id).collect();
    for subscriber in subscribers {
        assert!(subscriber.await.unwrap() == order, "a subscriber saw another order");
    }
    let report = toka_vault::verify::verify(&vault, |_| ()).await.unwrap();
    assert!(report.is_clean() && report.events == EVENTS, "{report:?}");
}

/// Commits a writer's share and returns the headers of each batch. A batch is asserted to stand
/// together, which the caller compares with what readers see.
async fn write(vault: Vault, writer: u64) -> Vec<Vec<EventHeader>> {
    let mut batches = Vec::new();
    let (mut left, mut round) = (EVENTS / WRITERS, 0);
    while left > 0 {
        let size = BATCHES[round % BATCHES.len()].min(left);
        let events = (0..size).map(|n| NewEvent::new("order.test", [writer, round as u64, n]).unwrap());
        let headers = vault.commit_batch(events.collect()).await.unwrap();
        let first = headers[0].position;
        assert!(
            headers.iter().zip(0..).all(|(header, n)| header.position == first.plus(n)),
            "a batch was split"
        );
        batches.push(headers);
        left -= size;
        round += 1;
    }
    batches
}

/// Receives all events and returns their ids.
async fn follow(mut subscription: Subscription) -> Vec<EventId> {
    let mut ids = Vec::new();
    while (ids.len() as u64) < EVENTS {
        ids.push(next(&mut subscription).await.header.id);
    }
    ids
}

async fn next(subscription: &mut Subscription) -> Event {
    subscription.recv().await.unwrap().expect("the vault is open")
}

async fn a_sleeping_subscriber_misses_nothing(vault: Vault) {
    let mut sleeper = vault.subscribe();
    vault.commit_json("sleep.test", 0, &[]).await.unwrap();
    assert_eq!(next(&mut sleeper).await.position().get(), 1);
    for batch in 0..50 {
        let events = (0..1_000).map(|n| NewEvent::new("sleep.test", batch * 1_000 + n).unwrap());
        vault.commit_batch(events.collect()).await.unwrap();
    }
    for number in 0..50_000_u64 {
        let event = next(&mut sleeper).await;
        assert_eq!((event.position().get(), event.payload.decode::<u64>().unwrap()), (number + 2, number));
    }
    vault.commit_json("sleep.test", 50_000, &[]).await.unwrap();
    assert_eq!(next(&mut sleeper).await.position().get(), 50_002);
}
