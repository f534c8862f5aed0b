//! [`told`]: an error as a field of a line in a log.
//!
//! Keeps the invariant that what caused an error is told with it: its text alone says what failed, not what the
//! system reported.

use std::error::Error;

/// Returns an error such that a subscriber of `tracing` gets at its causes. As `%error` it would be its text alone.
pub fn told<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    error
}
