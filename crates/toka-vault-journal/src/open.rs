//! [`open`]: from a directory to a log that is whole, and the place where it ends.
//!
//! Keeps the invariant that nothing is guessed: what was never acknowledged is wiped, and where
//! something acknowledged is missing, the vault does not open unless its user accepts the loss.

use std::path::Path;
use std::sync::Arc;

use toka_vault_core::{Error, Head, Position, Remedy, Result};
use toka_vault_engine::disk::{
    Acknowledged, Directory, Format, HeadFile, Pace, RealDirectory, Tail, VaultDir, check_tail,
};
use toka_vault_engine::{Clock, FollowedLog, Index, IndexBeside, LogEnd, SystemClock};

use crate::follow::{Follower, Record};
use crate::journal::{Journal, Salts};
use crate::log::JournalLog;
use crate::options::{JournalOptions, SEGMENT_BYTES_MIN};
use crate::pool::Pool;
use crate::recover::recover;
use crate::segments::Segments;
use crate::spares::Spares;

/// Holds the segments.
pub(crate) const JOURNAL: &str = "journal";

/// Records the acknowledged head.
pub(crate) const HEAD: &str = "head";

/// Holds what is derived from the log.
pub(crate) const INDEX: &str = "index";

/// What this back-end keeps in a vault's directory.
const FORMAT: Format = Format { backend: "journal", version: 1, parts: &[JOURNAL, HEAD, INDEX] };

/// Says where a journal is, and what it is opened with.
pub(crate) struct Place<'a> {
    /// The vault's directory, for errors.
    pub(crate) path: &'a Path,
    /// Holds the segments.
    pub(crate) directory: Arc<dyn Directory>,
    /// Records the head.
    pub(crate) head: HeadFile,
    /// What it had recorded.
    pub(crate) acknowledged: Option<Head>,
    /// Whether nothing was ever acknowledged there, so that there need not be a journal.
    pub(crate) is_new: bool,
    /// Where chance comes from.
    pub(crate) clock: Arc<dyn Clock>,
}

/// Opens the log in a vault's directory and its index, or creates them where that is not refused.
pub(crate) fn open(path: &Path, options: &JournalOptions) -> Result<(JournalLog, LogEnd, Index)> {
    let mut dir = VaultDir::open(path, FORMAT, options.if_missing)?;
    let (head, acknowledged) = HeadFile::open(&dir, HEAD, Pace::Relaxed, options.tail_loss)?;
    let directory = Arc::new(RealDirectory::open(&dir.part(JOURNAL))?);
    let (is_new, clock) = (dir.is_new(), Arc::new(SystemClock));
    let place = Place { path: dir.path(), directory, head, acknowledged, is_new, clock };
    let (mut log, end) = open_at(place, options)?;
    if is_new {
        dir.finish()?;
    }
    let index = RealDirectory::open(dir.path())?.inside(INDEX)?;
    log.dir = Some(dir);
    let index = Index::open(index.as_ref(), options.indexing, &log, end.position())?;
    Ok((log, end, index))
}

/// Opens the log in a place, or creates it.
pub(crate) fn open_at(place: Place<'_>, options: &JournalOptions) -> Result<(JournalLog, LogEnd)> {
    let Place { path, directory, head, acknowledged, is_new, clock } = place;
    let mut spares = Spares::on_demand(directory.clone(), options.segment_bytes.max(SEGMENT_BYTES_MIN));
    spares.start_ahead()?;
    let mut tail = Tail::Whole;
    let check = |end: &LogEnd, durable| {
        let acknowledged = Acknowledged { head: acknowledged, durable };
        tail = check_tail(path, end, acknowledged, options.tail_loss, &head)?;
        Ok(())
    };
    let recorded = acknowledged.map_or(Position::ZERO, |head| head.position);
    let vault = clock.entropy();
    let salts: Salts = Box::new(move || clock.entropy() as u64);
    let (journal, end) = match recover(&directory, &Pool::default(), recorded, check)? {
        Some((headers, active, end)) => {
            (Journal::open(Segments::new(directory, headers), active, end, spares, salts), end)
        }
        None if is_new => (Journal::create(directory, spares, vault, salts)?, LogEnd::EMPTY),
        None => {
            let reason = "it has no segment with a header".into();
            return Err(Error::Damaged { path: path.join(JOURNAL), reason, remedy: Remedy::Restore });
        }
    };
    // Recovery has made it durable, and whoever reads beside has no other proof of its last group.
    match tail {
        Tail::Short => head.reset(end.head)?,
        Tail::Whole if recorded < end.position() => head.record(end.head)?,
        Tail::Whole => {}
    }
    let journal = journal.with_compression(options.compression);
    Ok((JournalLog { journal, head, dir: None }, end))
}

/// Opens the log in a vault's directory to read only, while another process may write it.
pub(crate) fn open_read_only(path: &Path) -> Result<(Follower, LogEnd, IndexBeside)> {
    let place = VaultDir::check(path, FORMAT)?;
    let directory = Arc::new(RealDirectory::read_only(&place.join(JOURNAL)));
    let head = HeadFile::open_to_look(&place.join(HEAD))?;
    let record = Box::new(move || HeadFile::look_at(head.as_ref()));
    let (follower, end) = follow_at(&place, directory, record)?;
    let index = IndexBeside::open(&RealDirectory::read_only(&place.join(INDEX)), &follower, end.position())?;
    Ok((follower, end, index))
}

/// Opens the log in a place to read only; `record` looks for the newest record of its head.
pub(crate) fn follow_at(
    path: &Path,
    directory: Arc<dyn Directory>,
    record: Record,
) -> Result<(Follower, LogEnd)> {
    let Some(follower) = Follower::open(directory, record)? else {
        let reason = "it has no segment with a header".into();
        return Err(Error::Damaged { path: path.join(JOURNAL), reason, remedy: Remedy::Restore });
    };
    let end = follower.look()?;
    let (acknowledged, found) = (follower.durable(), end.position());
    match acknowledged > found {
        true => Err(Error::TailLost { path: path.to_path_buf(), acknowledged, found }),
        false => Ok((follower, end)),
    }
}
