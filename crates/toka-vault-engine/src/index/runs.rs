//! [`Runs`]: the files of an index, which together cover the log from its first event on.
//!
//! Keeps the invariant that an id which is in no file and no page is damaged is in no event that the
//! files cover; where a page is damaged, its file's range is named, so that the log is searched.

use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use toka_vault_core::{EventId, Position, Result};

use super::merge::merge;
use super::run::{Damaged, Entry, Run};
use super::{Batch, GATHERED_IDS_MAX, Lookup};
use crate::sync::{read, write};

/// Files of about the same size that are merged to one.
const MERGE_RUNS: usize = 8;

/// Holds the files, in the order of what they cover.
#[derive(Debug)]
pub(super) struct Runs {
    dir: PathBuf,
    runs: RwLock<Vec<Arc<Run>>>,
}

impl Runs {
    /// Takes the files of a directory, which cover the log up to some position without a gap.
    pub(super) fn new(dir: PathBuf, runs: Vec<Run>) -> Self {
        Self { dir, runs: RwLock::new(runs.into_iter().map(Arc::new).collect()) }
    }

    /// Finds an id, the newest file first.
    pub(super) fn find(&self, id: EventId) -> Lookup {
        let mut damaged = Vec::new();
        for run in self.snapshot().iter().rev() {
            match run.find(id) {
                Ok(Some(position)) => return Lookup::At(position),
                Ok(None) => {}
                Err(Damaged) => damaged.push((run.cover.first, run.cover.last)),
            }
        }
        if damaged.is_empty() { Lookup::Absent } else { Lookup::Unread(damaged) }
    }

    /// Says without reading whether a file could have an id.
    pub(super) fn could_have(&self, id: EventId) -> Lookup {
        let runs = read(&self.runs);
        let could = runs.iter().filter(|run| run.could_have(id));
        let ranges: Vec<_> = could.map(|run| (run.cover.first, run.cover.last)).collect();
        if ranges.is_empty() { Lookup::Absent } else { Lookup::Unread(ranges) }
    }

    /// Returns up to where the files cover the log.
    pub(super) fn last(&self) -> Position {
        read(&self.runs).last().map_or(Position::ZERO, |run| run.cover.last)
    }

    /// Writes a file of the ids that follow those of all files.
    pub(super) fn add(&self, batch: &Batch) -> Result<()> {
        let mut entries: Vec<Entry> = batch.ids.iter().collect();
        entries.sort_unstable();
        if let Some(run) = Run::write(&self.dir, batch.cover, entries.into_iter().map(Ok))? {
            write(&self.runs).push(Arc::new(run));
        }
        Ok(())
    }

    /// Merges the newest files where there are many of about the same size, until there are not, or
    /// `stop` says so.
    pub(super) fn merge(&self, stop: &dyn Fn() -> bool) -> Result<()> {
        while let Some(inputs) = self.mergeable() {
            let Some(merged) = merge(&self.dir, &inputs, stop)? else { return Ok(()) };
            {
                let mut runs = write(&self.runs);
                let kept = runs.len().saturating_sub(inputs.len());
                runs.truncate(kept);
                runs.push(Arc::new(merged));
            }
            // Where this is cut short, the next open removes them: the merged file covers more.
            inputs.iter().try_for_each(|run| run.remove())?;
        }
        Ok(())
    }

    /// Returns the newest files, if as many as are merged at once are of about the same size.
    fn mergeable(&self) -> Option<Vec<Arc<Run>>> {
        let runs = read(&self.runs);
        let newest = runs.get(runs.len().checked_sub(MERGE_RUNS)?..)?;
        let level = newest.first().map(|run| level(run))?;
        newest.iter().all(|run| level == self::level(run)).then(|| newest.to_vec())
    }

    fn snapshot(&self) -> Vec<Arc<Run>> {
        read(&self.runs).clone()
    }
}

/// Returns how often a file of this size has been merged, about.
fn level(run: &Run) -> u32 {
    let batches = run.events() / GATHERED_IDS_MAX as u64;
    batches.max(1).ilog(MERGE_RUNS as u64)
}
