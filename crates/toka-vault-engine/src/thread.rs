//! The threads of a vault: starting them, and waiting in them for what is asynchronous.
//!
//! They are the system's, or with `--cfg toka_sim` simulated ones, as the locks in [`sync`](crate::sync).

use std::cell::Cell;
use std::future::Future;
use std::path::Path;

use toka_vault_core::{Error, Result};

#[cfg(toka_sim)]
pub use shuttle::thread::JoinHandle;
#[cfg(toka_sim)]
use shuttle::{future, thread::Builder, thread_local};
#[cfg(not(toka_sim))]
pub use std::thread::JoinHandle;
#[cfg(not(toka_sim))]
use {futures::executor as future, std::thread::Builder};

thread_local! {
    /// Whether the thread is one of a vault.
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
}

/// Starts a thread. Its name stays within the 15 bytes that Linux shows.
///
/// # Errors
///
/// [`Error::Io`] where the system starts no thread.
pub fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let started = Builder::new().name(name.to_owned()).spawn(move || {
        IS_OURS.with(|ours| ours.set(true));
        run();
    });
    started.map_err(|error| Error::io("start the thread", Path::new(name), error))
}

/// Tells whether this is a thread of a vault, which must not wait for the end of one: that could be its own.
pub(crate) fn is_ours() -> bool {
    IS_OURS.with(Cell::get)
}

/// Waits for a future on a thread of a vault.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    future::block_on(future)
}
