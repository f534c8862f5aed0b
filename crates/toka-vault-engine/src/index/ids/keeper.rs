//! [`Keeper`]: the thread that moves ids to disk, and what it agrees on with the others.
//!
//! Keeps the invariants that ids leave memory only once they can be found on disk; and that those of
//! events which are not durable yet stay in memory. Where they cannot be written, on a full disk or for
//! whatever reason, they stay as well, up to the bound; from there on whoever needs room has the thread try
//! again.
//!
//! Invariant 18 of `docs/architecture.md`, which names the tests that show it.

use std::sync::Arc;

use toka_vault_core::{Error, Position, Result};

use super::{Batch, Recent};
use crate::guard::guarded;
use crate::index::runs::{CLOSING, Entry, Notes, Runs};
use crate::sync::{Condvar, Mutex, RwLock, lock, read, wait, write};
use crate::told::told;

/// Lets the index's thread, the writer of the log and the closer agree.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Up to where the log is durable.
    durable: Position,
    /// The position that the thread waits for to become durable.
    awaited: Option<Position>,
    stop: bool,
    /// Why ids stay in memory, until somebody needs room and has it tried again.
    obstacle: Option<Error>,
}

impl Keeper {
    /// Starts with a log that is durable up to `durable`.
    pub(super) fn new(durable: Position) -> Self {
        Self { state: Mutex::new(State { durable, ..State::default() }), changed: Condvar::new() }
    }

    /// Moves ids to disk until the index is closed; at the end all that are worth it, so that the next open
    /// need not read their events.
    pub(super) fn run(&self, recent: &RwLock<Recent>, runs: &Runs) {
        while let Some(batch) = self.next(recent) {
            if let Err(error) = self.write(&batch, recent, runs) {
                self.pause(error);
                continue;
            }
            // It can take long: what gathers meanwhile is written in between.
            let stops = || {
                self.write_ready(recent, runs);
                lock(&self.state).stop
            };
            if let Err(error) = guarded("merge the index", || runs.merge(&stops)) {
                // The files are as good as before, and are merged with the next one.
                tracing::warn!(error = told(&error), "a vault cannot merge the files of its index yet");
            }
        }
        let written = guarded("write the index", || self.write_rest(recent, runs));
        if let Err(error) = written {
            tracing::warn!(
                error = told(&error),
                "a vault reads its newest ids from its log when it is opened again"
            );
        }
    }

    /// Writes a batch, which leaves memory then.
    fn write(&self, batch: &Batch, recent: &RwLock<Recent>, runs: &Runs) -> Result<()> {
        guarded("write the index", || runs.add(sorted(batch), notes(batch), batch.cover))
            .map_err(Error::or_no_room)?;
        write(recent).leaving = None;
        self.wake();
        Ok(())
    }

    /// Writes a batch, if one is ready and nothing has kept the last one from being written.
    fn write_ready(&self, recent: &RwLock<Recent>, runs: &Runs) {
        let ready = {
            let mut state = lock(&self.state);
            if state.obstacle.is_some() { None } else { state.ready(recent) }
        };
        let Some(batch) = ready else { return };
        if let Err(error) = self.write(&batch, recent, runs) {
            self.meet(error);
        }
    }

    /// Writes what is still in memory, if it is durable and worth a file.
    fn write_rest(&self, recent: &RwLock<Recent>, runs: &Runs) -> Result<()> {
        let leaving = {
            let mut recent = write(recent);
            if recent.leaving.is_none() && recent.is_worth(CLOSING) {
                recent.send_off();
            }
            recent.leaving.clone()
        };
        let durable = lock(&self.state).durable;
        match leaving.filter(|batch| batch.cover.last <= durable) {
            Some(batch) => runs.add(sorted(&batch), notes(&batch), batch.cover),
            None => Ok(()),
        }
    }

    /// Waits until somebody needs room, or the index is closed.
    fn pause(&self, obstacle: Error) {
        self.meet(obstacle);
        let mut state = lock(&self.state);
        while state.obstacle.is_some() && !state.stop {
            state = wait(&self.changed, state);
        }
    }

    /// Says why ids stay in memory.
    fn meet(&self, obstacle: Error) {
        tracing::warn!(error = told(&obstacle), "a vault keeps its newest ids in memory");
        lock(&self.state).obstacle = Some(obstacle);
        self.changed.notify_all();
    }

    /// Says that the ids in memory have changed.
    ///
    /// The caller does not hold them locked: whoever takes both locks takes this one first.
    pub(super) fn wake(&self) {
        // Under the lock, so that nobody can miss it between a look and a wait.
        let _state = lock(&self.state);
        self.changed.notify_all();
    }

    /// Says up to where the log is durable.
    pub(super) fn durable(&self, head: Position) {
        let mut state = lock(&self.state);
        state.durable = head;
        if state.awaited.is_some_and(|awaited| awaited <= head) {
            self.changed.notify_all();
        }
    }

    /// Ends the thread after what it is at.
    pub(super) fn stop(&self) {
        lock(&self.state).stop = true;
        self.changed.notify_all();
    }

    /// Waits until not too many ids are in memory, or something keeps them there although it was tried again.
    pub(super) fn wait_for_room(&self, recent: &RwLock<Recent>) -> Result<()> {
        let mut state = lock(&self.state);
        if !read(recent).has_room() && state.obstacle.take().is_some() {
            self.changed.notify_all();
        }
        loop {
            if read(recent).has_room() || state.stop {
                return Ok(());
            }
            if let Some(obstacle) = &state.obstacle {
                return Err(obstacle.clone());
            }
            state = wait(&self.changed, state);
        }
    }

    /// Waits for a batch whose events are durable, or returns `None` at the end.
    fn next(&self, recent: &RwLock<Recent>) -> Option<Arc<Batch>> {
        let mut state = lock(&self.state);
        loop {
            if state.stop {
                return None;
            }
            match state.ready(recent) {
                Some(batch) => return Some(batch),
                None => state = wait(&self.changed, state),
            }
        }
    }
}

impl State {
    /// Sends off what has gathered, if it is enough and nothing is on its way. Returns what is on its way, if it
    /// is durable.
    fn ready(&mut self, recent: &RwLock<Recent>) -> Option<Arc<Batch>> {
        let leaving = {
            let mut recent = write(recent);
            if recent.is_ready() {
                recent.send_off();
            }
            recent.leaving.clone()
        };
        self.awaited = leaving.as_ref().map(|batch| batch.cover.last);
        leaving.filter(|batch| batch.cover.last <= self.durable)
    }
}

/// Returns the entries of a batch in the order of a file.
fn sorted(batch: &Batch) -> Vec<Entry> {
    let mut entries: Vec<_> = batch.ids.iter().map(|(id, position)| (id.into(), position)).collect();
    entries.sort_unstable();
    entries
}

/// Returns what a file tells of a batch besides its entries.
fn notes(batch: &Batch) -> Notes {
    Notes { gaps: batch.gaps.clone(), ..Notes::default() }
}
