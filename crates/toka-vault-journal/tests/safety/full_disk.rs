//! Full disks, and whatever else keeps a segment from being made: a commit that there is no room for is refused
//! before anything of it is written. The vault stays open, keeps what it has, and goes on as soon as there is room.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::executor::block_on;
use futures::future::join_all;
use toka_vault_core::{Error, Event, EventStore};
use toka_vault_journal::{JournalOptions, JournalVault};
use toka_vault_testkit::assert_error;
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::child::{self, say};
use toka_vault_testkit::events::{assert_waits, distinct, event, ids, sized};
use toka_vault_testkit::small_disk::SmallDisk;

fn open(path: &Path) -> JournalVault {
    JournalVault::open_with(path, JournalOptions::new().with_segment_bytes(64 << 10)).unwrap()
}

/// Commits events of so many bytes from several tasks until each was refused. Returns the ids of those
/// that were stored, in order.
fn fill_up(vault: &JournalVault, size: usize) -> Vec<toka_vault_core::EventId> {
    let numbers = AtomicU64::new(block_on(vault.head()).unwrap().position.get());
    let task = || async {
        let mut stored = Vec::new();
        loop {
            match vault.commit(distinct(numbers.fetch_add(1, Ordering::Relaxed), size)).await {
                Ok(header) => stored.push((header.position, header.id)),
                Err(Error::NoRoom { .. }) => return stored,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let mut stored: Vec<_> = block_on(join_all((0..4).map(|_| task()))).into_iter().flatten().collect();
    stored.sort_unstable();
    stored.into_iter().map(|(_, id)| id).collect()
}

#[test]
fn a_full_disk_refuses_commits_until_there_is_room_again() {
    for size in [100, 20_000, 1_000_000] {
        let dir = tempfile::tempdir().unwrap();
        let Some(disk) = SmallDisk::mount(dir.path(), "size=4m") else { return };
        let path = dir.path().join("vault");
        let vault = open(&path);
        let mut live = vault.subscribe();
        let mut stored = fill_up(&vault, size);
        assert!(!stored.is_empty(), "{size}");
        assert_error!(block_on(vault.commit(sized(1_000_000))), Error::NoRoom { .. });
        for id in &stored {
            assert_eq!(block_on(live.recv()).unwrap().unwrap().header.id, *id);
        }
        assert_waits(&mut live);
        assert_eq!(ids(&block_on(assert_whole(&vault))), stored);
        // The same handle goes on.
        disk.grow("size=8m");
        stored.extend(fill_up(&vault, size));
        assert_eq!(ids(&block_on(assert_whole(&vault))), stored);
        block_on(vault.close()).unwrap();
        drop(vault);
        // It opens with the disk still full, too.
        let vault = open(&path);
        assert_eq!(ids(&block_on(assert_whole(&vault))), stored);
        disk.grow("size=16m");
        stored.push(block_on(vault.commit(event(1))).unwrap().id);
        drop(vault);
        assert_eq!(ids(&block_on(assert_whole(&open(&path)))), stored);
    }
}

#[test]
fn a_vault_that_lost_its_index_opens_on_a_disk_without_room_for_another() {
    let dir = tempfile::tempdir().unwrap();
    let Some(_disk) = SmallDisk::mount(dir.path(), "size=8m,nr_inodes=40") else { return };
    let path = dir.path().join("vault");
    let vault = open(&path);
    let mut stored = vec![block_on(vault.commit(event(1))).unwrap().id];
    block_on(vault.close()).unwrap();
    drop(vault);
    std::fs::remove_dir_all(path.join("index")).unwrap();
    // Each file takes room of its own, however short it is.
    let files = (0..).map(|number| dir.path().join(format!("{number}")));
    let files: Vec<_> = files.take_while(|file| std::fs::File::create_new(file).is_ok()).collect();
    let vault = open(&path);
    assert!(!path.join("index").exists(), "there was room");
    assert_eq!(block_on(vault.get(stored[0])).unwrap().unwrap().header.id, stored[0]);
    // The segment at hand has room.
    stored.push(block_on(vault.commit(event(2))).unwrap().id);
    assert_eq!(ids(&block_on(assert_whole(&vault))), stored);
    drop(vault);
    files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
    let vault = open(&path);
    assert!(path.join("index/ids").exists() && path.join("index/postings").exists());
    assert_eq!(ids(&block_on(assert_whole(&vault))), stored);
}

#[test]
fn a_disk_that_is_full_at_creation_is_told_and_the_next_open_creates_the_vault() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path(), "size=1m") else { return };
    let path = dir.path().join("vault");
    // A segment of the usual size does not fit.
    assert_error!(JournalVault::open(&path), Error::NoRoom { .. });
    disk.grow("size=64m");
    let vault = JournalVault::open(&path).unwrap();
    block_on(vault.commit(event(1))).unwrap();
    assert_eq!(block_on(assert_whole(&vault)).len(), 1);
    drop(vault);
}

/// Commits a small event, one that needs a file larger than this process may write, and a small one.
pub(crate) fn commit_too_large(path: &Path) {
    let vault = open(path);
    for size in [10, 1_000_000, 10] {
        say(&crate::access::told(block_on(vault.commit(sized(size)))));
    }
    say(&crate::access::told(block_on(vault.close())));
}

/// Commits without a descriptor left until that is refused, and again with some.
pub(crate) fn commit_without_descriptors(path: &Path) {
    let vault = open(path);
    block_on(vault.commit(event(1))).unwrap();
    let held: Vec<_> = std::iter::from_fn(|| std::fs::File::open(path.join("format")).ok()).collect();
    let refusal = (0..20).find_map(|number| block_on(vault.commit(distinct(number, 20_000))).err());
    say(&crate::access::told(refusal.map_or(Ok(()), Err)));
    drop(held);
    say(&crate::access::told(block_on(vault.commit(sized(20_000)))));
    say(&crate::access::told(block_on(vault.close())));
    drop(vault);
    say(&crate::access::told(block_on(assert_whole(&open(path))).last().map(drop).ok_or(Error::Closed)));
}

#[cfg(unix)]
#[test]
fn too_many_open_files_refuse_a_commit_and_those_that_come_later_are_stored() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let script = "ulimit -n 60; exec \"$0\" \"$@\"";
    let command = child::under(&["sh", "-c", script], "no descriptor", &path, "");
    assert_eq!(child::start(command).finish(), ["Io", "fine", "fine", "fine"]);
}

#[cfg(unix)]
#[test]
fn files_that_may_not_grow_are_like_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    // In the shell's units of 512 bytes; a signal that is ignored stays so in its children.
    let script = "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\"";
    let mut command = child::under(&["sh", "-c", script], "too large", &path, "");
    command.env("RUST_BACKTRACE", "0");
    assert_eq!(child::start(command).finish(), ["fine", "NoRoom", "fine", "fine"]);
    let found: Vec<Event> = block_on(assert_whole(&open(&path)));
    assert_eq!(found.len(), 2);
}
