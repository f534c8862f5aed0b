//! Full disks: a typed error at once, and nothing that was acknowledged is lost.

use std::path::Path;

use futures::executor::block_on;
use toka_vault_core::{Event, EventStore};
use toka_vault_sled::SledVault;
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::events::{distinct, event};
use toka_vault_testkit::small_disk::SmallDisk;

use crate::support::child;

/// Fills a vault up in a child under `wrapper`, and checks what it tells. Returns how many events
/// were acknowledged.
fn fill_up(wrapper: &[&str], path: &Path, size: usize) -> u64 {
    let mut child = child::start(child::under(wrapper, "fill", path, &size.to_string()));
    let said = child.finish();
    let stored = said.iter().filter(|line| line.starts_with("stored ")).count() as u64;
    let rest: Vec<_> = said[stored as usize..].iter().map(String::as_str).collect();
    if rest == ["refused Io"] {
        return stored;
    }
    let [first, second, reads, head, close] = rest[..] else { panic!("{said:?}") };
    assert_eq!([first, second], ["then OutcomeUnknown", "then Poisoned"]);
    let published = head.strip_prefix("head ").unwrap();
    // What sled has in a page with the write that failed, it cannot read until it is opened anew.
    let (reads, published): (u64, u64) =
        (reads.strip_prefix("reads ").unwrap().parse().unwrap(), published.parse().unwrap());
    assert!(published >= stored && reads <= published);
    eprintln!("{reads} of {published} events can be read with the disk full");
    assert_eq!(close, "close Poisoned");
    // Only a full disk can keep the failure from being noted.
    assert!(wrapper.is_empty() || path.join("unsynced").is_file());
    stored
}

/// Asserts that a vault has what was acknowledged, no more than one commit beside it, and goes on.
fn assert_recovers(path: &Path, stored: u64, size: usize) -> u64 {
    let vault = SledVault::open(path).unwrap();
    let events = block_on(assert_whole(&vault));
    let found = events.len() as u64;
    assert!(found == stored || found == stored + 1, "{found} events, {stored} were acknowledged");
    let expected = |event: &Event| distinct(event.position().get(), size).payload;
    assert!(events.iter().all(|event| event.payload == expected(event) || event.payload.bytes().len() < 50));
    block_on(vault.commit(event(1))).unwrap();
    block_on(vault.close()).unwrap();
    found + 1
}

#[cfg(unix)]
#[test]
fn files_that_may_not_grow_are_like_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    for size in [100, 3_000, 50_000, 1_000_000] {
        let path = dir.path().join(size.to_string());
        let mut stored = 0;
        for kilobytes in [2_100, 3_000, 5_000] {
            // In the shell's units; a signal that is ignored stays so in its children.
            let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kilobytes * 2);
            stored += fill_up(&["sh", "-c", &script], &path, size);
            stored = assert_recovers(&path, stored, size);
        }
    }
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for size in [100, 50_000, 1_000_000] {
        let Some(disk) = SmallDisk::mount(dir.path(), "size=8m") else { return };
        let path = dir.path().join("vault");
        let mut stored = fill_up(&[], &path, size);
        assert!(stored > 0);
        // Still full: what is there can be read, or a typed error says why not.
        let mut again = child::start(child::command("open", &path, ""));
        let told = again.finish();
        assert!(["fine", "Io", "Storage"].contains(&told[0].as_str()), "{told:?}");
        disk.grow("size=64m");
        stored = assert_recovers(&path, stored, size);
        disk.grow("size=12m");
        stored += fill_up(&[], &path, size);
        disk.grow("size=64m");
        assert_recovers(&path, stored, size);
    }
}

#[test]
fn a_disk_that_is_full_at_creation_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path(), "size=8k") else { return };
    let path = dir.path().join("vault");
    let told = child::start(child::command("open", &path, "")).finish();
    assert_eq!(told, ["Io"]);
    disk.grow("size=64m");
    assert_recovers(&path, 0, 1);
}
