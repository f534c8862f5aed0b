//! [`verify`]: proof that a vault holds what it was given.
//!
//! Keeps the invariant that nothing stored is taken on trust: digests, event hashes and the chain
//! are computed anew from the payload bytes up, through the same contract that every reader uses.

use std::collections::HashMap;

use crate::hashing::{EventContent, chain_hash, event_hash};
use crate::{ChainHash, Error, Event, EventHash, EventId, EventStore, Position, ReplayOptions, Result};

/// Most event hashes that are remembered for the children of their events. Beyond it, parents are
/// looked up in the store.
const KNOWN_HASHES_MAX: usize = 1 << 18;

/// Names one thing that does not fit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Finding {
    /// Events cannot be read; the error tells which and why.
    Unreadable(Error),
    /// The payload does not hash to the digest in the header.
    WrongDigest {
        /// The event.
        id: EventId,
        /// Its position.
        position: Position,
    },
    /// The event's content and parents do not hash to its event hash.
    WrongHash {
        /// The event.
        id: EventId,
        /// Its position.
        position: Position,
    },
    /// A parent is not in the store, or stands behind its child.
    MissingParent {
        /// The event.
        id: EventId,
        /// Its position.
        position: Position,
        /// The parent.
        parent: EventId,
    },
    /// The id belongs to an event that stands before. Looked for among the newest 262,144 events.
    RepeatedId {
        /// The id.
        id: EventId,
        /// The position of the later event.
        position: Position,
    },
    /// The event is not where the order says it should be.
    WrongPosition {
        /// The event.
        id: EventId,
        /// The position it tells.
        position: Position,
        /// The position that was due.
        expected: Position,
    },
    /// A file of an index does not agree with the history, so that what is looked up there can be
    /// missed. Close the vault and open it again, which builds the index anew from there on.
    WrongIndex {
        /// The name of the index.
        index: &'static str,
        /// The first position that the file covers.
        first: Position,
        /// The last position.
        last: Position,
        /// What is wrong.
        reason: &'static str,
    },
    /// The event hashes do not chain up to the head of the store.
    WrongChain {
        /// The head that the store tells.
        head: Position,
    },
}

/// Sums up a verification.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many events were read and checked.
    pub events: u64,
    /// What does not fit, in the order of the history.
    pub findings: Vec<Finding>,
    /// How many more findings there are than [`FINDINGS_MAX`], which are counted, not listed.
    pub more: u64,
    /// Whether the chain could be checked: it cannot where the store no longer has its beginning.
    pub chain_checked: bool,
    /// How many events could not be proven, because a parent of theirs is damaged (which is a
    /// finding at the parent) or was evicted.
    pub unproven: u64,
}

/// Most findings that a report lists.
pub const FINDINGS_MAX: usize = 10_000;

impl Report {
    /// Tells whether everything fits.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn add(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "{error}"),
            Self::WrongDigest { id, position } => {
                write!(f, "event {id} at position {position}: its payload does not hash to its digest")
            }
            Self::WrongHash { id, position } => {
                write!(
                    f,
                    "event {id} at position {position}: its content and parents do not hash to its event hash"
                )
            }
            Self::MissingParent { id, position, parent } => {
                write!(f, "event {id} at position {position}: its parent {parent} does not stand before it")
            }
            Self::RepeatedId { id, position } => {
                write!(f, "event {id} at position {position}: an event before it has the same id")
            }
            Self::WrongPosition { id, position, expected } => {
                write!(f, "event {id} at position {position}: position {expected} was due")
            }
            Self::WrongIndex { index, first, last, reason } => {
                write!(
                    f,
                    "the file of the index `{index}` for positions {first} to {last}: {reason}; close the vault and open it again, which builds the index anew from there on, or if that does not help remove its folder `index` before"
                )
            }
            Self::WrongChain { head } => {
                write!(
                    f,
                    "the events up to the head at position {head} do not hash to the chain hash of the store"
                )
            }
        }
    }
}

/// Reads the whole history of `store` and computes every digest, event hash and the chain anew; then has
/// its indexes compared with it.
///
/// `progress` is called with the number of events read so far, after each of them. Memory stays
/// bounded: of the hashes that children refer to, the newest 262,144 are remembered and older ones
/// read again.
///
/// # Errors
///
/// A failure of the store that is no damage to single events, which are findings.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::verify::verify;
/// use toka_vault::{EventStore, Result};
///
/// async fn is_sound(store: &dyn EventStore) -> Result<bool> {
///     let report = verify(store, |_| ()).await?;
///     for finding in &report.findings {
///         eprintln!("{finding}");
///     }
///     Ok(report.is_clean())
/// }
/// ```
pub async fn verify(store: &dyn EventStore, mut progress: impl FnMut(u64) + Send) -> Result<Report> {
    let head = store.head().await?;
    let mut check = Check {
        store,
        known: Hashes::default(),
        report: Report::default(),
        chain: None,
        due: None,
        evicted: false,
    };
    let mut history = store.replay(ReplayOptions::new());
    loop {
        match history.try_next().await {
            Ok(Some(event)) if event.position() > head.position => {
                check.behind(event.position());
                break;
            }
            Ok(Some(event)) => check.event(&event).await?,
            Ok(None) => break,
            Err(error @ Error::Corrupt { last, .. }) => check.gap(error, last),
            Err(Error::Evicted { oldest }) => check.evicted(oldest),
            Err(error) => return Err(error),
        }
        progress(check.report.events);
    }
    let mut report = check.finish(head);
    store.verify_indexes().await?.into_iter().for_each(|finding| report.add(finding));
    Ok(report)
}

