//! [`Events`]: the events of a repository's commits.
//!
//! Keeps the invariant that the id of an event comes from its commit alone: the committer's time and
//! the low 80 bits of the object id. A repeated import therefore finds what it has imported.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toka_vault::limits::PARENTS_MAX;
use toka_vault::{Error, Event, EventId, NewEvent, Timestamp};

use super::charset::Charset;
use super::commit::{Commit, Person};
use super::{GitError, History};

/// What a git commit is called as an event.
const KIND: &str = "git.commit";

/// Latest time of an id, in milliseconds: it has 48 bits.
const MILLIS_MAX: u64 = (1 << 48) - 1;

/// Hexadecimal digits of the 80 bits of an object id that go into an id.
const DIGITS_KEPT: usize = 20;

/// Digits of an object id that are shown on one line.
const ONE_LINE_DIGITS: usize = 10;

/// Reads the commits of a repository as events, parents first.
pub(crate) struct Events {
    history: History,
    ids: Ids,
}

/// Holds the event of a commit.
pub(crate) struct CommitEvent {
    /// The commit.
    pub(crate) commit: CommitId,
    /// Its event.
    pub(crate) event: NewEvent,
    /// How many parents the commit has that its event has not, since they are not in the repository
    /// or are more than an event can have.
    pub(crate) parents_dropped: usize,
}

/// Names a commit, in errors.
#[derive(Clone, Debug)]
pub(crate) struct CommitId(String);

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "git commit {}", self.0)
    }
}

/// Tells why a commit does not become an event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventError {
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The commit is beyond what an event can hold.
    #[error("{commit} cannot become an event")]
    Commit {
        /// Which one.
        commit: CommitId,
        /// Why.
        source: Error,
    },
}

impl Events {
    /// Reads from `history`.
    pub(crate) fn new(history: History) -> Self {
        Self { history, ids: Ids::default() }
    }

    /// Returns the event of the next commit; `None` at the end.
    pub(crate) fn next_event(&mut self) -> Result<Option<CommitEvent>, EventError> {
        let Some((oid, object)) = self.history.next_object()? else {
            return Ok(None);
        };
        let commit = Commit::parse(&object);
        let payload = payload(self.history.path(), &oid, &commit);
        let event = NewEvent::new(KIND, &payload)
            .map_err(|source| EventError::Commit { commit: CommitId(oid.clone()), source })?;
        let (parents, parents_dropped) = self.ids.of_all(&commit.parents);
        let id = self.ids.add(&oid, commit.committer.time);
        let timestamp = timestamp(commit.committer.time);
        let event = event.with_id(id).with_timestamp(timestamp).with_parents(&parents);
        Ok(Some(CommitEvent { commit: CommitId(oid), event, parents_dropped }))
    }
}

/// Says how a commit is written as the payload of its event.
#[derive(Serialize)]
struct Payload<'a> {
    commit: &'a str,
    tree: String,
    parents: Vec<String>,
    author: Signature,
    committer: Signature,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
    message: String,
}

/// Says how a person is written. `time` is in seconds since the Unix epoch, since not every time
/// that a commit tells is one that a calendar has.
#[derive(Serialize)]
struct Signature {
    name: String,
    email: String,
    time: i64,
    zone: String,
}

/// Says what of a payload is shown on one line.
#[derive(Deserialize)]
struct Shown {
    commit: String,
    author: ShownAuthor,
    message: String,
}

/// Says what of an author is shown on one line.
#[derive(Deserialize)]
struct ShownAuthor {
    name: String,
}

/// Describes the event of a git commit on one line, as git itself does; `None` for other events.
pub(crate) fn one_line(event: &Event) -> Option<String> {
    if event.header.kind != KIND {
        return None;
    }
    let Shown { commit, author, message } = event.payload.decode().ok()?;
    let oid = commit.get(..ONE_LINE_DIGITS)?;
    let subject = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("(no message)");
    Some(format!("{oid} {subject} ({})", author.name))
}

