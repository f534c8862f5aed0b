//! [`Refusal`]: why a commit was not sealed, and what can be done about it.

use toka_vault_core::{Error, Result};

use crate::lookup::Unread;

/// Tells why a commit was not sealed.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It cannot be.
    Failed(Error),
    /// An event that was sealed before stands against it. That one may not be durable yet.
    Opposed(Error),
    /// This has to be looked up first.
    Unread(Unread),
}

impl Refusal {
    /// Returns what has to be looked up before the commit comes again.
    ///
    /// # Errors
    ///
    /// What the commit is refused for, where it is refused for good.
    pub(crate) fn unread(self) -> Result<Unread> {
        match self {
            Self::Unread(unread) => Ok(unread),
            Self::Failed(error) | Self::Opposed(error) => Err(error),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
