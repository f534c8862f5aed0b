//! The threads of a vault: starting them, and waiting in them for what is asynchronous.
//!
//! They are the system's, or with `--cfg toka_sim` simulated ones, as the locks in [`sync`](crate::sync).

use std::future::Future;
use std::path::Path;

use toka_vault_core::{Error, Result};

#[cfg(toka_sim)]
pub use shuttle::thread::JoinHandle;
#[cfg(toka_sim)]
use shuttle::{future, thread::Builder};
#[cfg(not(toka_sim))]
pub use std::thread::JoinHandle;
#[cfg(not(toka_sim))]
use {futures::executor as future, std::thread::Builder};

/// Starts a thread. Its name stays within the 15 bytes that Linux shows.
///
/// # Errors
///
/// [`Error::Io`] where the system starts no thread.
pub fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let started = Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|error| Error::io("start the thread", Path::new(name), error))
}

/// Waits for a future on a thread of a vault.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    future::block_on(future)
}
