//! [`Finding`]: something to put right, and where.

use std::fmt;

use crate::tidy::files::File;

/// Something to put right; ordered by where it is.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    text: String,
}

impl Finding {
    /// Creates a finding in a file that was read; `text` says what is wrong and what to do.
    pub(crate) fn new(file: &File, line: usize, text: impl Into<String>) -> Self {
        Self::at(&file.path, line, text)
    }

    /// Creates a finding at a path; lines count from one.
    pub(crate) fn at(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.text)
    }
}
