//! [`Storage`] and [`Known`]: events that are looked up by id, and what was found.
//!
//! Keeps the invariant that an id which was not found counts as unused only for as long as every
//! event that was sealed since is certain to be among the recent ones.
//!
//! Invariants 12 and 17d of `docs/architecture.md`, which names the tests that show them.

use std::ops::ControlFlow;
use std::sync::Arc;

use toka_vault_core::{Direction, Error, Event, EventHeader, EventId, Position, Result, Timestamp};

use crate::chunk::{Chunk, scan};
use crate::id_map::IdMap;
use crate::index::times::TimeRange;
use crate::index::{Index, LastPage, Lookup, Span};
use crate::limits::RECENT_HEADERS_MAX;
use crate::log::{Log, ReadBudget};
use crate::picker::{Found, Picker, Rest};
use crate::query::Query;
use crate::seen_ids::SeenIds;

/// Gives access to what is stored. Calls may block as the log does.
#[derive(Clone)]
pub(crate) struct Storage {
    /// The events.
    pub(crate) log: Arc<dyn Log>,
    /// Where they are.
    pub(crate) index: Arc<Index>,
    /// Their ids, where it is not the index that has them.
    pub(crate) seen: Option<Arc<SeenIds>>,
}

/// Says what has to be looked up for a commit.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    /// Events, by their ids.
    pub(crate) ids: Vec<EventId>,
    /// Ids that are to be assigned, if they are unused.
    pub(crate) assigned: Vec<EventId>,
    /// Events that could break a condition.
    pub(crate) searches: Vec<Search>,
}

/// Events that the index follows at once, before other reads get their turn.
const FOLLOWED_AT_ONCE: u64 = 8_192;

/// How many times as many events a search reads at once, where those before were not wanted.
const SEARCH_GROWTH: usize = 8;

/// Asks for the first event that breaks a condition of a commit.
#[derive(Debug)]
pub(crate) struct Search {
    /// The number of the condition.
    pub(crate) number: usize,
    /// Which events break it.
    pub(crate) query: Arc<Query>,
    /// Behind which position.
    pub(crate) after: Position,
}

/// Holds what was looked up for a commit.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The age of the order when they were looked up is beside them.
    headers: IdMap<(Option<EventHeader>, Position)>,
    /// For conditions, by their numbers: the first event that breaks it, of those up to a position.
    searched: Vec<(usize, Option<Position>, Position)>,
    /// The first of the ids to assign, if they were looked up.
    candidate: Option<EventId>,
}

impl Storage {
    /// Reads the header of an event, or returns `None` where there is none up to position `last`. A payload that is
    /// kept elsewhere is not read.
    pub(crate) fn header(&self, id: EventId, last: Position) -> Result<Option<EventHeader>> {
        self.header_told(id, self.told(id, last)?, last)
    }

    /// Does the same with what is told of the id.
    pub(crate) fn header_told(
        &self,
        id: EventId,
        told: Lookup,
        last: Position,
    ) -> Result<Option<EventHeader>> {
        let header = self.read_by_id(id, told, last, ReadBudget::HEADER)?.into_header()?;
        Ok(header.filter(|header| header.id == id))
    }

    /// Reads the headers of events, `None` for those that are not there. Ids that come together, as in a batch that
    /// is committed again, are mostly of events that stand together: those are read together.
    fn headers(&self, ids: Vec<EventId>) -> Result<Vec<(EventId, Option<EventHeader>)>> {
        let (mut page, mut headers, mut places) = (LastPage::default(), Vec::new(), Vec::new());
        for id in ids {
            match self.position_near(id, Position::new(u64::MAX), &mut page)? {
                Some(position) => places.push((position, id)),
                None => headers.push((id, None)),
            }
        }
        places.sort_unstable();
        for together in places.chunk_by(|one, next| next.0 == one.0.next()) {
            self.read_headers(together, &mut headers)?;
        }
        Ok(headers)
    }

    /// Reads the headers of events that stand together.
    fn read_headers(
        &self,
        places: &[(Position, EventId)],
        headers: &mut Vec<(EventId, Option<EventHeader>)>,
    ) -> Result<()> {
        let Some((last, _)) = places.last() else { return Ok(()) };
        let mut chunk = Chunk::default();
        for (position, id) in places {
            let event = match chunk.next() {
                Some(event) => Some(event?),
                // The first one, or behind what was read at once.
                None => {
                    chunk = self.log.read(*position, ReadBudget::between(*position, *last))?;
                    chunk.next().transpose()?
                }
            };
            headers.push((*id, event.map(|event| event.header).filter(|header| header.id == *id)));
        }
        Ok(())
    }

