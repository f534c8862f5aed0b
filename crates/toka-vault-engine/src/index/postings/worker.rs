//! [`Worker`]: the thread that follows the log and moves postings to disk.
//!
//! Keeps the invariants that what is held leaves memory only once it can be found on disk, and that
//! only what is durable gets there. Where it fails, on a full disk or for whatever reason, the vault goes on,
//! whoever asks reads the log, and it tries again once more has become durable.
//!
//! Invariant 18 of `docs/architecture.md`, which names the tests that show it.

use std::sync::Arc;

use toka_vault_core::{Error, Position, Result};

use super::BATCH;
use super::feed::Feed;
use super::gathered::Gathered;
use super::memory::Memory;
use crate::guard::guarded;
use crate::index::runs::{CLOSING, Notes, Runs};
use crate::limits::{TAIL_BYTES_MAX, TAIL_EVENTS_MAX, sized};
use crate::sync::{Condvar, Mutex, lock, wait};
use crate::told::told;

/// Events that become durable before the thread takes them: often enough that they are in the tail
/// still, and that whoever asks finds little missing; seldom enough that waking it costs little. Few in tests,
/// so that they see many files.
const FOLLOW_EVENTS: u64 = sized(2_048, 40, 4) as u64;

/// Bytes of payloads and parents that do the same.
const FOLLOW_BYTES: usize = sized(TAIL_BYTES_MAX / 2, 16 << 10, 16 << 10);

const _: () = assert!(2 * FOLLOW_EVENTS as usize <= TAIL_EVENTS_MAX);

/// Lets the thread, the writer of the log and the closer agree.
#[derive(Debug)]
pub(super) struct Worker {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Up to where the log was durable when it was opened: so far it is followed at once, so that a
    /// payload of then is found by who commits it again.
    opened: Position,
    /// Up to where the log is durable.
    durable: Position,
    /// From where on the thread wants to know that more is durable.
    awaited: Position,
    /// What the events hold that became durable since the thread has taken all there were.
    bytes: usize,
    /// What those hold that are not durable yet.
    coming: usize,
    /// From where on it tries again what a full disk has refused.
    retry: Position,
    stop: bool,
}

impl Worker {
    /// Starts with a log that is durable up to `durable`.
    pub(super) fn new(durable: Position) -> Self {
        let (opened, awaited, retry) = (durable, Position::ZERO, Position::ZERO);
        let state = State { opened, durable, awaited, bytes: 0, coming: 0, retry, stop: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Follows the log until it is told to stop, or fails. At the end it writes what it holds, if that is
    /// worth it, so that the next open need not read those events.
    pub(super) fn run(&self, memory: &Memory, runs: &Runs, feed: Feed<'_>) {
        while let Some(durable) = self.next(memory) {
            match guarded("index", || self.step(memory, runs, feed, durable)).map_err(Error::or_no_room) {
                Ok(()) => {}
                // It panicked, and may not hold what it says.
                Err(error @ Error::Storage { .. }) => {
                    tracing::error!(
                        error = told(&error),
                        "a vault cannot index its events; filters read the log instead"
                    );
                    return;
                }
                Err(error) => {
                    tracing::warn!(error = told(&error), "a vault cannot index its newest events yet");
                    lock(&self.state).retry = durable.plus(FOLLOW_EVENTS);
                }
            }
        }
        let durable = lock(&self.state).durable;
        let written = guarded("index", || write_file(memory.send_off(durable, CLOSING), runs));
        if let Err(error) = written {
            tracing::warn!(error = told(&error), "a vault indexes its newest events when it is opened again");
        }
    }

    /// Says that events which hold so many bytes will be durable.
    pub(super) fn coming(&self, bytes: usize) {
        let mut state = lock(&self.state);
        state.coming = state.coming.saturating_add(bytes);
    }

    /// Says up to where the log is durable.
    pub(super) fn durable(&self, head: Position) {
        let mut state = lock(&self.state);
        state.durable = head;
        state.bytes = state.bytes.saturating_add(std::mem::take(&mut state.coming));
        if head >= state.awaited || (state.has_many_bytes() && head >= state.retry) {
            self.changed.notify_all();
        }
    }

    /// Says that there may be enough for a file.
    pub(super) fn wake(&self) {
        // Under the lock, so that it cannot be missed between a look and a wait.
        let _state = lock(&self.state);
        self.changed.notify_all();
    }

    /// Ends the thread after what it is at.
    pub(super) fn stop(&self) {
        lock(&self.state).stop = true;
        self.changed.notify_all();
    }

    /// Reads what has become durable, and makes a file of it where that is enough for one.
    fn step(&self, memory: &Memory, runs: &Runs, feed: Feed<'_>, durable: Position) -> Result<()> {
        // Not all at once, so that nobody waits long for its end, or for the lock that it holds.
        memory.follow(feed, durable.min(memory.covered().plus(FOLLOW_EVENTS)))?;
        let Some(leaving) = memory.send_off(durable, BATCH) else { return Ok(()) };
        write_file(Some(leaving), runs)?;
        memory.arrived(runs.last());
        runs.merge(&|| lock(&self.state).stop)
    }

    /// Waits until there is something to do, and returns up to where the log is durable; `None` at the
    /// end.
    fn next(&self, memory: &Memory) -> Option<Position> {
        let mut state = lock(&self.state);
        loop {
            if state.stop {
                return None;
            }
            let covered = memory.covered();
            let due = covered.plus(FOLLOW_EVENTS);
            let behind = state.durable >= due || covered < state.opened || state.has_many_bytes();
            let ready = behind || memory.is_ready(state.durable);
            if ready && state.durable >= state.retry {
                if state.durable <= due {
                    // One step takes them all. Those that come meanwhile are few: they wait for more.
                    state.bytes = 0;
                }
                return Some(state.durable);
            }
            // Whoever asked may have read ahead of what is durable, and enough for a file.
            let read = memory.is_ready(Position::new(u64::MAX));
            state.awaited = if read { memory.covered() } else { due }.max(state.retry);
            state = wait(&self.changed, state);
        }
    }
}

impl State {
    /// Tells whether what has come is to be taken, however few events it is.
    fn has_many_bytes(&self) -> bool {
        self.bytes >= FOLLOW_BYTES
    }
}

/// Writes what is on its way to disk.
fn write_file(leaving: Option<Arc<Gathered>>, runs: &Runs) -> Result<()> {
    let Some((leaving, cover)) = leaving.as_ref().and_then(|leaving| Some((leaving, leaving.cover()?)))
    else {
        return Ok(());
    };
    runs.add(leaving.entries(), Notes { zones: leaving.zones(), ..Notes::default() }, cover)
}
