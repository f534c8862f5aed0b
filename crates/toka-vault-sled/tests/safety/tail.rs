//! The end of the log: what was never acknowledged is removed, and what was is missed.

use std::path::Path;

use futures::executor::block_on;
use toka_vault_core::{Error, EventStore};
use toka_vault_sled::SledVault;
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::events::{batch, event};
use toka_vault_testkit::runner::watched;
use toka_vault_testkit::{assert_error, events};

use crate::support::child;
use crate::support::folder::Content;
use crate::support::{damaged_positions, filled, open_accepting, raw};

/// Makes a vault with 300 events, and keeps what it was at 200.
fn two_states(path: &Path) -> (Content, Content) {
    filled(path, 200);
    let old = Content::read(path);
    let vault = SledVault::open(path).unwrap();
    for number in 201..=300 {
        block_on(vault.commit(event(number))).unwrap();
    }
    block_on(vault.close()).unwrap();
    (old, Content::read(path))
}

/// Opens a vault that has lost its tail: refused each time, then accepted, then fine.
fn assert_tail_lost(path: &Path, acknowledged: u64) {
    let head = Content::read(path).file("head").clone();
    let named = path.canonicalize().unwrap();
    // However the vault is named, an error names it as it names the files in it.
    for path in [path, &path.join("sled/..")] {
        let error = SledVault::open(path).unwrap_err();
        let Error::TailLost { path, acknowledged: told, found } = &error else { panic!("{error:?}") };
        assert!(told.get() == acknowledged && found < told, "{error:?}");
        assert_eq!(*path, named);
        assert_eq!(*Content::read(path).file("head"), head, "the record of what was acknowledged");
    }
    let vault = open_accepting(path).unwrap();
    assert!(damaged_positions(&vault).is_empty());
    let left = block_on(vault.head()).unwrap().position.get();
    assert!(left < acknowledged);
    block_on(vault.commit(event(left + 1))).unwrap();
    block_on(vault.close()).unwrap();
    let vault = SledVault::open(path).unwrap();
    assert_eq!(block_on(assert_whole(&vault)).len() as u64, left + 1);
}

/// Finds where in sled's data file an event is mentioned first.
fn place(path: &Path, content: &Content, position: u64) -> usize {
    content.write(path);
    let vault = SledVault::open(path).unwrap();
    let id = block_on(assert_whole(&vault))[position as usize - 1].header.id.to_bytes();
    drop(vault);
    let data = content.clone().file("sled/db").clone();
    data.windows(id.len()).position(|bytes| bytes == id).unwrap()
}

#[test]
fn a_log_that_was_cut_off_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let (_, whole) = two_states(dir.path());
    for newest in [300, 299, 290, 240] {
        let mut content = whole.clone();
        let length = place(dir.path(), &whole, newest);
        content.file("sled/db").truncate(length);
        content.write(dir.path());
        assert_tail_lost(dir.path(), 300);
    }
}

#[test]
fn a_log_whose_end_was_overwritten_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let (_, whole) = two_states(dir.path());
    for (newest, byte) in [(300, 0), (299, 0xff), (260, 0xa5)] {
        let mut content = whole.clone();
        let start = place(dir.path(), &whole, newest);
        content.file("sled/db")[start..].fill(byte);
        content.write(dir.path());
        assert_tail_lost(dir.path(), 300);
    }
}

#[test]
fn a_log_that_is_older_than_its_record_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let (mut old, mut new) = two_states(dir.path());
    *old.file("head") = new.file("head").clone();
    old.write(dir.path());
    assert_tail_lost(dir.path(), 300);
}

#[test]
fn a_record_behind_the_log_is_fine() {
    let dir = tempfile::tempdir().unwrap();
    let (mut old, mut new) = two_states(dir.path());
    *new.file("head") = old.file("head").clone();
    new.write(dir.path());
    let vault = SledVault::open(dir.path()).unwrap();
    assert_eq!(block_on(assert_whole(&vault)).len(), 300);
}

#[test]
fn a_torn_record_is_fine_and_an_older_one_still_counts() {
    let dir = tempfile::tempdir().unwrap();
    let (_, whole) = two_states(dir.path());
    let slots = whole.clone().file("head").len().div_ceil(4_096);
    for slot in 0..slots {
        let mut content = whole.clone();
        content.file("head")[slot * 4_096 + 20] ^= 0x10;
        content.write(dir.path());
        let vault = SledVault::open(dir.path()).unwrap();
        assert_eq!(block_on(assert_whole(&vault)).len(), 300);
        block_on(vault.close()).unwrap();
    }
    let mut content = whole;
    content.file("head").fill(0xa5);
    content.write(dir.path());
    let vault = SledVault::open(dir.path()).unwrap();
    assert_eq!(block_on(assert_whole(&vault)).len(), 300);
}

#[test]
fn a_record_that_is_missing_or_cut_off_is_told_and_begins_anew_where_that_is_accepted() {
    for length in [None, Some(0), Some(5_000)] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 50);
        let head = dir.path().join("head");
        match length {
            None => std::fs::remove_file(&head).unwrap(),
            Some(length) => std::fs::write(&head, &std::fs::read(&head).unwrap()[..length]).unwrap(),
        }
        assert_error!(SledVault::open(dir.path()), Error::Damaged { .. });
        drop(open_accepting(dir.path()).unwrap());
        assert_eq!(block_on(assert_whole(&SledVault::open(dir.path()).unwrap())).len(), 50);
    }
}

