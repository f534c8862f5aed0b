//! [`open`]: from a directory to a log that is whole, and the place where it ends.
//!
//! Keeps the invariant that nothing is guessed: what was never acknowledged is removed, and where
//! something acknowledged is missing, the vault does not open unless its user accepts the loss.

use std::path::Path;

use bytes::Bytes;
use toka_vault_core::{Error, Head, Position, Result};
use toka_vault_engine::block::Block;
use toka_vault_engine::disk::{
    Acknowledged, Directory, Format, HeadFile, Pace, RealDirectory, Tail, TailLoss, VaultDir, check_tail,
};
use toka_vault_engine::{Index, LogEnd};

use crate::keys;
use crate::log::SledLog;
use crate::options::SledOptions;
use crate::tree::{Batch, DATA, ReadFailure, SEGMENT_BYTES, STEP_BYTES_MAX, Tree};
use crate::unsynced::Unsynced;
use crate::{segments, tail_scan};

/// Holds sled's own files.
const SLED: &str = "sled";

/// Records the acknowledged head.
const HEAD: &str = "head";

/// Holds what is derived from the log.
const INDEX: &str = "index";

/// Notes that a write has failed.
const UNSYNCED: &str = "unsynced";

/// What this back-end keeps in a vault's directory.
const FORMAT: Format = Format { backend: "sled", version: 1, parts: &[SLED, HEAD, INDEX, UNSYNCED] };

/// Opens the log in a vault's directory and its index, or creates them where that is not refused.
pub(crate) fn open(path: &Path, options: &SledOptions) -> Result<(SledLog, LogEnd, Index)> {
    let mut dir = VaultDir::open(path, FORMAT, options.if_missing)?;
    let (head, acknowledged) = HeadFile::open(&dir, HEAD, Pace::AtOnce, options.tail_loss)?;
    let unsynced = Unsynced::new(dir.path(), UNSYNCED);
    unsynced.settle(&dir.part(SLED), DATA)?;
    check_before_sled(&dir.part(SLED), options.tail_loss, acknowledged)?;
    let tree = Tree::open(&dir.part(SLED), options.cache_bytes)?;
    if dir.is_new() {
        tree.sync()?;
        tree.sync_names()?;
        dir.finish()?;
    }
    let end = find_end(&tree, options.tail_loss)?;
    // The log itself says nothing of what was durable.
    let acknowledged = Acknowledged { head: acknowledged, durable: Position::ZERO };
    let tail = check_tail(dir.path(), &end, acknowledged, options.tail_loss, &head)?;
    remove_behind(&tree, end.position())?;
    if tail == Tail::Short {
        tree.sync()?;
        head.reset(end.head)?;
    }
    let index = RealDirectory::open(dir.path())?.inside(INDEX)?;
    let log = SledLog { tree, head, unsynced, _dir: dir };
    let index = Index::open(index.as_ref(), options.indexing, &log, end.position())?;
    Ok((log, end, index))
}

/// Looks for damage behind which sled would overwrite, while nothing is changed yet.
fn check_before_sled(sled: &Path, tail_loss: TailLoss, acknowledged: Option<Head>) -> Result<()> {
    if tail_loss == TailLoss::Accept {
        // Without what a snapshot covers sled does not open in any case.
        return tail_scan::check(sled, SEGMENT_BYTES, None);
    }
    segments::check(&sled.join(DATA), SEGMENT_BYTES as u64)?;
    tail_scan::check(sled, SEGMENT_BYTES, acknowledged)
}

/// Finds where the newest whole group ends.
fn find_end(tree: &Tree, tail_loss: TailLoss) -> Result<LogEnd> {
    let mut below = Position::new(u64::MAX);
    loop {
        let entry = match tree.at_or_before(&keys::block(below)) {
            Ok(entry) => entry,
            Err(ReadFailure::Failed(error)) => return Err(error),
            Err(ReadFailure::Damaged(reason)) => {
                return Err(Error::Storage { operation: "read the end of the log", reason });
            }
        };
        let block = entry.and_then(|(key, value)| Some((keys::block_position(&key)?, value)));
        // Nothing stands before the first event: a block there is none of ours, and there is no way on from it.
        let Some((first, value)) = block.filter(|(first, _)| *first >= Position::FIRST) else {
            return Ok(LogEnd::EMPTY);
        };
        match Block::parse(Bytes::from_owner(value)) {
            Ok(block) if block.ends_group() && block.first() == first => return Ok(block.end()),
            // Written, but never acknowledged: the rest of its group is missing.
            Ok(_) => {}
            Err(_) if tail_loss == TailLoss::Accept => {}
            Err(damage) => {
                let reason = format!("the newest block of the log: {damage}");
                return Err(Error::Corrupt { first, last: first, reason });
            }
        }
        below = first.minus(1);
    }
}

/// Removes blocks and chunks behind the end, which belong to groups that were never acknowledged.
fn remove_behind(tree: &Tree, end: Position) -> Result<()> {
    let next = end.next();
    let mut batch = Batch::default();
    for start in [keys::block(next).to_vec(), keys::chunk(next, 0).to_vec()] {
        for entry in tree.from(&start) {
            let (key, _) = entry.map_err(|failure| match failure {
                ReadFailure::Failed(error) => error,
                ReadFailure::Damaged(reason) => {
                    Error::Storage { operation: "read the end of the log", reason }
                }
            })?;
            if key.first() != start.first() {
                break;
            }
            batch.remove(&key);
            if batch.bytes() > STEP_BYTES_MAX {
                tree.apply(std::mem::take(&mut batch))?;
                tree.sync()?;
            }
        }
    }
    if batch.bytes() > 0 {
        tree.apply(batch)?;
        tree.sync()?;
    }
    Ok(())
}
