//! [`Runs::open`]: the files of a directory that agree with the log.
//!
//! Keeps the invariant that a file is used only where it fits the log: it follows the file before
//! it, does not go past the end of the log, and names the event that the log has at its last
//! position, or knows the id of one just before it where that one is damaged. All else is left out, and
//! what is missing then is read from the log: it is removed, or stays where it cannot be, and nothing of it is
//! used.
//!
//! Invariant 17 of `docs/architecture.md`, which names the tests that show it.

use std::io::ErrorKind;
use std::sync::Arc;

use toka_vault_core::{Error, Position, Result};

use super::run::{Cover, Damaged, Owner, Run, UNFINISHED, UNFINISHED_MERGE};
use super::{Layout, Runs};
use crate::chunk::read_one;
use crate::disk::{Directory, failed_with, is_unreadable};
use crate::log::Log;
use crate::sync::RwLock;
use crate::told::told;

impl Runs {
    /// Opens the files of a directory that fit a log which is durable up to `head`, and removes all
    /// others that it can.
    ///
    /// # Errors
    ///
    /// A failure to read the log or the directory.
    pub(crate) fn open(
        dir: Arc<dyn Directory>,
        layout: Layout,
        log: &dyn Log,
        head: Position,
    ) -> Result<Self> {
        let runs = usable_runs(&dir, layout, log, head)?;
        Ok(Self { dir, layout, runs: RwLock::new(runs) })
    }
}

/// Opens the files that fit the log, in their order, and removes all others that it can.
fn usable_runs(
    dir: &Arc<dyn Directory>,
    layout: Layout,
    log: &dyn Log,
    head: Position,
) -> Result<Vec<Arc<Run>>> {
    let mut found = Vec::new();
    for name in dir.list()? {
        if !is_named(&name, layout) {
            remove(dir.as_ref(), &name);
            continue;
        }
        match Run::open(dir, &name, layout, Owner::Us) {
            Ok(Ok(run)) => found.push(Arc::new(run)),
            Ok(Err(Damaged)) => remove(dir.as_ref(), &name),
            Err(error) => {
                warn_unused(&error);
                if is_unreadable(&error) {
                    remove(dir.as_ref(), &name);
                }
            }
        }
    }
    in_order(found, head, |run| fits(run, log), |run| remove(dir.as_ref(), run.name()))
}

/// Tells that a file is of no use here.
pub(super) fn warn_unused(failure: &Error) {
    tracing::warn!(error = told(failure), "an index file cannot be read, and is not used");
}

/// Tells whether a file is called as those of an index.
pub(super) fn is_named(name: &str, layout: Layout) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension == layout.extension)
}

/// Returns the files that follow each other and fit a log which is durable up to `head`, and leaves all others.
pub(super) fn in_order(
    mut found: Vec<Arc<Run>>,
    head: Position,
    fits: impl Fn(&Run) -> Result<bool>,
    leave: impl Fn(&Run),
) -> Result<Vec<Arc<Run>>> {
    // Of files that start alike, the one that covers most is the result of a merge of the others.
    found.sort_by_key(|run| (run.cover().first, std::cmp::Reverse(run.cover().last)));
    let mut usable: Vec<Arc<Run>> = Vec::new();
    for run in found {
        let due = usable.last().map_or(Position::FIRST, |run| run.cover().last.next());
        if run.cover().first == due && run.cover().last <= head && fits(&run)? {
            usable.push(run);
        } else {
            leave(&run);
        }
    }
    Ok(usable)
}

/// Tells whether the log has the event that the file ends with. Where that one is damaged, an event before it
/// tells, the nearest that is found with steps that double: a file that knows ids which the log cannot tell
/// any more is the last that should be removed.
pub(super) fn fits(run: &Run, log: &dyn Log) -> Result<bool> {
    let Cover { first, last, hash } = run.cover();
    let (mut at, mut step) = (last, 1_u64);
    loop {
        match read_one(log, at) {
            Ok(Some(event)) if at == last => return Ok(event.header.hash == hash),
            Ok(event) => return Ok(event.is_some_and(|event| run.knows(&event))),
            Err(Error::Corrupt { .. }) if at > first => at = last.minus(step).max(first),
            Err(Error::Corrupt { .. } | Error::Evicted { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        step = step.saturating_mul(2);
    }
}

/// Removes what is not used. Where that fails, the next open meets it again, and leaves it out again: a
/// directory that somebody has made there, or a file that a network file system keeps, is no reason to stay shut.
fn remove(dir: &dyn Directory, name: &str) {
    let path = dir.path(name);
    let path = path.display();
    match dir.remove(name) {
        // What a process that was killed had not finished is to be expected.
        Ok(()) if name == UNFINISHED || name == UNFINISHED_MERGE => {
            tracing::debug!(%path, "removed an index file that was not finished");
        }
        Ok(()) => tracing::warn!(%path, "removed a file that is not part of this index"),
        Err(error) if failed_with(&error, ErrorKind::NotFound) => {}
        Err(error) => {
            tracing::warn!(
                error = told(&error),
                "what is not part of this index cannot be removed, and is not used"
            );
        }
    }
}
