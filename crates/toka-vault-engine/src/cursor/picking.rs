//! [`Picking`]: what a [`Picker`] finds, read by the vault's reader threads.
//!
//! Where other threads read, they read the next parts while the consumer has this one: every event takes a
//! read of its own.
//!
//! Keeps the invariants that events are told in the picker's order, whichever thread has read them; and
//! that what is held of large events is bounded by their bytes.

use std::collections::VecDeque;

use toka_vault_core::{Event, Position, Result};

use super::ahead::Ahead;
use crate::limits::CHUNKS_AHEAD;
use crate::lookup::Storage;
use crate::picker::{Found, Picker, Rest};
use crate::reader::Reader;

/// Picks events, some at a time.
pub(super) struct Picking {
    /// `None` where all is found.
    picker: Option<Box<Picker>>,
    /// What was found and not told, in its order. The first ones are asked for.
    parts: VecDeque<Part>,
    /// What the index could not tell, behind all that was found.
    unindexed: Option<(Position, Position)>,
}

/// Was found.
struct Part {
    /// How many events it has at most.
    len: usize,
    reading: Ahead<Result<Picked>>,
}

/// Events that were read, and what is still to be read because they are large.
type Picked = (Vec<Result<Event>>, Option<Found>);

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
        Self { picker: Some(Box::new(picker)), parts: VecDeque::new(), unindexed: None }
    }

    /// Returns the next events, up to `max`, and whether they are the last.
    pub(super) async fn step(
        &mut self,
        reader: &Reader,
        max: usize,
    ) -> Result<(Vec<Result<Event>>, Option<End>)> {
        // What comes next is found before the threads run out of parts to read.
        if self.parts.len() <= CHUNKS_AHEAD {
            self.find(reader, max).await?;
        }
        self.read_ahead(reader, CHUNKS_AHEAD + 1).await;
        let mut events = Vec::new();
        if let Some(mut part) = self.parts.pop_front()
            && let Some(read) = part.reading.take().await
        {
            let rest;
            (events, rest) = read?;
            if let Some(rest) = rest {
                self.parts.push_front(Part::new(reader, rest));
            }
        }
        self.read_ahead(reader, CHUNKS_AHEAD).await;
        let ended = self.picker.is_none() && self.parts.is_empty();
        let end = self.unindexed.map_or(End::Complete, |(first, last)| End::Unindexed(first, last));
        Ok((events, ended.then_some(end)))
    }

    /// Finds more events, so that up to `max` are to be told.
    async fn find(&mut self, reader: &Reader, max: usize) -> Result<()> {
        let max = max.saturating_sub(self.parts.iter().map(|part| part.len).sum());
        let Some(mut picker) = self.picker.take_if(|_| max > 0) else { return Ok(()) };
        let find = move |storage: &Storage| Ok((picker.find(&storage.index.postings, max), picker));
        let (found, picker) = reader.source.run(find).await?;
        match found.rest {
            Rest::More => self.picker = Some(picker),
            Rest::Nothing => {}
            Rest::Unindexed(first, last) => self.unindexed = Some((first, last)),
        }
        self.parts.extend(found.into_parts().map(|part| Part::new(reader, part)));
        Ok(())
    }

    /// Asks for the first parts, where they are read elsewhere.
    async fn read_ahead(&mut self, reader: &Reader, parts: usize) {
        if reader.source.reads_elsewhere() {
            for part in self.parts.iter_mut().take(parts) {
                part.reading.ask().await;
            }
        }
    }
}

impl Part {
    fn new(reader: &Reader, found: Found) -> Self {
        let (source, len) = (reader.source.clone(), found.len());
        let read = async move { source.run(move |storage| found.read(storage.log.as_ref())).await };
        Self { len, reading: Ahead::new(read) }
    }
}
