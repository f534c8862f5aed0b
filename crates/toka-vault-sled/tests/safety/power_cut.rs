//! Power cuts: of what was written since the last sync, the disk keeps any sectors it likes.

use std::path::Path;

use futures::executor::block_on;
use toka_vault_core::{EventStore, NewEvent};
use toka_vault_sled::SledVault;
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::events::{batch, distinct};

use crate::support::Chance;
use crate::support::folder::Content;

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// Makes a file of which each sector is the old or the new one.
fn torn(old: &[u8], new: &[u8], chance: &mut Chance) -> Vec<u8> {
    // Some cuts keep nearly all, some nearly nothing; some lose the newest length too.
    let kept = chance.below(101);
    let long = chance.below(4) > 0;
    let length = if long { new.len().max(old.len()) } else { old.len() };
    let mut torn = old.to_vec();
    torn.resize(length, 0);
    for (sector, to) in torn.chunks_mut(SECTOR_BYTES).enumerate() {
        let from = new.get(sector * SECTOR_BYTES..).unwrap_or_default();
        let count = from.len().min(to.len());
        if count > 0 && from[..count] != to[..count] && chance.below(100) < kept {
            to[..count].copy_from_slice(&from[..count]);
        }
    }
    torn
}

/// Makes the state that a power cut leaves between two moments.
fn cut(old: &Content, new: &Content, chance: &mut Chance) -> Content {
    let mut cut = new.clone();
    let head = chance.below(5) == 0;
    let mut between = |name: &str| torn(old.clone().file(name), new.clone().file(name), chance);
    // The head is recorded once the data is synced: what there is of it proves all of the data.
    match head {
        true => *cut.file("head") = between("head"),
        false => {
            *cut.file("sled/db") = between("sled/db");
            *cut.file("head") = old.clone().file("head").clone();
        }
    }
    cut
}

/// Opens what a cut left and asserts that all up to `count` is there, and that it goes on.
fn assert_recovers(path: &Path, cut: &Content, count: usize, more: usize) {
    cut.write(path);
    let vault = SledVault::open(path).unwrap();
    let events = block_on(assert_whole(&vault)).len();
    assert!(events == count || events == count + more, "{events} events of {count} and {more}");
    block_on(vault.commit_batch(batch(0..3))).unwrap();
    drop(vault);
    let vault = SledVault::open(path).unwrap();
    assert_eq!(block_on(assert_whole(&vault)).len(), events + 3);
}

/// Draws a commit: small or large, one event or many.
fn draw(chance: &mut Chance) -> Vec<NewEvent> {
    match chance.below(5) {
        0 => batch(0..1),
        1 => batch(0..300),
        2 => (0..20).map(|_| distinct(chance.below(u64::MAX), 3_000)).collect(),
        3 => vec![distinct(chance.below(u64::MAX), 90_000)],
        _ => [15_000, 50, 30_000].map(|size| distinct(chance.below(u64::MAX), size)).into(),
    }
}

#[test]
fn a_power_cut_during_a_commit_leaves_all_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let (live, copy) = (dir.path().join("live"), dir.path().join("copy"));
    let mut chance = Chance(0x0ff);
    let mut count = 0;
    for _ in 0..4 {
        let vault = SledVault::open(&live).unwrap();
        for _ in 0..10 {
            let before = Content::read(&live);
            let commit = draw(&mut chance);
            let more = commit.len();
            block_on(vault.commit_batch(commit)).unwrap();
            let after = Content::read(&live);
            for _ in 0..2 {
                assert_recovers(&copy, &cut(&before, &after, &mut chance), count, more);
            }
            count += more;
        }
    }
}

#[test]
fn a_power_cut_during_open_leaves_all() {
    let dir = tempfile::tempdir().unwrap();
    let (live, copy) = (dir.path().join("live"), dir.path().join("copy"));
    let mut chance = Chance(0x0ff5);
    let mut count = 0;
    for _ in 0..12 {
        let vault = SledVault::open(&live).unwrap();
        for _ in 0..3 {
            let commit = draw(&mut chance);
            count += commit.len();
            block_on(vault.commit_batch(commit)).unwrap();
        }
        // As after a kill: nothing of closing is done.
        let before = Content::read(&live);
        before.write(&copy);
        drop(SledVault::open(&copy).unwrap());
        let after = Content::read(&copy);
        for _ in 0..3 {
            assert_recovers(&copy, &cut(&before, &after, &mut chance), count, 0);
        }
    }
}
