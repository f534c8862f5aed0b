//! [`Printed`]: keeps what a command prints, for tests.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use crate::args::Format;
use crate::output::Output;

/// Keeps what is printed. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Printed(Arc<Mutex<Vec<u8>>>);

impl Printed {
    /// Runs a command; returns what it returned and what it printed.
    pub(super) fn by<T>(format: Format, command: impl FnOnce(&mut Output) -> T) -> (T, Vec<u8>) {
        let printed = Self::default();
        let mut output = Output::captured(format, printed.clone());
        let outcome = command(&mut output);
        // With it goes what is buffered.
        drop(output);
        let bytes = std::mem::take(&mut *printed.0.lock().unwrap());
        (outcome, bytes)
    }
}

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
