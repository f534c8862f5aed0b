//! How errors are made, from what was offered and from what the operating system says.
//!
//! Keeps the invariant that an error repeats a bounded piece of a caller's text, in characters that a
//! terminal shows as they are.

use std::path::Path;
use std::sync::Arc;

use super::Error;
use crate::Position;

/// Longest piece of a caller's text that an error repeats, in characters.
const QUOTE_CHARS_MAX: usize = 64;

impl Error {
    /// Creates an [`Error::InvalidKind`], cutting a long text short.
    pub(crate) fn invalid_kind(kind: &str, reason: &'static str) -> Self {
        Self::InvalidKind { kind: quote(kind), reason }
    }

    /// Creates an [`Error::InvalidPattern`], cutting a long text short.
    pub(crate) fn invalid_pattern(pattern: &str, reason: &'static str) -> Self {
        Self::InvalidPattern { pattern: quote(pattern), reason }
    }

    /// Creates an [`Error::Malformed`], cutting a long text short.
    pub fn malformed(what: &'static str, text: &str, reason: &'static str) -> Self {
        Self::Malformed { what, text: quote(text), reason }
    }

    /// Creates an [`Error::InvalidUrl`], cutting a long text short.
    pub fn invalid_url(url: &str, reason: impl Into<String>) -> Self {
        Self::InvalidUrl { url: quote(url), reason: reason.into() }
    }

    /// Creates the error for a failed call of the operating system on `path`.
    pub fn io(operation: &'static str, path: &Path, source: std::io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            std::io::ErrorKind::PermissionDenied => Self::PermissionDenied { operation, path },
            _ => Self::Io { operation, path, source: Arc::new(source) },
        }
    }

    /// Turns the failure of a call that is undone in full into an [`Error::NoRoom`], where the disk, a
    /// quota or the bound on the size of a file caused it.
    #[must_use]
    pub fn or_no_room(self) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match self {
            Self::Io { path, source, .. }
                if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge) =>
            {
                Self::NoRoom { path, source }
            }
            other => other,
        }
    }

    /// Creates an [`Error::Corrupt`] for a single event.
    pub fn corrupt(position: Position, reason: impl Into<String>) -> Self {
        Self::Corrupt { first: position, last: position, reason: reason.into() }
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// Repeats the start of a caller's text, with control characters made visible.
fn quote(text: &str) -> String {
    let shown: String = text.chars().take(QUOTE_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() { shown + "…" } else { shown }
}
