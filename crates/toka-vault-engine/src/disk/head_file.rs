//! [`HeadFile`]: how far a vault had acknowledged, kept outside its log.
//!
//! A log that drops a damaged tail as if it had never been written cannot tell that something is
//! missing. This record can: where it is ahead of the log at open, acknowledged events are lost.
//!
//! A record is written before its commits are acknowledged, so it is exact when the process is
//! killed. It is synced a moment later, in the background: a second sync for each group would cost
//! more than a third of the commit rate of a single committer. After a power cut the record can be
//! behind by what was acknowledged within [`SYNC_PAUSE`] and the time of a sync; the log itself was synced.
//!
//! The file has its full length, and that durable, before the vault counts as one, so that a disk that fills up
//! later does not stand in the way of a record, and one that is missing or too short tells of a loss.
//!
//! Keeps three invariants: a record is written only for what the log has synced, so that it is never
//! ahead of a log that is whole; the newest record that is known to be durable is not
//! overwritten, so that a torn write leaves it; and a vault that has lost the file is not taken for one that
//! never acknowledged anything.
//!
//! Invariants 19 and 19e of `docs/architecture.md`, which names the tests that show them.

#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use toka_vault_core::{ChainHash, Error, Head, Position, Remedy, Result};

use super::files::sync_dir;
use super::real;
use super::storage::{StoredFile, failed_with};
use super::{TailLoss, VaultDir};
use crate::sync::{Condvar, Mutex, lock, wait, wait_for};
use crate::thread::JoinHandle;

/// Opens every record.
const MAGIC: &[u8; 4] = b"TVH1";

/// Number of records: one that is durable, one that is being synced, one that is written.
const SLOTS: u64 = 3;

/// Distance of the records, so that no write to one touches a page of another.
const SLOT_BYTES: u64 = 4_096;

/// Bytes of a record: magic, checksum, position, chain hash.
const RECORD_BYTES: usize = 48;

/// Bytes that a file has at least which has all slots.
const WHOLE_BYTES: u64 = (SLOTS - 1) * SLOT_BYTES + RECORD_BYTES as u64;

/// How long the background waits between two syncs of records that are written at once.
const SYNC_PAUSE: Duration = Duration::from_millis(20);

/// How long a record that is not written at once may wait.
const RELAXED_PAUSE: Duration = Duration::from_secs(1);

/// Says when a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At once, for a log that could lose its end to a kill: the record survives the end of the process.
    AtOnce,
    /// Within a second, for a log that proves its own end unless its last bytes are damaged later.
    Relaxed,
}

/// Keeps the newest acknowledged head in a file.
#[derive(Debug)]
pub struct HeadFile {
    shared: Arc<Shared>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

/// Is shared with the thread that syncs.
#[derive(Debug)]
struct Shared {
    file: Arc<dyn StoredFile>,
    pace: Pace,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// The slot that records are written to.
    slot: u64,
    /// Whether it has a record that is not synced.
    dirty: bool,
    /// A record that is not written yet.
    waiting: Option<Head>,
    /// Whether the background waits for a record. Where it pauses, no record wakes it.
    asleep: bool,
    stop: bool,
    /// What the background met, for the next caller.
    failure: Option<Error>,
}

impl HeadFile {
    /// Opens the file of this name in a vault's directory; creates it, durable, where the vault is new. Returns
    /// the newest record with it. Where a loss is accepted, a file that is missing or too short begins anew
    /// with [`check_tail`](super::check_tail), which is told the end that was found.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] where a vault that is not new has lost it, [`Error::Io`] or
    /// [`Error::PermissionDenied`].
    pub fn open(dir: &VaultDir, name: &str, pace: Pace, tail_loss: TailLoss) -> Result<(Self, Option<Head>)> {
        let path = dir.part(name);
        if dir.is_new() {
            return Self::on(real::open_or_create(&path)?, pace);
        }
        if tail_loss == TailLoss::Refuse {
            Self::open_to_look(&path)?;
        }
        let file = real::open_or_create(&path)?;
        // It may have been created here; until it is written in full it is none.
        sync_dir(dir.path())?;
        let newest = newest(file.as_ref())?;
        Self::start(file, pace, newest)
    }

