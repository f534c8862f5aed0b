//! [`Published`]: what readers may see, and the signal that it grew.
//!
//! Keeps the invariant that readers see the head only after the events up to it are as durable as
//! promised and can be read: the writer extends the tail first, then moves the head.

use std::sync::RwLock;

use toka_vault_core::{Event, Head, Position};
use tokio::sync::watch;

use crate::sync;
use crate::tail::Tail;

/// Tells readers where the history ends and whether it can grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// Up to where readers may read.
    pub(crate) head: Head,
    /// Whether the vault is closed, so that the head is the last.
    pub(crate) ended: bool,
}

/// Publishes events to readers.
#[derive(Debug)]
pub(crate) struct Published {
    state: watch::Sender<State>,
    /// The newest events; none where the log itself is in memory.
    tail: Option<RwLock<Tail>>,
}

impl Published {
    /// Starts with a head that is durable already.
    pub(crate) fn new(head: Head, with_tail: bool) -> Self {
        let tail = with_tail.then(RwLock::default);
        Self { state: watch::Sender::new(State { head, ended: false }), tail }
    }

    /// Makes events visible, up to `head`.
    pub(crate) fn publish(&self, events: Vec<Event>, head: Head) {
        if let Some(tail) = &self.tail {
            sync::write(tail).extend(events);
        }
        self.state.send_modify(|state| state.head = head);
    }

    /// Tells readers that the head is the last one.
    pub(crate) fn end(&self) {
        self.state.send_modify(|state| state.ended = true);
    }

    /// Returns up to where readers may read now.
    pub(crate) fn head(&self) -> Head {
        self.state.borrow().head
    }

    /// Follows the state.
    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Returns up to `count` events from `from` on, where the tail has them.
    pub(crate) fn read_tail(&self, from: Position, count: usize) -> Option<Vec<Event>> {
        sync::read(self.tail.as_ref()?).read(from, count)
    }
}
