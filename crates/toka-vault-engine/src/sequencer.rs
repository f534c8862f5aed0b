//! [`Sequencer`]: seals events into the one order of a vault.
//!
//! Keeps the invariants that a batch is sealed whole or not at all, that every parent exists before
//! its child, that an id has one content for ever, and that positions follow each other without a
//! gap. It runs under one lock, so it does nothing that could take long: where it needs an event
//! that is not in memory, it says so ([`Refusal::Unread`]) and is called again with what was read.
//!
//! Invariants 1, 2, 7a, 11 and 12 of `docs/architecture.md`, which names the tests that show them.

mod conditions;
mod refusal;
mod unsealed;

use std::sync::Arc;

use bytes::Bytes;
use toka_vault_core::hashing::{EventContent, event_hash};
use toka_vault_core::{
    ChainHash, Error, Event, EventHash, EventHeader, EventId, Head, NewEvent, Payload, Position, Result,
    Timestamp,
};

use crate::assign::Assigner;
use crate::clock::Clock;
use crate::id_map::IdMap;
use crate::index::Index;
use crate::limits::RECENT_HEADERS_MAX;
use crate::log::LogEnd;
use crate::lookup::{Known, Storage, Unread};
use crate::recent::Recent;
use crate::recent_hashes::RecentHashes;
use crate::sync::Mutex;
pub(crate) use refusal::Refusal;
pub(crate) use unsealed::Unsealed;

/// Seals commits, one after the other.
pub(crate) struct Sequencer {
    storage: Access,
    recent: Recent,
    hashes: RecentHashes,
    end: OrderEnd,
    /// What age is ahead of the position: grows where the order goes back.
    undone: u64,
    /// Room for the hashes of an event's parents, used again and again.
    parents: Vec<EventHash>,
}

/// Is a sequencer that several threads use; `None` once its vault is closed.
pub(crate) type Order = Mutex<Option<Sequencer>>;

/// Says how the sequencer reaches events that it does not remember.
pub(crate) enum Access {
    /// It reads them itself, from storage that never blocks.
    Direct(Storage),
    /// It asks the index in memory, and has its caller read the rest. Until the log has an event, and the
    /// index its id, it is among the recent ones.
    InMemory(Arc<Index>),
}

impl Access {
    /// Returns the position of the oldest event there is.
    fn oldest(&self) -> Position {
        match self {
            Self::Direct(storage) => storage.log.oldest(),
            // A log that blocks evicts nothing.
            Self::InMemory(_) => Position::FIRST,
        }
    }
}

/// Holds the outcome of sealing one commit.
#[derive(Debug)]
pub(crate) struct Sealed {
    /// The events that are new and have to be stored.
    pub(crate) events: Vec<Event>,
    /// A header for each event of the commit, new or found.
    pub(crate) headers: Vec<EventHeader>,
    /// Where the order ends after them.
    pub(crate) end: OrderEnd,
}

/// Tells where the order of sealed events ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrderEnd {
    /// The newest position.
    pub(crate) position: Position,
    assigned_id: EventId,
    assigned_timestamp: Timestamp,
    greatest_id: EventId,
}

impl OrderEnd {
    /// Returns where a log ends that has all up to here, with this chain hash over it.
    pub(crate) fn with_chain(self, chain: ChainHash) -> LogEnd {
        LogEnd {
            head: Head { position: self.position, chain },
            assigned_id: self.assigned_id,
            assigned_timestamp: self.assigned_timestamp,
            greatest_id: self.greatest_id,
        }
    }
}

impl From<LogEnd> for OrderEnd {
    fn from(end: LogEnd) -> Self {
        Self {
            position: end.position(),
            assigned_id: end.assigned_id,
            assigned_timestamp: end.assigned_timestamp,
            greatest_id: end.greatest_id,
        }
    }
}

/// Carries a commit that is being sealed; dropping it undoes all.
struct Draft<'a> {
    position: Position,
    /// Gives chance for ids.
    clock: &'a dyn Clock,
    /// The time of all events of it that bring none.
    now: Timestamp,
    assigner: Assigner,
    greatest_id: EventId,
    /// A header for each event so far, new or found.
    headers: Vec<EventHeader>,
    /// Where the headers of the new events are, by id, in a batch of several.
    new: Option<IdMap<usize>>,
    /// What was read for this batch.
    known: &'a Known,
    /// What has to be read.
    unread: Vec<EventId>,
    /// The ids to assign, where it is not known whether they are unused.
    assigned: Vec<EventId>,
    /// The hashes of the parents of the event at hand.
    parents: Vec<EventHash>,
}

