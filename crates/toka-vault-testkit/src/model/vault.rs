//! [`Model`]: a vault as plain as can be.

use std::collections::HashMap;

use toka_vault_core::hashing::{EventContent, chain_hash, event_hash};
use toka_vault_core::{
    Condition, Direction, Error, Event, EventHeader, EventId, Head, NewEvent, Position, ReplayOptions,
    Result, StartFrom, Timestamp,
};

use super::refusal::{Refusal, conflicts, malformed};

/// Holds what a vault should hold.
///
/// Ids and timestamps that a vault assigns cannot be foretold: the model takes them from the headers
/// that the vault returned, after it checked them. All else it works out by itself.
#[derive(Debug)]
pub struct Model {
    /// All events ever, those that are evicted too.
    events: Vec<Event>,
    places: HashMap<EventId, usize>,
    head: Head,
    capacity: Option<u64>,
    assigned_id: EventId,
    assigned_timestamp: Timestamp,
}

/// Tells what a replay should give.
#[derive(Debug)]
pub struct Reading {
    /// The events, in the direction of the replay.
    pub events: Vec<Event>,
    /// Whether events before the oldest were asked for.
    pub evicted: bool,
}

impl Model {
    /// Creates an empty model that keeps the newest `capacity` events.
    pub fn new(capacity: Option<u64>) -> Self {
        Self {
            events: Vec::new(),
            places: HashMap::new(),
            head: Head::EMPTY,
            capacity,
            assigned_id: EventId::from_u128(0),
            assigned_timestamp: Timestamp::MIN,
        }
    }

    /// Returns where the history ends.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Returns the position of the oldest event that is kept.
    pub fn oldest(&self) -> Position {
        let evicted = self.capacity.map_or(0, |capacity| (self.events.len() as u64).saturating_sub(capacity));
        Position::new(evicted + 1)
    }

    /// Returns the event at a position, evicted or not.
    pub fn at(&self, position: Position) -> Option<&Event> {
        self.events.get(position.get().checked_sub(1)? as usize)
    }

    /// Returns the event of an id, where it is kept.
    pub fn get(&self, id: EventId) -> Option<&Event> {
        let event = &self.events[*self.places.get(&id)?];
        (event.position() >= self.oldest()).then_some(event)
    }

    /// Finds what is wrong with a batch; nothing where it has to be taken.
    pub fn refusals(&self, batch: &[NewEvent]) -> Vec<Refusal> {
        let mut found = malformed(batch);
        let mut earlier: HashMap<EventId, &NewEvent> = HashMap::new();
        for event in batch {
            match event.id.map(|id| (id, self.get(id))) {
                Some((_, Some(stored))) => found.extend(conflicts(&stored.header, event)),
                Some((id, None)) if earlier.contains_key(&id) => {
                    found.extend(changed(id, earlier[&id], event))
                }
                _ => found.extend(self.unknown_parents(event, &earlier)),
            }
            if let Some(id) = event.id {
                earlier.entry(id).or_insert(event);
            }
        }
        found
    }

    fn unknown_parents(&self, event: &NewEvent, earlier: &HashMap<EventId, &NewEvent>) -> Vec<Refusal> {
        let unknown = |parent: &&EventId| self.get(**parent).is_none() && !earlier.contains_key(*parent);
        event.parents.iter().filter(unknown).map(|parent| Refusal::UnknownParent(*parent)).collect()
    }

    /// Compares what a vault answered to a commit, and commits what it took.
    ///
    /// # Panics
    ///
    /// Where the answer is not right.
    pub fn commit(
        &mut self,
        batch: &[NewEvent],
        conditions: &[Condition],
        answer: &Result<Vec<EventHeader>>,
    ) {
        let mut refusals = self.refusals(batch);
        // What is there already is answered without a look at conditions.
        if batch.iter().any(|event| event.id.is_none_or(|id| self.get(id).is_none())) {
            refusals.extend(conditions.iter().filter_map(|condition| self.broken(condition)));
        }
        match answer {
            Ok(headers) => {
                assert!(refusals.is_empty(), "a batch was taken in spite of {refusals:?}");
                assert_eq!(headers.len(), batch.len(), "not as many headers as events");
                self.take(batch, headers);
            }
            Err(error) => {
                let told = refusals.iter().any(|refusal| refusal.is_told_by(error));
                assert!(told, "{error:?}, where {refusals:?} was expected");
            }
        }
    }

    /// Finds what breaks a condition.
    fn broken(&self, condition: &Condition) -> Option<Refusal> {
        let head = self.head.position;
        let first = |after: Position, breaks: &dyn Fn(&Event) -> bool| {
            let kept = self.events.iter().filter(|event| event.position() >= self.oldest());
            let mut later = kept.filter(|event| event.position() > after);
            later.find(|event| breaks(event)).map(|event| Refusal::Condition(event.position()))
        };
        match condition {
            Condition::HeadAt(position) if *position == head => None,
            Condition::HeadAt(position) => Some(Refusal::Condition(position.next().min(head))),
            Condition::NoneAfter { position, filter } => {
                first(*position, &|event| filter.matches(&event.header))
            }
            Condition::Leaf(id) if self.get(*id).is_none() => Some(Refusal::UnknownEvent(*id)),
            Condition::Leaf(id) => first(Position::ZERO, &|event| event.header.parents.contains(id)),
            other => panic!("the model does not know {other}"),
        }
    }

