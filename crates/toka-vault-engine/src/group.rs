//! [`Pending`]: where sealed commits gather while the group before them is being written.
//!
//! Keeps the invariant that commits reach the log in the order in which they were sealed. What
//! gathers is bounded by the room that each commit holds until it is answered.
//!
//! Events and callers gather in the form in which the writer needs them: to put a group together is
//! work of the callers, whose processor has their events at hand, and not of the one thread that all
//! of them wait for.
//!
//! So is to free an event that nobody needs any more: what a thread frees is at hand for its next event.
//! Freed by the writer, each took the lock of that part of the allocator which callers were using, and one put
//! the other to sleep: five times as many calls of the system, and a tenth of all commits (measured).
//!
//! Invariant 1 of `docs/architecture.md`, which names the tests that show it.

use std::time::Duration;

use toka_vault_core::{Error, Event, EventHeader, Position, Result};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::sequencer::OrderEnd;
use crate::spent::Spent;
use crate::sync::{Condvar, Mutex, lock, wait, wait_for};
use crate::tail::KeptGroup;

/// Entries that room is made for before they come.
const ROOM_MAX: usize = 512;

/// Waits to be written.
pub(crate) struct PendingCommit {
    /// The new events; none where the commit repeats what is stored, or is refused for that.
    pub(crate) events: Vec<Event>,
    /// Their payload bytes.
    pub(crate) bytes: usize,
    /// Where the order ends after them.
    pub(crate) end: OrderEnd,
    /// Who waits for it, and for what.
    pub(crate) caller: Caller,
}

/// Waits for a commit to be stored.
pub(crate) struct Caller {
    /// The answer, if all goes well; empty where the commit is refused.
    pub(crate) headers: Vec<EventHeader>,
    /// Where it goes.
    pub(crate) answer: oneshot::Sender<Result<Vec<EventHeader>>>,
    /// Makes room for other commits when it is dropped.
    pub(crate) room: OwnedSemaphorePermit,
}

impl Caller {
    /// Tells whether its commit repeats nothing but events up to a position.
    pub(crate) fn repeats(&self, stored: Position) -> bool {
        !self.headers.is_empty() && self.headers.iter().all(|header| header.position <= stored)
    }

    /// Answers with the outcome, and with the headers if that is good. Returns the room that the
    /// commit took.
    pub(crate) fn answer(self, outcome: Result<()>) -> OwnedSemaphorePermit {
        // A caller that is gone does not need the answer.
        let _ = self.answer.send(outcome.map(|()| self.headers));
        self.room
    }
}

/// Says when a group takes no more commits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupBounds {
    /// Most events.
    pub(crate) events: usize,
    /// Most payload bytes.
    pub(crate) bytes: usize,
}

/// Gathers sealed commits for the writer.
#[derive(Default)]
pub(crate) struct Pending {
    state: Mutex<State>,
    /// Signals the writer: something gathers, or nothing will any more.
    changed: Condvar,
    /// Events for callers to free. Under a lock of its own, since that of the state is taken under that of the
    /// order, for which all callers wait.
    spent: Mutex<Spent>,
}

#[derive(Default)]
struct State {
    events: Vec<Event>,
    callers: Vec<Caller>,
    /// What each caller has of the events.
    commits: Vec<Extent>,
    finished: bool,
    /// What every commit is answered with from now on.
    refused: Option<Error>,
    /// Whether the writer waits, and has to be woken.
    writer_waits: bool,
}

/// Says how much of a group a commit is.
struct Extent {
    events: usize,
    bytes: usize,
    end: OrderEnd,
}

/// Holds commits that are written together, in their order.
pub(crate) struct SealedGroup {
    /// The new events; none where all commits repeat what is stored, or are refused for that.
    pub(crate) events: Vec<Event>,
    /// Where the order ends after them.
    pub(crate) end: OrderEnd,
    /// Who waits for them; at least one.
    pub(crate) callers: Vec<Caller>,
}

/// Tells what the writer found.
pub(crate) enum Taken {
    /// A group to write.
    Group(SealedGroup),
    /// Nothing within the time it was ready to wait.
    Nothing,
    /// The end: there will be no more.
    Finished,
}

