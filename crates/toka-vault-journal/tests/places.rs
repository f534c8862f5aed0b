//! What a path leads to changes while a vault is open: it stays the one that was opened. Alone in its process,
//! whose working directory it changes.
#![cfg(unix)]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use futures::executor::block_on;
use toka_vault_core::{Error, EventStore};
use toka_vault_journal::{JournalOptions, JournalVault};
use toka_vault_testkit::assert_error;
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::events::{batch, event};
use toka_vault_testkit::runner::watched;

/// Opens a vault of small segments.
fn open(path: &Path) -> JournalVault {
    JournalVault::open_with(path, JournalOptions::new().with_segment_bytes(64 << 10)).unwrap()
}

/// Makes a closed vault of some segments, and returns what is in its files.
fn another(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let vault = open(path);
    block_on(vault.commit_batch(batch(0..1_000))).unwrap();
    block_on(vault.close()).unwrap();
    drop(vault);
    files(path)
}

/// Returns what is in the files below a directory.
fn files(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(path).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), PathBuf::from(entry.unwrap().file_name()));
        match path.is_dir() {
            true => found.extend(files(&path).into_iter().map(|(inside, bytes)| (name.join(inside), bytes))),
            false => drop(found.insert(name, fs::read(path).unwrap())),
        }
    }
    found
}

/// Commits events of several segments, one by one, until the first that is refused. Returns how many were not.
fn commit(vault: &JournalVault) -> (u64, Option<Error>) {
    for number in 0..1_000 {
        if let Err(error) = block_on(vault.commit(event(number))) {
            return (number, Some(error));
        }
    }
    (1_000, None)
}

#[test]
fn a_vault_stays_the_one_that_was_opened() {
    watched(|| {
        let temporary = tempfile::tempdir().unwrap();
        let [here, there] = ["a", "b"].map(|name| temporary.path().join(name));
        [&here, &there].into_iter().for_each(|path| fs::create_dir(path).unwrap());

        // Opened by a path from the working directory, which then is another with another vault of that name.
        std::env::set_current_dir(&here).unwrap();
        let vault = open(Path::new("v"));
        let before = another(&there.join("v"));
        let reader = JournalVault::open_read_only("v").unwrap();
        std::env::set_current_dir(&there).unwrap();
        assert_eq!(commit(&vault).0, 1_000);
        let head = block_on(vault.head()).unwrap();
        block_on(vault.close()).unwrap();
        drop(vault);
        assert_eq!(block_on(assert_whole(&open(&here.join("v")))).len(), 1_000);
        while block_on(reader.head()).unwrap() != head {
            std::thread::yield_now();
        }
        assert_eq!(files(&there.join("v")), before);

        // Moved away while it is open, and another put in its place: no file of that one is touched, and what was
        // acknowledged is in the one that was moved.
        let [place, away, other] = ["place", "away", "other"].map(|name| temporary.path().join(name));
        let (vault, before) = (open(&place), another(&other));
        fs::rename(&place, &away).unwrap();
        fs::rename(&other, &place).unwrap();
        let (acknowledged, refusal) = commit(&vault);
        assert_error!(Err::<(), _>(refusal.unwrap()), Error::Io { .. });
        // It is known where it is now, and the one in its place is another.
        assert_error!(JournalVault::open(&away), Error::Locked { holder: "this process", .. });
        drop(open(&place));
        drop(vault);
        assert_eq!(files(&place), before);
        assert_eq!(block_on(assert_whole(&open(&away))).len() as u64, acknowledged);
    });
}
