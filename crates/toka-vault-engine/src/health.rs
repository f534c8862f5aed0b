//! [`Health`]: whether a vault takes commits.
//!
//! Keeps the invariant that after a failed append or sync nothing is appended any more: what the
//! log holds then is known only after it was opened again, and a sync that failed once can succeed
//! the next time without having written anything.
//!
//! Invariant 7 of `docs/architecture.md`, which names the tests that show it.

use std::sync::{Arc, OnceLock};

use toka_vault_core::{Error, Result};

/// Remembers the first failure of a vault's storage.
#[derive(Debug, Default)]
pub(crate) struct Health {
    failure: OnceLock<Arc<Error>>,
}

impl Health {
    /// Notes a failure. The first one counts.
    pub(crate) fn poison(&self, failure: Error) -> Arc<Error> {
        self.failure.get_or_init(|| Arc::new(failure)).clone()
    }

    /// Returns the failure, if there was one.
    pub(crate) fn failure(&self) -> Option<Arc<Error>> {
        self.failure.get().cloned()
    }

    /// Refuses to go on after a failure.
    pub(crate) fn check(&self) -> Result<()> {
        match self.failure.get() {
            None => Ok(()),
            Some(failure) => Err(Error::Poisoned { source: failure.clone() }),
        }
    }
}
