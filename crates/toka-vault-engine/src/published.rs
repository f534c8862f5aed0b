//! [`Published`]: what readers may see, and the signal that it grew.
//!
//! Keeps the invariants that readers see the head only after the events up to it are as durable as
//! promised and can be read (the writer extends the tail first, then moves the head); and that a
//! reader which waits is woken by the next move.

use std::pin::pin;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use toka_vault_core::{Event, Head, Position};
use tokio::sync::Notify;

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
    state: RwLock<State>,
    /// The newest events; none where the log itself is in memory.
    tail: Option<RwLock<Tail>>,
    /// How many readers wait. Waking costs a commit in memory more than all other steps of
    /// publishing, so it is left out where nobody waits.
    waiting: AtomicUsize,
    changed: Notify,
}

/// Counts a reader that waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Published {
    /// Starts with a head that is durable already.
    pub(crate) fn new(head: Head, with_tail: bool) -> Self {
        Self {
            state: RwLock::new(State { head, ended: false }),
            tail: with_tail.then(RwLock::default),
            waiting: AtomicUsize::new(0),
            changed: Notify::new(),
        }
    }

    /// Makes events visible, up to `head`.
    pub(crate) fn publish(&self, events: Vec<Event>, head: Head) {
        if let Some(tail) = &self.tail {
            sync::write(tail).extend(events);
        }
        sync::write(&self.state).head = head;
        self.wake();
    }

    /// Tells readers that the head is the last one.
    pub(crate) fn end(&self) {
        sync::write(&self.state).ended = true;
        self.wake();
    }

    /// Returns the state now.
    pub(crate) fn state(&self) -> State {
        *sync::read(&self.state)
    }

    /// Returns up to where readers may read now.
    pub(crate) fn head(&self) -> Head {
        self.state().head
    }

    /// Waits until the state is as asked for.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped leaves nothing behind.
    pub(crate) async fn wait_for(&self, ready: impl Fn(&State) -> bool) {
        loop {
            // First registered and counted, then looked: a change after the look wakes us. The
            // fences pair: either the look sees the change, or whoever changes sees the count.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let _waiting = Waiting::new(&self.waiting);
            fence(Ordering::SeqCst);
            if ready(&self.state()) {
                return;
            }
            changed.await;
        }
    }

    /// Returns up to `count` events from `from` on, where the tail has them.
    pub(crate) fn read_tail(&self, from: Position, count: usize) -> Option<Vec<Event>> {
        sync::read(self.tail.as_ref()?).read(from, count)
    }

    /// Wakes the readers that wait.
    pub(crate) fn wake(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.changed.notify_waiters();
        }
    }
}

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