    /// Stores a batch, whose parents are those there were before anything of it evicts them.
    fn take(&mut self, batch: &[NewEvent], headers: &[EventHeader]) {
        let oldest = self.oldest();
        for (event, header) in batch.iter().zip(headers) {
            let stored = event.id.and_then(|id| self.places.get(&id)).map(|place| &self.events[*place]);
            match stored.filter(|stored| stored.position() >= oldest) {
                Some(stored) => assert_eq!(*header, stored.header, "a repeated event got another header"),
                None => self.push(event, header),
            }
        }
    }

    /// Stores an event that is new, and compares its header.
    fn push(&mut self, event: &NewEvent, header: &EventHeader) {
        let id = event.id.unwrap_or_else(|| self.assigned(header));
        let timestamp = event.timestamp.unwrap_or(header.timestamp);
        if event.timestamp.is_none() {
            assert!(timestamp >= self.assigned_timestamp, "assigned timestamps went back");
            self.assigned_timestamp = timestamp;
        }
        let digest = event.payload.digest();
        let parents =
            event.parents.iter().map(|parent| (*parent, self.events[self.places[parent]].header.hash));
        let content = EventContent { id, kind: &event.kind, timestamp, digest };
        let hash = event_hash(content, parents.collect::<Vec<_>>().into_iter());
        let position = self.head.position.next();
        let kind = event.kind.clone();
        let expected = EventHeader::new(id, kind, timestamp, event.parents.clone(), digest, hash, position);
        assert_eq!(*header, expected, "a new event got another header");
        self.head = Head { position, chain: chain_hash(self.head.chain, hash) };
        self.places.insert(id, self.events.len());
        self.events.push(Event::new(expected, event.payload.clone()));
    }

    /// Checks an id that the vault assigned.
    fn assigned(&mut self, header: &EventHeader) -> EventId {
        assert!(header.id > self.assigned_id, "{} was assigned after {}", header.id, self.assigned_id);
        assert!(self.get(header.id).is_none(), "{} was assigned twice", header.id);
        self.assigned_id = header.id;
        header.id
    }

    /// Finds the position that reading starts at, or the id that is unknown.
    pub fn first(&self, start: StartFrom) -> Result<Position, EventId> {
        match start {
            StartFrom::After(position) => Ok(position.next()),
            StartFrom::AfterId(id) => self.get(id).map(|event| event.position().next()).ok_or(id),
            StartFrom::Head => Ok(self.head.position.next()),
            StartFrom::Time(time) => Ok(self.first_since(time, self.oldest())),
            _ => Ok(self.oldest()),
        }
    }

    /// Finds the first event of a moment or later from a position on, or where it would stand.
    pub(super) fn first_since(&self, time: Timestamp, from: Position) -> Position {
        let later = self.events.iter().filter(|event| event.position() >= from);
        let first = later.map(|event| &event.header).find(|header| header.timestamp >= time);
        first.map_or(self.head.position.next(), |header| header.position)
    }

    /// Says what a replay should give.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEvent`], like the vault.
    pub fn replay(&self, options: &ReplayOptions) -> Result<Reading> {
        let first = self.first(options.start).map_err(|id| Error::UnknownEvent { id })?;
        let kept = (first.max(self.oldest()).get() - 1) as usize;
        let mut events = self.events.get(kept..).unwrap_or_default().to_vec();
        let end = options.end.unwrap_or(self.head.position);
        events.retain(|event| event.position() <= end && options.filter.matches(&event.header));
        if options.direction == Direction::Backward {
            events.reverse();
        }
        let limit = options.limit.unwrap_or(u64::MAX);
        events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Reading { events, evicted: first < self.oldest() && first <= end })
    }

    /// Returns the events that are kept, oldest first.
    pub fn kept(&self) -> &[Event] {
        self.events.get(self.oldest().get() as usize - 1..).unwrap_or_default()
    }

    /// Returns the ids of all events ever.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = EventId> + ExactSizeIterator {
        self.events.iter().map(|event| event.header.id)
    }
}

/// Finds in what an event differs from an earlier one of its id in the same batch.
fn changed(id: EventId, earlier: &NewEvent, event: &NewEvent) -> Vec<Refusal> {
    let parts = [
        (earlier.kind != event.kind, "kind"),
        (earlier.payload != event.payload, "payload"),
        (earlier.parents != event.parents, "parents"),
        (event.timestamp.is_some() && event.timestamp != earlier.timestamp, "timestamp"),
    ];
    parts.into_iter().filter(|(differs, _)| *differs).map(|(_, part)| Refusal::Conflict(id, part)).collect()
}
