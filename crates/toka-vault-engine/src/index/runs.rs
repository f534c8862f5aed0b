//! [`Runs`]: sorted files that tell which events have a key, and which together cover the log from
//! its first event on. The indexes by id and by content are both kept so.
//!
//! New entries gather in memory, become a file of their own, and eight files of about one size become one. So what
//! is written is written in one piece, an entry again only as often as there are sizes of files, and a look-up asks
//! few of them. It is a log-structured merge-tree (P. O'Neil, E. Cheng, D. Gawlick, E. O'Neil: The Log-Structured
//! Merge-Tree, 1996) that needs no log, since it is derived from one; `docs/decisions/0008` tells what else was
//! thought of.
//!
//! Keeps the invariants that a file covers events that are durable, so that no crash of the log
//! leaves it ahead; and that a key which is in no file and no page is damaged is one that no event
//! which the files cover has.

mod beside;
mod filter;
mod frame;
mod merge;
mod open;
mod page;
mod run;
#[cfg(test)]
mod tests;
mod writing;

use std::sync::Arc;

use toka_vault_core::{Error, Event, EventId, Position, Remedy, Result};

use super::times::{Span, TimeRange};
use crate::disk::Directory;
use crate::limits::sized;
use crate::sync::{RwLock, read, write};
pub(crate) use frame::Notes;
use merge::merge;
pub(crate) use page::Entry;
use run::UNFINISHED;
pub(crate) use run::{Cover, Damaged, LastPage, Run};

/// Files of about the same size that are merged to one.
const MERGE_RUNS: usize = 8;

/// Events that are worth a file of their own when a vault is closed. To read fewer from the log when it
/// is opened again takes less time than to write and sync that file.
pub(crate) const CLOSING_EVENTS_MIN: usize = sized(1 << 12, 16, 4);

/// Bytes of payloads and parents that are worth a file while a vault is open, of however few events: they are read
/// again when it is opened after it was killed. Fewer in tests, so that they need not write as many.
pub(crate) const BATCH_BYTES: usize = sized(32 << 20, 32 << 10, 32 << 10);

/// How much is worth a file when a vault is closed.
pub(crate) const CLOSING: Enough = Enough { events: CLOSING_EVENTS_MIN, bytes: BATCH_BYTES / 8 };

/// Events that are searched for an id while other reads may wait for that.
const SEARCHED_AT_ONCE: u64 = 256;

/// Says from how much on a file is made: of so many events, or of fewer that hold so many bytes. Whatever is in no
/// file is read from the log when a vault is opened, its payloads too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Enough {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

/// Is what events are found by: 16 bytes that sort, as the number that sorts alike and is compared and
/// hashed at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key(pub(crate) u128);

/// Says how the files of an index are called and how large they start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// What their names end with.
    pub(crate) extension: &'static str,
    /// Events that one covers before it is merged with others.
    pub(crate) batch_events: usize,
    /// Tells for which keys it pays to know without a read that a file does not have them. They have to
    /// be as good as random.
    pub(crate) is_filtered: fn(Key) -> bool,
    /// Returns the key that no other event of any log has, where there is one.
    pub(crate) own_key: fn(&Event) -> Option<Key>,
    /// Whether the files tell the times of their events.
    pub(crate) times: Times,
}

/// Says whether an index tells times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    /// Of every event.
    Kept,
    /// Of none.
    Left,
}

/// Holds the files, in the order of what they cover.
#[derive(Debug)]
pub(crate) struct Runs {
    dir: Arc<dyn Directory>,
    layout: Layout,
    runs: RwLock<Vec<Arc<Run>>>,
}

/// Tells where an id is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// No event has it.
    Absent,
    /// An event at this position has it.
    At(Position),
    /// Files that could have it are damaged, or events could not be read when the index was built: these
    /// ranges of positions have to be searched.
    Unread(Vec<Span>),
}

impl Enough {
    /// While a vault is open, so many events.
    pub(crate) const fn events(events: usize) -> Self {
        Self { events, bytes: BATCH_BYTES }
    }

    /// Tells whether so many events that hold so many bytes are worth a file.
    pub(crate) fn is_reached(self, events: usize, bytes: usize) -> bool {
        events >= self.events || bytes >= self.bytes
    }
}

impl Lookup {
    /// Tells whether so much of the log has to be searched that other reads should not wait for it.
    pub(crate) fn takes_long(&self) -> bool {
        let Self::Unread(ranges) = self else { return false };
        let events = |(first, last): &Span| last.get().saturating_sub(first.get()).saturating_add(1);
        ranges.iter().map(events).fold(0, u64::saturating_add) > SEARCHED_AT_ONCE
    }

    /// Says that the event could be in these ranges too, unless it is found.
    pub(crate) fn or_in(self, ranges: Vec<Span>) -> Self {
        match self {
            Self::Absent if ranges.is_empty() => Self::Absent,
            Self::Absent => Self::Unread(ranges),
            Self::At(position) => Self::At(position),
            Self::Unread(unread) => Self::Unread([unread, ranges].concat()),
        }
    }
}

impl Key {
    /// The key before all others.
    pub(crate) const LEAST: Self = Self(0);

    /// Returns the key with these bytes.
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Returns the bytes of the key.
    pub(crate) const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl From<EventId> for Key {
    fn from(id: EventId) -> Self {
        Self::from_bytes(id.to_bytes())
    }
}

impl Runs {
    /// Finds a key that one event has, the newest file first.
    pub(crate) fn find(&self, key: Key) -> Lookup {
        self.find_near(key, &mut LastPage::default())
    }

