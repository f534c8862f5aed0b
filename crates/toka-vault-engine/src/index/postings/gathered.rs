//! [`Gathered`]: which of the newest events have a key, in memory.
//!
//! Keeps the invariant that the positions of a key are sorted, because events are added in their
//! order.

use std::collections::HashMap;

use smallvec::SmallVec;
use toka_vault_core::{Event, EventHash, Kind, Position};

use super::{BATCH_EVENTS, keys};
use crate::index::runs::{Cover, Entry, Key};

/// Kinds whose keys are remembered: most vaults have fewer, and those that have more compute some
/// again.
const KIND_KEYS_MAX: usize = 4_096;

/// Holds the positions of consecutive events by their keys.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    lists: HashMap<Key, Positions, foldhash::fast::RandomState>,
    kinds: HashMap<Kind, Key, foldhash::fast::RandomState>,
    /// The first event, and the last: the position before it where there is none.
    first: Position,
    last: Position,
    /// The last event's hash; `None` where it is damaged.
    hash: Option<EventHash>,
}

/// Most keys have one event: those of parents and payloads.
type Positions = SmallVec<[Position; 2]>;

impl Gathered {
    /// Starts behind a position.
    pub(super) fn after(last: Position) -> Self {
        // Room for what most events have: growing would cost a sixth of all this (measured).
        let lists = HashMap::with_capacity_and_hasher(2 * BATCH_EVENTS, Default::default());
        Self { lists, first: last.next(), last, ..Self::default() }
    }

    /// Goes on behind what another one has.
    pub(super) fn next(&mut self) -> Self {
        Self { kinds: std::mem::take(&mut self.kinds), ..Self::after(self.last) }
    }

    /// Returns the position of the newest event.
    pub(super) fn last(&self) -> Position {
        self.last
    }

    /// Returns how many events there are.
    pub(super) fn events(&self) -> usize {
        usize::try_from(self.last.get().saturating_sub(self.first.get()) + 1).unwrap_or(usize::MAX)
    }

    /// Tells what a file of all this covers, if its last event is whole.
    pub(super) fn cover(&self) -> Option<Cover> {
        self.hash.map(|hash| Cover { first: self.first, last: self.last, hash })
    }

    /// Adds an event behind all others.
    pub(super) fn insert(&mut self, event: &Event) {
        let header = &event.header;
        let position = event.position();
        let kind = self.key_of(&header.kind);
        let parents = header.parents.iter().map(|parent| keys::of_parent(*parent));
        for key in parents.chain([kind, keys::of_payload(header.digest)]) {
            self.lists.entry(key).or_default().push(position);
        }
        (self.last, self.hash) = (position, Some(header.hash));
    }

    /// Adds the positions up to `last`, whose events cannot be read, behind all others.
    pub(super) fn insert_damaged(&mut self, last: Position) {
        while self.last < last {
            self.last = self.last.next();
            self.lists.entry(keys::DAMAGED).or_default().push(self.last);
            self.hash = None;
        }
    }

    /// Returns up to `max` positions of a key from `from` on, the lowest first.
    pub(super) fn ascending(
        &self,
        key: Key,
        from: Position,
        max: usize,
    ) -> impl Iterator<Item = Position> + '_ {
        let list = self.list(key);
        let start = list.partition_point(|position| *position < from);
        list.iter().skip(start).take(max).copied()
    }

    /// Returns up to `max` positions of a key up to `to`, the highest first.
    pub(super) fn descending(
        &self,
        key: Key,
        to: Position,
        max: usize,
    ) -> impl Iterator<Item = Position> + '_ {
        let list = self.list(key);
        let end = list.partition_point(|position| *position <= to);
        list.iter().take(end).rev().take(max).copied()
    }

    /// Returns the keys within a range.
    pub(super) fn keys(&self, (low, high): (Key, Key)) -> impl Iterator<Item = Key> + '_ {
        self.lists.keys().copied().filter(move |key| (low..=high).contains(key))
    }

    /// Returns all there is, in no particular order.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let each = |(key, list): (&Key, &Positions)| {
            let key = *key;
            list.clone().into_iter().map(move |position| (key, position))
        };
        self.lists.iter().flat_map(each).collect()
    }

    fn list(&self, key: Key) -> &[Position] {
        self.lists.get(&key).map_or(&[], |list| list.as_slice())
    }

    /// Returns the key of a kind, which most events share with one before them.
    fn key_of(&mut self, kind: &Kind) -> Key {
        if let Some(key) = self.kinds.get(kind) {
            return *key;
        }
        let key = keys::of_kind(kind);
        if self.kinds.len() >= KIND_KEYS_MAX {
            self.kinds.clear();
        }
        self.kinds.insert(kind.clone(), key);
        key
    }
}
