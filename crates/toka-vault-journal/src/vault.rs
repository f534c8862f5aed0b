//! [`JournalVault`]: the public face of the crate.

use std::ops::Deref;
use std::path::Path;

use toka_vault_core::Result;
use toka_vault_engine::{EngineOptions, LocalVault, guarded, open_following, open_threaded};

use crate::open::{open, open_read_only};
use crate::options::JournalOptions;

/// Keeps events in a journal of segments, in a directory of its own. Clones are handles to the same
/// vault.
///
/// All methods of a vault come from [`LocalVault`], to which this dereferences. Commits that wait at
/// the same time share one write and one sync. One process at a time can have the vault open, once.
///
/// # Examples
///
/// ```no_run
/// # use toka_vault_journal as toka_vault;
/// use toka_vault::JournalVault;
///
/// # async fn example() -> Result<(), toka_vault_core::Error> {
/// let vault = JournalVault::open("./events.vault")?;
/// vault.commit_json("system.start", "up", &[]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct JournalVault(LocalVault);

impl JournalVault {
    /// Opens the vault in the directory `path`, or creates it, with the default options.
    ///
    /// Blocks while it opens: about the time to read one segment, and after a crash the events that were in no
    /// file of the index yet; where that is lost, the whole journal.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`](toka_vault_core::Error::Locked) where it is open already,
    /// [`Error::NotAVault`](toka_vault_core::Error::NotAVault) where the path is a file or holds
    /// something else, [`Error::NewerFormat`](toka_vault_core::Error::NewerFormat),
    /// [`Error::TailLost`](toka_vault_core::Error::TailLost) where acknowledged events are missing,
    /// [`Error::Damaged`](toka_vault_core::Error::Damaged) where a segment is missing or has no header, or the
    /// record of what was acknowledged is missing,
    /// [`Error::PermissionDenied`](toka_vault_core::Error::PermissionDenied) and
    /// [`Error::Io`](toka_vault_core::Error::Io).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, JournalOptions::default())
    }

    /// Opens the vault in the directory `path`, or creates it unless the options refuse that.
    ///
    /// # Examples
    ///
    /// A service that must find the vault that it had, and not a new one because a disk is not mounted:
    ///
    /// ```
    /// # mod toka_vault {
    /// #     pub use toka_vault_core::Error;
    /// #     pub use toka_vault_journal::*;
    /// # }
    /// use toka_vault::{Error, IfMissing, JournalOptions, JournalVault};
    ///
    /// let options = JournalOptions::new().with_if_missing(IfMissing::Refuse);
    /// let opened = JournalVault::open_with("/mnt/not-mounted/events", options);
    /// assert!(matches!(opened, Err(Error::NoVault { .. })));
    /// ```
    ///
    /// # Errors
    ///
    /// As [`JournalVault::open`], and [`Error::NoVault`](toka_vault_core::Error::NoVault) where there is none and
    /// none is to be created.
    pub fn open_with(path: impl AsRef<Path>, options: JournalOptions) -> Result<Self> {
        let (log, end, index) = guarded("open", || open(path.as_ref(), &options))?;
        let engine = EngineOptions { durability: options.durability, ..EngineOptions::default() };
        Ok(Self(open_threaded(log, end, index, &engine)?))
    }

    /// Opens the vault in the directory `path` to read only, also while another process writes it.
    ///
    /// - It takes no lock, changes nothing, and needs the permission to read alone. Any number of
    ///   processes may.
    /// - It shows an event once the files prove that it was durable, never before: as soon as the writer
    ///   has written the group after it, or a bit more than a second after it was acknowledged. So the
    ///   head is behind that of the writer, and nothing that it shows is taken back by a crash.
    /// - Subscriptions follow. They look at the files every 20 ms, and go on when the writer was killed
    ///   and comes back.
    /// - A commit is [`Error::ReadOnly`](toka_vault_core::Error::ReadOnly).
    /// - Events are found by their ids, and by what a filter or a walk asks for, with the files of the
    ///   writer's index, which it looks for anew as it goes on. They lag behind by some ten thousands of
    ///   events, which are read once and then remembered: up to 40 MiB, and up to 90 MiB where the writer has
    ///   no such files and callers brought ids that do not grow. What is neither remembered nor in a file is
    ///   searched for each time.
    ///
    /// Where a loss of the vault's tail is accepted by its writer, open it anew.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod toka_vault {
    /// #     pub use toka_vault_core::*;
    /// #     pub use toka_vault_journal::*;
    /// # }
    /// use toka_vault::{Error, JournalOptions, JournalVault, StartFrom};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("events");
    /// # let options = JournalOptions::new().with_segment_bytes(64 << 10);
    /// let writer = JournalVault::open_with(&path, options)?;
    /// // In most programs, in another process.
    /// let reader = JournalVault::open_read_only(&path)?;
    /// let mut events = reader.subscribe_from(StartFrom::Beginning);
    /// let started = writer.commit_json("system.start", "up", &[]).await?;
    /// # writer.close().await?;
    /// assert_eq!(events.recv().await?.map(|event| event.header), Some(started));
    /// assert!(matches!(reader.commit_json("system.stop", "down", &[]).await, Err(Error::ReadOnly)));
    /// # Ok(())
    /// # }
    /// # futures::executor::block_on(example()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoVault`](toka_vault_core::Error::NoVault) where there is none yet,
    /// [`Error::NotAVault`](toka_vault_core::Error::NotAVault) where there is something else,
    /// [`Error::NewerFormat`](toka_vault_core::Error::NewerFormat),
    /// [`Error::TailLost`](toka_vault_core::Error::TailLost) where acknowledged events are missing,
    /// [`Error::Damaged`](toka_vault_core::Error::Damaged) where a segment is missing or has no header, or the
    /// record of what was acknowledged is missing,
    /// [`Error::PermissionDenied`](toka_vault_core::Error::PermissionDenied) and
    /// [`Error::Io`](toka_vault_core::Error::Io).
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self> {
        let (log, end, index) = guarded("open", || open_read_only(path.as_ref()))?;
        Ok(Self(open_following(log, end, index, &EngineOptions::default())?))
    }
}

impl Deref for JournalVault {
    type Target = LocalVault;

    fn deref(&self) -> &LocalVault {
        &self.0
    }
}
