//! The search for the first event of a moment or later.
//!
//! It begins where the index says that such times are, and reads on from there.
//!
//! Keeps the invariants that it holds one chunk at a time, that it tells each damaged event once, for
//! that could be the first, and that a long search lets other tasks run in between.

use toka_vault_core::{Error, Event, Position, Result, Timestamp, let_others_run};

use crate::lookup::Storage;
use crate::reader::{Next, Reader, behind};

impl Reader {
    /// Searches up to position `last` for the event that a [`Next::Since`] means, and moves `next` to it;
    /// or behind all that was searched, where that is not it.
    ///
    /// # Errors
    ///
    /// What keeps an event from being read that could be it; the next call goes on behind that.
    pub(crate) async fn search(&self, next: &mut Next, last: Position) -> Result<Position> {
        while let Next::Since(time, from) = *next {
            // At the head there is nothing to look up, and nobody to ask once the vault is closed; what is in
            // the tail is read at once.
            let at = match from {
                Some(at) if at > last || self.published.read_tail(at, 1).is_some() => at,
                _ => self.first_since(time, from, last).await?,
            };
            if at > last {
                *next = Next::Since(time, Some(at));
                return Ok(at);
            }
            let read = self.read(at, last.get() - at.get() + 1).await;
            // The oldest event was evicted between the look and the read: look again.
            if matches!((&read, from), (Err(Error::Evicted { .. }), None)) {
                continue;
            }
            *next = Next::Since(time, Some(behind(&read, at)));
            let found = read?.find(|item| item.as_ref().map_or(true, |event| event.header.timestamp >= time));
            match found.transpose() {
                Ok(found) => *next = found.as_ref().map(Event::position).map_or(*next, Next::At),
                Err(error) => {
                    if let Error::Corrupt { last, .. } = error {
                        *next = Next::Since(time, Some(last.next()));
                    }
                    return Err(error);
                }
            }
            let_others_run().await;
        }
        match *next {
            Next::At(position) => Ok(position),
            _ => Ok(last.next()),
        }
    }

    /// Finds where to search on for an event of a moment or later.
    async fn first_since(&self, time: Timestamp, from: Option<Position>, last: Position) -> Result<Position> {
        let find = move |storage: &Storage| {
            let at = from.unwrap_or_else(|| storage.log.oldest());
            Ok(storage.since(time, at, last))
        };
        self.source.run(find).await
    }
}