impl Draft<'_> {
    /// Asks for the ids that follow the first one to assign as well, as many as the batch needs, so that
    /// it does not come back for each.
    fn look_ahead(&mut self, batch: &[NewEvent]) {
        let Some(first) = self.assigned.first().copied() else { return };
        let more = batch.iter().filter(|event| event.id.is_none()).count().saturating_sub(1) as u128;
        let following = |next| EventId::from_u128(first.to_u128().saturating_add(next));
        self.assigned.extend((1..=more).map(following));
    }

    /// Tells whether all that was asked for is known.
    fn is_known(&self) -> bool {
        self.unread.is_empty() && self.assigned.is_empty()
    }

    /// Returns what has to be looked up.
    fn unread(&mut self) -> Unread {
        let (ids, assigned) = (std::mem::take(&mut self.unread), std::mem::take(&mut self.assigned));
        Unread { ids, assigned, searches: Vec::new() }
    }
}

impl Sequencer {
    /// Goes on sealing where the log ends, and remembers the newest `recent_max` headers.
    pub(crate) fn new(storage: Access, end: LogEnd, recent_max: usize) -> Self {
        Self {
            storage,
            recent: Recent::new(recent_max),
            hashes: RecentHashes::new(),
            end: end.into(),
            undone: 0,
            parents: Vec::new(),
        }
    }

    /// Returns how much was sealed so far, as a position that never comes again.
    pub(crate) fn age(&self) -> Position {
        self.end.position.plus(self.undone)
    }

    /// Undoes all that was sealed behind `end`, which is where the log ends with what is stored.
    ///
    /// What is stored is in the index, so that nothing has to be remembered.
    pub(crate) fn go_back(&mut self, end: LogEnd) {
        // Whoever looked something up before this looks again: what was sealed since is forgotten.
        let sealed = self.end.position.get().saturating_sub(end.position().get());
        self.undone += sealed + RECENT_HEADERS_MAX as u64;
        self.recent.clear();
        self.hashes = RecentHashes::new();
        self.end = end.into();
    }

    /// Seals nothing, where the order ends now.
    pub(crate) fn nothing(&self) -> Sealed {
        Sealed { events: Vec::new(), headers: Vec::new(), end: self.end }
    }

    /// Seals a batch if its conditions hold, and takes the payloads of its new events. `known` holds
    /// what was read for it, if it was refused before.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the batch, or what has to be read first. Nothing of it is sealed
    /// or taken then.
    pub(crate) fn seal(&mut self, unsealed: Unsealed<'_>, known: &Known) -> Result<Sealed, Refusal> {
        let Unsealed { batch, conditions, clock, now, events, headers, new } = unsealed;
        let mut draft = Draft {
            position: self.end.position,
            clock,
            now,
            assigner: Assigner::resume(self.end.assigned_id, self.end.assigned_timestamp),
            greatest_id: self.end.greatest_id,
            headers,
            new,
            known,
            unread: Vec::new(),
            assigned: Vec::new(),
            parents: std::mem::take(&mut self.parents),
        };
        for event in &*batch {
            match self.stored(&mut draft, event)? {
                Some(header) => draft.headers.push(header),
                None => self.seal_new(&mut draft, event)?,
            }
        }
        if !draft.is_known() {
            draft.look_ahead(batch);
            return Err(Refusal::Unread(draft.unread()));
        }
        // What is in the vault already is answered, whatever has become of its conditions.
        if !conditions.is_empty() && draft.position > self.end.position {
            self.check(&mut draft, conditions)?;
        }
        Ok(self.accept(&mut draft, batch, events))
    }

    /// Finds the event that `event` repeats, if it does.
    fn stored(&self, draft: &mut Draft<'_>, event: &NewEvent) -> Result<Option<EventHeader>, Refusal> {
        let Some(id) = event.id else { return Ok(None) };
        let Some(header) = self.header(draft, id)? else { return Ok(None) };
        match difference(&header, event) {
            None => Ok(Some(header)),
            Some(differs) => Err(Refusal::Opposed(Error::Conflict { id, differs })),
        }
    }

    /// Seals an event that is new, behind all that the draft holds.
    fn seal_new(&self, draft: &mut Draft<'_>, event: &NewEvent) -> Result<()> {
        self.find_parents(draft, event)?;
        if !draft.is_known() {
            // The batch comes again; only what else has to be read is of interest.
            return Ok(());
        }
        let id = match event.id {
            Some(id) => id,
            None => self.unused_id(draft)?,
        };
        let timestamp = event.timestamp.unwrap_or_else(|| draft.assigner.next_timestamp(draft.now));
        let digest = event.payload.digest();
        let content = EventContent { id, kind: &event.kind, timestamp, digest };
        let hash = event_hash(content, event.parents.iter().copied().zip(draft.parents.iter().copied()));
        draft.position = draft.position.next();
        let (kind, parents) = (event.kind.clone(), event.parents.clone());
        let header = EventHeader::new(id, kind, timestamp, parents, digest, hash, draft.position);
        if let Some(new) = &mut draft.new {
            new.insert(id, draft.headers.len());
        }
        draft.greatest_id = draft.greatest_id.max(id);
        draft.headers.push(header);
        Ok(())
    }