#[test]
fn a_record_of_another_history_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (mine, other) = (dir.path().join("mine"), dir.path().join("other"));
    filled(&mine, 50);
    filled(&other, 50);
    std::fs::copy(other.join("head"), mine.join("head")).unwrap();
    assert_error!(SledVault::open(&mine), Error::Damaged { .. });
}

/// Adds a group of many blocks, removes one of them, and makes the vault forget that the group was
/// acknowledged if `unacknowledged`.
fn with_torn_group(path: &Path, nth: usize, unacknowledged: bool) {
    filled(path, 200);
    let head = std::fs::read(path.join("head")).unwrap();
    let vault = SledVault::open(path).unwrap();
    block_on(vault.commit_batch(batch(201..1_201))).unwrap();
    block_on(vault.close()).unwrap();
    raw::change(path, |db| {
        let group: Vec<u64> = raw::blocks(db).into_iter().filter(|first| *first > 200).collect();
        assert!(group.len() > 5, "{group:?}");
        let first = group[nth.min(group.len() - 1)];
        db.remove(raw::block_key(first)).unwrap().unwrap();
    });
    if unacknowledged {
        std::fs::write(path.join("head"), head).unwrap();
    }
}

#[test]
fn a_group_without_its_last_block_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    with_torn_group(dir.path(), usize::MAX, true);
    let vault = SledVault::open(dir.path()).unwrap();
    assert_eq!(block_on(assert_whole(&vault)).len(), 200);
    block_on(vault.commit(event(201))).unwrap();
    block_on(vault.close()).unwrap();
    raw::change(dir.path(), |db| assert_eq!(*raw::blocks(db).last().unwrap(), 201));
    let vault = SledVault::open(dir.path()).unwrap();
    assert_eq!(events::numbers(&block_on(assert_whole(&vault))).last(), Some(&201));
}

#[test]
fn an_acknowledged_group_without_its_last_block_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    with_torn_group(dir.path(), usize::MAX, false);
    assert_tail_lost(dir.path(), 1_200);
}

#[test]
fn an_acknowledged_group_without_a_block_inside_is_damaged_there() {
    let dir = tempfile::tempdir().unwrap();
    with_torn_group(dir.path(), 2, false);
    let vault = SledVault::open(dir.path()).unwrap();
    let damaged = damaged_positions(&vault);
    assert!(damaged.len() < 200 && damaged[0] > 201, "{damaged:?}");
}

#[test]
fn chunks_without_a_block_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 20);
    raw::change(dir.path(), |db| {
        for (position, chunk) in [(21, 0), (21, 1), (22, 0), (900, 7)] {
            db.insert(raw::chunk_key(position, chunk), vec![1; 16 << 10]).unwrap();
        }
    });
    let vault = SledVault::open(dir.path()).unwrap();
    assert_eq!(block_on(assert_whole(&vault)).len(), 20);
    block_on(vault.close()).unwrap();
    raw::change(dir.path(), |db| assert_eq!(raw::chunks(db), 0));
}

#[test]
fn an_accepted_loss_is_recorded_only_once_the_end_that_was_found_is_durable() {
    if !child::has_strace() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let (_, mut whole) = two_states(&path);
    let length = place(&path, &whole, 290);
    whole.file("sled/db").truncate(length);
    whole.write(&path);
    let trace = dir.path().join("trace");
    let strace = ["strace", "-f", "-qq", "-y", "-e", "trace=pwrite64,fdatasync", "-s", "0", "-o"];
    let strace = [strace.as_slice(), &[trace.to_str().unwrap()]].concat();
    let said = child::start(child::under(&strace, "read, accepting", &path, "")).finish();
    assert!(said[0].starts_with("opened "), "{said:?}");
    let calls = std::fs::read_to_string(trace).unwrap();
    // All three slots are filled with zeros, and then one has the end.
    let of = |file: &str, name: &str| {
        let calls = calls.lines().enumerate().filter(|(_, call)| call.contains(file) && call.contains(name));
        calls.map(|(at, call)| (at, call.to_owned())).collect::<Vec<_>>()
    };
    let emptied = of("/head>", "pwrite64(").into_iter().find(|(_, call)| call.contains(", 12288, 0"));
    let emptied = emptied.unwrap_or_else(|| panic!("nothing was recorded: {calls}")).0;
    let before = |name| of("/sled/db>", name).into_iter().map(|(at, _)| at).filter(|at| *at < emptied).max();
    let synced = before("fdatasync(").unwrap_or_else(|| panic!("nothing was synced: {calls}"));
    assert!(before("pwrite64(").is_none_or(|written| written < synced), "{calls}");
}

#[test]
fn the_search_for_the_end_ends_before_the_first_event() {
    watched(|| {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 3);
        raw::change(dir.path(), |db| {
            let blocks = raw::blocks(db);
            let other = db.get(raw::block_key(blocks[0])).unwrap().unwrap();
            blocks.into_iter().for_each(|first| drop(db.remove(raw::block_key(first)).unwrap()));
            db.insert(raw::block_key(0), other).unwrap();
        });
        let refused = SledVault::open(dir.path());
        assert_error!(refused, Error::TailLost { acknowledged, found, .. } if (acknowledged.get(), found.get()) == (3, 0));
        let vault = open_accepting(dir.path()).unwrap();
        block_on(vault.commit(event(1))).unwrap();
        block_on(vault.close()).unwrap();
        assert_eq!(block_on(assert_whole(&SledVault::open(dir.path()).unwrap())).len(), 1);
    });
}
