//! [`Spares`]: the next segment, filled with zeros before it is needed.
//!
//! A file that grows has its length and its place on disk written with every sync; one that was
//! filled before is only overwritten, which syncs faster by a third or more.
//!
//! Keeps the invariants that a segment is handed out only after its zeros and its name are durable; and
//! that one that could not be made in full is removed, so that it takes no room.
//!
//! Invariant 7a of `docs/architecture.md`, which names the tests that show it.

use std::sync::Arc;

use toka_vault_core::{Error, Result};
use toka_vault_engine::disk::{Directory, StoredFile};
use toka_vault_engine::sync::{Condvar, Mutex, MutexGuard, lock, wait};
use toka_vault_engine::thread::{JoinHandle, spawn};
use toka_vault_engine::told;

use crate::segment_header::file_name;

/// Bytes of zeros that are synced at once where a segment is made ahead, and where they lie in memory until
/// then. Commits are synced to the same disk meanwhile: while 16 MiB were synced at once, one commit of a
/// thousand waited 29 ms, and 12 ms with these steps (64 committers, measured). Steps of 64 KiB are so many
/// syncs that the segment is late.
const SYNCED_BYTES: u64 = 512 << 10;

/// Makes segments, one of them ahead of its use.
#[derive(Debug)]
pub(crate) struct Spares {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    directory: Arc<dyn Directory>,
    /// Bytes of a segment.
    bytes: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The segment to make ahead.
    wanted: Option<u64>,
    /// The segment that is being made.
    making: bool,
    ready: Option<(u64, Arc<dyn StoredFile>)>,
    stop: bool,
}

impl Spares {
    /// Makes segments of `bytes` bytes where they are asked for, none ahead.
    pub(crate) fn on_demand(directory: Arc<dyn Directory>, bytes: u64) -> Self {
        let (state, changed) = (Mutex::default(), Condvar::new());
        Self { shared: Arc::new(Shared { directory, bytes, state, changed }), thread: None }
    }

    /// Starts to make segments ahead, on a thread.
    pub(crate) fn start_ahead(&mut self) -> Result<()> {
        let shared = self.shared.clone();
        self.thread = Some(spawn("toka-fill", move || shared.run())?);
        Ok(())
    }

    /// Asks for a segment to be made ahead.
    pub(crate) fn want(&self, number: u64) {
        self.shared.state().wanted = Some(number);
        self.shared.changed.notify_all();
    }

    /// Returns a segment with room for at least `bytes` bytes, made now where it is not ready.
    ///
    /// # Errors
    ///
    /// [`Error::NoRoom`] where the disk is full, [`Error::Io`] where it fails. Then there is no such
    /// segment, and no other was touched.
    pub(crate) fn take(&self, number: u64, bytes: u64) -> Result<Arc<dyn StoredFile>> {
        let shared = &self.shared;
        let mut state = shared.state();
        while state.making {
            state = wait(&shared.changed, state);
        }
        state.wanted = None;
        let ready = state.ready.take();
        drop(state);
        match ready {
            Some((ready, file)) if ready == number && bytes <= shared.bytes => Ok(file),
            _ => {
                let bytes = bytes.max(shared.bytes);
                // Nobody commits beside this: one sync is enough.
                shared.make(number, bytes, bytes).map_err(Error::or_no_room)
            }
        }
    }

    /// Ends the thread, and removes the segment that nobody has used.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.shared.state().stop = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and has nothing to return.
            let _ = thread.join();
        }
        match self.shared.state().ready.take() {
            Some((number, _)) => self.shared.directory.remove(&file_name(number)),
            None => Ok(()),
        }
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        // What cannot be removed is removed at the next open.
        let _ = self.close();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Makes what is wanted until there is nothing to do any more.
    fn run(&self) {
        let mut state = self.state();
        while !state.stop {
            let Some(number) = state.wanted.take() else {
                state = wait(&self.changed, state);
                continue;
            };
            state.making = true;
            drop(state);
            let made = self.make(number, self.bytes, SYNCED_BYTES);
            state = self.state();
            state.making = false;
            match made {
                Ok(file) => state.ready = Some((number, file)),
                // Whoever needs the segment makes it, and meets the failure.
                Err(error) => {
                    tracing::warn!(error = told(&error), number, "a segment could not be made ahead")
                }
            }
            self.changed.notify_all();
        }
    }

    /// Makes a segment of zeros, of which so many are synced at once at most.
    fn make(&self, number: u64, bytes: u64, synced: u64) -> Result<Arc<dyn StoredFile>> {
        let name = file_name(number);
        let file = self.directory.create(&name)?;
        let filled = file.fill(bytes, synced).and_then(|()| self.directory.sync());
        if let Err(error) = filled {
            // Gives back the room that a full disk needs; the failure that counts is the first.
            let _ = self.directory.remove(&name);
            return Err(error);
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use toka_vault_testkit::sim::{Change, SimDirectory};

    use super::*;

    /// How often each segment was synced.
    fn syncs(directory: &SimDirectory) -> [usize; 2] {
        let changes = directory.changes();
        [0, 1]
            .map(|number| changes.iter().filter(|change| **change == Change::Sync(file_name(number))).count())
    }

    #[test]
    fn only_what_is_made_beside_commits_is_synced_step_by_step() {
        let (directory, bytes) = (SimDirectory::default(), 4 * SYNCED_BYTES + 1);
        let mut spares = Spares::on_demand(Arc::new(directory.clone()), bytes);
        spares.take(0, 0).unwrap();
        assert_eq!(syncs(&directory), [1, 0]);
        spares.start_ahead().unwrap();
        spares.want(1);
        while lock(&spares.shared.state).ready.is_none() {
            std::thread::yield_now();
        }
        assert_eq!(spares.take(1, 0).unwrap().len().unwrap(), bytes);
        assert_eq!(syncs(&directory), [1, 5]);
    }
}
