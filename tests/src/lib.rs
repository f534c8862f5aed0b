//! Scenarios across back-ends, through the facade alone. They stand in `tests/`; this library holds
//! what they share: the back-ends that a scenario runs on, and how large a folder is.

use std::path::Path;
use std::{fs, io};

#[cfg(feature = "journal")]
use toka_vault::JournalVault;
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

/// Opens a vault on a journal in a folder, or creates it.
///
/// # Errors
///
/// Those of [`JournalVault::open`].
#[cfg(feature = "journal")]
pub fn journal(folder: &Path) -> Result<Vault> {
    JournalVault::open(folder.join("vault")).map(Vault::Journal)
}

/// Adds up the sizes of the files below a folder, in bytes.
///
/// # Errors
///
/// Those of reading the folder.
pub fn size_of(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        bytes += if found.is_dir() { size_of(&entry.path())? } else { found.len() };
    }
    Ok(bytes)
}

/// Compiles and runs the examples of the migration guide, which see the facade alone.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migration.md")]
pub struct Migration;
