//! [`Runs::beside`]: the files that another process keeps, to read only.
//!
//! They never change, and one that is removed, since it was merged with others, can be read for as long as it
//! is open. So what is open stays of use, and new files are looked for now and then.
//!
//! Keeps the invariants that a file is used only where it fits the log, as its owner's; that nothing is
//! changed; and that what the files cover only grows. Where they cannot be read, the log is read instead.
//!
//! Invariant 17 of `docs/architecture.md`, which names the tests that show it.

use std::io::ErrorKind;
use std::sync::Arc;

use toka_vault_core::{Position, Result};

use super::open::{fits, in_order, is_named, warn_unused};
use super::run::{Owner, Run};
use super::{Layout, Runs};
use crate::disk::{Directory, failed_with};
use crate::log::Log;
use crate::sync::{read, write};
use crate::told::told;

/// How often the directory is read where files that it named are gone: merged meanwhile with others.
const LOOKS: usize = 4;

impl Runs {
    /// Opens the files in the directory of another owner that fit a log which is durable up to `head`.
    pub(crate) fn beside(dir: Arc<dyn Directory>, layout: Layout, log: &dyn Log, head: Position) -> Self {
        let runs = Self { dir, layout, runs: Default::default() };
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
                tracing::warn!(
                    error = told(&error),
                    "a vault that is read only cannot read the index, and reads the log instead"
                );
            }
        }
    }

    /// Opens the files that fit; `None` where one was gone before it was open.
    fn found_beside(&self, log: &dyn Log, head: Position) -> Result<Option<Vec<Arc<Run>>>> {
        let open = read(&self.runs).clone();
        let mut found = Vec::new();
        for name in self.listed()?.iter().filter(|name| is_named(name, self.layout)) {
            let known = open.iter().find(|run| run.name() == *name && !run.is_discarded());
            match known.cloned().map_or_else(|| self.opened(name), |run| Ok(Opened::Whole(run)))? {
                Opened::Whole(run) => found.push(run),
                Opened::Damaged => {}
                Opened::Gone => return Ok(None),
            }
        }
        // What is in use was found to fit, and never changes.
        let fits = |run: &Run| Ok(open.iter().any(|known| std::ptr::eq(&**known, run)) || fits(run, log)?);
        in_order(found, head, fits, |_| ()).map(Some)
    }

    /// Opens a file of another owner.
    fn opened(&self, name: &str) -> Result<Opened> {
        match Run::open(&self.dir, name, self.layout, Owner::Other) {
            Err(error) if failed_with(&error, ErrorKind::NotFound) => Ok(Opened::Gone),
            // One odd file is no reason to do without the others.
            Err(error) => {
                warn_unused(&error);
                Ok(Opened::Damaged)
            }
            Ok(opened) => Ok(opened.map_or(Opened::Damaged, |run| Opened::Whole(Arc::new(run)))),
        }
    }

    /// Returns the names in the directory; none where there is no such directory.
    fn listed(&self) -> Result<Vec<String>> {
        match self.dir.list() {
            Err(error) if failed_with(&error, ErrorKind::NotFound) => Ok(Vec::new()),
            listed => listed,
        }
    }
}

/// Is what became of opening a file.
enum Opened {
    Whole(Arc<Run>),
    Damaged,
    Gone,
}
