//! What becomes a [`Vault`], and how one shows itself.
//!
//! Keeps the invariant that every back-end can be put in the place of another by `into()`, also where it was
//! opened with options, which a URL has no place for.

use std::fmt;
use std::sync::Arc;

use toka_vault_core::EventStore;
#[cfg(feature = "persist-journal")]
use toka_vault_journal::JournalVault;
use toka_vault_memory::InMemoryVault;
#[cfg(feature = "persist-sled")]
use toka_vault_sled::SledVault;

use super::Vault;

/// Any store, such as one of a crate of your own: `Vault::from(Arc::new(store) as Arc<dyn EventStore>)`.
impl From<Arc<dyn EventStore>> for Vault {
    fn from(store: Arc<dyn EventStore>) -> Self {
        Self::Custom(store)
    }
}

impl From<InMemoryVault> for Vault {
    fn from(vault: InMemoryVault) -> Self {
        Self::Memory(vault)
    }
}

/// A journal that was opened with options, or to read only.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use toka_vault::{Compression, Durability, JournalOptions, JournalVault, Vault};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("events");
/// let options = JournalOptions::new()
///     .with_compression(Compression::Lz4)
///     .with_durability(Durability::Interval(Duration::from_millis(100)));
/// # let options = options.with_segment_bytes(64 << 10);
/// let vault: Vault = JournalVault::open_with(&path, options)?.into();
/// // Another process reads it meanwhile, and this one can as well.
/// let reader: Vault = JournalVault::open_read_only(&path)?.into();
/// # drop((reader, vault));
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "persist-journal")]
impl From<JournalVault> for Vault {
    fn from(vault: JournalVault) -> Self {
        Self::Journal(vault)
    }
}

/// A vault on sled that was opened with options.
#[cfg(feature = "persist-sled")]
impl From<SledVault> for Vault {
    fn from(vault: SledVault) -> Self {
        Self::Sled(vault)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(vault) => f.debug_tuple("Memory").field(vault).finish(),
            #[cfg(feature = "persist-journal")]
            Self::Journal(vault) => f.debug_tuple("Journal").field(vault).finish(),
            #[cfg(feature = "persist-sled")]
            Self::Sled(vault) => f.debug_tuple("Sled").field(vault).finish(),
            Self::Custom(_) => f.debug_tuple("Custom").finish_non_exhaustive(),
        }
    }
}
