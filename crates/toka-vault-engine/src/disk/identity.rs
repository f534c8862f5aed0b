//! [`Identity`]: which directory it is, wherever it is moved and whatever comes in its place.
//!
//! Keeps the invariant that two directories which are there at the same time never have the same.

use std::fs::{self, File};
use std::io::Result;
use std::path::Path;

/// Tells one directory from all others: its device and its number there. Elsewhere its path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity(#[cfg(unix)] (u64, u64), #[cfg(not(unix))] std::path::PathBuf);

#[cfg(unix)]
impl Identity {
    /// Returns the identity of the directory at a path.
    pub(super) fn at(path: &Path) -> Result<Self> {
        Ok(Self::of(&fs::metadata(path)?))
    }

    /// Tells whether an open directory is the one at a path.
    pub(super) fn is_at(opened: &File, path: &Path) -> Result<bool> {
        Ok(Self::of(&opened.metadata()?) == Self::at(path)?)
    }

    fn of(meta: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;

        Self((meta.dev(), meta.ino()))
    }
}

#[cfg(not(unix))]
impl Identity {
    /// Returns the identity of the directory at a path, which is that path.
    pub(super) fn at(path: &Path) -> Result<Self> {
        Ok(Self(path.to_path_buf()))
    }

    /// Tells whether an open directory is the one at a path: here none can be moved while files in it are open.
    pub(super) fn is_at(_opened: &File, _path: &Path) -> Result<bool> {
        Ok(true)
    }
}
