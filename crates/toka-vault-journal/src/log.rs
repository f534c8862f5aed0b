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

#[cfg(test)]
mod tests {
    use toka_vault_testkit::logs::check_log;

    use crate::compression::Compression;
    use crate::open::open;
    use crate::options::JournalOptions;

    #[test]
    fn the_log_keeps_what_it_promises() {
        for compression in [Compression::None, Compression::Lz4] {
            let dir = tempfile::tempdir().unwrap();
            // So small that it has several segments.
            let options = JournalOptions::new().with_segment_bytes(64 << 10).with_compression(compression);
            check_log(|| {
                let (log, end, _index) = open(dir.path(), &options).unwrap();
                (log, end)
            });
            let segments = std::fs::read_dir(dir.path().join("journal")).unwrap().count();
            assert!(segments > 1 || compression == Compression::Lz4, "{segments}");
        }
    }
}
