//! [`guarded`]: calls storage so that a panic in it stays there.
//!
//! Keeps the invariant that whatever a storage engine does, the vault answers its callers: a panic
//! becomes an error, and the vault is poisoned by it like by any other.
//!
//! Invariant 8 of `docs/architecture.md`, which names the tests that show it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use toka_vault_core::{Error, Result};

/// Runs `call` and turns a panic into an error that names `operation`.
///
/// # Errors
///
/// Those of `call`, and [`Error::Storage`] where it panicked.
pub fn guarded<T>(operation: &'static str, call: impl FnOnce() -> Result<T>) -> Result<T> {
    // The engine shares with `call` only what it does not use again after a failure.
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let reason = format!("it panicked: {}", text.unwrap_or_else(|| "without a message".into()));
        Err(Error::Storage { operation, reason })
    })
}
