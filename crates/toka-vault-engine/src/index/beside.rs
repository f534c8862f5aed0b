//! [`IndexBeside`]: the index of a vault that another process writes, to read only.
//!
//! Keeps the invariant that nothing of it is changed. What its files do not tell, for they are as new as their
//! last batch, is read from the log.

use toka_vault_core::{Position, Result};

use super::runs::Runs;
use super::{IDS, POSTINGS, Postings, ids};
use crate::disk::Directory;
use crate::log::Log;

/// Finds events by what another process has indexed; as it starts, by reading the log alone.
#[derive(Debug, Default)]
pub struct IndexBeside {
    pub(crate) ids: Option<Runs>,
    pub(crate) postings: Postings,
}

impl IndexBeside {
    /// Opens the index in a directory, as far as it fits a log that is known to be durable up to `head`. Where
    /// that is not at all, or its files cannot be read, the log is read in its place.
    ///
    /// # Errors
    ///
    /// That of [`Directory::inside`]. One that is opened to read only has none.
    pub fn open(dir: &dyn Directory, log: &dyn Log, head: Position) -> Result<Self> {
        let ids = Runs::beside(dir.inside(IDS)?, ids::LAYOUT, log, head);
        Ok(Self { ids: Some(ids), postings: Postings::beside(dir.inside(POSTINGS)?, log, head) })
    }
}
