//! [`Sharing`]: which events have a payload that is in the log already, so that it is kept once.
//!
//! Keeps the invariants that an event which others share the payload of has it itself and comes before
//! them; and that its digest was compared, not only a part of it. Where it is not known, or cannot be
//! read, the payload is kept once more, which is never wrong.
//!
//! Invariant 17c of `docs/architecture.md`, which names the tests that show it.

use std::collections::HashMap;
use std::sync::Arc;

use toka_vault_core::{Digest, Event, Position};

use crate::guard::guarded;
use crate::index::Index;
use crate::index::postings::keys;
use crate::limits::SHARED_BYTES_MIN;
use crate::log::{Log, ReadBudget};

/// Payloads that are remembered by their events, so that those that come often, and those that are not
/// in the index yet, are found without it: 4 MiB at most.
const RECENT_MAX: usize = if cfg!(test) { 64 } else { 1 << 15 };

/// Payloads of a group that are read to be compared. On a slow disk more would hold up the commits.
const LOOKS_MAX: usize = 512;

/// Finds payloads that the log has.
#[derive(Debug)]
pub(crate) struct Sharing {
    index: Arc<Index>,
    /// The newest payloads, and those before them.
    recent: [Owners; 2],
}

type Owners = HashMap<Digest, Position, foldhash::fast::RandomState>;

impl Sharing {
    /// Remembers nothing yet.
    pub(crate) fn new(index: Arc<Index>) -> Self {
        Self { index, recent: Default::default() }
    }

    /// Returns for each of these events, which follow all that are in the log, the earlier one that has
    /// its payload; nothing where there is none.
    ///
    /// Once they are appended, tell [`Sharing::appended`].
    pub(crate) fn owners(&self, log: &dyn Log, events: &[Event]) -> Vec<Option<Position>> {
        let mut among = Owners::default();
        let mut owners = Vec::new();
        let mut looks = LOOKS_MAX;
        for (number, event) in events.iter().enumerate().filter(|(_, event)| is_worth_it(event)) {
            let digest = event.header.digest;
            let known = among.get(&digest).copied().or_else(|| self.known(digest));
            let Some(owner) = known.or_else(|| self.indexed(log, digest, &mut looks)) else {
                among.insert(digest, event.position());
                continue;
            };
            owners.resize(events.len(), None);
            if let Some(found) = owners.get_mut(number) {
                *found = Some(owner);
            }
        }
        owners
    }

    /// Takes in events that are in the log now.
    pub(crate) fn appended(&mut self, events: &[Event], owners: &[Option<Position>]) {
        for (number, event) in events.iter().enumerate().filter(|(_, event)| is_worth_it(event)) {
            let owner = owners.get(number).copied().flatten();
            self.remember(event.header.digest, owner.unwrap_or(event.position()));
        }
    }

    fn known(&self, digest: Digest) -> Option<Position> {
        self.recent.iter().find_map(|owners| owners.get(&digest)).copied()
    }

    fn remember(&mut self, digest: Digest, owner: Position) {
        let [newest, before] = &mut self.recent;
        if newest.len() >= RECENT_MAX {
            *before = std::mem::take(newest);
        }
        newest.entry(digest).or_insert(owner);
    }

    /// Finds the first event with a payload in the index. Before it there was none to share with.
    fn indexed(&self, log: &dyn Log, digest: Digest, looks: &mut usize) -> Option<Position> {
        let found = self.index.postings.ascending(keys::of_payload(digest), Position::FIRST, 1).ok()?;
        let owner = *found.first()?;
        *looks = looks.checked_sub(1)?;
        let mut read = guarded("read", || log.read(owner, ReadBudget::ONE)).ok()?;
        let has_it_itself = read.shared_bytes() == 0;
        let event = read.next()?.ok()?;
        (has_it_itself && event.header.digest == digest).then_some(owner)
    }
}

/// Tells whether a payload is so large that to share it saves more than it costs who reads it.
fn is_worth_it(event: &Event) -> bool {
    event.payload.bytes().len() >= SHARED_BYTES_MIN
}

#[cfg(test)]
mod tests {
    use toka_vault_core::Payload;

    use super::*;
    use crate::index::given::given;

    /// Makes events from `first` on with these texts as payloads, each long enough.
    fn events(first: u64, texts: &[&str]) -> Vec<Event> {
        let given = given(first + texts.len() as u64, 0);
        let events = given.events.into_iter().skip(first as usize - 1).zip(texts);
        let with = |(mut event, text): (Event, &&str)| {
            event.payload = Payload::encode(&text.repeat(SHARED_BYTES_MIN)).unwrap();
            event.header.digest = event.payload.digest();
            event
        };
        events.map(with).collect()
    }

    fn sharing() -> Sharing {
        Sharing::new(Arc::new(Index::in_memory(&given(0, 0), Position::ZERO).unwrap()))
    }

    fn positions(owners: &[Option<Position>]) -> Vec<u64> {
        owners.iter().map(|owner| owner.map_or(0, Position::get)).collect()
    }

    #[test]
    fn a_payload_is_shared_within_a_group_and_with_those_before() {
        let (log, mut sharing) = (given(0, 0), sharing());
        let first = events(1, &["a", "b", "a"]);
        let owners = sharing.owners(&log, &first);
        assert_eq!(positions(&owners), [0, 0, 1]);
        sharing.appended(&first, &owners);
        let second = events(4, &["c", "a", "b", "c"]);
        assert_eq!(positions(&sharing.owners(&log, &second)), [0, 1, 2, 4]);
        assert!(sharing.owners(&log, &events(4, &["d", "e"])).is_empty());
    }

    #[test]
    fn what_was_not_appended_is_not_shared_with() {
        let (log, sharing) = (given(0, 0), sharing());
        assert_eq!(positions(&sharing.owners(&log, &events(1, &["a", "a"]))), [0, 1]);
        assert!(sharing.owners(&log, &events(2, &["a"])).is_empty());
    }

    #[test]
    fn short_payloads_are_not_shared() {
        let (log, sharing) = (given(0, 0), sharing());
        let mut events = events(1, &["a", "a"]);
        for event in &mut events {
            event.payload = Payload::encode(&"a".repeat(SHARED_BYTES_MIN - 4)).unwrap();
            assert_eq!(event.payload.bytes().len(), SHARED_BYTES_MIN - 1);
            event.header.digest = event.payload.digest();
        }
        assert!(sharing.owners(&log, &events).is_empty());
    }

    #[test]
    fn many_payloads_later_the_index_knows() {
        let mut log = given(0, 0);
        log.events = events(1, &["a", "b"]);
        let mut sharing = sharing();
        let again = events(3, &["b"]);
        assert!(sharing.owners(&log, &again).is_empty(), "nothing is known yet");
        sharing.index.postings.follow(&log, Position::new(2)).unwrap();
        assert_eq!(positions(&sharing.owners(&log, &again)), [2]);
        // One that cannot be read is not shared with.
        log.damaged.insert(2);
        assert!(sharing.owners(&log, &again).is_empty());
        for number in 0..3 * RECENT_MAX as u64 {
            let text = number.to_string();
            sharing.appended(&events(number + 1, &[&text]), &[]);
        }
        let known: usize = sharing.recent.iter().map(Owners::len).sum();
        assert!((RECENT_MAX..=2 * RECENT_MAX).contains(&known), "{known}");
    }
}
