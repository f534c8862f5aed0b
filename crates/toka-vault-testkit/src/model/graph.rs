//! [`Graph`]: what led to what in a model, found in the plainest way there is.
//!
//! Keeps the invariant that it shares no idea with the library: it follows links until nothing new
//! turns up, and compares sets.

use std::collections::{BTreeMap, BTreeSet};

use toka_vault_core::{Event, EventId, Position, WalkOptions, WalkOrder};

use super::vault::Model;

/// Holds the links between the events that a model keeps.
pub(super) struct Graph<'a> {
    model: &'a Model,
    /// The parents of each event that are kept.
    parents: BTreeMap<Position, BTreeSet<Position>>,
    /// The children of each event.
    children: BTreeMap<Position, BTreeSet<Position>>,
}

impl<'a> Graph<'a> {
    /// Finds all links.
    pub(super) fn of(model: &'a Model) -> Self {
        let mut graph = Self { model, parents: BTreeMap::new(), children: BTreeMap::new() };
        for event in model.kept() {
            let child = event.position();
            // An id that was evicted can belong to a later event.
            let kept = event.header.parents.iter().filter_map(|parent| Some(model.get(*parent)?.position()));
            for parent in kept.filter(|parent| *parent < child) {
                graph.parents.entry(child).or_default().insert(parent);
                graph.children.entry(parent).or_default().insert(child);
            }
        }
        graph
    }

    /// Returns where the event of an id stands, where it is kept.
    pub(super) fn place(&self, id: EventId) -> Option<Position> {
        Some(self.model.get(id)?.position())
    }

    /// Returns the children of an event.
    pub(super) fn children(&self, of: Position) -> Vec<Event> {
        let children = self.children.get(&of).into_iter().flatten();
        children.map(|child| self.event(*child)).collect()
    }

    /// Returns what a walk up should give.
    pub(super) fn ancestors(&self, of: Position, options: &WalkOptions) -> Vec<Event> {
        let nearest = reached(&self.parents, of, options.depth).into_iter().rev();
        let mut events = self.given(nearest, options);
        if options.order == WalkOrder::Causal {
            events.reverse();
        }
        events
    }

    /// Returns what a walk down should give.
    pub(super) fn descendants(&self, of: Position, options: &WalkOptions) -> Vec<Event> {
        self.given(reached(&self.children, of, options.depth).into_iter(), options)
    }

    /// Tells whether one event led to another.
    pub(super) fn led_to(&self, earlier: Position, later: Position) -> bool {
        reached(&self.parents, later, None).contains(&earlier)
    }

    /// Returns the nearest events that led to both, the newest first.
    pub(super) fn common(&self, one: Position, other: Position) -> Vec<Event> {
        let and_itself = |of| {
            let mut all = reached(&self.parents, of, None);
            all.insert(of);
            all
        };
        let shared: BTreeSet<_> = and_itself(one).intersection(&and_itself(other)).copied().collect();
        let nearest = |at: &&Position| !shared.iter().any(|other| self.led_to(**at, *other));
        shared.iter().rev().filter(nearest).map(|at| self.event(*at)).collect()
    }

    /// Returns the events that name no parents, oldest first.
    pub(super) fn roots(&self) -> Vec<Event> {
        self.model.kept().iter().filter(|event| event.header.parents.is_empty()).cloned().collect()
    }

    /// Returns the events that nothing follows, newest first.
    pub(super) fn leaves(&self) -> Vec<Event> {
        let leaf = |event: &&Event| !self.children.contains_key(&event.position());
        self.model.kept().iter().rev().filter(leaf).cloned().collect()
    }

    fn event(&self, at: Position) -> Event {
        self.model.at(at).unwrap().clone()
    }

    fn given(&self, places: impl Iterator<Item = Position>, options: &WalkOptions) -> Vec<Event> {
        let limit = options.limit.map_or(usize::MAX, |limit| limit as usize);
        let meant = places.map(|at| self.event(at)).filter(|event| options.filter.matches(&event.header));
        meant.take(limit).collect()
    }
}

/// Follows links from an event, step by step, until nothing new turns up.
fn reached(
    links: &BTreeMap<Position, BTreeSet<Position>>,
    from: Position,
    depth: Option<u64>,
) -> BTreeSet<Position> {
    let mut reached = BTreeSet::new();
    let mut edge = BTreeSet::from([from]);
    let mut left = depth.unwrap_or(u64::MAX);
    while left > 0 && !edge.is_empty() {
        let next: BTreeSet<_> = edge.iter().filter_map(|at| links.get(at)).flatten().copied().collect();
        edge = next.difference(&reached).copied().collect();
        reached.extend(edge.iter().copied());
        left -= 1;
    }
    reached
}
