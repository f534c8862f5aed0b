//! A log that evicts while it is being read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::executor::block_on;
use toka_vault_core::{Direction, Error, Event, Filter, Head, Position, ReplayOptions, Result};
use toka_vault_engine::{Chunk, EngineOptions, Group, Log, ReadBudget, Unappended, open_inline};
use toka_vault_testkit::events::{batch, items};
use toka_vault_testkit::logs::{Disk, VecLog};
use toka_vault_testkit::runner::watched;

/// The oldest event that is left.
const OLDEST: Position = Position::new(5);

/// Has evicted all before [`OLDEST`], just when it had told that nothing was.
struct Evicting {
    inner: VecLog,
    tells_too_early: Arc<AtomicBool>,
}

impl Log for Evicting {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        self.inner.append(group)
    }

    fn sync(&self, head: Head) -> Result<()> {
        self.inner.sync(head)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        match from < OLDEST {
            true => Err(Error::Evicted { oldest: OLDEST }),
            false => self.inner.read(from, budget),
        }
    }

    fn evicts(&self) -> bool {
        true
    }

    fn oldest(&self) -> Position {
        if self.tells_too_early.swap(false, Ordering::Relaxed) { Position::FIRST } else { OLDEST }
    }

    fn close(&self) -> Result<()> {
        self.inner.close()
    }
}

#[test]
fn who_reads_from_the_beginning_is_never_told_of_an_eviction() {
    watched(|| {
        for direction in [Direction::Forward, Direction::Backward] {
            for filter in [Filter::default(), Filter::kind("test.*").unwrap()] {
                let tells_too_early = Arc::<AtomicBool>::default();
                let log = Evicting { inner: Disk::default().log(), tells_too_early: tells_too_early.clone() };
                let vault = open_inline(log, &EngineOptions::default());
                block_on(vault.commit_batch(batch(1..11))).unwrap();
                tells_too_early.store(true, Ordering::Relaxed);
                let options = ReplayOptions::new().with_direction(direction).with_filter(filter);
                let events: Result<Vec<Event>> = block_on(items(vault.replay(options))).into_iter().collect();
                assert_eq!(events.unwrap().len(), 6, "{direction:?}");
            }
        }
    });
}
