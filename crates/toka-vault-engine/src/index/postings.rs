//! [`Postings`]: which events are of a kind or a time, have a parent, or carry a payload.
//!
//! It follows the log instead of being told of each event, so that it takes nothing from the path of a
//! commit: a thread of its own takes what has become durable, from memory as long as it is there; some
//! ten thousands of events make a sorted file, and files are merged. Whoever asks first has it read what
//! is missing up to the head.
//!
//! Keeps these invariants:
//!
//! - It is derived: what its files do not cover is read from the log.
//! - It tells of every event up to where it has followed the log; of one that is damaged too, under a key of
//!   its own, so that no answer leaves it out.
//! - What is in memory is bounded where there are files. Beyond the bound it does not follow, and
//!   whoever asks reads the log from there on; where it is not kept at all, from the start.
//! - The files of another process are read only: what is in memory leaves it once that process has it in a
//!   file.

mod feed;
mod gathered;
pub(crate) mod keys;
mod memory;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::HashMap;
use std::sync::Arc;

use toka_vault_core::{Event, Kind, Position, Result};

use super::runs::{Damaged, Enough, Key, Layout, Runs, Times};
use super::times::{Span, TimeRange, joined};
use crate::disk::Directory;
use crate::limits::sized;
use crate::log::Log;
use crate::published::Published;
use crate::sync::{Mutex, RwLock, lock, read, write};
use crate::tail::held_by;
use crate::thread::JoinHandle;
use feed::Feed;
use memory::Memory;
use worker::Worker;

/// Events that one file is made of, before files are merged; few in tests, so that they see many.
const BATCH_EVENTS: usize = sized(1 << 15, 64, 8);

/// How much one file is made of.
const BATCH: Enough = Enough::events(BATCH_EVENTS);

/// Kinds that are remembered by their keys, so that a pattern need not read an event for each.
const KINDS_MAX: usize = 1 << 16;

/// How the files are called, and how large they start.
pub(super) const LAYOUT: Layout = Layout {
    extension: "postings",
    batch_events: BATCH_EVENTS,
    is_filtered: keys::is_of_payload,
    own_key: |_| None,
    times: Times::Kept,
};

/// Finds events by what they say; by default it follows nothing and finds none.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    memory: Arc<Memory>,
    runs: Option<Arc<Runs>>,
    /// Makes the files, where they are our own.
    maker: Option<Maker>,
    /// Kinds that were asked for, by their keys.
    kinds: RwLock<HashMap<Key, Kind>>,
}

