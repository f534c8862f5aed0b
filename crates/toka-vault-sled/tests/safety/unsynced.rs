//! A write that failed: what it left in the memory of the system is on the disk before anybody is shown it.

use std::path::Path;

use futures::executor::block_on;
use toka_vault_core::EventStore;
use toka_vault_sled::SledVault;
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::events::event;

use crate::support::child;

/// Makes a vault with one event, and has a child commit until a sync of sled's file fails.
fn failed(path: &Path) {
    let vault = SledVault::open(path).unwrap();
    block_on(vault.commit(event(1))).unwrap();
    block_on(vault.close()).unwrap();
    let data = path.join("sled/db");
    let inject = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", data.to_str().unwrap()];
    let inject = [inject.as_slice(), &["-e", "inject=fdatasync:error=EIO"]].concat();
    let said = child::start(child::under(&inject, "fill", path, "100")).finish();
    assert_eq!(said.first().map(String::as_str), Some("then OutcomeUnknown"), "{said:?}");
}

/// Opens a vault in a child, and returns its calls on sled's file and on the note.
fn calls_of_open(path: &Path) -> String {
    let trace = path.with_extension("trace");
    let strace = ["strace", "-f", "-qq", "-y", "-e", "trace=pwrite64,fdatasync,fsync,unlink", "-s", "0"];
    let strace = [strace.as_slice(), &["-o", trace.to_str().unwrap()]].concat();
    let said = child::start(child::under(&strace, "open", path, "")).finish();
    assert_eq!(said, ["fine"]);
    std::fs::read_to_string(trace).unwrap()
}

/// Tells whether a call writes the first MiB of sled's file.
fn writes_first_step(call: &str) -> bool {
    call.contains("/sled/db>") && call.contains(", 1048576, 0) =")
}

#[test]
fn what_a_failed_sync_left_is_written_again_before_the_next_open_shows_it() {
    if !child::has_strace() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    failed(&path);
    assert!(path.join("unsynced").is_file());

    let calls = calls_of_open(&path);
    let length = std::fs::metadata(path.join("sled/db")).unwrap().len();
    let of_data = |name: &str| {
        let calls = calls.lines().enumerate().filter(|(_, call)| call.contains("/sled/db>"));
        calls.filter(|(_, call)| call.contains(name)).map(|(at, _)| at).collect::<Vec<_>>()
    };
    let removed = calls.lines().position(|call| call.contains("unlink(") && call.contains("unsynced"));
    let removed = removed.unwrap_or_else(|| panic!("the note was not removed: {calls}"));
    assert!(calls.lines().any(writes_first_step), "{calls}");
    let written = of_data("pwrite64(").iter().filter(|at| **at < removed).count() as u64;
    assert_eq!(written, length.div_ceil(1 << 20), "{calls}");
    assert!(of_data("sync").iter().any(|at| *at < removed), "it was not synced: {calls}");

    assert!(!path.join("unsynced").exists());
    let vault = SledVault::open(&path).unwrap();
    assert_eq!(block_on(assert_whole(&vault)).len(), 2);
    block_on(vault.commit(event(3))).unwrap();
}

#[test]
fn a_vault_that_was_opened_without_a_failure_is_not_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    drop(SledVault::open(&path).unwrap());
    assert!(!path.join("unsynced").exists());
    if child::has_strace() {
        let calls = calls_of_open(&path);
        // sled itself writes there too, but not so much at once.
        assert!(!calls.lines().any(writes_first_step), "{calls}");
    }
}
