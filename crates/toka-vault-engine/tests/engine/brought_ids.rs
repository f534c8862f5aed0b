//! Ids that callers brought lie around those that the vault assigns: it finds unused ones all the same.

use std::collections::HashSet;

use futures::executor::block_on;
use futures::future::join_all;
use toka_vault_core::EventId;
use toka_vault_engine::disk::RealDirectory;
use toka_vault_engine::{EngineOptions, Index, Indexing, LocalVault, open_threaded};
use toka_vault_testkit::events::event;
use toka_vault_testkit::logs::Disk;
use toka_vault_testkit::runner::watched;

/// More than fit the memory of the index, so that a file has them.
const BROUGHT: u64 = 140_000;

/// Opens a vault whose index has files on disk.
fn open(dir: &std::path::Path, disk: &Disk) -> LocalVault {
    let index =
        Index::open(&RealDirectory::open(dir).unwrap(), Indexing::All, &disk.log(), disk.end().position())
            .unwrap();
    open_threaded(disk.log(), disk.end(), index, &EngineOptions::default()).unwrap()
}

/// Brings ids from long ago and from the far future in turn.
fn bring(vault: &LocalVault) {
    let id = |n: u64| EventId::from_parts(if n.is_multiple_of(2) { 1 } else { 1 << 47 }, u128::from(n));
    for first in (0..BROUGHT).step_by(8_000) {
        let numbers = first..(first + 8_000).min(BROUGHT);
        block_on(vault.commit_batch(numbers.map(|n| event(1).with_id(id(n))).collect())).unwrap();
    }
}

#[test]
fn a_commit_without_an_id_ends_where_files_have_ids_before_and_behind() {
    watched(|| {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let vault = open(dir.path(), &disk);
        bring(&vault);
        // Files were written by now; opened anew, more of it is in them.
        block_on(vault.close()).unwrap();
        drop(vault);
        let vault = open(dir.path(), &disk);
        let mut ids = HashSet::new();
        let one = block_on(vault.commit(event(1))).unwrap();
        ids.insert(one.id);
        let batch = block_on(vault.commit_batch((0..100).map(event).collect())).unwrap();
        assert!(batch.is_sorted_by_key(|header| header.id));
        ids.extend(batch.iter().map(|header| header.id));
        let several = block_on(join_all((0..50).map(|n| vault.commit(event(n)))));
        ids.extend(several.into_iter().map(|header| header.unwrap().id));
        assert_eq!(ids.len(), 151);
        // Of today: neither of long ago nor of the far future.
        assert!(ids.iter().all(|id| ((1 << 40)..(1 << 46)).contains(&(id.to_u128() >> 80))));
    });
}
