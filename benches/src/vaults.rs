//! The vaults under measurement: the same commits from the same tasks.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use toka_vault::{
    InMemoryVault, Indexing, JournalOptions, JournalVault, ReplayOptions, SledOptions, SledVault, Vault,
};
use tokio::task::JoinHandle;

use crate::turns::rate;
use crate::workload::{Size, event};

/// Tasks that commit batches: while the batch of one is being stored, the others make theirs.
const BATCH_TASKS: u64 = 4;

/// Opens durable vaults, a new one for each turn.
pub struct Durable {
    open: fn(&Path) -> Result<Vault>,
    dir: PathBuf,
    count: usize,
    events: u64,
}

/// Opens a vault on sled.
pub fn sled(path: &Path) -> Result<Vault> {
    Ok(Vault::Sled(SledVault::open(path)?))
}

/// Opens a vault on a journal.
pub fn journal(path: &Path) -> Result<Vault> {
    Ok(Vault::Journal(JournalVault::open(path)?))
}

/// Opens a vault on sled that has an index of ids alone.
pub fn sled_with_ids(path: &Path) -> Result<Vault> {
    let options = SledOptions::new().with_indexing(Indexing::Ids);
    Ok(Vault::Sled(SledVault::open_with(path, options)?))
}

/// Opens a vault on a journal that has an index of ids alone.
pub fn journal_with_ids(path: &Path) -> Result<Vault> {
    let options = JournalOptions::new().with_indexing(Indexing::Ids);
    Ok(Vault::Journal(JournalVault::open_with(path, options)?))
}

impl Durable {
    /// Opens vaults in `dir`.
    pub fn new(open: fn(&Path) -> Result<Vault>, dir: &Path) -> Self {
        Self { open, dir: dir.to_path_buf(), count: 0, events: 0 }
    }

    /// Commits to a new vault.
    pub async fn commit(&mut self, size: Size) -> Result<f64> {
        self.count += 1;
        let vault = (self.open)(&self.path())?;
        let rate = commit(&vault, size).await?;
        vault.close().await?;
        Ok(rate)
    }

    /// Commits batches of `each` events to a new vault, from [`BATCH_TASKS`] tasks in turn.
    pub async fn commit_batches(&mut self, batches: u64, each: u64) -> Result<f64> {
        self.count += 1;
        let vault = (self.open)(&self.path())?;
        let start = Instant::now();
        let commit = |task| commit_every(vault.clone(), (task..batches).step_by(BATCH_TASKS as usize), each);
        all((0..BATCH_TASKS).map(|task| tokio::spawn(commit(task))).collect()).await?;
        let rate = rate(batches * each, start);
        vault.close().await?;
        Ok(rate)
    }

    /// Makes a vault to replay.
    pub async fn fill(&mut self, size: Size) -> Result<()> {
        let vault = (self.open)(&self.path())?;
        commit(&vault, size).await?;
        self.events = size.events();
        Ok(vault.close().await?)
    }

    /// Opens that vault and replays it.
    pub async fn replay(&self) -> Result<f64> {
        let vault = (self.open)(&self.path())?;
        let start = Instant::now();
        let events = replay(&vault).await?;
        let rate = rate(events, start);
        vault.close().await?;
        ensure!(events == self.events, "{events} of {} events were replayed", self.events);
        Ok(rate)
    }

    fn path(&self) -> PathBuf {
        self.dir.join(format!("vault-{}", self.count))
    }
}

/// Commits to a new vault in memory.
pub async fn commit_in_memory(size: Size) -> Result<f64> {
    commit(&Vault::Memory(InMemoryVault::unbounded()), size).await
}

/// Commits from tasks, each event with the one before it as parent.
pub async fn commit(vault: &Vault, size: Size) -> Result<f64> {
    let start = Instant::now();
    all((0..size.tasks).map(|task| tokio::spawn(commit_one(vault.clone(), size, task))).collect()).await?;
    Ok(rate(size.events(), start))
}

/// Waits for all tasks.
async fn all(tasks: Vec<JoinHandle<Result<()>>>) -> Result<()> {
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// Commits batches of `each` events, those of one task.
async fn commit_every(vault: Vault, batches: impl Iterator<Item = u64>, each: u64) -> Result<()> {
    for batch in batches {
        let events = (0..each).map(|nth| event(batch * each + nth, None)).collect::<Result<_>>()?;
        vault.commit_batch(events).await?;
    }
    Ok(())
}

/// Commits the events of one task.
async fn commit_one(vault: Vault, size: Size, task: u64) -> Result<()> {
    let mut parent = None;
    for nth in 0..size.each {
        parent = Some(vault.commit(event(size.number(task, nth), parent)?).await?.id);
    }
    Ok(())
}

/// Replays a vault and returns how many events it has.
pub async fn replay(vault: &Vault) -> Result<u64> {
    let vault = vault.clone();
    let replaying = tokio::spawn(async move {
        let mut replay = vault.replay(ReplayOptions::new());
        let mut events = 0;
        while replay.try_next().await?.is_some() {
            events += 1;
        }
        anyhow::Ok(events)
    });
    replaying.await?
}
