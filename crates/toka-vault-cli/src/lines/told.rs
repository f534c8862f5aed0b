//! [`Told`]: what a line tells of its event, in whichever form it is written.
//!
//! Keeps the invariants that what a line says of its payload (the digest) holds before it is used;
//! and that an id of another system gives the same event id here each time, and on each line that
//! names it as a parent.
//!
//! Invariant 12b of `docs/architecture.md`, which names the tests that show it.

use toka_vault::hashing::foreign_id;
use toka_vault::{Digest, EventHash, EventId, Kind, NewEvent, Payload, Timestamp};

use super::{Line, LineError};

/// Longest piece of an id that a complaint repeats, in characters.
const SHOWN_CHARS_MAX: usize = 64;

/// Holds what a line tells of its event.
pub(super) struct Told {
    /// The event's id, as it stands there.
    pub(super) id: Option<String>,
    /// Whose ids these are, where they are not ours.
    pub(super) source: String,
    /// What happened.
    pub(super) kind: Kind,
    /// When.
    pub(super) timestamp: Option<Timestamp>,
    /// The ids of the parents, as they stand there.
    pub(super) parents: Vec<String>,
    /// The digest of the payload.
    pub(super) digest: Option<Digest>,
    /// The event hash.
    pub(super) hash: Option<EventHash>,
    /// The content.
    pub(super) payload: Payload,
    /// A field that means nothing here.
    pub(super) unknown: Option<String>,
}

impl Told {
    /// Puts the event together and checks what can be checked without a vault.
    pub(super) fn into_line(self, number: u64) -> Result<Line, LineError> {
        let computed = self.payload.digest();
        if let Some(told) = self.digest.filter(|told| *told != computed) {
            return Err(LineError::WrongDigest { told, computed });
        }
        if self.id.as_ref().is_some_and(String::is_empty) {
            return Err(LineError::Empty("id"));
        }
        let mut names = Names { source: &self.source, foreign: Vec::new() };
        let id = self.id.as_deref().map(|text| names.id_of(text));
        if self.hash.is_some() {
            if id.is_none() || self.timestamp.is_none() {
                return Err(LineError::UncheckableHash);
            }
            if let Some((_, id)) = names.foreign.pop() {
                return Err(LineError::HashOfForeign { id });
            }
        }
        let parents: Vec<EventId> = self.parents.iter().map(|text| names.id_of(text)).collect();
        let mut event = NewEvent::new(self.kind, self.payload)
            .map_err(|error| LineError::malformed("payload", error))?
            .with_parents(&parents);
        event.id = id;
        event.timestamp = self.timestamp;
        Ok(Line { number, event, hash: self.hash, foreign: names.foreign, unknown: self.unknown })
    }
}

/// Finds the event ids of a line.
struct Names<'a> {
    source: &'a str,
    /// Those that are not ours, with the ids that they have here.
    foreign: Vec<(EventId, String)>,
}

impl Names<'_> {
    /// Takes an event id of ours as it is, and computes one for any other.
    fn id_of(&mut self, text: &str) -> EventId {
        text.parse().unwrap_or_else(|_| {
            let id = foreign_id(self.source, text);
            self.foreign.push((id, shown(text)));
            id
        })
    }
}

/// Returns the start of an id, for complaints.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