/// Carries a verification from event to event.
struct Check<'a> {
    store: &'a dyn EventStore,
    known: Hashes,
    report: Report,
    /// The chain so far, while it is unbroken from the beginning.
    chain: Option<ChainHash>,
    /// The position that comes next.
    due: Option<Position>,
    /// Whether the store no longer has its beginning.
    evicted: bool,
}

/// Says what is known of an event's parents.
enum Parents {
    /// All of them and their hashes.
    Found(Vec<(EventId, EventHash)>),
    /// This one does not stand before the event.
    Missing(EventId),
    /// One of them is damaged or was evicted.
    Unproven,
}

impl Check<'_> {
    /// Checks one event.
    async fn event(&mut self, event: &Event) -> Result<()> {
        let (id, position) = (event.header.id, event.position());
        self.report.events += 1;
        self.place(id, position);
        if self.known.find(id).is_some() {
            self.report.add(Finding::RepeatedId { id, position });
        }
        if !event.is_intact() {
            self.report.add(Finding::WrongDigest { id, position });
        }
        match self.parents(event).await? {
            Parents::Missing(parent) => self.report.add(Finding::MissingParent { id, position, parent }),
            Parents::Unproven => self.report.unproven += 1,
            Parents::Found(parents) if computed(event, &parents) != event.header.hash => {
                self.report.add(Finding::WrongHash { id, position });
            }
            Parents::Found(_) => {}
        }
        self.chain = self.chain.map(|chain| chain_hash(chain, event.header.hash));
        self.known.insert(id, event.header.hash);
        Ok(())
    }

    /// Checks that the event stands where it is due.
    fn place(&mut self, id: EventId, position: Position) {
        match self.due {
            None if position == Position::FIRST => self.chain = Some(ChainHash::EMPTY),
            None => self.evicted = true,
            Some(expected) if expected != position => {
                self.chain = None;
                self.report.add(Finding::WrongPosition { id, position, expected });
            }
            _ => {}
        }
        self.due = Some(position.next());
    }

    /// Finds the parents' hashes.
    async fn parents(&self, event: &Event) -> Result<Parents> {
        let mut parents = Vec::with_capacity(event.header.parents.len());
        for parent in event.header.parents.iter() {
            let hash = match self.known.find(*parent) {
                Some(hash) => hash,
                None => match self.store.get(*parent).await {
                    Ok(Some(found)) if found.position() < event.position() => found.header.hash,
                    // Evicted, and perhaps committed anew since, under an id that counted as new.
                    Ok(_) if self.evicted => return Ok(Parents::Unproven),
                    Ok(_) => return Ok(Parents::Missing(*parent)),
                    // A finding of its own, where it stands.
                    Err(Error::Corrupt { .. }) => return Ok(Parents::Unproven),
                    Err(error) => return Err(error),
                },
            };
            parents.push((*parent, hash));
        }
        Ok(Parents::Found(parents))
    }

    /// Notes events that cannot be read and goes on behind them.
    fn gap(&mut self, error: Error, last: Position) {
        self.chain = None;
        self.due = Some(last.next());
        self.report.add(Finding::Unreadable(error));
    }

    /// Notes that the store went on without the events before `oldest`, which is no damage.
    fn evicted(&mut self, oldest: Position) {
        self.evicted = true;
        self.chain = None;
        self.due = Some(oldest);
    }

    /// Notes that an event stands behind all that is checked: where nothing was read before it, the store has
    /// evicted all of that.
    fn behind(&mut self, position: Position) {
        if self.due.is_none() && position > Position::FIRST {
            self.evicted(position);
        }
    }

    /// Compares the chain with the head and ends.
    fn finish(mut self, head: crate::Head) -> Report {
        let empty = self.due.is_none() && head.position == Position::ZERO;
        let chain = if empty { Some(ChainHash::EMPTY) } else { self.chain };
        self.report.chain_checked = chain.is_some();
        let due = self.due.unwrap_or(Position::FIRST);
        // All up to the head can have been evicted while it was being read.
        let short = due != head.position.next() && !(self.evicted && due > head.position);
        if short || chain.is_some_and(|chain| chain != head.chain) {
            self.report.add(Finding::WrongChain { head: head.position });
        }
        self.report
    }
}

/// Computes the hash that an event should have.
fn computed(event: &Event, parents: &[(EventId, EventHash)]) -> EventHash {
    let header = &event.header;
    let content = EventContent {
        id: header.id,
        kind: &header.kind,
        timestamp: header.timestamp,
        digest: header.digest,
    };
    event_hash(content, parents.iter().copied())
}

/// Remembers the newest event hashes, in two generations: when the young one is full, the old one
/// is forgotten.
#[derive(Default)]
struct Hashes {
    young: HashMap<EventId, EventHash>,
    old: HashMap<EventId, EventHash>,
}

impl Hashes {
    fn insert(&mut self, id: EventId, hash: EventHash) {
        if self.young.len() >= KNOWN_HASHES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, hash);
    }

    fn find(&self, id: EventId) -> Option<EventHash> {
        self.young.get(&id).or_else(|| self.old.get(&id)).copied()
    }
}
