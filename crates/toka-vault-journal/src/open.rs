//! [`open`]: from a directory to a log that is whole, and the place where it ends.
//!
//! Keeps the invariant that nothing is guessed: what was never acknowledged is wiped, and where
//! something acknowledged is missing, the vault does not open unless its user accepts the loss.

use std::path::Path;
use std::sync::Arc;

use toka_vault_core::{Error, Result};
use toka_vault_engine::disk::{Directory, Format, HeadFile, Pace, RealDirectory, VaultDir, check_tail};
use toka_vault_engine::{Clock, FollowedLog, Index, LogEnd, SystemClock};

use crate::follow::Follower;
use crate::journal::{Journal, Salts};
use crate::log::JournalLog;
use crate::options::{JournalOptions, SEGMENT_BYTES_MIN};
use crate::pool::Pool;
use crate::recover::recover;
use crate::segments::Segments;
use crate::spares::Spares;

/// Holds the segments.
const JOURNAL: &str = "journal";

/// Records the acknowledged head.
const HEAD: &str = "head";

/// Holds what is derived from the log.
const INDEX: &str = "index";

/// What this back-end keeps in a vault's directory.
const FORMAT: Format = Format { backend: "journal", version: 1, parts: &[JOURNAL, HEAD, INDEX] };

/// Opens the log in a vault's directory and its index, or creates them.
pub(crate) fn open(path: &Path, options: &JournalOptions) -> Result<(JournalLog, LogEnd, Index)> {
    let mut dir = VaultDir::open(path, FORMAT)?;
    let (head, acknowledged) = HeadFile::open(&dir.part(HEAD), Pace::Relaxed)?;
    let directory: Arc<dyn Directory> = Arc::new(RealDirectory::open(&dir.part(JOURNAL))?);
    let mut spares = Spares::on_demand(directory.clone(), options.segment_bytes.max(SEGMENT_BYTES_MIN));
    spares.start_ahead()?;
    let check = |end: &LogEnd| check_tail(path, end, acknowledged, options.tail_loss, &head);
    let (journal, end) = match recover(&directory, &Pool::default(), check)? {
        Some((headers, active, end)) => {
            (Journal::open(Segments::new(directory, headers), active, end, spares, salts()), end)
        }
        None if dir.is_new() => {
            let vault = SystemClock.entropy();
            (Journal::create(directory, spares, vault, salts())?, LogEnd::EMPTY)
        }
        None => {
            let reason = "it has no segment with a header".into();
            return Err(Error::Damaged { path: dir.part(JOURNAL), reason });
        }
    };
    if dir.is_new() {
        dir.finish()?;
    }
    let index = dir.part(INDEX);
    let log = JournalLog { journal, head, _dir: dir };
    let index = Index::open(&index, options.indexing, &log, end.position())?;
    Ok((log, end, index))
}

/// Opens the log in a vault's directory to read only, while another process may write it.
pub(crate) fn open_read_only(path: &Path) -> Result<(Follower, LogEnd)> {
    VaultDir::check(path, FORMAT)?;
    let directory = Arc::new(RealDirectory::read_only(&path.join(JOURNAL)));
    let head = path.join(HEAD);
    let acknowledged = HeadFile::look(&head)?;
    let Some(follower) = Follower::open(directory, Box::new(move || HeadFile::look(&head)))? else {
        let reason = "it has no segment with a header".into();
        return Err(Error::Damaged { path: path.join(JOURNAL), reason });
    };
    let end = follower.look()?;
    match acknowledged.map(|head| head.position).filter(|acknowledged| *acknowledged > end.position()) {
        Some(acknowledged) => {
            Err(Error::TailLost { path: path.to_path_buf(), acknowledged, found: end.position() })
        }
        None => Ok((follower, end)),
    }
}

/// Returns salts that no segment had before.
fn salts() -> Salts {
    Box::new(|| SystemClock.entropy() as u64)
}
