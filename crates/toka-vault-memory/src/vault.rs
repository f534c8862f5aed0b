//! [`InMemoryVault`]: the public face of the crate.

use std::num::NonZeroUsize;
use std::ops::Deref;

use toka_vault_core::{Error, Result};
use toka_vault_engine::{EngineOptions, LocalVault};

use crate::log::MemoryLog;

/// Keeps events in memory for as long as it lives. Clones are handles to the same vault.
///
/// All methods of a vault come from [`LocalVault`], to which this dereferences. Closing it ends its
/// subscriptions; what it holds can be read until the last handle is gone.
///
/// # Examples
///
/// ```
/// # use toka_vault_memory as toka_vault;
/// use toka_vault::InMemoryVault;
///
/// # fn main() -> Result<(), toka_vault_core::Error> {
/// let vault = InMemoryVault::new(1024)?;
/// # let _ = vault;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct InMemoryVault(LocalVault);

impl InMemoryVault {
    /// Creates a vault that keeps the newest `capacity` events.
    ///
    /// An older event is evicted: it is not found any more, cannot be named as parent, and its id
    /// counts as new. A batch larger than the capacity leaves its newest events.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroCapacity`] where `capacity` is 0.
    pub fn new(capacity: usize) -> Result<Self> {
        match NonZeroUsize::new(capacity) {
            Some(capacity) => Ok(Self::with_log(MemoryLog::new(Some(capacity)))),
            None => Err(Error::ZeroCapacity),
        }
    }

    /// Creates a vault that keeps all events, for as long as memory lasts.
    pub fn unbounded() -> Self {
        Self::with_log(MemoryLog::new(None))
    }

    fn with_log(log: MemoryLog) -> Self {
        Self(LocalVault::inline(log, &EngineOptions::default()))
    }
}

impl Deref for InMemoryVault {
    type Target = LocalVault;

    fn deref(&self) -> &LocalVault {
        &self.0
    }
}
