//! [`open_inline`], [`open_threaded`] and [`open_following`]: from a log to an open vault, for whoever writes a
//! back-end.
//!
//! Functions, and not constructors of [`LocalVault`]: that is what applications see of a vault, and they open one
//! by the types of a back-end.

use std::sync::Arc;

use toka_vault_core::{Position, Result};

use crate::following::{FollowedLog, Following};
use crate::group_commit::GroupCommit;
use crate::index::{Index, IndexBeside};
use crate::inline::Inline;
use crate::log::{Log, LogEnd};
use crate::lookup::Storage;
use crate::options::EngineOptions;
use crate::published::Published;
use crate::readers::Source;
use crate::vault::{Committer, LocalVault};

/// Opens a vault over a log that never blocks. It has no threads.
pub fn open_inline(log: impl Log, options: &EngineOptions) -> LocalVault {
    let index = Arc::new(Index::empty(&log));
    let storage = Storage { log: Arc::new(log), index, seen: None };
    let published = Arc::new(Published::new(Position::ZERO, None));
    let source = Source::Direct(storage.clone());
    let committer = Inline::start(storage, published.clone(), options);
    LocalVault::new(published, source, Committer::Inline(committer))
}

/// Opens a vault over a log that blocks and that ends at `end`, with `index` telling where its events are.
///
/// # Errors
///
/// [`Error::Io`](toka_vault_core::Error::Io) where the system starts no thread.
pub fn open_threaded(
    log: impl Log,
    end: LogEnd,
    index: Index,
    options: &EngineOptions,
) -> Result<LocalVault> {
    let storage = Storage { log: Arc::new(log), index: Arc::new(index), seen: None };
    let published = Arc::new(Published::new(end.position(), Some(end.chain())));
    storage.index.start(&storage.log, &published)?;
    let grouped = GroupCommit::start(storage, end, published.clone(), options)?;
    let source = grouped.source();
    Ok(LocalVault::new(published, source, Committer::Grouped(grouped)))
}

/// Opens a vault to read only, over a log that is written elsewhere and ends at `end` now, with what its
/// writer has indexed.
///
/// A commit is [`Error::ReadOnly`](toka_vault_core::Error::ReadOnly). What the index does not tell is read from the
/// log, each part of it once for all ids that are looked for, where it is among the newest million events.
///
/// # Errors
///
/// [`Error::Io`](toka_vault_core::Error::Io) where the system starts no thread.
pub fn open_following(
    log: impl FollowedLog,
    end: LogEnd,
    index: IndexBeside,
    options: &EngineOptions,
) -> Result<LocalVault> {
    let published = Arc::new(Published::new(end.position(), Some(end.chain())));
    let following = Following::start(Arc::new(log), index, published.clone(), options.stall_max)?;
    let source = following.source();
    Ok(LocalVault::new(published, source, Committer::Elsewhere(following)))
}
