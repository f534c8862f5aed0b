//! [`open`] and [`open_read_only`]: a vault in any directory, for the fuzz targets alone, which forge files in
//! memory.
//!
//! Keeps the invariant that such a vault is opened as one on a disk is, but for what only a directory of the system
//! has: the lock and the file `format`. Time and chance come from the caller, so that the same bytes do the same
//! again.

use std::path::Path;
use std::sync::Arc;

use toka_vault_core::Result;
use toka_vault_engine::disk::{Directory, HeadFile, Pace};
use toka_vault_engine::{
    Clock, EngineOptions, Index, IndexBeside, LocalVault, open_following, open_threaded,
};

use crate::open::{HEAD, INDEX, JOURNAL, Place, follow_at, open_at};
use crate::options::JournalOptions;

/// Stands for the vault's directory in errors.
const PATH: &str = "/in memory";

/// Opens the vault in a directory, or creates it where there is no record of its head.
///
/// # Errors
///
/// As [`JournalVault::open_with`](crate::JournalVault::open_with).
pub fn open(
    directory: &dyn Directory,
    options: &JournalOptions,
    clock: Arc<dyn Clock>,
) -> Result<LocalVault> {
    let is_new = !directory.list()?.iter().any(|name| name == HEAD);
    let file = if is_new { directory.create(HEAD)? } else { directory.open(HEAD)? };
    let (head, acknowledged) = HeadFile::on(file, Pace::Relaxed)?;
    let journal = directory.inside(JOURNAL)?;
    let (path, place_clock) = (Path::new(PATH), clock.clone());
    let place = Place { path, directory: journal, head, acknowledged, is_new, clock: place_clock };
    let (log, end) = open_at(place, options)?;
    let index = directory.inside(INDEX)?;
    let index = Index::open(index.as_ref(), options.indexing, &log, end.position())?;
    let engine = EngineOptions { durability: options.durability, clock, ..EngineOptions::default() };
    open_threaded(log, end, index, &engine)
}

/// Opens the vault in a directory to read only.
///
/// # Errors
///
/// As [`JournalVault::open_read_only`](crate::JournalVault::open_read_only).
pub fn open_read_only(directory: &dyn Directory) -> Result<LocalVault> {
    let head = directory.open(HEAD)?;
    let record = Box::new(move || HeadFile::look_at(head.as_ref()));
    let (follower, end) = follow_at(Path::new(PATH), directory.inside(JOURNAL)?, record)?;
    let index = IndexBeside::open(directory.inside(INDEX)?.as_ref(), &follower, end.position())?;
    open_following(follower, end, index, &EngineOptions::default())
}