    /// Does the same as one of several, which are mostly close to each other.
    pub(crate) fn find_near(&self, key: Key, last: &mut LastPage) -> Lookup {
        let mut unread = Vec::new();
        for run in self.snapshot().iter().rev() {
            match run.find_near(key, last) {
                Ok(Some(position)) => return Lookup::At(position),
                Ok(None) => unread.extend(run.notes().gaps.spans()),
                Err(Damaged) => unread.push(run.cover().span()),
            }
        }
        Lookup::Absent.or_in(unread)
    }

    /// Tells without reading whether an event that the files cover could have a key.
    pub(crate) fn could_have(&self, key: Key) -> bool {
        read(&self.runs).iter().any(|run| run.could_have(key) || !run.notes().gaps.is_empty())
    }

    /// Returns up to `max` positions of a key from `from` on, the lowest first.
    pub(crate) fn ascending(&self, key: Key, from: Position, max: usize) -> Result<Vec<Position>, Damaged> {
        let mut found = Vec::new();
        for run in self.snapshot().iter().filter(|run| run.cover().last >= from) {
            if found.len() >= max {
                break;
            }
            found.extend(run.ascending(key, from, max - found.len())?);
        }
        Ok(found)
    }

    /// Returns up to `max` positions of a key up to `to`, the highest first.
    pub(crate) fn descending(&self, key: Key, to: Position, max: usize) -> Result<Vec<Position>, Damaged> {
        let mut found = Vec::new();
        for run in self.snapshot().iter().rev().filter(|run| run.cover().first <= to) {
            if found.len() >= max {
                break;
            }
            found.extend(run.descending(key, to, max - found.len())?);
        }
        Ok(found)
    }

    /// Returns the keys from `low` to `high` that events between the two positions could have.
    pub(crate) fn keys(
        &self,
        (low, high): (Key, Key),
        first: Position,
        last: Position,
    ) -> Result<Vec<Key>, Damaged> {
        let mut keys = Vec::new();
        for run in self.snapshot().iter().filter(|run| run.cover().first <= last && first <= run.cover().last)
        {
            keys.extend(run.keys(low, high)?);
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// Returns where events could be that a range of times wants.
    pub(crate) fn spans(&self, times: TimeRange) -> Vec<Span> {
        read(&self.runs).iter().flat_map(|run| run.notes().zones.spans(run.cover().last, times)).collect()
    }

    /// Returns up to where the files cover the log.
    pub(crate) fn last(&self) -> Position {
        read(&self.runs).last().map_or(Position::ZERO, |run| run.cover().last)
    }

    /// Writes a file of sorted entries, and of notes, of the events that follow those of all files.
    pub(crate) fn add(&self, entries: Vec<Entry>, notes: Notes, cover: Cover) -> Result<()> {
        let filtered = entries.iter().filter(|entry| (self.layout.is_filtered)(entry.0)).count();
        let entries = entries.into_iter().map(Ok);
        let Some(run) =
            Run::write(&self.dir, UNFINISHED, self.layout, cover, notes, filtered as u64, entries)?
        else {
            // Whoever would let go of what it wrote would lose it.
            let reason = "an index file does not read as it was just written".into();
            return Err(Error::Damaged {
                path: self.dir.path(&run::file_name(cover, self.layout.extension)),
                reason,
                remedy: Remedy::Restore,
            });
        };
        write(&self.runs).push(Arc::new(run));
        Ok(())
    }

    /// Merges files where there are many of about the same size, until there are not, or
    /// `stop` says so, which is asked often and may add files.
    pub(crate) fn merge(&self, stop: &dyn Fn() -> bool) -> Result<()> {
        while let Some(inputs) = self.mergeable() {
            let Some(merged) = merge(&self.dir, self.layout, &inputs, stop)? else { return Ok(()) };
            {
                let mut runs = write(&self.runs);
                // What was found wrong meanwhile is not to live on in another file.
                if inputs.iter().any(|run| run.is_discarded()) {
                    merged.discard();
                    return Ok(());
                }
                // What was added meanwhile is behind them.
                let first =
                    inputs.first().and_then(|first| runs.iter().position(|run| Arc::ptr_eq(run, first)));
                let Some(first) = first else { return Ok(()) };
                runs.splice(first..first + inputs.len(), [Arc::new(merged)]);
            }
            // Where this is cut short, the next open removes them: the merged file covers more.
            inputs.iter().try_for_each(|run| run.remove())?;
        }
        Ok(())
    }

    /// Discards a file that does not say what the log says, and the one that it has become a part of.
    pub(super) fn discard(&self, wrong: &Run) {
        wrong.discard();
        let cover = wrong.cover();
        let has_it = |run: &&Arc<Run>| run.cover().first <= cover.first && cover.last <= run.cover().last;
        read(&self.runs).iter().filter(has_it).for_each(|run| run.discard());
    }

    /// Returns the oldest files next to each other, as many as are merged at once, that are whole and of about the
    /// same size. The newest could leave some of that size before them that never are as many.
    fn mergeable(&self) -> Option<Vec<Arc<Run>>> {
        let runs = read(&self.runs);
        let are_alike = |files: &&[Arc<Run>]| {
            let level = files.first().map(|run| self.level(run));
            files.iter().all(|run| level == Some(self.level(run)) && !run.is_discarded())
        };
        runs.windows(MERGE_RUNS).find(are_alike).map(<[_]>::to_vec)
    }

    /// Returns how often a file of this size has been merged, about.
    fn level(&self, run: &Run) -> u32 {
        let batches = run.events() / self.layout.batch_events as u64;
        batches.max(1).ilog(MERGE_RUNS as u64)
    }

    /// Returns the files of this moment.
    pub(super) fn snapshot(&self) -> Vec<Arc<Run>> {
        read(&self.runs).clone()
    }
}
