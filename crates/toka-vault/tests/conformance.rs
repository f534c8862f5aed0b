//! The suite of the test kit, on every back-end of this build behind `Vault`, and on a store behind
//! `Arc<dyn EventStore>`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use toka_vault::{EventStore, InMemoryVault, Vault};
use toka_vault_testkit::Backend;

toka_vault_testkit::conformance!(memory, Backend::new(|| Vault::Memory(InMemoryVault::unbounded())));

toka_vault_testkit::conformance!(
    custom,
    Backend::new(|| Vault::Custom(Arc::new(InMemoryVault::unbounded())))
);

toka_vault_testkit::conformance!(
    dynamic,
    Backend::new(|| -> Arc<dyn EventStore> { Arc::new(InMemoryVault::unbounded()) })
);

#[cfg(feature = "persist-journal")]
toka_vault_testkit::conformance!(journal, {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault");
    let read_only = move || Vault::Journal(toka_vault::JournalVault::open_read_only(&path).unwrap());
    Backend::new(move || {
        let path = folder.path().join("vault");
        Vault::Journal(toka_vault::JournalVault::open(path).unwrap())
    })
    .durable()
    .with_read_only(read_only)
});

#[cfg(feature = "persist-sled")]
toka_vault_testkit::conformance!(sled, {
    let folder = tempfile::tempdir().unwrap();
    Backend::new(move || {
        let path = folder.path().join("vault");
        Vault::Sled(toka_vault::SledVault::open(path).unwrap())
    })
    .durable()
});
