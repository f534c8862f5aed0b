//! [`open`]: which back-end a URL names.
//!
//! Keeps the invariant that a path is the one that stands there: what only looks like one, and would put a
//! vault where nobody looks for it, is refused.

use std::path::Path;

use toka_vault_core::{Error, Result};
use toka_vault_memory::InMemoryVault;

use crate::Vault;

/// What [`Vault::open`] takes, for its errors.
const FORMS: &str =
    "give `memory:`, `memory:CAPACITY`, `journal:PATH`, `journal-read-only:PATH` or `sled:PATH`";

/// Opens the vault that `url` names.
pub(crate) fn open(url: &str) -> Result<Vault> {
    match url.split_once(':') {
        Some(("memory", capacity)) => memory(url, capacity).map(Vault::Memory),
        Some(("journal" | "journal-read-only" | "sled", "")) => Err(invalid(url, "the path is missing; ")),
        Some((scheme @ ("journal" | "journal-read-only" | "sled"), path)) => {
            check_path(url, path)?;
            match scheme {
                "journal" => journal(url, path),
                "sled" => sled(url, path),
                _ => journal_read_only(url, path),
            }
        }
        Some(_) => Err(invalid(url, "there is no back-end of this name; ")),
        None => Err(invalid(url, "it does not start with the name of a back-end; ")),
    }
}

/// Refuses a path that would not be where it seems to be.
fn check_path(url: &str, path: &str) -> Result<()> {
    // Elsewhere a host would stand between the slashes; as a path it begins at the root.
    if path.starts_with("//") && !path.starts_with("///") {
        let reason = "what follows the colon is the path itself, so that `//` would begin at the root; give `NAME:/PATH` for that, or `NAME:./PATH` from the working directory";
        return Err(Error::invalid_url(url, reason));
    }
    if Path::new(path).starts_with("~") {
        let reason =
            "nothing expands the `~` here; give the path of that folder, or `./~` for one of this name";
        return Err(Error::invalid_url(url, reason));
    }
    Ok(())
}

/// Creates a vault in memory; no capacity is no bound.
fn memory(url: &str, capacity: &str) -> Result<InMemoryVault> {
    if capacity.is_empty() {
        return Ok(InMemoryVault::unbounded());
    }
    match capacity.parse() {
        Ok(capacity) => InMemoryVault::new(capacity),
        Err(_) => Err(invalid(url, "the capacity is not a whole number; ")),
    }
}

/// Opens a vault on a journal.
#[cfg(feature = "persist-journal")]
fn journal(_url: &str, path: &str) -> Result<Vault> {
    toka_vault_journal::JournalVault::open(path).map(Vault::Journal)
}

/// Says that this build has no journal.
#[cfg(not(feature = "persist-journal"))]
fn journal(url: &str, _path: &str) -> Result<Vault> {
    Err(missing(url, "journal"))
}

/// Opens a vault on a journal to read only.
#[cfg(feature = "persist-journal")]
fn journal_read_only(_url: &str, path: &str) -> Result<Vault> {
    toka_vault_journal::JournalVault::open_read_only(path).map(Vault::Journal)
}

/// Says that this build has no journal.
#[cfg(not(feature = "persist-journal"))]
fn journal_read_only(url: &str, path: &str) -> Result<Vault> {
    journal(url, path)
}

/// Opens a vault on sled.
#[cfg(feature = "persist-sled")]
fn sled(_url: &str, path: &str) -> Result<Vault> {
    toka_vault_sled::SledVault::open(path).map(Vault::Sled)
}

/// Says that this build has no sled.
#[cfg(not(feature = "persist-sled"))]
fn sled(url: &str, _path: &str) -> Result<Vault> {
    Err(missing(url, "sled"))
}

/// Says that a back-end is not part of this build.
#[cfg(not(all(feature = "persist-journal", feature = "persist-sled")))]
fn missing(url: &str, backend: &str) -> Error {
    let reason =
        format!("this build has no {backend}; turn on the feature `persist-{backend}` of `toka-vault`");
    Error::invalid_url(url, reason)
}

/// Says what is wrong with a URL, and which there are.
fn invalid(url: &str, reason: &str) -> Error {
    Error::invalid_url(url, format!("{reason}{FORMS}"))
}