    /// Assigns an id, passing over those that callers brought before.
    fn unused_id(&self, draft: &mut Draft<'_>) -> Result<EventId> {
        loop {
            let id = match draft.known.candidate() {
                Some(candidate) => draft.assigner.next_id_from(candidate),
                None => draft.assigner.next_id(draft.now, draft.clock),
            };
            let unread = draft.unread.len();
            if self.header(draft, id)?.is_none() {
                // All else is known here, or the event would not be sealed.
                draft.assigned.extend(draft.unread.drain(unread..));
                return Ok(id);
            }
        }
    }

    /// Finds the hashes of an event's parents.
    fn find_parents(&self, draft: &mut Draft<'_>, event: &NewEvent) -> Result<()> {
        draft.parents.clear();
        for parent in &event.parents {
            match self.hashes.find(*parent) {
                Some((hash, position)) if position >= self.storage.oldest() => draft.parents.push(*hash),
                _ => self.find_parent(draft, *parent)?,
            }
        }
        Ok(())
    }

    /// Finds the hash of a parent that is not among the recent ones.
    fn find_parent(&self, draft: &mut Draft<'_>, parent: EventId) -> Result<()> {
        match self.header(draft, parent)? {
            Some(header) => draft.parents.push(header.hash),
            None if draft.unread.is_empty() => return Err(Error::UnknownParent { parent }),
            None => {}
        }
        Ok(())
    }

    /// Finds the header of an event: in this batch, among the recent ones, or in storage. An id that
    /// has to be looked up there by the caller is noted, and not found for now.
    fn header(&self, draft: &mut Draft<'_>, id: EventId) -> Result<Option<EventHeader>> {
        if id > draft.greatest_id {
            return Ok(None);
        }
        let in_batch = draft.new.as_ref().and_then(|new| new.get(&id)).and_then(|at| draft.headers.get(*at));
        let in_memory = in_batch.or_else(|| self.recent.find(id));
        if let Some(header) = in_memory {
            return Ok(Some(header.clone()));
        }
        match &self.storage {
            Access::Direct(storage) => storage.header(id, Position::new(u64::MAX)),
            Access::InMemory(index) => Ok(self.known(draft, index, id)),
        }
    }

    /// Finds a header among those that were read for this batch.
    fn known(&self, draft: &mut Draft<'_>, index: &Index, id: EventId) -> Option<EventHeader> {
        if !index.ids.could_have(id) {
            return None;
        }
        match draft.known.find(id, self.age()) {
            Some(found) => found.cloned(),
            None => {
                draft.unread.push(id);
                None
            }
        }
    }

    /// Makes a draft part of the order.
    fn accept(&mut self, draft: &mut Draft<'_>, batch: &mut [NewEvent], mut events: Vec<Event>) -> Sealed {
        let mut next = self.end.position.next();
        for (event, header) in batch.iter_mut().zip(&draft.headers) {
            // What was found stands earlier, in the vault or in this batch.
            if header.position == next {
                self.recent.insert(header);
                self.hashes.insert(header);
                events.push(Event::new(header.clone(), taken(&mut event.payload)));
                next = next.next();
            }
        }
        if let Access::Direct(storage) = &self.storage {
            storage.index.ids.insert(&events);
        }
        self.end = OrderEnd {
            position: draft.position,
            assigned_id: draft.assigner.id(),
            assigned_timestamp: draft.assigner.timestamp(),
            greatest_id: draft.greatest_id,
        };
        self.parents = std::mem::take(&mut draft.parents);
        Sealed { events, headers: std::mem::take(&mut draft.headers), end: self.end }
    }
}

/// Takes a payload out of an event that is used up. A clone would cost an allocation.
fn taken(payload: &mut Payload) -> Payload {
    std::mem::replace(payload, Payload::from_stored(Bytes::new(), payload.digest()))
}

/// Says in what a new event differs from the stored one of the same id.
fn difference(stored: &EventHeader, event: &NewEvent) -> Option<&'static str> {
    if stored.kind != event.kind {
        return Some("kind");
    }
    if stored.digest != event.payload.digest() {
        return Some("payload");
    }
    if stored.parents != event.parents {
        return Some("parents");
    }
    match event.timestamp {
        Some(timestamp) if timestamp != stored.timestamp => Some("timestamp"),
        _ => None,
    }
}
