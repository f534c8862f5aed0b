//! [`JournalVault`]: the public face of the crate.

use std::ops::Deref;
use std::path::Path;

use toka_vault_core::Result;
use toka_vault_engine::{EngineOptions, LocalVault, guarded};

use crate::open::open;
use crate::options::JournalOptions;

/// Keeps events in a journal of segments, in a directory of its own. Clones are handles to the same
/// vault.
///
/// All methods of a vault come from [`LocalVault`], to which this dereferences. Commits that wait at
/// the same time share one write and one sync. One process at a time can have the vault open, once.
///
/// # Examples
///
/// ```no_run
/// use toka_vault_journal::JournalVault;
///
/// # async fn example() -> Result<(), toka_vault_core::Error> {
/// let vault = JournalVault::open("./events.vault")?;
/// vault.commit_json("system.start", "up", &[]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct JournalVault(LocalVault);

impl JournalVault {
    /// Opens the vault in the directory `path`, or creates it, with the default options.
    ///
    /// Blocks while it opens: about the time to read one segment.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`](toka_vault_core::Error::Locked) where it is open already,
    /// [`Error::NotAVault`](toka_vault_core::Error::NotAVault) where the path is a file or holds
    /// something else, [`Error::NewerFormat`](toka_vault_core::Error::NewerFormat),
    /// [`Error::TailLost`](toka_vault_core::Error::TailLost) where acknowledged events are missing,
    /// [`Error::Damaged`](toka_vault_core::Error::Damaged) where a segment is missing or has no header,
    /// [`Error::PermissionDenied`](toka_vault_core::Error::PermissionDenied) and
    /// [`Error::Io`](toka_vault_core::Error::Io).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, JournalOptions::default())
    }

    /// Opens the vault in the directory `path`, or creates it.
    ///
    /// # Errors
    ///
    /// As [`JournalVault::open`].
    pub fn open_with(path: impl AsRef<Path>, options: JournalOptions) -> Result<Self> {
        let (log, end, index) = guarded("open", || open(path.as_ref(), &options))?;
        let engine = EngineOptions { durability: options.durability, ..EngineOptions::default() };
        Ok(Self(LocalVault::threaded(log, end, index, &engine)?))
    }
}

impl Deref for JournalVault {
    type Target = LocalVault;

    fn deref(&self) -> &LocalVault {
        &self.0
    }
}
