//! [`Gathered`]: which of the newest events have a key, in memory.
//!
//! It holds sorted parts, each of consecutive events, and merges neighbours of about one size: adding an
//! event costs a fraction of what a hash map costs (measured), and there are few parts to look into.
//!
//! Keeps the invariants that the parts are in the order of their events; and that each part is sorted,
//! so that the positions of a key are.

use std::collections::HashMap;

use toka_vault_core::{Event, EventHash, Kind, Position};

use super::keys::{self, EventKeys};
use crate::index::runs::{Cover, Entry, Key};
use crate::index::times::{Span, TimeRange, Zones};
use crate::tail::held_by;

/// Kinds whose keys are remembered: most vaults have fewer, and those that have more compute some
/// again.
const KIND_KEYS_MAX: usize = 4_096;

/// The greatest position there can be.
const LAST: Position = Position::new(u64::MAX);

/// Entries that count as one event at least: one has three, and one more for each parent.
const ENTRIES_USUAL: usize = 16;

/// Remembers the keys of kinds, which most events share with one before them.
#[derive(Debug, Default)]
pub(super) struct KindKeys(HashMap<Kind, Key, foldhash::fast::RandomState>);

/// Holds the postings of consecutive events.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    parts: Vec<Vec<Entry>>,
    zones: Zones,
    /// What the events hold in the log.
    bytes: usize,
    /// The first event, and the last: the position before it where there is none.
    first: Position,
    last: Position,
    /// The last event's hash; `None` where it is damaged.
    hash: Option<EventHash>,
}

/// Holds the postings of events that are still to be gathered, by what their keys are of.
#[derive(Debug)]
pub(super) struct Part {
    damaged: Vec<Entry>,
    kinds: Vec<Entry>,
    parents: Vec<Entry>,
    payloads: Vec<Entry>,
    zones: Zones,
    bytes: usize,
    last: Position,
    hash: Option<EventHash>,
}

/// Holds sorted postings of consecutive events.
#[derive(Debug)]
pub(super) struct Sorted {
    entries: Vec<Entry>,
    zones: Zones,
    bytes: usize,
    last: Position,
    hash: Option<EventHash>,
}

impl KindKeys {
    fn key_of(&mut self, kind: &Kind) -> Key {
        if let Some(key) = self.0.get(kind) {
            return *key;
        }
        let key = keys::of_kind(kind);
        if self.0.len() >= KIND_KEYS_MAX {
            self.0.clear();
        }
        self.0.insert(kind.clone(), key);
        key
    }
}

impl Part {
    /// Starts behind a position, with room for so many events.
    pub(super) fn after(last: Position, events: usize) -> Self {
        // Most events have a parent.
        let room = || Vec::with_capacity(events);
        let (kinds, parents, payloads) = (room(), room(), room());
        let (damaged, zones) = (Vec::new(), Zones::default());
        Self { damaged, kinds, parents, payloads, zones, bytes: 0, last, hash: None }
    }

    /// Adds an event behind all others.
    pub(super) fn add(&mut self, event: &Event, kinds: &mut KindKeys) {
        let (header, position) = (&event.header, event.position());
        let EventKeys { kind, parents, payload } = keys::of_event(header, kinds.key_of(&header.kind));
        self.kinds.push((kind, position));
        self.parents.extend(parents.map(|parent| (parent, position)));
        self.payloads.push((payload, position));
        self.zones.add(position, header.timestamp);
        self.bytes += held_by(event);
        (self.last, self.hash) = (position, Some(header.hash));
    }

    /// Adds the positions up to `last`, whose events cannot be read, behind all others.
    pub(super) fn add_damaged(&mut self, last: Position) {
        while self.last < last {
            self.last = self.last.next();
            self.damaged.push((keys::DAMAGED, self.last));
            self.zones.add_unknown(self.last);
            self.hash = None;
        }
    }

    /// Returns the position of the newest event.
    pub(super) fn last(&self) -> Position {
        self.last
    }

    /// Sorts what was added.
    pub(super) fn sorted(self) -> Sorted {
        let Self { damaged, kinds, parents, payloads, zones, bytes, last, hash } = self;
        let mut entries = damaged;
        entries.reserve(kinds.len() + parents.len() + payloads.len());
        // In the order of their tags. Each by itself takes less time than all together.
        for mut keys in [kinds, parents, payloads] {
            keys.sort_unstable();
            entries.append(&mut keys);
        }
        Sorted { entries, zones, bytes, last, hash }
    }
}

