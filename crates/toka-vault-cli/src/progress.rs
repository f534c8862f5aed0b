//! [`Progress`]: how far a long command has come, on stderr.
//!
//! Keeps the invariants that it draws on a terminal only, and never while stdout writes to the same
//! one; and that what else is printed on stderr, by whichever thread, does not stand in the middle of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Draws so many times a second at most.
const DRAWS_PER_SECOND: u8 = 8;

/// What is drawn now. There is one stderr, and one bar on it at a time.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Shows how far a command has come.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Shows a count of `total` events, or of an unknown number of them.
    pub(crate) fn new(what: &'static str, total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
        let template = match total {
            Some(_) => "{msg} {human_pos} of {human_len} [{bar:30}] {elapsed}",
            None => "{msg} {human_pos} {elapsed}",
        };
        // The templates are constants; where one were malformed, the default serves as well.
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        bar.set_message(what);
        *drawn() = Some(bar.clone());
        Self(bar)
    }

    /// Shows nothing.
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Has come so far.
    pub(crate) fn at(&self, count: u64) {
        self.0.set_position(count);
    }
}

impl Drop for Progress {
    /// Leaves nothing on the screen.
    fn drop(&mut self) {
        *drawn() = None;
        self.0.finish_and_clear();
    }
}

/// Takes away what is drawn, while something else is printed on stderr.
pub(crate) fn make_way(print: impl FnOnce()) {
    // Not under the lock: what is printed may take long, where nobody takes it.
    let bar = drawn().clone();
    match bar {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// Gives access to what is drawn.
fn drawn() -> MutexGuard<'static, Option<ProgressBar>> {
    DRAWN.lock().unwrap_or_else(PoisonError::into_inner)
}
