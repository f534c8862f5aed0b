//! [`IndexBeside`]: the index of a vault that another process writes, to read only.
//!
//! Keeps the invariant that nothing of it is changed. What its files do not tell, for they are as new as their
//! last batch, is read from the log.

use std::path::Path;

use toka_vault_core::Position;

use super::runs::Runs;
use super::{IDS, POSTINGS, Postings, ids};
use crate::log::Log;

/// Finds events by what another process has indexed; as it starts, by reading the log alone.
#[derive(Debug, Default)]
pub struct IndexBeside {
    pub(crate) ids: Option<Runs>,
    pub(crate) postings: Postings,
}

impl IndexBeside {
    /// Opens the index in a directory, as far as it fits a log that is known to be durable up to `head`. Where
    /// that is not at all, or fails, the log is read in its place.
    pub fn open(dir: &Path, log: &dyn Log, head: Position) -> Self {
        let ids = Runs::beside(&dir.join(IDS), ids::LAYOUT, log, head);
        Self { ids: Some(ids), postings: Postings::beside(&dir.join(POSTINGS), log, head) }
    }
}