/// Makes the payload of a commit.
fn payload<'a>(path: &Path, oid: &'a str, commit: &Commit<'_>) -> Payload<'a> {
    let charset = Charset::of(commit.encoding);
    let text = |bytes: &[u8]| charset.decode(bytes).into_owned();
    let person = |person: Person<'_>| Signature {
        name: text(person.name),
        email: text(person.email),
        time: person.time,
        zone: text(person.zone),
    };
    let mut payload = Payload {
        commit: oid,
        tree: text(commit.tree),
        parents: commit.parents.iter().map(|parent| text(parent)).collect(),
        author: person(commit.author),
        committer: person(commit.committer),
        encoding: commit.encoding.map(text),
        message: text(commit.message),
    };
    // Runs a program, and so is done for those commits only that need it.
    if charset == Charset::Other
        && let Some(texts) = History::reencoded(path, oid)
    {
        let [author, author_email, committer, committer_email, message] = texts;
        (payload.author.name, payload.author.email) = (author, author_email);
        (payload.committer.name, payload.committer.email) = (committer, committer_email);
        payload.message = message;
    }
    payload
}

/// Returns the time of a commit, or the nearest that an event can have.
fn timestamp(seconds: i64) -> Timestamp {
    let end = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    seconds.checked_mul(1_000_000).and_then(|micros| Timestamp::from_micros(micros).ok()).unwrap_or(end)
}

/// Remembers the ids of the events so far, in 16 bytes each: the part of the object id by the time.
///
/// A commit names its parents by their object ids, which do not tell the parents' times.
#[derive(Default)]
struct Ids(HashMap<[u8; 10], [u8; 6]>);

impl Ids {
    /// Computes the id of a commit's event and remembers it.
    fn add(&mut self, oid: &str, seconds: i64) -> EventId {
        let millis = u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000).min(MILLIS_MAX);
        let [_, _, time @ ..] = millis.to_be_bytes();
        let low = low_bits(oid.as_bytes());
        self.0.insert(low, time);
        id_of(low, time)
    }

    /// Returns the ids of those commits that were there before, each once, and counts the others.
    fn of_all(&self, oids: &[&[u8]]) -> (Vec<EventId>, usize) {
        let mut ids = Vec::with_capacity(oids.len());
        let mut dropped = 0;
        for oid in oids {
            let low = low_bits(oid);
            match self.0.get(&low).map(|time| id_of(low, *time)) {
                Some(id) if ids.contains(&id) => {}
                Some(id) if ids.len() < PARENTS_MAX => ids.push(id),
                _ => dropped += 1,
            }
        }
        (ids, dropped)
    }
}

/// Returns the low 80 bits of an object id in hexadecimal; bits that are malformed are zero.
fn low_bits(oid: &[u8]) -> [u8; 10] {
    let digits = oid.get(oid.len().saturating_sub(DIGITS_KEPT)..).unwrap_or_default();
    let number = str::from_utf8(digits).ok().and_then(|digits| u128::from_str_radix(digits, 16).ok());
    let [_, _, _, _, _, _, low @ ..] = number.unwrap_or(0).to_be_bytes();
    low
}

/// Puts an id together.
fn id_of(low: [u8; 10], time: [u8; 6]) -> EventId {
    let mut bytes = [0; 16];
    let (first, second) = bytes.split_at_mut(time.len());
    first.copy_from_slice(&time);
    second.copy_from_slice(&low);
    EventId::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn an_id_is_the_time_and_the_low_bits_of_the_object_id() {
        let low = u128::from_str_radix(&OID[20..], 16).unwrap();
        let id = Ids::default().add(OID, 1_700_000_000);
        assert_eq!(id, EventId::from_parts(1_700_000_000_000, low));
    }

    #[test]
    fn times_that_no_calendar_has_give_the_nearest_end() {
        let id = |seconds| Ids::default().add(OID, seconds).to_u128() >> 80;
        assert_eq!([id(-1), id(i64::MIN)], [0, 0]);
        assert_eq!(id(i64::MAX), u128::from(MILLIS_MAX));
        assert_eq!(timestamp(-1).as_micros(), -1_000_000);
        assert_eq!([timestamp(i64::MAX), timestamp(i64::MIN)], [Timestamp::MAX, Timestamp::MIN]);
    }

    #[test]
    fn parents_are_found_once_each_and_strangers_counted() {
        let mut ids = Ids::default();
        let id = ids.add(OID, 5);
        let stranger = b"ffffffffffffffffffffffffffffffffffffffff";
        assert_eq!(ids.of_all(&[OID.as_bytes(), stranger, OID.as_bytes()]), (vec![id], 1));
    }
}
