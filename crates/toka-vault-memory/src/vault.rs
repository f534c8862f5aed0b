//! [`InMemoryVault`]: the public face of the crate.

use std::num::NonZeroUsize;
use std::ops::Deref;

use toka_vault_core::{Error, Result};
use toka_vault_engine::{EngineOptions, LocalVault, open_inline};

use crate::log::MemoryLog;

/// Keeps events in memory for as long as it lives. Clones are handles to the same vault.
///
/// All methods of a vault come from [`LocalVault`], to which this dereferences. Closing it ends its
/// subscriptions; what it holds can be read until the last handle is gone.
///
/// # Examples
///
/// Of a vault that keeps the newest events, a reader that asks for older ones is told where history begins by
/// now, and goes on there:
///
/// ```
/// # mod toka_vault {
/// #     pub use toka_vault_core::*;
/// #     pub use toka_vault_memory::*;
/// # }
/// use toka_vault::{Error, InMemoryVault, Position, StartFrom};
///
/// # async fn example() -> Result<(), Error> {
/// let vault = InMemoryVault::new(2)?;
/// for number in 1..=3 {
///     vault.commit_json("test.counted", number, &[]).await?;
/// }
/// let mut events = vault.subscribe_from(StartFrom::After(Position::ZERO));
/// assert!(matches!(events.recv().await, Err(Error::Evicted { oldest }) if oldest == Position::new(2)));
/// assert_eq!(events.recv().await?.map(|event| event.position()), Some(Position::new(2)));
/// # Ok(())
/// # }
/// # futures::executor::block_on(example()).unwrap();
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
        Self(open_inline(log, &EngineOptions::default()))
    }
}

impl Deref for InMemoryVault {
    type Target = LocalVault;

    fn deref(&self) -> &LocalVault {
        &self.0
    }
}
