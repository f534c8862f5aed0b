//! [`Published`]: what readers may see, and the signal that it grew.
//!
//! Keeps the invariants that readers see the head only after the events up to it are as durable as
//! promised and can be read (the writer extends the tail first, then moves the head); and that a
//! reader which waits is woken by the next move.
//!
//! Invariant 4 of `docs/architecture.md`, which names the tests that show it.

use std::pin::pin;

use toka_vault_core::{ChainHash, Event, Head, Position};
use tokio::sync::Notify;

use crate::sync;
use crate::sync::RwLock;
use crate::tail::{KeptGroup, Tail};

/// Tells readers where the history ends and whether it can grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// Up to where readers may read.
    pub(crate) position: Position,
    /// The chain hash up to there; `None` where it is computed when it is asked for.
    chain: Option<ChainHash>,
    /// Whether the vault is closed, so that the head is the last.
    pub(crate) ended: bool,
    /// How many readers wait for a change. Waking costs a commit in memory more than all other steps
    /// of publishing, so it is left out where nobody waits.
    waiting: usize,
}

/// Publishes events to readers.
#[derive(Debug)]
pub(crate) struct Published {
    state: RwLock<State>,
    /// The newest events; none where the log itself is in memory.
    tail: Option<RwLock<Tail>>,
    changed: Notify,
    /// Tells who waits for the end alone, whom commits need not wake.
    over: Notify,
}

/// Counts a reader that waits, until it is dropped.
struct Waiting<'a>(&'a RwLock<State>);

impl Published {
    /// Starts with a head that is durable already. Without a chain hash the log is in memory.
    pub(crate) fn new(position: Position, chain: Option<ChainHash>) -> Self {
        Self {
            state: RwLock::new(State { position, chain, ended: false, waiting: 0 }),
            tail: chain.is_some().then(RwLock::default),
            changed: Notify::new(),
            over: Notify::new(),
        }
    }

    /// Makes events visible, up to `position`, with the chain hash up to there. Returns those that are no
    /// longer kept for readers.
    pub(crate) fn publish(
        &self,
        events: Vec<Event>,
        position: Position,
        chain: Option<ChainHash>,
    ) -> Vec<KeptGroup> {
        let spent = self.tail.as_ref().map(|tail| sync::write(tail).extend(events));
        self.change(|state| (state.position, state.chain) = (position, chain));
        spent.unwrap_or_default()
    }

    /// Tells readers that the head is the last one.
    pub(crate) fn end(&self) {
        self.change(|state| state.ended = true);
        self.over.notify_waiters();
    }

    /// Waits until the head is the last one.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped leaves nothing behind.
    pub(crate) async fn ended(&self) {
        let mut over = pin!(self.over.notified());
        // First registered, then looked, so that no end is missed.
        over.as_mut().enable();
        if !self.state().ended {
            over.await;
        }
    }

    /// Wakes the readers that wait, so that they look again.
    pub(crate) fn wake(&self) {
        self.change(|_| ());
    }

    /// Returns the state now.
    pub(crate) fn state(&self) -> State {
        *sync::read(&self.state)
    }

    /// Returns up to where readers may read now.
    pub(crate) fn position(&self) -> Position {
        self.state().position
    }

    /// Returns the head now, where its chain hash is known.
    pub(crate) fn head(&self) -> Option<Head> {
        let State { position, chain, .. } = self.state();
        chain.map(|chain| Head { position, chain })
    }

    /// Waits until the state is as asked for.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped leaves nothing behind.
    pub(crate) async fn wait_for(&self, ready: impl Fn(&State) -> bool) {
        loop {
            // First registered, then looked and counted under one lock: either the look sees a
            // change, or whoever makes it sees the count.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let Some(_waiting) = self.wait_unless(&ready) else { return };
            changed.await;
        }
    }

    /// Returns up to `count` events from `from` on, where the tail has them.
    pub(crate) fn read_tail(&self, from: Position, count: usize) -> Option<Vec<Event>> {
        Some(sync::read(self.tail.as_ref()?).read(from, count)?.cloned().collect())
    }

    /// Shows up to `count` events from `from` on, where the tail has them. The writer waits meanwhile.
    pub(crate) fn visit_tail(&self, from: Position, count: usize, visit: impl FnMut(&Event)) {
        if let Some(tail) = &self.tail {
            sync::read(tail).read(from, count).into_iter().flatten().for_each(visit);
        }
    }

    /// Counts a reader that waits, unless the state is as it asks for already.
    fn wait_unless(&self, ready: impl Fn(&State) -> bool) -> Option<Waiting<'_>> {
        let mut state = sync::write(&self.state);
        if ready(&state) {
            return None;
        }
        state.waiting += 1;
        Some(Waiting(&self.state))
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = sync::write(&self.state);
        change(&mut state);
        let waiting = state.waiting;
        drop(state);
        if waiting > 0 {
            self.changed.notify_waiters();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        sync::write(self.0).waiting -= 1;
    }
}
