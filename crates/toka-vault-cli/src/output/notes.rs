//! [`Notes`]: what is said on stderr.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use super::Paint;
use super::text::visible;
use crate::progress;

/// How an error is announced.
const ERROR: Style = AnsiColor::Red.on_default().bold();

/// How a warning is announced.
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// How a note is announced.
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

/// Prints on stderr. That stderr fails can be said nowhere, and stops nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notes(pub(super) Paint);

impl Notes {
    /// Prints a note.
    pub(crate) fn note(self, text: &str) {
        self.announce("note:", NOTE, text);
    }

    /// Prints a warning.
    pub(crate) fn warning(self, text: &str) {
        self.announce("warning:", WARNING, text);
    }

    /// Prints what a command has done.
    pub(crate) fn summary(self, text: &str) {
        print(&visible(text));
    }

    /// Prints an error and what caused it.
    pub(crate) fn error(self, error: &anyhow::Error) {
        for (depth, cause) in error.chain().enumerate() {
            let label = if depth == 0 { "error:" } else { "caused by:" };
            self.announce(label, ERROR, &cause.to_string());
        }
    }

    /// Tells whether stderr is a terminal.
    pub(super) fn on_terminal(self) -> bool {
        io::stderr().is_terminal()
    }

    /// Prints a label and a text; further lines of the text are indented.
    fn announce(self, label: &str, style: Style, text: &str) {
        let label = self.0.show(style, label);
        let lines: Vec<_> = text.trim_end().lines().map(visible).collect();
        print(&format!("{label} {}", lines.join("\n    ")));
    }
}

/// Prints a line or more on stderr, with nothing of another thread in between.
fn print(text: &str) {
    progress::make_way(|| {
        let _ = writeln!(io::stderr(), "{text}");
    });
}
