//! An `EventStore` without the engine, as somebody writes one over a service of their own: a list behind
//! a lock. It shows what has to happen under one lock, and that the suite asks for nothing that only the
//! engine has.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};

use async_trait::async_trait;
use futures::stream;
use toka_vault_core::hashing::{EventContent, chain_hash, event_hash};
use toka_vault_core::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};
use toka_vault_core::{
    Condition, Direction, Error, Event, EventHash, EventHeader, EventId, EventStore, Head, NewEvent,
    Position, Replay, ReplayOptions, Result, StartFrom, SubscribeOptions, Subscription, Timestamp,
};
use toka_vault_testkit::Backend;
use toka_vault_testkit::model::check_against_model;
use toka_vault_testkit::model::ops::operations;

toka_vault_testkit::conformance!(plain, Backend::new(PlainStore::default));

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 60, failure_persistence: None, ..Default::default() })]

    #[test]
    fn it_answers_like_the_model(ops in operations(60)) {
        futures::executor::block_on(check_against_model(&Backend::new(PlainStore::default), &ops));
    }
}

/// Keeps events in a list. Clones are handles to the same list.
#[derive(Clone, Default)]
struct PlainStore(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    events: Vec<Event>,
    places: HashMap<EventId, usize>,
    end: End,
    closed: bool,
    waiting: Vec<Waker>,
}

/// Where the history ends, and what was assigned last.
#[derive(Clone, Copy)]
struct End {
    head: Head,
    id: EventId,
    timestamp: Timestamp,
}

impl Default for End {
    fn default() -> Self {
        Self { head: Head::EMPTY, id: EventId::from_u128(0), timestamp: Timestamp::MIN }
    }
}

/// What a batch comes to, before anything of it is stored.
struct Plan<'a> {
    state: &'a State,
    end: End,
    new: Vec<Event>,
    places: HashMap<EventId, usize>,
    headers: Vec<EventHeader>,
}

impl PlainStore {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl EventStore for PlainStore {
    async fn commit_batch_if(
        &self,
        batch: Vec<NewEvent>,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        check(&batch)?;
        // From here on nothing waits: so a dropped future has stored all or nothing, nothing comes between
        // the look at a condition and the commit, and nobody sees a part of the batch.
        let mut state = self.state();
        if state.closed {
            return Err(Error::Closed);
        }
        let is_known = |event: &NewEvent| event.id.is_some_and(|id| state.places.contains_key(&id));
        if !batch.iter().all(is_known) {
            conditions.iter().try_for_each(|condition| state.check(condition))?;
        }
        let mut plan = Plan::new(&state);
        batch.iter().try_for_each(|event| plan.add(event))?;
        let Plan { end, new, headers, .. } = plan;
        state.take(end, new);
        Ok(headers)
    }

    fn replay(&self, options: ReplayOptions) -> Replay {
        let state = self.state();
        let (head, start) = (state.end.head.position, state.start(options.start));
        let (start, end) = match start {
            Ok(start) => (start, options.end.map_or(head, |end| end.min(head))),
            Err(error) => return Replay::new(stream::iter([Err(error)])),
        };
        drop(state);
        let (store, filter, backward) =
            (self.clone(), options.filter, options.direction == Direction::Backward);
        let (mut low, mut high) = (start, end.max(start));
        let mut left = options.limit.unwrap_or(u64::MAX);
        // One event at a time, so that nothing is held for who reads slowly.
        Replay::new(stream::iter(std::iter::from_fn(move || {
            while low < high && left > 0 {
                let at = if backward { high } else { low.next() };
                if backward {
                    high = high.minus(1)
                } else {
                    low = at
                }
                let event = store.state().at(at).filter(|event| filter.matches(&event.header));
                if event.is_some() {
                    left -= 1;
                    return event.map(Ok);
                }
            }
            None
        })))
    }

    fn subscribe_with(&self, options: SubscribeOptions) -> Subscription {
        let mut last = match self.state().start(options.start) {
            Ok(start) => start,
            Err(error) => return Subscription::new(stream::iter([Err(error)])),
        };
        let mut sought = match options.start {
            StartFrom::Time(time) => Some(time),
            _ => None,
        };
        let (store, filter) = (self.clone(), options.filter);
        Subscription::new(stream::poll_fn(move |cx| {
            let mut state = store.state();
            // A time that no event had yet is looked for in what came since.
            if let Some(time) = sought {
                last = state.first_from(time);
                sought = sought.filter(|_| last == state.end.head.position);
            }
            while let Some(event) = state.at(last.next()) {
                last = last.next();
                if filter.matches(&event.header) {
                    return Poll::Ready(Some(Ok(event)));
                }
            }
            if state.closed {
                return Poll::Ready(None);
            }
            // Under the lock that a commit takes, so that none comes between this look and the waker.
            state.waiting.push(cx.waker().clone());
            Poll::Pending
        }))
    }

    async fn get(&self, id: EventId) -> Result<Option<Event>> {
        Ok(self.state().get(id).cloned())
    }

    async fn head(&self) -> Result<Head> {
        Ok(self.state().end.head)
    }

    async fn close(&self) -> Result<()> {
        let mut state = self.state();
        state.closed = true;
        state.waiting.drain(..).for_each(Waker::wake);
        Ok(())
    }
}

/// Checks what needs no look at the vault.
fn check(batch: &[NewEvent]) -> Result<()> {
    let too_large = |size, max, unit| Err(Error::BatchTooLarge { size, max, unit });
    let bytes: usize = batch.iter().map(|event| event.payload.bytes().len()).sum();
    match batch.len() {
        events if events > BATCH_EVENTS_MAX => too_large(events, BATCH_EVENTS_MAX, "events"),
        _ if bytes > BATCH_BYTES_MAX => too_large(bytes, BATCH_BYTES_MAX, "bytes"),
        _ => batch.iter().try_for_each(NewEvent::check),
    }
}

impl State {
    fn at(&self, position: Position) -> Option<Event> {
        self.events.get(usize::try_from(position.get().checked_sub(1)?).ok()?).cloned()
    }

