//! A child that commits from several tasks is killed, again and again: what it was told to be stored is
//! there, once, in order, with its payload.

use std::path::Path;

use futures::executor::block_on;
use futures::future::join_all;
use toka_vault_core::{EventStore, ReplayOptions};
use toka_vault_journal::{JournalOptions, JournalVault};
use toka_vault_testkit::child::{self, say};
use toka_vault_testkit::events::{event, history, items, numbers};

/// How often the child is killed.
const ROUNDS: u64 = 50;

/// Tasks that commit at the same time.
const TASKS: u64 = 4;

/// So small that segments are begun all the time.
fn open(path: &Path) -> JournalVault {
    JournalVault::open_with(path, JournalOptions::new().with_segment_bytes(64 << 10)).unwrap()
}

/// Commits without end, numbers from `first` on, and tells each one that is stored.
pub(crate) fn write(path: &Path, first: u64) {
    say("opening");
    let vault = open(path);
    let task = |task: u64| {
        let vault = &vault;
        async move {
            for number in (first + task..).step_by(TASKS as usize) {
                let header = vault.commit(event(number)).await.unwrap();
                say(&format!("{} {number}", header.position));
            }
        }
    };
    block_on(join_all((0..TASKS).map(task)));
}

#[test]
fn what_was_acknowledged_survives_fifty_kills() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let mut acknowledged: Vec<(u64, u64)> = Vec::new();
    for round in 0..ROUNDS {
        let mut running = child::start(child::command("write", &path, &(round * 1_000_000).to_string()));
        running.wait_for("opening");
        // A fifth of them is killed while it opens the vault, the others after some commits.
        let heard: Vec<String> = match round % 5 {
            0 => Vec::new(),
            many => std::iter::from_fn(|| running.hear()).take(many as usize * 40).collect(),
        };
        for line in heard.into_iter().chain(running.kill()) {
            // The last line may be cut off by the kill.
            let told =
                line.split_once(' ').and_then(|(at, number)| Some((at.parse().ok()?, number.parse().ok()?)));
            acknowledged.extend(told);
        }
        check(&path, &acknowledged);
    }
    assert!(acknowledged.len() > 1_000, "{}", acknowledged.len());
}

/// Opens the vault and holds it against what was acknowledged.
fn check(path: &Path, acknowledged: &[(u64, u64)]) {
    let vault = open(path);
    let events = block_on(history(&vault));
    let stored = numbers(&events);
    for (position, number) in acknowledged {
        assert_eq!(stored.get(*position as usize - 1), Some(number), "at position {position}");
    }
    let unique: std::collections::BTreeSet<_> = stored.iter().collect();
    assert_eq!(unique.len(), stored.len(), "an event is there twice");
    assert!(block_on(items(vault.replay(ReplayOptions::new()))).iter().all(Result::is_ok));
    block_on(vault.close()).unwrap();
}