impl Pending {
    /// Adds a sealed commit behind all others. Returns the empty list that held its events; or, where commits are
    /// refused, why, and the room that it took. Nobody is answered here: the caller holds a lock.
    pub(crate) fn add(&self, commit: PendingCommit) -> Result<Vec<Event>, (Error, OwnedSemaphorePermit)> {
        let PendingCommit { mut events, bytes, end, caller } = commit;
        let mut state = lock(&self.state);
        if let Some(error) = state.refused.clone() {
            return Err((error, caller.room));
        }
        let count = events.len();
        state.commits.push(Extent { events: count, bytes, end });
        if state.events.capacity() < count && state.events.is_empty() {
            // A large batch is not copied.
            std::mem::swap(&mut state.events, &mut events);
        } else {
            state.events.append(&mut events);
        }
        state.callers.push(caller);
        let wake = std::mem::take(&mut state.writer_waits);
        drop(state);
        if wake {
            self.changed.notify_one();
        }
        Ok(events)
    }

    /// Leaves events for callers to free, but for what would be too many.
    pub(crate) fn free_later(&self, spent: Vec<KeptGroup>) {
        let excess = lock(&self.spent).add(spent);
        drop(excess);
    }

    /// Takes up to `count` events for the caller to free. They go to `room`, which is empty.
    pub(crate) fn take_spent(&self, count: usize, room: &mut Vec<Event>) {
        lock(&self.spent).take(count, room);
    }

    /// Answers all that waits, and all that comes, with `error`.
    pub(crate) fn refuse(&self, error: &Error) {
        let callers = {
            let mut state = lock(&self.state);
            state.refused = Some(error.clone());
            state.take_all()
        };
        // Without the lock: whoever is woken may run at once, and commit again.
        for caller in callers {
            drop(caller.answer(Err(error.clone())));
        }
    }

    /// Takes all that waits, and returns who waits for it.
    pub(crate) fn take_all(&self) -> Vec<Caller> {
        lock(&self.state).take_all()
    }

    /// Says that nothing will be added any more.
    pub(crate) fn finish(&self) {
        lock(&self.state).finished = true;
        self.changed.notify_one();
    }

    /// Takes the next group; waits for a commit first, but not longer than `patience`.
    pub(crate) fn take(&self, bounds: GroupBounds, patience: Option<Duration>) -> Taken {
        let mut state = lock(&self.state);
        while state.commits.is_empty() {
            if state.finished {
                return Taken::Finished;
            }
            state.writer_waits = true;
            state = match patience {
                None => wait(&self.changed, state),
                Some(patience) => {
                    let state = wait_for(&self.changed, state, patience);
                    if state.commits.is_empty() && !state.finished {
                        return Taken::Nothing;
                    }
                    state
                }
            };
        }
        state.writer_waits = false;
        state.take(bounds).map_or(Taken::Nothing, Taken::Group)
    }
}

impl State {
    /// Takes all that waits, and returns who waits for it.
    fn take_all(&mut self) -> Vec<Caller> {
        self.commits.clear();
        self.events.clear();
        std::mem::take(&mut self.callers)
    }

    /// Takes the commits at the front that fit a group; at least one, if there is one.
    fn take(&mut self, bounds: GroupBounds) -> Option<SealedGroup> {
        let (commits, count) = self.fitting(bounds);
        let end = self.commits.drain(..commits).next_back()?.end;
        Some(SealedGroup {
            events: front(&mut self.events, count),
            end,
            callers: front(&mut self.callers, commits),
        })
    }

    /// Counts the commits at the front that fit a group, at least one, and their events.
    fn fitting(&self, bounds: GroupBounds) -> (usize, usize) {
        let (mut commits, mut events, mut bytes) = (0, 0, 0);
        for commit in &self.commits {
            bytes += commit.bytes;
            if commits > 0 && (events + commit.events > bounds.events || bytes > bounds.bytes) {
                break;
            }
            events += commit.events;
            commits += 1;
        }
        (commits, events)
    }
}

/// Takes the first `count` entries, and makes room for as many, because the next group will be of about
/// this size.
fn front<T>(entries: &mut Vec<T>, count: usize) -> Vec<T> {
    let count = count.min(entries.len());
    let mut rest = Vec::with_capacity((entries.len() - count).max(count.min(ROOM_MAX)));
    rest.extend(entries.drain(count..));
    std::mem::replace(entries, rest)
}
