//! What has to hold for a commit, decided where it takes its place in the order.
//!
//! Keeps the invariant that no event comes between the look and the commit: what is searched in
//! storage ends at a position from which on every event that was sealed is remembered or few, and those are
//! looked at under the sequencer's lock.
//!
//! Invariant 17b of `docs/architecture.md`, which names the tests that show it.

use std::sync::Arc;

use toka_vault_core::{Condition, Error, EventId, Position};

use super::{Access, Draft, Refusal, Sequencer};
use crate::lookup::{Search, Unread};
use crate::query::Query;

/// Events in memory that are looked at under the lock, which takes less than a tenth of a millisecond.
const LOOKED_AT_MAX: u64 = 1_024;

impl Sequencer {
    /// Checks the conditions of a commit whose new events are in the draft.
    pub(super) fn check(&self, draft: &mut Draft<'_>, conditions: &[Condition]) -> Result<(), Refusal> {
        let mut searches = Vec::new();
        for (number, condition) in conditions.iter().enumerate() {
            match self.broken_at(draft, number, condition) {
                Ok(None) => {}
                Ok(Some(position)) => {
                    let condition = condition.clone();
                    return Err(Refusal::Opposed(Error::ConditionFailed { condition, position }));
                }
                Err(Unknown::Search(search)) => searches.push(search),
                Err(Unknown::Failed(error)) => return Err(error.into()),
            }
        }
        if draft.unread.is_empty() && searches.is_empty() {
            return Ok(());
        }
        Err(Refusal::Unread(Unread { searches, ..draft.unread() }))
    }

    /// Returns where a condition is broken, if it is.
    fn broken_at(
        &self,
        draft: &mut Draft<'_>,
        number: usize,
        condition: &Condition,
    ) -> Result<Option<Position>, Unknown> {
        let head = self.end.position;
        match condition {
            Condition::HeadAt(position) if head == *position => Ok(None),
            Condition::HeadAt(position) => Ok(Some(position.next().min(head))),
            Condition::NoneAfter { position, filter } => {
                self.first_after(draft, number, *position, Query::Filter(filter.clone()))
            }
            Condition::Leaf(id) => match self.position_of(draft, *id)? {
                Some(position) => self.first_after(draft, number, position, Query::Children(*id)),
                // It is being looked up.
                None => Ok(None),
            },
            _ => Err(Unknown::Failed(Error::Backend {
                reason: format!("it does not know the condition that {condition}"),
                source: None,
            })),
        }
    }

    /// Returns the position of an event of the vault, or `None` where it has to be looked up.
    fn position_of(&self, draft: &mut Draft<'_>, id: EventId) -> Result<Option<Position>, Unknown> {
        let unread = draft.unread.len();
        match self.header(draft, id).map_err(Unknown::Failed)? {
            // An event of the batch itself is not in the vault yet.
            Some(header) if header.position <= self.end.position => Ok(Some(header.position)),
            None if draft.unread.len() > unread => Ok(None),
            _ => Err(Unknown::Failed(Error::UnknownEvent { id })),
        }
    }

    /// Finds the first sealed event behind a position that a query wants.
    fn first_after(
        &self,
        draft: &Draft<'_>,
        number: usize,
        after: Position,
        query: Query,
    ) -> Result<Option<Position>, Unknown> {
        let head = self.end.position;
        let searched = draft.known.searched(number);
        let from = match searched {
            Some((Some(found), _)) => return Ok(Some(found)),
            Some((None, as_of)) => after.max(as_of).next(),
            None => after.next(),
        };
        if from > head {
            return Ok(None);
        }
        let after = from.minus(1);
        match (&self.storage, self.recent.after(after)) {
            (Access::Direct(storage), _) if head.get() - after.get() <= LOOKED_AT_MAX => {
                storage.first_of(&query, from, head).map_err(Unknown::Failed)
            }
            (Access::InMemory(_), Some(mut headers)) => {
                let broken = headers.find(|header| query.matches(header));
                Ok(broken.map(|header| header.position))
            }
            // From where it was searched already: else who searches long would search all of it again.
            _ => Err(Unknown::Search(Search { number, query: Arc::new(query), after })),
        }
    }
}

/// Says why it is not known whether a condition holds.
enum Unknown {
    /// It has to be searched for in storage.
    Search(Search),
    /// It cannot be told.
    Failed(Error),
}