    /// Keeps the head in a file that is open, on whatever disk, and gives it its length where it is new. Returns
    /// the newest record with it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::PermissionDenied`].
    pub fn on(file: Arc<dyn StoredFile>, pace: Pace) -> Result<(Self, Option<Head>)> {
        let newest = newest(file.as_ref())?;
        if newest.is_none() && file.len()? < SLOTS * SLOT_BYTES {
            // New, or its creation was cut off.
            blank(file.as_ref())?;
        }
        Self::start(file, pace, newest)
    }

    /// Makes the newest record durable, and starts the thread that writes the later ones.
    fn start(
        file: Arc<dyn StoredFile>,
        pace: Pace,
        newest: Option<(Head, u64)>,
    ) -> Result<(Self, Option<Head>)> {
        if let Some((head, slot)) = newest {
            // The process that wrote it may have been killed before it was durable, or its sync may have failed,
            // and then no other sync makes it durable. From here on it is the one that is not overwritten.
            file.write_at(&encode(head), slot * SLOT_BYTES)?;
            file.sync()?;
        }
        let slot = newest.map_or(0, |(_, slot)| (slot + 1) % SLOTS);
        let state = State { slot, dirty: false, waiting: None, asleep: false, stop: false, failure: None };
        let shared = Shared { file, pace, state: Mutex::new(state), changed: Condvar::new() };
        let shared = Arc::new(shared);
        let kept = shared.clone();
        let keeper = crate::thread::spawn("toka-head", move || kept.keep())?;
        Ok((Self { shared, keeper: Mutex::new(Some(keeper)) }, newest.map(|(head, _)| head)))
    }

    /// Opens the file of somebody else, to look at it again and again: at the same one, whatever becomes of its
    /// path.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] where the file is missing or too short, [`Error::Io`] or [`Error::PermissionDenied`].
    pub fn open_to_look(path: &Path) -> Result<Arc<dyn StoredFile>> {
        let lost = |what: &str| {
            let reason = format!(
                "it is {what}, so that nobody can tell whether acknowledged events are missing at the end of the log"
            );
            Err(Error::Damaged { path: path.to_path_buf(), reason, remedy: Remedy::AcceptTailLoss })
        };
        match real::open_to_read(path) {
            Err(error) if failed_with(&error, ErrorKind::NotFound) => lost("missing"),
            Err(error) => Err(error),
            Ok(file) if file.len()? < WHOLE_BYTES => lost("too short"),
            Ok(file) => Ok(file),
        }
    }

    /// Reads the newest record in a file that somebody else writes, without changing anything; `None` where
    /// there is none. A record that is being written is none yet.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::PermissionDenied`].
    pub fn look_at(file: &dyn StoredFile) -> Result<Option<Head>> {
        Ok(newest(file)?.map(|(head, _)| head))
    }

    /// Writes a record, as [`Pace`] says. It survives the end of this process once it is written, and a
    /// power cut after a pause and a sync more, or after [`HeadFile::close`]; whoever drops the file without
    /// closing it leaves that open.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], of this record or of the sync of an earlier one.
    pub fn record(&self, head: Head) -> Result<()> {
        let mut state = lock(&self.shared.state);
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        state.waiting = Some(head);
        if self.shared.pace == Pace::Relaxed {
            // The background looks by itself.
            return Ok(());
        }
        self.shared.write(&mut state)?;
        let asleep = std::mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.shared.changed.notify_one();
        }
        Ok(())
    }

    /// Tells whether the file has all its slots; if not, a vault that is there had lost it.
    pub(super) fn is_whole(&self) -> Result<bool> {
        Ok(self.shared.file.len()? >= WHOLE_BYTES)
    }

