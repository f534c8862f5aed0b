//! Conditions under contention, on every back-end: 64 tasks that all want each of 1,000 seats, and an
//! account that eight writers read, decide on and write to.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::join_all;
use toka_vault::{
    Condition, Error, Event, EventHeader, Filter, InMemoryVault, NewEvent, Position, ReplayOptions,
    StartFrom, Vault, verify,
};
use toka_vault_scenarios::{journal, memory, sled};
use toka_vault_testkit::runner::run;

const TASKS: usize = 64;
const SEATS: usize = 1_000;

/// Seats that a task tries for at the same time.
const LOT: usize = 50;

const WRITERS: u64 = 8;

/// How often each writer adds to the account.
const ADDED: u64 = 50;

#[test]
fn each_seat_has_one_winner_in_memory() {
    run(|| each_seat_has_one_winner(memory()));
}

#[test]
fn each_seat_has_one_winner_on_sled() {
    let folder = tempfile::tempdir().unwrap();
    run(move || async move { each_seat_has_one_winner(sled(folder.path()).unwrap()).await });
}

#[test]
fn each_seat_has_one_winner_on_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    run(move || async move { each_seat_has_one_winner(journal(folder.path()).unwrap()).await });
}

#[test]
fn each_seat_has_one_winner_behind_a_pointer() {
    run(|| each_seat_has_one_winner(Vault::Custom(Arc::new(InMemoryVault::unbounded()))));
}

#[test]
fn no_update_is_lost_in_memory() {
    run(|| no_update_is_lost(memory()));
}

#[test]
fn no_update_is_lost_on_sled() {
    let folder = tempfile::tempdir().unwrap();
    run(move || async move { no_update_is_lost(sled(folder.path()).unwrap()).await });
}

#[test]
fn no_update_is_lost_on_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    run(move || async move { no_update_is_lost(journal(folder.path()).unwrap()).await });
}

#[test]
fn no_update_is_lost_behind_a_pointer() {
    run(|| no_update_is_lost(Vault::Custom(Arc::new(InMemoryVault::unbounded()))));
}

async fn each_seat_has_one_winner(vault: Vault) {
    let tasks = (0..TASKS).map(|task| tokio::spawn(take_all(vault.clone(), task)));
    let tries = join_all(tasks).await.into_iter().flat_map(Result::unwrap);

    let (mut won, mut lost) = (HashMap::new(), Vec::new());
    for (seat, outcome) in tries {
        match outcome {
            Ok(header) => assert!(won.insert(seat, header).is_none(), "seat {seat} was taken twice"),
            Err(Error::ConditionFailed { position, .. }) => lost.push((seat, position)),
            Err(other) => panic!("seat {seat}: {other:?}"),
        }
    }
    assert_eq!((won.len(), lost.len()), (SEATS, (TASKS - 1) * SEATS));
    for (seat, position) in lost {
        assert_eq!(position, won[&seat].position, "the refusal of seat {seat} names another event");
    }

    // What is stored is what was won, and nothing else.
    let history = all(&vault, ReplayOptions::new()).await;
    assert_eq!(history.len(), SEATS);
    assert!(won.values().all(|header| history[header.position.get() as usize - 1].header == *header));
    let report = verify::verify(&vault, |_| ()).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

/// Tries to take every seat, lot by lot, under the condition that nobody has it.
async fn take_all(vault: Vault, task: usize) -> Vec<(usize, Result<EventHeader, Error>)> {
    let mut outcomes = Vec::new();
    let seats: Vec<usize> = (0..SEATS).collect();
    for lot in seats.chunks(LOT) {
        let take = async |seat: usize| {
            let kind = format!("seat.{seat}.taken");
            let free = [Condition::none_after(Position::ZERO, Filter::kind(&kind).unwrap())];
            (seat, vault.commit_if(NewEvent::new(kind, task).unwrap(), &free).await)
        };
        outcomes.extend(join_all(lot.iter().copied().map(take)).await);
    }
    outcomes
}

async fn no_update_is_lost(vault: Vault) {
    let writers = (0..WRITERS).map(|_| tokio::spawn(add(vault.clone())));
    let refused: u64 = join_all(writers).await.into_iter().map(Result::unwrap).sum();
    let history = all(&vault, ReplayOptions::new()).await;
    let balances: Vec<u64> = history.iter().map(|event| event.payload.decode().unwrap()).collect();
    assert_eq!(balances, (1..=WRITERS * ADDED).collect::<Vec<_>>());
    assert!(refused > 0, "no writer met another");
}

/// Adds to the account again and again: reads what it comes to, decides, and commits where nothing was
/// added in between. Returns how often that was refused.
async fn add(vault: Vault) -> u64 {
    let account = Filter::kind("account.7.*").unwrap();
    let (mut balance, mut seen, mut refused) = (0_u64, Position::ZERO, 0);
    for _ in 0..ADDED {
        loop {
            let new = ReplayOptions::new().with_start(StartFrom::After(seen)).with_filter(account.clone());
            if let Some(event) = all(&vault, new).await.last() {
                (balance, seen) = (event.payload.decode().unwrap(), event.position());
            }
            // Others read the same balance now, and one of them is faster.
            tokio::task::yield_now().await;
            let next = NewEvent::new("account.7.deposited", balance + 1).unwrap();
            match vault.commit_if(next, &[Condition::none_after(seen, account.clone())]).await {
                Ok(_) => break,
                Err(Error::ConditionFailed { .. }) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    refused
}

async fn all(vault: &Vault, options: ReplayOptions) -> Vec<Event> {
    let mut replay = vault.replay(options);
    let mut events = Vec::new();
    while let Some(event) = replay.try_next().await.unwrap() {
        events.push(event);
    }
    events
}
