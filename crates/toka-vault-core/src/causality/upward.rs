//! [`Upward`]: the events that a walk towards the roots has met and not yet visited.
//!
//! Keeps the invariant that an event is visited, once, after all of its children that the walk
//! reaches: a parent stands before its child, and the newest event is always visited next. So its
//! mark is complete by then, and it cannot be met again.
//!
//! Invariant 11a of `docs/architecture.md`, which names the tests that show it.

use std::collections::{BTreeMap, HashMap};

use crate::{Error, Event, EventHeader, EventId, EventStore, Position, Result};

/// Holds what is known of an event from the children it was met at.
pub(super) trait Mark: Copy + Send {
    /// Joins what two children tell.
    fn join(self, other: Self) -> Self;

    /// Tells for which of two sides an event with this mark counts; see [`Upward::live`].
    fn sides(self) -> [bool; 2] {
        [false; 2]
    }
}

/// Is an event that was met: its header, or why it cannot be read.
pub(super) struct Met<M> {
    pub(super) id: EventId,
    pub(super) header: Result<EventHeader>,
    pub(super) mark: M,
}

/// Holds the frontier of a walk towards the roots: headers alone, of as many events as the graph is
/// wide.
pub(super) struct Upward<'a, S: ?Sized, M> {
    store: &'a S,
    frontier: BTreeMap<Position, Met<M>>,
    /// Where the events of the frontier are, so that each is read once.
    places: HashMap<EventId, Position>,
    /// The event that was read last, which on a chain is the one that is asked for next.
    newest: Option<Event>,
    /// How many events of the frontier count for each side.
    live: [usize; 2],
    /// Whether a parent was not in the store any more.
    pub(super) cut: bool,
    /// Of the damage that was met, that which goes furthest, and up to where. An event whose id could be in
    /// one of several damaged places can be in any of them, though it is visited in the first.
    pub(super) damage: Option<(Position, Error)>,
}

impl<'a, S: EventStore + ?Sized, M: Mark> Upward<'a, S, M> {
    /// Starts with an empty frontier.
    pub(super) fn new(store: &'a S) -> Self {
        Self {
            store,
            frontier: BTreeMap::new(),
            places: HashMap::new(),
            newest: None,
            live: [0; 2],
            cut: false,
            damage: None,
        }
    }

    /// Meets the event that a walk starts from, and returns its header.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvent`] where the store does not have it, and those of [`EventStore::header`].
    pub(super) async fn start(&mut self, id: EventId, mark: M) -> Result<EventHeader> {
        let header = self.store.header(id).await?.ok_or(Error::UnknownEvent { id })?;
        self.meet(header.position, id, Ok(header.clone()), mark);
        Ok(header)
    }

    /// Meets the parents of an event. One that is gone is passed over.
    ///
    /// # Errors
    ///
    /// A failure of the store that is not damage to a single event, which is met like an event.
    pub(super) async fn parents_of(&mut self, child: &EventHeader, mark: M) -> Result<()> {
        for id in child.parents.iter().copied() {
            if let Some(place) = self.places.get(&id).copied() {
                self.join(place, mark);
                continue;
            }
            match self.store.get(id).await {
                Ok(Some(event)) if event.position() < child.position => {
                    self.meet(event.position(), id, Ok(event.header.clone()), mark);
                    self.newest = Some(event);
                }
                // Evicted, and perhaps committed anew since, under an id that counted as new.
                Ok(_) => self.cut = true,
                // It stands no earlier than where the damage begins, so that its children are visited
                // before it is told.
                Err(error @ Error::Corrupt { first, last, .. }) => {
                    if self.damage.as_ref().is_none_or(|(known, _)| *known < last) {
                        self.damage = Some((last, error.clone()));
                    }
                    self.meet(first.min(child.position.minus(1)), id, Err(error), mark);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes the newest event of the frontier.
    pub(super) fn pop(&mut self) -> Option<Met<M>> {
        let (_, met) = self.frontier.pop_last()?;
        self.places.remove(&met.id);
        self.count(Some(met.mark), None);
        Some(met)
    }

    /// Reads an event that was met, or `None` where it is gone since.
    pub(super) async fn read(&mut self, header: &EventHeader) -> Result<Option<Event>> {
        match self.newest.take_if(|event| event.header.id == header.id) {
            Some(event) => Ok(Some(event)),
            None => read(self.store, header.id, header.position).await,
        }
    }

    /// Tells whether the frontier still has events that count for each of the two sides.
    pub(super) fn live(&self) -> bool {
        self.live.iter().all(|count| *count > 0)
    }

    /// Adds an event, or joins the mark to that of one that stands there already.
    fn meet(&mut self, position: Position, id: EventId, header: Result<EventHeader>, mark: M) {
        if self.frontier.contains_key(&position) {
            return self.join(position, mark);
        }
        self.frontier.insert(position, Met { id, header, mark });
        self.places.insert(id, position);
        self.count(None, Some(mark));
    }

    /// Joins a mark to that of an event of the frontier.
    fn join(&mut self, position: Position, mark: M) {
        let Some(met) = self.frontier.get_mut(&position) else { return };
        let before = met.mark;
        met.mark = before.join(mark);
        let after = met.mark;
        self.count(Some(before), Some(after));
    }

    /// Keeps count where a mark changes.
    fn count(&mut self, before: Option<M>, after: Option<M>) {
        let sides = |mark: Option<M>| mark.map_or([false; 2], M::sides);
        for ((live, before), after) in self.live.iter_mut().zip(sides(before)).zip(sides(after)) {
            *live = *live + usize::from(after) - usize::from(before);
        }
    }
}

/// Reads the event of an id that stands at a position, or `None` where it is gone.
pub(super) async fn read<S: EventStore + ?Sized>(
    store: &S,
    id: EventId,
    position: Position,
) -> Result<Option<Event>> {
    Ok(store.get(id).await?.filter(|event| event.position() == position))
}