    /// Replaces all records by one, which may be behind them. For a loss that was accepted.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn reset(&self, head: Head) -> Result<()> {
        blank(self.shared.file.as_ref())?;
        self.record(head)?;
        self.shared.sync()
    }

    /// Makes the newest record durable and ends the background.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], of this sync or of an earlier one.
    pub fn close(&self) -> Result<()> {
        self.stop();
        let failure = lock(&self.shared.state).failure.take();
        match failure {
            Some(failure) => Err(failure),
            None => self.shared.sync(),
        }
    }

    fn stop(&self) {
        lock(&self.shared.state).stop = true;
        self.shared.changed.notify_one();
        if let Some(keeper) = lock(&self.keeper).take() {
            // It cannot panic, and has nothing to return.
            let _ = keeper.join();
        }
    }
}

impl Drop for HeadFile {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// Syncs records as they come, with pauses, until the file is closed.
    fn keep(&self) {
        let mut state = lock(&self.state);
        while !state.stop {
            if !state.dirty && state.waiting.is_none() {
                state.asleep = true;
                state = match self.pace {
                    Pace::AtOnce => wait(&self.changed, state),
                    Pace::Relaxed => wait_for(&self.changed, state, RELAXED_PAUSE),
                };
                state.asleep = false;
                continue;
            }
            drop(state);
            if let Err(error) = self.sync() {
                lock(&self.state).failure = Some(error);
                return;
            }
            state = lock(&self.state);
            let pause = if self.pace == Pace::AtOnce { SYNC_PAUSE } else { RELAXED_PAUSE };
            if !state.stop {
                state = wait_for(&self.changed, state, pause);
            }
        }
    }

    /// Writes the record that waits, if one does.
    fn write(&self, state: &mut State) -> Result<()> {
        let Some(head) = state.waiting.take() else { return Ok(()) };
        self.file.write_at(&encode(head), state.slot * SLOT_BYTES)?;
        state.dirty = true;
        Ok(())
    }

    /// Makes the newest record durable.
    fn sync(&self) -> Result<()> {
        let mut state = lock(&self.state);
        self.write(&mut state)?;
        state.dirty = false;
        // Records that come meanwhile go to the slot that is neither this one nor the durable one.
        state.slot = (state.slot + 1) % SLOTS;
        drop(state);
        self.file.sync()
    }
}

/// Fills a file with zeros, which are no record.
fn blank(file: &dyn StoredFile) -> Result<()> {
    file.write_at(&[0; (SLOTS * SLOT_BYTES) as usize], 0)?;
    file.sync()
}

/// Encodes a record.
fn encode(head: Head) -> [u8; RECORD_BYTES] {
    let mut body = [0; RECORD_BYTES - 8];
    let (position, chain) = body.split_at_mut(8);
    position.copy_from_slice(&head.position.get().to_be_bytes());
    chain.copy_from_slice(head.chain.as_bytes());
    let mut record = [0; RECORD_BYTES];
    let (magic, rest) = record.split_at_mut(4);
    let (checksum, content) = rest.split_at_mut(4);
    magic.copy_from_slice(MAGIC);
    checksum.copy_from_slice(&crc32fast::hash(&body).to_be_bytes());
    content.copy_from_slice(&body);
    record
}

/// Reads the newest record, and in which slot it is.
fn newest(file: &dyn StoredFile) -> Result<Option<(Head, u64)>> {
    let (mut newest, length): (Option<(Head, u64)>, _) = (None, file.len()?);
    // A slot that the file does not reach has no record.
    for slot in (0..SLOTS).filter(|slot| slot * SLOT_BYTES + RECORD_BYTES as u64 <= length) {
        let record = read_slot(file, slot)?;
        let newer = record.filter(|head| newest.is_none_or(|(best, _)| head.position > best.position));
        newest = newer.map(|head| (head, slot)).or(newest);
    }
    Ok(newest)
}

/// Reads a slot; one that was never written, or torn, has no record.
fn read_slot(file: &dyn StoredFile, slot: u64) -> Result<Option<Head>> {
    let mut record = [0; RECORD_BYTES];
    file.read_at(&mut record, slot * SLOT_BYTES)?;
    let (position, chain) = record.split_at(16);
    let position = position.split_at(8).1.try_into().map_or(0, u64::from_be_bytes);
    let chain = chain.try_into().map_or(ChainHash::EMPTY, ChainHash::from_bytes);
    let head = Head { position: Position::new(position), chain };
    Ok((encode(head) == record).then_some(head))
}
