//! When a commit is on the disk: shown by the system calls that a child makes.

use std::process::Stdio;
use std::sync::mpsc::Receiver;

use futures::executor::block_on;
use toka_vault_core::EventStore;
use toka_vault_sled::SledVault;
use toka_vault_testkit::events::{history, numbers};

use crate::support::child::{self, PATIENCE, Running};

/// Is a child whose system calls are listed as they happen.
struct Traced {
    child: Running,
    calls: Receiver<String>,
}

/// An hour in milliseconds: no sync comes by itself.
const HOUR: &str = "3600000";

/// Starts a child that commits one event, under `strace`; says so and returns none without it.
fn traced(vault: &std::path::Path, interval: &str) -> Option<Traced> {
    if !child::has_strace() {
        return None;
    }
    let strace = ["strace", "-f", "-qq", "-y", "-e", "trace=pwrite64,write,fdatasync,fsync", "-s", "64"];
    let mut command = child::under(&strace, "commit", vault, interval);
    command.stderr(Stdio::piped());
    let mut child = child::start(command);
    let calls = child::lines(child.process.stderr.take().unwrap());
    Some(Traced { child, calls })
}

impl Traced {
    /// Reads calls until one of them is completed, by whichever thread.
    fn until(&self, what: impl Fn(&str) -> bool) -> Vec<String> {
        let mut calls = Vec::new();
        loop {
            let call = self.calls.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("not seen: {calls:#?}"));
            let found = what(&call);
            calls.push(call);
            if found {
                return calls;
            }
        }
    }

    fn finish(mut self) {
        self.child.finish();
    }
}

/// Tells whether a line is the child saying something.
fn says(call: &str, what: &str) -> bool {
    call.contains("write(1<") && call.contains(&format!("> {what}"))
}

/// Tells whether a line is the start of a call on sled's data file.
fn starts(call: &str, name: &str) -> bool {
    call.contains(&format!("{name}(")) && call.contains("/sled/db>")
}

/// Finds where a call that starts at `at` has returned, without an error.
fn returned(calls: &[String], at: usize) -> Option<usize> {
    if !calls[at].contains("<unfinished ...>") {
        return calls[at].contains(" = ").then_some(at);
    }
    let thread = calls[at].split(']').next().unwrap();
    let resumed = |call: &String| call.starts_with(thread) && call.contains(" resumed>");
    let end = calls[at..].iter().position(resumed).map(|further| at + further)?;
    (!calls[end].contains("= -1")).then_some(end)
}

/// Asserts that behind the last write to sled's data file comes a sync of it, which has returned.
fn assert_synced(calls: &[String]) {
    let written = calls.iter().rposition(|call| starts(call, "pwrite64"));
    let written = written.unwrap_or_else(|| panic!("nothing was written: {calls:#?}"));
    let written = returned(calls, written).unwrap_or_else(|| panic!("the write did not return: {calls:#?}"));
    let mut synced = (written..calls.len()).filter(|at| starts(&calls[*at], "fdatasync"));
    assert!(synced.any(|at| returned(calls, at).is_some()), "no sync behind the write: {calls:#?}");
}

#[test]
fn a_commit_is_synced_before_it_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let Some(traced) = traced(&dir.path().join("vault"), "") else { return };
    traced.until(|call| says(call, "ready"));
    assert_synced(&traced.until(|call| says(call, "stored")));
    traced.finish();
}

#[test]
fn an_interval_acknowledges_before_the_sync_that_comes_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let Some(traced) = traced(&dir.path().join("vault"), "400") else { return };
    traced.until(|call| says(call, "ready"));
    let before = traced.until(|call| says(call, "stored"));
    assert!(!before.iter().any(|call| starts(call, "fdatasync")), "{before:#?}");
    traced.until(|call| starts(call, "fdatasync"));
    traced.finish();
}

#[test]
fn an_interval_is_synced_by_close() {
    let dir = tempfile::tempdir().unwrap();
    let Some(mut traced) = traced(&dir.path().join("vault"), HOUR) else { return };
    traced.until(|call| says(call, "stored"));
    drop(traced.child.process.stdin.take());
    traced.until(|call| says(call, "closing"));
    let closing = traced.until(|call| says(call, "closed"));
    let synced = (0..closing.len()).find(|at| starts(&closing[*at], "fdatasync"));
    assert!(synced.and_then(|at| returned(&closing, at)).is_some(), "{closing:#?}");
    traced.finish();
}

#[test]
fn an_interval_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let mut child = child::start(child::command("commit", &path, HOUR));
    child.wait_for("stored 1");
    child.kill();
    let vault = SledVault::open(&path).unwrap();
    assert_eq!(numbers(&block_on(history(&vault))), [1]);
    block_on(vault.close()).unwrap();
}
