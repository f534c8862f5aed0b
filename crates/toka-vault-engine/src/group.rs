//! [`Pending`]: where sealed commits gather while the group before them is being written.
//!
//! Keeps the invariant that commits reach the log in the order in which they were sealed. What
//! gathers is bounded by the room that each commit holds until it is answered.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use toka_vault_core::{Error, Event, EventHeader, Result};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::sequencer::OrderEnd;
use crate::sync::{lock, wait, wait_for};

/// Waits to be written.
pub(crate) struct PendingCommit {
    /// The new events; none where the commit repeats what is stored.
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
    /// The answer, if all goes well.
    pub(crate) headers: Vec<EventHeader>,
    /// Where it goes.
    pub(crate) answer: oneshot::Sender<Result<Vec<EventHeader>>>,
    /// Makes room for other commits when it is dropped.
    pub(crate) room: OwnedSemaphorePermit,
}

impl Caller {
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
}

#[derive(Default)]
struct State {
    commits: VecDeque<PendingCommit>,
    finished: bool,
    /// What every commit is answered with from now on.
    refused: Option<Error>,
    /// Whether the writer waits, and has to be woken.
    writer_waits: bool,
}

/// Tells what the writer found.
pub(crate) enum Taken {
    /// Commits to write, at least one, in their order.
    Commits(Vec<PendingCommit>),
    /// Nothing within the time it was ready to wait.
    Nothing,
    /// The end: there will be no more.
    Finished,
}

impl Pending {
    /// Adds a sealed commit behind all others.
    pub(crate) fn add(&self, commit: PendingCommit) {
        let mut state = lock(&self.state);
        if let Some(error) = state.refused.clone() {
            drop(commit.caller.answer(Err(error)));
            return;
        }
        state.commits.push_back(commit);
        let wake = std::mem::take(&mut state.writer_waits);
        drop(state);
        if wake {
            self.changed.notify_one();
        }
    }

    /// Answers all that waits, and all that comes, with `error`.
    pub(crate) fn refuse(&self, error: &Error) {
        let mut state = lock(&self.state);
        state.refused = Some(error.clone());
        for commit in state.commits.drain(..) {
            drop(commit.caller.answer(Err(error.clone())));
        }
    }

    /// Takes all that waits.
    pub(crate) fn take_all(&self) -> VecDeque<PendingCommit> {
        std::mem::take(&mut lock(&self.state).commits)
    }

    /// Says that nothing will be added any more.
    pub(crate) fn finish(&self) {
        lock(&self.state).finished = true;
        self.changed.notify_one();
    }

    /// Takes the commits that make the next group; waits for one first, but not longer than
    /// `patience`.
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
        let count = fitting(&state.commits, bounds);
        Taken::Commits(state.commits.drain(..count).collect())
    }
}

/// Counts the commits at the front that fit a group; at least one.
fn fitting(commits: &VecDeque<PendingCommit>, bounds: GroupBounds) -> usize {
    let (mut events, mut bytes) = (0, 0);
    let fits = |commit: &&PendingCommit| {
        events += commit.events.len();
        bytes += commit.bytes;
        events <= bounds.events && bytes <= bounds.bytes
    };
    commits.iter().take_while(fits).count().max(1)
}
