//! [`Rig`]: a vault over a log that a test steers.

use futures::FutureExt;
use toka_vault_core::{EventHeader, NewEvent, Result, Timestamp};
use toka_vault_engine::{EngineOptions, LocalVault, open_threaded};

use super::{Disk, Faults, FaultyLog, Gate, GatedLog, ManualClock, reindexed};

/// What a commit under way is to a test.
pub type UnderWay = std::pin::Pin<Box<dyn Future<Output = Result<EventHeader>> + Send>>;

/// Holds a vault and all by which a test steers and sees what its log does.
#[derive(Debug)]
pub struct Rig {
    /// Dropped before the vault, whose end waits for its syncs: so a test that fails does not hang.
    _open_at_the_end: OpenAtTheEnd,
    /// The vault.
    pub vault: LocalVault,
    /// What was written and synced.
    pub disk: Disk,
    /// Holds back syncs.
    pub gate: Gate,
    /// Makes calls fail, and counts them.
    pub faults: Faults,
    /// Tells the time.
    pub clock: ManualClock,
}

/// Opens a gate when it is dropped.
#[derive(Debug)]
struct OpenAtTheEnd(Gate);

impl Drop for OpenAtTheEnd {
    fn drop(&mut self) {
        self.0.open();
    }
}

impl Rig {
    /// Opens a vault on a new disk.
    pub fn new(options: EngineOptions) -> Self {
        Self::on(Disk::default(), options)
    }

    /// Opens a vault on a disk.
    pub fn on(disk: Disk, mut options: EngineOptions) -> Self {
        let (gate, faults, clock) = (Gate::default(), Faults::default(), ManualClock::at(Timestamp::EPOCH));
        options.clock = std::sync::Arc::new(clock.clone());
        let log = GatedLog::new(FaultyLog::new(disk.log(), faults.clone()), gate.clone());
        let vault = open_threaded(log, disk.end(), reindexed(&disk), &options).unwrap();
        Self { _open_at_the_end: OpenAtTheEnd(gate.clone()), vault, disk, gate, faults, clock }
    }

    /// Drops the vault and opens another on what the disk has.
    pub fn reopen(self) -> Self {
        let Self { vault, disk, gate, .. } = self;
        gate.open();
        drop(vault);
        Self::on(disk, EngineOptions::default())
    }

    /// Begins a commit, which goes as far as it can without the writer.
    ///
    /// # Panics
    ///
    /// Where it is done already.
    pub fn begin(&self, event: NewEvent) -> UnderWay {
        let vault = self.vault.clone();
        let mut commit: UnderWay = Box::pin(async move { vault.commit(event).await });
        let outcome = (&mut commit).now_or_never();
        assert!(outcome.is_none(), "a commit was answered at once: {outcome:?}");
        commit
    }

    /// Shuts the gate and begins a commit, which is held there when this returns. Blocks.
    pub fn hold(&self, event: NewEvent) -> UnderWay {
        self.gate.shut();
        let commit = self.begin(event);
        self.gate.wait_until_held();
        commit
    }
}