    /// Reads the header of the event that has an id which is to be assigned, or `None` where none is known to
    /// have it. An event that cannot be read does not count: the id was drawn by chance, or follows one that was.
    fn header_where_known(&self, id: EventId) -> Result<Option<EventHeader>> {
        match self.position(id, Position::new(u64::MAX)) {
            Ok(Some(_)) => self.header(id, Position::new(u64::MAX)),
            Ok(None) | Err(Error::Corrupt { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads an event by what is told of its id, or returns `None` where there is none up to position `last`.
    pub(crate) fn event_told(&self, id: EventId, told: Lookup, last: Position) -> Result<Option<Event>> {
        let event = self.read_by_id(id, told, last, ReadBudget::ONE)?.next().transpose()?;
        Ok(event.filter(|event| event.header.id == id))
    }

    /// Reads what stands where an id is found; nothing where it is not, up to position `last`.
    fn read_by_id(&self, id: EventId, told: Lookup, last: Position, budget: ReadBudget) -> Result<Chunk> {
        let Some(position) = self.position_told(id, told, last)? else { return Ok(Chunk::default()) };
        match self.log.read(position, budget) {
            // The index can be behind the log by an eviction.
            Err(Error::Evicted { .. }) => Ok(Chunk::default()),
            read => read,
        }
    }

    /// Finds the position of an event; `None` where there is none up to position `last`.
    pub(crate) fn position(&self, id: EventId, last: Position) -> Result<Option<Position>> {
        self.position_near(id, last, &mut LastPage::default())
    }

    /// Does the same as one of several, which are mostly close to each other.
    fn position_near(&self, id: EventId, last: Position, page: &mut LastPage) -> Result<Option<Position>> {
        self.position_told(id, self.told_near(id, last, page)?, last)
    }

    /// Returns what is told of where an event is, before any search for it in the log.
    pub(crate) fn told(&self, id: EventId, last: Position) -> Result<Lookup> {
        self.told_near(id, last, &mut LastPage::default())
    }

    fn told_near(&self, id: EventId, last: Position, page: &mut LastPage) -> Result<Lookup> {
        match &self.seen {
            Some(seen) => seen.find(id, last, self.log.as_ref()),
            None => Ok(self.index.ids.find_near(id, page)),
        }
    }

    /// Finds the position of an event of which this is told, by a search of the log where that does not say.
    pub(crate) fn position_told(
        &self,
        id: EventId,
        told: Lookup,
        last: Position,
    ) -> Result<Option<Position>> {
        match told {
            Lookup::At(position) => Ok(Some(position).filter(|position| *position <= last)),
            Lookup::Absent => Ok(None),
            Lookup::Unread(ranges) => {
                if self.seen.is_none() {
                    tracing::warn!(%id, "the index is damaged, or does not know all ids; searching the log");
                }
                self.search(id, &ranges, last)
            }
        }
    }

    /// Searches ranges of the log, up to position `last`, for an event.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where it is not found and could be one that is damaged: from the first such event to
    /// the last, since whoever needs to know where it can be at the latest asks that of the error.
    fn search(&self, id: EventId, ranges: &[Span], last: Position) -> Result<Option<Position>> {
        let mut damaged = None;
        for (from, to) in ranges {
            let found = scan(self.log.as_ref(), *from..=last.min(*to), |events| {
                if let Err(span) = events {
                    let (first, last) = damaged.unwrap_or(span);
                    damaged = Some((span.0.min(first), span.1.max(last)));
                }
                let found = events.unwrap_or_default().iter().find(|event| event.header.id == id);
                Ok(found.map_or(ControlFlow::Continue(()), |event| ControlFlow::Break(event.position())))
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let Some((first, last)) = damaged else { return Ok(None) };
        let reason = format!("one that cannot be read could have the id {id}, which is not known");
        Err(Error::Corrupt { first, last, reason })
    }

    /// Finds the first event between two positions that a query wants, of those that the log still has.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where a damaged event could be it, and a failure to read the log.
    pub(crate) fn first_match(
        &self,
        query: &Arc<Query>,
        first: Position,
        last: Position,
    ) -> Result<Option<Position>> {
        let first = first.max(self.log.oldest());
        let Some((mut picker, covered)) = self.picker(query, first, last, Direction::Forward)? else {
            return self.first_of(query, first, last);
        };
        // Nearly every event of a kind is wanted, and few of a zone of times: first one, then more and more.
        let mut most = 1;
        loop {
            let found = picker.find(&self.index.postings, most);
            let rest = found.rest;
            if let Some(position) = self.first_found(found)? {
                return Ok(Some(position));
            }
            most = most.saturating_mul(SEARCH_GROWTH);
            match rest {
                Rest::More => {}
                Rest::Nothing => return self.first_of(query, covered.next(), last),
                Rest::Unindexed(from, _) => return self.first_of(query, from, last),
            }
        }
    }

    /// Reads what was found up to the first event that is wanted.
    fn first_found(&self, found: Found) -> Result<Option<Position>> {
        let mut found = Some(found);
        while let Some(part) = found {
            let (events, rest) = part.read(self.log.as_ref())?;
            if let Some(event) = events.into_iter().next() {
                return Ok(Some(event?.position()));
            }
            found = rest;
        }
        Ok(None)
    }

    /// Returns where the first event of a moment or later can be, of those from `at` on: `at` itself where
    /// that is not known.
    pub(crate) fn since(&self, time: Timestamp, at: Position, last: Position) -> Position {
        let covered = self.index.postings.covered().min(last);
        if covered < at {
            return at;
        }
        let times = TimeRange { since: Some(time), until: None };
        let spans = self.index.postings.spans((at, covered), times);
        spans.first().map_or(covered.next(), |span| span.0)
    }

    /// Has the index follow the log some way towards `last`, and tells whether that is all it can do.
    pub(crate) fn follow(&self, last: Position) -> Result<bool> {
        let postings = &self.index.postings;
        let before = postings.covered();
        let covered = postings.follow(self.log.as_ref(), last.min(before.plus(FOLLOWED_AT_ONCE)))?;
        Ok(covered >= last || covered <= before)
    }

    /// Starts to pick the events that a query wants between two positions, as far as the index covers
    /// them. Returns up to where that is; `None` where the index is of no use.
    pub(crate) fn picker(
        &self,
        query: &Arc<Query>,
        first: Position,
        last: Position,
        direction: Direction,
    ) -> Result<Option<(Picker, Position)>> {
        if first > last {
            return Ok(None);
        }
        let covered = self.index.postings.follow(self.log.as_ref(), last)?.min(last);
        if covered < first {
            return Ok(None);
        }
        match Picker::new(self, query.clone(), (first, covered), direction) {
            // Whoever reads the log meets the damage in its place.
            Err(Error::Corrupt { .. }) => Ok(None),
            picker => Ok(picker?.map(|picker| (picker, covered))),
        }
    }

    /// Reads the log, from where it still has events, up to the first one that a query wants.
    pub(crate) fn first_of(
        &self,
        query: &Query,
        first: Position,
        last: Position,
    ) -> Result<Option<Position>> {
        let mut next = first.max(self.log.oldest());
        while next <= last {
            let chunk = self.log.read(next, ReadBudget::between(next, last))?;
            let Some(end) = chunk.last_position() else { return Ok(None) };
            for event in chunk {
                let event = event?;
                if query.matches(&event.header) {
                    return Ok(Some(event.position()));
                }
            }
            next = end.next();
        }
        Ok(None)
    }

    /// Looks up headers, which were asked for when the order had come to an age of `as_of`, and searches up to
    /// `head`.
    pub(crate) fn known(
        &self,
        Unread { ids, assigned, searches }: Unread,
        as_of: Position,
        head: Position,
    ) -> Result<Known> {
        let candidate = assigned.first().copied();
        let find_assigned = |id| Ok((id, (self.header_where_known(id)?, as_of)));
        let search = |Search { number, query, after }| {
            Ok((number, self.first_match(&query, after.next(), head)?, head))
        };
        let headers = self.headers(ids)?.into_iter().map(|(id, header)| Ok((id, (header, as_of))));
        let headers = headers.chain(assigned.into_iter().map(find_assigned)).collect::<Result<_>>()?;
        let searched = searches.into_iter().map(search).collect::<Result<_>>()?;
        Ok(Known { headers, searched, candidate })
    }
}

impl Known {
    /// Notes the first event that breaks a condition, of those up to a position.
    pub(crate) fn add_searched(&mut self, number: usize, found: Option<Position>, as_of: Position) {
        self.searched.retain(|(searched, ..)| *searched != number);
        self.searched.push((number, found, as_of));
    }

    /// Returns the first event that breaks a condition, of those up to a position, and that position.
    pub(crate) fn searched(&self, number: usize) -> Option<(Option<Position>, Position)> {
        let found = self.searched.iter().find(|(searched, ..)| *searched == number);
        found.map(|(_, found, as_of)| (*found, *as_of))
    }

    /// Returns the first of the ids to assign, if they were looked up. To draw others would mean to look
    /// those up, and so on for ever.
    pub(crate) fn candidate(&self) -> Option<EventId> {
        self.candidate
    }

    /// Adds what was looked up later.
    pub(crate) fn extend(&mut self, later: Self) {
        self.candidate = later.candidate.or(self.candidate);
        self.headers.extend(later.headers);
        for (number, found, as_of) in later.searched {
            self.add_searched(number, found, as_of);
        }
    }

    /// Returns what was found under an id, or `None` where that is not known, or no more now that
    /// the order has come to an age of `now`.
    pub(crate) fn find(&self, id: EventId, now: Position) -> Option<Option<&EventHeader>> {
        let (found, as_of) = self.headers.get(&id)?;
        let found = found.as_ref();
        let since = now.get().saturating_sub(as_of.get());
        let certain = found.is_some() || since < RECENT_HEADERS_MAX as u64;
        certain.then_some(found)
    }
}
