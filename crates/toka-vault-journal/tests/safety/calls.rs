//! The system calls of a commit in the steady state: one write and one sync, of a file that has its
//! length already.

use std::path::Path;
use std::process::Stdio;

use futures::executor::block_on;
use toka_vault_journal::JournalVault;
use toka_vault_testkit::child::{self, say, wait_for_parent};
use toka_vault_testkit::events::event;

use crate::access::below;

/// Commits one event after the other, and says so before and after.
pub(crate) fn commit(path: &Path, count: u64) {
    let vault = JournalVault::open(path).unwrap();
    block_on(vault.commit(event(1))).unwrap();
    say("ready");
    for number in 2..2 + count {
        block_on(vault.commit(event(number))).unwrap();
        say(&format!("stored {number}"));
    }
    wait_for_parent();
    block_on(vault.close()).unwrap();
}

#[test]
fn a_commit_is_one_write_and_one_sync_of_a_file_that_does_not_grow() {
    let Some(calls) = calls_of_commits() else { return };
    let said =
        |what: &str| calls.iter().position(|call| call.contains("write(1<") && call.contains(what)).unwrap();
    let steady = &calls[said("> stored 2\\n")..said("> stored 21\\n")];
    // What is done to the vault's files, calls that are taken up again left out. The head is recorded
    // by a thread of its own, once a second.
    let on_vault = |call: &&String| call.contains("/vault/") && !call.contains("/vault/head>");
    let names: Vec<&str> = steady
        .iter()
        .filter(on_vault)
        .map(|call| if call.contains("fdatasync(") { "sync" } else { name(call) })
        .collect();
    assert_eq!(names.len(), 2 * 19, "{names:?}");
    assert!(names.chunks(2).all(|pair| pair == ["pwrite64", "sync"]), "{names:?}");
}

#[test]
fn no_file_grows_and_none_comes_while_commits_fit_the_segment() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let vault = JournalVault::open(&path).unwrap();
    block_on(vault.commit(event(1))).unwrap();
    let lengths = || below(&path).into_iter().map(|(path, bytes, _)| (path, bytes)).collect::<Vec<_>>();
    let before = lengths();
    for number in 2..300 {
        block_on(vault.commit(event(number))).unwrap();
    }
    assert_eq!(lengths(), before);
    block_on(vault.close()).unwrap();
    assert_eq!(lengths(), before);
}

#[test]
fn zeros_are_written_past_the_memory_of_the_file_system() {
    let Some(calls) = calls_of_commits() else { return };
    let opened = |call: &&String| call.contains(".segment\"") && call.contains("O_DIRECT");
    assert_eq!(calls.iter().filter(opened).count(), 1, "{calls:#?}");
}

/// Returns the system calls that create a vault and store 21 events; `None`, said aloud, where they cannot
/// be seen.
fn calls_of_commits() -> Option<Vec<String>> {
    if !child::has_strace() {
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let trace = "trace=%file,%desc";
    let strace = ["strace", "-f", "-qq", "-y", "-e", trace, "-s", "64"];
    let mut command = child::under(&strace, "commit", &path, "20");
    command.stderr(Stdio::piped());
    let mut running = child::start(command);
    let lines = child::lines(running.process.stderr.take().unwrap());
    running.wait_for("stored 21");
    running.finish();
    Some(lines.iter().collect())
}

/// Returns the name of the call in a line of `strace`.
fn name(call: &str) -> &str {
    // First the name: the bytes that were written can look like anything.
    let before_arguments = call.split('(').next().unwrap();
    before_arguments.rsplit("] ").next().unwrap().trim_start()
}
