//! Starts the threads of a vault.

use std::path::Path;
use std::thread::{Builder, JoinHandle};

use toka_vault_core::{Error, Result};

/// Starts a thread. Its name stays within the 15 bytes that Linux shows.
pub(crate) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let started = Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|error| Error::io("start the thread", Path::new(name), error))
}
