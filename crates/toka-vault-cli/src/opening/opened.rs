//! [`Opened`]: a vault that is open to be read, and what its reader has to know.
//!
//! Keeps the invariant that a vault which is read in another way than the usual one knows why, so that its
//! reader is told where that is not what was asked for.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use toka_vault::{Error, JournalVault, Vault};

/// Is a vault that is open to be read.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) vault: Vault,
    /// Why it is open to read only, where that was not asked for.
    pub(crate) why: Option<Why>,
}

/// Says why a journal cannot be opened in the usual way, though it may be open to read only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Another process has it open.
    OpenElsewhere,
    /// The user may not write to it.
    NotPermitted,
    /// Nobody may write to where it is.
    ReadOnlyFileSystem,
}

impl Opened {
    /// Takes a vault that is open as its URL says.
    pub(super) fn as_told(vault: Vault) -> Self {
        Self { vault, why: None }
    }

    /// Opens a journal to read only, where opening it in the usual way was refused for a reason that
    /// leaves this.
    ///
    /// # Errors
    ///
    /// The refusal, or the one that this meets, whichever tells more.
    pub(super) fn despite(refusal: Error, path: &Path) -> Result<Self, Error> {
        let Some(why) = Why::of(&refusal) else { return Err(refusal) };
        match JournalVault::open_read_only(path) {
            Ok(vault) => Ok(Self { vault: Vault::Journal(vault), why: Some(why) }),
            // Whoever has it open is creating it.
            Err(Error::NoVault { .. }) if why == Why::OpenElsewhere => Err(refusal),
            Err(error) => Err(error),
        }
    }
}

impl Why {
    /// Returns the reason that a refusal gives; `None` where reading is not to be had either.
    fn of(refusal: &Error) -> Option<Self> {
        match refusal {
            Error::Locked { .. } => Some(Self::OpenElsewhere),
            Error::PermissionDenied { .. } => Some(Self::NotPermitted),
            Error::Io { source, .. } if source.kind() == ErrorKind::ReadOnlyFilesystem => {
                Some(Self::ReadOnlyFileSystem)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Why {
    /// Says what is read, and how.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::OpenElsewhere => "the vault is open in another process",
            Self::NotPermitted => "this user may not write to the vault",
            Self::ReadOnlyFileSystem => "the vault is on a file system that is read only",
        };
        write!(f, "{why}; about the last second can be missing here")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use toka_vault::Position;

    /// What opening a journal in the usual way can meet.
    fn refusals(path: &Path) -> [(Error, Option<Why>); 6] {
        let io = |kind: ErrorKind| Error::io("open", path, kind.into());
        let lost =
            Error::TailLost { path: path.into(), acknowledged: Position::FIRST, found: Position::ZERO };
        [
            (Error::Locked { path: path.into(), holder: "another process" }, Some(Why::OpenElsewhere)),
            (io(ErrorKind::PermissionDenied), Some(Why::NotPermitted)),
            (io(ErrorKind::ReadOnlyFilesystem), Some(Why::ReadOnlyFileSystem)),
            (io(ErrorKind::StorageFull), None),
            (lost, None),
            (Error::NotAVault { path: path.into(), reason: "it is a file".into() }, None),
        ]
    }

    #[test]
    fn a_journal_that_may_not_be_written_is_read_and_one_that_is_unsound_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        block_on(JournalVault::open(&path).unwrap().close()).unwrap();
        for (refusal, why) in refusals(&path) {
            let said = refusal.to_string();
            match Opened::despite(refusal, &path) {
                Ok(opened) => assert_eq!(opened.why, why, "{said}"),
                Err(error) => assert_eq!((error.to_string(), None), (said, why)),
            }
        }
    }

    #[test]
    fn where_reading_fails_too_what_tells_more_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let none = folder.path().join("none");
        let [(locked, _), (denied, _), ..] = refusals(&none);
        let told = |refusal| Opened::despite(refusal, &none).unwrap_err();
        assert!(matches!(told(locked), Error::Locked { .. }));
        assert!(matches!(told(denied), Error::NoVault { .. }));
        assert!(!none.exists());
    }
}
