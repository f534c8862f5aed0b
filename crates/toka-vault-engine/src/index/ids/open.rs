//! [`IdIndex::open`]: an index that agrees with its log, from whatever its directory holds.
//!
//! Keeps the invariant that what its files do not cover is read from the log: at once, or, where there is no
//! room for it, by whoever looks for an id, until there is.

use std::ops::ControlFlow;
use std::sync::Arc;

use toka_vault_core::{Error, Event, Position, Result};

use super::keeper::Keeper;
use super::{Disk, IdIndex, LAYOUT, Recent};
use crate::chunk::scan;
use crate::disk::Directory;
use crate::index::Span;
use crate::index::runs::Runs;
use crate::log::Log;
use crate::sync::{Mutex, RwLock, read, write};
use crate::told::told;

impl IdIndex {
    /// Builds an index in memory, of all events of a log.
    ///
    /// # Errors
    ///
    /// A failure to read the log.
    pub(crate) fn in_memory(log: &dyn Log, head: Position) -> Result<Self> {
        let index = Self::default();
        index.catch_up(log, (log.oldest(), head))?;
        Ok(index)
    }

    /// Opens the index in a directory, and creates or completes it from the log, which is durable up
    /// to `head`. Where it cannot be written, on a full disk or for whatever reason, and more is missing than
    /// may be in memory, it is completed as soon as that is possible.
    ///
    /// # Errors
    ///
    /// A failure to read the log or the directory.
    pub(crate) fn open(dir: Arc<dyn Directory>, log: &dyn Log, head: Position) -> Result<Self> {
        let runs = Arc::new(Runs::open(dir, LAYOUT, log, head)?);
        let keeper = Arc::new(Keeper::new(head));
        let from = runs.last().next();
        let recent = Arc::new(RwLock::new(Recent { due: from, ..Recent::default() }));
        let thread = {
            let (runs, keeper, recent) = (runs.clone(), keeper.clone(), recent.clone());
            crate::thread::spawn("toka-index", move || keeper.run(&recent, &runs))?
        };
        let disk = Disk { runs, keeper, thread: Mutex::new(Some(thread)) };
        let index = Self { recent, disk: Some(disk) };
        if let Some(obstacle) = index.catch_up(log, (from, head))? {
            // Whoever only reads need not wait for room.
            tracing::warn!(
                error = told(&obstacle),
                "a vault cannot complete its index of ids; the log is searched instead, and commits are refused until it can"
            );
        }
        Ok(index)
    }

    /// Waits until what is in memory is within its bound, and nothing is behind it.
    ///
    /// # Errors
    ///
    /// What keeps the index from moving ids to disk. It can be asked again, and tries again then. A failure to
    /// read the log.
    pub(crate) fn wait_for_room(&self, log: &dyn Log) -> Result<()> {
        let unread = read(&self.recent).unread;
        let obstacle = unread.map_or(Ok(None), |unread| self.catch_up(log, unread))?;
        obstacle.map_or_else(|| self.wait_for_memory(), Err)
    }

    /// Adds the events of the log between two positions, and notes those whose ids it cannot tell. Stops where
    /// there is no room for more, and tells why; then they are noted as unread.
    fn catch_up(&self, log: &dyn Log, (from, head): Span) -> Result<Option<Error>> {
        self.note_unread(from, head);
        scan(log, from..=head, |events| {
            let last = match events {
                Ok(events) => {
                    if let Err(obstacle) = self.wait_for_memory() {
                        return Ok(ControlFlow::Break(obstacle));
                    }
                    self.insert(events);
                    events.last().map_or(head, Event::position)
                }
                Err(damaged) => {
                    write(&self.recent).gaps.add(damaged);
                    damaged.1
                }
            };
            // Afterwards, so that nobody misses what is on its way from the one to the other.
            self.note_unread(last.next(), head);
            Ok(ControlFlow::Continue(()))
        })
    }

    fn note_unread(&self, from: Position, head: Position) {
        write(&self.recent).unread = (from <= head).then_some((from, head));
    }
}
