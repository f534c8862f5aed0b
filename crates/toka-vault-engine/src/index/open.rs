//! [`IdIndex::open`]: an index that agrees with its log, from whatever its directory holds.
//!
//! Keeps the invariant that a file is used only where it fits the log: it follows the file before
//! it, does not go past the end of the log, and names the event that the log has at its last
//! position. All else is removed, and what is missing then is read from the log.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use toka_vault_core::{Error, Position, Result};

use super::keeper::Keeper;
use super::run::Run;
use super::runs::Runs;
use super::{Disk, IdIndex, Recent};
use crate::chunk::scan;
use crate::log::{Log, ReadBudget};

impl IdIndex {
    /// Builds an index in memory, of all events of a log.
    ///
    /// # Errors
    ///
    /// A failure to read the log.
    pub fn in_memory(log: &dyn Log, head: Position) -> Result<Self> {
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
    pub fn open(dir: &Path, log: &dyn Log, head: Position) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|error| Error::io("create the directory", dir, error))?;
        let runs = Arc::new(Runs::new(dir.to_path_buf(), usable_runs(dir, log, head)?));
        let keeper = Arc::new(Keeper::new(head));
        let recent = Arc::<std::sync::RwLock<Recent>>::default();
        let thread = {
            let (runs, keeper, recent) = (runs.clone(), keeper.clone(), recent.clone());
            crate::thread::spawn("toka-index", move || keeper.run(&recent, &runs))?
        };
        let from = runs.last().next();
        let disk = Disk { runs, keeper, thread: Mutex::new(Some(thread)) };
        let index = Self { recent, disk: Some(disk) };
        index.catch_up(log, from, head)?;
        Ok(index)
    }

    /// Adds the events of the log from `from` up to `head`. The id of one that is damaged is not known;
    /// whoever reads it is told of the damage.
    fn catch_up(&self, log: &dyn Log, from: Position, head: Position) -> Result<()> {
        scan(log, from..=head, |events| {
            self.wait_for_room()?;
            self.insert(events);
            Ok(ControlFlow::<()>::Continue(()))
        })?;
        Ok(())
    }
}

/// Opens the files that fit the log, in their order, and removes all others.
fn usable_runs(dir: &Path, log: &dyn Log, head: Position) -> Result<Vec<Run>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(dir).map_err(|error| Error::io("read the directory", dir, error))?;
    for entry in entries {
        let path = entry.map_err(|error| Error::io("read the directory", dir, error))?.path();
        match path.extension().is_some_and(|extension| extension == "ids").then(|| Run::open(&path)) {
            Some(run) => match run? {
                Ok(run) => found.push(run),
                Err(_) => remove(&path)?,
            },
            None => remove(&path)?,
        }
    }
    // Of files that start alike, the one that covers most is the result of a merge of the others.
    found.sort_by_key(|run| (run.cover.first, std::cmp::Reverse(run.cover.last)));
    let mut usable: Vec<Run> = Vec::new();
    for run in found {
        let due = usable.last().map_or(Position::FIRST, |run| run.cover.last.next());
        if run.cover.first == due && run.cover.last <= head && fits(&run, log)? {
            usable.push(run);
        } else {
            run.remove()?;
        }
    }
    Ok(usable)
}

/// Tells whether the log has the event that the file ends with.
fn fits(run: &Run, log: &dyn Log) -> Result<bool> {
    match log.read(run.cover.last, ReadBudget::ONE).and_then(|mut chunk| chunk.next().transpose()) {
        Ok(event) => Ok(event.is_some_and(|event| event.header.hash == run.cover.hash)),
        Err(Error::Corrupt { .. } | Error::Evicted { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn remove(path: &Path) -> Result<()> {
    tracing::warn!(path = %path.display(), "removing a file that is not part of this index");
    fs::remove_file(path).map_err(|error| Error::io("remove", path, error))
}
