//! [`Memory`]: the postings of the newest events, and how they follow the log.
//!
//! Keeps the invariants that one at a time reads on in the log, so that each event is added once and
//! in order; and that there is a bound, where there are files to move what is held to.

use std::sync::Arc;

use toka_vault_core::{Position, Result};

use super::feed::Feed;
use super::gathered::{Gathered, KindKeys};
use super::{BATCH, BATCH_EVENTS, keys};
use crate::index::runs::{Enough, Key};
use crate::index::times::{Span, TimeRange};
use crate::sync::{Mutex, RwLock, lock, read, write};

/// Events that are held at most, where there are files to move them to: fewer where they have many parents.
const GATHERED_EVENTS_MAX: usize = 2 * BATCH_EVENTS;

/// Most entries of parts that are merged where nothing bounds how many there are: more would hold up
/// who asks meanwhile.
const MERGED_MAX: usize = 1 << 16;

/// The same where there is a bound, and so few parts at most that to look into each costs less than to
/// merge them.
const SMALL_MAX: usize = 1 << 12;

/// Holds what is not on disk yet.
#[derive(Debug, Default)]
pub(super) struct Memory {
    parts: RwLock<Parts>,
    /// Held by whoever reads on in the log.
    following: Mutex<KindKeys>,
    extent: Extent,
}

/// Says how much is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Extent {
    /// Nothing: the log is not followed.
    #[default]
    Nothing,
    /// As much as there are files to move it to.
    Batches,
    /// All there is.
    All,
}

#[derive(Debug, Default)]
struct Parts {
    /// The newest.
    gathered: Gathered,
    /// What is on its way to disk.
    leaving: Option<Arc<Gathered>>,
}

impl Parts {
    /// Tells whether something is on its way to disk, or enough events that are durable could be.
    fn is_ready(&self, durable: Position, enough: Enough) -> bool {
        let covers = self.gathered.cover().is_some_and(|cover| cover.last <= durable);
        self.leaving.is_some() || (covers && enough.is_reached(self.gathered.weight(), self.gathered.bytes()))
    }

    fn send_off(&mut self, durable: Position, enough: Enough) -> Option<Arc<Gathered>> {
        if self.leaving.is_none() && self.is_ready(durable, enough) {
            let next = Gathered::after(self.gathered.last());
            self.leaving = Some(Arc::new(std::mem::replace(&mut self.gathered, next)));
        }
        self.leaving.clone()
    }
}

impl Memory {
    /// Starts at the beginning, and holds all.
    pub(super) fn unbounded() -> Self {
        Self { extent: Extent::All, ..Self::default() }
    }

    /// Starts behind what the files have, and keeps to the bound.
    pub(super) fn bounded(last: Position) -> Self {
        let parts = Parts { gathered: Gathered::after(last), leaving: None };
        Self { parts: RwLock::new(parts), following: Mutex::default(), extent: Extent::Batches }
    }

    /// Returns up to where it tells of every event.
    pub(super) fn covered(&self) -> Position {
        read(&self.parts).gathered.last()
    }

    /// Reads on in the log, up to `head` at most, while there is room. Returns up to where it tells of
    /// every event.
    pub(super) fn follow(&self, feed: Feed<'_>, head: Position) -> Result<Position> {
        if self.covered() >= head {
            return Ok(self.covered());
        }
        let mut kinds = lock(&self.following);
        loop {
            let covered = self.covered();
            if covered >= head || !self.has_room() {
                return Ok(covered);
            }
            let part = feed.part(&mut kinds, covered.next(), head)?;
            let merged_max = if self.extent == Extent::Batches { SMALL_MAX } else { MERGED_MAX };
            // Made before the lock is taken, which those who ask wait for.
            write(&self.parts).gathered.add(part, merged_max);
        }
    }

    /// Returns up to `max` positions of a key from `from` on, the lowest first.
    pub(super) fn ascending(&self, key: Key, from: Position, max: usize) -> Vec<Position> {
        let parts = read(&self.parts);
        let leaving = parts.leaving.iter().flat_map(|leaving| leaving.ascending(key, from, max));
        leaving.chain(parts.gathered.ascending(key, from, max)).take(max).collect()
    }

    /// Returns up to `max` positions of a key up to `to`, the highest first.
    pub(super) fn descending(&self, key: Key, to: Position, max: usize) -> Vec<Position> {
        let parts = read(&self.parts);
        let gathered = parts.gathered.descending(key, to, max);
        let leaving = parts.leaving.iter().flat_map(|leaving| leaving.descending(key, to, max));
        gathered.chain(leaving).take(max).collect()
    }

    /// Returns the keys of kinds.
    pub(super) fn kinds(&self) -> Vec<Key> {
        let parts = read(&self.parts);
        let leaving = parts.leaving.iter().flat_map(|leaving| leaving.keys(keys::KINDS));
        leaving.chain(parts.gathered.keys(keys::KINDS)).collect()
    }

    /// Returns where events could be that a range of times wants.
    pub(super) fn spans(&self, times: TimeRange) -> Vec<Span> {
        let parts = read(&self.parts);
        let leaving = parts.leaving.iter().flat_map(|leaving| leaving.spans(times));
        leaving.chain(parts.gathered.spans(times)).collect()
    }

    /// Tells whether there is enough for a file, of events that are durable up to `durable`.
    pub(super) fn is_ready(&self, durable: Position) -> bool {
        read(&self.parts).is_ready(durable, BATCH)
    }

    /// Returns what is on its way to disk, and before that sends off what has gathered where nothing is
    /// and that is enough events, all of them durable.
    pub(super) fn send_off(&self, durable: Position, enough: Enough) -> Option<Arc<Gathered>> {
        write(&self.parts).send_off(durable, enough)
    }

    /// Lets go of what was on its way to disk, if it is there now that the files go up to `last`.
    pub(super) fn arrived(&self, last: Position) {
        write(&self.parts).leaving.take_if(|leaving| leaving.last() <= last);
    }

    /// Counts the events that are in memory.
    #[cfg(test)]
    pub(super) fn events(&self) -> usize {
        let parts = read(&self.parts);
        parts.gathered.events() + parts.leaving.as_ref().map_or(0, |leaving| leaving.events())
    }

    /// Tells whether there is room for more. A file ends with an event that is whole, so what is
    /// damaged at the bound does not count.
    pub(super) fn has_room(&self) -> bool {
        let gathered = &read(&self.parts).gathered;
        match self.extent {
            Extent::Nothing => false,
            Extent::Batches => gathered.weight() < GATHERED_EVENTS_MAX || gathered.cover().is_none(),
            Extent::All => true,
        }
    }
}
