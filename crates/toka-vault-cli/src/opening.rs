//! [`Opening`]: from the URL on the command line to an open vault.
//!
//! Keeps the invariants that a command which only reads never creates a vault, and that one which
//! reads a journal keeps no other process from it meanwhile.

mod loss;
mod opened;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use toka_vault::{Error, IfMissing, JournalOptions, JournalVault, SledOptions, SledVault, TailLoss, Vault};

use crate::failure::{Failure, Result};
use crate::output::Notes;
pub(crate) use opened::{Opened, Why};

/// How long a command that writes waits for a vault that is open elsewhere.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// How long it waits without saying so.
const WAIT_SILENT: Duration = Duration::from_millis(200);

/// How long it waits between two looks.
const WAIT_STEP: Duration = Duration::from_millis(10);

/// Names the vault to open.
pub(crate) struct Opening {
    /// As the system has it: a path need not be UTF-8.
    url: OsString,
    /// Where it is told what is missing at the end, if that is accepted.
    loss_told: Option<Notes>,
}

/// Keeps a vault on disk.
#[derive(Clone, Copy)]
enum BackEnd {
    Journal,
    JournalReadOnly,
    Sled,
}

impl Opening {
    /// Checks what was given on the command line or in the environment.
    pub(crate) fn new(url: Option<OsString>) -> Result<Self> {
        let Some(url) = url.filter(|url| !url.is_empty()) else {
            return Err(Failure::usage(
                "no vault was given; name one by `--vault journal:PATH` or `--vault sled:PATH`, or in the environment variable TOKA_VAULT",
            ));
        };
        let opening = Self { url, loss_told: None };
        match opening.path() {
            None if !opening.url.as_encoded_bytes().contains(&b':') => Err(Failure::usage(format_args!(
                "`{0}` does not say which kind of vault it is; write `journal:{0}` or `sled:{0}` for a durable vault in that folder",
                opening.url.display()
            ))),
            Some(path) if has_two_slashes(&path) => Err(Failure::usage(format_args!(
                "in `{}` the path itself follows the colon, so that `//` would begin at the root; write `/` in its place for that, or `./` for the working directory",
                opening.url.display()
            ))),
            Some(path) if path.starts_with("~") => Err(Failure::usage(format_args!(
                "the shell does not expand the `~` in `{}`; write $HOME in its place, or `./~` for a folder of that name",
                opening.url.display()
            ))),
            _ => Ok(opening.rooted()),
        }
    }

    /// Names the folder of a vault on disk from the root on. The library names the files so that it has open,
    /// and a file should not have one name in an error and another in the next.
    fn rooted(mut self) -> Self {
        let whole = self.path().and_then(|path| std::path::absolute(path).ok());
        if let (Some((scheme, _)), Some(whole)) = (split(&self.url), whole) {
            let mut url = OsString::from(format!("{scheme}:"));
            url.push(whole);
            self.url = url;
        }
        self
    }

    /// Accepts a vault that lost acknowledged events at its end, and tells what it lost.
    pub(crate) fn with_tail_loss_accepted(mut self, notes: Notes) -> Result<Self> {
        // To go on behind the loss, it is written to.
        self.check_writable()?;
        self.loss_told = Some(notes);
        Ok(self)
    }

