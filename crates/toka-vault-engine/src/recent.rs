//! [`Recent`]: the newest headers, so that most parents and repeated ids need no read.
//!
//! Keeps the invariant that as many headers as it has room for are there, which covers every event
//! that is sealed but cannot be read from the log yet.

use toka_vault_core::{EventHeader, EventId, Position};

use crate::positions::Positions;
use crate::segmented::{SEGMENT_LEN, Segmented};

/// Remembers headers.
#[derive(Debug)]
pub(crate) struct Recent {
    /// The headers, whose positions follow each other without a gap.
    headers: Segmented<EventHeader>,
    positions: Positions,
    /// How many headers there are at least, once there were so many; at most, by a segment more.
    capacity: usize,
}

impl Recent {
    /// Remembers the newest `capacity` headers at least.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { headers: Segmented::default(), positions: Positions::default(), capacity }
    }

    /// Forgets all headers.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    /// Remembers the header of the event behind all others.
    pub(crate) fn insert(&mut self, header: &EventHeader) {
        if self.capacity == 0 {
            return;
        }
        if self.headers.len() >= self.capacity + SEGMENT_LEN {
            // Many at once, since to move each of them out takes longer.
            let oldest = self.headers.pop_segment();
            oldest.iter().flatten().for_each(|oldest| self.positions.remove_oldest(oldest.id));
        }
        self.headers.push_back(header.clone());
        self.positions.insert(header.id, header.position);
    }

    /// Returns the headers behind a position, where all of them are remembered.
    pub(crate) fn after(&self, position: Position) -> Option<impl Iterator<Item = &EventHeader>> {
        let first = self.headers.front()?.position;
        let skip = position.next().get().checked_sub(first.get())?;
        Some(self.headers.iter_from(usize::try_from(skip).ok()?))
    }

    /// Returns the header of an event, where it is remembered.
    pub(crate) fn find(&self, id: EventId) -> Option<&EventHeader> {
        let first = self.headers.front()?.position;
        let position = self.positions.get(id)?;
        let at = position.get().checked_sub(first.get())?;
        self.headers.get(usize::try_from(at).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::given::given;

    #[test]
    fn the_newest_are_found_and_the_oldest_forgotten() {
        const CAPACITY: usize = SEGMENT_LEN + 7;
        let headers: Vec<EventHeader> =
            given(5_000, 1).events.into_iter().map(|event| event.header).collect();
        let mut recent = Recent::new(CAPACITY);
        for (at, header) in headers.iter().enumerate() {
            recent.insert(header);
            let kept = recent.headers.len();
            let all = at + 1;
            assert!((all.min(CAPACITY)..=all.min(CAPACITY + SEGMENT_LEN)).contains(&kept), "{kept} of {all}");
            assert_eq!(recent.find(header.id), Some(header));
            assert_eq!(recent.find(headers[all - kept].id), Some(&headers[all - kept]));
        }
        let kept = recent.headers.len();
        assert_eq!((recent.find(headers[5_000 - kept - 1].id), recent.positions.len()), (None, kept));
    }
}
