//! Scenarios across back-ends, through the facade alone. They stand in `tests/`; this library holds
//! what they share: the back-ends that a scenario runs on.

use std::path::Path;

use toka_vault::{InMemoryVault, Result, SledVault, Vault};

/// Opens a vault in memory that keeps everything.
pub fn memory() -> Vault {
    Vault::Memory(InMemoryVault::unbounded())
}

/// Opens a vault on sled in a folder, or creates it.
///
/// # Errors
///
/// Those of [`SledVault::open`].
pub fn sled(folder: &Path) -> Result<Vault> {
    SledVault::open(folder.join("vault")).map(Vault::Sled)
}

/// Compiles and runs the examples of the migration guide, which see the facade alone.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migration.md")]
pub struct Migration;
