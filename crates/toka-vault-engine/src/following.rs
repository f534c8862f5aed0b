//! [`Following`]: a vault over a log that somebody else writes.
//!
//! A thread looks again and again how far the log has come, and publishes that. Reading is the same as
//! in any other vault, but that the index is that of the writer, as far as its files go.
//!
//! Keeps the invariants that nothing is written; and that what is published only grows.

use std::sync::Arc;

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
    stop: Arc<Stop>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Tells the thread to stop.
#[derive(Default)]
struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Following {
    /// Starts the threads.
    pub(crate) fn start(
        log: Arc<dyn FollowedLog>,
        index: IndexBeside,
        published: Arc<Published>,
    ) -> Result<Self> {
        let IndexBeside { ids, postings } = index;
        let storage = Storage {
            log: log.clone(),
            index: Arc::new(Index { ids: IdIndex::default(), postings }),
            seen: Some(Arc::new(SeenIds::beside(ids))),
        };
        let (readers, source) = ReaderThreads::start(&storage)?;
        let stop = Arc::<Stop>::default();
        let told = stop.clone();
        let thread = crate::thread::spawn("toka-follow", move || {
            told.follow(log.as_ref(), &published);
            readers.stop();
            // Nothing was written, so that nothing can be lost.
            let _ = guarded("close", || log.close());
            published.end();
        })?;
        Ok(Self { source, stop, thread: Mutex::new(Some(thread)) })
    }

    /// Returns the way of reads to the reader threads.
    pub(crate) fn source(&self) -> Source {
        self.source.clone()
    }

    /// Follows no further; subscriptions end.
    pub(crate) fn close(&self) {
        *lock(&self.stop.stopped) = true;
        self.stop.changed.notify_all();
    }
}

impl Stop {
    /// Looks until it is told to stop.
    fn follow(&self, log: &dyn FollowedLog, published: &Published) {
        let mut failing = false;
        let mut stopped = lock(&self.stopped);
        while !*stopped {
            drop(stopped);
            match guarded("look at the log", || log.look()) {
                Ok(end) => {
                    failing = false;
                    if end.position() > published.position() {
                        published.publish(Vec::new(), end.position(), Some(end.chain()));
                    }
                }
                // Told once, not every time.
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "a vault that is read only cannot see how far it has come");
                    }
                }
            }
            stopped = lock(&self.stopped);
            if !*stopped {
                stopped = wait_for(&self.changed, stopped, FOLLOW_PAUSE);
            }
        }
    }
}

impl Drop for Following {
    /// Ends the threads and waits for them: as long as a read takes.
    fn drop(&mut self) {
        self.close();
        // Where an answer ends a task that held the last handle, that is dropped by who answers.
        if let Some(thread) = lock(&self.thread).take().filter(|_| !is_ours()) {
            // A panic in it was reported by the thread itself.
            let _ = thread.join();
        }
    }
}