    /// Checks that the URL leaves it to write to the vault.
    pub(crate) fn check_writable(&self) -> Result<()> {
        match self.on_disk() {
            Some((BackEnd::JournalReadOnly, path)) => Err(Failure::usage(format_args!(
                "`{}` is a vault to read only; to write to it, name it as `journal:{}`",
                self.url.display(),
                path.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Opens the vault, or creates it and says so: the path may not be the one that was meant. One that is open
    /// elsewhere is waited for, not for long: most commands have a vault open for a moment.
    pub(crate) fn open_or_create(&self, notes: Notes) -> Result<Vault> {
        let new = self.vacant();
        let vault = self.open_waiting(notes)?;
        if let Some(path) = new {
            notes.note(&format!("created a new vault at {}", path.display()));
        }
        Ok(vault)
    }

    /// Opens the vault, once it is open nowhere else.
    fn open_waiting(&self, notes: Notes) -> Result<Vault> {
        let started = Instant::now();
        let mut told = false;
        loop {
            match self.open(IfMissing::Create) {
                Err(Error::Locked { .. }) if started.elapsed() < WAIT_MAX => {}
                opened => return opened.map_err(not_opened),
            }
            if !told && started.elapsed() > WAIT_SILENT {
                notes.note("the vault is open elsewhere; waiting for it");
                told = true;
            }
            std::thread::sleep(WAIT_STEP);
        }
    }

    /// Opens the vault in the usual way, to read from it; there must be one.
    ///
    /// A journal that this process may not write, since another one has it open or since the user lacks
    /// the permission, is opened to read only.
    pub(crate) fn open_existing(&self) -> Result<Opened> {
        let opened = match (self.open(IfMissing::Refuse), self.on_disk()) {
            // A loss cannot be accepted by who may not write.
            (Err(refusal), Some((BackEnd::Journal, path))) if self.loss_told.is_none() => {
                Opened::despite(refusal, path)
            }
            (opened, _) => opened.map(Opened::as_told),
        };
        opened.map_err(not_opened)
    }

    /// Opens the vault to read it; there must be one.
    ///
    /// A journal is read read only, so that whoever takes what is read slowly, such as a pager, keeps
    /// nobody from it. First it is opened in the usual way and closed again: this brings back what was
    /// acknowledged before a writer was killed, which a reader cannot know to be durable.
    pub(crate) fn open_to_read(&self) -> Result<Opened> {
        let opened = self.open_existing()?;
        let (Some((BackEnd::Journal, path)), None) = (self.on_disk(), opened.why) else { return Ok(opened) };
        block_on(opened.vault.close())?;
        // With its last handle goes the lock.
        drop(opened);
        let vault = JournalVault::open_read_only(path).map_err(not_opened)?;
        Ok(Opened::as_told(Vault::Journal(vault)))
    }

    /// Opens the vault to follow it, as [`Self::open_to_read`] does.
    pub(crate) fn open_to_follow(&self) -> Result<Opened> {
        let opened = self.open_to_read()?;
        Ok(match opened.why {
            // Somebody else writes it: that is what following is for.
            Some(Why::OpenElsewhere) => Opened::as_told(opened.vault),
            _ => opened,
        })
    }

    /// Tells whether nothing is at the path of a vault on disk, so that opening it creates one.
    pub(crate) fn would_create(&self) -> bool {
        self.vacant().is_some()
    }

    /// Returns the folder of a vault on disk where nothing is there, so that opening it creates one.
    fn vacant(&self) -> Option<PathBuf> {
        self.path().filter(|path| is_vacant(path))
    }

    /// Returns the folder of a vault on disk.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.on_disk().map(|(_, path)| path.to_owned())
    }

    /// Opens the vault as the URL says. A loss is accepted only once it is known, so that it can be told.
    fn open(&self, if_missing: IfMissing) -> Result<Vault, Error> {
        match (self.open_with(if_missing, TailLoss::Refuse), self.loss_told) {
            (Err(refusal), Some(notes)) if loss::may_be(&refusal) => {
                let vault = self.open_with(IfMissing::Refuse, TailLoss::Accept)?;
                notes.note(&loss::accepted(&refusal));
                Ok(vault)
            }
            (opened, _) => opened,
        }
    }

    /// Opens the vault as the URL says.
    fn open_with(&self, if_missing: IfMissing, tail_loss: TailLoss) -> Result<Vault, Error> {
        match self.on_disk() {
            Some((BackEnd::Journal, path)) => {
                let options = JournalOptions::new().with_if_missing(if_missing).with_tail_loss(tail_loss);
                JournalVault::open_with(path, options).map(Vault::Journal)
            }
            Some((BackEnd::Sled, path)) => {
                let options = SledOptions::new().with_if_missing(if_missing).with_tail_loss(tail_loss);
                SledVault::open_with(path, options).map(Vault::Sled)
            }
            Some((BackEnd::JournalReadOnly, path)) => JournalVault::open_read_only(path).map(Vault::Journal),
            None => Vault::open(self.url.to_str().ok_or_else(|| self.not_utf8())?),
        }
    }

    /// Says that a URL is more than text, where only the path of a vault on disk may be.
    fn not_utf8(&self) -> Error {
        let reason = "it is not UTF-8; only PATH in `journal:PATH`, `journal-read-only:PATH` and `sled:PATH` may be other bytes, where the system allows it";
        Error::invalid_url(&self.url.to_string_lossy(), reason)
    }

    /// Returns which back-end keeps the vault on disk, and where.
    fn on_disk(&self) -> Option<(BackEnd, &Path)> {
        let (scheme, path) = split(&self.url).filter(|(_, path)| !path.is_empty())?;
        let back_end = match scheme {
            "journal" => BackEnd::Journal,
            "journal-read-only" => BackEnd::JournalReadOnly,
            "sled" => BackEnd::Sled,
            _ => return None,
        };
        Some((back_end, Path::new(path)))
    }
}

/// Splits a URL at its first colon.
#[cfg(unix)]
fn split(url: &OsStr) -> Option<(&str, &OsStr)> {
    use std::os::unix::ffi::OsStrExt;

    let bytes = url.as_bytes();
    let (scheme, rest) = bytes.split_at_checked(bytes.iter().position(|byte| *byte == b':')?)?;
    Some((str::from_utf8(scheme).ok()?, OsStr::from_bytes(rest.get(1..)?)))
}

/// Splits a URL at its first colon, where it is UTF-8: the bytes of others are not told here.
#[cfg(not(unix))]
fn split(url: &OsStr) -> Option<(&str, &OsStr)> {
    url.to_str()?.split_once(':').map(|(scheme, path)| (scheme, OsStr::new(path)))
}

/// Sorts what is said of a vault that does not open by its exit code.
fn not_opened(error: Error) -> Failure {
    match error {
        Error::InvalidUrl { .. } | Error::ZeroCapacity => Failure::Usage(error.into()),
        Error::NoVault { path } => Failure::NotOpened(anyhow::anyhow!(
            "there is no vault at {}; create one with `import` or `commit`",
            path.display()
        )),
        // The library's own words are for who has a handle.
        Error::Locked { path, holder } => Failure::NotOpened(anyhow::anyhow!(
            "the vault at {} is open in {holder}; one process at a time can open it: end that one first",
            path.display()
        )),
        _ => Failure::NotOpened(error.into()),
    }
}

/// Tells whether a path begins as a URL does that has a host, with two slashes and no third.
fn has_two_slashes(path: &Path) -> bool {
    let path = path.as_os_str().as_encoded_bytes();
    path.starts_with(b"//") && !path.starts_with(b"///")
}

/// Tells whether nothing is at `path`, or an empty folder, where opening would create a vault.
fn is_vacant(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said about a URL that is refused.
    fn complaint(url: Option<&str>) -> String {
        let refused = Opening::new(url.map(OsString::from)).and_then(|opening| opening.open_existing());
        let failure = refused.unwrap_err();
        assert_eq!(failure.code(), 2, "{url:?}");
        failure.error().unwrap().to_string()
    }

    #[test]
    fn a_url_that_names_no_vault_is_refused_with_what_to_write() {
        assert!(complaint(None).contains("--vault sled:PATH"));
        assert!(complaint(Some("")).contains("TOKA_VAULT"));
        assert!(complaint(Some("events.db")).contains("journal:events.db"));
        for scheme in ["journal", "journal-read-only", "sled"] {
            assert!(complaint(Some(&format!("{scheme}:~/events.db"))).contains("$HOME"));
            assert!(complaint(Some(&format!("{scheme}://events.db"))).contains("begin at the root"));
            assert!(complaint(Some(&format!("{scheme}:"))).contains("path is missing"));
        }
        assert!(complaint(Some("redis://x")).contains("no back-end"));
        assert!(complaint(Some("memory:0")).contains("capacity"));
    }

    #[test]
    fn a_folder_is_named_from_the_root_on_and_otherwise_as_it_was_given() {
        let url = |url: &str| Opening::new(Some(url.into())).unwrap().url;
        let here = std::env::current_dir().unwrap();
        for scheme in ["journal", "journal-read-only", "sled"] {
            let mut expected = OsString::from(format!("{scheme}:"));
            expected.push(here.join("a b:c"));
            assert_eq!(url(&format!("{scheme}:./a b:c")), expected);
        }
        assert_eq!(url("memory:7"), "memory:7");
    }

    #[test]
    fn reading_does_not_create_a_vault() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("none"), folder.path().to_owned()] {
            for scheme in ["journal", "journal-read-only", "sled"] {
                let opening = Opening::new(Some(format!("{scheme}:{}", path.display()).into())).unwrap();
                assert_eq!(opening.open_existing().unwrap_err().code(), 5);
                assert_eq!(opening.open_to_follow().unwrap_err().code(), 5);
            }
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
