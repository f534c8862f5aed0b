//! [`Picking`]: what a [`Picker`] finds, read by the vault's reader threads.
//!
//! Keeps the invariants that events are told in the picker's order, whichever thread has read them; and
//! that what is held of large events is bounded by their bytes.

use std::collections::VecDeque;

use toka_vault_core::{Event, Position, Result};

use crate::lookup::Storage;
use crate::picker::{Found, Picker, Rest};
use crate::reader::Reader;

/// Picks events, some at a time.
pub(super) struct Picking {
    /// `None` where all is found.
    picker: Option<Box<Picker>>,
    /// What was found, in its order.
    waiting: VecDeque<Waiting>,
    /// What the index could not tell, behind all that was found.
    unindexed: Option<(Position, Position)>,
}

/// Was found.
enum Waiting {
    /// It is still to be read.
    Unread(Found),
    /// It was read.
    Read(Vec<Result<Event>>),
}

/// Says how picking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All is told.
    Complete,
    /// The positions between these two are to be read one by one.
    Unindexed(Position, Position),
}

impl Picking {
    /// Picks all that the picker finds.
    pub(super) fn new(picker: Picker) -> Self {
        Self { picker: Some(Box::new(picker)), waiting: VecDeque::new(), unindexed: None }
    }

    /// Returns the next events, up to `max` or a few more, and whether they are the last.
    pub(super) async fn step(
        &mut self,
        reader: &Reader,
        max: usize,
    ) -> Result<(Vec<Result<Event>>, Option<End>)> {
        let events = match self.waiting.pop_front() {
            Some(Waiting::Read(events)) => events,
            Some(Waiting::Unread(found)) => {
                let (events, rest) = read(reader, found).await?;
                if let Some(rest) = rest {
                    self.waiting.push_front(Waiting::Unread(rest));
                }
                events
            }
            None => match self.picker.take() {
                Some(picker) => self.find(reader, picker, max).await?,
                None => Vec::new(),
            },
        };
        let ended = self.picker.is_none() && self.waiting.is_empty();
        let end = self.unindexed.map_or(End::Complete, |(first, last)| End::Unindexed(first, last));
        Ok((events, ended.then_some(end)))
    }

    /// Finds up to `max` events and reads them. Of many, two threads read half each: every event takes a
    /// read of its own.
    async fn find(
        &mut self,
        reader: &Reader,
        mut picker: Box<Picker>,
        max: usize,
    ) -> Result<Vec<Result<Event>>> {
        let find = move |storage: &Storage| {
            let mut found = picker.find(&storage.index.postings, max);
            let rest = found.rest;
            Ok(match found.split() {
                None => (Ok(found.read(storage.log.as_ref())?), rest, picker),
                Some(later) => (Err((found, later)), rest, picker),
            })
        };
        let (found, rest, picker) = reader.source.run(find).await?;
        match rest {
            Rest::More => self.picker = Some(picker),
            Rest::Nothing => {}
            Rest::Unindexed(first, last) => self.unindexed = Some((first, last)),
        }
        let (found, later) = match found {
            Err(halves) => halves,
            Ok((events, rest)) => {
                self.waiting.extend(rest.map(Waiting::Unread));
                return Ok(events);
            }
        };
        let ((sooner, rest), (later, more)) =
            futures::future::try_join(read(reader, found), read(reader, later)).await?;
        self.waiting.extend(rest.map(Waiting::Unread));
        self.waiting.push_back(Waiting::Read(later));
        self.waiting.extend(more.map(Waiting::Unread));
        Ok(sooner)
    }
}

/// Reads on a reader thread.
async fn read(reader: &Reader, found: Found) -> Result<(Vec<Result<Event>>, Option<Found>)> {
    reader.source.run(move |storage| found.read(storage.log.as_ref())).await
}
