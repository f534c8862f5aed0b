//! [`VaultWatch`]: notices that a vault which is followed is gone, or that another one is in its place.
//!
//! Whoever follows a journal has its files open, and reads them as before where their names are gone. No event
//! would come any more, and nothing would tell.

use std::fs;
use std::future::{Future, pending};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, SystemTime};

use futures::channel::oneshot;

use crate::failure::Failure;

/// How long between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Is the file that says that a folder is a vault: it is written when the vault is created, and never again.
const FORMAT: &str = "format";

/// Remembers which vault is in a folder.
pub(crate) struct VaultWatch {
    folder: PathBuf,
    /// `None` where none was there.
    first: Option<Mark>,
}

/// Tells one vault from another that takes its place: a new one can get the same number of its file, and a copy
/// the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    #[cfg(unix)]
    file: (u64, u64),
    written: Option<SystemTime>,
}

/// Tells what became of a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    Gone,
    Replaced,
}

impl VaultWatch {
    /// Remembers the vault that is in a folder now.
    pub(crate) fn new(folder: PathBuf) -> Self {
        let first = look(&folder).ok();
        Self { folder, first }
    }

    /// Completes when that vault is no longer there; never does where that cannot be known.
    pub(crate) fn lost(self) -> impl Future<Output = Failure> {
        let (tell, told) = oneshot::channel();
        // Dropped with the future, which ends the thread.
        let (alive, ended) = mpsc::channel::<()>();
        let folder = self.folder.clone();
        let spawned = std::thread::Builder::new().name("vault-watch".into()).spawn(move || {
            while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                if let Some(lost) = self.changed() {
                    // Nobody is told where the command has ended meanwhile.
                    let _ = tell.send(lost);
                    return;
                }
            }
        });
        async move {
            let _alive = alive;
            match (spawned, told.await) {
                (Ok(_), Ok(lost)) => lost.failure(&folder),
                _ => pending().await,
            }
        }
    }

    /// Looks whether the vault is still there. What keeps a look from being taken may pass.
    fn changed(&self) -> Option<Lost> {
        let first = self.first?;
        match look(&self.folder) {
            Ok(now) => (now != first).then_some(Lost::Replaced),
            Err(error) => {
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory).then_some(Lost::Gone)
            }
        }
    }
}

impl Lost {
    fn failure(self, folder: &Path) -> Failure {
        let folder = folder.display();
        Failure::NotOpened(match self {
            Self::Gone => anyhow::anyhow!("the vault at {folder} is gone, so that no event can follow"),
            Self::Replaced => anyhow::anyhow!(
                "another vault is at {folder} now, and no event can follow of the one that was there; \
                 start again to follow the new one"
            ),
        })
    }
}

/// Looks which vault is in a folder.
fn look(folder: &Path) -> std::io::Result<Mark> {
    let found = fs::metadata(folder.join(FORMAT))?;
    Ok(Mark {
        #[cfg(unix)]
        file: (std::os::unix::fs::MetadataExt::dev(&found), std::os::unix::fs::MetadataExt::ino(&found)),
        written: found.modified().ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes what tells a vault in a folder.
    fn create(folder: &Path) {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join(FORMAT), "").unwrap();
    }

    #[test]
    fn a_vault_that_stays_is_told_from_one_that_is_gone_or_replaced() {
        let temporary = tempfile::tempdir().unwrap();
        let (folder, away) = (temporary.path().join("vault"), temporary.path().join("away"));
        create(&folder);
        let watch = VaultWatch::new(folder.clone());
        assert_eq!(watch.changed(), None);
        fs::rename(&folder, &away).unwrap();
        assert_eq!(watch.changed(), Some(Lost::Gone));
        create(&folder);
        assert_eq!(watch.changed(), Some(Lost::Replaced));
        fs::remove_dir_all(&folder).unwrap();
        fs::write(&folder, "a file").unwrap();
        assert_eq!(watch.changed(), Some(Lost::Gone));
        fs::remove_file(&folder).unwrap();
        fs::rename(&away, &folder).unwrap();
        assert_eq!(watch.changed(), None);
    }

    #[test]
    fn what_was_never_there_is_not_missed() {
        let temporary = tempfile::tempdir().unwrap();
        assert_eq!(VaultWatch::new(temporary.path().join("none")).changed(), None);
    }
}
