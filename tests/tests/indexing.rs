//! A vault that is opened with the index of ids alone, and with all again: the answers stay right, and the
//! files of the other index stay as they are until they are completed.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use toka_vault::{
    Condition, Digest, Error, EventHeader, Filter, Indexing, NewEvent, Position, ReplayOptions, Result,
    SledOptions, SledVault, Vault, verify,
};
#[cfg(feature = "journal")]
use toka_vault::{JournalOptions, JournalVault};
use toka_vault_testkit::events::{positions, read};
use toka_vault_testkit::runner::run;

/// Events of one opening: so many that closing writes files of them.
const EVENTS: u64 = 6_000;

const KINDS: u64 = 7;

/// Events of a batch. Its first has the payload that others share, its second follows the batch before it.
const BATCH: u64 = 10;

/// The indexes of one opening after the other.
const OPENINGS: [Indexing; 5] = [Indexing::Ids, Indexing::All, Indexing::Ids, Indexing::All, Indexing::All];

/// Opens the vault in a folder.
type Open = fn(&Path, Indexing) -> Result<Vault>;

fn sled(folder: &Path, indexing: Indexing) -> Result<Vault> {
    let options = SledOptions::new().with_indexing(indexing);
    SledVault::open_with(folder.join("vault"), options).map(Vault::Sled)
}

#[cfg(feature = "journal")]
fn journal(folder: &Path, indexing: Indexing) -> Result<Vault> {
    let options = JournalOptions::new().with_indexing(indexing);
    JournalVault::open_with(folder.join("vault"), options).map(Vault::Journal)
}

/// Makes the event of a number, which is its position less one.
fn event(number: u64, before: Option<&EventHeader>) -> NewEvent {
    let kind = format!("indexing.k{}", number % KINDS);
    match number % BATCH {
        0 => NewEvent::new(kind, "s".repeat(1_000)).unwrap(),
        1 => NewEvent::new(kind, number).unwrap().with_parents(before.map(|header| header.id).as_slice()),
        _ => NewEvent::new(kind, number).unwrap(),
    }
}

async fn fill(vault: &Vault, headers: &mut Vec<EventHeader>) {
    // What an index knows of the shared payload is known from here on.
    let _ = vault.payload(event(0, None).payload.digest()).await.unwrap();
    for _ in 0..EVENTS / BATCH {
        let first = headers.len() as u64;
        let batch = (first..first + BATCH).map(|number| event(number, headers.last())).collect();
        headers.extend(vault.commit_batch(batch).await.unwrap());
    }
}

/// Asks for everything that the postings help with, and for each event.
async fn assert_answers(vault: &Vault, headers: &[EventHeader]) {
    let events = headers.len() as u64;
    let filter = || Filter::kind("indexing.k3").unwrap();
    let found = positions(&read(vault.replay(ReplayOptions::new().with_filter(filter()))).await);
    let expected: Vec<u64> = (1..=events).filter(|position| (position - 1) % KINDS == 3).collect();
    assert_eq!(found, expected);
    for parent in headers.iter().step_by(BATCH as usize).skip(1).map(|header| header.position.get() - 1) {
        if parent % 1_000 == 0 {
            assert_eq!(positions(&read(vault.children(headers[parent as usize - 1].id)).await), [parent + 2]);
        }
    }
    for header in headers.iter().step_by(997) {
        let payload = event(header.position.get() - 1, None).payload;
        assert_eq!(vault.payload(header.digest).await.unwrap(), Some(payload));
        assert_eq!(vault.header(header.id).await.unwrap().as_ref(), Some(header));
    }
    assert_eq!(vault.payload(Digest::of(b"nothing")).await.unwrap(), None);
    let first = headers[BATCH as usize - 1].id;
    refuses(vault, Condition::none_after(Position::new(1), filter()), 4).await;
    refuses(vault, Condition::Leaf(first), BATCH + 2).await;
    let mut history = vault.replay(ReplayOptions::new());
    for header in headers {
        let stored = history.try_next().await.unwrap().unwrap();
        assert_eq!(stored.header, *header);
        assert!(stored.payload == event(header.position.get() - 1, None).payload);
    }
}

/// Asserts that the event at a position stands against a condition.
async fn refuses(vault: &Vault, condition: Condition, against: u64) {
    let refused = vault.commit_if(event(1, None), &[condition]).await.unwrap_err();
    let Error::ConditionFailed { position, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(position.get(), against);
}

/// Returns the files of the postings, with their bytes.
fn postings(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder.join("vault/index/postings")) else { return BTreeMap::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

fn answers_whatever_is_indexed(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_path_buf();
    run(move || async move {
        let mut headers = Vec::new();
        let mut kept = 0;
        for indexing in OPENINGS {
            let before = postings(&path);
            let vault = open(&path, indexing).unwrap();
            fill(&vault, &mut headers).await;
            assert_answers(&vault, &headers).await;
            // Without the index, the payload of earlier openings is not known, and kept once more.
            kept += u64::from(indexing == Indexing::Ids);
            let carriers = headers.len() as u64 / BATCH;
            let bytes = event(0, None).payload.bytes().len() as u64;
            assert_eq!(vault.shared_bytes().await.unwrap(), (carriers - kept) * bytes);
            let report = verify::verify(&vault, |_| ()).await.unwrap();
            assert!(report.is_clean(), "{:?}", report.findings);
            vault.close().await.unwrap();
            drop(vault);
            assert_eq!(postings(&path) == before, indexing == Indexing::Ids, "files of {indexing:?}");
        }
    });
}

#[test]
fn answers_are_right_whatever_is_indexed_on_sled() {
    answers_whatever_is_indexed(sled);
}

#[cfg(feature = "journal")]
#[test]
fn answers_are_right_whatever_is_indexed_on_a_journal() {
    answers_whatever_is_indexed(journal);
}
