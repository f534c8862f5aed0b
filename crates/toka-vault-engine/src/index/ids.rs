//! [`IdIndex`]: which event has which id.
//!
//! The newest ids are in memory ([`Positions`]). A vault on disk moves them, some ten thousands at a time,
//! to sorted files ([`Runs`]), which a thread of the index writes and merges off the commit path.
//!
//! Keeps these invariants:
//!
//! - It is derived: the log alone is the truth. Files that are missing, damaged or of another log
//!   are found out and built anew, and until then the log is searched instead.
//! - A file covers events that are durable, so that no crash of the log leaves it ahead.
//! - What is in memory is bounded, whatever the disk does ([`IdIndex::wait_for_room`]).

mod keeper;
mod open;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use toka_vault_core::{Event, EventHash, EventId, Position, Result};

pub(crate) use crate::index::runs::Lookup;
use crate::index::runs::{Cover, Enough, LastPage, Layout, Runs, Times};
use crate::index::{Gaps, Span};
use crate::limits::sized;
use crate::positions::Positions;
use crate::sync::{Mutex, RwLock, lock, read, write};
use crate::tail::held_by;
use crate::thread::JoinHandle;
use keeper::Keeper;

/// Ids that are gathered in memory before they are moved to disk; few in tests, so that they see
/// many files and merges.
const GATHERED_IDS_MAX: usize = sized(1 << 16, 64, 8);

/// Ids that gather before the writer of the log waits for the index: a multiple of what is moved at
/// once, so that a merge on the way does not hold up commits.
const WAITING_IDS_MAX: usize = 4 * GATHERED_IDS_MAX;

/// How much is moved at once.
const BATCH: Enough = Enough::events(GATHERED_IDS_MAX);

/// How the files are called, and how large they start.
pub(super) const LAYOUT: Layout = Layout {
    extension: "ids",
    batch_events: GATHERED_IDS_MAX,
    is_filtered: |_| false,
    own_key: |event| Some(event.header.id.into()),
    times: Times::Left,
};

/// Evicted ids that are worth the pass that removes them.
const FORGET_MIN: u64 = 1_024;

/// Finds events by id.
#[derive(Debug, Default)]
pub(crate) struct IdIndex {
    recent: Arc<RwLock<Recent>>,
    disk: Option<Disk>,
}

/// Holds the ids that are not on disk yet.
#[derive(Debug, Default)]
struct Recent {
    /// The newest.
    gathered: Positions,
    /// What their events hold in the log.
    bytes: usize,
    /// The hash of the newest event.
    newest: Option<EventHash>,
    /// What could not be read when the index was opened.
    gaps: Gaps,
    /// What stands behind all of these in the log and was not read yet, since there was no room for it.
    unread: Option<Span>,
    /// The position behind all that was sent off.
    due: Position,
    /// Those that are on their way to disk.
    leaving: Option<Arc<Batch>>,
}

/// Holds ids of consecutive events.
#[derive(Debug)]
struct Batch {
    ids: Positions,
    gaps: Gaps,
    cover: Cover,
}