/// Has a thread follow the log and make files.
#[derive(Debug)]
struct Maker {
    worker: Arc<Worker>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Postings {
    /// Follows a log in memory alone, as far as it is asked to.
    pub(crate) fn in_memory() -> Self {
        Self::new(Memory::unbounded(), None, None)
    }

    /// Opens the files in a directory that fit a log which is durable up to `head`.
    pub(crate) fn open(dir: Arc<dyn Directory>, log: &dyn Log, head: Position) -> Result<Self> {
        let maker = Maker { worker: Arc::new(Worker::new(head)), thread: Mutex::default() };
        let runs = Runs::open(dir, LAYOUT, log, head)?;
        Ok(Self::new(Memory::bounded(runs.last()), Some(runs), Some(maker)))
    }

    /// Opens the files of another process, as far as they fit.
    pub(crate) fn beside(dir: Arc<dyn Directory>, log: &dyn Log, head: Position) -> Self {
        let runs = Runs::beside(dir, LAYOUT, log, head);
        Self::new(Memory::bounded(runs.last()), Some(runs), None)
    }

    fn new(memory: Memory, runs: Option<Runs>, maker: Option<Maker>) -> Self {
        Self { memory: Arc::new(memory), runs: runs.map(Arc::new), maker, kinds: RwLock::default() }
    }

    /// Starts the thread that follows the log, where there are files.
    pub(crate) fn start(&self, log: &Arc<dyn Log>, published: &Arc<Published>) -> Result<()> {
        let (Some(maker), Some(runs)) = (&self.maker, self.runs.clone()) else { return Ok(()) };
        let (worker, memory) = (maker.worker.clone(), self.memory.clone());
        let (log, published) = (log.clone(), published.clone());
        let follow = move || worker.run(&memory, &runs, Feed::with_tail(log.as_ref(), &published));
        *lock(&maker.thread) = Some(crate::thread::spawn("toka-postings", follow)?);
        Ok(())
    }

    /// Reads on in the log, up to `head` at most, while there is room. Returns up to where it tells of
    /// every event.
    ///
    /// # Errors
    ///
    /// A failure to read the log.
    pub(crate) fn follow(&self, log: &dyn Log, head: Position) -> Result<Position> {
        let mut covered = self.memory.follow(Feed::of(log), head)?;
        match (&self.maker, &self.runs) {
            (Some(maker), _) if self.memory.is_ready(head) => maker.worker.wake(),
            (None, Some(runs)) => {
                while covered < head && self.has_room_beside(runs, log, head) {
                    covered = self.memory.follow(Feed::of(log), head)?;
                }
            }
            _ => {}
        }
        Ok(covered)
    }

    /// Lets go in memory of what another process has in files by now, and tells whether there is room.
    fn has_room_beside(&self, runs: &Runs, log: &dyn Log, head: Position) -> bool {
        if let Some(leaving) = self.memory.send_off(head, BATCH) {
            if runs.last() < leaving.last() {
                runs.look(log, head);
            }
            self.memory.arrived(runs.last());
        }
        self.memory.has_room()
    }

    /// Returns up to where it tells of every event without reading on.
    pub(crate) fn covered(&self) -> Position {
        self.memory.covered()
    }

    /// Returns up to `max` positions of a key from `from` on, the lowest first.
    pub(crate) fn ascending(&self, key: Key, from: Position, max: usize) -> Result<Vec<Position>, Damaged> {
        // First memory: what leaves it in between is in the files then.
        let newest = self.memory.ascending(key, from, max);
        let Some(runs) = &self.runs else { return Ok(newest) };
        let mut found = runs.ascending(key, from, max)?;
        let last = found.last().copied().unwrap_or_default();
        found.extend(newest.into_iter().filter(|position| *position > last));
        found.truncate(max);
        Ok(found)
    }

    /// Returns up to `max` positions of a key up to `to`, the highest first.
    pub(crate) fn descending(&self, key: Key, to: Position, max: usize) -> Result<Vec<Position>, Damaged> {
        let mut found = self.memory.descending(key, to, max);
        if let Some(runs) = self.runs.as_ref().filter(|_| found.len() < max) {
            let first = found.last().copied();
            let older = runs.descending(key, to, max)?;
            found.extend(older.into_iter().filter(|position| first.is_none_or(|first| *position < first)));
            found.truncate(max);
        }
        Ok(found)
    }

    /// Returns the keys of the kinds that events between two positions have, and perhaps of others.
    pub(crate) fn kinds(&self, first: Position, last: Position) -> Result<Vec<Key>, Damaged> {
        let mut kinds = self.memory.kinds();
        if let Some(runs) = &self.runs {
            kinds.extend(runs.keys(keys::KINDS, first, last)?);
        }
        kinds.sort_unstable();
        kinds.dedup();
        Ok(kinds)
    }

    /// Returns where events between two positions could be that a range of times wants.
    pub(crate) fn spans(&self, between: Span, times: TimeRange) -> Vec<Span> {
        // First memory: what leaves it in between is in the files then.
        let mut spans = self.memory.spans(times);
        spans.extend(self.runs.iter().flat_map(|runs| runs.spans(times)));
        joined(spans, between)
    }

    /// Returns the kind of a key, where it is remembered.
    pub(crate) fn remembered(&self, key: Key) -> Option<Kind> {
        read(&self.kinds).get(&key).cloned()
    }

    /// Remembers the kind of a key.
    pub(crate) fn remember(&self, key: Key, kind: &Kind) {
        let mut kinds = write(&self.kinds);
        if kinds.len() >= KINDS_MAX {
            kinds.clear();
        }
        kinds.insert(key, kind.clone());
    }

    /// Returns the files, where there are any and they are our own.
    pub(super) fn own_runs(&self) -> Option<&Runs> {
        self.runs.as_deref().filter(|_| self.maker.is_some())
    }

    /// Tells of events that will become durable.
    pub(crate) fn coming(&self, events: &[Event]) {
        if let Some(maker) = &self.maker {
            maker.worker.coming(events.iter().map(held_by).sum());
        }
    }

    /// Tells up to where the log is durable.
    pub(crate) fn durable(&self, head: Position) {
        if let Some(maker) = &self.maker {
            maker.worker.durable(head);
        }
    }

    /// Ends the thread.
    pub(crate) fn close(&self) {
        let Some(maker) = &self.maker else { return };
        maker.worker.stop();
        if let Some(thread) = lock(&maker.thread).take() {
            // It has nothing to return; a panic in it was reported by itself.
            let _ = thread.join();
        }
    }
}

impl Drop for Postings {
    fn drop(&mut self) {
        self.close();
    }
}
