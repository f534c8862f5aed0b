//! Who frees an event that nobody needs any more: the thread of a caller, which makes the next one.

use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use bytes::Bytes;
use futures::executor::block_on;
use toka_vault_core::{Digest, Head, NewEvent, Payload, Position, Result};
use toka_vault_engine::limits::TAIL_EVENTS_MAX;
use toka_vault_engine::{
    Chunk, EngineOptions, Group, Index, Log, LogEnd, ReadBudget, Unappended, open_threaded,
};
use toka_vault_testkit::runner::watched;

/// Notes the threads that freed payloads.
type Freed = Arc<Mutex<Vec<ThreadId>>>;

/// Holds the bytes of a payload, and notes who frees them.
struct Noted(Freed);

/// Forgets what is appended, so that the vault alone holds events.
struct Forgetful;

impl AsRef<[u8]> for Noted {
    fn as_ref(&self) -> &[u8] {
        // Null, in MessagePack.
        &[0xc0]
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(std::thread::current().id());
    }
}

impl Log for Forgetful {
    fn append(&self, _: &mut Group) -> Result<(), Unappended> {
        Ok(())
    }

    fn sync(&self, _: Head) -> Result<()> {
        Ok(())
    }

    fn read(&self, _: Position, _: ReadBudget) -> Result<Chunk> {
        Ok(Chunk::default())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// Returns how many payloads were freed, all of them by this thread.
fn freed_here(freed: &Freed) -> usize {
    let here = std::thread::current().id();
    // A copy, so that a failure does not keep the lock from what is freed as the test ends.
    let threads = freed.lock().unwrap().clone();
    assert!(threads.iter().all(|thread| *thread == here), "another thread freed some");
    threads.len()
}

fn noted(freed: &Freed) -> NewEvent {
    let bytes = Bytes::from_owner(Noted(freed.clone()));
    let digest = Digest::of(&bytes);
    let mut event = NewEvent::new("freeing.test", ()).unwrap();
    event.payload = Payload::from_stored(bytes, digest);
    event
}

#[test]
fn what_leaves_the_tail_is_freed_by_those_who_commit() {
    const BATCH: usize = 1_024;
    watched(|| {
        let index = Index::in_memory(&Forgetful, Position::ZERO).unwrap();
        let vault = open_threaded(Forgetful, LogEnd::EMPTY, index, &EngineOptions::default()).unwrap();
        let freed = Freed::default();
        for _ in 0..TAIL_EVENTS_MAX / BATCH {
            block_on(vault.commit_batch((0..BATCH).map(|_| noted(&freed)).collect())).unwrap();
        }
        assert_eq!(freed_here(&freed), 0, "the tail keeps them all");
        for _ in 0..100 {
            block_on(vault.commit(noted(&freed))).unwrap();
        }
        // The first of them has a whole group leave, and takes one of it only where the writer was faster.
        assert!(matches!(freed_here(&freed), 99 | 100), "each takes one");
        block_on(vault.commit_batch((0..BATCH).map(|_| noted(&freed)).collect())).unwrap();
        assert_eq!(freed_here(&freed), BATCH, "a batch frees what is left of the group");
    });
}
