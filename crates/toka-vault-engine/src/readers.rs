//! [`Source`]: how readers reach the log without blocking the thread they are polled on.
//!
//! Keeps the invariants that a blocking log is read on the vault's own reader threads only, through a
//! bounded queue, and that whoever waits for a read waits no longer than until the vault is closed. A log in
//! memory is read where the reader is.
//!
//! Invariants 8 and 24 of `docs/architecture.md`, which names the tests that show them.

mod stoppable;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::{Either, select};
use toka_vault_core::{Error, Position, Result};
use tokio::sync::mpsc::OwnedPermit;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use crate::guard::guarded;
use crate::limits::{READER_THREADS, READS_WAITING_MAX};
use crate::lookup::Storage;
use crate::published::Published;
use crate::sync::{Mutex, lock};
use crate::thread::{JoinHandle, block_on};
use stoppable::StoppableLog;

/// Reads, and hands on what was read.
type Read = Box<dyn FnOnce(&Storage) + Send>;

/// Asks something of a reader thread.
pub(crate) enum Job {
    /// Read, and hand on what was read.
    Read(Read),
    /// Take no more jobs, and end after those that wait.
    Stop,
}

/// Reads from storage.
#[derive(Clone)]
pub(crate) enum Source {
    /// Where the caller is: for storage that never blocks.
    Direct(Storage),
    /// On reader threads.
    Threads(Jobs),
}

/// Leads to the reader threads, through a bounded queue.
#[derive(Clone)]
pub(crate) struct Jobs {
    queue: mpsc::Sender<Job>,
    /// Tells all who wait for room that there may be some. Not one of them: it may be a read ahead that
    /// nobody polls now, and the room would be lost to the others.
    freed: Arc<Notify>,
    /// Lets so many long reads go on at a time that a thread is left for others.
    long: Arc<Semaphore>,
    /// Tells when the vault is closed.
    published: Arc<Published>,
}

/// Holds the threads that read for a vault.
pub(crate) struct ReaderThreads {
    threads: Vec<JoinHandle<()>>,
    /// Room to tell them to stop, which waits for nobody.
    stop: OwnedPermit<Job>,
    /// Tells the job that a thread is at.
    stopping: Arc<AtomicBool>,
}

impl Source {
    /// Tells whether reads go on while the caller does something else.
    pub(crate) fn reads_elsewhere(&self) -> bool {
        matches!(self, Self::Threads(_))
    }

    /// Returns the position of the oldest event there is.
    pub(crate) fn oldest(&self) -> Position {
        match self {
            Self::Direct(storage) => storage.log.oldest(),
            // A log that blocks evicts nothing.
            Self::Threads(_) => Position::FIRST,
        }
    }

    /// Runs `read` where it may block, and returns what it returns.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] where the vault is closed, [`Error::Storage`] where `read` panicked.
    pub(crate) async fn run<T, F>(&self, read: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Storage) -> Result<T> + Send + 'static,
    {
        match self {
            Self::Direct(storage) => read(storage),
            Self::Threads(jobs) => {
                let (answer, answered) = oneshot::channel();
                let job = Box::new(move |storage: &Storage| {
                    // Whoever asked may be gone: before the read, which is spared then, or after it.
                    if !answer.is_closed() {
                        let _ = answer.send(guarded("read", || read(storage)));
                    }
                });
                jobs.unless_closed(jobs.add(Job::Read(job))).await??;
                jobs.unless_closed(answered).await?.map_err(|_| Error::Closed)?
            }
        }
    }

    /// Runs a `read` that may go through all of the log. A thread is left for those that do not.
    ///
    /// # Errors
    ///
    /// As [`Source::run`].
    pub(crate) async fn run_long<T, F>(&self, read: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Storage) -> Result<T> + Send + 'static,
    {
        let turn = match self {
            Self::Direct(_) => None,
            Self::Threads(jobs) => Some(jobs.unless_closed(jobs.long.clone().acquire_owned()).await?),
        };
        self.run(move |storage| {
            // Kept until the read ends, whatever becomes of who asked.
            let _turn = turn;
            read(storage)
        })
        .await
    }
}

impl Jobs {
    /// Waits for something, but not for longer than until the vault is closed.
    async fn unless_closed<T>(&self, waited_for: impl Future<Output = T>) -> Result<T> {
        match select(pin!(waited_for), pin!(self.published.ended())).await {
            Either::Left((came, _)) => Ok(came),
            Either::Right(_) => Err(Error::Closed),
        }
    }

