//! The index part of a vault's files is lost or damaged: that costs a rebuild at most, and no answer.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use toka_vault::verify::Finding;
use toka_vault::{
    Condition, Digest, Error, EventHeader, Filter, NewEvent, Position, ReplayOptions, Result, Vault, verify,
};
#[cfg(feature = "journal")]
use toka_vault_scenarios::journal;
use toka_vault_scenarios::sled;
use toka_vault_testkit::events::{positions, read};
use toka_vault_testkit::runner::run;

/// Events: more than fit the memory of either index, so that both have files.
const EVENTS: u64 = 70_000;

const KINDS: u64 = 7;

/// Changes the files of a vault in this folder.
type Damage = fn(&Path);

/// Makes an event whose every thousandth follows the one before it.
fn event(number: u64, before: Option<&EventHeader>) -> NewEvent {
    let event = NewEvent::new(format!("lost.k{}", number % KINDS), number).unwrap();
    let parent = before.filter(|_| number.is_multiple_of(1_000));
    event.with_parents(&parent.map(|header| header.id).into_iter().collect::<Vec<_>>())
}

async fn fill(vault: &Vault) -> Vec<EventHeader> {
    let mut headers: Vec<EventHeader> = Vec::new();
    while (headers.len() as u64) < EVENTS {
        let first = headers.len() as u64;
        // One thousand at a time, so that a parent is in the vault already.
        let batch = (first..first + 1_000).map(|number| event(number, headers.last())).collect();
        headers.extend(vault.commit_batch(batch).await.unwrap());
    }
    headers
}

/// Asks for everything that an index helps with.
async fn assert_answers(vault: &Vault, headers: &[EventHeader]) {
    for header in headers.iter().step_by(997).chain(headers.last()) {
        assert_eq!(vault.header(header.id).await.unwrap().as_ref(), Some(header));
        assert!(vault.payload(header.digest).await.unwrap().is_some());
        // A known id is answered, not stored again.
        let again = event(header.position.get() - 1, None).with_id(header.id).with_parents(&header.parents);
        assert_eq!(vault.commit(again).await.unwrap(), *header);
    }
    assert_eq!(vault.payload(Digest::of(b"nothing")).await.unwrap(), None);
    let filter = || Filter::kind("lost.k3").unwrap();
    let found = positions(&read(vault.replay(ReplayOptions::new().with_filter(filter()))).await);
    assert_eq!(found, (1..=EVENTS).filter(|position| (position - 1) % KINDS == 3).collect::<Vec<_>>());
    assert_eq!(positions(&read(vault.children(headers[999].id)).await), [1_001]);
    let newest = *found.last().unwrap();
    let none = |after| [Condition::none_after(Position::new(after), filter())];
    let refused = vault.commit_if(event(1, None), &none(newest - 1)).await.unwrap_err();
    let Error::ConditionFailed { position, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(position.get(), newest);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let index = folder.join("vault/index");
    let folders = ["ids", "postings"].map(|name| index.join(name));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    files.map(|entry| entry.unwrap().path()).collect()
}

/// Changes what is in each file of the index.
fn each(folder: &Path, change: impl Fn(&mut Vec<u8>)) {
    for file in files(folder) {
        let mut bytes = fs::read(&file).unwrap();
        change(&mut bytes);
        fs::write(&file, bytes).unwrap();
    }
}

fn costs_a_rebuild_at_most(open: fn(&Path) -> Result<Vault>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_path_buf();
    run(move || async move {
        let vault = open(&path).unwrap();
        let headers = fill(&vault).await;
        vault.close().await.unwrap();
        drop(vault);
        let damages: [(Damage, bool); 5] = [
            (|_| {}, false),
            (|folder| fs::remove_dir_all(folder.join("vault/index")).unwrap(), false),
            (|folder| fs::remove_file(&files(folder)[0]).unwrap(), false),
            (|folder| each(folder, |bytes| bytes.truncate(bytes.len() / 2)), false),
            // In a page of entries, which is not read when the vault is opened.
            (|folder| each(folder, |bytes| bytes[5_000] ^= 1), true),
        ];
        for (number, (damage, is_named)) in damages.into_iter().enumerate() {
            assert!(!files(&path).is_empty(), "damage {number}: there is no file to damage");
            damage(&path);
            let vault = open(&path).unwrap();
            assert_answers(&vault, &headers).await;
            assert_eq!(vault.head().await.unwrap().position.get(), EVENTS);
            let report = verify::verify(&vault, |_| ()).await.unwrap();
            assert!(report.findings.iter().all(|finding| matches!(finding, Finding::WrongIndex { .. })));
            assert_eq!(!report.is_clean(), is_named, "damage {number}: {:?}", report.findings);
            vault.close().await.unwrap();
        }
        // Whoever met the damage has removed those files.
        let vault = open(&path).unwrap();
        assert_answers(&vault, &headers).await;
        assert!(verify::verify(&vault, |_| ()).await.unwrap().is_clean(), "the index was built anew");
        vault.close().await.unwrap();
    });
}

#[test]
fn a_lost_or_damaged_index_costs_a_rebuild_at_most_on_sled() {
    costs_a_rebuild_at_most(sled);
}

#[cfg(feature = "journal")]
#[test]
fn a_lost_or_damaged_index_costs_a_rebuild_at_most_on_a_journal() {
    costs_a_rebuild_at_most(journal);
}
