//! [`Following`]: a vault over a log that somebody else writes.
//!
//! A thread looks again and again how far the log has come, and publishes that. Reading is the same as
//! in any other vault, but that the index is that of the writer, as far as its files go.
//!
//! Keeps the invariants that nothing is written; and that what is published only grows.
//!
//! Invariants 8 and 19c of `docs/architecture.md`, which names the tests that show them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use toka_vault_core::Result;

use crate::guard::guarded;
use crate::index::{IdIndex, Index, IndexBeside};
use crate::limits::FOLLOW_PAUSE;
use crate::log::{Log, LogEnd};
use crate::lookup::Storage;
use crate::published::Published;
use crate::readers::{ReaderThreads, Source};
use crate::seen_ids::SeenIds;
use crate::sync::{Condvar, Mutex, lock, wait_for};
use crate::thread::{JoinHandle, is_ours};
use crate::told::told;

/// Is a log that is written elsewhere.
pub trait FollowedLog: Log {
    /// Looks how far the log has come. It ends at the same place as at the last look, or later, and what
    /// is before that place can be read, and stays.
    ///
    /// # Errors
    ///
    /// A failure to read; the next look may go well.
    fn look(&self) -> Result<LogEnd>;
}

/// Publishes what a log has.
pub(crate) struct Following {
    source: Source,
    published: Arc<Published>,
    stop: Arc<Stop>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// How long the thread is waited for where the storage does not return.
    stall_max: Duration,
}

/// Tells the thread to stop, and when it has.
#[derive(Default)]
struct Stop {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether the thread is to stop.
    stopped: bool,
    /// Whether it has.
    over: bool,
}

/// Says that the thread has stopped when it is dropped, however that ends.
struct Ending(Arc<Stop>);

impl Following {
    /// Starts the threads.
    pub(crate) fn start(
        log: Arc<dyn FollowedLog>,
        index: IndexBeside,
        published: Arc<Published>,
        stall_max: Duration,
    ) -> Result<Self> {
        let IndexBeside { ids, postings } = index;
        let storage = Storage {
            log: log.clone(),
            index: Arc::new(Index { ids: IdIndex::default(), postings }),
            seen: Some(Arc::new(SeenIds::beside(ids))),
        };
        let (readers, source) = ReaderThreads::start(&storage, &published)?;
        let stop = Arc::<Stop>::default();
        let (ending, seen) = (Ending(stop.clone()), published.clone());
        let thread = crate::thread::spawn("toka-follow", move || {
            ending.0.follow(log.as_ref(), &seen);
            readers.stop();
            // Nothing was written, so that nothing can be lost.
            let _ = guarded("close", || log.close());
        })?;
        Ok(Self { source, published, stop, thread: Mutex::new(Some(thread)), stall_max })
    }

    /// Returns the way of reads to the reader threads.
    pub(crate) fn source(&self) -> Source {
        self.source.clone()
    }

    /// Follows no further; subscriptions end. Nobody is waited for: nothing was written.
    pub(crate) fn close(&self) {
        lock(&self.stop.state).stopped = true;
        self.stop.changed.notify_all();
        self.published.end();
    }
}

impl Stop {
    /// Looks until it is told to stop.
    fn follow(&self, log: &dyn FollowedLog, published: &Published) {
        let mut failing = false;
        let mut state = lock(&self.state);
        while !state.stopped {
            drop(state);
            match guarded("look at the log", || log.look()) {
                Ok(end) => {
                    failing = false;
                    // Under the lock: behind the end nothing is published.
                    let state = lock(&self.state);
                    if !state.stopped && end.position() > published.position() {
                        published.publish(Vec::new(), end.position(), Some(end.chain()));
                    }
                }
                // Told once, not every time.
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(
                            error = told(&error),
                            "a vault that is read only cannot see how far it has come"
                        );
                    }
                }
            }
            state = lock(&self.state);
            if !state.stopped {
                state = wait_for(&self.changed, state, FOLLOW_PAUSE);
            }
        }
    }

    /// Waits until the thread has stopped, and tells whether it did within a bound.
    fn wait_for_end(&self, bound: Duration) -> bool {
        let since = Instant::now();
        let mut state = lock(&self.state);
        while !state.over && since.elapsed() < bound {
            state = wait_for(&self.changed, state, bound);
        }
        state.over
    }
}

impl Drop for Following {
    /// Ends the threads and waits for them: as long as a read takes, and no longer than the bound where the
    /// storage does not return.
    fn drop(&mut self) {
        self.close();
        let thread = lock(&self.thread).take();
        // Where an answer ends a task that held the last handle, that is dropped by who answers.
        if let Some(thread) = thread.filter(|_| !is_ours() && self.stop.wait_for_end(self.stall_max)) {
            // A panic in it was reported by the thread itself.
            let _ = thread.join();
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        lock(&self.0.state).over = true;
        self.0.changed.notify_all();
    }
}