    /// Adds a job once there is room. Where it waits, it holds nothing.
    async fn add(&self, mut job: Job) -> Result<()> {
        loop {
            // First this, so that no room is missed that comes after the look.
            let freed = self.freed.notified();
            match self.queue.try_send(job) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Closed(_)) => return Err(Error::Closed),
                Err(TrySendError::Full(back)) => job = back,
            }
            freed.await;
        }
    }
}

impl ReaderThreads {
    /// Starts the threads and returns the way to them.
    pub(crate) fn start(storage: &Storage, published: &Arc<Published>) -> Result<(Self, Source)> {
        let (jobs, queue) = mpsc::channel(READS_WAITING_MAX + 1);
        let stop = jobs.clone().try_reserve_owned().map_err(|_| Error::Closed)?;
        let queue = Arc::new(Mutex::new(queue));
        let (freed, long) = (Arc::default(), Arc::new(Semaphore::new(READER_THREADS - 1)));
        let jobs = Jobs { queue: jobs, freed, long, published: published.clone() };
        let stopping = Arc::<AtomicBool>::default();
        let start = |number| {
            let (queue, freed) = (queue.clone(), jobs.freed.clone());
            let log = Arc::new(StoppableLog::new(storage.log.clone(), stopping.clone()));
            let storage = Storage { log: log.clone(), ..storage.clone() };
            let serve = move || {
                while let Some(job) = next_job(&queue, &freed) {
                    log.begin();
                    job(&storage);
                }
            };
            crate::thread::spawn(&format!("toka-read-{number}"), serve)
        };
        let threads = (0..READER_THREADS).map(start).collect::<Result<Vec<_>>>()?;
        Ok((Self { threads, stop, stopping }, Source::Threads(jobs)))
    }

    /// Takes no more reads, answers those that wait, and ends the threads. A read that goes on for long ends as
    /// if it had come too late.
    pub(crate) fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.stop.send(Job::Stop);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// Waits for the next read. One thread waits for all, the others for its lock.
fn next_job(queue: &Mutex<mpsc::Receiver<Job>>, freed: &Notify) -> Option<Read> {
    loop {
        let mut queue = lock(queue);
        let job = block_on(queue.recv())?;
        let is_last = matches!(job, Job::Stop);
        if is_last {
            queue.close();
        }
        // Not for each: all who wait wake up, and most of them in vain. Whoever waits has seen it full, so
        // that it comes to this.
        let has_room = queue.len() <= READS_WAITING_MAX / 2;
        drop(queue);
        if has_room || is_last {
            freed.notify_waiters();
        }
        if let Job::Read(read) = job {
            return Some(read);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::executor::block_on;

    use super::*;
    use crate::index::Index;
    use crate::index::given::given;
    use crate::log::ReadBudget;

    /// Starts the threads of a log of ten events.
    fn start() -> (ReaderThreads, Source) {
        let index = Arc::new(Index::empty(&given(0, 0)));
        let storage = Storage { log: Arc::new(given(10, 0)), index, seen: None };
        let published = Arc::new(Published::new(Position::ZERO, None));
        ReaderThreads::start(&storage, &published).unwrap()
    }

    #[test]
    fn reads_that_take_long_leave_a_thread_for_others() {
        let (readers, source) = start();
        let (ends, waited_for): (Vec<_>, Vec<_>) =
            (0..READER_THREADS).map(|_| std::sync::mpsc::channel::<()>()).unzip();
        let wait = |end: std::sync::mpsc::Receiver<()>| {
            source.run_long(move |_| {
                // It ends where the other half is dropped.
                let _ = end.recv();
                Ok(())
            })
        };
        let mut long: Vec<_> = waited_for.into_iter().map(|end| Box::pin(wait(end))).collect();
        assert!(long.iter_mut().all(|read| read.now_or_never().is_none()));
        assert_eq!(block_on(source.run(|storage| Ok(storage.log.oldest()))).unwrap(), Position::FIRST);
        // One that nobody waits for any more still has its turn.
        let last = long.pop();
        drop(long);
        drop(ends);
        block_on(last.unwrap()).unwrap();
        readers.stop();
    }

    #[test]
    fn a_read_that_goes_on_for_ever_ends_with_the_vault() {
        let (readers, source) = start();
        let endless = |storage: &Storage| -> Result<()> {
            loop {
                storage.log.read(Position::FIRST, ReadBudget::ONE)?;
            }
        };
        let mut reads = Box::pin(source.run(endless));
        assert!((&mut reads).now_or_never().is_none());
        readers.stop();
        assert!(matches!(block_on(reads), Err(Error::Closed)));
    }
}
