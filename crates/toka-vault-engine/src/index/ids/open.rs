//! [`IdIndex::open`]: an index that agrees with its log, from whatever its directory holds.
//!
//! Keeps the invariant that what its files do not cover is read from the log.

use std::ops::ControlFlow;
use std::sync::Arc;

use toka_vault_core::{Position, Result};

use super::keeper::Keeper;
use super::{Disk, IdIndex, LAYOUT, Recent};
use crate::chunk::scan;
use crate::disk::Directory;
use crate::index::runs::Runs;
use crate::log::Log;
use crate::sync::{Mutex, RwLock, write};

impl IdIndex {
    /// Builds an index in memory, of all events of a log.
    ///
    /// # Errors
    ///
    /// A failure to read the log.
    pub(crate) fn in_memory(log: &dyn Log, head: Position) -> Result<Self> {
        let index = Self::default();
        index.catch_up(log, log.oldest(), head)?;
        Ok(index)
    }

    /// Opens the index in a directory, and creates or completes it from the log, which is durable up
    /// to `head`.
    ///
    /// # Errors
    ///
    /// A failure to read the log or the directory, or to write to it.
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
        index.catch_up(log, from, head)?;
        Ok(index)
    }

    /// Adds the events of the log from `from` up to `head`, and notes those whose ids it cannot tell.
    fn catch_up(&self, log: &dyn Log, from: Position, head: Position) -> Result<()> {
        scan(log, from..=head, |events| {
            match events {
                Ok(events) => {
                    self.wait_for_room()?;
                    self.insert(events);
                }
                Err(damaged) => write(&self.recent).gaps.add(damaged),
            }
            Ok(ControlFlow::<()>::Continue(()))
        })?;
        Ok(())
    }
}
