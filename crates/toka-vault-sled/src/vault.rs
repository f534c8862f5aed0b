//! [`SledVault`]: the public face of the crate.

use std::ops::Deref;
use std::path::Path;

use toka_vault_core::Result;
use toka_vault_engine::{EngineOptions, LocalVault, guarded, open_threaded};

use crate::log::GROUP_BYTES_MAX;
use crate::open::open;
use crate::options::SledOptions;

/// Keeps events on disk, in a directory of its own. Clones are handles to the same vault.
///
/// All methods of a vault come from [`LocalVault`], to which this dereferences. Commits that wait at
/// the same time share one fsync. One process at a time can have the vault open, once.
///
/// # Examples
///
/// ```no_run
/// # use toka_vault_sled as toka_vault;
/// use toka_vault::SledVault;
///
/// # async fn example() -> Result<(), toka_vault_core::Error> {
/// let vault = SledVault::open("./events.db")?;
/// vault.commit_json("system.start", "up", &[]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SledVault(LocalVault);

impl SledVault {
    /// Opens the vault in the directory `path`, or creates it, with the default options.
    ///
    /// Blocks while it opens: about the time to read what was written since it was last closed.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`](toka_vault_core::Error::Locked) where it is open already,
    /// [`Error::NotAVault`](toka_vault_core::Error::NotAVault) where the path is a file or holds
    /// something else, [`Error::NewerFormat`](toka_vault_core::Error::NewerFormat),
    /// [`Error::TailLost`](toka_vault_core::Error::TailLost) where acknowledged events are missing,
    /// [`Error::Damaged`](toka_vault_core::Error::Damaged) where the record of what was acknowledged is,
    /// [`Error::Corrupt`](toka_vault_core::Error::Corrupt),
    /// [`Error::PermissionDenied`](toka_vault_core::Error::PermissionDenied),
    /// [`Error::Io`](toka_vault_core::Error::Io) and
    /// [`Error::Storage`](toka_vault_core::Error::Storage).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, SledOptions::default())
    }

    /// Opens the vault in the directory `path`, or creates it unless the options refuse that.
    ///
    /// # Errors
    ///
    /// As [`SledVault::open`], and [`Error::NoVault`](toka_vault_core::Error::NoVault) where there is none and
    /// none is to be created.
    pub fn open_with(path: impl AsRef<Path>, options: SledOptions) -> Result<Self> {
        let (log, end, index) = guarded("open", || open(path.as_ref(), &options))?;
        let engine = EngineOptions {
            durability: options.durability,
            group_bytes_max: GROUP_BYTES_MAX,
            ..EngineOptions::default()
        };
        Ok(Self(open_threaded(log, end, index, &engine)?))
    }
}

impl Deref for SledVault {
    type Target = LocalVault;

    fn deref(&self) -> &LocalVault {
        &self.0
    }
}
