//! [`Query`]: which events a reader wants, of all that a log has.
//!
//! Keeps the invariant that an index narrows down where to look and never decides: every event that
//! it leads to is asked [`Query::matches`].
//!
//! Invariant 17a of `docs/architecture.md`, which names the tests that show it.

use toka_vault_core::{Digest, Error, EventHeader, EventId, Filter, Kind, KindPattern, Position, Result};

use crate::chunk::Chunk;
use crate::index::postings::keys;
use crate::index::times::TimeRange;
use crate::index::{Damaged, Key};
use crate::log::ReadBudget;
use crate::lookup::Storage;

/// Says which events are wanted.
#[derive(Clone, Debug)]
pub(crate) enum Query {
    /// Those that a filter means.
    Filter(Filter),
    /// Those that name this event as a parent.
    Children(EventId),
    /// Those with a payload of this digest.
    Payload(Digest),
}

impl Query {
    /// Tells whether an event is wanted.
    pub(crate) fn matches(&self, header: &EventHeader) -> bool {
        match self {
            Self::Filter(filter) => filter.matches(header),
            Self::Children(parent) => header.parents.contains(parent),
            Self::Payload(digest) => header.digest == *digest,
        }
    }

    /// Returns which times are wanted, where not all are.
    pub(crate) fn times(&self) -> Option<TimeRange> {
        let Self::Filter(filter) = self else { return None };
        let times = TimeRange { since: filter.since(), until: filter.until() };
        (times.since.is_some() || times.until.is_some()).then_some(times)
    }

    /// Returns the keys of all events between two positions that could be wanted; `None` where no index
    /// can tell them from others.
    ///
    /// # Errors
    ///
    /// A failure to read the log.
    pub(crate) fn keys(
        &self,
        storage: &Storage,
        first: Position,
        last: Position,
    ) -> Result<Result<Option<Vec<Key>>, Damaged>> {
        let mut found = match self {
            Self::Filter(filter) if filter.kinds().is_empty() => return Ok(Ok(None)),
            Self::Filter(filter) => match kinds(storage, filter.kinds(), first, last)? {
                Ok(found) => found,
                Err(damaged) => return Ok(Err(damaged)),
            },
            Self::Children(parent) => vec![keys::of_parent(*parent)],
            Self::Payload(digest) => vec![keys::of_payload(*digest)],
        };
        found.push(keys::DAMAGED);
        Ok(Ok(Some(found)))
    }
}

/// Most kinds that patterns are compared with: of more, each would take the read of an event.
const KINDS_MAX: usize = 1 << 14;

/// Returns the keys of the kinds that any of the patterns means; none where the index is of no use.
fn kinds(
    storage: &Storage,
    patterns: &[KindPattern],
    first: Position,
    last: Position,
) -> Result<Result<Vec<Key>, Damaged>> {
    let exact: Vec<Kind> = patterns.iter().filter_map(KindPattern::as_kind).collect();
    let mut found: Vec<Key> = exact.iter().map(keys::of_kind).collect();
    if exact.len() < patterns.len() {
        let there = match storage.index.postings.kinds(first, last) {
            Ok(there) => there,
            Err(damaged) => return Ok(Err(damaged)),
        };
        if there.len() > KINDS_MAX {
            return Ok(Err(Damaged));
        }
        for key in there {
            let meant = kind_of(storage, key)?
                .is_none_or(|kind| patterns.iter().any(|pattern| pattern.matches(&kind)));
            if meant {
                found.push(key);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(Ok(found))
}

/// Returns the kind of a key, as an event that has it tells; `None` where none can be read, so that it
/// could be any.
fn kind_of(storage: &Storage, key: Key) -> Result<Option<Kind>> {
    if let Some(kind) = storage.index.postings.remembered(key) {
        return Ok(Some(kind));
    }
    let Ok(positions) = storage.index.postings.ascending(key, Position::FIRST, 1) else { return Ok(None) };
    let Some(position) = positions.first() else { return Ok(None) };
    let header = match storage.log.read(*position, ReadBudget::HEADER).and_then(Chunk::into_header) {
        Err(Error::Corrupt { .. }) => return Ok(None),
        read => read?,
    };
    let kind = header.map(|header| header.kind).filter(|kind| keys::of_kind(kind) == key);
    let Some(kind) = kind else { return Ok(None) };
    storage.index.postings.remember(key, &kind);
    Ok(Some(kind))
}
