//! [`Index`]: where events are, by id ([`ids`]) and by content ([`postings`]).
//!
//! Both keep what is old in sorted files ([`runs`]) and what is new in memory, and both are derived:
//! the log alone is the truth. Files that are missing, damaged or of another log are found out and
//! built anew; until then the log is searched instead.

mod beside;
mod gaps;
#[cfg(test)]
pub(crate) mod given;
mod ids;
#[cfg(test)]
mod large_tests;
pub(crate) mod postings;
mod proof;
mod runs;
pub(crate) mod times;

use std::sync::Arc;

use toka_vault_core::verify::Finding;
use toka_vault_core::{Event, Position, Result};

use crate::disk::Directory;
use crate::log::Log;
use crate::options::Indexing;
use crate::published::Published;
pub use beside::IndexBeside;
pub(crate) use gaps::Gaps;
pub(crate) use ids::IdIndex;
pub(crate) use postings::Postings;
pub(crate) use runs::{Damaged, Key, LastPage, Lookup, Runs};
pub(crate) use times::Span;

/// Where the files of the index by id are.
const IDS: &str = "ids";

/// Where those of the index by content are.
const POSTINGS: &str = "postings";

/// Finds events by id and by content, or, as it starts, nothing.
#[derive(Debug, Default)]
pub struct Index {
    pub(crate) ids: IdIndex,
    pub(crate) postings: Postings,
}

impl Index {
    /// Builds an index in memory, of all events of a log.
    ///
    /// # Errors
    ///
    /// A failure to read the log.
    pub fn in_memory(log: &dyn Log, head: Position) -> Result<Self> {
        Ok(Self { ids: IdIndex::in_memory(log, head)?, ..Self::empty(log) })
    }

    /// Starts an index in memory with a log that has no events. Where the log evicts, it is by id alone.
    pub(crate) fn empty(log: &dyn Log) -> Self {
        let postings = if log.evicts() { Postings::default() } else { Postings::in_memory() };
        Self { ids: IdIndex::default(), postings }
    }

    /// Opens the index in a directory, and creates or completes it from the log, which is durable up
    /// to `head`. What is not asked for is left as it is.
    ///
    /// # Errors
    ///
    /// A failure to read the log or the directory, or to write to it.
    pub fn open(dir: &dyn Directory, indexing: Indexing, log: &dyn Log, head: Position) -> Result<Self> {
        let ids = IdIndex::open(dir.inside(IDS)?, log, head)?;
        let postings = match indexing {
            Indexing::All => Postings::open(dir.inside(POSTINGS)?, log, head)?,
            Indexing::Ids => Postings::default(),
        };
        Ok(Self { ids, postings })
    }

    /// Starts to complete the files from the log, and from what is published, in the background.
    pub(crate) fn start(&self, log: &Arc<dyn Log>, published: &Arc<Published>) -> Result<()> {
        self.postings.start(log, published)
    }

    /// Adds events that were written to the log, behind those that were added before.
    pub(crate) fn insert(&self, events: &[Event]) {
        self.ids.insert(events);
        self.postings.coming(events);
    }

    /// Tells the index up to where the log is durable.
    pub(crate) fn durable(&self, head: Position) {
        self.ids.durable(head);
        self.postings.durable(head);
    }

    /// Compares the files with the log.
    ///
    /// # Errors
    ///
    /// A failure to read the log that is not the damage of an event.
    pub(crate) fn findings(&self, log: &dyn Log) -> Result<Vec<Finding>> {
        let indexes = [
            (IDS, self.ids.runs(), proof::id_of as fn(&Event) -> Vec<Key>),
            (POSTINGS, self.postings.own_runs(), proof::postings_of),
        ];
        let mut findings = Vec::new();
        for (name, runs, keys_of) in indexes {
            if let Some(runs) = runs {
                findings.extend(proof::findings(log, runs, name, keys_of)?);
            }
        }
        Ok(findings)
    }

    /// Ends the index's threads. What they leave in memory is found again in the log.
    pub(crate) fn close(&self) {
        self.ids.close();
        self.postings.close();
    }
}