    fn get(&self, id: EventId) -> Option<&Event> {
        self.events.get(*self.places.get(&id)?)
    }

    /// Returns behind which position a reader starts.
    fn start(&self, start: StartFrom) -> Result<Position> {
        match start {
            StartFrom::Beginning => Ok(Position::ZERO),
            StartFrom::After(position) => Ok(position),
            StartFrom::AfterId(id) => self.get(id).map(Event::position).ok_or(Error::UnknownEvent { id }),
            StartFrom::Time(time) => Ok(self.first_from(time)),
            StartFrom::Head => Ok(self.end.head.position),
            _ => Err(unknown("start")),
        }
    }

    /// Returns the position before the first event of a time or later; the head, where there is none.
    fn first_from(&self, time: Timestamp) -> Position {
        let found = self.events.iter().find(|event| event.header.timestamp >= time);
        found.map_or(self.end.head.position, |event| event.position().minus(1))
    }

    fn check(&self, condition: &Condition) -> Result<()> {
        let head = self.end.head.position;
        let against = match condition {
            Condition::HeadAt(position) if *position == head => None,
            // The first event behind it; the head, where there is none.
            Condition::HeadAt(position) => Some(position.next().min(head)),
            Condition::NoneAfter { position, filter } => {
                let behind = |event: &&Event| event.position() > *position && filter.matches(&event.header);
                self.events.iter().find(behind).map(Event::position)
            }
            Condition::Leaf(id) => {
                self.get(*id).ok_or(Error::UnknownEvent { id: *id })?;
                self.events.iter().find(|event| event.header.parents.contains(id)).map(Event::position)
            }
            _ => return Err(unknown("condition")),
        };
        let failed = |position| Error::ConditionFailed { condition: condition.clone(), position };
        against.map_or(Ok(()), |position| Err(failed(position)))
    }

    fn take(&mut self, end: End, new: Vec<Event>) {
        for event in new {
            self.places.insert(event.header.id, self.events.len());
            self.events.push(event);
        }
        self.end = end;
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

/// Refuses what a later version of the core can ask for.
fn unknown(what: &str) -> Error {
    Error::Backend { reason: format!("this back-end does not know that {what}"), source: None }
}

impl<'a> Plan<'a> {
    fn new(state: &'a State) -> Self {
        Self { state, end: state.end, new: Vec::new(), places: HashMap::new(), headers: Vec::new() }
    }

    /// Finds an event in the vault, or earlier in the batch.
    fn header(&self, id: EventId) -> Option<&EventHeader> {
        let own = self.places.get(&id).and_then(|at| self.new.get(*at));
        own.or_else(|| self.state.get(id)).map(|event| &event.header)
    }

    /// Adds an event to what is stored, or finds that it is stored already.
    fn add(&mut self, event: &NewEvent) -> Result<()> {
        if let Some(known) = event.id.and_then(|id| self.header(id)) {
            let known = same(known, event)?.clone();
            self.headers.push(known);
            return Ok(());
        }
        let parent = |id: &EventId| -> Result<(EventId, EventHash)> {
            self.header(*id).map(|header| (*id, header.hash)).ok_or(Error::UnknownParent { parent: *id })
        };
        let parents = event.parents.iter().map(parent).collect::<Result<Vec<_>>>()?;
        let (id, timestamp) = (self.id(event), self.timestamp(event));
        let digest = event.payload.digest();
        let hash = event_hash(EventContent { id, kind: &event.kind, timestamp, digest }, parents.into_iter());
        let position = self.end.head.position.next();
        self.end.head = Head { position, chain: chain_hash(self.end.head.chain, hash) };
        let (kind, parents) = (event.kind.clone(), event.parents.clone());
        let header = EventHeader::new(id, kind, timestamp, parents, digest, hash, position);
        self.places.insert(id, self.new.len());
        self.new.push(Event::new(header.clone(), event.payload.clone()));
        self.headers.push(header);
        Ok(())
    }

    /// Returns the id that the event brings, or a free one above all that were assigned, of this moment or
    /// later. One that is brought moves none of these.
    fn id(&mut self, event: &NewEvent) -> EventId {
        if let Some(id) = event.id {
            return id;
        }
        let millis = u64::try_from(Timestamp::now().as_micros() / 1_000).unwrap_or_default();
        let mut id = EventId::from_u128(self.end.id.to_u128() + 1).max(EventId::from_parts(millis, 0));
        while self.header(id).is_some() {
            id = EventId::from_u128(id.to_u128() + 1);
        }
        self.end.id = id;
        id
    }

    /// Returns the time that the event brings, or the time now, which never goes back.
    fn timestamp(&mut self, event: &NewEvent) -> Timestamp {
        event.timestamp.unwrap_or_else(|| {
            self.end.timestamp = self.end.timestamp.max(Timestamp::now());
            self.end.timestamp
        })
    }
}

/// Returns the stored header, where the event is the same.
fn same<'a>(known: &'a EventHeader, event: &NewEvent) -> Result<&'a EventHeader> {
    let differs = if known.kind != event.kind {
        "kind"
    } else if known.digest != event.payload.digest() {
        "payload"
    } else if known.parents != event.parents {
        "parents"
    } else if event.timestamp.is_some_and(|timestamp| timestamp != known.timestamp) {
        "timestamp"
    } else {
        return Ok(known);
    };
    Err(Error::Conflict { id: known.id, differs })
}
