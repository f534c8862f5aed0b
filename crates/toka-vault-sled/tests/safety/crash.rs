//! `kill -9`, again and again, on one vault that grows: every acknowledged event is there, once, in
//! order, with its payload.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use serde_json::json;
use toka_vault_core::{Event, EventHeader, EventStore, NewEvent};
use toka_vault_sled::SledVault;
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::events::{id, text_of};

use crate::support::{Chance, child, folder};

const ROUNDS: u64 = 50;

/// Tasks that commit at the same time.
const TASKS: u64 = 5;

/// Most commits of a task in a round, so that a child ends in any case.
const COMMITS_MAX: u64 = 2_000;

/// Says what a commit holds, so that its events can be made again from its number.
fn commit(number: u64, last: Option<&EventHeader>) -> Vec<NewEvent> {
    let size = match number % TASKS {
        2 => 8,
        3 => 40,
        _ => 1,
    };
    let make = |index: u64| {
        let payload = json!({ "commit": number, "index": index, "of": size, "text": text(number, index) });
        let event = NewEvent::new("crash.event", payload).unwrap();
        // Some bring their ids, and name what the task committed before.
        let parents: Vec<_> = last.iter().map(|header| header.id).collect();
        let event = event.with_parents(&parents);
        if number.is_multiple_of(2) { event.with_id(id(number * 100 + index)) } else { event }
    };
    (0..size).map(make).collect()
}

/// Makes the text of an event, which some have a lot of.
fn text(number: u64, index: u64) -> String {
    let size = match (number % TASKS, number % 7) {
        (4, 0) => 400_000,
        (4, _) => 6_000,
        _ => 40 + (number * 31 + index * 7) % 400,
    };
    text_of(size as usize)
}

/// Commits from several tasks until it is killed, and says each acknowledgement.
pub(crate) fn write(path: &Path, round: u64) {
    child::say("opening");
    let vault = Arc::new(SledVault::open(path).unwrap());
    child::say("open");
    let task = |task: u64| {
        let vault = vault.clone();
        async move {
            let mut last: Option<EventHeader> = None;
            for nth in 0..COMMITS_MAX {
                let number = (round * COMMITS_MAX + nth) * TASKS + task;
                let headers = vault.commit_batch(commit(number, last.as_ref())).await.unwrap();
                child::say(&format!("stored {number} {}", headers[0].position));
                last = headers.into_iter().next_back();
            }
        }
    };
    let runtime = toka_vault_testkit::runner::runtime();
    let tasks: Vec<_> = (0..TASKS).map(|nth| runtime.spawn(task(nth))).collect();
    block_on(futures::future::join_all(tasks));
}

/// Is what the killed children had acknowledged: the first position of each commit, by its number.
type Acknowledged = BTreeMap<u64, u64>;

/// Starts a child, kills it at a moment of chance, and notes what it had said.
fn round(path: &Path, round: u64, chance: &mut Chance, acknowledged: &mut Acknowledged) {
    let mut child = child::start(child::command("write", path, &round.to_string()));
    child.wait_for("opening");
    let mut said = Vec::new();
    if round % 5 == 4 {
        // The moment is the condition: somewhere during open.
        said.extend(child.hear_within(Duration::from_micros(200 + chance.below(25_000))).flatten());
    } else {
        let enough = chance.below(150);
        while said.len() as u64 <= enough {
            said.extend(child.hear());
        }
    }
    said.extend(child.kill());
    for line in said.iter().filter_map(|line| line.strip_prefix("stored ")) {
        let (number, position) = line.split_once(' ').unwrap();
        acknowledged.insert(number.parse().unwrap(), position.parse().unwrap());
    }
}

/// Asserts that a history has all that was acknowledged where it was, and whole commits only.
fn assert_complete(events: &[Event], acknowledged: &Acknowledged) {
    let mut found = Acknowledged::new();
    let mut rest = events;
    while let Some(first) = rest.first() {
        let content = first.payload.to_json().unwrap();
        let (number, size) = (content["commit"].as_u64().unwrap(), content["of"].as_u64().unwrap());
        let (commit, later) = rest.split_at(size as usize);
        for (index, event) in commit.iter().enumerate() {
            let index = index as u64;
            let expected =
                json!({ "commit": number, "index": index, "of": size, "text": text(number, index) });
            assert!(event.payload.to_json().unwrap() == expected, "{:?}", event.header);
            let brought = id(number * 100 + index);
            assert_eq!(event.header.id == brought, number.is_multiple_of(2), "{:?}", event.header);
        }
        let again = found.insert(number, first.position().get());
        assert_eq!(again, None, "commit {number} is there twice");
        rest = later;
    }
    for (number, position) in acknowledged {
        assert_eq!(found.get(number), Some(position), "commit {number} was acknowledged");
    }
}

#[test]
fn fifty_kills_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let (mut chance, mut acknowledged) = (Chance(0x6b11), Acknowledged::new());
    let mut events = 0;
    for nth in 0..ROUNDS {
        round(&path, nth, &mut chance, &mut acknowledged);
        let vault = SledVault::open(&path).unwrap();
        let history = block_on(assert_whole(&vault));
        assert_complete(&history, &acknowledged);
        events = history.len();
        drop(vault);
        assert!(folder::blobs(&path).is_empty());
    }
    eprintln!("{} acknowledged commits, {events} events", acknowledged.len());
    assert!(acknowledged.len() > 1_000);
}
