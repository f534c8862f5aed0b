//! [`Runs::beside`]: the files that another process keeps, to read only.
//!
//! They never change, and one that is removed, since it was merged with others, can be read for as long as it
//! is open. So what is open stays of use, and new files are looked for now and then.
//!
//! Keeps the invariants that a file is used only where it fits the log, as its owner's; that nothing is
//! changed; and that what the files cover only grows. Where they cannot be read, the log is read instead.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toka_vault_core::{Error, Position, Result};

use super::open::{fits, in_order, is_named, paths};
use super::run::{Owner, Run};
use super::{Layout, Runs};
use crate::log::Log;
use crate::sync::{read, write};

/// How often the directory is read where files that it named are gone: merged meanwhile with others.
const LOOKS: usize = 4;

impl Runs {
    /// Opens the files in the directory of another owner that fit a log which is durable up to `head`.
    pub(crate) fn beside(dir: &Path, layout: Layout, log: &dyn Log, head: Position) -> Self {
        let runs = Self { dir: dir.to_path_buf(), layout, runs: Default::default() };
        runs.look(log, head);
        runs
    }

    /// Looks for files of the other owner that cover more.
    pub(crate) fn look(&self, log: &dyn Log, head: Position) {
        let found = (0..LOOKS).find_map(|_| self.found_beside(log, head).transpose());
        match found {
            Some(Ok(found)) => {
                let mut runs = write(&self.runs);
                let last = |runs: &[Arc<Run>]| runs.last().map(|run| run.cover().last);
                if last(&found) > last(&runs) {
                    *runs = found;
                }
            }
            // It goes on merging: the next look may be luckier.
            None => {}
            Some(Err(error)) => {
                tracing::warn!(%error, "a vault that is read only cannot read the index, and reads the log instead");
            }
        }
    }

    /// Opens the files that fit; `None` where one was gone before it was open.
    fn found_beside(&self, log: &dyn Log, head: Position) -> Result<Option<Vec<Arc<Run>>>> {
        let open = read(&self.runs).clone();
        let mut found = Vec::new();
        for path in listed(&self.dir)?.iter().filter(|path| is_named(path, self.layout)) {
            let known = open.iter().find(|run| run.path() == *path && !run.is_discarded());
            match known.cloned().map_or_else(|| opened(path, self.layout), |run| Ok(Opened::Whole(run)))? {
                Opened::Whole(run) => found.push(run),
                Opened::Damaged => {}
                Opened::Gone => return Ok(None),
            }
        }
        // What is in use was found to fit, and never changes.
        let fits = |run: &Run| Ok(open.iter().any(|known| std::ptr::eq(&**known, run)) || fits(run, log)?);
        in_order(found, head, fits, |_| Ok(())).map(Some)
    }
}

/// Is what became of opening a file.
enum Opened {
    Whole(Arc<Run>),
    Damaged,
    Gone,
}

/// Opens a file of another owner.
fn opened(path: &Path, layout: Layout) -> Result<Opened> {
    match Run::open(path, layout, Owner::Other) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(Opened::Gone),
        opened => Ok(opened?.map_or(Opened::Damaged, |run| Opened::Whole(Arc::new(run)))),
    }
}

/// Returns the paths in a directory; none where there is no such directory.
fn listed(dir: &Path) -> Result<Vec<PathBuf>> {
    if dir.is_dir() { paths(dir) } else { Ok(Vec::new()) }
}
