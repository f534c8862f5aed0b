//! [`probe`]: everything that a vault can be asked, with the answers held against each other.
//!
//! Keeps the invariant that answers which contradict each other are a fault where nothing fits what was forged, and
//! where checksums or hashes were made to fit, at the latest `verify` has to say that something is wrong.

mod graph;
mod picked;
mod verified;

use std::collections::HashMap;

use toka_vault::{Direction, Error, Event, EventId, EventStore, Replay, ReplayOptions};

use crate::input::Input;

/// Events whose answers are compared, of a longer history.
const COMPARED: usize = 16;

/// Errors after which a stream counts as one that does not end.
const ERRORS_MAX: usize = 20_000;

/// Says what may be wrong with a vault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trust {
    /// What cannot be read: all that is shown is what was written, and answers agree.
    Damaged,
    /// Anything that has a checksum: `verify` finds what does not agree.
    Forged,
    /// The same, and nothing finds it: for who reads beside the writer, and verifies no index.
    ForgedBeside,
}

/// What a vault has shown.
#[derive(Debug, Default)]
pub struct Seen {
    /// The events that could be read.
    pub events: Vec<Event>,
    /// The positions that were told to be damaged, from the first to the last.
    pub damaged: Vec<(u64, u64)>,
    /// Whether an error ended it before the end.
    pub stopped: bool,
}

impl Seen {
    /// Tells whether there is all there is, but for what is damaged.
    fn is_all(&self) -> bool {
        !self.stopped
    }

    /// Tells the positions that it has, for messages.
    pub fn told(&self) -> String {
        let positions: Vec<_> = self.events.iter().map(|event| event.position().get()).collect();
        format!("{positions:?}, damaged {:?}", self.damaged)
    }
}

/// Holds what a vault has shown against what else it says.
struct Probe<'a> {
    vault: &'a dyn EventStore,
    trust: Trust,
    seen: &'a Seen,
    by_id: HashMap<EventId, Vec<&'a Event>>,
    /// The first answers that did not agree.
    contradiction: Option<String>,
}

/// Asks a vault everything. Choices, of which events to ask for, come from the input.
pub async fn probe(vault: &dyn EventStore, input: &mut Input<'_>, trust: Trust) -> Seen {
    let head = vault.head().await.unwrap().position.get();
    let seen = drain(vault.replay(ReplayOptions::new())).await;
    if seen.is_all() {
        check_positions(&seen, head);
    }
    let mut by_id: HashMap<_, Vec<_>> = HashMap::new();
    for event in &seen.events {
        by_id.entry(event.header.id).or_default().push(event);
    }
    let mut probe = Probe { vault, trust, seen: &seen, by_id, contradiction: None };
    let chosen = probe.chosen(input);
    probe.backward().await;
    probe.lookups(&chosen).await;
    probe.picked(&chosen, input).await;
    probe.graph(&chosen, input).await;
    probe.verified().await;
    seen
}

/// Reads a stream to its end, over what is damaged.
async fn drain(mut replay: Replay) -> Seen {
    let (mut seen, mut errors) = (Seen::default(), 0);
    loop {
        match replay.try_next().await {
            Ok(Some(event)) => seen.events.push(event),
            Ok(None) => break,
            Err(Error::Corrupt { first, last, reason }) => {
                assert!(first <= last && !reason.is_empty());
                seen.damaged.push((first.get(), last.get()));
                errors += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                seen.stopped = true;
                errors += 1;
            }
        }
        assert!(errors < ERRORS_MAX, "a stream that does not end: {:?}", seen.damaged.last());
    }
    for event in seen.events.iter().take(COMPARED) {
        // Whatever a payload is, it can be shown.
        assert!(!format!("{event} {event:?}").is_empty());
    }
    seen
}

/// Sees that each position up to the head is told once, as an event or as damage.
fn check_positions(seen: &Seen, head: u64) {
    let events = seen.events.iter().map(|event| (event.position().get(), event.position().get()));
    let mut parts: Vec<_> = events.chain(seen.damaged.iter().copied()).collect();
    parts.sort_unstable();
    let mut due = 1;
    for (first, last) in parts {
        assert_eq!(first, due, "told twice or not at all: {}", seen.told());
        due = last.saturating_add(1);
    }
    assert!(due > head, "missing up to the head {head}: {}", seen.told());
    assert!(seen.events.is_sorted_by_key(Event::position), "not in order: {}", seen.told());
}

impl<'a> Probe<'a> {
    /// Chooses events to ask for.
    fn chosen(&self, input: &mut Input<'_>) -> Vec<&'a Event> {
        match self.seen.events.len() {
            0..=COMPARED => self.seen.events.iter().collect(),
            _ => (0..COMPARED).filter_map(|_| input.of(&self.seen.events)).collect(),
        }
    }

    /// Notes answers that do not agree.
    fn hold(&mut self, agree: bool, told: impl FnOnce() -> String) {
        if !agree {
            let told = told();
            assert!(self.trust != Trust::Damaged, "{told}");
            self.contradiction.get_or_insert(told);
        }
    }

    /// Tells whether an event has its id for itself, so that there is one answer.
    fn is_unique(&self, id: EventId) -> bool {
        self.by_id.get(&id).is_some_and(|events| events.len() == 1)
    }

    async fn backward(&mut self) {
        let options = ReplayOptions::new().with_direction(Direction::Backward);
        let back = drain(self.vault.replay(options)).await;
        if back.is_all() && self.seen.is_all() {
            let same = back.events.iter().rev().eq(&self.seen.events);
            let seen = self.seen;
            self.hold(same, || format!("backward: {}, forward: {}", back.told(), seen.told()));
        }
    }

    async fn lookups(&mut self, events: &[&Event]) {
        for event in events {
            let id = event.header.id;
            let found = self.vault.get(id).await;
            match &found {
                Ok(Some(found)) => {
                    assert_eq!(found.header.id, id);
                    let is_clear = self.is_unique(id) && self.seen.is_all() && self.seen.damaged.is_empty();
                    self.hold(!is_clear || found == *event, || format!("{event} is found as {found}"));
                }
                Ok(None) => self.hold(self.seen.stopped, || format!("{event} is shown and not found")),
                // An event that cannot be read could have the id.
                Err(error) => {
                    let excused = matches!(error, Error::Corrupt { .. }) && !self.seen.damaged.is_empty();
                    self.hold(excused, || format!("{event} is shown and not found: {error}"));
                }
            }
            let header = self.vault.header(id).await;
            if let (Ok(Some(header)), Ok(Some(event))) = (&header, &found) {
                assert_eq!(*header, event.header);
            }
            let payload = self.vault.payload(event.header.digest).await;
            let is_its_own = match &payload {
                Ok(Some(payload)) => payload.digest() == event.header.digest,
                Ok(None) | Err(_) => !self.seen.damaged.is_empty(),
            };
            self.hold(is_its_own, || format!("{event} is shown, and its payload is {payload:?}"));
        }
    }
}
