//! With `Durability::Interval`, commits are answered where the index has no room and the writer syncs first.
use std::time::Duration;

use futures::executor::block_on;
use toka_vault_engine::disk::RealDirectory;
use toka_vault_engine::{Durability, EngineOptions, Index, Indexing, LocalVault};
use toka_vault_testkit::{events::batch, logs::Disk};

#[test]
fn an_interval_whose_index_is_full_still_answers() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let index = Index::open(
        &RealDirectory::open(dir.path()).unwrap(),
        Indexing::All,
        &disk.log(),
        disk.end().position(),
    )
    .unwrap();
    let durability = Durability::Interval(Duration::from_secs(3_600));
    let options = EngineOptions { durability, ..EngineOptions::default() };
    let vault = LocalVault::threaded(disk.log(), disk.end(), index, &options).unwrap();
    for n in 0..45 {
        if let Err(error) = block_on(vault.commit_batch(batch(n * 8_000..(n + 1) * 8_000))) {
            panic!("batch {n}: {error:?}, yet the log ends at {}", disk.end().position());
        }
    }
}
