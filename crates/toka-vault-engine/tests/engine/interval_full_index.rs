//! With `Durability::Interval`, commits are answered where the index has no room and the writer syncs first.

use std::path::Path;
use std::time::Duration;

use futures::executor::block_on;
use toka_vault_core::Error;
use toka_vault_engine::disk::RealDirectory;
use toka_vault_engine::{Durability, EngineOptions, Index, Indexing, LocalVault, Log, open_threaded};
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::batch;
use toka_vault_testkit::logs::{Call, Disk, Fault, Faults, FaultyLog};

/// Opens a vault that syncs where it has to.
fn open(dir: &Path, disk: &Disk, log: impl Log) -> LocalVault {
    let dir = RealDirectory::open(dir).unwrap();
    let index = Index::open(&dir, Indexing::Ids, &disk.log(), disk.end().position()).unwrap();
    let durability = Durability::Interval(Duration::from_secs(3_600));
    let options = EngineOptions { durability, ..EngineOptions::default() };
    open_threaded(log, disk.end(), index, &options).unwrap()
}

#[test]
fn an_interval_whose_index_is_full_still_answers() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Disk::default());
    let vault = open(dir.path(), &disk, disk.log());
    for n in 0..45 {
        block_on(vault.commit_batch(batch(n * 8_000..(n + 1) * 8_000))).unwrap();
    }
}

#[test]
fn a_sync_that_fails_where_the_index_is_full_is_told_at_once() {
    let (dir, disk, faults) = (tempfile::tempdir().unwrap(), Disk::default(), Faults::default());
    faults.fail(Call::Sync, 1, Fault::Error);
    let vault = open(dir.path(), &disk, FaultyLog::new(disk.log(), faults.clone()));
    let commit = |n: u64| block_on(vault.commit_batch(batch(n * 8_000..(n + 1) * 8_000)));
    let failed = (0..60).map(commit).find(Result::is_err).unwrap();
    // The watchdog would say that the outcome is unknown, and leave the writer behind.
    assert_error!(failed, Error::Poisoned { .. });
    assert_error!(block_on(vault.close()), Error::Poisoned { .. });
    assert_eq!(faults.count(Call::Close), 1);
}
