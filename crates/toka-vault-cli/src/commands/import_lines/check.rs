//! What is checked of a line before it is added: the hash that it tells, and that its parents are there.
//!
//! Keeps the invariant that a hash which does not fit is refused, unless it is known that it cannot fit: an
//! event that led to it is missing, and it was said to go on then.
//!
//! Invariant 12b of `docs/architecture.md`, which names the tests that show it.

use toka_vault::hashing::{EventContent, event_hash};
use toka_vault::{EventHash, EventId, NewEvent};

use super::hashes::{Before, Known};
use super::missing::{self, Row};
use super::{Import, LineNumber, known};
use crate::failure::Result;
use crate::lines::{Line, LineError};

impl Import<'_> {
    /// Compares the hash that a line tells with the one that it has.
    ///
    /// Where a parent is not known, and nothing is to stand for it, the vault will refuse the line.
    pub(super) async fn check(&mut self, line: &Line) -> Result<Result<(), LineError>> {
        let event = &line.event;
        // The vault refuses it, and says so better.
        if event.check().is_err() {
            return Ok(Ok(()));
        }
        if self.report.is_some() {
            self.replace_missing(line).await?;
        }
        let Some(told) = line.hash else {
            return Ok(Ok(()));
        };
        let (Some(id), Some(timestamp)) = (event.id, event.timestamp) else {
            return Ok(Err(LineError::UncheckableHash));
        };
        let mut parents = Vec::with_capacity(event.parents.len());
        for parent in &event.parents {
            match self.hash_of(*parent, line.number).await? {
                Some(hash) => parents.push((*parent, hash)),
                None => return Ok(Ok(())),
            }
        }
        let content = EventContent { id, kind: &event.kind, timestamp, digest: event.payload.digest() };
        let hash = event_hash(content, parents.iter().map(|(id, known)| (*id, known.hash)));
        if hash == told {
            self.hashes.insert_waiting(id, Known::same(hash));
            return Ok(Ok(()));
        }
        if let Some(computed) = hash_before(content, &parents).filter(|before| *before != told) {
            return Ok(Err(self.wrong_hash(told, computed).await?));
        }
        self.hashes.insert_waiting(id, Known { hash, before: Before::Other(told) });
        self.tell(Row::other_hash(line.number, id, told, hash));
        Ok(Ok(()))
    }

    /// Adds an event for each parent of a line that is missing.
    async fn replace_missing(&mut self, line: &Line) -> Result<()> {
        for parent in &line.event.parents {
            if self.unhashed.contains(parent) || self.stored_hash(*parent).await?.is_some() {
                continue;
            }
            let placeholder = missing::placeholder(*parent, &line.event)?;
            match hash_of_root(*parent, &placeholder) {
                Some(hash) => self.hashes.insert_waiting(*parent, Known { hash, before: Before::Unknown }),
                None => drop(self.unhashed.insert(*parent)),
            }
            self.batch.add(LineNumber(line.number), placeholder);
            self.tell(Row::missing(line.number, *parent));
        }
        Ok(())
    }

    /// Has something told once its line is stored.
    fn tell(&mut self, row: Row) {
        if let Some(report) = &mut self.report {
            report.add(row);
        }
    }

    /// Finds the hash of a parent, on an earlier line or in the vault.
    async fn hash_of(&mut self, id: EventId, line: u64) -> Result<Option<Known>> {
        if self.unhashed.contains(&id) {
            self.commit(line).await?;
        }
        self.stored_hash(id).await
    }

    /// Finds the hash of an event that is remembered or in the vault.
    async fn stored_hash(&mut self, id: EventId) -> Result<Option<Known>> {
        if let Some(known) = self.hashes.find(id) {
            return Ok(Some(known));
        }
        let Some(header) = self.vault.header(id).await? else { return Ok(None) };
        let known = known(self.report.as_ref(), &header);
        self.hashes.insert_stored(id, known);
        Ok(Some(known))
    }

    /// Complains of a hash that does not fit. Where the vault lacks events, that may be why.
    async fn wrong_hash(&self, told: EventHash, computed: EventHash) -> Result<LineError> {
        let is_incomplete = self.report.is_none() && missing::first_in(self.vault).await?.is_some();
        Ok(match is_incomplete {
            true => LineError::WrongHashOrMissing { told, computed },
            false => LineError::WrongHash { told, computed },
        })
    }
}

/// Computes the hash of an event that has no parents, where its time is known.
fn hash_of_root(id: EventId, event: &NewEvent) -> Option<EventHash> {
    let timestamp = event.timestamp?;
    let content = EventContent { id, kind: &event.kind, timestamp, digest: event.payload.digest() };
    Some(event_hash(content, std::iter::empty()))
}

/// Computes the hash that an event had where its line comes from; `None` where that of a parent is not known.
fn hash_before(content: EventContent<'_>, parents: &[(EventId, Known)]) -> Option<EventHash> {
    let before = |(id, known): &(EventId, Known)| Some((*id, known.before()?));
    let parents: Vec<_> = parents.iter().map(before).collect::<Option<_>>()?;
    Some(event_hash(content, parents.into_iter()))
}