impl Gathered {
    /// Starts behind a position.
    pub(super) fn after(last: Position) -> Self {
        Self { first: last.next(), last, ..Self::default() }
    }

    /// Returns the position of the newest event.
    pub(super) fn last(&self) -> Position {
        self.last
    }

    /// Returns how many events there are.
    pub(super) fn events(&self) -> usize {
        usize::try_from(self.last.next().get().saturating_sub(self.first.get())).unwrap_or(usize::MAX)
    }

    /// Returns how many events there are, or to how many with as many entries as usual all entries add up, if
    /// that is more: what counts where memory is bounded.
    pub(super) fn weight(&self) -> usize {
        let entries: usize = self.parts.iter().map(Vec::len).sum();
        self.events().max(entries / ENTRIES_USUAL)
    }

    /// Returns how many bytes of payloads and parents the events hold in the log.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Tells what a file of all this covers, if its last event is whole.
    pub(super) fn cover(&self) -> Option<Cover> {
        self.hash.map(|hash| Cover { first: self.first, last: self.last, hash })
    }

    /// Adds what is sorted behind all others, and merges neighbours that have no more than `merged_max`
    /// entries together.
    pub(super) fn add(&mut self, part: Sorted, merged_max: usize) {
        (self.last, self.hash) = (part.last, part.hash);
        self.zones.append(&part.zones, part.last);
        self.bytes = self.bytes.saturating_add(part.bytes);
        let mut entries = part.entries;
        // So a part is at least twice as long as the one behind it, as long as they are not too long.
        while let Some(before) = self
            .parts
            .pop_if(|before| before.len() <= 2 * entries.len() && before.len() + entries.len() <= merged_max)
        {
            entries = merged(&[before, entries]);
        }
        self.parts.push(entries);
    }

    /// Returns up to `max` positions of a key from `from` on, the lowest first.
    pub(super) fn ascending(
        &self,
        key: Key,
        from: Position,
        max: usize,
    ) -> impl Iterator<Item = Position> + '_ {
        let range = ((key, from), (key, LAST));
        let those = self.parts.iter().flat_map(move |part| within(part, range));
        those.map(|entry| entry.1).take(max)
    }

    /// Returns up to `max` positions of a key up to `to`, the highest first.
    pub(super) fn descending(
        &self,
        key: Key,
        to: Position,
        max: usize,
    ) -> impl Iterator<Item = Position> + '_ {
        let range = ((key, Position::ZERO), (key, to));
        let those = self.parts.iter().rev().flat_map(move |part| within(part, range).iter().rev());
        those.map(|entry| entry.1).take(max)
    }

    /// Returns the keys within a range, some of them several times.
    pub(super) fn keys(&self, range: (Key, Key)) -> impl Iterator<Item = Key> + '_ {
        let parts = self.parts.iter().map(move |part| within(part, entries_of(range)));
        parts.flat_map(|part| {
            part.chunk_by(|one, next| one.0 == next.0).filter_map(|same| Some(same.first()?.0))
        })
    }

    /// Returns where events could be that a range of times wants.
    pub(super) fn spans(&self, times: TimeRange) -> impl Iterator<Item = Span> + '_ {
        self.zones.spans(self.last, times)
    }

    /// Returns the times of all events.
    pub(super) fn zones(&self) -> Zones {
        self.zones.clone()
    }

    /// Returns all there is, sorted.
    pub(super) fn entries(&self) -> Vec<Entry> {
        merged(&self.parts)
    }
}

/// Returns the entries of a sorted part within a range, both ends of it included.
fn within(part: &[Entry], (low, high): (Entry, Entry)) -> &[Entry] {
    let start = part.partition_point(|entry| *entry < low);
    let end = part.partition_point(|entry| *entry <= high);
    part.get(start..end).unwrap_or_default()
}

/// Returns the range of all entries that have a key within a range.
fn entries_of((low, high): (Key, Key)) -> (Entry, Entry) {
    ((low, Position::ZERO), (high, LAST))
}

/// Merges sorted parts.
///
/// What has keys of one sort by itself: those of kinds and of parents are nearly in order from part to part,
/// which the sort makes use of, and lie between others in each part.
fn merged(parts: &[Vec<Entry>]) -> Vec<Entry> {
    let mut all = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    for range in keys::ALL {
        let start = all.len();
        parts.iter().for_each(|part| all.extend_from_slice(within(part, entries_of(range))));
        // It finds the sorted parts and merges them.
        all.get_mut(start..).unwrap_or_default().sort();
    }
    all
}