/// Moves ids to disk and finds them there.
#[derive(Debug)]
struct Disk {
    runs: Arc<Runs>,
    keeper: Arc<Keeper>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl IdIndex {
    /// Adds events, which follow those that were added before.
    pub(crate) fn insert(&self, events: &[Event]) {
        let mut recent = write(&self.recent);
        for event in events {
            recent.gathered.insert(event.header.id, event.position());
            recent.bytes = recent.bytes.saturating_add(held_by(event));
        }
        recent.newest = events.last().map(|event| event.header.hash).or(recent.newest);
        let ready = recent.is_ready();
        drop(recent);
        if let Some(disk) = self.disk.as_ref().filter(|_| ready) {
            disk.keeper.wake();
        }
    }

    /// Lets go of ids before `oldest` that the log has evicted, once they are about half of all.
    pub(crate) fn forget(&self, oldest: Position, newest: Position) {
        let live = newest.get().saturating_sub(oldest.get()).saturating_add(1);
        let many = live.saturating_mul(2).saturating_add(FORGET_MIN);
        if oldest > Position::FIRST && read(&self.recent).gathered.len() as u64 > many {
            write(&self.recent).gathered.remove_before(oldest);
        }
    }

    /// Finds an event, among the newest ids and then in the files: what leaves memory is in a file before.
    /// Reads from disk, but for ids that are close to the last one.
    pub(crate) fn find_near(&self, id: EventId, last: &mut LastPage) -> Lookup {
        let gaps: Vec<Span> = {
            let recent = read(&self.recent);
            match recent.find(id) {
                Some(position) => return Lookup::At(position),
                None => recent.gaps().collect(),
            }
        };
        self.runs().map_or(Lookup::Absent, |runs| runs.find_near(id.into(), last)).or_in(gaps)
    }

    /// Tells without reading from disk whether an event could have an id. Looks in the same order.
    pub(crate) fn could_have(&self, id: EventId) -> bool {
        let in_memory = {
            let recent = read(&self.recent);
            recent.find(id).is_some() || recent.gaps().next().is_some()
        };
        in_memory || self.runs().is_some_and(|runs| runs.could_have(id.into()))
    }

    /// Returns the files, where there are any.
    pub(super) fn runs(&self) -> Option<&Runs> {
        self.disk.as_ref().map(|disk| disk.runs.as_ref())
    }

    /// Tells the index up to where the log is durable.
    pub(crate) fn durable(&self, head: Position) {
        if let Some(disk) = &self.disk {
            disk.keeper.durable(head);
        }
    }

    /// Tells whether what is in memory is within its bound, and nothing is behind it.
    pub(crate) fn has_room(&self) -> bool {
        let recent = read(&self.recent);
        self.disk.is_none() || (recent.has_room() && recent.unread.is_none())
    }

    /// Waits until what is in memory is within its bound, or tells what keeps it from that.
    fn wait_for_memory(&self) -> Result<()> {
        match &self.disk {
            Some(disk) => disk.keeper.wait_for_room(&self.recent),
            None => Ok(()),
        }
    }

    /// Ends the index's thread. What it leaves in memory is found again in the log.
    pub(crate) fn close(&self) {
        let Some(disk) = &self.disk else { return };
        disk.keeper.stop();
        let thread = lock(&disk.thread).take();
        if let Some(thread) = thread {
            // It has nothing to return; a panic in it was reported by itself.
            let _ = thread.join();
        }
    }
}

impl Drop for IdIndex {
    fn drop(&mut self) {
        self.close();
    }
}

impl Recent {
    fn find(&self, id: EventId) -> Option<Position> {
        let leaving = || self.leaving.as_ref()?.ids.get(id);
        self.gathered.get(id).or_else(leaving)
    }

    /// Returns where events are whose ids are not known.
    fn gaps(&self) -> impl Iterator<Item = Span> + '_ {
        self.leaving.iter().flat_map(|batch| batch.gaps.spans()).chain(self.gaps.spans()).chain(self.unread)
    }

    /// Tells whether enough has gathered to be sent off, and nothing is on its way.
    fn is_ready(&self) -> bool {
        self.is_worth(BATCH) && self.leaving.is_none()
    }

    /// Tells whether what has gathered is worth a file.
    fn is_worth(&self, enough: Enough) -> bool {
        enough.is_reached(self.gathered.len(), self.bytes)
    }

    /// Tells whether more may gather.
    fn has_room(&self) -> bool {
        self.gathered.len() < WAITING_IDS_MAX
    }

    /// Sends what has gathered on its way to disk.
    fn send_off(&mut self) {
        self.bytes = 0;
        let ids = std::mem::take(&mut self.gathered);
        let positions = ids.iter().map(|(_, position)| position);
        let Some((last, hash)) = positions.max().zip(self.newest) else { return };
        // What could not be read before the last event is covered with it. A file ends with an event that the
        // log has, so that what is behind it goes with the next.
        let (first, due) = (self.due, last.next());
        let gaps = self.gaps.take_before(due);
        self.due = due;
        self.leaving = Some(Arc::new(Batch { ids, gaps, cover: Cover { first, last, hash } }));
    }
}
