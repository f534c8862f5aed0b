//! The suite of the test kit, on the vault in memory: unbounded, bounded beyond what the suite
//! commits, and so small that it evicts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use toka_vault_memory::InMemoryVault;
use toka_vault_testkit::Backend;

toka_vault_testkit::conformance!(unbounded, Backend::new(InMemoryVault::unbounded));

toka_vault_testkit::conformance!(
    bounded,
    Backend::new(|| InMemoryVault::new(1 << 20).unwrap()).bounded(1 << 20)
);

toka_vault_testkit::conformance!(small, Backend::new(|| InMemoryVault::new(1_000).unwrap()).bounded(1_000));
