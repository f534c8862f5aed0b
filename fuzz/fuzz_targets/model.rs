//! Feeds operations to a vault in memory, to a bounded one and to one on a journal, and compares each answer with
//! that of the testkit's model, the plainest vault there is: so all of them answer alike.

#![no_main]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::executor::block_on;
use toka_vault::{Compression, InMemoryVault, Indexing};
use toka_vault_fuzz::clock::Seeded;
use toka_vault_fuzz::input::Input;
use toka_vault_fuzz::operations::operations;
use toka_vault_fuzz::samples::options;
use toka_vault_journal::fuzzing;
use toka_vault_testkit::Backend;
use toka_vault_testkit::model::check_against_model;
use toka_vault_testkit::sim::SimDirectory;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let mode = input.byte();
    let operations = operations(&mut input);
    for backend in [memory(mode), journal(mode)] {
        block_on(check_against_model(&backend, &operations));
    }
});

fn memory(mode: u8) -> Backend {
    if mode & 1 == 0 {
        return Backend::new(InMemoryVault::unbounded);
    }
    let capacity = 1 + usize::from(mode / 2 % 40);
    Backend::new(move || InMemoryVault::new(capacity).unwrap()).bounded(capacity as u64)
}

fn journal(mode: u8) -> Backend {
    let compression = if mode & 2 == 0 { Compression::None } else { Compression::Lz4 };
    let indexing = if mode & 4 == 0 { Indexing::All } else { Indexing::Ids };
    let options = options().with_compression(compression).with_indexing(indexing);
    let (disk, lives) = (SimDirectory::default(), AtomicU64::new(1));
    let open = move || {
        let clock = Arc::new(Seeded::new(lives.fetch_add(1, Ordering::Relaxed)));
        fuzzing::open(&disk, &options, clock).unwrap()
    };
    Backend::new(open).durable()
}
