//! [`JournalLog`]: the journal as a log of the engine, with its lock and the record of its head.
//!
//! Keeps the invariant that the head is recorded only after the journal is durable up to it.

use toka_vault_core::{Head, Position, Result};
use toka_vault_engine::disk::{HeadFile, VaultDir};
use toka_vault_engine::{Chunk, Group, Log, ReadBudget, Unappended};

use crate::journal::Journal;

/// Keeps events in a journal. Fields are dropped in their order: the lock last.
#[derive(Debug)]
pub(crate) struct JournalLog {
    pub(crate) journal: Journal,
    pub(crate) head: HeadFile,
    /// Has the vault locked; none where a test brings a disk of its own.
    pub(crate) dir: Option<VaultDir>,
}

impl Log for JournalLog {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        self.journal.append(group)
    }

    fn sync(&self, head: Head) -> Result<()> {
        self.journal.sync()?;
        self.head.record(head)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        self.journal.read(from, budget)
    }

    fn close(&self) -> Result<()> {
        let closed = self.journal.close();
        // Whatever became of the spare segment, the newest head is made durable.
        closed.and(self.head.close())
    }
}
